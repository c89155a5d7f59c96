//! `/api/v1/rankings` and `/api/v1/holders`: π of graphs whose parts light nodes hold.

use super::{
    Asker, Site,
    api::{Answer, id, look},
    blobs,
    problem::Problem,
    propose::{commit, too_many},
    uploads,
};
use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::{Path, Query, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use codec::ContentId;
use futures::stream;
use node::{HeavyInput, HeavyNode};
use rank::{Alpha, Epsilon, ROUNDS_MAX, SLICE_NODES};
use serde_json::{Value, json};
use shards::{
    GraphFile, Order, PATIENCE_MS_MAX, RankingView, SHARDS_MAX, Written,
    coordinator::{OPEN_MAX, SubmitError, slice_key},
};
use std::{io, time::Duration};
use tokio::sync::Semaphore;

/// Into how many parts a graph is cut, where nobody says.
const SHARDS: u32 = 4;
/// How long a ranking may take, where nobody says.
const PATIENCE: Duration = Duration::from_secs(3_600);

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "this heavy node knows no such ranking")
}

pub(super) async fn list(State(site): State<Site>) -> Answer<Json<Value>> {
    let rankings = look(&site, HeavyNode::rankings).await?;
    Ok(Json(json!({ "rankings": rankings })))
}

async fn view(site: &Site, id: ContentId) -> Answer<RankingView> {
    look(site, move |node| node.ranking(id)).await?.ok_or_else(unknown)
}

pub(super) async fn ranking(State(site): State<Site>, Path(text): Path<String>) -> Answer<Json<RankingView>> {
    view(&site, id(&text)?).await.map(Json)
}

pub(super) async fn holders(State(site): State<Site>) -> Answer<Json<Value>> {
    let holders = look(&site, HeavyNode::holders).await?;
    let holders = holders.into_iter().map(|(node, device)| json!({ "node": node, "device": device }));
    Ok(Json(holders.collect()))
}

/// π: eight bytes a node, little-endian, in the order of ids.
pub(super) async fn pi(State(site): State<Site>, Path(text): Path<String>) -> Answer<Response> {
    let id = id(&text)?;
    let view = view(&site, id).await?;
    let Some(result) = view.result else {
        return Err(Problem::new(StatusCode::NOT_FOUND, format!("there is no π: {}", view.words)));
    };
    let slices = u64::from(result.graph.nodes).div_ceil(SLICE_NODES as u64) as u32;
    let (store, bytes) = (site.store.clone(), view.pi_bytes);
    if bytes == 0 && result.graph.nodes > 0 {
        let detail = "π is no longer kept here; its digest still is: have the graph ranked again";
        return Err(Problem::new(StatusCode::GONE, detail));
    }
    let slices = stream::unfold(0..slices, move |mut left| {
        let store = store.clone();
        async move {
            let at = left.next()?;
            let read = tokio::task::spawn_blocking(move || store.get_now(&[slice_key(id, at)])).await;
            let slice = read.ok().and_then(Result::ok).and_then(|mut values| values.pop().flatten());
            Some((slice.map(Bytes::from).ok_or_else(|| io::Error::other("a slice is gone")), left))
        }
    });
    let kind = HeaderValue::from_static("application/octet-stream");
    let saved = HeaderValue::from_static("attachment");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, saved),
        (header::CONTENT_LENGTH, bytes.into()),
    ];
    Ok((headers, Body::from_stream(slices)).into_response())
}

/// Graphs in memory until they are durable: no more than may be open, however small the requests that name them.
static GRAPHS: Semaphore = Semaphore::const_new(OPEN_MAX);

/// How a graph is to be ranked.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    name: Option<String>,
    format: Option<Written>,
    alpha: Option<String>,
    eps: Option<String>,
    rounds: Option<u32>,
    nodes: Option<u32>,
    ignore_weights: Option<bool>,
    shards: Option<u32>,
    alone: Option<bool>,
    patience_s: Option<u64>,
    graph: Option<String>,
}

impl Wanted {
    fn order(&self) -> Answer<Order> {
        let wrong = |field: &str, text: &str, why: &dyn std::fmt::Display| {
            Problem::new(StatusCode::BAD_REQUEST, format!("`{field}`: `{text:.80}` {why}"))
        };
        let (alpha, eps) = (self.alpha.as_deref().unwrap_or("0.85"), self.eps.as_deref().unwrap_or("1e-6"));
        let alpha = Alpha::from_decimal(alpha).map_err(|error| wrong("alpha", alpha, &error))?;
        let epsilon = Epsilon::from_decimal(eps).map_err(|error| wrong("eps", eps, &error))?;
        Ok(Order {
            name: self.name.clone().unwrap_or_else(|| "a graph".into()),
            written: self.format.unwrap_or(Written::EdgeList),
            alpha: alpha.parts(),
            epsilon: epsilon.units(),
            rounds_max: self.rounds.unwrap_or(ROUNDS_MAX),
            nodes: self.nodes.unwrap_or(0),
            ignore_weights: self.ignore_weights.unwrap_or(false),
            shards: self.shards.unwrap_or(SHARDS.min(SHARDS_MAX)),
            alone: self.alone.unwrap_or(false),
            patience_ms: self.patience_s.map_or_else(
                || PATIENCE.as_millis() as u64,
                |seconds| seconds.saturating_mul(1_000).min(PATIENCE_MS_MAX + 1),
            ),
        })
    }
}

/// Names and copies a graph's file where nobody waits for it. The `place` in memory is taken until that is done, though who asked has gone away.
async fn named<P: Send + 'static>(
    place: P,
    file: impl AsRef<[u8]> + Send + 'static,
) -> Answer<(P, GraphFile)> {
    let make = move || (place, GraphFile::of(file.as_ref()));
    tokio::task::spawn_blocking(make).await.map_err(|_| {
        let detail = "the graph's file was not read to its end: this heavy node is stopping; try another";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })
}

/// The graph's file as the body, or a blob that is here already.
pub(super) async fn submit(
    State(site): State<Site>,
    Extension(asker): Extension<Asker>,
    Query(wanted): Query<Wanted>,
    request: Request,
) -> Answer<Response> {
    let order = wanted.order()?;
    // Before anything of the graph is in memory for it.
    order.check().map_err(|error| refused(SubmitError::Order(error)))?;
    let upload = uploads::read(request, asker).await?;
    let place = GRAPHS.try_acquire().map_err(|_| too_many())?;
    let (_place, graph) = match &wanted.graph {
        None => named(place, upload).await?,
        Some(_) if !upload.bytes.is_empty() => {
            let detail = "`graph` names a blob, so send no body";
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
        Some(blob) => {
            let gone = || {
                let detail =
                    "`graph`: this heavy node does not have these bytes; put them to /api/v1/blobs first";
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            };
            let file = blobs::whole(&site, id(blob)?).await?.ok_or_else(gone)?;
            named(place, file).await?
        }
    };
    let from = Some(asker.0);
    let input = |token| HeavyInput::Rank { token, from, order, graph };
    let id = commit(&site, &site.public.rankings, input).await?.map_err(refused)?;
    let location = format!("/api/v1/rankings/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(json!({ "id": id }))).into_response())
}

fn refused(error: SubmitError) -> Problem {
    let status = match error {
        SubmitError::FullForYou => StatusCode::TOO_MANY_REQUESTS,
        SubmitError::Full => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let problem = Problem::new(status, error.to_string());
    if status == StatusCode::UNPROCESSABLE_ENTITY { problem } else { problem.again_after(10_000) }
}
