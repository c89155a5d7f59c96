//! A draft looked at before anybody else sees it: what it asks in words, what this node itself would answer, what an
//! answer costs.

use super::{Draft, LightNode, String, ToString, Vec, fit};
use aggregate::{HEAVY, HeavyKey, JsonObject, Report};
use codec::ContentId;
use keys::{Identity, SealKey};
use query::Line;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use schema::Schema;

/// What a draft would come to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trial {
    /// What is asked, in plain words.
    pub words: String,
    /// What this node's own records would give, figure by figure; or why they give nothing.
    pub own: Result<Vec<Line>, String>,
    /// What a participant sends to the three heavy nodes together, in bytes.
    pub report_bytes: u64,
    /// How exact the result is, in words.
    pub rounding: String,
}

impl LightNode {
    /// Does with a draft all that a participant would: reads it, measures this node's records, shares and seals the
    /// measurement, and throws it away. Takes as long as that takes.
    ///
    /// # Errors
    /// Why it cannot be proposed, the place first: `` `query.value.expr`: … ``.
    pub fn try_out(&self, draft: &Draft) -> Result<Trial, String> {
        let draft = self.with_own_schema(draft);
        let dataset = self.datasets.get(draft.dataset.trim()).map(|(dataset, _)| dataset);
        if let Some(dataset) = dataset.filter(|_| draft.schema.is_none()) {
            // A schema that follows from the expressions has every field that they name: own records know better.
            draft.query.check(&dataset.schema()).map_err(|error| error.to_string())?;
        }
        // Nothing of it leaves: the heavy nodes are none, and the randomness is no secret.
        let mut rng = ChaCha20Rng::from_seed([0; 32]);
        let heavy: [HeavyKey; HEAVY] = core::array::from_fn(|at| HeavyKey {
            id: Identity::from_seed([at as u8; 32]).id(),
            seal: SealKey::from_seed([at as u8; 32]).public(),
        });
        let refused = |error: aggregate::ProposalError| error.to_string();
        let proposal = draft.propose(self.id(), &heavy, &mut rng).map_err(refused)?;
        let (plan, instance) = (proposal.plan().map_err(refused)?, proposal.instance().map_err(refused)?);
        let id = ContentId::of(proposal.nonce.as_bytes());
        let schema = Schema::from_json(proposal.schema.as_str()).map_err(|error| error.to_string())?;
        let measured = match dataset {
            Some(dataset) => fit::measure(dataset, &schema, &plan, self.clock),
            None => Err("you have no data of this name".to_string()),
        };
        let layout = plan.layout();
        let vector = match &measured {
            Ok(measured) => measured.vector.clone(),
            Err(_) => (0..layout.length).map(|at| u64::from(layout.one_hot && at == 0)).collect(),
        };
        let report = Report::new(&proposal, &instance, id, self.id(), &vector, &mut rng)
            .map_err(|error| error.to_string())?;
        let sent: usize = report.sealed.iter().map(|sealed| report.public.len() + sealed.len()).sum();
        Ok(Trial {
            words: plan.words(),
            own: measured.map(|measured| plan.preview(&measured.vector).unwrap_or_default()),
            report_bytes: sent as u64,
            rounding: plan.rounding_words(),
        })
    }

    /// The draft, with the schema that the person gave to their own data of that name where it has none.
    pub(super) fn with_own_schema(&self, draft: &Draft) -> Draft {
        let mut draft = draft.clone();
        if draft.schema.is_none()
            && let Some((dataset, _)) = self.datasets.get(draft.dataset.trim())
            && let Some(schema) = dataset.given_schema()
        {
            draft.schema = JsonObject::parse(schema.to_json()).ok();
        }
        draft
    }
}

#[cfg(test)]
mod tests;
