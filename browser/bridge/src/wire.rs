//! `net`'s inputs and outputs as messages. Bodies travel beside them, as byte arrays.

use keys::NodeId;
use net::{Failure, Input, Output, Protocol, RequestId, Responder};
use serde::{Deserialize, Serialize};

/// [`net::Input`] without its body, which is the message's only byte array where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetInput {
    /// [`Input::Connected`].
    Connected {
        /// Who.
        peer: NodeId,
        /// Where.
        address: String,
    },
    /// [`Input::DialFailed`].
    DialFailed {
        /// Whom.
        peer: NodeId,
        /// Where.
        address: String,
        /// Why.
        error: String,
    },
    /// [`Input::Disconnected`].
    Disconnected {
        /// Who.
        peer: NodeId,
    },
    /// [`Input::Request`], with a body.
    Request {
        /// Who asks.
        peer: NodeId,
        /// [`Responder`].
        responder: u64,
        /// [`Protocol::name`].
        protocol: String,
    },
    /// [`Input::Response`], with a body where there is no failure.
    Response {
        /// [`RequestId`].
        id: u64,
        /// Why there is no answer.
        failure: Option<NetFailure>,
    },
}

/// [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetFailure {
    /// [`Failure::Disconnected`].
    Disconnected,
    /// [`Failure::TimedOut`].
    TimedOut,
    /// [`Failure::Refused`].
    Refused,
}

/// [`net::Output`] without its body, which is the message's only byte array where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetOutput {
    /// [`Output::Dial`].
    Dial {
        /// Whom.
        peer: NodeId,
        /// Where.
        address: String,
    },
    /// [`Output::Hangup`].
    Hangup {
        /// Whom.
        peer: NodeId,
    },
    /// [`Output::Request`], with a body.
    Request {
        /// To whom.
        peer: NodeId,
        /// [`RequestId`].
        id: u64,
        /// [`Protocol::name`].
        protocol: String,
    },
    /// [`Output::Respond`], with a body.
    Respond {
        /// [`Responder`].
        responder: u64,
    },
    /// [`Output::Ignore`].
    Ignore {
        /// [`Responder`].
        responder: u64,
    },
}

fn protocol(name: &str) -> Option<Protocol> {
    Protocol::ALL.into_iter().find(|protocol| protocol.name() == name)
}

impl NetInput {
    /// Takes an input apart into head and body; `None` for one that this version does not carry.
    #[must_use]
    pub fn split(input: Input) -> Option<(Self, Vec<Vec<u8>>)> {
        let bare = |head| Some((head, Vec::new()));
        match input {
            Input::Connected { peer, address } => bare(Self::Connected { peer, address }),
            Input::DialFailed { peer, address, error } => bare(Self::DialFailed { peer, address, error }),
            Input::Disconnected { peer } => bare(Self::Disconnected { peer }),
            Input::Request { peer, responder, protocol, body } => {
                let protocol = protocol.name().into();
                Some((Self::Request { peer, responder: responder.0, protocol }, vec![body]))
            }
            Input::Response { id, result: Ok(body) } => {
                Some((Self::Response { id: id.0, failure: None }, vec![body]))
            }
            Input::Response { id, result: Err(failure) } => {
                let failure = match failure {
                    Failure::Disconnected => NetFailure::Disconnected,
                    Failure::TimedOut => NetFailure::TimedOut,
                    _ => NetFailure::Refused,
                };
                bare(Self::Response { id: id.0, failure: Some(failure) })
            }
            _ => None,
        }
    }

    /// Joins head and body again; `None` where they do not fit.
    #[must_use]
    pub fn join(self, parts: Vec<Vec<u8>>) -> Option<Input> {
        let mut parts = parts.into_iter();
        Some(match self {
            Self::Connected { peer, address } => Input::Connected { peer, address },
            Self::DialFailed { peer, address, error } => Input::DialFailed { peer, address, error },
            Self::Disconnected { peer } => Input::Disconnected { peer },
            Self::Request { peer, responder, protocol: name } => Input::Request {
                peer,
                responder: Responder(responder),
                protocol: protocol(&name)?,
                body: parts.next()?,
            },
            Self::Response { id, failure } => Input::Response {
                id: RequestId(id),
                result: match failure {
                    None => Ok(parts.next()?),
                    Some(NetFailure::Disconnected) => Err(Failure::Disconnected),
                    Some(NetFailure::TimedOut) => Err(Failure::TimedOut),
                    Some(NetFailure::Refused) => Err(Failure::Refused),
                },
            },
        })
    }
}

impl NetOutput {
    /// Takes an output apart into head and body; `None` for one that this version does not carry.
    #[must_use]
    pub fn split(output: Output) -> Option<(Self, Vec<Vec<u8>>)> {
        let bare = |head| Some((head, Vec::new()));
        match output {
            Output::Dial { peer, address } => bare(Self::Dial { peer, address }),
            Output::Hangup { peer } => bare(Self::Hangup { peer }),
            Output::Request { peer, id, protocol, body } => {
                Some((Self::Request { peer, id: id.0, protocol: protocol.name().into() }, vec![body]))
            }
            Output::Respond { responder, body } => {
                Some((Self::Respond { responder: responder.0 }, vec![body]))
            }
            Output::Ignore { responder } => bare(Self::Ignore { responder: responder.0 }),
            _ => None,
        }
    }

    /// Joins head and body again; `None` where they do not fit.
    #[must_use]
    pub fn join(self, parts: Vec<Vec<u8>>) -> Option<Output> {
        let mut parts = parts.into_iter();
        Some(match self {
            Self::Dial { peer, address } => Output::Dial { peer, address },
            Self::Hangup { peer } => Output::Hangup { peer },
            Self::Request { peer, id, protocol: name } => {
                Output::Request { peer, id: RequestId(id), protocol: protocol(&name)?, body: parts.next()? }
            }
            Self::Respond { responder } => {
                Output::Respond { responder: Responder(responder), body: parts.next()? }
            }
            Self::Ignore { responder } => Output::Ignore { responder: Responder(responder) },
        })
    }
}
