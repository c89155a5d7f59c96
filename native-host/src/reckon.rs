//! Threads that compute parts of graphs beside a node.

use crate::{
    disk::RedbStore,
    drive::{Handle, Machine},
    guests::{self, guarded},
};
use codec::ContentId;
use rank::{Format, ReadOptions};
use ranking::{read_edges, unpack};
use shards::{
    Combine, Combined, Cut, Done, EDGES_MAX, NODES_MAX, Order, Processor, Reckoner, Task, UNPACKED_BYTES_MAX,
    WorkId, Written, holder::PARTS_MAX,
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
                    .filter_map(|task| {
                        let work = task.work();
                        answered(&mut processor, work, |processor| processor.handle_task(task))
                    })
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

/// Does a task. After a panic nobody knows how that leaves the parts of this thread: it goes on without them, and who asks for one is told so.
fn answered(
    processor: &mut Processor,
    work: WorkId,
    run: impl FnOnce(&mut Processor) -> Option<Done>,
) -> Option<Done> {
    guarded(|| run(processor)).unwrap_or_else(|panic| {
        *processor = Processor::new(device());
        let why = format!("computing failed: {panic:.200}");
        tracing::error!(%why, "a part is given up");
        Some(Done::Failed { work, why })
    })
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
            let result = guarded(|| {
                let chunks: Option<Vec<Vec<u8>>> = file?.into_iter().collect();
                cut(&order, chunks.ok_or("its file is not in the store any more")?.concat())
            });
            let result = result.unwrap_or_else(|panic| Err(format!("cutting it failed: {panic}")));
            // The node may be stopping.
            let _ = cuts.blocking_send((ranking, result.map(Box::new)));
        });
    }
}

/// Puts together what parts of graphs said, beside the node.
pub(crate) struct Combining(mpsc::Sender<Combined>);

impl Combining {
    pub(crate) fn new() -> (Self, Answers<Combined>) {
        let (sender, receiver) = mpsc::channel(1);
        (Self(sender), Answers(receiver))
    }

    /// Does it on a thread of its own, and tells the [`Answers`] what came of it.
    pub(crate) fn handle(&self, combine: Combine) {
        let answers = self.0.clone();
        tokio::task::spawn_blocking(move || {
            let combined = guarded(|| combine.run()).unwrap_or_else(|panic| {
                tracing::error!(panic, "what parts of a graph said was not put together");
                combine.broken(panic)
            });
            // The node may be stopping.
            let _ = answers.blocking_send(combined);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_costs_a_part_and_not_the_thread() {
        let mut processor = Processor::new(device());
        let work = WorkId(7);
        let done = answered(&mut processor, work, |_| panic!("element {} is out of reach", 7));
        assert_eq!(
            done,
            Some(Done::Failed { work, why: "computing failed: element 7 is out of reach".into() })
        );
        let done = answered(&mut processor, work, |processor| processor.handle_task(Task::Kept { work }));
        assert!(matches!(done, Some(Done::Failed { why, .. }) if why == "no such part is here"));
    }
}
