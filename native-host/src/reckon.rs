//! Threads that compute parts of graphs beside a node.

use crate::{
    disk::RedbStore,
    drive::{Handle, Machine},
    guests,
};
use codec::ContentId;
use rank::{Format, ReadOptions};
use ranking::{read_edges, unpack};
use shards::{
    Cut, Done, EDGES_MAX, NODES_MAX, Order, Processor, Reckoner, Task, UNPACKED_BYTES_MAX, Written,
    holder::PARTS_MAX,
};
use std::{
    io::{BufReader, Cursor, Read},
    sync::mpsc::{Sender, channel},
    thread,
};
use tokio::sync::mpsc;

/// Most threads: a part is one thread's, and takes a second for rounds of a hundred million edges.
const THREADS_MAX: u16 = 8;
/// Answers that wait for the node. A thread that has one more waits with it.
const ANSWERS_MAX: usize = 64;

/// The threads. Tasks about one part are done in order, on one of them.
pub(crate) struct Reckoning(Vec<Sender<Task>>);

/// What comes of tasks, to be passed on to their node.
pub(crate) struct Answers<T>(mpsc::Receiver<T>);

impl<T> Answers<T> {
    /// Passes answers on until the node stops.
    pub(crate) async fn pass_on<M: Machine>(mut self, node: Handle<M>, input: fn(T) -> M::Input) {
        while let Some(answer) = self.0.recv().await {
            if node.input(input(answer)).await.is_err() {
                return;
            }
        }
    }
}

/// What this machine has for parts of graphs.
pub(crate) fn reckoner() -> Reckoner {
    Reckoner { device: device(), parts_max: PARTS_MAX, bytes_max: u64::MAX }
}

fn device() -> String {
    format!("processor, {}", std::env::consts::ARCH)
}

impl Reckoning {
    /// Starts the threads; they end with this.
    ///
    /// # Errors
    /// Where the system starts none.
    pub(crate) fn start() -> std::io::Result<(Self, Answers<Done>)> {
        let (answers, receiver) = mpsc::channel(ANSWERS_MAX);
        let thread = |_| {
            let (tasks, given) = channel::<Task>();
            let answers = answers.clone();
            let work = move || {
                let mut processor = Processor::new(device());
                // The node is gone when either fails.
                let _ = given
                    .into_iter()
                    .filter_map(|task| processor.handle_task(task))
                    .try_for_each(|done| answers.blocking_send(done));
            };
            thread::Builder::new().name("reckon".into()).spawn(work).map(|_| tasks)
        };
        let threads = (0..guests::slots().min(THREADS_MAX)).map(thread).collect::<Result<_, _>>()?;
        Ok((Self(threads), Answers(receiver)))
    }

    /// Has a task done, and tells the [`Answers`] what came of it.
    pub(crate) fn handle(&self, task: Task) {
        let at = task.work().0 as usize % self.0.len();
        if self.0[at].send(task).is_err() {
            tracing::error!(
                "a thread that computes parts of graphs has ended; this process ends to start anew"
            );
            std::process::exit(1);
        }
    }
}

/// What came of a graph's file.
type Cuts = (ContentId, Result<Box<Cut>, String>);

/// Reads graphs from the store, and cuts them.
pub(crate) struct Cutting {
    store: RedbStore,
    cuts: mpsc::Sender<Cuts>,
}

impl Cutting {
    /// With the store in which graphs' files lie.
    pub(crate) fn new(store: RedbStore) -> (Self, Answers<Cuts>) {
        let (cuts, receiver) = mpsc::channel(1);
        (Self { store, cuts }, Answers(receiver))
    }

    /// Cuts a graph on a thread of its own, and tells the [`Answers`] what came of it.
    pub(crate) fn cut(&self, ranking: ContentId, order: Box<Order>, keys: Vec<Vec<u8>>) {
        let (store, cuts) = (self.store.clone(), self.cuts.clone());
        tokio::task::spawn_blocking(move || {
            let file = store.get_now(&keys).map_err(|error| error.to_string());
            let result = file.and_then(|chunks| {
                let chunks: Option<Vec<Vec<u8>>> = chunks.into_iter().collect();
                cut(&order, chunks.ok_or("its file is not in the store any more")?.concat())
            });
            // The node may be stopping.
            let _ = cuts.blocking_send((ranking, result.map(Box::new)));
        });
    }
}

fn cut(order: &Order, file: Vec<u8>) -> Result<Cut, String> {
    let format = match order.written {
        Written::EdgeList => Format::EdgeList,
        Written::Csv => Format::Csv,
        Written::Mtx => Format::MatrixMarket,
    };
    let options = ReadOptions { format, ignore_weights: order.ignore_weights, nodes_max: NODES_MAX };
    let unpacked = unpack(Cursor::new(file)).map_err(|error| error.to_string())?;
    let mut limited = BufReader::new(unpacked.take(UNPACKED_BYTES_MAX));
    let edges = read_edges(&mut limited, options, EDGES_MAX).map_err(|error| error.to_string())?;
    if limited.get_ref().limit() == 0 {
        return Err(format!("it has {UNPACKED_BYTES_MAX} bytes or more; rank it on one machine"));
    }
    shards::cut(order, edges)
}
