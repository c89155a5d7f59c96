//! What a heavy node's machine tells its process.

use super::{HeavyOptions, Rewrite};
use crate::{
    clock,
    drive::Owner,
    guests::Guests,
    http::Public,
    reckon::{Combining, Cutting, Reckoning},
    swarm::announced,
};
use aggregate::Stage;
use codec::ContentId;
use keys::{Envelope, Identity, SealPublic};
use libp2p::Multiaddr;
use node::{Descriptor, HeavyNode, HeavyOutput, heavy::COMPUTATIONS_MAX};
use std::{collections::HashMap, sync::Arc};

/// Says where the node is reached, in its name.
pub(super) struct Speaker {
    pub(super) identity: Identity,
    pub(super) seal: SealPublic,
    pub(super) options: HeavyOptions,
}

impl Speaker {
    /// The signed descriptor with these addresses.
    pub(super) fn describe(&self, addresses: &[Multiaddr]) -> (Envelope, Vec<String>) {
        let addresses = told(addresses);
        let descriptor = Descriptor {
            version: 1,
            id: self.identity.id(),
            seal: self.seal,
            addresses: addresses.clone(),
            issued: clock::now(),
        };
        (descriptor.sign(&self.identity), addresses)
    }
}

/// The addresses that a descriptor holds: the first 16. A machine with more interfaces is better told what to announce.
fn told(addresses: &[Multiaddr]) -> Vec<String> {
    addresses.iter().take(16).map(Multiaddr::to_string).collect()
}

/// What does the machine's long work, on threads of its own.
pub(super) struct Beside {
    pub(super) guests: Guests,
    pub(super) reckoning: Reckoning,
    pub(super) cutting: Cutting,
    pub(super) combining: Combining,
}

pub(super) struct HeavyOwner {
    public: Arc<Public>,
    speaker: Speaker,
    /// How far each computation had come when it was last told of.
    stages: HashMap<ContentId, Stage>,
    rewrite: Option<Rewrite>,
    beside: Beside,
}

impl HeavyOwner {
    pub(super) fn new(public: Arc<Public>, speaker: Speaker, beside: Beside) -> Self {
        let rewrite = speaker.options.rewriter.map(|rewriter| rewriter(&speaker.identity));
        Self { public, speaker, stages: HashMap::new(), rewrite, beside }
    }

    fn changed(&mut self, node: &HeavyNode, id: ContentId) {
        let Some(view) = node.computation(id).map(Arc::new) else { return };
        self.public.keep_view(node, Arc::clone(&view));
        if self.public.hub.is_heard()
            && let Ok(view) = serde_json::to_string(view.as_ref())
        {
            self.public.hub.computation(&view);
        }
        if self.stages.len() > 2 * COMPUTATIONS_MAX {
            self.stages.clear();
        }
        if self.stages.insert(id, view.stage) != Some(view.stage) {
            let refusal = view.refusal_text.as_deref();
            let (stage, reports) = (format!("{:?}", view.stage), view.reports);
            tracing::info!(%id, stage, reports, refusal, "a computation moves on");
        }
    }
}

impl Owner<HeavyNode> for HeavyOwner {
    fn notice(&mut self, node: &HeavyNode, notice: HeavyOutput) {
        match notice {
            HeavyOutput::Proposed { token, result } => {
                // Who is told the id looks it up next.
                if let Some(view) = result.as_ref().ok().and_then(|id| node.computation(*id)) {
                    self.public.keep_view(node, Arc::new(view));
                }
                self.public.proposed(token, result);
            }
            HeavyOutput::Changed { id } => self.changed(node, id),
            HeavyOutput::Submitted { token, result } => self.public.submitted(token, result),
            HeavyOutput::JobCancelled { token, result } => self.public.job_cancelled(token, result),
            HeavyOutput::BlobPut { token, result } => self.public.blob_put(token, result),
            HeavyOutput::JobChanged { id } => self.public.hub.job_changed(id),
            HeavyOutput::Run(task) => self.beside.guests.run(task),
            HeavyOutput::Stop { job } => self.beside.guests.stop(job),
            HeavyOutput::Ranked { token, result } => self.public.ranked(token, result),
            HeavyOutput::Cut { ranking, order, keys } => self.beside.cutting.cut(ranking, order, keys),
            HeavyOutput::Combine(combine) => self.beside.combining.handle(combine),
            HeavyOutput::Reckon(task) => self.beside.reckoning.handle(task),
            HeavyOutput::RankingChanged { id } => {
                if let Some(view) = node.ranking(id) {
                    tracing::info!(%id, state = ?view.state, words = view.words, "a ranking moves on");
                }
            }
            HeavyOutput::PeersChanged => self.public.hub.peers_changed(),
            HeavyOutput::FellowRefused { error } => {
                tracing::warn!(%error, "another heavy node's descriptor is not taken");
            }
            other => tracing::error!(?other, "the shell does not know this output"),
        }
    }

    fn sends(&mut self, output: net::Output) -> net::Output {
        match &mut self.rewrite {
            Some(rewrite) => rewrite(output),
            None => output,
        }
    }

    fn addresses(&mut self, listening: Vec<Multiaddr>) -> Vec<Multiaddr> {
        let options = &self.speaker.options;
        let addresses = announced(listening.iter(), &options.external, &options.announce);
        let known = self.public.addresses();
        if known != told(&addresses) {
            let (descriptor, texts) = self.speaker.describe(&addresses);
            tracing::info!(addresses = ?texts, "the node's addresses have changed");
            self.public.describe(descriptor, texts);
        }
        addresses
    }
}
