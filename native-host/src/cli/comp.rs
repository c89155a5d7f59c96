//! `formix comp`: proposes, and looks at, checks and answers computations.

use super::{
    HOST, REFUSED,
    local::Local,
    propose::{ProposeArgs, Proposed, propose},
};
use crate::{
    client::{Api, Documents},
    clock,
    home::Home,
    output::Out,
};
use ::node::{Command, ComputationView};
use aggregate::{Outcome, Proposal, Verified, outcome};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use codec::ContentId;
use comfy_table::{Table, presets::NOTHING};
use indicatif::{ProgressBar, ProgressStyle};
use keys::{Envelope, NodeId};
use serde_json::{Value, json};
use std::{path::PathBuf, process::ExitCode, time::Duration};
use tokio::time;

/// Between two looks at how a computation stands.
const LOOK_EVERY: Duration = Duration::from_millis(400);

#[derive(Debug, Args)]
pub(super) struct CompArgs {
    #[command(subcommand)]
    what: Option<CompCommand>,
    #[command(flatten)]
    propose: ProposeArgs,
}

#[derive(Debug, Subcommand)]
enum CompCommand {
    /// List the computations of a heavy node
    List {
        /// The heavy node's HTTP address
        #[arg(long, value_name = "URL", default_value = HOST)]
        host: String,
    },
    /// Show one computation
    Show {
        /// Its id, or the beginning of it
        id: String,
        /// The heavy node's HTTP address
        #[arg(long, value_name = "URL", default_value = HOST)]
        host: String,
        /// Print the signed documents instead: what `verify` reads
        #[arg(long)]
        documents: bool,
        /// Wait for the end, and check its signatures
        #[arg(long)]
        wait: bool,
    },
    /// Check the signatures of a computation's end against its proposal, without a network
    Verify {
        /// Documents as `show --documents` prints them; or the proposal's envelope, then the end's
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Have a light node of this home answer a computation
    Approve(AnswerArgs),
    /// Have a light node of this home not answer a computation
    Decline(AnswerArgs),
    /// Have a light node of this home take its answer back, until the computation closes
    Withdraw(AnswerArgs),
}

#[derive(Debug, Args)]
struct AnswerArgs {
    /// The computation's id, or the beginning of it
    id: String,
    /// Which light node: its name, or a part of its id [default: the only one]
    #[arg(long)]
    node: Option<String>,
}

pub(super) async fn comp(args: CompArgs, home: &Home, out: &Out) -> Result<ExitCode> {
    let Some(what) = args.what else {
        let Proposed { api, id, envelope } = propose(&args.propose, home, out.json).await?;
        out.event(&json!({ "event": "proposed", "id": id, "host": api.url().as_str() }), || {
            format!("Proposed: {id}")
        });
        return if args.propose.wait {
            wait(&api, id, Some(envelope), out).await
        } else {
            Ok(ExitCode::SUCCESS)
        };
    };
    match what {
        CompCommand::List { host } => list(&Api::new(&host)?, out).await,
        CompCommand::Show { id, host, documents, wait: waits } => {
            let api = Api::new(&host)?;
            let id = complete(&api, &id).await?;
            if waits {
                return wait(&api, id, None, out).await;
            }
            if documents {
                out.line(&serde_json::to_string_pretty(&api.documents(id).await?)?);
                return Ok(ExitCode::SUCCESS);
            }
            let view = api.computation(id).await?;
            out.event(&serde_json::to_value(&view)?, || described(&view));
            Ok(ExitCode::SUCCESS)
        }
        CompCommand::Verify { files } => {
            let documents = read_documents(&files)?;
            let end =
                documents.end.context("the computation has not ended: there is nothing to verify yet")?;
            tell_end(&documents.proposal, &end, out)
        }
        CompCommand::Approve(args) => answer(args, home, out, "answered", |id| Command::Approve { id }).await,
        CompCommand::Decline(args) => answer(args, home, out, "declined", |id| Command::Decline { id }).await,
        CompCommand::Withdraw(args) => {
            answer(args, home, out, "withdrawing", |id| Command::Withdraw { id }).await
        }
    }
}

async fn answer(
    args: AnswerArgs,
    home: &Home,
    out: &Out,
    word: &str,
    command: impl FnOnce(ContentId) -> Command,
) -> Result<ExitCode> {
    let local = Local::find(home, args.node.as_deref())?;
    let tasks = local.view().await?.tasks;
    let id = only(tasks.iter().map(|task| task.id), &args.id)?;
    local.command(command(id)).await?;
    out.event(&json!({ "id": id, "state": word }), || format!("{word}: {id}"));
    Ok(ExitCode::SUCCESS)
}

async fn list(api: &Api, out: &Out) -> Result<ExitCode> {
    let views = api.computations().await?;
    out.event(&serde_json::to_value(&views)?, || {
        let mut table = Table::new();
        table.load_preset(NOTHING).set_header(["id", "title", "stage", "reports", "deadline", "sum"]);
        for view in &views {
            table.add_row([
                view.id.short(),
                view.proposal.title.clone(),
                stage(view),
                view.reports.to_string(),
                view.proposal.deadline.to_string(),
                view.result
                    .as_ref()
                    .map_or_else(String::new, |result| result.figure("sum").unwrap_or_default()),
            ]);
        }
        table.trim_fmt()
    });
    Ok(ExitCode::SUCCESS)
}

/// The id that `text` begins; after the `bafkrei` that all share, or with it.
async fn complete(api: &Api, text: &str) -> Result<ContentId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    only(api.computations().await?.into_iter().map(|view| view.id), text)
}

fn only(ids: impl Iterator<Item = ContentId>, text: &str) -> Result<ContentId> {
    let fits = |id: &ContentId| {
        let whole = id.to_string();
        !text.is_empty() && (whole.starts_with(text) || whole["bafkrei".len()..].starts_with(text))
    };
    let mut found = ids.filter(fits);
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => bail!("`{text}` fits more than one computation; write more of the id"),
        (None, _) => bail!("there is no computation `{text}`; `formix comp list` shows them"),
    }
}

fn stage(view: &ComputationView) -> String {
    match serde_json::to_value(view.stage) {
        Ok(Value::String(word)) => word,
        _ => format!("{:?}", view.stage),
    }
}

fn described(view: &ComputationView) -> String {
    let proposal = &view.proposal;
    let mut text = format!(
        "{}\n  {}\n  {} in `{}`\n  stage: {}, reports: {} (at least {} are needed)\n  closes: {}",
        proposal.title,
        view.id,
        proposal.plan().map(|plan| plan.words()).unwrap_or_default(),
        proposal.dataset,
        stage(view),
        view.reports,
        proposal.participants_min,
        proposal.deadline
    );
    if let Some(result) = &view.result {
        text += &figures(result);
    }
    if let Some(refusal) = &view.refusal_text {
        text += &format!("\n  no result: {refusal}");
    }
    text
}

/// Waits until the computation has ended at the host, and checks its documents.
async fn wait(api: &Api, id: ContentId, proposed: Option<Envelope>, out: &Out) -> Result<ExitCode> {
    let bar = if out.is_fancy() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
        bar.set_style(style);
    }
    let documents = loop {
        match look(api, id, &bar).await {
            Ok(Some(documents)) => break documents,
            Ok(None) => {}
            // The host may be starting again; what it holds is durable.
            Err(error) if error.is_passing() => bar.set_message(error.to_string()),
            Err(error) => return Err(error.into()),
        }
        time::sleep(LOOK_EVERY).await;
    };
    bar.finish_and_clear();
    let end = documents.end.context("the host ended the computation without a document")?;
    // The proposal that this process signed counts, not the host's word for it.
    tell_end(&proposed.unwrap_or(documents.proposal), &end, out)
}

async fn look(
    api: &Api,
    id: ContentId,
    bar: &ProgressBar,
) -> Result<Option<Documents>, crate::client::ApiError> {
    let view = api.computation(id).await?;
    let proposal = &view.proposal;
    let left_ms = proposal.deadline.since_ms(clock::now());
    bar.set_length(u64::from(proposal.participants_min.max(view.reports)));
    bar.set_position(u64::from(view.reports));
    bar.set_message(format!(
        "{} reports, {}, {} s left",
        view.reports,
        stage(&view),
        left_ms.div_ceil(1_000)
    ));
    if view.result.is_none() && view.refusal.is_none() {
        return Ok(None);
    }
    api.documents(id).await.map(Some)
}

fn tell_end(proposal: &Envelope, end: &Envelope, out: &Out) -> Result<ExitCode> {
    let (id, opened) = Proposal::open(proposal).context("the proposal")?;
    match outcome::verify(proposal, end).context("the end does not verify")? {
        Verified::Result(result) => {
            let signed = |id: &NodeId| end.signature_of(*id).is_some();
            let heavy: Vec<_> = opened.heavy.iter().map(|key| key.id).filter(signed).collect();
            let value = json!({ "event": "result", "id": id, "result": result, "signed_by": heavy });
            out.event(&value, || {
                let signed: Vec<String> = heavy.iter().map(|id| format!("…{}", id.short())).collect();
                format!("{}{}\n  signed by: {}", opened.title, figures(&result), signed.join(" "))
            });
            Ok(ExitCode::SUCCESS)
        }
        Verified::Refusal(refusal) => {
            let text = refusal.reason.to_string();
            let value = json!({ "event": "refusal", "id": id, "refusal": refusal, "text": text });
            out.event(&value, || {
                format!("{}\n  no result: {text}\n  signed by …{}", opened.title, refusal.heavy.short())
            });
            Ok(ExitCode::from(REFUSED))
        }
        _ => bail!("an end of a kind that this version does not know"),
    }
}

/// A result's single numbers by name, and its lists as they are in JSON.
fn figures(result: &Outcome) -> String {
    let Ok(Value::Object(figures)) = serde_json::to_value(&result.answer.result) else {
        return String::new();
    };
    let line = |(name, figure): (&String, &Value)| match figure {
        _ if name == "kind" => String::new(),
        Value::String(number) => format!("\n  {name}: {number}"),
        Value::Null => format!("\n  {name}: none"),
        Value::Array(rows) => rows.iter().map(|row| format!("\n  {name}: {row}")).collect(),
        other => format!("\n  {name}: {other}"),
    };
    let lines: String = figures.iter().map(line).collect();
    let rejected = match result.rejected {
        0 => String::new(),
        rejected => format!(", {rejected} rejected as invalid"),
    };
    format!("{lines}\n  participants: {}{rejected}\n  {}", result.participants, result.answer.rounding.words)
}

fn read_documents(files: &[PathBuf]) -> Result<Documents> {
    let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
    let envelope =
        |path: &PathBuf| Envelope::from_json(&read(path)?).with_context(|| path.display().to_string());
    match files {
        [both] => serde_json::from_slice(&read(both)?).with_context(|| {
            format!(
                "{}: not the documents of a computation, as `formix comp show ID --documents` prints them",
                both.display()
            )
        }),
        [proposal, end] => {
            Ok(Documents { proposal: envelope(proposal)?, end: Some(envelope(end)?), evidence: None })
        }
        _ => bail!("give one file with both documents, or the proposal's and the end's"),
    }
}
