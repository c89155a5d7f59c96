//! Nodes that offer to run jobs: leases go out, answers come in, many in a message.

use super::{
    Asker, Broker, Output, Wait,
    clients::{Piece, refused},
};
use crate::{
    Receipt,
    blobs::{OVERHEAD_BYTES, Owner, Room},
    manifest::Kind,
    message::{Answer, BATCH_BYTES, BATCH_MAX, Carried, Lease, Received, Request, Response},
    scheduler::{self, Advert, AnswerError},
    strikes::Strikes,
};
use alloc::{
    boxed::Box,
    collections::VecDeque,
    format,
    string::{String, ToString},
    sync::Arc,
    vec,
    vec::Vec,
};
use codec::{ContentId, Instant};
use keys::{Envelope, Identity, NodeId};

/// Most messages of leases under way to one peer.
const UNDER_WAY_MAX: u32 = 2;
/// Most jobs that one peer is let run, or take ahead.
const SLOTS_MAX: u16 = 1_024;
/// Bytes of a lease besides its document.
const LEASE_BYTES: usize = 96;
/// Longest name of a gas schedule, in bytes.
const GAS_BYTES_MAX: usize = 64;
/// Milliseconds that a peer which did not answer is given nothing.
const SILENT_MS: u64 = 5_000;

/// A node that has made an offer.
#[derive(Debug, Default)]
pub(super) struct Peer {
    leases: VecDeque<(ContentId, Arc<Envelope>, Instant)>,
    revoked: Vec<ContentId>,
    under_way: u32,
    strikes: Strikes,
    /// What it offers.
    advert: Option<Advert>,
}

/// A message of answers that wait for the disk.
#[derive(Debug)]
pub(super) struct Receiving {
    peer: NodeId,
    token: u64,
    left: usize,
    results: Vec<Received>,
}

impl Broker {
    pub(super) fn respond(&mut self, peer: NodeId, token: u64, response: Response) {
        self.outputs.push_back(Output::Respond { peer, token, response });
    }

    pub(super) fn request(
        &mut self,
        now: Instant,
        identity: &Identity,
        peer: NodeId,
        token: u64,
        request: Request,
    ) {
        let asker = Asker::Peer(peer, token);
        match request {
            Request::Offer { advert, returned } => self.offer(now, peer, token, advert, &returned),
            Request::Answers(answers) => self.answers(now, identity, peer, token, answers),
            Request::Decline { job, why } => {
                self.scheduler.handle_input(now, scheduler::Input::Declined { node: peer, job, why });
                self.respond(peer, token, Response::Done);
            }
            Request::Get { id, offset } => self.get(peer, token, id, offset),
            Request::Put { id, .. } if self.is_struck(now, peer) => {
                let why = format!("too many of your bytes were wrong; those of {id} are not taken");
                self.respond(peer, token, refused(&why, None));
            }
            Request::Put { id, len, offset, bytes } => {
                let piece = Piece { id, len, offset, bytes: &bytes };
                self.put(now, asker, Owner::Node(peer), piece);
            }
            Request::Submit { envelope } => match Envelope::from_json(&envelope) {
                Ok(envelope) => self.submit(now, asker, envelope),
                Err(error) => self.respond(peer, token, refused(&error, None)),
            },
            Request::Cancel { envelope } => match Envelope::from_json(&envelope) {
                Ok(envelope) => self.cancel(now, asker, &envelope),
                Err(error) => self.respond(peer, token, refused(&error, None)),
            },
            Request::Status { job } => self.status(peer, token, job),
            // A heavy node runs nothing for others but what its own scheduler gives it.
            Request::Work { .. } => self.respond(peer, token, Response::Unknown),
        }
    }

    fn offer(&mut self, now: Instant, peer: NodeId, token: u64, mut advert: Advert, returned: &[ContentId]) {
        if advert.gas.len() > GAS_BYTES_MAX {
            return self.respond(peer, token, refused(&"the gas schedule's name is too long", None));
        }
        if advert.kind == Kind::Heavy {
            // Only a heavy node's own executor is one here.
            advert.kind = Kind::Native;
        }
        advert.slots = advert.slots.min(SLOTS_MAX);
        advert.ahead = advert.ahead.min(SLOTS_MAX);
        let input = scheduler::Input::Joined { node: peer, advert: advert.clone(), is_judge: false };
        self.scheduler.handle_input(now, input);
        if !self.scheduler.knows(peer) {
            return self.respond(peer, token, Response::Full);
        }
        self.peers.entry(peer).or_default().advert = Some(advert);
        for job in returned.iter().take(BATCH_MAX) {
            self.scheduler.handle_input(now, scheduler::Input::Returned { node: peer, job: *job });
        }
        let held = self.scheduler.held_by(peer).take(2 * usize::from(SLOTS_MAX)).collect();
        self.respond(peer, token, Response::Offered { held });
    }

    pub(super) fn down(&mut self, now: Instant, peer: NodeId) {
        if self.peers.remove(&peer).is_some() {
            self.ready.remove(&peer);
            self.scheduler.handle_input(now, scheduler::Input::Left { node: peer });
        }
    }

    // Leases.

    pub(super) fn lease(&mut self, node: NodeId, job: ContentId, document: Arc<Envelope>, until: Instant) {
        // Who is gone has no lease for long either, and who was reminded of one may have given it back in the same breath.
        if let Some(peer) = self.peers.get_mut(&node).filter(|_| self.scheduler.is_leased(job, node)) {
            peer.leases.push_back((job, document, until));
            self.ready.insert(node);
        }
    }

    pub(super) fn revoke(&mut self, node: NodeId, job: ContentId) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        let waiting = peer.leases.len();
        peer.leases.retain(|(leased, ..)| *leased != job);
        if peer.leases.len() == waiting {
            peer.revoked.push(job);
            self.ready.insert(node);
        }
    }

    /// Tells peers of leases, as many in one message as have gathered.
    pub(super) fn tell_peers(&mut self, now: Instant) {
        let mut full = Vec::new();
        while let Some(node) = self.ready.pop_first() {
            let Some(peer) = self.peers.get_mut(&node) else { continue };
            if peer.under_way >= UNDER_WAY_MAX {
                full.push(node);
                continue;
            }
            let (mut leases, mut bytes): (Vec<Lease>, usize) = (Vec::new(), 0);
            while let Some((job, document, until)) = peer.leases.pop_front() {
                let document = document.to_json();
                bytes += document.len() + LEASE_BYTES;
                let input = self.scheduler.gathered_input(job);
                leases.push(Lease { job, document, input, ms: until.since_ms(now) });
                if bytes >= BATCH_BYTES || leases.len() >= BATCH_MAX {
                    break;
                }
            }
            let revoked = peer.revoked.split_off(peer.revoked.len().saturating_sub(BATCH_MAX));
            if leases.is_empty() && revoked.is_empty() {
                continue;
            }
            if !peer.leases.is_empty() || !peer.revoked.is_empty() {
                self.ready.insert(node);
            }
            peer.under_way += 1;
            self.tokens += 1;
            self.asks.insert(self.tokens, (node, leases.iter().map(|lease| lease.job).collect()));
            let request = Request::Work { leases, revoked };
            self.outputs.push_back(Output::Ask { peer: node, token: self.tokens, request });
        }
        self.ready.extend(full);
    }

    /// What came of a message of leases.
    pub(super) fn replied(&mut self, now: Instant, token: u64, response: Option<&Response>) {
        let Some((node, jobs)) = self.asks.remove(&token) else { return };
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.under_way = peer.under_way.saturating_sub(1);
        }
        match response {
            Some(Response::Done) => {}
            Some(_) => {
                for job in jobs {
                    let why = "it did not take the lease".into();
                    self.scheduler.handle_input(now, scheduler::Input::Declined { node, job, why });
                }
            }
            None => {
                // The way there may be broken without anybody knowing yet. That says nothing about the jobs.
                self.join_peer(now, node, false);
                for job in jobs {
                    self.scheduler.handle_input(now, scheduler::Input::Returned { node, job });
                }
                self.silent.insert((now.plus_ms(SILENT_MS), node));
            }
        }
    }

    /// Has the scheduler give a peer what it offers, or nothing for now.
    fn join_peer(&mut self, now: Instant, node: NodeId, is_heard: bool) {
        let Some(mut advert) = self.peers.get(&node).and_then(|peer| peer.advert.clone()) else { return };
        if !is_heard {
            advert.slots = 0;
        }
        self.scheduler.handle_input(now, scheduler::Input::Joined { node, advert, is_judge: false });
    }

    /// Peers that did not answer a while ago get another chance.
    pub(super) fn hear_again(&mut self, now: Instant) {
        while let Some((due, node)) = self.silent.first().copied().filter(|(due, _)| *due <= now) {
            self.silent.remove(&(due, node));
            self.join_peer(now, node, true);
        }
    }

    // Answers.

    fn answers(&mut self, now: Instant, identity: &Identity, peer: NodeId, token: u64, answers: Vec<Answer>) {
        if answers.is_empty() || answers.len() > BATCH_MAX {
            let why = format!("{} answers, where 1 to {BATCH_MAX} are taken", answers.len());
            return self.respond(peer, token, refused(&why, None));
        }
        self.tokens += 1;
        let message = self.tokens;
        let pending = Received::Refused { why: String::new() };
        let results = vec![pending; answers.len()];
        self.received.insert(message, Receiving { peer, token, left: answers.len(), results });
        for (at, answer) in answers.into_iter().enumerate() {
            if let Err(why) = self.answer(now, identity, peer, message, at, answer) {
                self.received_at(message, at, Received::Refused { why });
            }
        }
    }

    fn answer(
        &mut self,
        now: Instant,
        identity: &Identity,
        peer: NodeId,
        message: u64,
        at: usize,
        answer: Answer,
    ) -> Result<(), String> {
        let mut envelope = Envelope::from_json(&answer.receipt).map_err(|error| error.to_string())?;
        // Signatures of others say nothing here and would be handed on.
        envelope.signatures.retain(|signature| signature.keyid == peer);
        let (receipt, _) = Receipt::open(&envelope).map_err(|error| error.to_string())?;
        if receipt.node != peer {
            return Err(AnswerError::OtherNode.to_string());
        }
        let job = receipt.job;
        envelope.sign(identity);
        let signature =
            envelope.signature_of(self.me).and_then(|signature| signature.sig.as_slice().try_into().ok());
        let signature = signature.unwrap_or([0; 64]);
        let before = self.scheduler.answers(job).iter().find(|answer| answer.node == peer);
        if before.and_then(|before| before.envelope().ok()).as_ref() == Some(&envelope) {
            // The response to the first time was lost, or is late. Nothing is counted again, and what was not durable then may not be yet.
            let token = self.token(Wait::Answer(message, at, signature));
            self.scheduler.answered_before(token, peer, job);
            return Ok(());
        }
        let outputs = [(receipt.output, answer.stdout), (receipt.errors, answer.stderr)];
        let is_wanted = self.scheduler.is_open(job) && self.scheduler.is_leased(job, peer);
        if is_wanted {
            if let Err(why) = self.check_outputs(job, &outputs) {
                self.strike(now, peer);
                let input = scheduler::Input::Spoiled { node: peer, job, why: why.clone() };
                self.scheduler.handle_input(now, input);
                return Err(why);
            }
            let here = outputs.iter().filter_map(|(id, carried)| match carried {
                Carried::Here(bytes) => Some((*id, bytes.as_slice())),
                Carried::Put => None,
            });
            let keep = outputs.each_ref().map(|(id, _)| *id);
            if !self.keep_outputs(now, peer, here.collect(), &keep) {
                let why = "no room is left for its output on this heavy node";
                let input = scheduler::Input::Declined { node: peer, job, why: why.into() };
                self.scheduler.handle_input(now, input);
                return Err(why.into());
            }
        }
        let token = self.token(Wait::Answer(message, at, signature));
        let receipt = Box::new(receipt);
        let input = scheduler::Input::AnsweredOpened { token, node: peer, receipt, envelope };
        self.scheduler.handle_input(now, input);
        self.hold_blobs(job);
        if is_wanted {
            outputs.iter().for_each(|(id, _)| self.blobs.drop_unused(*id, Owner::Node(peer)));
            self.keep_to_share(now, job);
        }
        Ok(())
    }

    /// Checks that the outputs which an answer brings are those of its receipt, and no more than its job may write.
    fn check_outputs(&self, job: ContentId, outputs: &[(ContentId, Carried); 2]) -> Result<(), String> {
        let mut total = 0;
        for (id, carried) in outputs {
            total += match carried {
                Carried::Here(bytes) if ContentId::of(bytes) != *id => {
                    return Err("the output that came with it is not that of the receipt".into());
                }
                Carried::Here(bytes) => bytes.len() as u64,
                Carried::Put => match self.blobs.get(*id) {
                    Some(bytes) => bytes.len() as u64,
                    None => return Err("the output that its receipt names was not put here".into()),
                },
            };
        }
        if self.scheduler.output_bytes_max(job).is_some_and(|max| total > max) {
            return Err("it wrote more than its job may".into());
        }
        Ok(())
    }

    /// Keeps outputs, if need be in place of those of jobs that ended first. Nothing of `keep` goes for it.
    pub(super) fn keep_outputs(
        &mut self,
        now: Instant,
        node: NodeId,
        mut outputs: Vec<(ContentId, &[u8])>,
        keep: &[ContentId],
    ) -> bool {
        outputs.retain(|(id, _)| self.blobs.get(*id).is_none());
        let bytes = outputs.iter().map(|(_, bytes)| bytes.len() as u64 + OVERHEAD_BYTES).sum();
        let has_room = outputs.is_empty()
            || self.make_room(now, Room::Job, Instant::from_unix_ms(u64::MAX), bytes, keep);
        for (id, bytes) in outputs.into_iter().filter(|_| has_room) {
            self.blobs.insert(now, Owner::Node(node), id, bytes);
        }
        has_room
    }

    pub(super) fn answer_received(
        &mut self,
        message: u64,
        at: usize,
        node: NodeId,
        signature: [u8; 64],
        result: Result<(), AnswerError>,
    ) {
        let received = match result {
            Ok(()) => Received::Taken { signature, standing: self.scheduler.standing(node) },
            Err(error) => Received::Refused { why: error.to_string() },
        };
        self.received_at(message, at, received);
    }

    fn received_at(&mut self, message: u64, at: usize, received: Received) {
        let Some(receiving) = self.received.get_mut(&message) else { return };
        receiving.results[at] = received;
        receiving.left -= 1;
        if receiving.left == 0
            && let Some(Receiving { peer, token, results, .. }) = self.received.remove(&message)
        {
            self.respond(peer, token, Response::Received(results));
        }
    }

    /// Bytes of the peer's were wrong.
    pub(super) fn strike(&mut self, now: Instant, peer: NodeId) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.strikes.add(now);
        }
    }

    fn is_struck(&self, now: Instant, peer: NodeId) -> bool {
        self.peers.get(&peer).is_some_and(|peer| peer.strikes.is_out(now))
    }
}
