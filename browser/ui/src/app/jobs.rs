//! Jobs: programs that the person has other people's nodes run.

mod job;
mod outcome;
mod receipt;
mod submit;

use super::{
    browser,
    shell::Heading,
    state::{Page, page},
};
use crate::{job as words_of, route::Route, testids, words};
use bridge::host::{self, HostError};
use codec::{ContentId, Instant};
use jobs::JobView;
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, rc::Rc, time::Duration};
use submit::Submit;

pub(crate) use job::Job;
pub(crate) use receipt::Receipt;

/// How often the list is asked for.
const LIST_EVERY: Duration = Duration::from_secs(2);
/// Most jobs that are listed.
const LISTED_MAX: usize = 50;

/// The list, and the form for a new job.
#[component]
pub(crate) fn Jobs() -> impl IntoView {
    let page = page();
    let jobs = RwSignal::new(None::<Vec<JobView>>);
    let problem = RwSignal::new(None::<String>);
    let id = page.part(|view| Some(view.id));
    again(LIST_EVERY, move || async move {
        let Some(Some(id)) = id.try_get_untracked() else { return };
        match list(&format!("/jobs?submitter={id}&limit={LISTED_MAX}")).await {
            Ok(listed) => {
                jobs.try_set(Some(listed));
                problem.try_set(None);
            }
            Err(error) => {
                problem.try_set(Some(words::sentence(&error.words)));
            }
        }
    });
    let ids = Memo::new(move |_| {
        jobs.with(|jobs| jobs.iter().flatten().map(|job| job.id).collect::<Vec<ContentId>>())
    });
    let one = move |id| jobs.with(|jobs| jobs.iter().flatten().find(|job| job.id == id).cloned());
    view! {
        <div class="title-row">
            <Heading text="Jobs" />
            <p class="actions">
                <a role="button" class="quiet" href=Route::Receipt.href()>
                    "Check a receipt"
                </a>
            </p>
        </div>
        <p class="lead">
            "Have other people’s browsers and servers run a program of yours. It comes back with its output, and a signed receipt from each node that ran it."
        </p>
        <Submit />
        <section class="group">
            <h2>"Your jobs"</h2>
            <p class="error" role="alert">{move || problem.get()}</p>
            <Show
                when=move || !ids.get().is_empty()
                fallback=move || jobs.get().map(|_| view! { <p class="empty">"None yet. They appear here, and stay with the host for a while after they end."</p> })
            >
                <ul class="rows">
                    <For each=move || ids.get() key=|id| *id let:id>
                        <Row id job=Memo::new(move |_| one(id)) />
                    </For>
                </ul>
            </Show>
        </section>
    }
}

/// One job in the list.
#[component]
fn Row(
    /// Which.
    id: ContentId,
    /// What is known of it.
    job: Memo<Option<JobView>>,
) -> impl IntoView {
    let page = page();
    let text = move |pick: fn(&JobView, Instant) -> String| {
        move || job.with(|job| job.as_ref().map(|job| pick(job, page.now.get())).unwrap_or_default())
    };
    let state = text(|job, _| job.state.name().into());
    let label = text(|job, _| words_of::label(job.state).into());
    let ended = text(|job, _| match job.ended {
        Some(ended) => browser::local_time(ended),
        None => format!("since {}", browser::local_time(job.submitted)),
    });
    view! {
        <li data-testid=testids::JOB data-id=id.to_string() data-state=state>
            <a class="row" href=Route::Job(id).href()>
                <span class="row-main">
                    <strong>{text(|job, _| job.name.clone())}</strong>
                    <span class="soft">{text(words_of::line)}</span>
                </span>
                <span class="tag" data-state=state>{label}</span>
                <span class="row-end numerals">
                    <span class="soft">{ended}</span>
                </span>
            </a>
        </li>
    }
}

async fn list(path: &str) -> Result<Vec<JobView>, HostError> {
    Ok(ask::<jobs::view::Page>(path).await?.jobs)
}

/// What the host says at a path of its interface.
async fn ask<T: serde::de::DeserializeOwned>(path: &str) -> Result<T, HostError> {
    let told = host::get(path).await?;
    serde_json::from_slice(&told).map_err(|error| HostError {
        status: 0,
        words: format!("this page’s host tells of jobs in a way unknown here: {error}"),
        field: None,
    })
}

/// Does something now and again and again as long as the view is there; not while the time before is not over.
fn again<F: Future<Output = ()> + 'static>(every: Duration, ask: impl Fn() -> F + 'static) {
    let busy = Rc::new(Cell::new(false));
    let ask = move || {
        if busy.replace(true) {
            return;
        }
        let (asked, busy) = (ask(), Rc::clone(&busy));
        spawn_local(async move {
            asked.await;
            busy.set(false);
        });
    };
    ask();
    if let Ok(timer) = set_interval_with_handle(ask, every) {
        on_cleanup(move || timer.clear());
    }
}

/// Runs something that the person asked for, once at a time; why it failed goes to `problem`.
fn run_once(
    busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    what: impl Future<Output = Result<(), String>> + 'static,
) {
    if busy.get_untracked() {
        return;
    }
    busy.set(true);
    problem.set(None);
    spawn_local(async move {
        let result = what.await;
        // The view may be gone by now, and its signals with it.
        busy.try_set(false);
        if let Err(words) = result {
            problem.try_set(Some(words::sentence(&words)));
        }
    });
}

/// The id of the person's own node, once it has spoken.
fn own_id(page: Page) -> Option<keys::NodeId> {
    page.peek(|view| Some(view.id))
}
