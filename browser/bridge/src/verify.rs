//! Documents that somebody shows, checked against each other.

use aggregate::{
    Proposal,
    evidence::{self, EVIDENCE_TYPE},
    outcome,
};
use keys::{Envelope, NodeId};

/// Checks the DSSE documents `proposal` and `said`, in JSON: the computation's end, or evidence that one of its heavy nodes
/// lied. `pinned` are the heavy nodes that the person's own node trusts. Gives the proposal's heavy nodes that are not among
/// them: who they are, documents cannot tell.
///
/// # Errors
/// What is wrong, in words for a person.
pub fn verify(proposal: &[u8], said: &[u8], pinned: &[NodeId]) -> Result<Vec<NodeId>, String> {
    let read = |what, bytes| Envelope::from_json(bytes).map_err(|error| format!("the {what}: {error}"));
    let (proposal, said) = (read("proposal", proposal)?, read("document", said)?);
    if said.payload_type == EVIDENCE_TYPE {
        evidence::verify(&proposal, &said).map_err(|error| error.to_string())?;
    } else {
        outcome::verify(&proposal, &said).map_err(|error| error.to_string())?;
    }
    let (_, proposal) = Proposal::open(&proposal).map_err(|error| error.to_string())?;
    let heavy = proposal.heavy.iter().map(|key| key.id);
    Ok(heavy.filter(|id| !pinned.contains(id)).collect())
}
