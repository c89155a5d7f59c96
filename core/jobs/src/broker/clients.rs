//! Who submits: jobs, cancellations and bytes, through the shell or as a peer.

use super::{Asker, Broker, Output, Wait};
use crate::{
    Cancellation, Manifest,
    blobs::{BlobError, Owner, Progress, Room},
    cancel::CancellationError,
    message::{CHUNK_BYTES_MAX, Response},
    scheduler::{self, SubmitError, Taken},
};
use alloc::{boxed::Box, string::ToString, vec::Vec};
use codec::{ContentId, Instant};
use keys::{Envelope, NodeId};

/// Most characters of a reason that a peer is told.
const WHY_MAX: usize = 500;

pub(super) fn refused(why: &dyn core::fmt::Display, retry_ms: Option<u64>) -> Response {
    Response::Refused { why: why.to_string().chars().take(WHY_MAX).collect(), retry_ms }
}

/// Bytes of a blob that somebody puts.
pub(super) struct Piece<'a> {
    pub(super) id: ContentId,
    pub(super) len: u64,
    pub(super) offset: u64,
    pub(super) bytes: &'a [u8],
}

impl Broker {
    pub(super) fn submit(&mut self, now: Instant, asker: Asker, document: Envelope) {
        let (job, manifest) = match Manifest::open(&document) {
            Ok(opened) => opened,
            Err(error) => return self.say_submitted(asker, Err(SubmitError::Manifest(error))),
        };
        if self.scheduler.document(job).is_none() {
            let mut named = Vec::new();
            for (field, blob) in [("module.id", &manifest.module), ("input.id", &manifest.input)] {
                let Some(id) = blob.id().filter(|_| blob.inline().is_none()) else { continue };
                if self.blobs.get(id).is_none() {
                    return self.say_submitted(asker, Err(SubmitError::Missing { field, id }));
                }
                named.push(id);
            }
            let share = self.check_share(manifest.submitter, &named, manifest.input.outputs());
            if let Err(error) = share {
                return self.say_submitted(asker, Err(error));
            }
        }
        let token = self.token(Wait::Submit(asker));
        let manifest = Box::new(manifest);
        let input = scheduler::Input::SubmitOpened { token, job, manifest, document };
        self.scheduler.handle_input(now, input);
        self.hold_blobs(job);
    }

    pub(super) fn say_submitted(&mut self, asker: Asker, result: Result<Taken, SubmitError>) {
        match (asker, result) {
            (Asker::Shell(token), result) => self.outputs.push_back(Output::Submitted { token, result }),
            (Asker::Peer(peer, token), Ok(Taken { job, able, words })) => {
                self.respond(peer, token, Response::Submitted { job, able, words });
            }
            (Asker::Peer(peer, token), Err(error)) => {
                self.respond(peer, token, refused(&error, error.retry_ms()));
            }
        }
    }

    pub(super) fn cancel(&mut self, now: Instant, asker: Asker, envelope: &Envelope) {
        match Cancellation::open(envelope) {
            Ok(Cancellation { job, submitter: by, .. }) => {
                let token = self.token(Wait::Cancel(asker, job));
                self.scheduler.handle_input(now, scheduler::Input::Cancel { token, job, by });
            }
            Err(error) => self.say_cancelled(asker, Err(error)),
        }
    }

    pub(super) fn say_cancelled(&mut self, asker: Asker, result: Result<ContentId, CancellationError>) {
        match (asker, result) {
            (Asker::Shell(token), result) => self.outputs.push_back(Output::Cancelled { token, result }),
            (Asker::Peer(peer, token), Ok(_)) => self.respond(peer, token, Response::Cancelled),
            (Asker::Peer(peer, token), Err(error)) => self.respond(peer, token, refused(&error, None)),
        }
    }

    pub(super) fn put(&mut self, now: Instant, asker: Asker, owner: Owner, piece: Piece<'_>) {
        let Piece { id, len, offset, bytes } = piece;
        let given = bytes.len() as u64;
        let result = if matches!(asker, Asker::Peer(..)) && bytes.len() > CHUNK_BYTES_MAX {
            Err(BlobError::TooLong { len: given, max: CHUNK_BYTES_MAX as u64 })
        } else {
            match self.blobs.put(now, owner, id, len, offset, bytes) {
                // Nothing else is wrong with them.
                Err(BlobError::Full)
                    if self.make_room(
                        now,
                        Room::Upload { owner, bytes: given },
                        Self::stale(now),
                        given,
                        &[id],
                    ) =>
                {
                    self.blobs.put(now, owner, id, len, offset, bytes)
                }
                result => result,
            }
        };
        let batch = self.blobs.take_batch();
        match result {
            Ok(progress) => {
                // Said once it is durable.
                let token = self.token(Wait::Put(asker, progress));
                self.scheduler.keep(batch, Some(token));
            }
            Err(error) => {
                self.scheduler.keep(batch, None);
                self.say_put(now, asker, Err(error));
            }
        }
    }

    pub(super) fn say_put(&mut self, now: Instant, asker: Asker, result: Result<Progress, BlobError>) {
        match (asker, result) {
            (Asker::Shell(token), result) => self.outputs.push_back(Output::Put { token, result }),
            (Asker::Peer(peer, token), Ok(Progress { have, .. }) | Err(BlobError::Offset { have, .. })) => {
                self.respond(peer, token, Response::Put { have });
            }
            (Asker::Peer(peer, token), Err(error)) => {
                if matches!(error, BlobError::OtherBytes { .. }) {
                    self.strike(now, peer);
                }
                self.respond(peer, token, refused(&error, error.retry_ms()));
            }
        }
    }

    pub(super) fn get(&mut self, peer: NodeId, token: u64, id: ContentId, offset: u64) {
        let response = match self.blobs.get(id) {
            Some(bytes) if offset <= bytes.len() as u64 => {
                let from = offset as usize;
                let to = bytes.len().min(from + CHUNK_BYTES_MAX);
                Response::Chunk { len: bytes.len() as u64, bytes: bytes[from..to].to_vec() }
            }
            _ => Response::Unknown,
        };
        self.respond(peer, token, response);
    }

    pub(super) fn status(&mut self, peer: NodeId, token: u64, job: ContentId) {
        let response = self.job(job).map_or(Response::Unknown, |view| Response::Status {
            view: serde_json::to_vec(&view).expect("plain values always serialise"),
        });
        self.respond(peer, token, response);
    }
}
