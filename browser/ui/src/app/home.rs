//! The first screen: what this is for a stranger, and the dashboard of a node that joined.

use super::{
    computations::{TaskRow, asking},
    icon::{Icon, Shape},
    ring::Ring,
    shell::{Heading, links_up},
    state::{Doing, page},
};
use crate::{phase::Phase, route::Route, testids, words};
use leptos::prelude::*;
use node::{Command, TaskView, light::End};

/// The first screen.
#[component]
pub(crate) fn Home() -> impl IntoView {
    let page = page();
    let joined = page.part(|view| view.joined);
    move || match (page.is_known(), joined.get()) {
        (true, true) => view! { <Dashboard /> }.into_any(),
        // The words are there before the node is, so that nothing moves when it comes.
        _ => view! { <Welcome /> }.into_any(),
    }
}

/// What a stranger reads.
#[component]
fn Welcome() -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let join = move |_| doing.run(page, Command::Join, |_| ());
    view! {
        <div class="welcome">
            <section class="hero">
                <div>
                <h1 id="heading" tabindex="-1">
                    "Add up what nobody wants to show"
                </h1>
                <p class="lead">
                    "Formix finds the total of many people’s private numbers. Your records stay in this browser tab. Only the total comes out, and only when enough people took part."
                </p>
                <p class="actions">
                    <button
                        type="button"
                        class="big"
                        data-testid=testids::JOIN
                        aria-busy=move || doing.aria()
                        disabled=move || !page.is_known()
                        on:click=join
                    >
                        "Join"
                    </button>
                    <span class="soft">"No account. Leave whenever you like."</span>
                </p>
                <p class="error" role="alert">
                    {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
                </p>
                </div>
                <Figure />
            </section>
            <ol class="steps" aria-label="How it works">
                <li>
                    <div class="sketch">
                        <Icon shape=Shape::Table />
                    </div>
                    <h2>"Your records stay"</h2>
                    <p>"You drop a file into this tab. It is kept in your browser, for your eyes."</p>
                </li>
                <li>
                    <div class="sketch">
                        <Ring filled=3 class="ring sketch-ring open" />
                    </div>
                    <h2>"Your answer is split"</h2>
                    <p>
                        "When you say yes to a question, your sum is cut into three sealed shares that each look like noise. Three separate servers get one each."
                    </p>
                </li>
                <li>
                    <div class="sketch">
                        <span class="sigma" aria-hidden="true">
                            "Σ"
                        </span>
                    </div>
                    <h2>"Everybody sees the total"</h2>
                    <p>"The servers add up their shares and put the sums together. What appears is the total, signed by all three."</p>
                </li>
            </ol>
            <div class="two">
                <section class="card">
                    <h2>"What is shared"</h2>
                    <ul class="ticks">
                        <li>"That your node is online, and its address, with the three servers."</li>
                        <li>"For each question that you approve: three sealed shares, one per server."</li>
                        <li>"That you have answered. Never what."</li>
                    </ul>
                </section>
                <section class="card">
                    <h2>"What never leaves this tab"</h2>
                    <ul class="locks">
                        <li>"Your records, in whole or in part."</li>
                        <li>"Your own sum, except in shares that say nothing one by one."</li>
                        <li>"Anything at all, until you or a rule of yours says yes."</li>
                    </ul>
                </section>
            </div>
            <p class="soft">
                "It has limits, and you should know them: " <a href=Route::Network.href()>"what is protected and what is not"</a> "."
            </p>
        </div>
    }
}

/// The idea without words: a table, three shares on their ways, one sum.
#[component]
fn Figure() -> impl IntoView {
    let share = |x: u32, dash: &'static str| {
        view! {
            <circle class="node" cx=x cy="150" r="26" />
            <circle class="share" cx=x cy="150" r="12" pathLength="360" stroke-dasharray="84 276" stroke-dashoffset=dash />
        }
    };
    let cell = |x1: u32, x2: u32, y: u32, mine: bool| {
        view! { <line class=if mine { "cell mine" } else { "cell" } x1=x1 x2=x2 y1=y y2=y /> }
    };
    let rows = [28, 43, 58].map(|y| {
        view! { {cell(103, 122, y, false)} {cell(136, 152, y, false)} {cell(166, 178, y, true)} }
    });
    view! {
        <svg class="figure" viewBox="0 0 280 290" aria-hidden="true" focusable="false">
            <path class="way" d="M140 76 C140 105 50 95 50 122M140 76V122M140 76 C140 105 230 95 230 122" />
            <path class="way" d="M50 178 C50 210 140 198 140 226M140 178V226M230 178 C230 210 140 198 140 226" />
            <rect class="sheet" x="88" y="10" width="104" height="66" rx="8" />
            {rows}
            {share(50, "102")}
            {share(140, "-18")}
            {share(230, "-138")}
            <circle class="sum" cx="140" cy="252" r="27" />
            <text class="sum-sign" x="140" y="261">
                "Σ"
            </text>
        </svg>
    }
}

/// What a person who joined sees first.
#[component]
fn Dashboard() -> impl IntoView {
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
        </div>
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
            .filter(|task| Phase::of(task, super::state::clock()) == Phase::Unfit)
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

/// The newest totals.
#[component]
fn Latest() -> impl IntoView {
    let page = page();
    let totals = page.part(|view| {
        let total = |task: &TaskView| match &task.end {
            Some(End::Result { outcome, .. }) => {
                Some((task.id, task.proposal.title.clone(), words::grouped(&outcome.sum)))
            }
            _ => None,
        };
        view.tasks.iter().filter_map(total).take(4).collect::<Vec<_>>()
    });
    view! {
        <section class="card">
            <header>
                <h2>"Latest totals"</h2>
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
