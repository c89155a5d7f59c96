//! `formix job list, describe, logs, stop, rerun, why, receipt`.

use super::{
    At, One, complete, follow, hand,
    here::save,
    open, place,
    plan::{Plan, Signed},
    reach::Host,
};
use crate::{client::ApiError, clock, home::Home, output::Out};
use anyhow::{Context, Result, bail};
use clap::{
    Args, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use codec::ContentId;
use comfy_table::{Table, presets::NOTHING};
use jobs::{
    Cancellation, JobView, Manifest, Receipt,
    view::{Filter, JobState},
};
use keys::NodeId;
use serde_json::{Value, json};
use std::{path::PathBuf, process::ExitCode, time::Duration};

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those of this home
    #[arg(long, conflicts_with = "submitter")]
    mine: bool,
    /// Only those of this submitter
    #[arg(long, value_name = "ID")]
    submitter: Option<NodeId>,
    /// Only those in this state
    #[arg(long, value_parser = states())]
    state: Option<JobState>,
    /// Most of them
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    #[command(flatten)]
    at: At,
}

fn states() -> impl TypedValueParser<Value = JobState> {
    let named = |name: String| JobState::ALL.into_iter().find(|state| state.name() == name);
    PossibleValuesParser::new(JobState::ALL.map(JobState::name))
        .map(move |name| named(name).unwrap_or(JobState::Waiting))
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    one: One,
    /// Print one of the two streams alone, to standard output
    #[arg(long, value_enum, value_name = "STREAM")]
    only: Option<Stream>,
    /// Wait for the end
    #[arg(long)]
    wait: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stream {
    Stdout,
    Stderr,
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// The jobs' ids, or the beginnings of them
    #[arg(required_unless_present = "all")]
    ids: Vec<String>,
    /// All open jobs of this home
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
pub(crate) struct RerunArgs {
    #[command(flatten)]
    one: One,
    /// Print the new job's id alone
    #[arg(long)]
    id_only: bool,
    /// Wait for the end, check the receipts, and print what the job wrote
    #[arg(long)]
    wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptArgs {
    #[command(flatten)]
    one: One,
    /// Write each to a file in this folder, and the manifest beside them: what `formix receipt verify` reads
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

pub(super) async fn list(args: ListArgs, home: &Home, out: &Out) -> Result<ExitCode> {
    let api = args.at.api()?;
    let submitter = if args.mine { Some(home.proposer()?.id()) } else { args.submitter };
    let filter = Filter { submitter, state: args.state, after: None };
    let page = api.jobs(&filter, args.limit.into()).await?;
    out.event(&serde_json::to_value(&page)?, || {
        if page.jobs.is_empty() {
            return "No such jobs: `formix job submit` makes some.".into();
        }
        let mut table =
            table(&["id", "name", "submitter", "state", "receipts", "submitted", "how it stands"]);
        for view in &page.jobs {
            table.add_row([
                view.id.short(),
                view.name.clone(),
                format!("…{}", view.submitter.short()),
                view.state.name().into(),
                format!("{} of {}", view.receipts, view.replicas),
                view.submitted.to_string(),
                follow::headline(view),
            ]);
        }
        let more = page.next.map(|_| "\nThere are more: --limit shows them.").unwrap_or_default();
        table.trim_fmt() + more
    });
    Ok(ExitCode::SUCCESS)
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(header);
    table
}

pub(super) async fn describe(one: &One, out: &Out) -> Result<ExitCode> {
    let (api, id) = one.find().await?;
    let view = api.job(id).await?;
    let (_, manifest) = Manifest::open(&api.manifest(id).await?).context("the job's manifest")?;
    let value = json!({ "view": view, "manifest": manifest });
    out.event(&value, || described(&view, &manifest));
    Ok(ExitCode::SUCCESS)
}

fn described(view: &JobView, manifest: &Manifest) -> String {
    let limits = &manifest.limits;
    let mut text = format!(
        "{}\n  {}\n  for        {}\n  state      {}: {}\n  module     {}\n  arguments  {}\n  limits     {} fuel, {} MiB, {} s\n  \
         replicas   {}, of which {} have answered\n  submitted  {}\n  given up   {}",
        view.name,
        view.id,
        view.submitter,
        view.state.name(),
        follow::headline(view),
        manifest.module_id(),
        manifest.args.join(" "),
        limits.fuel,
        limits.memory_bytes >> 20,
        limits.wall_ms.div_ceil(1_000),
        view.replicas,
        view.receipts,
        view.submitted,
        view.deadline,
    );
    for lease in &view.leases {
        let kind = lease.kind.map_or("not here now", |kind| kind.name());
        text += &format!("\n  running    …{} ({kind}), until {}", lease.node.short(), lease.until);
    }
    if let Some(result) = &view.result {
        let size =
            |bytes: Option<u64>| bytes.map_or("no longer kept".into(), |bytes| format!("{bytes} bytes"));
        let judged = if result.judged { "; a heavy node settled it" } else { "" };
        text += &format!(
            "\n  stdout     {} ({})\n  stderr     {} ({})\n  fuel       {} ({})\n  agree      {} nodes{judged}",
            result.stdout,
            size(result.stdout_bytes),
            result.stderr,
            size(result.stderr_bytes),
            result.fuel,
            result.gas,
            result.agreed,
        );
    }
    text
}

pub(super) async fn logs(args: LogsArgs, out: &Out) -> Result<ExitCode> {
    let (api, id) = args.one.find().await?;
    let view = if args.wait {
        let host = Host::named(api.clone());
        follow::wait(&host, &[id], Duration::MAX, out).await?.pop().context("the job is gone")?
    } else {
        api.job(id).await?
    };
    let stream = |name: &'static str| {
        let (api, view) = (&api, &view);
        async move {
            let gone = || {
                format!("{} no longer keeps the job's {name}; its receipts name it by content id", api.url())
            };
            follow::output(api, view, name).await?.with_context(gone)
        }
    };
    let wants = |stream| args.only.is_none_or(|only| only == stream);
    let stdout = if wants(Stream::Stdout) { stream("stdout").await? } else { Vec::new() };
    let stderr = if wants(Stream::Stderr) { stream("stderr").await? } else { Vec::new() };
    if out.json {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        out.line(&json!({ "id": id, "stdout": text(&stdout), "stderr": text(&stderr) }).to_string());
    } else if args.only == Some(Stream::Stderr) {
        follow::write(&stderr, &[])?;
    } else {
        follow::write(&stdout, &stderr)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn stop(args: StopArgs, home: &Home, out: &Out) -> Result<ExitCode> {
    let api = args.at.api()?;
    let identity = home.proposer()?;
    let mut ids: Vec<ContentId> = Vec::new();
    if args.all {
        ids.extend(open(&api, identity.id()).await?.into_iter().map(|view| view.id));
    }
    for text in &args.ids {
        ids.push(complete(&api, text).await?);
    }
    for id in &ids {
        match api.cancel_job(*id, &Cancellation::sign(*id, &identity)).await {
            Ok(()) => out.event(&json!({ "event": "cancelled", "id": id }), || format!("Cancelled: {id}")),
            // It ended between the two questions.
            Err(ApiError::Refused { detail, .. }) if args.all => {
                out.event(&json!({ "event": "not-cancelled", "id": id, "why": detail }), || {
                    format!("{}: {detail}", id.short())
                });
            }
            Err(error) => return Err(error).with_context(|| format!("job {}", id.short())),
        }
    }
    if ids.is_empty() {
        out.event(&json!({ "event": "none" }), || "This home has no open jobs there.".into());
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn rerun(args: RerunArgs, home: &Home, out: &Out) -> Result<ExitCode> {
    let (api, id) = args.one.find().await?;
    let (_, before) = Manifest::open(&api.manifest(id).await?).context("the job's manifest")?;
    let identity = home.proposer()?;
    let created = clock::now();
    let deadline = created.plus_ms(before.deadline.since_ms(before.created));
    let job = Signed::new(&Manifest { created, deadline, ..before }, &identity)?;
    let mut plan = Plan::default();
    plan.jobs.push(job);
    let host = Host::named(api);
    let taken = hand::hand_in(&host, &plan, out).await?;
    let new = taken.first().context("no answer")?;
    if args.id_only {
        out.line(&new.id.to_string());
    } else if !args.wait || out.json {
        let value =
            json!({ "event": "submitted", "id": new.id, "able": new.able, "words": new.words, "of": id });
        out.event(&value, || format!("Submitted anew: {}", new.id));
    }
    if args.wait {
        return follow::to_the_end(&host, &plan.jobs, !args.id_only, out).await;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn why(one: &One, out: &Out) -> Result<ExitCode> {
    let (api, id) = one.find().await?;
    let why = api.why(id).await?;
    out.event(&why, || {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut told = text(&why["words"]);
        let nodes = why["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !nodes.is_empty() {
            let mut table = table(&["node", "why not"]);
            for node in nodes {
                table.add_row([text(&node["node"]), text(&node["words"])]);
            }
            told += "\n";
            told += &table.trim_fmt();
        }
        if why["stuck"] == true {
            told +=
                "\nNo node that is here can run it as it is: change what it asks for, or wait for others.";
        }
        told
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn receipt(args: ReceiptArgs, out: &Out) -> Result<ExitCode> {
    let (api, id) = args.one.find().await?;
    let document = api.manifest(id).await?;
    let (job, manifest) = Manifest::open(&document).context("the job's manifest")?;
    if job != id {
        bail!("{} gave the manifest of another job", api.url());
    }
    let view = api.job(id).await?;
    let checked = follow::check(&api, &view, &manifest).await?;
    if checked.receipts.is_empty() {
        bail!(
            "no node has answered yet: the job is {}; `formix job why {}` says more",
            view.state.name(),
            id.short()
        );
    }
    if let Some(folder) = &args.save {
        std::fs::create_dir_all(folder).with_context(place(folder))?;
        save(&folder.join("manifest.json"), &document)?;
    }
    for envelope in &checked.receipts {
        let (receipt, witnesses) = Receipt::open(envelope).context("a receipt does not verify")?;
        let path = args.save.as_ref().map(|folder| folder.join(format!("receipt-{}.json", receipt.node)));
        if let Some(path) = &path {
            save(path, envelope)?;
        }
        let agrees = checked.agree.contains(&receipt.node);
        let value = json!({
            "event": "verified", "job": id, "node": receipt.node, "witnesses": witnesses, "agrees": agrees,
            "ending": receipt.ending, "fuel": receipt.fuel, "file": path, "receipt": envelope,
        });
        out.event(&value, || {
            let agrees = match (agrees, &view.result) {
                (true, _) => "as the result",
                (false, Some(_)) => "OTHER than the result",
                (false, None) => "no result yet",
            };
            let file = path.map(|path| format!(" → {}", path.display())).unwrap_or_default();
            format!(
                "{} {}: {agrees}; {} fuel, {} witnesses{file}",
                receipt.node,
                receipt.ending,
                receipt.fuel,
                witnesses.len()
            )
        });
    }
    Ok(ExitCode::SUCCESS)
}
