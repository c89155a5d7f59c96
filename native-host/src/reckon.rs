//! Threads that compute parts of graphs beside a node.

use crate::{
    drive::{Handle, Machine},
    guests,
};
use shards::{Done, Processor, Reckoner, Task, holder::PARTS_MAX};
use std::{
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
pub(crate) struct Answers(mpsc::Receiver<Done>);

impl Answers {
    /// Passes answers on until the node stops.
    pub(crate) async fn pass_on<M: Machine>(mut self, node: Handle<M>, input: fn(Done) -> M::Input) {
        while let Some(done) = self.0.recv().await {
            if node.input(input(done)).await.is_err() {
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
    pub(crate) fn start() -> std::io::Result<(Self, Answers)> {
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
