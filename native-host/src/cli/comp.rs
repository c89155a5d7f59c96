//! `formix comp`: proposes, and looks at, checks, cancels and answers computations.

pub(crate) mod end;
pub(super) mod watch;

use self::{
    end::{figures, headline, protections, tell_end, tell_evidence},
    watch::watch,
};
use super::{
    HOST,
    local::Local,
    propose::{ProposeArgs, propose},
};
use crate::{
    client::{Api, Documents},
    home::Home,
    output::Out,
};
use ::node::{Command, ComputationView};
use aggregate::{
    cancel::Cancellation,
    outcome::{REFUSAL_TYPE, RESULT_TYPE},
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use codec::ContentId;
use comfy_table::{Table, presets::NOTHING};
use keys::Envelope;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Debug, Args)]
pub(super) struct CompArgs {
    #[command(subcommand)]
    what: Option<CompCommand>,
    #[command(flatten)]
    propose: ProposeArgs,
}

#[derive(Debug, Subcommand)]
enum CompCommand {
    /// Propose a computation, as `formix comp` does without a command
    #[command(after_help = PROPOSE_EXAMPLES)]
    Propose(Box<ProposeArgs>),
    /// List the computations of a heavy node, the latest deadline first
    #[command(after_help = "Examples:\n  formix comp list\n  formix comp list --limit 5 --json")]
    List {
        /// Most of them
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: Option<u16>,
        #[command(flatten)]
        at: At,
    },
    /// Show one computation as it stands
    #[command(
        after_help = "Examples:\n  formix comp show ah5c\n  formix comp show ah5c --documents > sum.json"
    )]
    Show {
        /// Its id, or the beginning of it
        id: String,
        /// Print the signed documents instead: what `verify` reads
        #[arg(long)]
        documents: bool,
        /// Wait for the end, and check its signatures
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        at: At,
    },
    /// Follow a computation to its end, and check its signatures
    #[command(after_help = "Example:\n  formix comp watch ah5c --host https://a.example")]
    Watch {
        /// Its id, or the beginning of it
        id: String,
        #[command(flatten)]
        at: At,
    },
    /// Print the checked result of a computation that has ended
    #[command(
        after_help = "Examples:\n  formix comp result ah5c\n  formix comp result ah5c --save result.json --json"
    )]
    Result {
        /// Its id, or the beginning of it
        id: String,
        /// Also write the signed documents to this file, for `verify` and for others
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
        #[command(flatten)]
        at: At,
    },
    /// Check the end of a computation, and evidence against a heavy node, without a network
    #[command(after_help = "Examples:\n  \
        formix comp verify documents.json\n  \
        formix comp verify end.json --proposal proposal.json\n  \
        formix comp verify --evidence evidence.json --proposal proposal.json\n\n\
        A file of documents is what `show --documents` and `result --save` write. Exit status 3: it verifies, and \
        is a refusal.")]
    Verify {
        /// Documents; or the proposal's envelope, then the end's; or the end's alone with --proposal
        files: Vec<PathBuf>,
        /// The proposal to check against, as a signed document or in a file of documents
        #[arg(long, value_name = "FILE")]
        proposal: Option<PathBuf>,
        /// Evidence that a heavy node lied
        #[arg(long, value_name = "FILE")]
        evidence: Option<PathBuf>,
    },
    /// Take a proposal of this home back, until the computation closes
    #[command(after_help = "Example:\n  formix comp cancel ah5c")]
    Cancel {
        /// The computation's id, or the beginning of it
        id: String,
        #[command(flatten)]
        at: At,
    },
    /// Have a light node of this home answer a computation
    Approve(AnswerArgs),
    /// Have a light node of this home not answer a computation
    Decline(AnswerArgs),
    /// Have a light node of this home take its answer back, until the computation closes
    Withdraw(AnswerArgs),
}

pub(super) const PROPOSE_EXAMPLES: &str = "Examples:\n  \
    formix comp propose --dataset penguins --kind mean --value body_mass_g --lower 2000 --upper 7000 --wait\n  \
    formix comp propose --dataset penguins --kind group --by species --categories Adelie,Gentoo \\\n    \
        --value body_mass_g --lower 2000 --upper 7000 --where \"sex == 'female'\" --deadline 10m\n  \
    formix comp propose --dataset penguins --kind histogram --value body_mass_g --edges 3000,4000,5000 --deadline 10m\n  \
    formix comp propose --dataset penguins --kind regression --x flipper_length_mm --x-lower 170 --x-upper 235 \\\n    \
        --y body_mass_g --y-lower 2000 --y-upper 7000 --scheme rep64 --deadline 10m\n  \
    formix comp propose --dataset steps --schema steps.json --kind mean --value \"avg(steps)\" --lower 0 --upper 40000 \\\n    \
        --per person --deadline 2h\n  \
    formix comp propose --dataset penguins --kind quantile --value body_mass_g --lower 2000 --upper 7000 \\\n    \
        --probabilities 0.25,0.5,0.75 --tolerance 50 --deadline 5m --wait";

#[derive(Debug, Args)]
struct At {
    /// The heavy node's HTTP address
    #[arg(long, value_name = "URL", default_value = HOST)]
    host: String,
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
    match args.what {
        None => propose(&args.propose, home, out).await,
        Some(CompCommand::Propose(args)) => propose(&args, home, out).await,
        Some(CompCommand::List { limit, at }) => list(&Api::new(&at.host)?, limit, out).await,
        Some(CompCommand::Show { id, documents, wait, at }) => {
            let api = Api::new(&at.host)?;
            let id = complete(&api, &id).await?;
            if wait {
                return end(&watch(&api, id, None, out).await?, out);
            }
            if documents {
                out.line(&serde_json::to_string_pretty(&api.documents(id).await?)?);
                return Ok(ExitCode::SUCCESS);
            }
            let view = api.computation(id).await?;
            out.event(&serde_json::to_value(&view)?, || described(&view));
            Ok(ExitCode::SUCCESS)
        }
        Some(CompCommand::Watch { id, at }) => {
            let api = Api::new(&at.host)?;
            let id = complete(&api, &id).await?;
            end(&watch(&api, id, None, out).await?, out)
        }
        Some(CompCommand::Result { id, save, at }) => result(&Api::new(&at.host)?, &id, save, out).await,
        Some(CompCommand::Verify { files, proposal, evidence }) => {
            verify(&files, proposal.as_deref(), evidence.as_deref(), out)
        }
        Some(CompCommand::Cancel { id, at }) => cancel(&Api::new(&at.host)?, &id, home, out).await,
        Some(CompCommand::Approve(args)) => {
            answer(args, home, out, "answered", |id| Command::Approve { id }).await
        }
        Some(CompCommand::Decline(args)) => {
            answer(args, home, out, "declined", |id| Command::Decline { id }).await
        }
        Some(CompCommand::Withdraw(args)) => {
            answer(args, home, out, "withdrawing", |id| Command::Withdraw { id }).await
        }
    }
}

fn end(documents: &Documents, out: &Out) -> Result<ExitCode> {
    tell_end(documents, out).map(|ended| ended.code)
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

async fn list(api: &Api, limit: Option<u16>, out: &Out) -> Result<ExitCode> {
    let views = api.computations(limit).await?;
    out.event(&serde_json::to_value(&views)?, || {
        if views.is_empty() {
            return "No computations yet: `formix comp propose` makes one.".into();
        }
        let mut table = Table::new();
        let header = ["id", "title", "kind", "scheme", "stage", "answers", "closes", "result"];
        table.load_preset(NOTHING).set_header(header);
        for view in &views {
            let result = view.result.as_ref().map(|result| headline(&result.answer));
            let refused = view.refusal.as_ref().map(|reason| format!("none: {}", reason.code()));
            table.add_row([
                view.id.short(),
                view.proposal.title.clone(),
                view.proposal.query.reduction.kind().to_string(),
                view.proposal.scheme.to_string(),
                stage(view),
                view.reports.to_string(),
                view.proposal.deadline.to_string(),
                result.or(refused).unwrap_or_default(),
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
    only(api.computations(None).await?.into_iter().map(|view| view.id), text)
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
    let words = proposal.plan().map_or_else(|error| error.to_string(), |plan| plan.words());
    let mut text = format!(
        "{}\n  {}\n  {words}\n  asked of `{}`\n  stage: {}, answers: {} (at least {} are needed)\n  closes: {}",
        proposal.title,
        view.id,
        proposal.dataset,
        stage(view),
        view.reports,
        proposal.participants_min,
        proposal.deadline
    );
    if !proposal.purpose.is_empty() {
        text += &format!("\n  for: {}", proposal.purpose);
    }
    if let Some(result) = &view.result {
        text += &figures(&result.answer).lines().map(|line| format!("\n    {line}")).collect::<String>();
        text +=
            &format!("\n  participants: {}; `formix comp result` checks the signatures", result.participants);
    }
    if let Some(refusal) = &view.refusal_text {
        text += &format!("\n  no result: {refusal}");
    }
    text + &protections(proposal.scheme)
}

async fn result(api: &Api, text: &str, save: Option<PathBuf>, out: &Out) -> Result<ExitCode> {
    let id = complete(api, text).await?;
    let documents = api.documents(id).await?;
    if documents.end.is_none() {
        let view = api.computation(id).await?;
        bail!(
            "{} has not ended: it is {} and closes at {}; `formix comp watch` waits for it",
            id,
            stage(&view),
            view.proposal.deadline
        );
    }
    let code = end(&documents, out)?;
    if let Some(path) = save {
        let text = serde_json::to_string_pretty(&documents)?;
        std::fs::write(&path, text + "\n").with_context(|| path.display().to_string())?;
    }
    Ok(code)
}

async fn cancel(api: &Api, text: &str, home: &Home, out: &Out) -> Result<ExitCode> {
    let id = complete(api, text).await?;
    let (identity, proposer) = (home.proposer()?, api.computation(id).await?.proposal.proposer);
    if identity.id() != proposer {
        bail!(
            "only …{}, who proposed it, can cancel it; this home proposes as …{}",
            proposer.short(),
            identity.id().short()
        );
    }
    api.cancel(id, &Cancellation::sign(id, &identity)).await?;
    out.event(&json!({ "event": "cancelled", "id": id }), || {
        format!("Cancelled: {id}. Answers that were given are never added up.")
    });
    Ok(ExitCode::SUCCESS)
}

fn verify(
    files: &[PathBuf],
    proposal: Option<&Path>,
    evidence: Option<&Path>,
    out: &Out,
) -> Result<ExitCode> {
    let proposal = proposal.map(read).transpose()?.map(|found| match found {
        Found::Documents(documents) => documents.proposal,
        Found::Envelope(envelope) => envelope,
    });
    let evidence = evidence.map(read).transpose()?.map(|found| match found {
        Found::Documents(documents) => documents.evidence.context("these documents hold no evidence"),
        Found::Envelope(envelope) => Ok(envelope),
    });
    let evidence = evidence.transpose()?;
    let found: Vec<Found> = files.iter().map(|path| read(path)).collect::<Result<_>>()?;
    let missing = "give a file of documents, or the end's with --proposal FILE";
    let documents = match (<[Found; 1]>::try_from(found), proposal) {
        (Ok([Found::Documents(documents)]), given) => Documents {
            proposal: given.unwrap_or(documents.proposal),
            evidence: evidence.or(documents.evidence),
            end: documents.end,
        },
        (Ok([Found::Envelope(end)]), Some(proposal)) => Documents { proposal, end: Some(end), evidence },
        (Ok([Found::Envelope(envelope)]), None) => {
            bail!("{} alone proves nothing: {missing}", called(&envelope))
        }
        (Err(several), given) => match (several.as_slice(), given, evidence) {
            ([Found::Envelope(proposal), Found::Envelope(end)], None, evidence) => {
                Documents { proposal: proposal.clone(), end: Some(end.clone()), evidence }
            }
            ([], Some(proposal), Some(evidence)) => {
                tell_evidence(&proposal, &evidence, out)?;
                return Ok(ExitCode::SUCCESS);
            }
            _ => bail!("{missing}"),
        },
    };
    end(&documents, out)
}

fn called(envelope: &Envelope) -> &'static str {
    match envelope.payload_type.as_str() {
        RESULT_TYPE => "a result",
        REFUSAL_TYPE => "a refusal",
        _ => "a signed document",
    }
}

/// What a file holds.
enum Found {
    Documents(Documents),
    Envelope(Envelope),
}

fn read(path: &Path) -> Result<Found> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(name)?;
    let value: Value = serde_json::from_slice(&bytes).with_context(name)?;
    if value.get("payloadType").is_some() {
        return Envelope::from_json(&bytes).map(Found::Envelope).with_context(name);
    }
    serde_json::from_value(value).map(Found::Documents).with_context(|| {
        format!(
            "{}: neither a signed document nor the documents of a computation, as `formix comp show ID --documents` prints them",
            path.display()
        )
    })
}
