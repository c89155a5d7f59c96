//! The running node's part in jobs: lending the browser, and signing in its person's name.

use bridge::Signed;
use channel::reckoner::PartsBy;
use codec::ContentId;
use jobs::{Cancellation, Finished, Manifest};
use node::LightInput;

use crate::documents;
use crate::runners::Runners;
use crate::runtime::Runtime;
use crate::worker::random;

impl Runtime {
    /// How this browser is lent to jobs and to graphs from now on.
    pub(crate) fn lend(&self, share_percent: u8, hold: bool, graphs: Option<PartsBy>) {
        if let Some(executor) = self.0.guests.lend(share_percent, hold) {
            self.drive(|node, now| node.handle_input(now, LightInput::Executor(executor)));
        }
        self.0.parts.lend(self, graphs.filter(|_| !hold), share_percent);
    }

    /// A guest has ended by itself.
    pub(crate) fn ended(&self, job: ContentId, finished: Option<&Finished>) {
        self.0.guests.ended(job, self.elapsed_ms(), finished);
    }

    /// Milliseconds by a clock that nobody sets.
    pub(crate) fn elapsed_ms(&self) -> f64 {
        self.0.clock.elapsed_ms()
    }

    /// Where guests run.
    pub(crate) fn runners(&self) -> Runners {
        self.0.guests.runners.clone()
    }

    /// Signs a job in the person's name.
    pub(crate) fn sign_job(
        &self,
        manifest: Manifest,
        module: &[u8],
        input: &[u8],
    ) -> Result<(Signed, Vec<u8>), String> {
        documents::sign_job(manifest, module, input, &self.0.signer, self.0.clock.now(), random())
    }

    /// Signs that a job of the person's is taken back.
    pub(crate) fn sign_cancel(&self, job: ContentId) -> (Signed, Vec<u8>) {
        let envelope = Cancellation::sign(job, &self.0.signer);
        (Signed { job, blobs: Vec::new() }, envelope.to_json())
    }
}
