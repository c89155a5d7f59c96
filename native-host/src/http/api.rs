//! `/api/v1`: the node, its network, and computations.

use super::{Site, problem::Problem};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use codec::ContentId;
use keys::Envelope;
use node::{ComputationView, HeavyInput, HeavyNode};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a proposal waits for its commit.
const COMMIT_PATIENCE: Duration = Duration::from_secs(15);

type Answer<T> = Result<T, Problem>;

/// Asks the node.
async fn look<R: Send + 'static>(
    site: &Site,
    look: impl FnOnce(&HeavyNode) -> R + Send + 'static,
) -> Answer<R> {
    site.node.look(look).await.map_err(|_| Problem::stopping())
}

pub(super) async fn node(State(site): State<Site>) -> Json<Envelope> {
    Json(site.public.descriptor())
}

pub(super) async fn network(State(site): State<Site>) -> Answer<Json<Value>> {
    let mut heavy = vec![site.public.descriptor()];
    heavy.extend(look(&site, HeavyNode::fellows).await?);
    Ok(Json(json!({ "heavy": heavy })))
}

pub(super) async fn status(State(site): State<Site>) -> Answer<Json<Value>> {
    let view = look(&site, HeavyNode::view).await?;
    let mut status = serde_json::to_value(view).unwrap_or_default();
    if let Value::Object(fields) = &mut status {
        fields.insert("version".into(), env!("CARGO_PKG_VERSION").into());
        fields.insert("addresses".into(), site.public.addresses().into());
        fields.insert("started".into(), json!(site.started));
        fields.insert("computations".into(), site.public.views().len().into());
    }
    Ok(Json(status))
}

pub(super) async fn healthz(State(site): State<Site>) -> Answer<Json<Value>> {
    match look(&site, |node| node.view().storage_error).await? {
        None => Ok(Json(json!({ "status": "ok" }))),
        Some(error) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, error)),
    }
}

pub(super) async fn computations(State(site): State<Site>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], site.public.list()).into_response()
}

fn id(text: &str) -> Answer<ContentId> {
    text.parse().map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("`{text:.80}`: {error}")))
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "this heavy node knows no such computation")
}

pub(super) async fn computation(
    State(site): State<Site>,
    Path(text): Path<String>,
) -> Answer<Json<ComputationView>> {
    let view = site.public.view(id(&text)?).ok_or_else(unknown)?;
    Ok(Json(view.as_ref().clone()))
}

pub(super) async fn documents(State(site): State<Site>, Path(text): Path<String>) -> Answer<Json<Value>> {
    let id = id(&text)?;
    let found = look(&site, move |node| (node.documents(id), node.evidence(id))).await?;
    let (Some((proposal, end)), evidence) = found else { return Err(unknown()) };
    let mut documents = json!({ "proposal": proposal, "end": end });
    if let Some(evidence) = evidence {
        documents["evidence"] = json!(evidence);
    }
    Ok(Json(documents))
}

pub(super) async fn propose(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> Answer<Response> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json")) {
        let detail = "send the signed proposal as `content-type: application/json`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let envelope = Envelope::from_json(&body)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let (token, answer) = site.public.expect_answer().ok_or_else(|| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many proposals at once; try again soon")
    })?;
    site.node.input(HeavyInput::Propose { token, envelope }).await.map_err(|_| Problem::stopping())?;
    match tokio::time::timeout(COMMIT_PATIENCE, answer).await {
        Ok(Ok(Ok(id))) => {
            let location = format!("/api/v1/computations/{id}");
            Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(json!({ "id": id })))
                .into_response())
        }
        Ok(Ok(Err(why))) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why)),
        Ok(Err(_)) => Err(Problem::stopping()),
        Err(_) => Err(Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "the proposal is not durable yet; send the same document again to learn what became of it",
        )),
    }
}
