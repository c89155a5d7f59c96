//! Server-sent events: `computation` with a computation's view, `job` with a job's, `peers` with the node's.
//!
//! A client that reads too slowly misses nothing silently: its stream ends, it connects again, and reads the present state first. Of a job that
//! changes often it gets the latest state, not each. Who asks for one job gets that job's events alone, its present state first.

use super::{
    Asker, Site,
    api::{id, look},
    places::{Place, Places},
    problem::Problem,
};
use crate::{drive::Handle, stop::told};
use axum::{
    Extension,
    extract::{Query, State},
    http::StatusCode,
    response::sse::{Event, KeepAlive, Sse},
};
use codec::ContentId;
use futures::{Stream, future::Either, stream};
use node::HeavyNode;
use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{Arc, LazyLock, Mutex, PoisonError},
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

/// Between two looks at jobs: thousands may change in a second.
const JOBS_EVERY: Duration = Duration::from_millis(100);
/// Most jobs of one look.
const JOBS_AT_ONCE: usize = 100;
/// Most jobs that have changed and were not told of yet; beyond, every stream that would be told of them ends.
const JOBS_CHANGED_MAX: usize = 20_000;

static CLIENTS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(CLIENTS_MAX)));
static PLACES: LazyLock<Arc<Places>> = LazyLock::new(|| Places::new(CLIENTS_EACH_MAX));

/// Where a node's events go out to those who listen.
pub(crate) struct Hub {
    computations: broadcast::Sender<Arc<str>>,
    /// Views of jobs; `None` where too many changed to tell of each.
    jobs: broadcast::Sender<Option<Arc<str>>>,
    /// Jobs that have changed since the last look.
    changed_jobs: Mutex<BTreeSet<ContentId>>,
    /// Counts changes of jobs.
    job_changes: watch::Sender<u64>,
    /// Counts changes of the peers.
    changes: watch::Sender<u64>,
    /// The node's view as JSON, made once for all who listen.
    peers: watch::Sender<Arc<str>>,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            computations: broadcast::channel(BEHIND_MAX).0,
            jobs: broadcast::channel(BEHIND_MAX).0,
            changed_jobs: Mutex::default(),
            job_changes: watch::channel(0).0,
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

    /// Passes views of jobs on after they changed, until the node stops.
    pub(crate) async fn tell_jobs(&self, node: Handle<HeavyNode>) {
        let mut changes = self.job_changes.subscribe();
        loop {
            let some = self.take_changed_jobs();
            if some.is_empty() {
                if changes.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let views = node.look(move |node| {
                let views = some.into_iter().filter_map(|id| node.job(id));
                views.filter_map(|view| serde_json::to_string(&view).ok()).collect::<Vec<_>>()
            });
            let Ok(views) = views.await else { return };
            for view in views {
                // Without a listener there is nobody to tell.
                let _ = self.jobs.send(Some(view.into()));
            }
            time::sleep(JOBS_EVERY).await;
        }
    }

    fn take_changed_jobs(&self) -> Vec<ContentId> {
        let mut changed = self.changed_jobs.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| changed.pop_first()).take(JOBS_AT_ONCE).collect()
    }

    /// Takes note that a job has changed.
    pub(crate) fn job_changed(&self, id: ContentId) {
        if self.jobs.receiver_count() > 0 {
            let mut changed = self.changed_jobs.lock().unwrap_or_else(PoisonError::into_inner);
            changed.insert(id);
            if changed.len() > JOBS_CHANGED_MAX {
                changed.clear();
                // Those who listen connect again.
                let _ = self.jobs.send(None);
            }
        }
        self.job_changes.send_modify(|changes| *changes += 1);
    }

    /// Takes note that the peers have changed.
    pub(crate) fn peers_changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }
}

struct Listening {
    computations: broadcast::Receiver<Arc<str>>,
    jobs: broadcast::Receiver<Option<Arc<str>>>,
    peers: watch::Receiver<Arc<str>>,
    stop: watch::Receiver<bool>,
    _seat: Seat,
}

/// Who listens to one job.
struct Following {
    id: ContentId,
    site: Site,
    changes: watch::Receiver<u64>,
    /// What was told last.
    last: String,
    stop: watch::Receiver<bool>,
    _seat: Seat,
}

/// A place among those who listen.
struct Seat {
    _room: OwnedSemaphorePermit,
    _place: Place,
}

/// What is listened to.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Wanted {
    /// This job alone.
    job: Option<String>,
}

pub(super) async fn events(
    State(site): State<Site>,
    Extension(Asker(ip)): Extension<Asker>,
    Query(wanted): Query<Wanted>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let job = wanted.job.as_deref().map(id).transpose()?;
    let full = || {
        let detail = "too many clients listen to events; try again later";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).again_after(10_000)
    };
    let place = PLACES.take(ip).ok_or_else(full)?;
    let room = Arc::clone(&CLIENTS).try_acquire_owned().map_err(|_| full())?;
    let seat = Seat { _room: room, _place: place };
    let (hub, stop) = (&site.public.hub, site.stop.clone());
    let events = if let Some(id) = job {
        let mut changes = hub.job_changes.subscribe();
        // The state at hand comes first.
        changes.mark_changed();
        look(&site, move |node| node.job(id)).await?.ok_or_else(super::jobs::unknown)?;
        let following = Following { id, site: site.clone(), changes, last: String::new(), stop, _seat: seat };
        let next = |mut following: Following| async {
            let event = following.next().await?;
            Some((Ok(event), following))
        };
        Either::Left(stream::unfold(following, next))
    } else {
        let mut peers = hub.peers.subscribe();
        peers.mark_changed();
        let (computations, jobs) = (hub.computations.subscribe(), hub.jobs.subscribe());
        let listening = Listening { computations, jobs, peers, stop, _seat: seat };
        let next = |mut listening: Listening| async {
            let event = listening.next().await?;
            Some((Ok(event), listening))
        };
        Either::Right(stream::unfold(listening, next))
    };
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

impl Following {
    /// The job's next state; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                () = told(&mut self.stop) => return None,
                changed = self.changes.changed() => changed.ok()?,
            }
            let id = self.id;
            // A job that is forgotten has no further state.
            let view = look(&self.site, move |node| node.job(id)).await.ok()??;
            let view = serde_json::to_string(&view).ok()?;
            if view != self.last {
                self.last.clone_from(&view);
                return Some(Event::default().event("job").data(view));
            }
            time::sleep(JOBS_EVERY).await;
        }
    }
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
            view = self.jobs.recv() => Some(Event::default().event("job").data(view.ok()??)),
            view = self.computations.recv() => Some(Event::default().event("computation").data(view.ok()?)),
        }
    }
}
