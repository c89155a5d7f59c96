//! What is sent to `/api/v1/computations`: drafts to check, proposals, cancellations.

use super::{
    Site,
    api::{Answer, id, unknown},
    problem::Problem,
    waiters::Waiters,
};
use crate::clock;
use aggregate::{Draft, HEAVY, HeavyKey, Proposal, ProposalError, cancel::Cancellation};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use keys::{Envelope, NodeId};
use node::{Descriptor, HeavyInput};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long what is sent waits for its commit.
const COMMIT_PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn propose(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> Answer<Response> {
    let envelope = signed(&headers, &body)?;
    // The node's task checks it again; here its faults are told with their places, and cost that task nothing.
    Proposal::open(&envelope).map_err(|error| Problem::proposal(&error))?;
    let input = |token| HeavyInput::Propose { token, envelope };
    let id = commit(&site, &site.public.proposals, input).await?.map_err(unprocessable)?;
    let location = format!("/api/v1/computations/{id}");
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(json!({ "id": id }))).into_response())
}

pub(super) async fn cancel(
    State(site): State<Site>,
    Path(text): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Json<Value>> {
    let id = id(&text)?;
    let view = site.public.view(id).ok_or_else(unknown)?;
    let envelope = signed(&headers, &body)?;
    Cancellation::check(&envelope, id, view.proposal.proposer)
        .map_err(|error| unprocessable(error.to_string()))?;
    let input = |token| HeavyInput::Cancel { token, envelope };
    let id = commit(&site, &site.public.proposals, input).await?.map_err(unprocessable)?;
    Ok(Json(json!({ "id": id })))
}

/// What a draft asks, sends and costs, or where it is wrong. Nothing is proposed.
pub(super) async fn check(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> Answer<Json<Value>> {
    json_only(&headers, "the draft")?;
    let draft: Draft = serde_json::from_slice(&body).map_err(|error| {
        let status = if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
        Problem::new(status, format!("not a draft: {error}"))
    })?;
    // The question alone is checked, so that any three do for heavy nodes.
    let own = Descriptor::open(&site.public.descriptor()).map_err(|_| Problem::stopping())?.key();
    let heavy: Vec<HeavyKey> = (1..=HEAVY as u8)
        .map(|at| HeavyKey { id: NodeId::from_public_key([at; 32]), seal: own.seal })
        .collect();
    let mut rng = ChaCha20Rng::from_seed([0; 32]);
    let proposal = draft.propose(own.id, &heavy, &mut rng).map_err(|error| Problem::proposal(&error))?;
    proposal.check_deadline(clock::now()).map_err(|error| Problem::proposal(&error))?;
    outline(&proposal).map(Json).map_err(|error| Problem::proposal(&error))
}

/// What a checked proposal asks, sends and costs.
pub(crate) fn outline(proposal: &Proposal) -> Result<Value, ProposalError> {
    let (plan, instance) = (proposal.plan()?, proposal.instance()?);
    let layout = plan.layout();
    let bytes: Vec<usize> = (0..HEAVY).map(|role| instance.public_len() + instance.input_len(role)).collect();
    let held = bytes.iter().max().copied().unwrap_or_default() as u64 * u64::from(proposal.participants_max);
    Ok(json!({
        "words": plan.words(),
        "fields": plan.fields(),
        "schema": proposal.schema,
        "scheme": proposal.scheme,
        "protects": proposal.scheme.protects(),
        "not_protected": proposal.scheme.not_protected(),
        "measurement": { "length": layout.length, "bits": layout.bits, "one_hot": layout.one_hot },
        "cost": { "report_bytes": bytes, "held_bytes_max": held },
        "ends": proposal.end(),
    }))
}

fn unprocessable(why: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why)
}

/// Hands the node what it shall make durable, and waits for its answer.
pub(super) async fn commit<T>(
    site: &Site,
    waiters: &Waiters<T>,
    input: impl FnOnce(u64) -> HeavyInput,
) -> Answer<T> {
    let token = site.public.token();
    let answer = waiters.expect(token).ok_or_else(too_many)?;
    site.node.input(input(token)).await.map_err(|_| Problem::stopping())?;
    answered(answer).await
}

/// More ask at once than are served.
pub(super) fn too_many() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many ask this at once; try again soon")
        .again_after(1_000)
}

/// The node's answer, as far as it comes in time.
pub(super) async fn answered<T>(answer: oneshot::Receiver<T>) -> Answer<T> {
    match tokio::time::timeout(COMMIT_PATIENCE, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(Problem::stopping()),
        Err(_) => Err(Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "this is not durable yet; send the same again to learn what became of it",
        )),
    }
}

pub(super) fn signed(headers: &HeaderMap, body: &Bytes) -> Answer<Envelope> {
    json_only(headers, "the signed document")?;
    Envelope::from_json(body).map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))
}

/// The media type of a body, without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}

fn json_only(headers: &HeaderMap, what: &str) -> Answer<()> {
    let kind = media_type(headers);
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    let detail = format!("send {what} as `content-type: application/json`");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}
