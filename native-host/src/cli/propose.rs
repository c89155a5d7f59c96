//! `formix comp propose`: what is proposed, from flags and, at a terminal, from questions; quantiles in rounds.

use super::{
    HOST,
    comp::{
        end::{protections, tell_end},
        watch::watch,
    },
    question::{QuestionArgs, have, title},
};
use crate::{client::Api, clock, home::Home, http::outline, output::Out};
use ::node::Descriptor;
use aggregate::{Draft, HeavyKey, JsonObject, Proposal, Scheme, Verified};
use anyhow::{Context, Result, bail};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use codec::Instant;
use query::{Answer, Figures, Reduction, fixed};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use schema::Schema;
use serde_json::json;
use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

/// Most rounds in which quantiles are looked for, where nobody says: with 64 cells each, more than any range needs.
const ROUNDS: u32 = 10;

#[derive(Debug, Args)]
pub(super) struct ProposeArgs {
    /// The data set that is asked
    #[arg(long)]
    dataset: Option<String>,
    #[command(flatten)]
    question: QuestionArgs,
    /// How answers are shared among the heavy nodes [default: prio3]
    #[arg(long, value_parser = schemes(), help_heading = "How")]
    scheme: Option<Scheme>,
    /// A JSON Schema of a record, as Pydantic or schemars write it [default: follows from the expressions]
    #[arg(long, value_name = "FILE", help_heading = "How")]
    schema: Option<PathBuf>,
    /// Fewest participants for a result [default: 3]
    #[arg(long, value_name = "COUNT", help_heading = "How")]
    min_participants: Option<u32>,
    /// Most participants; reaching them closes the computation
    #[arg(long, default_value_t = 10_000, value_name = "COUNT", help_heading = "How")]
    max_participants: u32,
    /// When it closes: from now, as in `60s` or `2h`, or a moment, as in `2026-12-01T12:00:00Z`
    #[arg(long, help_heading = "How")]
    deadline: Option<String>,
    /// A few words for a stranger [default: made from question and data set]
    #[arg(long, help_heading = "How")]
    title: Option<String>,
    /// What the answer is for
    #[arg(long, help_heading = "How")]
    purpose: Option<String>,
    /// The HTTP address of the heavy node to propose to
    #[arg(long, value_name = "URL", default_value = HOST, help_heading = "How")]
    host: String,
    /// Wait for the end, and check its signatures; quantiles are then found in rounds
    #[arg(long, help_heading = "How")]
    wait: bool,
    /// Of a quantile: most rounds, each a computation of its own that takes until its deadline
    #[arg(long, value_name = "COUNT", requires = "wait", help_heading = "How")]
    rounds: Option<u32>,
    /// Of a quantile: so narrow a bracket is good enough [default: one unit]
    #[arg(long, value_name = "NUMBER", requires = "wait", help_heading = "How")]
    tolerance: Option<String>,
    /// Say what would be asked, sent and paid, and propose nothing
    #[arg(long, conflicts_with = "wait", help_heading = "How")]
    dry_run: bool,
}

fn schemes() -> impl TypedValueParser<Value = Scheme> {
    let named = |name: String| Scheme::ALL.into_iter().find(|scheme| scheme.name() == name);
    PossibleValuesParser::new(Scheme::ALL.map(Scheme::name))
        .map(move |name| named(name).unwrap_or(Scheme::Prio3))
}

pub(super) async fn propose(args: &ProposeArgs, home: &Home, out: &Out) -> Result<ExitCode> {
    let api = Api::new(&args.host)?;
    let heavy = heavy(&api).await?;
    let asks = !out.json && std::io::stdin().is_terminal();
    let (mut draft, deadline) = draft(args, asks)?;
    let rounds = rounds(args, &draft, &deadline)?;
    let identity = home.proposer()?;
    let mut rng = ChaCha20Rng::from_seed(rand::random());
    let mut code = ExitCode::SUCCESS;
    for round in 1.. {
        let proposal = match draft.propose(identity.id(), &heavy, &mut rng) {
            Ok(proposal) => proposal,
            // What was found stands; a finer question would tell too much, or be too large.
            Err(error) if round > 1 => {
                tracing::warn!(%error, "no further round");
                break;
            }
            Err(error) => return Err(error.into()),
        };
        proposal.check_deadline(clock::now())?;
        if args.dry_run {
            return preview(&proposal, out);
        }
        let envelope = proposal.sign(&identity);
        let id = api.propose(&envelope).await?;
        out.event(
            &json!({ "event": "proposed", "id": id, "host": api.url().as_str(), "round": round }),
            || format!("Proposed: {id}{}", protections(proposal.scheme)),
        );
        if !args.wait {
            break;
        }
        let documents = watch(&api, id, Some(envelope), out).await?;
        let ended = tell_end(&documents, out)?;
        code = ended.code;
        let Verified::Result(outcome) = &ended.verified else { break };
        let next = draft.query.refine(&outcome.answer);
        let Some(next) = next.filter(|_| round < rounds && !is_found(args, &draft, &outcome.answer)) else {
            break;
        };
        draft = Draft { query: next, deadline: moment(&deadline).context("--deadline")?, ..draft };
        if !out.json {
            out.line(&format!("Round {} of at most {rounds}:", round + 1));
        }
    }
    Ok(code)
}

/// What a proposal asks, sends and costs.
fn preview(proposal: &Proposal, out: &Out) -> Result<ExitCode> {
    let outline = outline(proposal)?;
    out.event(&outline, || {
        let sent: Vec<u64> = outline["cost"]["report_bytes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_u64)
            .collect();
        format!(
            "{}\n  {}\n  each participant sends {} numbers of {} bits: {} bytes in all{}\n  ends by {}",
            proposal.title,
            outline["words"].as_str().unwrap_or_default(),
            outline["measurement"]["length"],
            outline["measurement"]["bits"],
            sent.iter().sum::<u64>(),
            protections(proposal.scheme),
            proposal.end()
        )
    });
    Ok(ExitCode::SUCCESS)
}

/// The three heavy nodes of smallest ids, as every node of a network names them.
async fn heavy(api: &Api) -> Result<Vec<HeavyKey>> {
    let mut heavy = Vec::new();
    for envelope in api.network().await? {
        heavy.push(Descriptor::open(&envelope).with_context(|| api.url().to_string())?.key());
    }
    heavy.sort();
    if heavy.len() < 3 {
        bail!("{} knows {} heavy nodes, and a proposal needs three; start more", api.url(), heavy.len());
    }
    heavy.truncate(3);
    Ok(heavy)
}

fn draft(args: &ProposeArgs, asks: bool) -> Result<(Draft, String)> {
    let dataset: String = have("--dataset", args.dataset.clone(), asks, "Data set", None)?;
    let given = args.schema.as_ref().map(|path| {
        let name = || path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(name)?;
        let schema = Schema::from_json(&text).with_context(name)?;
        let object = JsonObject::parse(&text).map_err(anyhow::Error::msg).with_context(name)?;
        anyhow::Ok((schema, object))
    });
    let (schema, object) = given.transpose()?.unzip();
    let query = args.question.query(schema.as_ref(), args.max_participants, asks)?;
    // A person who is asked at all is asked for these too; a script has their defaults.
    let asks_all = asks && args.dataset.is_none();
    let floor = aggregate::proposal::PARTICIPANTS_FLOOR;
    let participants_min = match args.min_participants {
        None if !asks_all => floor,
        given => have("--min-participants", given, asks, "Fewest participants", Some(&floor.to_string()))?,
    };
    let deadline: String = have("--deadline", args.deadline.clone(), asks, "Closes after", Some("60s"))?;
    let named = title(&query, &dataset);
    let title = match &args.title {
        Some(title) => title.clone(),
        None if asks_all => have("--title", None, true, "Title", Some(&named))?,
        None => named,
    };
    let draft = Draft {
        title,
        purpose: args.purpose.clone().unwrap_or_default(),
        dataset,
        schema: object,
        query,
        scheme: args.scheme,
        participants_min,
        participants_max: args.max_participants,
        deadline: moment(&deadline).context("--deadline")?,
    };
    Ok((draft, deadline))
}

/// In how many rounds to look for quantiles.
fn rounds(args: &ProposeArgs, draft: &Draft, deadline: &str) -> Result<u32> {
    let is_quantile = matches!(draft.query.reduction, Reduction::Quantile { .. });
    if !is_quantile {
        let stray = [("--rounds", args.rounds.is_some()), ("--tolerance", args.tolerance.is_some())];
        if let Some((flag, _)) = stray.iter().find(|(_, given)| *given) {
            bail!("{flag} belongs to --kind quantile");
        }
        return Ok(1);
    }
    let passes = humantime::parse_duration(deadline).is_ok();
    match args.rounds {
        Some(0) => bail!("--rounds 0: there is at least one"),
        Some(rounds) if rounds > 1 && !passes => {
            bail!(
                "--rounds {rounds}: each round needs a time of its own; write --deadline as in `10m`, not as a moment"
            )
        }
        Some(rounds) => Ok(rounds),
        None => Ok(if passes { ROUNDS } else { 1 }),
    }
}

/// Whether each quantile's bracket is as narrow as was asked.
fn is_found(args: &ProposeArgs, draft: &Draft, answer: &Answer) -> bool {
    let (Some(tolerance), Reduction::Quantile { value, .. }, Figures::Quantile { quantiles, .. }) =
        (&args.tolerance, &draft.query.reduction, &answer.result)
    else {
        return false;
    };
    let units = |text: &str| fixed::parse(text, value.decimals).ok();
    let width = |least: &Option<String>, most: &Option<String>| {
        Some(units(most.as_deref()?)?.abs_diff(units(least.as_deref()?)?))
    };
    let Some(tolerance) = units(tolerance).and_then(|units| u64::try_from(units).ok()) else { return false };
    quantiles.iter().all(|each| width(&each.at_least, &each.at_most).is_some_and(|width| width <= tolerance))
}

pub(super) fn moment(text: &str) -> Result<Instant> {
    if let Ok(ahead) = humantime::parse_duration(text) {
        let ahead_ms = u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX);
        return Ok(clock::now().plus_ms(ahead_ms));
    }
    text.parse().with_context(|| format!("`{text}`: neither a time from now (`60s`, `2h`) nor a moment"))
}
