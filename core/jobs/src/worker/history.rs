//! What a worker had: jobs, receipts and credit.
//!
//! ```text
//! w/h/ place    a job that was here: its number modulo HISTORY_MAX
//! w/c           credit
//! ```

use super::{Credit, HISTORY_MAX, Job, Output, PastView, STORE_PREFIX, Timer, Worker};
use crate::{scheduler::RestoreError, standing::Standing};
use alloc::{
    collections::{BTreeMap, VecDeque},
    string::{String, ToString},
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant, Wire, decode, encode};
use keys::{Envelope, NodeId};
use store::{Batch, Entry};

const PAST: &[u8] = b"w/h/";
const CREDIT: &[u8] = b"w/c";
/// Milliseconds for which what came of jobs gathers before it is stored.
const STORE_MS: u64 = 1_000;
/// Most heavy nodes whose word about this node's standing is kept.
const HEAVY_MAX: usize = 64;

/// A job that was here.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Past {
    pub(super) job: ContentId,
    pub(super) name: String,
    pub(super) submitter: NodeId,
    pub(super) ending: String,
    pub(super) is_taken: bool,
    pub(super) fuel: u64,
    pub(super) wall_us: u64,
    pub(super) at: Instant,
    /// The receipt as JSON, where it is taken.
    pub(super) receipt: Vec<u8>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Record {
    number: u64,
    past: Past,
}

impl Wire for Record {
    const BYTES_MAX: usize = 512 * 1024;
}

/// All that was credited.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Credited {
    jobs: u64,
    fuel: u64,
    standings: BTreeMap<NodeId, Standing>,
}

impl Wire for Credited {
    const BYTES_MAX: usize = 16 * 1024;
}

#[derive(Debug, Default)]
pub(super) struct History {
    /// The latest last, numbered from `first` on.
    past: VecDeque<Past>,
    first: u64,
    /// What is stored ends before this number.
    stored: u64,
    credited: Credited,
    is_stored: bool,
}

impl History {
    pub(super) fn restore(entries: &[&Entry]) -> Result<Self, RestoreError> {
        let mut history = Self { is_stored: true, ..Self::default() };
        let mut records: BTreeMap<u64, Past> = BTreeMap::new();
        for Entry { key, value } in entries {
            let wrong = |problem: String| RestoreError { key: data_encoding::HEXLOWER.encode(key), problem };
            if key.starts_with(PAST) {
                let Record { number, past } = decode(value).map_err(|error| wrong(error.to_string()))?;
                records.insert(number, past);
            } else if key == CREDIT {
                history.credited = decode(value).map_err(|error| wrong(error.to_string()))?;
            } else if !key.starts_with(STORE_PREFIX) {
                return Err(wrong("no key of a worker".into()));
            }
        }
        // The latest without a gap: a crash may have lost some before the store began anew.
        let last = records.keys().next_back().copied();
        history.first = last.map_or(0, |last| last + 1);
        for (number, past) in records.into_iter().rev().take(HISTORY_MAX) {
            if number + 1 != history.first {
                break;
            }
            history.first = number;
            history.past.push_front(past);
        }
        history.stored = history.first + history.past.len() as u64;
        Ok(history)
    }

    pub(super) fn add(&mut self, past: Past) {
        self.past.push_back(past);
        if self.past.len() > HISTORY_MAX {
            self.past.pop_front();
            self.first += 1;
        }
        self.is_stored = false;
    }

    pub(super) fn taken(&mut self, heavy: NodeId, standing: Standing, fuel: u64) {
        let credited = &mut self.credited;
        credited.jobs += 1;
        credited.fuel = credited.fuel.saturating_add(fuel);
        if credited.standings.len() < HEAVY_MAX || credited.standings.contains_key(&heavy) {
            credited.standings.insert(heavy, standing);
        }
        self.is_stored = false;
    }

    fn batch(&mut self) -> Batch {
        let mut batch = Batch::new();
        let end = self.first + self.past.len() as u64;
        for number in self.stored.max(self.first)..end {
            let past = self.past[(number - self.first) as usize].clone();
            let place = (number % HISTORY_MAX as u64) as u32;
            batch.put([PAST, &place.to_be_bytes()].concat(), encode(&Record { number, past }));
        }
        self.stored = end;
        batch.put(CREDIT, encode(&self.credited));
        self.is_stored = true;
        batch
    }

    pub(super) fn view(&self) -> Vec<PastView> {
        let view = |past: &Past| PastView {
            job: past.job,
            name: past.name.clone(),
            submitter: past.submitter,
            ending: past.ending.clone(),
            is_taken: past.is_taken,
            fuel: past.fuel,
            wall_us: past.wall_us,
            at: past.at,
        };
        self.past.iter().rev().map(view).collect()
    }

    pub(super) fn credit(&self) -> Credit {
        let sum = |of: fn(&Standing) -> u64| {
            // What heavy nodes say.
            self.credited.standings.values().map(of).fold(0, u64::saturating_add)
        };
        Credit {
            jobs: self.credited.jobs,
            fuel: self.credited.fuel,
            agreed: sum(|standing| standing.agreed),
            disagreed: sum(|standing| standing.disagreed),
            unchecked: sum(|standing| standing.unchecked),
        }
    }

    pub(super) fn receipt(&self, job: ContentId) -> Option<Envelope> {
        let past = self.past.iter().rev().find(|past| past.job == job && past.is_taken)?;
        Envelope::from_json(&past.receipt).ok()
    }
}

impl Worker {
    /// Remembers a job that ended here without an answer.
    pub(super) fn note(&mut self, now: Instant, id: ContentId, job: &Job, why: &str) {
        self.history.add(Past {
            job: id,
            name: job.manifest.name.clone(),
            submitter: job.manifest.submitter,
            ending: why.chars().take(300).collect(),
            is_taken: false,
            fuel: 0,
            wall_us: 0,
            at: now,
            receipt: Vec::new(),
        });
        self.keep_soon(now);
    }

    /// What came of jobs is stored a little later, with what comes until then.
    pub(super) fn keep_soon(&mut self, now: Instant) {
        if !core::mem::replace(&mut self.is_store_due, true) {
            self.timers.insert((now.plus_ms(STORE_MS), Timer::Store));
        }
    }

    pub(super) fn store(&mut self) {
        self.is_store_due = false;
        if !self.history.is_stored {
            let batch = self.history.batch();
            self.outputs.push_back(Output::Store(batch));
        }
    }
}
