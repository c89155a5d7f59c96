//! Parts of graphs at a light node: its holder between the endpoint and the shell.

use super::{LightNode, LightOutput};
use codec::{Instant, decode, encode};
use jobs::Contribution;
use keys::NodeId;
use net::{Protocol, Responder};
use shards::{
    Lending,
    holder::{Input, Output, PARTS_MAX},
    message::Piece,
};

/// What a person who gives this to others gives to their rankings.
fn lending(contribution: Contribution) -> Option<Lending> {
    let Contribution { on, graphs, memory_bytes_max, .. } = contribution;
    (on && graphs).then_some(Lending { parts: PARTS_MAX, bytes_max: memory_bytes_max })
}

impl LightNode {
    pub(super) fn holder_input(&mut self, now: Instant, input: Input) {
        self.holder.handle_input(now, input);
    }

    /// Tells the holder what is given now.
    pub(super) fn lend(&mut self, now: Instant, contribution: Contribution) {
        self.holder_input(now, Input::Lend(lending(contribution)));
    }

    /// Heavy nodes that this one trusts may ask; nobody else.
    pub(super) fn shards_request(&mut self, now: Instant, peer: NodeId, responder: Responder, body: &[u8]) {
        match decode::<Piece>(body) {
            Ok(piece) if self.heavy.contains_key(&peer) => {
                let heard = self.holder.hear(now, peer, piece);
                self.endpoint.respond(peer, responder, encode(&heard));
            }
            _ => self.endpoint.ignore(peer, responder),
        }
    }

    /// Does what the holder asks.
    pub(super) fn drain_holder(&mut self, now: Instant) {
        while let Some(output) = self.holder.poll_output() {
            match output {
                Output::Ask { heavy, piece } => {
                    match self.endpoint.request(now, heavy, Protocol::Shards, encode(&piece)) {
                        Ok(id) => {
                            self.holder_asks.insert(id, heavy);
                        }
                        Err(_) => self.holder_input(now, Input::Reply { heavy, heard: None }),
                    }
                }
                Output::Do(task) => self.outputs.push_back(LightOutput::Reckon(task)),
                Output::Changed => self.changed = true,
            }
        }
    }
}
