//! Server-sent events: `computation` with a computation's view, `peers` with the node's.
//!
//! A client that reads too slowly misses nothing silently: its stream ends, it connects again, and reads the present state first.

use super::{Site, problem::Problem};
use crate::stop::told;
use axum::{
    extract::State,
    http::StatusCode,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, stream};
use node::HeavyNode;
use std::{
    convert::Infallible,
    sync::{Arc, LazyLock},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};

/// Most clients that listen at once.
pub(super) const CLIENTS_MAX: usize = 1_024;
/// Events that a slow client may be behind.
const BEHIND_MAX: usize = 256;

static CLIENTS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(CLIENTS_MAX)));

/// Where a node's events go out to those who listen.
pub(crate) struct Hub {
    computations: broadcast::Sender<Arc<str>>,
    peers: watch::Sender<u64>,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self { computations: broadcast::channel(BEHIND_MAX).0, peers: watch::channel(0).0 }
    }

    /// Whether anybody listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.computations.receiver_count() > 0
    }

    /// Tells of a computation, as JSON.
    pub(crate) fn computation(&self, view: &str) {
        // Without a listener there is nobody to tell.
        let _ = self.computations.send(view.into());
    }

    /// Tells that the peers have changed; who listens looks when they get to it.
    pub(crate) fn peers(&self) {
        self.peers.send_modify(|changes| *changes += 1);
    }
}

struct Listening {
    site: Site,
    computations: broadcast::Receiver<Arc<str>>,
    peers: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn events(
    State(site): State<Site>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let place = Arc::clone(&CLIENTS).try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many clients listen to events; try again later")
    })?;
    let mut peers = site.public.hub.peers.subscribe();
    // The state at hand comes first.
    peers.mark_changed();
    let listening = Listening {
        computations: site.public.hub.computations.subscribe(),
        peers,
        stop: site.stop.clone(),
        site,
        _place: place,
    };
    let events = stream::unfold(listening, |mut listening| async {
        let event = listening.next().await?;
        Some((Ok(event), listening))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

impl Listening {
    async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            () = told(&mut self.stop) => None,
            changed = self.peers.changed() => {
                changed.ok()?;
                let view = self.site.node.look(HeavyNode::view).await.ok()?;
                Event::default().event("peers").json_data(view).ok()
            }
            view = self.computations.recv() => Some(Event::default().event("computation").data(view.ok()?)),
        }
    }
}
