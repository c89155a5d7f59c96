//! `/api/v1`: the node, its network, and what became of computations.

use super::{Site, problem::Problem};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use codec::ContentId;
use keys::Envelope;
use node::{ComputationView, HeavyNode};
use serde_json::{Value, json};

pub(super) type Answer<T> = Result<T, Problem>;

/// Asks the node.
pub(super) async fn look<R: Send + 'static>(
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
        fields.insert("reach".into(), reach(&site));
        fields.insert("started".into(), json!(site.started));
        fields.insert("computations".into(), site.public.views().len().into());
    }
    Ok(Json(status))
}

/// Whether the node is reached from outside, and at which of the addresses that it gives out. Of others, as its router's, outsiders learn nothing here.
fn reach(site: &Site) -> Value {
    let given = site.public.addresses();
    let checked = site.checked.borrow();
    let addresses: Vec<_> = checked.addresses().filter(|checked| given.contains(&checked.address)).collect();
    json!({ "reached": checked.anywhere(), "addresses": addresses })
}

pub(super) async fn healthz(State(site): State<Site>) -> Answer<Json<Value>> {
    match look(&site, |node| node.view().storage_error).await? {
        None => Ok(Json(json!({ "status": "ok" }))),
        Some(error) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, error)),
    }
}

pub(super) fn id(text: &str) -> Answer<ContentId> {
    text.parse().map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("`{text:.80}`: {error}")))
}

pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "this heavy node knows no such computation")
}

pub(super) async fn computation(
    State(site): State<Site>,
    Path(text): Path<String>,
) -> Answer<Json<ComputationView>> {
    let view = site.public.view(id(&text)?).ok_or_else(unknown)?;
    Ok(Json(view.as_ref().clone()))
}

/// The signed documents of a computation: proposal, end, evidence.
async fn signed(site: &Site, text: &str) -> Answer<(Envelope, Option<Envelope>, Option<Envelope>)> {
    let id = id(text)?;
    let found =
        look(site, move |node| node.documents(id).map(|(proposal, end)| (proposal, end, node.evidence(id))));
    found.await?.ok_or_else(unknown)
}

pub(super) async fn documents(State(site): State<Site>, Path(text): Path<String>) -> Answer<Json<Value>> {
    let (proposal, end, evidence) = signed(&site, &text).await?;
    Ok(Json(json!({ "proposal": proposal, "end": end, "evidence": evidence })))
}

pub(super) async fn proposal(State(site): State<Site>, Path(text): Path<String>) -> Answer<Json<Envelope>> {
    Ok(Json(signed(&site, &text).await?.0))
}

pub(super) async fn end(State(site): State<Site>, Path(text): Path<String>) -> Answer<Json<Envelope>> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "the computation has not ended here");
    signed(&site, &text).await?.1.map(Json).ok_or_else(none)
}

pub(super) async fn evidence(State(site): State<Site>, Path(text): Path<String>) -> Answer<Json<Envelope>> {
    let none = || {
        Problem::new(StatusCode::NOT_FOUND, "this heavy node has found no other lying in this computation")
    };
    signed(&site, &text).await?.2.map(Json).ok_or_else(none)
}
