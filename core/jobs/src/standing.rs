//! What a node has earned: a pure function of ended jobs and their receipts.

use crate::{
    receipt::{Claim, Receipt},
    scheduler::{Ended, Outcome},
};
use alloc::collections::BTreeMap;
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Wire};
use keys::NodeId;

/// How often a node has been right, and the fuel that it is credited with. It is no money, and cannot be handed on.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Standing {
    /// Answers that were those of the job's result, where others answered too.
    pub agreed: u64,
    /// Answers that were not.
    pub disagreed: u64,
    /// Answers that nobody else could be compared with, or that came when the result was there already.
    pub unchecked: u64,
    /// Fuel of the answers that agreed.
    pub fuel: u64,
}

impl Wire for Standing {
    const BYTES_MAX: usize = 32;
}

/// What came of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the job's result, and was compared with another's.
    Agreed,
    /// It is not the job's result.
    Disagreed,
    /// It is the job's result, and was compared with nobody's, or came after it.
    Unchecked,
}

impl Standing {
    /// Adds one answer that used `fuel`.
    pub const fn add(&mut self, verdict: Verdict, fuel: u64) {
        match verdict {
            Verdict::Agreed => {
                self.agreed += 1;
                self.fuel = self.fuel.saturating_add(fuel);
            }
            Verdict::Disagreed => self.disagreed += 1,
            Verdict::Unchecked => self.unchecked += 1,
        }
    }

    /// Whether the node gets no more jobs: it was wrong three times, and more than once in ten. It has no way back under this
    /// identity, since only answers could show it.
    pub const fn is_distrusted(&self) -> bool {
        self.disagreed >= 3 && self.disagreed * 10 > self.agreed
    }
}

/// What came of an answer with `claim`, where `result` is the job's. One that came late may be a copy of the result.
pub(crate) fn verdict(claim: &Claim, result: &Claim, is_checked: bool, is_late: bool) -> Verdict {
    match (claim == result, is_checked && !is_late) {
        (false, _) => Verdict::Disagreed,
        (true, true) => Verdict::Agreed,
        (true, false) => Verdict::Unchecked,
    }
}

/// Works out every node's standing again from ended jobs, by their receipts alone. A receipt that does not verify, or is not
/// about its job, counts nothing; nor does a second one of a node about one job.
pub fn replay<'a>(jobs: impl IntoIterator<Item = (ContentId, &'a Ended)>) -> BTreeMap<NodeId, Standing> {
    let mut standings: BTreeMap<NodeId, Standing> = BTreeMap::new();
    let mut seen = alloc::collections::BTreeSet::new();
    for (job, ended) in jobs {
        let Outcome::Done { claim, is_checked } = &ended.outcome else { continue };
        for answer in ended.answers.iter().filter(|answer| !answer.is_judge) {
            let Ok((receipt, _)) = answer
                .envelope()
                .map_err(|_| ())
                .and_then(|envelope| Receipt::open(&envelope).map_err(|_| ()))
            else {
                continue;
            };
            if receipt.job == job && receipt.node == answer.node && seen.insert((job, answer.node)) {
                let verdict = verdict(&receipt.claim(), claim, *is_checked, answer.at > ended.at);
                standings.entry(answer.node).or_default().add(verdict, receipt.fuel);
            }
        }
    }
    standings
}
