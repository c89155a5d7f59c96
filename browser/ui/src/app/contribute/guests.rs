//! What runs here now, and for whom.

use crate::{app::state::page, job as words_of, testids, words};
use codec::ContentId;
use jobs::worker::{RunningView, Step};
use leptos::prelude::*;

/// Most jobs that are shown, the oldest first: while jobs are tiny, all of them are others a moment later.
const SHOWN: usize = 12;

/// A step's name for tests, and for people.
const fn step(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::Fetching => ("fetching", "Its files are being fetched"),
        Step::Queued => ("queued", "Waits for a core"),
        Step::Running => ("running", "Runs"),
        Step::Answering => ("answering", "Its answer is being handed in"),
    }
}

/// The jobs that are here.
#[component]
pub(super) fn Guests() -> impl IntoView {
    let page = page();
    let running = page.part(|view| view.contribution.running.clone());
    let count = Memo::new(move |_| running.with(Vec::len));
    let ids = Memo::new(move |_| {
        running.with(|running| running.iter().take(SHOWN).map(|one| one.job).collect::<Vec<_>>())
    });
    let has_more = move || count.get() > SHOWN;
    view! {
        <section class="group">
            <h2>"Here now" " " <span class="soft numerals">{count}</span></h2>
            <Show
                when=move || !ids.get().is_empty()
                fallback=|| view! { <p class="empty">"Nothing. Jobs appear here, with what they do and for whom."</p> }
            >
                <ul class="rows">
                    <For each=move || ids.get() key=|id| *id let:id>
                        <Guest id running />
                    </For>
                </ul>
                <Show when=has_more>
                    <p class="soft">"And " {move || count.get() - SHOWN} " more"</p>
                </Show>
            </Show>
        </section>
    }
}

/// One job.
#[component]
fn Guest(id: ContentId, running: Memo<Vec<RunningView>>) -> impl IntoView {
    let page = page();
    let one = Memo::new(move |_| running.with(|running| running.iter().find(|one| one.job == id).cloned()));
    let own = page.peek(|view| Some(view.id));
    let text = move |pick: fn(&RunningView) -> String| {
        move || one.with(|one| one.as_ref().map(pick).unwrap_or_default())
    };
    let submitter =
        move || one.with(|one| one.as_ref().map(|one| words_of::node_name(one.submitter, None, own)));
    let since =
        move || one.with(|one| one.as_ref().map(|one| words::span(page.now.get().since_ms(one.since))));
    view! {
        <li class="rule" data-testid=testids::GUEST data-id=id.to_string() data-step=text(|one| step(one.step).0.into())>
            <span class="row-main">
                <strong>{text(|one| one.name.clone())}</strong>
                <span class="soft">"For " {submitter}</span>
            </span>
            <span class="row-end numerals">
                <span>{text(|one| step(one.step).1.into())}</span>
                <span class="soft">"for " {since}</span>
            </span>
        </li>
    }
}
