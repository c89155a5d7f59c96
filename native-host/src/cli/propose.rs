//! `formix comp`: what is proposed, from flags and, at a terminal, from questions.

use super::HOST;
use crate::{client::Api, clock, home::Home};
use ::node::Descriptor;
use aggregate::{Draft, HeavyKey};
use anyhow::{Context, Result, bail};
use clap::Args;
use codec::{ContentId, Instant};
use dialoguer::Input;
use keys::Envelope;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::{fmt::Display, io::IsTerminal, str::FromStr};

#[derive(Debug, Args)]
pub(super) struct ProposeArgs {
    /// The data set that is asked
    #[arg(long)]
    dataset: Option<String>,
    /// The field that is summed
    #[arg(long)]
    field: Option<String>,
    /// The smallest value of a record; smaller ones count as it
    #[arg(long, allow_negative_numbers = true)]
    lower: Option<String>,
    /// The largest value of a record; larger ones count as it
    #[arg(long, allow_negative_numbers = true)]
    upper: Option<String>,
    /// Decimals that count [default: 0]
    #[arg(long)]
    decimals: Option<u8>,
    /// Fewest participants for a result [default: 3]
    #[arg(long)]
    min_participants: Option<u32>,
    /// Most participants; reaching them closes the computation
    #[arg(long, default_value_t = 10_000)]
    max_participants: u32,
    /// Most records of one participant
    #[arg(long, default_value_t = 10_000)]
    max_records: u32,
    /// When it closes: from now, as in `60s` or `2h`, or a moment, as in `2026-12-01T12:00:00Z`
    #[arg(long)]
    deadline: Option<String>,
    /// A few words for a stranger [default: made from field and data set]
    #[arg(long)]
    title: Option<String>,
    /// What the answer is for
    #[arg(long)]
    purpose: Option<String>,
    /// The HTTP address of the heavy node to propose to
    #[arg(long, value_name = "URL", default_value = HOST)]
    host: String,
    /// Wait for the end, and check its signatures
    #[arg(long)]
    pub(super) wait: bool,
}

/// A proposal that a heavy node has taken.
pub(super) struct Proposed {
    pub(super) api: Api,
    pub(super) id: ContentId,
    pub(super) envelope: Envelope,
}

pub(super) async fn propose(args: &ProposeArgs, home: &Home, json: bool) -> Result<Proposed> {
    let api = Api::new(&args.host)?;
    let heavy = heavy(&api).await?;
    let draft = draft(args, !json && std::io::stdin().is_terminal())?;
    let identity = home.proposer()?;
    let mut rng = ChaCha20Rng::from_seed(rand::random());
    let proposal = draft.propose(identity.id(), &heavy, &mut rng)?;
    proposal.check_deadline(clock::now())?;
    let envelope = proposal.sign(&identity);
    let id = api.propose(&envelope).await?;
    Ok(Proposed { api, id, envelope })
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

fn draft(args: &ProposeArgs, asks: bool) -> Result<Draft> {
    let dataset = have("--dataset", args.dataset.clone(), asks, "Data set", None)?;
    let field = have("--field", args.field.clone(), asks, "Field to sum", None)?;
    let lower = have("--lower", args.lower.clone(), asks, "Smallest value of a record", Some("0"))?;
    let upper = have("--upper", args.upper.clone(), asks, "Largest value of a record", None)?;
    // A person who is asked at all is asked for these too; a script has their defaults.
    let asks_all = asks && args.dataset.is_none();
    let decimals = match args.decimals {
        None if !asks_all => 0,
        given => have("--decimals", given, asks, "Decimals that count", Some("0"))?,
    };
    let floor = aggregate::proposal::PARTICIPANTS_FLOOR;
    let participants_min = match args.min_participants {
        None if !asks_all => floor,
        given => have("--min-participants", given, asks, "Fewest participants", Some(&floor.to_string()))?,
    };
    let deadline = have("--deadline", args.deadline.clone(), asks, "Closes after", Some("60s"))?;
    let named = format!("Sum of {field} in {dataset}");
    let title = match &args.title {
        Some(title) => title.clone(),
        None if asks_all => have("--title", None, true, "Title", Some(&named))?,
        None => named,
    };
    Ok(Draft {
        title,
        purpose: args.purpose.clone().unwrap_or_default(),
        dataset,
        schema: None,
        query: aggregate::proposal::mean_of(&field, &lower, &upper, decimals, args.max_records),
        scheme: None,
        participants_min,
        participants_max: args.max_participants,
        deadline: moment(&deadline)?,
    })
}

/// The flag's value, or the person's answer.
fn have<T: FromStr<Err: Display> + Clone + ToString>(
    flag: &str,
    value: Option<T>,
    asks: bool,
    question: &str,
    default: Option<&str>,
) -> Result<T> {
    match value {
        Some(value) => Ok(value),
        None if asks => {
            let mut input = Input::<T>::new().with_prompt(question);
            if let Some(Ok(default)) = default.map(str::parse) {
                input = input.default(default);
            }
            Ok(input.interact_text()?)
        }
        None => bail!("{flag} is missing; at a terminal it is asked for"),
    }
}

fn moment(text: &str) -> Result<Instant> {
    if let Ok(ahead) = humantime::parse_duration(text) {
        let ahead_ms = u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX);
        return Ok(clock::now().plus_ms(ahead_ms));
    }
    text.parse()
        .with_context(|| format!("--deadline `{text}`: neither a time from now (`60s`, `2h`) nor a moment"))
}
