//! The list of computations: what waits, what is under way, what has ended.

use super::{
    browser,
    shell::Heading,
    state::{Page, page},
};
use crate::{answer, phase::Phase, route::Route, testids, words};
use codec::ContentId;
use leptos::prelude::*;
use node::{TaskView, light::End};

/// Computations that the person may approve or decline now.
pub(crate) fn asking(page: Page) -> Memo<Vec<ContentId>> {
    by_phase(page, |phase| phase == Phase::Asks)
}

fn by_phase(page: Page, wanted: impl Fn(Phase) -> bool + Send + Sync + 'static) -> Memo<Vec<ContentId>> {
    page.part(move |view| {
        let now = page.now.get();
        view.tasks.iter().filter(|task| wanted(Phase::of(task, now))).map(|task| task.id).collect()
    })
}

/// The list.
#[component]
pub(crate) fn Computations() -> impl IntoView {
    let page = page();
    let none = page.part(|view| view.tasks.is_empty());
    let asks = asking(page);
    let open = by_phase(page, |phase| phase.is_open() && phase != Phase::Asks);
    let closing = by_phase(page, |phase| matches!(phase, Phase::Closing | Phase::Silent));
    let ended = by_phase(page, |phase| matches!(phase, Phase::Total | Phase::NoTotal));
    let under_way = Signal::derive(move || [closing.get(), open.get()].concat());
    view! {
        <div class="title-row">
            <Heading text="Computations" />
            <p class="actions">
                <a role="button" class="wide-only" href=Route::Propose.href()>
                    "Propose"
                </a>
            </p>
        </div>
        <p class="lead">"Questions that people on this network have asked. Each tells one thing about everybody who approves, together."</p>
        <Show when=move || none.get() && page.is_known()>
            <section class="empty">
                <p>"Nobody has asked anything yet."</p>
                <a href=Route::Propose.href()>"Be the first"</a>
            </section>
        </Show>
        <Group title="Waiting for you" ids=asks.into() />
        <Group title="Under way" ids=under_way />
        <Group title="Ended" ids=ended.into() />
    }
}

/// Computations under one heading.
#[component]
fn Group(
    /// The heading.
    title: &'static str,
    /// Which.
    ids: Signal<Vec<ContentId>>,
) -> impl IntoView {
    view! {
        <Show when=move || !ids.get().is_empty()>
            <section class="group">
                <h2>{title} " " <span class="soft numerals">{move || ids.get().len()}</span></h2>
                <ul class="rows">
                    <For each=move || ids.get() key=|id| *id let:id>
                        <TaskRow id />
                    </For>
                </ul>
            </section>
        </Show>
    }
}

/// What stands at the end of a row: a total, a countdown, or how long ago it ended.
fn at_the_end(task: &TaskView, phase: Phase, page: Page) -> (String, String) {
    let now = page.now.get();
    match (&task.end, phase) {
        (Some(End::Result { outcome, .. }), _) => {
            (answer::brief_answer(&task.proposal.query, &outcome.answer), ended_ago(task, page))
        }
        (Some(_), _) => ("—".into(), ended_ago(task, page)),
        (None, Phase::Closing | Phase::Silent) => (String::new(), "closed".into()),
        _ => {
            let left = match task.deadline.since_ms(now) {
                0..1_000 => return (answers(task), "closing".into()),
                ms => words::span(ms),
            };
            (answers(task), format!("{left} left"))
        }
    }
}

fn answers(task: &TaskView) -> String {
    // Nothing may mean that nobody has told yet.
    task.reports
        .filter(|answers| *answers > 0)
        .map_or_else(String::new, |answers| words::count(answers.into(), "answer"))
}

fn ended_ago(task: &TaskView, page: Page) -> String {
    match page.now.get().since_ms(task.deadline) {
        0 => format!("closes {}", browser::local_time(task.deadline)),
        ms => format!("{} ago", words::rough_span(ms)),
    }
}

/// What a row of the list shows.
#[derive(Clone, PartialEq)]
struct Row {
    phase: Phase,
    title: String,
    asked: String,
    strong: String,
    soft: String,
}

/// One computation in a list.
#[component]
pub(crate) fn TaskRow(
    /// Which.
    id: ContentId,
) -> impl IntoView {
    let page = page();
    // Only what the row shows: a whole computation holds two signed documents.
    let row = page.part(move |view| {
        let task = view.tasks.iter().find(|task| task.id == id)?;
        let phase = Phase::of(task, page.now.get());
        let (strong, soft) = at_the_end(task, phase, page);
        let asked = answer::brief_question(&task.proposal.query, &task.proposal.dataset);
        Some(Row { phase, title: task.proposal.title.clone(), asked, strong, soft })
    });
    let phase = Memo::new(move |_| row.with(|row| row.as_ref().map_or(Phase::Silent, |row| row.phase)));
    let text = move |pick: fn(&Row) -> &String| {
        move || row.with(|row| row.as_ref().map(|row| pick(row).clone()).unwrap_or_default())
    };
    view! {
        <li data-testid=testids::COMPUTATION data-id=id.to_string() data-phase=move || phase.get().name()>
            <a class="row" href=Route::Computation(id).href()>
                <span class="row-main">
                    <strong>{text(|row| &row.title)}</strong>
                    <span class="soft">{text(|row| &row.asked)}</span>
                </span>
                <span class="tag" data-phase=move || phase.get().name()>
                    {move || phase.get().label()}
                </span>
                <span class="row-end numerals">
                    <strong>{text(|row| &row.strong)}</strong>
                    <span class="soft">{text(|row| &row.soft)}</span>
                </span>
            </a>
        </li>
    }
}
