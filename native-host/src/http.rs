//! HTTP on a heavy node: the API, the events, the metrics and the page.
//!
//! Every error is a problem document (RFC 9457). Responses carry a Content-Security-Policy that lets a page load from nowhere but this
//! host and connect to nothing but the heavy nodes that it knows. A request under a `Host` that is neither an IP address, nor localhost, nor
//! allowed by the operator is refused: so a web page that rebinds its name to this machine gets nothing.
//!
//! # Bounds
//! [`CONNECTIONS_MAX`] connections, [`events::CLIENTS_MAX`] listeners to events, bodies of [`BODY_BYTES_MAX`], proposals that wait
//! for their commit [`PROPOSALS_MAX`].

mod api;
mod capped;
mod events;
mod guard;
mod metrics;
mod page;
mod problem;

pub(crate) use events::Hub;

use crate::{drive::Handle, stop::told};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue},
    middleware::{from_fn_with_state, map_response},
    routing::get,
};
use capped::Capped;
use codec::{ContentId, Instant};
use keys::Envelope;
use node::{ComputationView, HeavyNode, heavy::COMPUTATIONS_MAX};
use prometheus_client::metrics::histogram::Histogram;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};

/// Most open connections.
const CONNECTIONS_MAX: usize = 4_096;
/// Longest body of a request: a signed proposal, with room for an envelope's JSON.
const BODY_BYTES_MAX: usize = Envelope::BYTES_MAX;
/// Most proposals that wait for their commit.
const PROPOSALS_MAX: usize = 256;

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
    proposals: Mutex<HashMap<u64, Proposed>>,
    tokens: AtomicU64,
}

/// Where the answer to a proposal goes.
type Proposed = oneshot::Sender<Result<ContentId, String>>;

impl Public {
    pub(crate) fn new(descriptor: Envelope, addresses: Vec<String>) -> Self {
        Self {
            descriptor: RwLock::new(descriptor),
            addresses: RwLock::new(addresses),
            hub: Hub::new(),
            views: RwLock::default(),
            proposals: Mutex::default(),
            tokens: AtomicU64::new(1),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Proposed>> {
        self.proposals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place to wait for the answer to a proposal; `None` where too many wait.
    fn expect_answer(&self) -> Option<(u64, oneshot::Receiver<Result<ContentId, String>>)> {
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting();
        waiting.retain(|_, sender| !sender.is_closed());
        if waiting.len() >= PROPOSALS_MAX {
            return None;
        }
        waiting.insert(token, sender);
        Some((token, receiver))
    }

    /// Passes the node's answer on.
    pub(crate) fn answer(&self, token: u64, result: Result<ContentId, String>) {
        if let Some(sender) = self.waiting().remove(&token) {
            // Who asked may have gone.
            let _ = sender.send(result);
        }
    }

    /// Keeps a computation's view; those that the node no longer has make room.
    pub(crate) fn keep_view(&self, node: &HeavyNode, view: Arc<ComputationView>) {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.insert(view.id, view);
        if views.len() > COMPUTATIONS_MAX {
            let kept: HashSet<ContentId> = node.computations().into_iter().collect();
            views.retain(|id, _| kept.contains(id));
        }
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
    pub(crate) commits: Histogram,
    pub(crate) page: Option<PathBuf>,
    pub(crate) allow_hosts: Vec<String>,
    pub(crate) allow_origins: Vec<String>,
    pub(crate) started: Instant,
    pub(crate) stop: watch::Receiver<bool>,
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

/// Serves until the node stops.
pub(crate) async fn serve(listener: TcpListener, site: Site) -> io::Result<()> {
    let mut stop = site.stop.clone();
    let app = router(site);
    axum::serve(Capped::new(listener, CONNECTIONS_MAX), app)
        .with_graceful_shutdown(async move { told(&mut stop).await })
        .await
}

fn router(site: Site) -> Router {
    let api = Router::new()
        .route("/node", get(api::node))
        .route("/network", get(api::network))
        .route("/status", get(api::status))
        .route("/computations", get(api::computations).post(api::propose))
        .route("/computations/{id}", get(api::computation))
        .route("/computations/{id}/documents", get(api::documents))
        .route("/events", get(events::events))
        .fallback(problem::not_found);
    Router::new()
        .nest("/api/v1", api)
        .route("/healthz", get(api::healthz))
        .route("/metrics", get(metrics::metrics))
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
