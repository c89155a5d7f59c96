//! Pumps a node: feeds it what happens, does what it asks, and lets the rest of the program look at it.
//!
//! The node, the swarm and the order of commits belong to one task. Others hold a [`Handle`]: they look at the node between two
//! inputs, or hand one in.

use crate::{
    clock,
    disk::RedbStore,
    stop::told,
    swarm::{Happened, Shell},
};
use codec::{ContentId, Instant};
use jobs::{Finished, RunError};
use libp2p::Multiaddr;
use node::{HeavyInput, HeavyNode, HeavyOutput, LightInput, LightNode, LightOutput, Ticket};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use std::time::Duration;
use store::{Batch, StoreError};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time,
};

/// Most questions of the rest of the program that wait for the node.
const ASKS_MAX: usize = 1_024;
/// Longest sleep: a clock that is set forward is noticed by then.
const SLEEP_MAX: Duration = Duration::from_secs(10);

/// What was read under some keys, in their order; `None` where there is nothing.
type Values = Vec<Option<Vec<u8>>>;

/// A node's machine, whichever it is.
pub(crate) trait Machine: Send + 'static {
    type Input: Send + 'static;
    type Output;

    fn handle_input(&mut self, now: Instant, input: Self::Input);
    fn handle_timeout(&mut self, now: Instant);
    fn poll_output(&mut self) -> Option<Self::Output>;
    fn poll_timeout(&self) -> Option<(Instant, &'static str)>;
    fn from_net(input: net::Input) -> Self::Input;
    fn stored(ticket: Ticket, result: Result<(), StoreError>) -> Self::Input;
    /// `None` where this node asks for no such thing.
    fn loaded(ticket: Ticket, result: Result<Values, StoreError>) -> Option<Self::Input>;
    fn ran(job: ContentId, result: Result<Box<Finished>, RunError>) -> Self::Input;
    fn sort(output: Self::Output) -> Task<Self::Output>;
}

/// What a node asks, by who does it.
pub(crate) enum Task<O> {
    Net(net::Output),
    Store(Ticket, Batch),
    Load(Ticket, Vec<Vec<u8>>),
    Notice(O),
}

macro_rules! machine {
    ($node:ty, $input:ident, $output:ident, $loaded:expr, [$($load:tt)*]) => {
        impl Machine for $node {
            type Input = $input;
            type Output = $output;

            fn handle_input(&mut self, now: Instant, input: $input) {
                <$node>::handle_input(self, now, input);
            }
            fn handle_timeout(&mut self, now: Instant) {
                <$node>::handle_timeout(self, now);
            }
            fn poll_output(&mut self) -> Option<$output> {
                <$node>::poll_output(self)
            }
            fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
                <$node>::poll_timeout(self)
            }
            fn from_net(input: net::Input) -> $input {
                $input::Net(input)
            }
            fn stored(ticket: Ticket, result: Result<(), StoreError>) -> $input {
                $input::Stored { ticket, result }
            }
            fn loaded(
                ticket: Ticket,
                result: Result<Values, StoreError>,
            ) -> Option<$input> {
                let loaded: fn(Ticket, Result<Values, StoreError>) -> Option<$input> = $loaded;
                loaded(ticket, result)
            }
            fn ran(job: ContentId, result: Result<Box<Finished>, RunError>) -> $input {
                $input::Ran { job, result }
            }
            fn sort(output: $output) -> Task<$output> {
                match output {
                    $output::Net(output) => Task::Net(output),
                    $output::Store { ticket, batch } => Task::Store(ticket, batch),
                    $($load)*
                    other => Task::Notice(other),
                }
            }
        }
    };
}

machine!(
    HeavyNode,
    HeavyInput,
    HeavyOutput,
    |ticket, result| Some(HeavyInput::Loaded { ticket, result }),
    [HeavyOutput::Load { ticket, keys } => Task::Load(ticket, keys),]
);
machine!(LightNode, LightInput, LightOutput, |_, _| None, []);

/// The node's task has ended.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the node is stopping")]
pub(crate) struct Stopped;

type Look<M> = Box<dyn FnOnce(&M) + Send>;

enum Ask<M: Machine> {
    Look(Look<M>),
    Input(M::Input),
}

/// What the rest of the program holds of a running node.
pub(crate) struct Handle<M: Machine>(mpsc::Sender<Ask<M>>);

impl<M: Machine> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Machine> Handle<M> {
    /// What `look` sees of the node.
    pub(crate) async fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce(&M) -> R + Send + 'static,
    ) -> Result<R, Stopped> {
        let (sender, seen) = oneshot::channel();
        let look: Look<M> = Box::new(move |node| drop(sender.send(look(node))));
        self.0.send(Ask::Look(look)).await.map_err(|_| Stopped)?;
        seen.await.map_err(|_| Stopped)
    }

    /// Hands the node an input.
    pub(crate) async fn input(&self, input: M::Input) -> Result<(), Stopped> {
        self.0.send(Ask::Input(input)).await.map_err(|_| Stopped)
    }
}

/// What the pump tells its owner.
pub(crate) trait Owner<M: Machine>: Send + 'static {
    /// An output that is neither for the network nor for the store.
    fn notice(&mut self, node: &M, notice: M::Output);
    /// What is sent in place of what the node is about to send.
    fn sends(&mut self, output: net::Output) -> net::Output {
        output
    }
    /// Where the node listens has changed; gives the addresses to announce.
    fn addresses(&mut self, listening: Vec<Multiaddr>) -> Vec<Multiaddr>;
}

/// How long commits take, in seconds.
pub(crate) fn commit_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.000_5, 2.0, 14))
}

/// A node with everything it runs on.
pub(crate) struct Pump<M: Machine, O: Owner<M>> {
    pub(crate) node: M,
    pub(crate) shell: Shell,
    pub(crate) store: RedbStore,
    pub(crate) owner: O,
    pub(crate) commits: Histogram,
}

/// Work for the store under way, on a thread that may block.
type Storing<T> = JoinHandle<(Ticket, Result<T, StoreError>)>;
type Commit = Storing<()>;
type Load = Storing<Values>;

impl<M: Machine, O: Owner<M>> Pump<M, O> {
    /// Starts the node's task. It ends when `stop` turns true or every handle is gone; what was being
    /// stored is stored then.
    pub(crate) fn start(self, stop: watch::Receiver<bool>) -> (Handle<M>, JoinHandle<()>) {
        let (sender, asks) = mpsc::channel(ASKS_MAX);
        (Handle(sender), tokio::spawn(self.run(asks, stop)))
    }

    async fn run(mut self, mut asks: mpsc::Receiver<Ask<M>>, mut stop: watch::Receiver<bool>) {
        let mut commit: Option<Commit> = None;
        let mut load: Option<Load> = None;
        loop {
            self.drain(&mut commit, &mut load);
            let due = self.node.poll_timeout().map(|(due, _)| clock::until(due));
            let sleep = time::sleep(due.unwrap_or(SLEEP_MAX).min(SLEEP_MAX));
            tokio::select! {
                biased;
                () = told(&mut stop) => break,
                ended = ended(&mut commit) => self.stored(ended),
                ended = ended(&mut load) => self.loaded(ended),
                next = next(&mut self.shell, &mut asks, sleep) => match next {
                    Next::Happened(Happened::Input(input)) => {
                        self.node.handle_input(clock::now(), M::from_net(input));
                    }
                    Next::Happened(Happened::Addresses) => {
                        let listening = self.shell.addresses().cloned().collect();
                        let announced = self.owner.addresses(listening);
                        self.shell.announce(&announced);
                    }
                    Next::Asked(Some(Ask::Look(look))) => look(&self.node),
                    Next::Asked(Some(Ask::Input(input))) => self.node.handle_input(clock::now(), input),
                    Next::Asked(None) => break,
                    Next::Due => {}
                }
            }
            let now = clock::now();
            if self.node.poll_timeout().is_some_and(|(due, _)| due <= now) {
                self.node.handle_timeout(now);
            }
        }
        if let Some(commit) = commit {
            // Its result matters to nobody any more; that it is complete does.
            let _ = commit.await;
        }
        self.shell.close().await;
    }

    fn drain(&mut self, commit: &mut Option<Commit>, load: &mut Option<Load>) {
        while let Some(output) = self.node.poll_output() {
            match M::sort(output) {
                Task::Net(output) => self.shell.apply(self.owner.sends(output)),
                Task::Store(ticket, batch) => {
                    let (store, commits) = (self.store.clone(), self.commits.clone());
                    *commit = Some(tokio::task::spawn_blocking(move || {
                        let began = std::time::Instant::now();
                        let result = store.commit_now(&batch);
                        commits.observe(began.elapsed().as_secs_f64());
                        (ticket, result)
                    }));
                }
                Task::Load(ticket, keys) => {
                    let store = self.store.clone();
                    *load = Some(tokio::task::spawn_blocking(move || (ticket, store.get_now(&keys))));
                }
                Task::Notice(notice) => self.owner.notice(&self.node, notice),
            }
        }
    }

    fn stored(&mut self, (ticket, result): (Ticket, Result<(), StoreError>)) {
        if let Err(error) = &result {
            tracing::error!(%error, "a commit failed");
        }
        self.node.handle_input(clock::now(), M::stored(ticket, result));
    }

    fn loaded(&mut self, (ticket, result): (Ticket, Result<Values, StoreError>)) {
        if let Err(error) = &result {
            tracing::error!(%error, "reading from the store failed");
        }
        if let Some(input) = M::loaded(ticket, result) {
            self.node.handle_input(clock::now(), input);
        }
    }
}

/// What comes next, where it is not the end of something.
enum Next<M: Machine> {
    Happened(Happened),
    Asked(Option<Ask<M>>),
    Due,
}

/// Takes from the network and from the rest of the program by lot: neither can shut the other out. Cancelling it loses nothing.
async fn next<M: Machine>(
    shell: &mut Shell,
    asks: &mut mpsc::Receiver<Ask<M>>,
    sleep: time::Sleep,
) -> Next<M> {
    tokio::select! {
        happened = shell.next() => Next::Happened(happened),
        ask = asks.recv() => Next::Asked(ask),
        () = sleep => Next::Due,
    }
}

/// The end of what is under way at the store; never, where there is nothing.
async fn ended<T>(storing: &mut Option<Storing<T>>) -> (Ticket, Result<T, StoreError>) {
    let Some(task) = storing.as_mut() else { return std::future::pending().await };
    let result = task.await;
    *storing = None;
    result.unwrap_or_else(|error| {
        // The store's thread panicked. What it held is unknown; the process must not go on as if it knew.
        tracing::error!(%error, "the store broke; this process ends to start anew from the disk");
        std::process::exit(1);
    })
}
