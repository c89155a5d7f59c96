//! What goes in and out of the machine.

use super::{Failure, RequestId, Responder};
use crate::{Protocol, Role};
use alloc::{string::String, vec::Vec};
use keys::NodeId;

/// What the shell tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The first connection to a peer is up and authenticated.
    Connected {
        /// Who.
        peer: NodeId,
        /// The remote address, as a multiaddr.
        address: String,
    },
    /// A connected peer is reached over another connection now, which took an earlier one's place.
    Moved {
        /// Who.
        peer: NodeId,
        /// The remote address, as a multiaddr.
        address: String,
    },
    /// A dial that was asked for failed.
    DialFailed {
        /// Whom.
        peer: NodeId,
        /// Where.
        address: String,
        /// The shell's own words.
        error: String,
    },
    /// The last connection to a peer ended.
    Disconnected {
        /// Who.
        peer: NodeId,
    },
    /// A peer's request came in.
    Request {
        /// Who asks.
        peer: NodeId,
        /// To answer by.
        responder: Responder,
        /// On which protocol.
        protocol: Protocol,
        /// The message.
        body: Vec<u8>,
    },
    /// A request of ours ended.
    Response {
        /// Which.
        id: RequestId,
        /// The answer.
        result: Result<Vec<u8>, Failure>,
    },
}

/// What the shell is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Connect to a peer at one address; tell of success or failure.
    Dial {
        /// Whom; the shell refuses any other identity there.
        peer: NodeId,
        /// Where, as a multiaddr.
        address: String,
    },
    /// Close every connection to a peer, and stop a dial under way.
    Hangup {
        /// Whom.
        peer: NodeId,
    },
    /// Send a request; tell of its response.
    Request {
        /// To whom.
        peer: NodeId,
        /// To tell by.
        id: RequestId,
        /// On which protocol.
        protocol: Protocol,
        /// The message.
        body: Vec<u8>,
    },
    /// Answer a peer's request.
    Respond {
        /// Which.
        responder: Responder,
        /// The message.
        body: Vec<u8>,
    },
    /// Leave a peer's request unanswered and close its stream.
    Ignore {
        /// Which.
        responder: Responder,
    },
}

/// What the owner of the endpoint learns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A peer is connected and has said hello.
    Up {
        /// Who.
        peer: NodeId,
        /// As what.
        role: Role,
    },
    /// A peer that was up is gone.
    Down {
        /// Who.
        peer: NodeId,
    },
    /// A peer asks. Every request is to be answered with [`crate::Endpoint::respond`] or
    /// [`crate::Endpoint::ignore`].
    Request {
        /// Who asks.
        peer: NodeId,
        /// To answer by.
        responder: Responder,
        /// On which protocol.
        protocol: Protocol,
        /// The message.
        body: Vec<u8>,
    },
    /// A request made with [`crate::Endpoint::request`] ended.
    Reply {
        /// Whom it was put to.
        peer: NodeId,
        /// Which.
        id: RequestId,
        /// The answer.
        result: Result<Vec<u8>, Failure>,
    },
    /// What [`crate::Endpoint::links`] shows has changed in more than a latency.
    Changed,
}
