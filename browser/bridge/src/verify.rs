//! Documents that somebody shows, checked against each other.

use aggregate::{Proposal, outcome};
use keys::{Envelope, NodeId};

/// Checks the DSSE documents `proposal` and `end`, in JSON; `pinned` are the heavy nodes that the person's own node
/// trusts. Gives the proposal's heavy nodes that are not among them: who they are, documents cannot tell.
///
/// # Errors
/// What is wrong, in words for a person.
pub fn verify(proposal: &[u8], end: &[u8], pinned: &[NodeId]) -> Result<Vec<NodeId>, String> {
    let read = |what, bytes| Envelope::from_json(bytes).map_err(|error| format!("the {what}: {error}"));
    let (proposal, end) = (read("proposal", proposal)?, read("result", end)?);
    outcome::verify(&proposal, &end).map_err(|error| error.to_string())?;
    let (_, proposal) = Proposal::open(&proposal).map_err(|error| error.to_string())?;
    let heavy = proposal.heavy.iter().map(|key| key.id);
    Ok(heavy.filter(|id| !pinned.contains(id)).collect())
}
