//! What no rule answers: each question with what exactly would leave the device.

use crate::{
    app::{computation::Answer, computations::asking, state::page},
    route::Route,
    testids, words,
};
use codec::ContentId;
use leptos::prelude::*;

/// The questions that wait.
#[component]
pub(super) fn Queue() -> impl IntoView {
    let page = page();
    let asks = asking(page);
    view! {
        <section class="group" data-testid=testids::QUEUE>
            <h2>"Waiting for you" " " <span class="soft numerals">{move || asks.get().len()}</span></h2>
            <Show
                when=move || !asks.get().is_empty()
                fallback=|| view! { <p class="empty">"Nothing. When somebody asks about data that you keep, it appears here."</p> }
            >
                <For each=move || asks.get() key=|id| *id let:id>
                    <Waiting id />
                </For>
            </Show>
        </section>
    }
}

/// One question.
#[component]
fn Waiting(
    /// Which.
    id: ContentId,
) -> impl IntoView {
    let page = page();
    let task = page.task(id);
    let task = Signal::derive(move || task.get());
    let part = move |pick: fn(&node::TaskView) -> String| {
        Memo::new(move |_| task.get().as_ref().map(pick).unwrap_or_default())
    };
    let title = part(|task| task.proposal.title.clone());
    let purpose = part(|task| task.proposal.purpose.clone());
    let why = part(|task| task.why.as_deref().map(words::sentence).unwrap_or_default());
    view! {
        <article class="waiting">
            <h3><a href=Route::Computation(id).href()>{move || title.get()}</a></h3>
            <p class="soft">{move || purpose.get()}</p>
            <Answer task />
            <p class="soft why">{move || why.get()}</p>
        </article>
    }
}
