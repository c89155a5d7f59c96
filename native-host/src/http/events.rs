//! Server-sent events: `computation` with a computation's view, `peers` with the node's.
//!
//! A client that reads too slowly misses nothing silently: its stream ends, it connects again, and reads the present state first.

use super::{
    Asker, Site,
    places::{Place, Places},
    problem::Problem,
};
use crate::{drive::Handle, stop::told};
use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, stream};
use node::HeavyNode;
use std::{
    convert::Infallible,
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch},
    time,
};

/// Most clients that listen at once.
pub(super) const CLIENTS_MAX: usize = 1_024;
/// Most clients of one network that listen at once.
pub(super) const CLIENTS_EACH_MAX: usize = 64;
/// Events that a slow client may be behind.
const BEHIND_MAX: usize = 256;
/// Between two views of the peers: thousands may come and go in a second.
const PEERS_EVERY: Duration = Duration::from_millis(200);

static CLIENTS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(CLIENTS_MAX)));
static PLACES: LazyLock<Arc<Places>> = LazyLock::new(|| Places::new(CLIENTS_EACH_MAX));

/// Where a node's events go out to those who listen.
pub(crate) struct Hub {
    computations: broadcast::Sender<Arc<str>>,
    /// Counts changes of the peers.
    changes: watch::Sender<u64>,
    /// The node's view as JSON, made once for all who listen.
    peers: watch::Sender<Arc<str>>,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            computations: broadcast::channel(BEHIND_MAX).0,
            changes: watch::channel(0).0,
            peers: watch::channel("{}".into()).0,
        }
    }

    /// Passes the node's view on after changes of its peers, until the node stops.
    pub(crate) async fn tell_peers(&self, node: Handle<HeavyNode>) {
        let mut changes = self.changes.subscribe();
        while let Ok(view) = node.look(HeavyNode::view).await {
            if let Ok(view) = serde_json::to_string(&view) {
                self.peers.send_replace(view.into());
            }
            time::sleep(PEERS_EVERY).await;
            if changes.changed().await.is_err() {
                return;
            }
        }
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

    /// Takes note that the peers have changed.
    pub(crate) fn peers_changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }
}

struct Listening {
    computations: broadcast::Receiver<Arc<str>>,
    peers: watch::Receiver<Arc<str>>,
    stop: watch::Receiver<bool>,
    _room: OwnedSemaphorePermit,
    _place: Place,
}

pub(super) async fn events(
    State(site): State<Site>,
    Extension(Asker(ip)): Extension<Asker>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let full = || {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many clients listen to events; try again later")
    };
    let place = PLACES.take(ip).ok_or_else(full)?;
    let room = Arc::clone(&CLIENTS).try_acquire_owned().map_err(|_| full())?;
    let mut peers = site.public.hub.peers.subscribe();
    // The state at hand comes first.
    peers.mark_changed();
    let listening = Listening {
        computations: site.public.hub.computations.subscribe(),
        peers,
        stop: site.stop.clone(),
        _room: room,
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
                let view = Arc::clone(&self.peers.borrow_and_update());
                Some(Event::default().event("peers").data(view))
            }
            view = self.computations.recv() => Some(Event::default().event("computation").data(view.ok()?)),
        }
    }
}
