//! One computation: what it asks, what leaves the device, how it goes, how it ended.

mod accused;
mod answer;
mod facts;
mod numbers;
mod progress;
mod refusal;
mod result;
mod unknown;
mod withdraw;

use super::{
    icon::{Icon, Shape},
    shell::Heading,
    state::page,
};
use crate::{phase::Phase, route::Route, testids};
use accused::Accused;
use answer::{Declined, Unfit};
use codec::ContentId;
use facts::Facts;
use leptos::{prelude::*, task::spawn_local};
use node::{Command, TaskView};
use progress::{Closing, Progress, Silent};
use refusal::NoTotal;
use result::Total;
use unknown::Unknown;
use withdraw::{Withdraw, Withdrawn};

pub(crate) use answer::Answer;

/// The view of one computation.
#[component]
pub(crate) fn Computation(
    /// Which.
    id: ContentId,
) -> impl IntoView {
    let page = page();
    let task = page.task(id);
    // What a person looks at is asked after every second; the rest, seldom.
    spawn_local(async move {
        // A node that is not running says so in a banner.
        let _ = page.command(Command::Watch { id: Some(id) }).await;
    });
    on_cleanup(move || {
        spawn_local(async move {
            // The next computation may be watched by now.
            if !matches!(page.route.get_untracked(), Route::Computation(_)) {
                let _ = page.command(Command::Watch { id: None }).await;
            }
        });
    });
    let here = Memo::new(move |_| task.with(Option::is_some));
    view! {
        <p class="back">
            <a href=Route::Computations.href()>"← Computations"</a>
        </p>
        <Show
            when=move || here.get()
            fallback=|| view! { <Unknown /> }
        >
            <Known id />
        </Show>
    }
}

/// A computation that this node has heard of.
#[component]
fn Known(
    /// Which.
    id: ContentId,
) -> impl IntoView {
    let page = page();
    let task = page.task(id);
    // There as long as this component is: its parent sees to that.
    let task = Signal::derive(move || task.get());
    let phase = Memo::new(move |_| task.get().map_or(Phase::Silent, |task| Phase::of(&task, page.now.get())));
    Effect::new(move |before: Option<Phase>| {
        let phase = phase.get();
        if before.is_some_and(|before| before != phase) {
            page.say(phase.label());
        }
        phase
    });
    let title = move || task.get().map(|task| task.proposal.title).unwrap_or_default();
    let body = move || {
        let phase = phase.get();
        let parts = match phase {
            Phase::Asks => view! { <Answer task /> <Progress task /> }.into_any(),
            Phase::Unfit => view! { <Unfit task /> <Progress task /> }.into_any(),
            Phase::Declined => view! { <Declined task /> <Progress task /> }.into_any(),
            Phase::Answered => view! { <Progress task /> <Withdraw task /> }.into_any(),
            Phase::Withdrawn => view! { <Withdrawn task /> <Progress task /> }.into_any(),
            Phase::Closing => view! { <Closing task /> }.into_any(),
            Phase::Silent => view! { <Silent /> }.into_any(),
            Phase::Total => view! { <Total task /> <Accused task /> }.into_any(),
            Phase::NoTotal => view! { <NoTotal task /> <Accused task /> }.into_any(),
        };
        view! { <div class="stack">{parts}</div> }
    };
    view! {
        <article class="detail" data-testid=testids::DETAIL data-id=id.to_string() data-phase=move || phase.get().name()>
            <div class="intro">
            <p class="over">
                <span class="tag" data-phase=move || phase.get().name()>
                    {move || phase.get().label()}
                </span>
                <Own task />
            </p>
            <Heading text=Signal::derive(title) />
            <Purpose task />
            </div>
            {body}
            <Facts task />
        </article>
    }
}

/// Says so where the person asked this themselves.
#[component]
fn Own(task: Signal<Option<TaskView>>) -> impl IntoView {
    let own = Memo::new(move |_| task.get().is_some_and(|task| task.own));
    view! {
        <Show when=move || own.get()>
            <span class="soft">"You proposed this"</span>
        </Show>
    }
}

/// What it is for, in the proposer's words.
#[component]
fn Purpose(task: Signal<Option<TaskView>>) -> impl IntoView {
    let purpose = Memo::new(move |_| task.get().map(|task| task.proposal.purpose).unwrap_or_default());
    view! {
        <Show
            when=move || !purpose.get().is_empty()
            fallback=|| view! { <p class="lead soft">"The proposer gave no purpose."</p> }
        >
            <p class="lead">{move || purpose.get()}</p>
        </Show>
    }
}

/// A line that begins with an icon.
pub(super) fn marked(shape: Shape, text: impl IntoView) -> impl IntoView {
    view! {
        <p class="marked">
            <Icon shape />
            <span>{text.into_view()}</span>
        </p>
    }
}
