//! What the views of jobs ask.

use channel::reckoner::PartsBy;
use codec::ContentId;
use futures::channel::oneshot;
use jobs::Manifest;

use super::{Handle, STOPPED};
use crate::jobs::{Checked, JobsAnswer, JobsAsk, Signed};
use crate::message::ToWorker;

/// Who waits for an answer.
pub(super) enum Waiting {
    Sign(oneshot::Sender<Result<(Signed, Vec<u8>), String>>),
    Receipt(oneshot::Sender<Option<Vec<u8>>>),
    Check(oneshot::Sender<Result<Box<Checked>, String>>),
    Rerun(oneshot::Sender<Result<(), String>>),
}

const fn jobs(waiting: Waiting) -> super::Waiting {
    super::Waiting::Jobs(waiting)
}

impl Waiting {
    pub(super) fn hear(self, answer: Answer) {
        // Whoever asked may have stopped waiting.
        match (self, answer) {
            (Self::Sign(teller), Answer::Sign(result)) => drop(teller.send(result)),
            (Self::Receipt(teller), Answer::Receipt(result)) => drop(teller.send(result)),
            (Self::Check(teller), Answer::Check(result)) => drop(teller.send(result)),
            (Self::Rerun(teller), Answer::Rerun(result)) => drop(teller.send(result)),
            _ => {}
        }
    }
}

/// An answer.
pub(super) enum Answer {
    Sign(Result<(Signed, Vec<u8>), String>),
    Receipt(Option<Vec<u8>>),
    Check(Result<Box<Checked>, String>),
    Rerun(Result<(), String>),
}

impl Answer {
    /// What the worker said, and to whom.
    pub(super) fn of(answer: JobsAnswer, parts: Vec<Vec<u8>>) -> (u64, Self) {
        let first = || parts.into_iter().next();
        match answer {
            JobsAnswer::Signed { token, result } => {
                (token, Self::Sign(result.map(|signed| (signed, first().unwrap_or_default()))))
            }
            JobsAnswer::Receipt { token } => (token, Self::Receipt(first())),
            JobsAnswer::Checked { token, result } => (token, Self::Check(result)),
            JobsAnswer::Reran { token, result } => (token, Self::Rerun(result)),
        }
    }
}

impl Handle {
    /// Signs a job in the node's name: `manifest` with this module and this input. Gives its id, its blobs and the document.
    ///
    /// # Errors
    /// What is wrong with it, in words for a person.
    pub async fn sign_job(
        &self,
        manifest: Manifest,
        module: Vec<u8>,
        input: Vec<u8>,
    ) -> Result<(Signed, Vec<u8>), String> {
        let (teller, told) = oneshot::channel();
        let message = |token| ToWorker::Jobs(JobsAsk::Sign { token, manifest: Box::new(manifest) });
        self.0.ask(jobs(Waiting::Sign(teller)), message, vec![module, input])?;
        told.await.unwrap_or_else(|_| Err(STOPPED.into()))
    }

    /// Signs that the job `job` of this node is taken back. Gives the document.
    ///
    /// # Errors
    /// Why not, in words for a person.
    pub async fn sign_cancel(&self, job: ContentId) -> Result<Vec<u8>, String> {
        let (teller, told) = oneshot::channel();
        self.0.ask(
            jobs(Waiting::Sign(teller)),
            |token| ToWorker::Jobs(JobsAsk::Cancel { token, job }),
            Vec::new(),
        )?;
        told.await.unwrap_or_else(|_| Err(STOPPED.into())).map(|(_, document)| document)
    }

    /// Says how this browser is lent to jobs from now on: how much of a core's time guests may take, in percent, and whether nothing may run
    /// now, whatever the node's settings say; and what computes parts of other people's graphs as well, within the same share, if anything does.
    pub fn lend(&self, share_percent: u8, hold: bool, graphs: Option<PartsBy>) {
        // Without a worker nothing runs.
        let _ = self.0.send(ToWorker::Jobs(JobsAsk::Lend { share_percent, hold, graphs }), Vec::new());
    }

    /// The receipt of a job that ran here, a DSSE document in JSON; `None` where it is no longer kept.
    pub async fn receipt(&self, job: ContentId) -> Option<Vec<u8>> {
        let (teller, told) = oneshot::channel();
        let message = |token| ToWorker::Jobs(JobsAsk::Receipt { token, job });
        self.0.ask(jobs(Waiting::Receipt(teller)), message, Vec::new()).ok()?;
        told.await.ok()?
    }

    /// Checks a receipt, a DSSE document in JSON, in the worker.
    ///
    /// # Errors
    /// What is wrong with it, in words for a person.
    pub async fn check_receipt(&self, receipt: Vec<u8>) -> Result<Checked, String> {
        let (teller, told) = oneshot::channel();
        self.0.ask(
            jobs(Waiting::Check(teller)),
            |token| ToWorker::Jobs(JobsAsk::Check { token }),
            vec![receipt],
        )?;
        told.await.unwrap_or_else(|_| Err(STOPPED.into())).map(|checked| *checked)
    }

    /// Runs again what a receipt speaks of, in a runner of its own.
    ///
    /// # Errors
    /// What differs, or why this browser cannot tell, in words for a person.
    pub async fn rerun(&self, receipt: Vec<u8>, module: Vec<u8>, input: Vec<u8>) -> Result<(), String> {
        let (teller, told) = oneshot::channel();
        self.0.ask(
            jobs(Waiting::Rerun(teller)),
            |token| ToWorker::Jobs(JobsAsk::Rerun { token }),
            vec![receipt, module, input],
        )?;
        told.await.unwrap_or_else(|_| Err(STOPPED.into()))
    }
}
