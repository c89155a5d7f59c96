//! What a heavy node's connections tell it.

use super::{HeavyNode, HeavyOutput};
use aggregate::{
    Tally,
    message::{Request, Response},
};
use alloc::vec::Vec;
use codec::{ContentId, Instant, decode};
use net::{Event, Protocol};

impl HeavyNode {
    pub(super) fn handle_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Up { peer, .. } => {
                self.outputs.push_back(HeavyOutput::PeersChanged);
                if self.fellows.contains_key(&peer) {
                    let live: Vec<ContentId> =
                        self.tallies.values().filter(|tally| !tally.is_final()).map(Tally::id).collect();
                    for id in live {
                        self.asked.remove(&(id, peer));
                        self.touch(now, id);
                    }
                    self.pass_cancellations(now, peer);
                }
            }
            Event::Down { peer } => {
                self.outputs.push_back(HeavyOutput::PeersChanged);
                self.broker_input(now, jobs::broker::Input::Down { peer });
                self.coordinator_input(now, shards::coordinator::Input::Down { peer });
            }
            Event::Changed => self.outputs.push_back(HeavyOutput::PeersChanged),
            Event::Request { peer, responder, protocol: Protocol::Jobs, body } => {
                self.jobs_request(now, peer, responder, &body);
            }
            Event::Request { peer, responder, protocol: Protocol::Shards, body } => {
                self.shards_request(now, peer, responder, &body);
            }
            Event::Request { peer, responder, protocol: Protocol::Aggregate, body } => {
                match decode::<Request>(&body) {
                    Ok(request) => self.handle_request(now, peer, responder, request),
                    Err(_) => {
                        self.counters.malformed_messages += 1;
                        self.endpoint.ignore(peer, responder);
                    }
                }
            }
            Event::Request { peer, responder, .. } => self.endpoint.ignore(peer, responder),
            Event::Reply { peer, id, result } => {
                if let Some(token) = self.broker_asks.remove(&id) {
                    let response = result.ok().and_then(|body| decode(&body).ok());
                    self.broker_input(now, jobs::broker::Input::Reply { token, response });
                } else if let Some(peer) = self.coordinator_asks.remove(&id) {
                    let heard = result.ok().and_then(|body| decode(&body).ok());
                    self.coordinator_input(now, shards::coordinator::Input::Reply { peer, heard });
                } else if let Some(computation) = self.requests.remove(&id) {
                    let response = result.ok().and_then(|body| decode::<Response>(&body).ok());
                    self.handle_reply(now, peer, id, computation, response);
                }
            }
            _ => {}
        }
    }
}
