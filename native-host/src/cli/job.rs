//! `formix job`: WASM jobs, here or on the nodes of a network.

mod follow;
mod hand;
mod here;
mod plan;
mod reach;
mod run;
mod show;
mod spec;

use super::HOST;
use crate::{client::Api, home::Home, output::Out};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use codec::ContentId;
use jobs::{
    JobView,
    view::{Filter, JobState},
};
use keys::NodeId;
use std::{path::PathBuf, process::ExitCode};

/// Jobs that one look at a list gives.
const PAGE: usize = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum JobCommand {
    /// Run a WASI command in the sandbox: here, or with --replicas or --on by nodes of a network
    #[command(after_help = "Examples:\n  \
        formix job run reverse.wasm --stdin words.txt\n  \
        formix job run primes.wasm 1 1000 --receipt receipt.json\n  \
        formix job run tool.wasm --env LANG=C -- --verbose\n  \
        formix job run primes.wasm 1 1000 --replicas 3 --on https://a.example\n  \
        formix job run primes.wasm 1 1000 --bootstrap /ip4/192.0.2.1/tcp/4803\n\n\
        The exit status is the guest's own; 1 where it failed in another way, 3 where it got no result.")]
    Run(Box<run::RunArgs>),
    /// Submit the jobs of a specification: one, an array, an array with a reduction
    #[command(after_help = SUBMIT_HELP)]
    Submit(Box<hand::SubmitArgs>),
    /// List the jobs that a heavy node knows, the latest first
    #[command(
        after_help = "Examples:\n  formix job list --mine\n  formix job list --state waiting --limit 20 --json"
    )]
    List(show::ListArgs),
    /// Show one job as it stands
    #[command(after_help = "Example:\n  formix job describe ah5c")]
    Describe(One),
    /// Print what a job's guest wrote
    #[command(
        after_help = "Examples:\n  formix job logs ah5c\n  formix job logs ah5c --only stderr\n  formix job logs ah5c --wait > out.txt"
    )]
    Logs(show::LogsArgs),
    /// Take jobs of this home back
    #[command(after_help = "Examples:\n  formix job stop ah5c\n  formix job stop --all")]
    Stop(show::StopArgs),
    /// Submit a job anew, in this home's name
    #[command(after_help = "Example:\n  formix job rerun ah5c --wait")]
    Rerun(show::RerunArgs),
    /// Say why a job has no result yet, node by node
    #[command(after_help = "Example:\n  formix job why ah5c")]
    Why(One),
    /// Check a job's receipts, and save them
    #[command(
        after_help = "Examples:\n  formix job receipt ah5c\n  formix job receipt ah5c --save receipts/"
    )]
    Receipt(show::ReceiptArgs),
}

const SUBMIT_HELP: &str = "Examples:\n  \
    formix job submit primes.yaml --wait\n  \
    formix job submit primes.yaml --dry-run\n  \
    formix job submit primes.yaml --id-only --host https://a.example\n  \
    formix job submit primes.yaml --wait --bootstrap /ip4/192.0.2.1/tcp/4803\n\n\
    A specification, in YAML or JSON:\n  \
    name: primes below 400\n  \
    module: primes.wasm             # a file beside the specification, or a content id\n  \
    args: [\"{index}00\", \"{next}00\"] # without the program's name; {index} from 0, {next} is one more, {count}\n  \
    input: words.txt                # a file, a content id, or {text: …}, {outputs: [job ids]}\n  \
    count: 4                        # so many jobs; or inputs: \"parts/*.csv\", or a list: one job each\n  \
    reduce: {module: sum.wasm}      # one more job, which reads what all wrote, in order\n  \
    replicas: 3                     # and quorum, constraints, limits, env, entry, priority, deterministic as in a manifest\n  \
    deadline: 1h                    # from now, or a moment\n\n\
    Exit status with --wait: 0 all succeeded, 1 a guest failed, 3 a job ended without a result.";

#[derive(Debug, Args)]
pub(super) struct At {
    /// The heavy node's HTTP address
    #[arg(long, value_name = "URL", default_value = HOST)]
    host: String,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The job's id, or the beginning of it
    id: String,
    #[command(flatten)]
    at: At,
}

impl At {
    fn api(&self) -> Result<Api> {
        Ok(Api::new(&self.host)?)
    }
}

impl One {
    /// The heavy node, and the job's whole id.
    async fn find(&self) -> Result<(Api, ContentId)> {
        let api = self.at.api()?;
        let id = complete(&api, &self.id).await?;
        Ok((api, id))
    }
}

pub(super) async fn job(what: JobCommand, home: &Home, out: &Out) -> Result<ExitCode> {
    match what {
        JobCommand::Run(args) => run::run(*args, home, out).await,
        JobCommand::Submit(args) => hand::submit(*args, home, out).await,
        JobCommand::List(args) => show::list(args, home, out).await,
        JobCommand::Describe(one) => show::describe(&one, out).await,
        JobCommand::Logs(args) => show::logs(args, out).await,
        JobCommand::Stop(args) => show::stop(args, home, out).await,
        JobCommand::Rerun(args) => show::rerun(args, home, out).await,
        JobCommand::Why(one) => show::why(&one, out).await,
        JobCommand::Receipt(args) => show::receipt(args, out).await,
    }
}

/// The id that `text` begins; after the `bafkrei` that all share, or with it.
async fn complete(api: &Api, text: &str) -> Result<ContentId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let mut found: Option<ContentId> = None;
    let mut filter = Filter::default();
    loop {
        let page = api.jobs(&filter, PAGE).await?;
        for id in page.jobs.iter().map(|view| view.id) {
            let whole = id.to_string();
            if text.is_empty() || !(whole.starts_with(text) || whole["bafkrei".len()..].starts_with(text)) {
                continue;
            }
            if found.replace(id).is_some() {
                bail!("`{text}` fits more than one job; write more of the id");
            }
        }
        match page.next {
            Some(next) => filter.after = Some(next),
            None => break,
        }
    }
    match found {
        Some(id) => Ok(id),
        None => bail!("{} knows no job `{text}`; `formix job list` shows those that it knows", api.url()),
    }
}

/// All open jobs of a submitter.
async fn open(api: &Api, submitter: NodeId) -> Result<Vec<JobView>> {
    let mut found = Vec::new();
    for state in [JobState::Waiting, JobState::Running] {
        let mut filter = Filter { submitter: Some(submitter), state: Some(state), after: None };
        loop {
            let page = api.jobs(&filter, PAGE).await?;
            found.extend(page.jobs);
            match page.next {
                Some(next) => filter.after = Some(next),
                None => break,
            }
        }
    }
    Ok(found)
}

/// A place for a file, as errors name it.
fn place(path: &std::path::Path) -> impl Fn() -> String {
    let path = PathBuf::from(path);
    move || path.display().to_string()
}
