//! What computes beside a node, on its processor.

use crate::message::{Done, Task, WHY_BYTES_MAX, WorkId, shortened};
use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
};
use codec::decode;
use rank::{Part, PartRounds};

/// Does tasks with [`PartRounds`], one after another: for a thread of its own.
#[derive(Debug)]
pub struct Processor {
    device: String,
    parts: BTreeMap<WorkId, PartRounds>,
}

impl Processor {
    /// One that calls itself this.
    pub fn new(device: impl Into<String>) -> Self {
        Self { device: device.into(), parts: BTreeMap::new() }
    }

    /// Does a task; nothing is to be said of [`Task::Drop`].
    pub fn handle_task(&mut self, task: Task) -> Option<Done> {
        let work = task.work();
        Some(match self.done(task) {
            Ok(done) => done?,
            Err(why) => {
                self.parts.remove(&work);
                Done::Failed { work, why: shortened(why, WHY_BYTES_MAX) }
            }
        })
    }

    fn done(&mut self, task: Task) -> Result<Option<Done>, String> {
        let work = task.work();
        if let Task::Begin { part, .. } = task {
            let part = decode::<Part>(&part).map_err(|error| error.to_string())?;
            self.parts.insert(work, PartRounds::new(part));
            return Ok(Some(Done::Ready { work, device: self.device.clone() }));
        }
        if let Task::Drop { .. } = task {
            self.parts.remove(&work);
            return Ok(None);
        }
        let rounds = self.parts.get_mut(&work).ok_or("no such part is here")?;
        Ok(Some(match task {
            Task::Spread { teleport, .. } => {
                let spread = rounds.spread(teleport).map_err(|error| error.to_string())?;
                Done::Spread { work, exports: spread.exports, dangling: spread.dangling }
            }
            Task::Gather { ghosts, .. } => {
                let sums = rounds.gather(&ghosts).map_err(|error| error.to_string())?;
                Done::Sums { work, sums }
            }
            Task::Kept { .. } => Done::Kept { work, kept: rounds.kept().to_vec() },
            Task::Begin { .. } | Task::Drop { .. } => return Ok(None),
        }))
    }
}
