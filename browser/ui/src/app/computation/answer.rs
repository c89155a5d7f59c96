//! Before an answer: what would leave the device, and the two buttons.

use crate::{
    app::{
        browser,
        icon::Shape,
        state::{Doing, Page, page},
    },
    phase::Phase,
    route::Route,
    testids, words,
};
use aggregate::Scheme;
use leptos::prelude::*;
use node::{Command, Rule, TaskView};

use super::marked;

/// What is asked of whom, in one sentence.
pub(super) fn asked(task: &TaskView) -> String {
    let about = format!(" Asked of data named “{}”.", task.proposal.dataset);
    words::sentence(&task.question.words) + &about
}

/// What leaves the device, and the buttons.
#[component]
pub(crate) fn Answer(task: Signal<Option<TaskView>>) -> impl IntoView {
    let own = Memo::new(move |_| task.get().and_then(|task| task.answer));
    let scheme = Memo::new(move |_| task.get().map(|task| task.proposal.scheme));
    let dataset = Memo::new(move |_| task.get().map(|task| task.proposal.dataset).unwrap_or_default());
    let question = Memo::new(move |_| task.get().map(|task| asked(&task)).unwrap_or_default());
    let always = RwSignal::new(false);
    let at_least = Memo::new(move |_| {
        let least = task.get().map_or(0, |task| task.proposal.participants_min);
        words::count(least.into(), "answer")
    });
    let others = others(page(), task);
    let also = move || match others.get() {
        0 => String::new(),
        others => format!(
            "With this, your node also answers {} now.",
            words::count(others, "other waiting question")
        ),
    };
    view! {
        <section class="card consent" data-testid=testids::LEAVES>
            <h2>"What leaves this tab if you approve"</h2>
            {move || own.get().map(|answer| view! { <Own answer /> })}
            <p>{move || scheme.get().map(shared)}</p>
            <p class="soft">{move || question.get()}</p>
            <label class="check">
                <input type="checkbox" data-testid=testids::ALWAYS bind:checked=always />
                <span>
                    "From now on, always approve questions about " <strong>{move || dataset.get()}</strong>
                    " by this proposer, with at least " {move || at_least.get()} ". " {also}
                </span>
            </label>
            <Buttons task always />
            {marked(Shape::Lock, "Until it closes you can take your answer back; after that, never.")}
        </section>
    }
}

/// How an answer by a scheme is kept from everybody.
const fn shared(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Rep64 => {
            "They are cut into three sealed parts that look like noise. Each heavy node gets two of the three: any two of them together could put your answer back together, one alone cannot. Your records stay here."
        }
        _ => {
            "They are cut into three sealed parts that look like noise, one for each heavy node. Only all three together could put your answer back together. Your records stay here."
        }
    }
}

/// This node's own answer, figure by figure, and what is not in it.
#[component]
fn Own(answer: node::light::Answer) -> impl IntoView {
    let line = |line: node::Line| {
        view! { <dt>{words::quoted(&line.label)}</dt><dd>{words::plain(&line.value)}</dd> }
    };
    let left_out = (answer.skipped > 0).then(|| {
        let skipped = words::count(answer.skipped as u64, "record");
        view! { <p class="soft">{format!("{skipped} without a value, or not asked about.")}</p> }
    });
    let errors = (answer.errors > 0).then(|| {
        let fault = |fault: &String| view! { <li>{words::sentence(fault)}</li> };
        view! {
            <details class="cells">
                <summary>{format!("{} could not be read.", words::count(answer.errors as u64, "record"))}</summary>
                <ul>{answer.faults.iter().map(fault).collect_view()}</ul>
            </details>
        }
    });
    view! {
        <p class="own-answer">"These numbers of yours, and nothing else:"</p>
        <dl class="pairs numbers own" data-testid=testids::OWN>{answer.lines.into_iter().map(line).collect_view()}</dl>
        {left_out}
        {errors}
    }
}

/// Approve and decline.
#[component]
fn Buttons(
    /// The computation.
    task: Signal<Option<TaskView>>,
    /// Whether approving also makes a rule.
    always: RwSignal<bool>,
) -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let approve = move |_| {
        let Some(task) = task.get_untracked() else { return };
        // The rule approves this one as well; without one, the command does.
        let command = if always.get_untracked() {
            Command::AddRule { rule: rule(&task) }
        } else {
            Command::Approve { id: task.id }
        };
        doing.run(page, command, |_| ());
    };
    let decline = move |_| {
        if let Some(task) = task.get_untracked() {
            doing.run(page, Command::Decline { id: task.id }, |_| ());
        }
    };
    view! {
        <p class="actions">
            <button type="button" data-testid=testids::APPROVE aria-busy=move || doing.aria() on:click=approve>
                "Approve"
            </button>
            <button type="button" class="secondary" data-testid=testids::DECLINE on:click=decline>
                "Decline"
            </button>
        </p>
        <p class="error" role="alert" data-testid=testids::ANSWER_ERROR>
            {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
        </p>
    }
}

/// What approves `task` and its like: the same data, the same proposer, no fewer answers.
fn rule(task: &TaskView) -> Rule {
    Rule {
        dataset: Some(task.proposal.dataset.clone()),
        proposer: Some(task.proposal.proposer),
        participants_min: Some(task.proposal.participants_min),
        ..Rule::default()
    }
}

/// How many other questions that rule answers as soon as it is in force.
fn others(page: Page, task: Signal<Option<TaskView>>) -> Memo<u64> {
    let rule = Memo::new(move |_| task.get().map(|task| (task.id, rule(&task))));
    page.part(move |view| {
        let Some((id, rule)) = rule.get() else { return 0 };
        let now = page.now.get();
        let waits = |task: &&TaskView| task.id != id && Phase::of(task, now) == Phase::Asks;
        view.tasks.iter().filter(waits).filter(|task| rule.fits(&task.question)).count() as u64
    })
}

/// Why this node's data does not answer, and how it could.
#[component]
pub(super) fn Unfit(task: Signal<Option<TaskView>>) -> impl IntoView {
    let obstacle = Memo::new(move |_| task.get().and_then(|task| task.obstacle).unwrap_or_default());
    view! {
        <section class="card" data-testid=testids::LEAVES>
            <h2>"You cannot answer this yet"</h2>
            <p>{move || words::sentence(&obstacle.get())} " Nothing leaves this tab."</p>
            <p class="actions">
                <a role="button" class="secondary" href=Route::Data.href()>
                    "Go to my data"
                </a>
            </p>
        </section>
    }
}

/// A second thought, until the deadline.
#[component]
pub(super) fn Declined(task: Signal<Option<TaskView>>) -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let approve = move |_| {
        if let Some(task) = task.get_untracked() {
            doing.run(page, Command::Approve { id: task.id }, |_| ());
        }
    };
    let deadline =
        Memo::new(move |_| task.get().map(|task| browser::local_time(task.deadline)).unwrap_or_default());
    view! {
        <section class="card" data-testid=testids::LEAVES>
            <h2>"You declined"</h2>
            <p>"Nothing left this tab, and nobody was told. You may think again until " {move || deadline.get()} "."</p>
            <p class="actions">
                <button
                    type="button"
                    class="secondary"
                    data-testid=testids::APPROVE
                    aria-busy=move || doing.aria()
                    on:click=approve
                >
                    "Approve after all"
                </button>
            </p>
            <p class="error" role="alert" data-testid=testids::ANSWER_ERROR>
                {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
            </p>
        </section>
    }
}
