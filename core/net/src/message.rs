use alloc::string::String;
use borsh::{BorshDeserialize, BorshSerialize};
use codec::Wire;

/// A rib's protocol: one request and one response on a stream of its own, each a length-delimited frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Greeting and liveness: [`LinkRequest`], [`LinkResponse`].
    Link,
    /// Private aggregation.
    Aggregate,
    /// Jobs: leases, answers, and the bytes of modules, inputs and outputs.
    Jobs,
    /// Parts of graphs: letters in pieces, either way.
    Shards,
}

impl Protocol {
    /// Every protocol, for a shell to offer.
    pub const ALL: [Self; 4] = [Self::Link, Self::Aggregate, Self::Jobs, Self::Shards];

    /// The name that is negotiated on a stream.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Link => "/formix/link/1",
            Self::Aggregate => "/formix/aggregate/2",
            Self::Jobs => "/formix/jobs/1",
            Self::Shards => "/formix/shards/1",
        }
    }

    /// Longest request or response body, in bytes: the larger of both.
    pub const fn bytes_max(self) -> usize {
        let (request, response) = (self.request_bytes_max(), self.response_bytes_max());
        if request > response { request } else { response }
    }

    /// Longest request body, in bytes. The shell refuses longer frames by their prefix: what anybody may send unasked is small.
    pub const fn request_bytes_max(self) -> usize {
        match self {
            Self::Link => 512,
            // A report's share has at most 300 KiB, a proposal's signed envelope less.
            Self::Aggregate => 320 * 1024,
            // A manifest's signed envelope has at most 512 KiB, and gathers with others up to 256 KiB.
            Self::Jobs => 832 * 1024,
            // A piece has 256 KiB.
            Self::Shards => 257 * 1024,
        }
    }

    /// Longest response body, in bytes. The shell refuses longer frames by their prefix.
    pub const fn response_bytes_max(self) -> usize {
        match self {
            Self::Link | Self::Shards => 512,
            Self::Aggregate => 1024 * 1024,
            // A chunk has 256 KiB.
            Self::Jobs => 320 * 1024,
        }
    }
}

/// What a node is in the network.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// Relays, aggregates, serves.
    Heavy,
    /// Keeps private records and answers.
    Light,
}

/// The greeting: what each side tells of itself at the start of a link.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hello {
    /// What the node is.
    pub role: Role,
    /// Name and version of its software, for people; at most 64 characters are kept.
    pub agent: String,
}

/// A request on [`Protocol::Link`].
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum LinkRequest {
    /// The dialer's greeting.
    Hello(Hello),
    /// Are you there?
    Ping,
}

/// A response on [`Protocol::Link`].
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum LinkResponse {
    /// The listener's greeting.
    Hello(Hello),
    /// I am.
    Pong,
}

impl Wire for LinkRequest {
    const BYTES_MAX: usize = Protocol::Link.request_bytes_max();
}

impl Wire for LinkResponse {
    const BYTES_MAX: usize = Protocol::Link.response_bytes_max();
}
