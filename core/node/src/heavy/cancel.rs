//! Computations that their proposers take back.

use super::{ASKERS_MAX, Asker, HeavyNode};
use aggregate::{
    RefusalReason, Tally,
    cancel::Cancellation,
    message::{Request, Response},
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};
use keys::{Envelope, NodeId};

impl HeavyNode {
    /// Takes a cancellation; answers once the refusal that follows is durable here, and tells the computation's other heavy nodes.
    pub(super) fn cancel(&mut self, now: Instant, envelope: Envelope, asker: Asker) {
        let id = match Cancellation::about(&envelope) {
            Ok(id) => id,
            Err(error) => return self.answer_canceller(asker, Err(error.to_string())),
        };
        let Some(tally) = self.tallies.get_mut(&id) else {
            return self.answer_canceller(asker, Err("this heavy node knows no such computation".into()));
        };
        match tally.cancel(now, envelope) {
            Err(error) => self.answer_canceller(asker, Err(error.to_string())),
            Ok(false) => self.answer_canceller(asker, Ok(id)),
            Ok(true) => {
                let waiting = self.cancellers.entry(id).or_default();
                if waiting.len() >= ASKERS_MAX {
                    return self.answer_canceller(asker, Err("this is being cancelled; try again".into()));
                }
                waiting.push(asker);
                self.touch(now, id);
            }
        }
    }

    /// A refusal is durable: who waited for a cancellation is answered, and the others are told.
    pub(super) fn cancelled(&mut self, now: Instant, id: ContentId) {
        let Some(tally) = self.tallies.get(&id) else { return };
        let is_cancelled = tally.refusal_reason() == Some(RefusalReason::Cancelled);
        let cancellation = tally.cancellation().filter(|_| is_cancelled).map(Envelope::to_json);
        let others: Vec<NodeId> = tally.others().collect();
        for asker in self.cancellers.remove(&id).unwrap_or_default() {
            let ended = || "the computation has ended already".to_string();
            self.answer_canceller(asker, if is_cancelled { Ok(id) } else { Err(ended()) });
        }
        if let Some(envelope) = cancellation {
            for other in others {
                self.ask(now, other, &Request::Cancel { envelope: envelope.clone() });
            }
        }
    }

    /// Tells a fellow that has come up of what was cancelled while it was away.
    pub(super) fn pass_cancellations(&mut self, now: Instant, fellow: NodeId) {
        let concerns =
            |tally: &&Tally| now < tally.proposal().deadline && tally.others().any(|other| other == fellow);
        let cancelled = self.tallies.values().filter(concerns).filter_map(Tally::cancellation);
        for envelope in cancelled.map(Envelope::to_json).collect::<Vec<_>>() {
            self.ask(now, fellow, &Request::Cancel { envelope });
        }
    }

    fn answer_canceller(&mut self, asker: Asker, result: Result<ContentId, String>) {
        match asker {
            Asker::Shell(token) => self.outputs.push_back(super::HeavyOutput::Proposed { token, result }),
            Asker::Client(peer, responder) | Asker::Fellow(peer, responder) => {
                let response = match result {
                    Ok(_) => Response::Cancelled,
                    Err(why) => Response::NotAccepted { why },
                };
                self.respond(peer, responder, &response);
            }
        }
    }
}
