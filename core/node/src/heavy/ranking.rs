//! Rankings at a heavy node: its coordinator between the endpoint, the store and the shell.

use super::{Effect, HeavyNode, HeavyOutput};
use crate::storage::Part;
use alloc::{string::String, vec::Vec};
use codec::{ContentId, Instant, decode, encode};
use keys::NodeId;
use net::{Protocol, Responder, Transport};
use shards::{
    RankingView,
    coordinator::{Input, Output},
    message::Piece,
};

impl HeavyNode {
    pub(super) fn coordinator_input(&mut self, now: Instant, input: Input) {
        self.coordinator.handle_input(now, input);
    }

    pub(super) fn shards_request(&mut self, now: Instant, peer: NodeId, responder: Responder, body: &[u8]) {
        match decode::<Piece>(body) {
            Ok(piece) => {
                let at = self.endpoint.peer(peer).filter(|seen| seen.transport != Some(Transport::Relay));
                let at = at.and_then(|seen| Transport::ip_of(&seen.address));
                let heard = self.coordinator.hear(now, peer, at, piece);
                self.endpoint.respond(peer, responder, encode(&heard));
            }
            Err(_) => {
                self.counters.malformed_messages += 1;
                self.endpoint.ignore(peer, responder);
            }
        }
    }

    /// Does what the coordinator asks.
    pub(super) fn drain_coordinator(&mut self, now: Instant) {
        while let Some(output) = self.coordinator.poll_output() {
            let output = match output {
                Output::Store { ticket, batch } => {
                    let effect = Effect::Rankings { ticket };
                    self.queue.push(Part { batch, effect, retry: true });
                    continue;
                }
                Output::Ask { peer, piece } => {
                    match self.endpoint.request(now, peer, Protocol::Shards, encode(&piece)) {
                        Ok(id) => {
                            self.coordinator_asks.insert(id, peer);
                        }
                        Err(_) => self.coordinator_input(now, Input::Reply { peer, heard: None }),
                    }
                    continue;
                }
                Output::Submitted { token, result } => HeavyOutput::Ranked { token, result },
                Output::Cut { ranking, order, keys } => HeavyOutput::Cut { ranking, order, keys },
                Output::Do(task) => HeavyOutput::Reckon(task),
                Output::Combine(combine) => HeavyOutput::Combine(combine),
                Output::Changed { ranking } => HeavyOutput::RankingChanged { id: ranking },
            };
            self.outputs.push_back(output);
        }
    }

    /// The rankings that are known here, the latest first.
    pub fn rankings(&self) -> Vec<RankingView> {
        self.coordinator.rankings()
    }

    /// A ranking that is known here.
    pub fn ranking(&self, id: ContentId) -> Option<RankingView> {
        self.coordinator.ranking(id)
    }

    /// The light nodes that offer to hold parts of graphs, each with what it computes on.
    pub fn holders(&self) -> Vec<(NodeId, String)> {
        self.coordinator.holders()
    }
}
