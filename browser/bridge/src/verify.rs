//! Documents that somebody shows, checked against each other.

use aggregate::{Outcome, Proposal, Refusal, Verified, outcome};
use codec::ContentId;
use keys::{Envelope, NodeId};

/// A proposal and its end, whose signatures fit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct VerifiedDocument {
    /// The computation's id.
    pub id: ContentId,
    /// What was asked.
    pub proposal: Proposal,
    /// How it ended.
    pub verdict: Verdict,
    /// The proposal's heavy nodes that this node has not pinned. Who they are, the documents cannot tell.
    pub strangers: Vec<NodeId>,
}

/// How a computation ended, as its documents say.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All three heavy nodes signed this total.
    Result(Outcome),
    /// One of the three signed that there is none.
    Refusal(Refusal),
}

/// Checks the DSSE documents `proposal` and `end`, in JSON; `pinned` are the heavy nodes that the person's
/// own node trusts.
///
/// # Errors
/// What is wrong, in words for a person.
pub fn verify(proposal: &[u8], end: &[u8], pinned: &[NodeId]) -> Result<VerifiedDocument, String> {
    let read = |what, bytes| Envelope::from_json(bytes).map_err(|error| format!("the {what}: {error}"));
    let (proposal, end) = (read("proposal", proposal)?, read("result", end)?);
    let verdict = match outcome::verify(&proposal, &end).map_err(|error| error.to_string())? {
        Verified::Result(outcome) => Verdict::Result(outcome),
        Verified::Refusal(refusal) => Verdict::Refusal(refusal),
        _ => return Err("a kind of end that this version does not know".into()),
    };
    let (id, proposal) = Proposal::open(&proposal).map_err(|error| error.to_string())?;
    let heavy = proposal.heavy.iter().map(|key| key.id);
    let strangers = heavy.filter(|id| !pinned.contains(id)).collect();
    Ok(VerifiedDocument { id, proposal, verdict, strangers })
}
