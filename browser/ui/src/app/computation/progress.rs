//! While answers are taken, and while they are added up.

use crate::{
    app::{browser, ring::Ring, state::page},
    testids, words,
};
use leptos::prelude::*;
use node::{TaskState, TaskView};

/// Answers so far, the time left, and what became of this node's shares.
#[component]
pub(super) fn Progress(task: Signal<Option<TaskView>>) -> impl IntoView {
    let page = page();
    let answers = Memo::new(move |_| task.get().and_then(|task| task.reports).unwrap_or(0));
    let needed = Memo::new(move |_| task.get().map_or(1, |task| task.proposal.participants_min));
    let deadline = Memo::new(move |_| task.get().map(|task| task.deadline).unwrap_or_default());
    let answered = Memo::new(move |_| task.get().is_some_and(|task| task.state == TaskState::Answered));
    let left = move || words::span(deadline.get().since_ms(page.now.get()));
    let enough = move || match (answers.get(), needed.get()) {
        (answers, needed) if answers >= needed => "Enough for a result".to_owned(),
        (answers, needed) => format!("{} more needed for a result", needed - answers),
    };
    // Each answer would be too much to hear.
    let reached = Memo::new(move |_| answers.get() >= needed.get());
    Effect::new(move |before: Option<bool>| {
        let reached = reached.get();
        if reached && before == Some(false) {
            page.say("There are enough answers for a result.");
        }
        reached
    });
    view! {
        <section class="card progress-card">
            <h2>"Progress"</h2>
            <div class="measures">
                <div
                    data-testid=testids::ANSWERS
                    data-answers=move || answers.get().to_string()
                    data-needed=move || needed.get().to_string()
                >
                    <p class="measure numerals">
                        {move || words::grouped(&answers.get().to_string())}
                        <span class="soft">" (" {move || words::grouped(&needed.get().to_string())} " needed)"</span>
                    </p>
                    <p class="soft">"Answers · " {enough}</p>
                </div>
                <div role="timer" data-testid=testids::COUNTDOWN>
                    <p class="measure numerals">{left}</p>
                    <p class="soft">"Left · closes at " {move || browser::local_time(deadline.get())}</p>
                </div>
            </div>
            <progress
                aria-label="Answers of those needed"
                max=move || needed.get().to_string()
                prop:value=move || f64::from(answers.get().min(needed.get()))
            ></progress>
            <Show when=move || answered.get()>
                <Shares task />
            </Show>
        </section>
    }
}

/// How many heavy nodes hold this node's share.
#[component]
fn Shares(task: Signal<Option<TaskView>>) -> impl IntoView {
    let held = Memo::new(move |_| task.get().map_or(0, |task| task.acknowledged));
    let refused = Memo::new(move |_| task.get().and_then(|task| task.report_refusal));
    let text = move || match held.get() {
        3 => "All three heavy nodes have your share safely stored.".to_owned(),
        held => {
            format!("{held} of 3 heavy nodes have your share safely stored. Your node keeps trying the rest.")
        }
    };
    view! {
        <div class="shares" data-testid=testids::SHARES data-held=move || held.get().to_string()>
            <Ring filled=held class="ring medium" />
            <p>
                {text}
                {move || refused.get().map(|why| view! {
                    <span class="error">" " {words::sentence(&why.to_string())}</span>
                })}
            </p>
        </div>
    }
}

/// Between the deadline and the end.
#[component]
pub(super) fn Closing(task: Signal<Option<TaskView>>) -> impl IntoView {
    let page = page();
    let task = Memo::new(move |_| task.get());
    let answers = move || task.get().and_then(|task| task.reports).unwrap_or(0);
    let rest = move || {
        let end = task.get().map(|task| task.proposal.end()).unwrap_or_default();
        words::span(end.since_ms(page.now.get()))
    };
    view! {
        <section class="card">
            <h2>"Adding up"</h2>
            <p>
                "The deadline has passed with " {move || words::count(answers().into(), "answer")}
                ". The three heavy nodes now agree on which answers all of them hold, and add up exactly these."
            </p>
            <progress aria-label="Adding up"></progress>
            <p class="soft">"In at most " <span class="numerals">{rest}</span> " there is a result, or a reason why not."</p>
        </section>
    }
}

/// After the time in which an end should have come.
#[component]
pub(super) fn Silent() -> impl IntoView {
    view! {
        <section class="card">
            <h2>"No word yet"</h2>
            <p>
                "The deadline has passed, and no heavy node has told this node how it ended. That happens while this node is offline. It asks again when it is connected."
            </p>
        </section>
    }
}
