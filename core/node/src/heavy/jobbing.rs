//! Jobs at a heavy node: its broker between the endpoint, the store and the shell.

use super::{Effect, HeavyNode, HeavyOutput};
use crate::storage::Part;
use alloc::{sync::Arc, vec::Vec};
use codec::{ContentId, Instant, decode, encode};
use core::net::IpAddr;
use jobs::{
    JobView, WorkerView,
    blobs::Progress,
    broker::{Input, Output},
    message::Request,
    scheduler::Why,
    view::{Counts, Filter, Page},
};
use keys::{Envelope, NodeId};
use net::{Protocol, Responder};

impl HeavyNode {
    pub(super) fn broker_input(&mut self, now: Instant, input: Input) {
        self.broker.handle_input(now, &self.identity, input);
    }

    pub(super) fn jobs_request(&mut self, now: Instant, peer: NodeId, responder: Responder, body: &[u8]) {
        match decode::<Request>(body) {
            Ok(request) => {
                self.broker_input(now, Input::Request { peer, token: responder.0, request });
            }
            Err(_) => {
                self.counters.malformed_messages += 1;
                self.endpoint.ignore(peer, responder);
            }
        }
    }

    /// Does what the broker asks.
    pub(super) fn drain_broker(&mut self, now: Instant) {
        while let Some(output) = self.broker.poll_output() {
            let output = match output {
                Output::Store { ticket, batch } => {
                    let effect = Effect::Jobs { ticket };
                    self.queue.push(Part { batch, effect, retry: true });
                    continue;
                }
                Output::Ask { peer, token, request } => {
                    match self.endpoint.request(now, peer, Protocol::Jobs, encode(&request)) {
                        Ok(id) => {
                            self.broker_asks.insert(id, token);
                        }
                        Err(_) => self.broker_input(now, Input::Reply { token, response: None }),
                    }
                    continue;
                }
                Output::Respond { peer, token, response } => {
                    self.endpoint.respond(peer, Responder(token), encode(&response));
                    continue;
                }
                Output::Submitted { token, result } => HeavyOutput::Submitted { token, result },
                Output::Cancelled { token, result } => HeavyOutput::JobCancelled { token, result },
                Output::Put { token, result } => HeavyOutput::BlobPut { token, result },
                Output::Run(task) => HeavyOutput::Run(task),
                Output::Stop { job } => HeavyOutput::Stop { job },
                Output::Changed { job } => HeavyOutput::JobChanged { id: job },
            };
            self.outputs.push_back(output);
        }
    }

    /// A part of the jobs that are known here, the latest first; at most `limit`.
    pub fn jobs(&self, filter: &Filter, limit: usize) -> Page {
        self.broker.jobs(filter, limit)
    }

    /// How many jobs are known here. It looks at each.
    pub fn job_counts(&self) -> Counts {
        self.broker.counts()
    }

    /// A job that is known here.
    pub fn job(&self, id: ContentId) -> Option<JobView> {
        self.broker.job(id)
    }

    /// Why a job without an end has none yet, node by node.
    pub fn why(&self, id: ContentId) -> Option<Why> {
        self.broker.why(id)
    }

    /// A job's signed manifest.
    pub fn manifest(&self, id: ContentId) -> Option<Arc<Envelope>> {
        self.broker.manifest(id)
    }

    /// A job's receipts, in the order in which they came, with this node's signature.
    pub fn receipts(&self, id: ContentId) -> Vec<Envelope> {
        self.broker.receipts(id)
    }

    /// A blob that is whole here.
    pub fn blob(&self, id: ContentId) -> Option<Arc<[u8]>> {
        self.broker.blob(id)
    }

    /// How much of a blob is here: all of it, or what came from this address's network.
    pub fn blob_progress(&self, id: ContentId, from: Option<IpAddr>) -> Option<Progress> {
        self.broker.blob_progress(id, from)
    }

    /// The nodes that take jobs, or have said that they take none now.
    pub fn workers(&self) -> Vec<WorkerView> {
        self.broker.workers()
    }
}
