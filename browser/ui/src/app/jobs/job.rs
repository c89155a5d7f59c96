//! One job: where it stands, why it waits, what came of it.

use super::{again, ask, outcome::Outcome, own_id, run_once, submit::ENVELOPE};
use crate::{
    app::{browser, dialog::Confirm, shell::Heading, state::page},
    job as words_of,
    route::Route,
    testids, words,
};
use bridge::host;
use codec::ContentId;
use jobs::{JobView, view::JobState};
use keys::NodeId;
use leptos::prelude::*;
use std::time::Duration;

/// How often a job without an end is asked after.
const EVERY: Duration = Duration::from_millis(750);

/// Why one node does not run a job.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
struct NodeReason {
    node: NodeId,
    words: String,
}

/// Why a job waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
struct Reasons {
    #[serde(default)]
    nodes: Vec<NodeReason>,
}

/// The view of one job.
#[component]
pub(crate) fn Job(
    /// Which.
    id: ContentId,
) -> impl IntoView {
    let page = page();
    let job = RwSignal::new(None::<JobView>);
    let reasons = RwSignal::new(Reasons::default());
    let problem = RwSignal::new(None::<String>);
    again(EVERY, move || async move {
        if job.try_with_untracked(|job| job.as_ref().is_none_or(|job| !job.state.is_end())) != Some(true) {
            return;
        }
        match ask::<JobView>(&format!("/jobs/{id}")).await {
            Ok(told) => {
                let waits = told.state == JobState::Waiting;
                job.try_set(Some(told));
                problem.try_set(None);
                let why = match waits {
                    true => ask(&format!("/jobs/{id}/why")).await.unwrap_or_default(),
                    false => Reasons::default(),
                };
                reasons.try_set(why);
            }
            Err(error) => {
                problem.try_set(Some(words::sentence(&error.words)));
            }
        }
    });
    let part = move |pick: fn(&JobView) -> String| {
        Memo::new(move |_| job.with(|job| job.as_ref().map(pick).unwrap_or_default()))
    };
    let state = Memo::new(move |_| job.with(|job| job.as_ref().map(|job| job.state)));
    let name = part(|job| job.name.clone());
    let known = Memo::new(move |_| job.with(Option::is_some));
    Effect::new(move |before: Option<Option<JobState>>| {
        let state = state.get();
        if let (Some(Some(before)), Some(state)) = (before, state)
            && before != state
        {
            page.say(words_of::label(state));
        }
        state
    });
    let state_name = move || state.get().map_or("", JobState::name);
    view! {
        <p class="back">
            <a href=Route::Jobs.href()>"← Jobs"</a>
        </p>
        <p class="error" role="alert">{move || problem.get()}</p>
        <Show when=move || known.get() fallback=|| view! { <Heading text="Job" /> }>
            <article class="detail" data-testid=testids::JOB_DETAIL data-id=id.to_string() data-state=state_name>
                <div class="intro">
                    <p class="over">
                        <span class="tag" data-state=state_name>{move || state.get().map(words_of::label)}</span>
                    </p>
                    <Heading text=Signal::derive(move || name.get()) />
                </div>
                <div class="stack">
                    {move || match state.get() {
                        Some(state) if !state.is_end() => view! { <UnderWay job reasons /> }.into_any(),
                        _ => view! { <Outcome job=job.get_untracked() /> }.into_any(),
                    }}
                </div>
                <Facts job />
            </article>
        </Show>
    }
}

/// A job without an end: who runs it, or why nobody does.
#[component]
fn UnderWay(job: RwSignal<Option<JobView>>, reasons: RwSignal<Reasons>) -> impl IntoView {
    let page = page();
    let line = move || job.with(|job| job.as_ref().map(|job| words_of::line(job, page.now.get())));
    let leases =
        Memo::new(move |_| job.with(|job| job.iter().flat_map(|job| job.leases.clone()).collect::<Vec<_>>()));
    let own = Memo::new(move |_| job.with(|job| job.as_ref().map(|job| job.submitter)) == own_id(page));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let cancel = move || {
        let Some(id) = job.with_untracked(|job| job.as_ref().map(|job| job.id)) else { return };
        run_once(busy, problem, async move {
            let document = page.handle().sign_cancel(id).await?;
            host::post(&format!("/jobs/{id}/cancel"), ENVELOPE, &document)
                .await
                .map(drop)
                .map_err(|error| error.words)
        });
    };
    let running = move |lease: jobs::view::LeaseView| {
        let since = move || words::span(page.now.get().since_ms(lease.since));
        view! {
            <li class="rule" data-testid=testids::JOB_LEASE data-node=lease.node.to_string()>
                <span>{words::upper_first(&words_of::node_name(lease.node, lease.kind, own_id(page)))}</span>
                <span class="soft numerals">"for " {since}</span>
            </li>
        }
    };
    let reason = move |reason: NodeReason| {
        view! {
            <li class="rule" data-testid=testids::JOB_REASON data-node=reason.node.to_string()>
                <span class="row-main">
                    <span>{words::upper_first(&words_of::node_name(reason.node, None, own_id(page)))}</span>
                    <span class="soft">{words::sentence(&reason.words)}</span>
                </span>
            </li>
        }
    };
    view! {
        <section class="card">
            <p aria-live="polite">{line}</p>
            <progress aria-label="Under way"></progress>
            <ul class="rows">{move || leases.get().into_iter().map(running).collect_view()}</ul>
            <Show when=move || reasons.with(|reasons| !reasons.nodes.is_empty())>
                <details class="cells" open>
                    <summary>"Why each node does not run it"</summary>
                    <ul class="rows">{move || reasons.get().nodes.into_iter().map(reason).collect_view()}</ul>
                </details>
            </Show>
            <Show when=move || own.get()>
                <p class="actions">
                    <Confirm
                        label="Cancel the job"
                        title="Cancel this job?"
                        text="Nodes that run it are told to stop, and there will be no result."
                        go="Cancel it"
                        testids=(testids::JOB_CANCEL, testids::JOB_CANCEL_CONFIRM)
                        on_go=cancel
                    />
                </p>
            </Show>
            <p class="error" role="alert">{move || problem.get()}</p>
        </section>
    }
}

/// What does not change.
#[component]
fn Facts(job: RwSignal<Option<JobView>>) -> impl IntoView {
    let page = page();
    let pairs = Memo::new(move |_| {
        let job = job.get()?;
        let submitter = words_of::node_name(job.submitter, None, own_id(page));
        let mut pairs = vec![
            ("Submitted", browser::local_time(job.submitted)),
            ("By", submitter),
            ("On", words::count(job.replicas.into(), "node")),
        ];
        match job.ended {
            Some(ended) => pairs.push(("Ended", browser::local_time(ended))),
            None => pairs.push(("Given up at", browser::local_time(job.deadline))),
        }
        if let Some(result) = &job.result {
            pairs.push(("Used", words_of::used(result.fuel)));
        }
        Some((pairs, job.id.to_string()))
    });
    view! {
        <aside class="facts" aria-label="Facts">
            {move || pairs.get().map(|(pairs, id)| view! {
                <dl class="pairs">
                    {pairs.into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> }).collect_view()}
                    <dt>"Id"</dt>
                    <dd class="id">{id}</dd>
                </dl>
            })}
        </aside>
    }
}
