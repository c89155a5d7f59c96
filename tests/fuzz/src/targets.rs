//! Every target: what it feeds, and inputs to start from.

mod blocks;
mod books;
mod brokers;
mod bytes;
mod expressions;
mod graphs;
mod guests;
mod machines;
mod queries;
mod rankings;
mod schemas;
mod shares;
mod stores;
mod texts;

/// A decoder, or a machine behind one.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also that of its corpus.
    pub name: &'static str,
    /// What reads the bytes.
    pub about: &'static str,
    /// Reads any bytes and comes back.
    pub run: fn(&[u8]),
    /// Inputs to begin a corpus with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    bytes::FRAME,
    bytes::LINK,
    bytes::REQUEST,
    bytes::RESPONSE,
    bytes::WEBRTC_FRAME,
    bytes::WEBRTC_STREAM,
    texts::ENVELOPE,
    texts::PROPOSAL,
    queries::QUERY,
    texts::DRAFT,
    texts::OUTCOME,
    texts::DESCRIPTOR,
    texts::CAPABILITY,
    texts::IDS,
    texts::NUMBER,
    texts::TABLE,
    graphs::GRAPH,
    graphs::GRAPH_CHANGES,
    schemas::SCHEMA,
    schemas::RECORD,
    expressions::EXPRESSION,
    guests::MODULE,
    books::BOOK,
    books::TERMS,
    blocks::BLOCK,
    blocks::BLOCK_RECORDS,
    shares::SHARES_AND_SUMS,
    texts::SDP,
    texts::COMMAND,
    stores::TABLE_RECORD,
    stores::TALLY_RECORDS,
    stores::LIGHT_RECORDS,
    stores::HEAVY_RECORDS,
    machines::HEAVY_NODE,
    machines::LIGHT_NODE,
    machines::TALLY,
    brokers::REQUEST,
    brokers::RESPONSE,
    brokers::BROKER,
    brokers::WORKER,
    brokers::JOB_RECORDS,
    rankings::PART,
    rankings::LETTERS,
    rankings::COORDINATOR,
    rankings::HOLDER,
    rankings::RANKING_RECORDS,
];

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Cuts an input into parts: a length of two bytes, then so many bytes; what is left is the last part.
fn parts(mut input: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some((len, rest)) = input.split_first_chunk::<2>() {
        let len = usize::from(u16::from_le_bytes(*len)).min(rest.len());
        let (part, rest) = rest.split_at(len);
        parts.push(part);
        input = rest;
    }
    if !input.is_empty() {
        parts.push(input);
    }
    parts
}

/// The input that [`parts`] cuts into these.
fn join<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut input = Vec::new();
    for part in parts {
        let len = u16::try_from(part.len()).unwrap_or(u16::MAX);
        input.extend_from_slice(&len.to_le_bytes());
        input.extend_from_slice(&part[..usize::from(len)]);
    }
    input
}
