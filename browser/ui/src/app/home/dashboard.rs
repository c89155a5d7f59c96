//! The first screen of a node that joined: connections, what waits, data, results.

use crate::{
    answer,
    app::{
        computations::{TaskRow, asking},
        ring::Ring,
        shell::{Heading, links_up},
        state::{clock, page},
    },
    phase::Phase,
    route::Route,
    testids, words,
};
use leptos::prelude::*;
use node::{TaskView, light::End};

/// What a person who joined sees first.
#[component]
pub(super) fn Dashboard() -> impl IntoView {
    let page = page();
    let up = links_up(page);
    let all = page.part(|view| view.heavy.len());
    let heading = move || match (up.get(), all.get()) {
        (0, _) => "Connecting to the network".to_owned(),
        (up, all) if up == all => "Your node is part of the network".into(),
        (up, all) => format!("Connected to {up} of {all}"),
    };
    let explained = move || match (up.get(), all.get()) {
        (0, _) => "This takes a second or two. Your node tries again by itself.".to_owned(),
        (up, all) if up >= all => format!(
            "Connected to {up} of {all} heavy nodes, the servers that add up. Keep this tab open to take part."
        ),
        (up, all) => format!(
            "{up} of {all} heavy nodes, the servers that add up, can be reached. Your node tries the rest again by itself."
        ),
    };
    view! {
        <div class="node-state" data-testid=testids::NODE_STATE data-up=move || up.get().to_string()>
            <Ring filled=up class="ring large" />
            <div aria-live="polite">
                <Heading text=Signal::derive(heading) />
                <p class="soft">{explained}</p>
            </div>
        </div>
        <div class="board">
            <Waiting />
            <YourData />
            <Latest />
            <Computing />
        </div>
    }
}

/// What this browser does for others, and others for the person.
#[component]
fn Computing() -> impl IntoView {
    let page = page();
    let lent = page.part(|view| {
        let contribution = &view.contribution;
        (contribution.settings.on, contribution.running.len(), contribution.credit.jobs)
    });
    let text = move || match lent.get() {
        (false, _, 0) => {
            "This browser runs no jobs of other people. You can lend it, within caps that you set.".to_owned()
        }
        (false, _, jobs) => {
            format!("Not lent now. It has run {} of other people.", words::count(jobs, "job"))
        }
        (true, 0, jobs) => {
            format!("Lent to other people’s jobs. It has run {} so far.", words::count(jobs, "job"))
        }
        (true, running, _) => {
            format!("Lent to other people’s jobs: {} here now.", words::count(running as u64, "job"))
        }
    };
    view! {
        <section class="card wide">
            <header>
                <h2>"Computing"</h2>
                <a href=Route::Contribute.href()>{move || if lent.get().0 { "Look at it" } else { "Contribute" }}</a>
            </header>
            <p class="soft">{text}</p>
            <p>
                "Or have others run a program of yours: "
                <a href=Route::Jobs.href()>"jobs"</a>
                ". This tab also "
                <a href=Route::Graph.href()>"ranks a graph"</a>
                " or "
                <a href=Route::Machine.href()>"runs nets"</a>
                "."
            </p>
        </section>
    }
}

/// Computations that wait for the person.
#[component]
fn Waiting() -> impl IntoView {
    let page = page();
    let asks = asking(page);
    view! {
        <section class="card wide">
            <header>
                <h2>"Waiting for you"</h2>
                <a href=Route::Computations.href()>"All computations"</a>
            </header>
            <Show
                when=move || !asks.get().is_empty()
                fallback=|| view! {
                    <p class="soft">"Nothing. When somebody asks about data that you keep, it appears here, and you decide."</p>
                }
            >
                <ul class="rows" data-testid=testids::WAITING>
                    <For each=move || asks.get().into_iter().take(5) key=|id| *id let:id>
                        <TaskRow id />
                    </For>
                </ul>
            </Show>
        </section>
    }
}

/// What the person keeps, in one line.
#[component]
fn YourData() -> impl IntoView {
    let page = page();
    let sets = page
        .part(|view| view.datasets.iter().map(|set| (set.name.clone(), set.rows as u64)).collect::<Vec<_>>());
    let wanted = page.part(|view| {
        let mut names: Vec<String> = (view.tasks.iter())
            .filter(|task| Phase::of(task, clock()) == Phase::Unfit)
            .map(|task| task.proposal.dataset.clone())
            .filter(|name| view.datasets.iter().all(|set| set.name != *name))
            .collect();
        names.sort();
        names.dedup();
        names
    });
    view! {
        <section class="card">
            <header>
                <h2>"My data"</h2>
                <a href=Route::Data.href()>{move || if sets.get().is_empty() { "Add data" } else { "Look at it" }}</a>
            </header>
            <Show
                when=move || !sets.get().is_empty()
                fallback=|| view! { <p class="soft">"None yet. Questions can only be answered from data that you add."</p> }
            >
                <dl class="pairs">
                    {move || {
                        let pair = |(name, rows): (String, u64)| view! { <dt>{name}</dt><dd>{words::count(rows, "record")}</dd> };
                        sets.get().into_iter().map(pair).collect_view()
                    }}
                </dl>
            </Show>
            <Show when=move || !wanted.get().is_empty()>
                <p class="soft">"People also ask about data named " {move || words::list(&wanted.get())} "."</p>
            </Show>
        </section>
    }
}

/// The newest results.
#[component]
fn Latest() -> impl IntoView {
    let page = page();
    let totals = page.part(|view| {
        let total = |task: &TaskView| match &task.end {
            Some(End::Result { outcome, .. }) => {
                let answer = answer::brief_answer(&task.proposal.query, &outcome.answer);
                Some((task.id, task.proposal.title.clone(), answer))
            }
            _ => None,
        };
        view.tasks.iter().filter_map(total).take(4).collect::<Vec<_>>()
    });
    view! {
        <section class="card">
            <header>
                <h2>"Latest results"</h2>
                <a href=Route::Propose.href()>"Ask something"</a>
            </header>
            <Show
                when=move || !totals.get().is_empty()
                fallback=|| view! { <p class="soft">"None yet. They stay here once they are published."</p> }
            >
                <dl class="pairs numbers">
                    {move || {
                        let pair = |(id, title, sum)| view! {
                            <dt><a href=Route::Computation(id).href()>{title}</a></dt>
                            <dd>{sum}</dd>
                        };
                        totals.get().into_iter().map(pair).collect_view()
                    }}
                </dl>
            </Show>
        </section>
    }
}
