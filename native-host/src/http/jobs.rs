//! `/api/v1/jobs` and `/api/v1/workers`: jobs are submitted, looked at and cancelled.

use super::{
    Asker, Site,
    api::{Answer, id, look},
    blobs,
    problem::Problem,
    propose::{answered, commit, media_type, signed, too_many},
    uploads,
};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use codec::ContentId;
use jobs::{
    Cancellation, JobView, WorkerView,
    scheduler::{SubmitError, Taken, Why},
    view::{Filter, JobState, Page},
};
use keys::{Envelope, NodeId};
use node::{HeavyInput, HeavyNode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// Most jobs in one request.
pub(super) const BATCH_MAX: usize = 1_000;
/// Most jobs of one page.
const PAGE_MAX: usize = 1_000;
/// Jobs of a page, where nobody says how many.
const PAGE: usize = 100;
const LINES: &str = "application/x-ndjson";

pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "this heavy node knows no such job")
}

/// Which part of the list is wanted.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Wanted {
    submitter: Option<String>,
    state: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

pub(super) async fn list(State(site): State<Site>, Query(wanted): Query<Wanted>) -> Answer<Json<Page>> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, detail);
    let limit = wanted.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(bad(format!("`limit`: {limit} is not within 1 to {PAGE_MAX}")));
    }
    let submitter = wanted.submitter.map(|text| {
        text.parse::<NodeId>().map_err(|error| bad(format!("`submitter`: `{text:.80}`: {error}")))
    });
    let state = wanted.state.map(|text| {
        let found = JobState::ALL.into_iter().find(|state| state.name() == text);
        let known = JobState::ALL.map(JobState::name).join(", ");
        found.ok_or_else(|| bad(format!("`state`: `{text:.80}` is none of {known}")))
    });
    let after = wanted.after.as_deref().map(id).transpose()?;
    let filter = Filter { submitter: submitter.transpose()?, state: state.transpose()?, after };
    look(&site, move |node| {
        // A place in the list that is gone is not its beginning.
        let is_known = after.is_none_or(|after| node.job(after).is_some());
        is_known.then(|| node.jobs(&filter, limit))
    })
    .await?
    .map(Json)
    .ok_or_else(unknown)
}

async fn view(site: &Site, text: &str) -> Answer<JobView> {
    let id = id(text)?;
    look(site, move |node| node.job(id)).await?.ok_or_else(unknown)
}

pub(super) async fn job(State(site): State<Site>, Path(text): Path<String>) -> Answer<Json<JobView>> {
    view(&site, &text).await.map(Json)
}

pub(super) async fn manifest(State(site): State<Site>, Path(text): Path<String>) -> Answer<Json<Envelope>> {
    let id = id(&text)?;
    let found = look(&site, move |node| node.manifest(id)).await?;
    found.map(|manifest| Json(manifest.as_ref().clone())).ok_or_else(unknown)
}

pub(super) async fn receipts(
    State(site): State<Site>,
    Path(text): Path<String>,
) -> Answer<Json<Vec<Envelope>>> {
    let id = id(&text)?;
    let found = look(&site, move |node| node.job(id).map(|_| node.receipts(id)));
    found.await?.map(Json).ok_or_else(unknown)
}

pub(super) async fn stdout(State(site): State<Site>, Path(text): Path<String>) -> Answer<Response> {
    output(&site, view(&site, &text).await?, |result| result.stdout).await
}

pub(super) async fn stderr(State(site): State<Site>, Path(text): Path<String>) -> Answer<Response> {
    output(&site, view(&site, &text).await?, |result| result.stderr).await
}

async fn output(
    site: &Site,
    view: JobView,
    stream: impl Fn(&jobs::view::ResultView) -> ContentId,
) -> Answer<Response> {
    let Some(result) = &view.result else {
        let detail = match &view.refusal {
            Some(refusal) => format!("the job gave nothing: {}", refusal.words),
            None => format!("the job is {}, and has written nothing yet", view.state.name()),
        };
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    };
    let gone = || {
        let detail = "the job's output is no longer kept here; its receipts still are, and name it";
        Problem::new(StatusCode::GONE, detail)
    };
    blobs::whole(site, stream(result)).await?.map(blobs::passing).ok_or_else(gone)
}

pub(super) async fn why(State(site): State<Site>, Path(text): Path<String>) -> Answer<Json<Value>> {
    let id = id(&text)?;
    let (view, why) = look(&site, move |node| (node.job(id), node.why(id))).await?;
    let view = view.ok_or_else(unknown)?;
    Ok(Json(why.as_ref().map_or_else(|| ended(&view), explained)))
}

/// Each node's reason, for programs and for people.
fn explained(why: &Why) -> Value {
    let reasons = why.nodes.iter().map(|(node, reason)| {
        let mut told = json!({ "node": node, "words": reason.to_string() });
        if let (Value::Object(told), Ok(Value::Object(fields))) = (&mut told, serde_json::to_value(reason)) {
            told.extend(fields);
        }
        told
    });
    let nodes: Vec<Value> = reasons.collect();
    json!({
        "job": why.job, "stage": why.stage, "lost": why.lost, "stuck": why.is_stuck(),
        "words": why.to_string(), "nodes": nodes,
    })
}

fn ended(view: &JobView) -> Value {
    let words = match (&view.result, &view.refusal) {
        (Some(result), _) => result.ending.to_string(),
        (None, Some(refusal)) => refusal.words.clone(),
        (None, None) => view.why.clone().unwrap_or_default(),
    };
    let stage = json!({ "code": view.state });
    json!({ "job": view.id, "stage": stage, "lost": 0, "stuck": false, "words": words, "nodes": [] })
}

pub(super) async fn workers(State(site): State<Site>) -> Answer<Json<Vec<WorkerView>>> {
    look(&site, HeavyNode::workers).await.map(Json)
}

pub(super) async fn cancel(
    State(site): State<Site>,
    Path(text): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Json<Value>> {
    let view = view(&site, &text).await?;
    let envelope = signed(&headers, &body)?;
    let refused = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    let cancellation = Cancellation::open(&envelope).map_err(|error| refused(error.to_string()))?;
    if cancellation.job != view.id {
        return Err(refused(format!("the cancellation is of {}, another job", cancellation.job)));
    }
    let input = |token| HeavyInput::CancelJob { token, envelope };
    let result = commit(&site, &site.public.cancellations, input).await?;
    let id = result.map_err(|error| refused(error.to_string()))?;
    Ok(Json(json!({ "id": id })))
}

/// One signed manifest, or many, a line each.
pub(super) async fn submit(
    State(site): State<Site>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    request: Request,
) -> Answer<Response> {
    let is_batch = media_type(&headers) == LINES;
    let upload = uploads::read(request, asker).await?;
    if is_batch {
        return batch(&site, &upload.bytes).await;
    }
    let envelope = signed(&headers, &upload.bytes)?;
    let input = |token| HeavyInput::Submit { token, envelope };
    let taken =
        commit(&site, &site.public.submissions, input).await?.map_err(|error| Problem::submit(&error))?;
    let location = format!("/api/v1/jobs/{}", taken.job);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(told(&taken))).into_response())
}

fn told(taken: &Taken) -> Value {
    json!({ "id": taken.job, "able": taken.able, "words": taken.words })
}

type Submitted = oneshot::Receiver<Result<Taken, SubmitError>>;

/// All are handed to the node before the first answer is waited for: they become durable together.
async fn batch(site: &Site, body: &[u8]) -> Answer<Response> {
    let lines: Vec<&[u8]> =
        body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() || lines.len() > BATCH_MAX {
        let detail = format!("{} lines; send 1 to {BATCH_MAX} signed manifests, a line each", lines.len());
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let mut handed: Vec<Answer<Submitted>> = Vec::with_capacity(lines.len());
    for line in lines {
        handed.push(hand(site, line).await);
    }
    let mut text = String::new();
    for waits in handed {
        let line = match taken(waits).await {
            Ok(taken) => told(&taken),
            Err(problem) => json!({ "error": problem }),
        };
        text += &line.to_string();
        text.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, LINES)], text).into_response())
}

async fn hand(site: &Site, line: &[u8]) -> Answer<Submitted> {
    let unread = |error: keys::EnvelopeError| Problem::new(StatusCode::BAD_REQUEST, error.to_string());
    let envelope = Envelope::from_json(line).map_err(unread)?;
    let token = site.public.token();
    let answer = site.public.submissions.expect(token).ok_or_else(too_many)?;
    let input = HeavyInput::Submit { token, envelope };
    site.node.input(input).await.map_err(|_| Problem::stopping())?;
    Ok(answer)
}

async fn taken(waits: Answer<Submitted>) -> Answer<Taken> {
    answered(waits?).await?.map_err(|error| Problem::submit(&error))
}
