//! Jobs at a light node: its worker between the endpoint, the store and the shell.

use super::{Effect, LightNode, LightOutput};
use crate::storage::Part;
use codec::{ContentId, Instant, decode, encode};
use jobs::{
    message::{Request, Response},
    worker::{Input, Output},
};
use keys::{Envelope, NodeId};
use net::{Protocol, Responder};

impl LightNode {
    pub(super) fn worker_input(&mut self, now: Instant, input: Input) {
        self.worker.handle_input(now, &self.identity, input);
    }

    /// Heavy nodes that this one trusts may say what there is to do; nobody else.
    pub(super) fn jobs_request(&mut self, now: Instant, peer: NodeId, responder: Responder, body: &[u8]) {
        match decode::<Request>(body) {
            Ok(request @ Request::Work { .. }) if self.heavy.contains_key(&peer) => {
                self.endpoint.respond(peer, responder, encode(&Response::Done));
                self.worker_input(now, Input::Request { heavy: peer, request });
            }
            _ => self.endpoint.ignore(peer, responder),
        }
    }

    /// Does what the worker asks.
    pub(super) fn drain_worker(&mut self, now: Instant) {
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Ask { heavy, token, request } => {
                    match self.endpoint.request(now, heavy, Protocol::Jobs, encode(&request)) {
                        Ok(id) => {
                            self.worker_asks.insert(id, token);
                        }
                        Err(_) => self.worker_input(now, Input::Reply { token, response: None }),
                    }
                }
                Output::Run(task) => self.outputs.push_back(LightOutput::Run(task)),
                Output::Stop { job } => self.outputs.push_back(LightOutput::Stop { job }),
                Output::Store(batch) => {
                    self.queue.push(Part { batch, effect: Effect::None, retry: true });
                }
                Output::Changed => self.changed = true,
            }
        }
    }

    /// The receipt of a job in the history, with the signature of the heavy node that took it.
    pub fn receipt(&self, job: ContentId) -> Option<Envelope> {
        self.worker.receipt(job)
    }
}
