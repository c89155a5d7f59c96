//! HTTP on a heavy node: the API, the events, the metrics and the page.
//!
//! Every error is a problem document (RFC 9457). Responses carry a Content-Security-Policy that lets a page load from nowhere but this
//! host and connect to nothing but the heavy nodes that it knows. A request under a `Host` that is neither an IP address, nor localhost, nor
//! allowed by the operator is refused: so a web page that rebinds its name to this machine gets nothing.
//!
//! # Bounds
//! [`CONNECTIONS_MAX`] connections, of one network [`CONNECTIONS_EACH_MAX`]; [`events::CLIENTS_MAX`] listeners to events, of one network
//! [`events::CLIENTS_EACH_MAX`]; bodies of [`BODY_BYTES_MAX`], and of jobs and blobs [`uploads::BYTES_MAX`], of which
//! [`uploads::AT_ONCE_MAX`] are read at a time; proposals that wait for their commit [`PROPOSALS_MAX`], jobs [`SUBMISSIONS_MAX`]. A request's head comes
//! within [`HEAD_PATIENCE`], and what is sent is taken within [`capped::TAKEN_WITHIN`]. This machine's own addresses, and so a proxy on
//! it, have no share of their own.

mod api;
mod blobs;
mod capped;
mod events;
mod guard;
mod jobs;
mod list;
mod metrics;
mod openapi;
mod page;
mod places;
mod problem;
mod propose;
mod rankings;
mod uploads;
mod waiters;

pub(crate) use events::Hub;
pub(crate) use propose::outline;

use crate::{disk::RedbStore, drive::Handle, stop::told, swarm::Reached};
use ::jobs::{
    blobs::{BlobError, Progress},
    cancel::CancellationError,
    scheduler::{SubmitError, Taken},
};
use axum::{
    Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue},
    middleware::{from_fn_with_state, map_response},
    routing::{MethodRouter, any, get, post},
    serve::Listener,
};
use capped::Capped;
use codec::{ContentId, Instant};
use hyper::{Request, body::Incoming};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use keys::Envelope;
use node::{ComputationView, HeavyNode, heavy::COMPUTATIONS_MAX};
use prometheus_client::metrics::histogram::Histogram;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    net::IpAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};
use tower::ServiceExt;
use waiters::Waiters;

/// Most open connections.
const CONNECTIONS_MAX: usize = 4_096;
/// Most open connections of one network.
const CONNECTIONS_EACH_MAX: usize = 256;
/// How long a request's head may take to come, and a connection to stand unused.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);
/// Longest body of a request: a signed proposal, with room for an envelope's JSON.
const BODY_BYTES_MAX: usize = Envelope::BYTES_MAX;
/// Most proposals that wait for their commit; cancellations and parts of blobs as well.
const PROPOSALS_MAX: usize = 256;
/// Most jobs that wait for their commit.
const SUBMISSIONS_MAX: usize = 16 * jobs::BATCH_MAX;

/// What a heavy node shows to everybody, kept by its task and read by HTTP.
pub(crate) struct Public {
    /// What it says of itself, signed.
    pub(crate) descriptor: RwLock<Envelope>,
    /// Where it is reached, as multiaddrs.
    pub(crate) addresses: RwLock<Vec<String>>,
    /// What happens.
    pub(crate) hub: Hub,
    /// The computations as they stand, durable. Making a view checks signatures; reading it here does not.
    views: RwLock<BTreeMap<ContentId, Arc<ComputationView>>>,
    /// All of them as JSON, made once for all who ask until one changes.
    listed: Mutex<Option<Bytes>>,
    tokens: AtomicU64,
    proposals: Waiters<Result<ContentId, String>>,
    submissions: Waiters<Result<Taken, SubmitError>>,
    cancellations: Waiters<Result<ContentId, CancellationError>>,
    puts: Waiters<Result<Progress, BlobError>>,
    rankings: Waiters<Result<ContentId, shards::coordinator::SubmitError>>,
}

impl Public {
    pub(crate) fn new(descriptor: Envelope, addresses: Vec<String>) -> Self {
        Self {
            descriptor: RwLock::new(descriptor),
            addresses: RwLock::new(addresses),
            hub: Hub::new(),
            views: RwLock::default(),
            listed: Mutex::default(),
            tokens: AtomicU64::new(1),
            proposals: Waiters::new(PROPOSALS_MAX),
            submissions: Waiters::new(SUBMISSIONS_MAX),
            cancellations: Waiters::new(PROPOSALS_MAX),
            puts: Waiters::new(PROPOSALS_MAX),
            rankings: Waiters::new(PROPOSALS_MAX),
        }
    }

    fn token(&self) -> u64 {
        self.tokens.fetch_add(1, Ordering::Relaxed)
    }

    /// Passes the node's answer to a proposal or its cancellation on.
    pub(crate) fn proposed(&self, token: u64, result: Result<ContentId, String>) {
        self.proposals.answer(token, result);
    }

    /// Passes the node's answer to a job on.
    pub(crate) fn submitted(&self, token: u64, result: Result<Taken, SubmitError>) {
        self.submissions.answer(token, result);
    }

    /// Passes the node's answer to a job's cancellation on.
    pub(crate) fn job_cancelled(&self, token: u64, result: Result<ContentId, CancellationError>) {
        self.cancellations.answer(token, result);
    }

    /// Passes the node's answer to bytes of a blob on.
    pub(crate) fn blob_put(&self, token: u64, result: Result<Progress, BlobError>) {
        self.puts.answer(token, result);
    }

    /// Passes the node's answer to a ranking on.
    pub(crate) fn ranked(&self, token: u64, result: Result<ContentId, shards::coordinator::SubmitError>) {
        self.rankings.answer(token, result);
    }

    /// Keeps a computation's view; those that the node no longer has make room.
    pub(crate) fn keep_view(&self, node: &HeavyNode, view: Arc<ComputationView>) {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.insert(view.id, view);
        if views.len() > COMPUTATIONS_MAX {
            let kept: HashSet<ContentId> = node.computations().into_iter().collect();
            views.retain(|id, _| kept.contains(id));
        }
        drop(views);
        // After the change: a list that was made from the views before is dropped here.
        *self.listed() = None;
    }

    fn listed(&self) -> MutexGuard<'_, Option<Bytes>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All computations as JSON, the latest deadline first. Who asks meanwhile waits and gets the same bytes.
    fn list(&self) -> Bytes {
        let make = || {
            let views = self.views();
            let views: Vec<&ComputationView> = views.iter().map(Arc::as_ref).collect();
            serde_json::to_vec(&views).expect("views always serialise").into()
        };
        self.listed().get_or_insert_with(make).clone()
    }

    /// A computation as it stands.
    fn view(&self, id: ContentId) -> Option<Arc<ComputationView>> {
        self.views.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// All computations, the latest deadline first.
    fn views(&self) -> Vec<Arc<ComputationView>> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        let mut views: Vec<_> = views.values().cloned().collect();
        views.sort_by_key(|view| (Reverse(view.proposal.deadline), view.id));
        views
    }

    pub(crate) fn descriptor(&self) -> Envelope {
        self.descriptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        self.addresses.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces what the node says of itself.
    pub(crate) fn describe(&self, descriptor: Envelope, addresses: Vec<String>) {
        *self.descriptor.write().unwrap_or_else(PoisonError::into_inner) = descriptor;
        *self.addresses.write().unwrap_or_else(PoisonError::into_inner) = addresses;
    }
}

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Site(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) public: Arc<Public>,
    pub(crate) node: Handle<HeavyNode>,
    pub(crate) store: RedbStore,
    pub(crate) commits: Histogram,
    pub(crate) page: Option<PathBuf>,
    pub(crate) allow_hosts: Vec<String>,
    pub(crate) allow_origins: Vec<String>,
    pub(crate) started: Instant,
    pub(crate) stop: watch::Receiver<bool>,
    /// Whether the node is reached from outside.
    pub(crate) checked: watch::Receiver<Reached>,
}

impl std::ops::Deref for Site {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Site {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
struct Asker(IpAddr);

/// Serves until the node stops and its clients have their answers.
pub(crate) async fn serve(listener: TcpListener, site: Site) {
    let mut stop = site.stop.clone();
    let app = router(site);
    let mut listener = Capped::new(listener, CONNECTIONS_MAX, CONNECTIONS_EACH_MAX);
    let (under_way, mut all_ended) = mpsc::channel::<()>(1);
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told(&mut stop) => break,
        };
        let (app, mut stop, under_way) = (app.clone(), stop.clone(), under_way.clone());
        tokio::spawn(async move {
            let service = tower::service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(Asker(address.ip()));
                app.clone().oneshot(request)
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
            let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = told(&mut stop) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%address, %error, "HTTP");
            }
            drop(under_way);
        });
    }
    drop((listener, under_way));
    // Nothing is ever sent: it closes with the last connection.
    let _ = all_ended.recv().await;
}

/// What is served beside the page: path, methods, handlers. `openapi.json` describes exactly these.
fn routes() -> [(&'static str, &'static [&'static str], MethodRouter<Site>); 29] {
    [
        ("/api/openapi.json", &["get"], get(openapi::document)),
        ("/api/v1/node", &["get"], get(api::node)),
        ("/api/v1/network", &["get"], get(api::network)),
        ("/api/v1/status", &["get"], get(api::status)),
        ("/api/v1/computations", &["get", "post"], get(list::computations).post(propose::propose)),
        ("/api/v1/computations/check", &["post"], post(propose::check)),
        ("/api/v1/computations/{id}", &["get"], get(api::computation)),
        ("/api/v1/computations/{id}/proposal", &["get"], get(api::proposal)),
        ("/api/v1/computations/{id}/end", &["get"], get(api::end)),
        ("/api/v1/computations/{id}/evidence", &["get"], get(api::evidence)),
        ("/api/v1/computations/{id}/documents", &["get"], get(api::documents)),
        ("/api/v1/computations/{id}/cancel", &["post"], post(propose::cancel)),
        (
            "/api/v1/blobs/{id}",
            &["get", "head", "put"],
            get(blobs::get)
                .head(blobs::head)
                .put(blobs::put)
                .layer(DefaultBodyLimit::max(uploads::BYTES_MAX)),
        ),
        (
            "/api/v1/jobs",
            &["get", "post"],
            get(jobs::list).post(jobs::submit).layer(DefaultBodyLimit::max(uploads::BYTES_MAX)),
        ),
        ("/api/v1/jobs/{id}", &["get"], get(jobs::job)),
        ("/api/v1/jobs/{id}/manifest", &["get"], get(jobs::manifest)),
        ("/api/v1/jobs/{id}/receipts", &["get"], get(jobs::receipts)),
        ("/api/v1/jobs/{id}/stdout", &["get"], get(jobs::stdout)),
        ("/api/v1/jobs/{id}/stderr", &["get"], get(jobs::stderr)),
        ("/api/v1/jobs/{id}/why", &["get"], get(jobs::why)),
        ("/api/v1/jobs/{id}/cancel", &["post"], post(jobs::cancel)),
        ("/api/v1/workers", &["get"], get(jobs::workers)),
        (
            "/api/v1/rankings",
            &["get", "post"],
            get(rankings::list).post(rankings::submit).layer(DefaultBodyLimit::max(uploads::BYTES_MAX)),
        ),
        ("/api/v1/rankings/{id}", &["get"], get(rankings::ranking)),
        ("/api/v1/rankings/{id}/pi", &["get"], get(rankings::pi)),
        ("/api/v1/holders", &["get"], get(rankings::holders)),
        ("/api/v1/events", &["get"], get(events::events)),
        ("/healthz", &["get"], get(api::healthz)),
        ("/metrics", &["get"], get(metrics::metrics)),
    ]
}

fn router(site: Site) -> Router {
    let served =
        routes().into_iter().fold(Router::new(), |served, (path, _, handler)| served.route(path, handler));
    served
        .route("/api/{*nothing}", any(problem::not_found))
        .fallback(page::page)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(map_response(problem::in_every_error))
        .layer(from_fn_with_state(site.clone(), guard::guard))
        .with_state(site)
}

/// A header's name and fixed value.
const fn header(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}
