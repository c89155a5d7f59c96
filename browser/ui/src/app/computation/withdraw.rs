//! Taking an answer back, while that is possible.

use crate::{
    app::{
        dialog::Confirm,
        state::{Doing, page},
    },
    testids, words,
};
use leptos::prelude::*;
use node::{Command, TaskState, TaskView};

/// Offers it.
#[component]
pub(super) fn Withdraw(task: Signal<Option<TaskView>>) -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let why = Memo::new(move |_| task.get().and_then(|task| task.why));
    let withdraw = move || {
        if let Some(task) = task.get_untracked() {
            doing.run(page, Command::Withdraw { id: task.id }, |_| ());
        }
    };
    view! {
        <section class="card taking-back">
            <p>
                {move || why.get().map(|why| words::sentence(&why) + " ")}
                "Until it closes you can take your answer back."
            </p>
            <Confirm
                label="Take it back"
                title="Take your answer back?"
                text="The heavy nodes delete your shares, and no result counts your answer. You cannot answer this question again."
                go="Take it back"
                testids=(testids::WITHDRAW, testids::WITHDRAW_CONFIRM)
                on_go=withdraw
            />
            <p class="error" role="alert" data-testid=testids::ANSWER_ERROR>
                {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
            </p>
        </section>
    }
}

/// How far an answer is taken back.
#[component]
pub(super) fn Withdrawn(task: Signal<Option<TaskView>>) -> impl IntoView {
    let progress = Memo::new(move |_| {
        let task = task.get()?;
        let withdrawal = task.withdrawal?;
        Some((withdrawal.deleted, withdrawal.needed, task.state == TaskState::Withdrawn))
    });
    let deleted = move || progress.get().map_or(0, |(deleted, ..)| deleted);
    let needed = move || progress.get().map_or(0, |(_, needed, _)| needed);
    let text = move || match progress.get() {
        Some((3, _, true)) => "Taken back. All three heavy nodes have deleted your shares.".to_owned(),
        Some((deleted, _, true)) => format!(
            "Taken back: {deleted} of 3 heavy nodes have deleted your share, which keeps your answer out of the result. Your node tells the rest as well."
        ),
        Some((deleted, needed, false)) => {
            format!(
                "Being taken back: {deleted} of the {needed} heavy nodes that are needed have deleted your share."
            )
        }
        None => "Being taken back.".into(),
    };
    view! {
        <section class="card" data-testid=testids::WITHDRAWAL
            data-deleted=move || deleted().to_string() data-needed=move || needed().to_string()>
            <h2>"You took your answer back"</h2>
            <p aria-live="polite">{text}</p>
        </section>
    }
}
