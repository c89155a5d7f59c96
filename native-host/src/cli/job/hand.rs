//! `formix job submit`: bytes first, then the signed manifests.

use super::{
    At, follow,
    plan::{Plan, Signed},
    reach::{Host, Hosts},
    spec::Spec,
};
use crate::{
    client::{
        Api, ApiError,
        jobs::{NotTaken, Submitted},
    },
    home::Home,
    output::Out,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::{
    future::Future,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::time;

/// How long a full heavy node that a person named is asked again.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two tries, where the node says none.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// The specification, in YAML or JSON
    file: PathBuf,
    /// Say what would be submitted, and submit nothing
    #[arg(long, conflicts_with_all = ["wait", "id_only"])]
    dry_run: bool,
    /// Print the ids of the jobs alone, a line each; the reduction's is the last. With --wait and --bootstrap after the end
    #[arg(long)]
    id_only: bool,
    /// Wait for the end, check the receipts, and print what the last job wrote
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    at: At,
    /// Find who takes it, beginning at the multiaddr or the HTTP address of any heavy node; with --wait, another takes it where one is lost
    #[arg(long, value_name = "ADDR", conflicts_with = "host")]
    bootstrap: Option<String>,
}

pub(super) async fn submit(args: SubmitArgs, home: &Home, out: &Out) -> Result<ExitCode> {
    let spec = Spec::read(&args.file)?;
    let folder = args.file.parent().unwrap_or(std::path::Path::new("")).to_owned();
    let identity = home.proposer()?;
    let signer = identity.clone();
    let plan = tokio::task::spawn_blocking(move || Plan::of_spec(&spec, &folder, &signer)).await??;
    if args.dry_run {
        preview(&plan, out);
        return Ok(ExitCode::SUCCESS);
    }
    let hosts = match &args.bootstrap {
        Some(bootstrap) => Hosts::found(bootstrap, &plan).await?,
        None => Hosts::named(&args.at.host)?,
    };
    let at_one = async |host: &Host, plan: &Plan| {
        let taken = hand_in(host, plan, out).await?;
        let ids = || taken.iter().for_each(|job| out.line(&job.id.to_string()));
        let may_change = may_change(args.wait, host);
        match (args.id_only, may_change) {
            (true, false) => ids(),
            (true, true) => {}
            (false, _) => tell(&taken, &host.api, args.wait, out),
        }
        if !args.wait {
            return Ok(ExitCode::SUCCESS);
        }
        let status = follow::to_the_end(host, &plan.jobs, !args.id_only, out).await?;
        if args.id_only && may_change {
            ids();
        }
        Ok(status)
    };
    hosts.at_one(plan, &identity, out, at_one).await
}

/// Whether the jobs may get other ids until the end: a heavy node that was found may be given up. Who reads nothing but ids is then told those that count,
/// when it is known which they are.
pub(super) const fn may_change(waits: bool, host: &Host) -> bool {
    waits && host.patience.is_some()
}

fn preview(plan: &Plan, out: &Out) {
    for job in &plan.jobs {
        let value = json!({ "event": "would-submit", "id": job.id, "manifest": job.manifest });
        out.event(&value, || {
            let manifest = &job.manifest;
            let replicas = manifest.replicas;
            format!("{} “{}”: {} × {replicas}", job.id.short(), manifest.name, manifest.args.join(" "))
        });
    }
    let value = json!({ "event": "would-send", "jobs": plan.jobs.len(), "blobs": plan.blobs.keys().collect::<Vec<_>>() });
    out.event(&value, || {
        format!("{} jobs and {} files would be sent; nothing was.", plan.jobs.len(), plan.blobs.len())
    });
}

fn tell(taken: &[Submitted], api: &Api, waits: bool, out: &Out) {
    if out.json {
        for job in taken {
            let value = json!({ "event": "submitted", "id": job.id, "able": job.able, "words": job.words, "host": api.url().as_str() });
            out.line(&value.to_string());
        }
        return;
    }
    let Some(last) = taken.last().filter(|_| !waits) else { return };
    match taken {
        [one] => out.line(&format!("Submitted: {}", one.id)),
        several => out.line(&format!("Submitted {} jobs; the last is {}", several.len(), last.id)),
    }
    if !last.words.is_empty() {
        out.line(&format!("  {}", last.words));
    }
    out.line(&format!(
        "  `formix job describe {0}` shows it, `formix job why {0}` what it waits for",
        last.id.short()
    ));
}

/// A bar of this length, for a person.
pub(super) fn bar(len: u64, template: &str, out: &Out) -> ProgressBar {
    let bar = if out.is_fancy() { ProgressBar::new(len) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Sends what a heavy node does not have, then the jobs; waits where it has no room.
pub(super) async fn hand_in(host: &Host, plan: &Plan, out: &Out) -> Result<Vec<Submitted>> {
    let (api, most) = (&host.api, host.patience.map_or(PATIENCE, |patience| patience.start));
    for (id, bytes) in &plan.blobs {
        let bytes = bytes.clone();
        let bytes = tokio::task::spawn_blocking(move || bytes.read()).await??;
        let sending = bar(bytes.len() as u64, "{bar:30} {bytes} of {total_bytes} {msg}", out);
        sending.set_message(id.short());
        let sent =
            patiently(&sending, most, || api.put_blob(&bytes, |sent| sending.set_position(sent))).await?;
        sending.finish_and_clear();
        if sent != *id {
            bail!("a file has changed while it was read; submit again");
        }
    }
    let submitting = bar(plan.jobs.len() as u64, "{bar:30} {pos} of {len} jobs {msg}", out);
    let taken = submit_all(api, &plan.jobs, most, &submitting).await;
    submitting.finish_and_clear();
    taken
}

/// Tries as often as the node says that it may help.
async fn patiently<T, F: Future<Output = Result<T, ApiError>>>(
    bar: &ProgressBar,
    most: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T> {
    let began = Instant::now();
    loop {
        let error = match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let again = error.retry_after().filter(|again| began.elapsed() + *again < most);
        let Some(again) = again else { return Err(error.into()) };
        bar.set_message(error.to_string());
        time::sleep(again).await;
    }
}

/// In order, so that a job comes after those whose outputs it reads.
async fn submit_all(api: &Api, jobs: &[Signed], most: Duration, bar: &ProgressBar) -> Result<Vec<Submitted>> {
    let mut taken: Vec<Submitted> = Vec::with_capacity(jobs.len());
    let mut began = Instant::now();
    while taken.len() < jobs.len() {
        let rest: Vec<_> = jobs[taken.len()..].iter().take(1_000).map(|job| job.envelope.clone()).collect();
        let answers = patiently(bar, most, || api.submit(&rest)).await?;
        let mut wait = None;
        for answer in answers {
            match answer {
                Ok(job) => {
                    taken.push(job);
                    began = Instant::now();
                }
                // What comes after it is sent again with it: it may need it, and the same document is the same job.
                Err(NotTaken { retry_after_s: Some(again), detail }) if began.elapsed() < most => {
                    bar.set_message(detail);
                    wait = Some(Duration::from_secs(again).max(AGAIN));
                    break;
                }
                Err(error) => return Err(error).with_context(|| refused(&jobs[taken.len()], taken.len())),
            }
            bar.set_position(taken.len() as u64);
        }
        if let Some(again) = wait {
            time::sleep(again.min(most)).await;
        }
    }
    Ok(taken)
}

fn refused(job: &Signed, taken: usize) -> String {
    let before = match taken {
        0 => String::new(),
        taken => {
            format!("; {taken} jobs before it were taken, `formix job stop --all` takes all open ones back")
        }
    };
    format!("“{}” is not taken{before}", job.manifest.name)
}
