//! What came of a job: its output, and who vouches for it.

use super::{ask, own_id};
use crate::{
    app::{
        browser,
        icon::{Icon, Shape},
        state::page,
    },
    job::{self as words_of, SHOWN_BYTES_MAX},
    route::Route,
    testids, words,
};
use bridge::host;
use codec::ContentId;
use jobs::{JobView, view::JobState};
use keys::Envelope;
use leptos::{prelude::*, task::spawn_local};

/// What came of a job.
#[component]
pub(super) fn Outcome(
    /// The job; it has ended.
    job: Option<JobView>,
) -> impl IntoView {
    let job = job?;
    let id = job.id;
    let why = words_of::line(&job, job.ended.unwrap_or(job.deadline));
    let heading = match job.state {
        JobState::Done => "It is done",
        JobState::Failed => "It failed",
        JobState::Cancelled => "It was cancelled",
        _ => "There is no result",
    };
    let agreed = job.result.as_ref().map(words_of::agreement);
    let streams = job.result.as_ref().map(|result| {
        let stream = |name, path, bytes: Option<u64>, named| view! { <Stream id name path bytes named /> };
        view! {
            {stream("Output", "stdout", result.stdout_bytes, result.stdout)}
            {stream("Error output", "stderr", result.stderr_bytes, result.stderr)}
        }
    });
    let shown = job.result.as_ref().map(|result| (result.stdout, result.stderr));
    Some(view! {
        <section class="card" data-testid=testids::JOB_OUTCOME>
            <h2>{heading}</h2>
            <p class=if job.state == JobState::Done { "" } else { "reason" }>
                {(job.state != JobState::Done).then_some(why)}
            </p>
            {agreed.map(|agreed| view! { <p>{agreed}</p> })}
            {streams}
        </section>
        {(job.receipts > 0).then(|| view! { <Receipts id shown /> })}
    })
}

/// One of the guest's two streams: shown where it is short text, saved otherwise.
#[component]
fn Stream(
    /// The job.
    id: ContentId,
    /// Its name for people.
    name: &'static str,
    /// Its name in the host's interface.
    path: &'static str,
    /// Its bytes; `None` where the host has them no longer.
    bytes: Option<u64>,
    /// The content id that it has by the result.
    named: ContentId,
) -> impl IntoView {
    let text = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let url = format!("/jobs/{id}/{path}");
    if bytes.is_some_and(|bytes| (1..=SHOWN_BYTES_MAX).contains(&bytes)) {
        let url = url.clone();
        spawn_local(async move {
            match stream(&url, named).await {
                Ok(content) => drop(text.try_set(String::from_utf8(content).ok())),
                Err(words) => drop(problem.try_set(Some(words))),
            }
        });
    }
    let save = move |_| {
        let url = url.clone();
        spawn_local(async move {
            match stream(&url, named).await {
                // A browser that does not save has told the person itself.
                Ok(content) => drop(browser::save(path, "application/octet-stream", &content)),
                Err(words) => drop(problem.try_set(Some(words))),
            }
        });
    };
    let size = bytes.map_or_else(|| "no longer at this host".into(), words::bytes);
    let is_there = bytes.is_some_and(|bytes| bytes > 0);
    // Most programs write no errors: then there is nothing to say.
    let is_told = path == "stdout" || bytes != Some(0);
    is_told.then(|| view! {
        <div class="stream">
            <h3>{name} " " <span class="soft numerals">{size}</span></h3>
            {move || text.get().map(|text| view! {
                <pre class="json" tabindex="0" aria-label=name data-testid=testids::JOB_OUTPUT data-stream=path>{text}</pre>
            })}
            {is_there.then(|| view! {
                <button type="button" class="quiet with-icon" data-testid=testids::JOB_SAVE data-stream=path on:click=save>
                    <Icon shape=Shape::Save />
                    "Save it"
                </button>
            })}
            <p class="error" role="alert">{move || problem.get()}</p>
        </div>
    })
}

/// What the host has of a stream, where it is what its name says; else why it is not shown.
async fn stream(url: &str, named: ContentId) -> Result<Vec<u8>, String> {
    let content = host::get(url).await.map_err(|error| words::sentence(&error.words))?;
    words_of::check_stream(&content, named).map(|()| content)
}

/// A receipt, and what checking it gave.
#[derive(Clone, PartialEq)]
struct Vouched {
    /// Its signer in a few letters.
    node: String,
    /// What is wrong with it.
    wrong: Option<String>,
    /// What it says, where that is not the result that is shown.
    differs: Option<&'static str>,
}

impl Vouched {
    fn wrong(wrong: String) -> Self {
        Self { node: "A receipt".into(), wrong: Some(wrong), differs: None }
    }
}

/// Who vouches for the result: each receipt is checked in the worker.
#[component]
fn Receipts(
    /// The job.
    id: ContentId,
    /// The content ids of the two streams that are shown as its result.
    shown: Option<(ContentId, ContentId)>,
) -> impl IntoView {
    let page = page();
    let all = RwSignal::new(None::<(String, Vec<Vouched>)>);
    let problem = RwSignal::new(None::<String>);
    spawn_local(async move {
        let envelopes: Vec<Envelope> = match ask(&format!("/jobs/{id}/receipts")).await {
            Ok(envelopes) => envelopes,
            Err(error) => return drop(problem.try_set(Some(words::sentence(&error.words)))),
        };
        let mut vouched = Vec::new();
        for envelope in &envelopes {
            let checked = page.handle().check_receipt(envelope.to_json()).await;
            vouched.push(match checked {
                Ok(checked) if checked.job != id => Vouched::wrong("it is about another job".into()),
                Ok(checked) => Vouched {
                    node: words::upper_first(&words_of::node_name(checked.node, None, own_id(page))),
                    wrong: None,
                    differs: words_of::compare_streams((checked.output, checked.errors), shown),
                },
                Err(wrong) => Vouched::wrong(wrong),
            });
        }
        if shown.is_some() && vouched.iter().all(|one| one.wrong.is_some() || one.differs.is_some()) {
            vouched.push(Vouched {
                node: "This host".into(),
                ..Vouched::wrong("it shows an output that none of the receipts is about".into())
            });
        }
        let documents: Vec<String> = (envelopes.iter())
            .map(|envelope| String::from_utf8_lossy(&envelope.to_json()).into_owned())
            .collect();
        all.try_set(Some((format!("[{}]", documents.join(",")), vouched)));
    });
    let checked = move || match all.get() {
        None => "checking",
        Some((_, vouched)) if vouched.iter().any(|one| one.wrong.is_some()) => "failed",
        Some(_) => "verified",
    };
    let row = |one: Vouched| {
        let (mark, text) = match &one.wrong {
            None => match one.differs {
                None => ("✓", format!("{} signed that it ran it", one.node)),
                Some(differs) => ("≠", format!("{} {differs}", one.node)),
            },
            Some(wrong) => ("✗", format!("{}: {wrong}", one.node)),
        };
        view! {
            <li>
                <span class="mark" aria-hidden="true">{mark}</span>
                <span>{text}</span>
            </li>
        }
    };
    let save = move |_| {
        if let Some((documents, _)) = all.get_untracked() {
            let name = format!("receipts-{}.json", id.short());
            // A browser that does not save has told the person itself.
            let _ = browser::save(&name, "application/json", documents.as_bytes());
        }
    };
    view! {
        <section class="card" data-testid=testids::JOB_RECEIPTS data-checked=checked>
            <h2>"Receipts"</h2>
            <ul class="signers">{move || all.get().map(|(_, vouched)| vouched.into_iter().map(row).collect_view())}</ul>
            <p class="soft">
                "Their signatures were checked in this page, and the output against them. Who doubts one can "
                <a href=Route::Receipt.href()>"run it again"</a>
                "."
            </p>
            <p class="error" role="alert">{move || problem.get()}</p>
            <p class="actions">
                <button type="button" class="secondary with-icon" data-testid=testids::JOB_RECEIPTS_SAVE on:click=save>
                    <Icon shape=Shape::Save />
                    "Save the receipts"
                </button>
            </p>
        </section>
    }
}
