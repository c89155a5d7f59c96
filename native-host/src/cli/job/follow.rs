//! Follows jobs to their ends, and checks what came of them.

use super::{hand::bar, plan::Signed, reach::Host};
use crate::{
    cli::REFUSED,
    client::{Api, ApiError},
    output::Out,
};
use anyhow::{Context, Result, bail};
use codec::ContentId;
use jobs::{Ending, JobView, Manifest, Receipt, manifest::Quorum, view::ResultView};
use keys::{Envelope, NodeId};
use reqwest::Url;
use serde_json::json;
use std::{
    collections::BTreeSet,
    io::{self, Write},
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::time;

/// Between two looks at a job: from the first, doubling to the last.
const LOOK_MIN: Duration = Duration::from_millis(20);
const LOOK_MAX: Duration = Duration::from_millis(500);

/// A heavy node that was found does not get on with jobs that it took.
#[derive(Debug, thiserror::Error)]
#[error("{url} has had the jobs for {} seconds, and {what}", .waited.as_secs())]
pub(super) struct Idle {
    url: Url,
    waited: Duration,
    what: &'static str,
}

/// Whether a heavy node gets on with jobs, as far as it is asked to.
struct Course<'a> {
    host: &'a Host,
    /// How long one of the jobs may take once it is begun.
    work: Duration,
    has_begun: bool,
    /// When one was begun or ended last.
    moved: Instant,
}

impl Course<'_> {
    fn begun(&mut self) {
        if !self.has_begun {
            self.ended();
        }
    }

    fn ended(&mut self) {
        (self.has_begun, self.moved) = (true, Instant::now());
    }

    fn check(&self) -> Result<(), Idle> {
        let Some(patience) = self.host.patience else { return Ok(()) };
        let (waited, url) = (self.moved.elapsed(), self.host.api.url().clone());
        if !self.has_begun && waited >= patience.start {
            return Err(Idle { url, waited, what: "nobody there begins any" });
        }
        if waited >= patience.start.saturating_add(self.work) {
            return Err(Idle { url, waited, what: "none has ended in the time that its limits give it" });
        }
        Ok(())
    }
}

/// How long one of these may take from when it is begun, its replicas one after the other and one of them lost.
pub(super) fn work(jobs: &[Signed]) -> Duration {
    let ms = |job: &Signed| {
        u64::from(job.manifest.limits.wall_ms).saturating_mul(u64::from(job.manifest.replicas) + 1)
    };
    Duration::from_millis(jobs.iter().map(ms).max().unwrap_or_default())
}

/// Waits until each job has ended at the host, in their order; one may take so much `work` once it is begun.
///
/// # Errors
/// The host has been silent for longer than it may, does not get on ([`Idle`]), or does not know a job.
pub(super) async fn wait(host: &Host, jobs: &[ContentId], work: Duration, out: &Out) -> Result<Vec<JobView>> {
    let waiting = bar(jobs.len() as u64, "{bar:30} {pos} of {len} jobs {msg}", out);
    let mut ended = Vec::with_capacity(jobs.len());
    let mut course = Course { host, work, has_begun: false, moved: Instant::now() };
    for id in jobs {
        let mut pause = LOOK_MIN;
        let mut heard = Instant::now();
        loop {
            let told = host.api.job(*id).await;
            if told.is_ok() {
                heard = Instant::now();
            }
            let is_waited_for = host.patience.is_none_or(|patience| heard.elapsed() < patience.silence);
            match told {
                Ok(view) if view.state.is_end() => {
                    course.ended();
                    ended.push(view);
                    break;
                }
                Ok(view) => {
                    if !view.leases.is_empty() {
                        course.begun();
                    }
                    course.check()?;
                    waiting.set_message(match &view.why {
                        Some(why) => format!("{}: {why}", view.state.name()),
                        None => view.state.name().to_owned(),
                    });
                }
                // The host may be starting again; what it took is durable.
                Err(error) if error.is_passing() && is_waited_for => waiting.set_message(error.to_string()),
                Err(error) => return Err(error.into()),
            }
            time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_MAX);
        }
        waiting.inc(1);
    }
    waiting.finish_and_clear();
    Ok(ended)
}

/// What a job gave, checked against its receipts.
pub(super) struct Checked {
    pub(super) receipts: Vec<Envelope>,
    /// Whose receipts say what the heavy node says.
    pub(super) agree: BTreeSet<NodeId>,
}

/// Fetches a job's receipts, and checks that they bear out what the heavy node says of it.
pub(super) async fn check(api: &Api, view: &JobView, manifest: &Manifest) -> Result<Checked> {
    let receipts = api.receipts(view.id).await?;
    let Some(result) = &view.result else {
        return Ok(Checked { receipts, agree: BTreeSet::new() });
    };
    let mut agree = BTreeSet::new();
    for envelope in &receipts {
        let (receipt, _) = Receipt::open(envelope).context("a receipt does not verify")?;
        receipt.follows(view.id, manifest).context("a receipt is about another job")?;
        if says(&receipt, result) {
            agree.insert(receipt.node);
        }
    }
    let replicas = usize::from(manifest.replicas);
    let needed = match manifest.quorum {
        _ if result.judged => 1,
        Quorum::Majority => replicas / 2 + 1,
        Quorum::Unanimous => replicas,
    };
    if agree.len() < needed {
        bail!(
            "{} says that the job ended as `{}`, and {} of the {needed} receipts that it takes bear that out",
            api.url(),
            result.ending.code(),
            agree.len()
        );
    }
    Ok(Checked { receipts, agree })
}

fn says(receipt: &Receipt, result: &ResultView) -> bool {
    receipt.ending.code() == result.ending.code()
        && (receipt.output, receipt.errors, receipt.fuel) == (result.stdout, result.stderr, result.fuel)
}

/// What the guest wrote to `stdout` or `stderr`, checked against its content id; `None` where the heavy node no longer keeps it.
pub(super) async fn output(api: &Api, view: &JobView, stream: &str) -> Result<Option<Vec<u8>>> {
    let Some(result) = &view.result else { bail!("{}", no_result(view)) };
    let meant = if stream == "stdout" { result.stdout } else { result.stderr };
    let bytes = match api.output(view.id, stream).await {
        Ok(bytes) => bytes,
        Err(error @ ApiError::Refused { .. }) if error.is_unknown() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if ContentId::of(&bytes) != meant {
        bail!("{} gave other bytes than the job's {stream}, {meant}", api.url());
    }
    Ok(Some(bytes))
}

fn no_result(view: &JobView) -> String {
    match &view.refusal {
        Some(refusal) => format!("the job got no result: {}", refusal.words),
        None => format!("the job is {}; `formix job logs --wait` waits for it", view.state.name()),
    }
}

/// Writes what a guest wrote where it would have written it.
pub(super) fn write(stdout: &[u8], stderr: &[u8]) -> Result<()> {
    let written = |result: io::Result<()>| match result {
        // Who listened has gone, as in `formix job logs … | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("writing what the guest wrote"),
    };
    let mut out = io::stdout().lock();
    written(out.write_all(stdout).and_then(|()| out.flush()))?;
    written(io::stderr().lock().write_all(stderr))
}

/// The exit status that an ended job stands for: the guest's own where this system has it.
pub(super) fn status(view: &JobView) -> ExitCode {
    view.result.as_ref().map_or(ExitCode::from(REFUSED), |result| ending_status(&result.ending))
}

/// The guest's exit code where this system has it, and 1 for any other failure.
pub(super) fn ending_status(ending: &Ending) -> ExitCode {
    match ending {
        Ending::Exit(code) => u8::try_from(*code).map_or(ExitCode::FAILURE, ExitCode::from),
        _ => ExitCode::FAILURE,
    }
}

/// Waits for submitted jobs, checks each, and tells; of the last, with `prints`, what it wrote.
pub(super) async fn to_the_end(host: &Host, jobs: &[Signed], prints: bool, out: &Out) -> Result<ExitCode> {
    let ids: Vec<ContentId> = jobs.iter().map(|job| job.id).collect();
    let views = wait(host, &ids, work(jobs), out).await?;
    let api = &host.api;
    let (mut failed, mut without) = (0_usize, 0_usize);
    for (view, job) in views.iter().zip(jobs) {
        let checked = check(api, view, &job.manifest).await.with_context(|| format!("job {}", view.id))?;
        match &view.result {
            None => without += 1,
            Some(result) if !result.ending.is_success() => failed += 1,
            Some(_) => {}
        }
        let value = json!({ "event": "ended", "view": view, "agree": checked.agree });
        if out.json {
            out.line(&value.to_string());
        } else if !view.result.as_ref().is_some_and(|result| result.ending.is_success()) {
            eprintln!("{} “{}”: {}", view.id.short(), view.name, headline(view));
        }
    }
    if prints
        && !out.json
        && let Some(last) = views.last().filter(|view| view.result.is_some())
    {
        let (stdout, stderr) = (output(api, last, "stdout").await?, output(api, last, "stderr").await?);
        write(&stdout.unwrap_or_default(), &stderr.unwrap_or_default())?;
    }
    Ok(match (failed, without) {
        (0, 0) => ExitCode::SUCCESS,
        (_, 0) => ExitCode::FAILURE,
        _ => ExitCode::from(REFUSED),
    })
}

/// How a job stands, in a few words.
pub(super) fn headline(view: &JobView) -> String {
    match (&view.result, &view.refusal, &view.why) {
        (Some(result), ..) => result.ending.to_string(),
        (None, Some(refusal), _) => format!("no result: {}", refusal.words),
        (None, None, Some(why)) => why.clone(),
        (None, None, None) => view.state.name().into(),
    }
}
