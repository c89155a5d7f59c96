//! `formix consent`: what a light node of this home answers without asking, how much it may, and what it
//! has answered.

use super::local::Local;
use crate::{home::Home, output::Out};
use ::node::{Command, LightView};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use codec::ContentId;
use comfy_table::{Table, presets::NOTHING};
use keys::NodeId;
use privacy::{Limit, Limits, Of, Often, Purpose, Rule, Verdict};
use serde_json::json;

/// Latest answers that are shown.
const SHOWN: usize = 20;

#[derive(Debug, Subcommand)]
pub(super) enum ConsentCommand {
    /// Show rules, limits and the latest answers
    Show(OfNode),
    /// Answer without asking what meets all these conditions
    #[command(after_help = "Example:\n  \
        formix consent allow --dataset penguins --scheme prio3 --participants-min 50 --at-most 3/7d --each-proposer")]
    Allow {
        #[command(flatten)]
        conditions: Conditions,
        /// Only so often: answers, then a window of days
        #[arg(long, value_name = "N/DAYSd", value_parser = at_most)]
        at_most: Option<(u32, u32)>,
        /// Count each proposer by themselves
        #[arg(long, requires = "at_most")]
        each_proposer: bool,
        #[command(flatten)]
        node: OfNode,
    },
    /// Decline without asking what meets all these conditions; this beats every `allow`
    #[command(after_help = "Example:\n  formix consent never --purpose-begins Advertising")]
    Never {
        #[command(flatten)]
        conditions: Conditions,
        #[command(flatten)]
        node: OfNode,
    },
    /// Remove a rule
    Remove {
        /// Its number, as `show` gives it
        number: usize,
        #[command(flatten)]
        node: OfNode,
    },
    /// Set the limits, in place of those before
    #[command(after_help = "Examples:\n  \
        formix consent limit --each-attribute 10/30d --all 100/366d\n  \
        formix consent limit --attribute penguins:body_mass_g=3 --each-proposer 5/7d\n  \
        formix consent limit --none")]
    Limit {
        /// Answers about each attribute
        #[arg(long, value_name = "N[/DAYSd]", value_parser = limit)]
        each_attribute: Vec<(u32, Option<u32>)>,
        /// Answers about one attribute; repeatable
        #[arg(long, value_name = "DATASET:FIELD=N[/DAYSd]", value_parser = attribute)]
        attribute: Vec<Limit>,
        /// Answers to each proposer
        #[arg(long, value_name = "N[/DAYSd]", value_parser = limit)]
        each_proposer: Vec<(u32, Option<u32>)>,
        /// Answers in all
        #[arg(long, value_name = "N[/DAYSd]", value_parser = limit)]
        all: Vec<(u32, Option<u32>)>,
        /// No limits
        #[arg(long, conflicts_with_all = ["each_attribute", "attribute", "each_proposer", "all"])]
        none: bool,
        #[command(flatten)]
        node: OfNode,
    },
}

#[derive(Debug, Args)]
pub(super) struct OfNode {
    /// Which light node: its name, or a part of its id [default: the only one]
    #[arg(long)]
    node: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Conditions {
    /// Only about this data set
    #[arg(long)]
    dataset: Option<String>,
    /// Only from this proposer
    #[arg(long, value_name = "NODE")]
    proposer: Option<NodeId>,
    /// Only for exactly this purpose
    #[arg(long, conflicts_with = "purpose_begins")]
    purpose: Option<String>,
    /// Only for purposes that begin so
    #[arg(long, value_name = "TEXT")]
    purpose_begins: Option<String>,
    /// Only with the schema of this digest
    #[arg(long, value_name = "DIGEST")]
    schema: Option<ContentId>,
    /// Only by this scheme, such as `prio3`
    #[arg(long)]
    scheme: Option<String>,
    /// Only this kind of reduction, such as `mean`
    #[arg(long)]
    kind: Option<String>,
    /// Only with at least so many participants
    #[arg(long, value_name = "N")]
    participants_min: Option<u32>,
}

impl Conditions {
    fn rule(self, verdict: Verdict, often: Option<Often>) -> Rule {
        let begins = self.purpose_begins.map(Purpose::Begins);
        Rule {
            verdict,
            proposer: self.proposer,
            purpose: self.purpose.map(Purpose::Is).or(begins),
            dataset: self.dataset,
            schema: self.schema,
            scheme: self.scheme,
            kind: self.kind,
            participants_min: self.participants_min,
            often,
        }
    }
}

/// `3` or `3/7d`.
fn limit(text: &str) -> Result<(u32, Option<u32>), String> {
    let wrong = || "write it as 3 for ever, or 3/7d for 7 days".to_string();
    let (answers, days) = match text.split_once('/') {
        None => (text, None),
        Some((answers, days)) => {
            let days = days.strip_suffix('d').and_then(|days| days.parse().ok()).ok_or_else(wrong)?;
            (answers, Some(days))
        }
    };
    Ok((answers.parse().map_err(|_| wrong())?, days))
}

fn at_most(text: &str) -> Result<(u32, u32), String> {
    let (answers, days) = limit(text)?;
    Ok((answers, days.ok_or("write it as 3/7d: how many answers, and in how many days")?))
}

fn attribute(text: &str) -> Result<Limit, String> {
    let wrong = "write it as DATASET:FIELD=3/7d";
    let (name, many) = text.rsplit_once('=').ok_or(wrong)?;
    let (dataset, field) = name.split_once(':').ok_or(wrong)?;
    let (answers, days) = limit(many)?;
    Ok(Limit { of: Of::Attribute { dataset: dataset.into(), field: field.into() }, answers, days })
}

pub(super) async fn consent(what: ConsentCommand, home: &Home, out: &Out) -> Result<()> {
    let local = |node: &OfNode| Local::find(home, node.node.as_deref());
    match what {
        ConsentCommand::Show(node) => show(&local(&node)?.view().await?, out),
        ConsentCommand::Allow { conditions, at_most, each_proposer, node } => {
            let often = at_most.map(|(answers, days)| Often { answers, days, each_proposer });
            add(&local(&node)?, conditions.rule(Verdict::Allow, often), out).await?;
        }
        ConsentCommand::Never { conditions, node } => {
            let rule = conditions.rule(Verdict::Decline, None);
            if rule == (Rule { verdict: Verdict::Decline, ..Rule::default() }) {
                bail!("say what is declined; without any rule nothing is answered anyway");
            }
            add(&local(&node)?, rule, out).await?;
        }
        ConsentCommand::Remove { number, node } => {
            let local = local(&node)?;
            let rules = local.view().await?.rules;
            let rule = number.checked_sub(1).and_then(|at| rules.into_iter().nth(at));
            let rule = rule.context("there is no rule of this number; see `formix consent show`")?;
            local.command(Command::RemoveRule { rule: rule.rule }).await?;
            out.event(&json!({ "removed": rule.words }), || format!("Removed: {}", rule.words));
        }
        ConsentCommand::Limit { each_attribute, attribute, each_proposer, all, none, node } => {
            let each = |of: Of, limits: Vec<(u32, Option<u32>)>| {
                limits.into_iter().map(move |(answers, days)| Limit { of: of.clone(), answers, days })
            };
            let limits: Vec<Limit> = each(Of::EachAttribute, each_attribute)
                .chain(attribute)
                .chain(each(Of::EachProposer, each_proposer))
                .chain(each(Of::All, all))
                .collect();
            if limits.is_empty() && !none {
                bail!("give a limit, or --none");
            }
            let limits = Limits::new(limits)?;
            let words: Vec<String> = limits.iter().map(Limit::words).collect();
            local(&node)?.command(Command::SetLimits { limits }).await?;
            out.event(&json!({ "limits": words }), || match words.as_slice() {
                [] => "There are no limits.".into(),
                words => format!("The limits: {}.", words.join("; ")),
            });
        }
    }
    Ok(())
}

async fn add(local: &Local, rule: Rule, out: &Out) -> Result<()> {
    let words = rule.words(Some(local.record.id));
    local.command(Command::AddRule { rule: rule.clone() }).await?;
    out.event(&json!({ "rule": rule, "words": words }), || words.clone());
    Ok(())
}

fn show(view: &LightView, out: &Out) {
    let (rules, ledger) = (&view.rules, &view.ledger);
    out.event(&json!({ "id": view.id, "rules": rules, "ledger": ledger }), || {
        let mut text = String::new();
        for (at, rule) in rules.iter().enumerate() {
            text += &format!("{}. {}\n", at + 1, rule.words);
        }
        if rules.is_empty() {
            text += "No rules: every computation waits for you.\n";
        }
        for limit in &ledger.limits {
            let most = limit.about.as_ref().map(|about| format!(", most of it by {about}"));
            text += &format!("Limit: {}; {} used{}\n", limit.words, limit.used, most.unwrap_or_default());
        }
        if ledger.latest.is_empty() {
            return text + "Nothing was answered so far.";
        }
        let mut table = Table::new();
        table.load_preset(NOTHING).set_header(["answered", "to", "what", "about", "fate"]);
        for entry in ledger.latest.iter().take(SHOWN) {
            let question = &entry.question;
            table.add_row([
                entry.at.to_string(),
                format!("…{}", question.proposer.short()),
                question.words.clone(),
                question.dataset.clone(),
                serde_json::to_value(entry.fate)
                    .ok()
                    .and_then(|fate| fate.as_str().map(Into::into))
                    .unwrap_or_default(),
            ]);
        }
        text + &table.trim_fmt()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        assert_eq!(limit("3"), Ok((3, None)));
        assert_eq!(limit("3/7d"), Ok((3, Some(7))));
        assert_eq!(at_most("3/7d"), Ok((3, 7)));
        for wrong in ["", "3/7", "/7d", "3/d", "x", "3/7d/2d"] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
        assert!(at_most("3").is_err());
        let of = Of::Attribute { dataset: "penguins".into(), field: "address.city".into() };
        assert_eq!(attribute("penguins:address.city=3"), Ok(Limit { of, answers: 3, days: None }));
        assert!(attribute("penguins=3").is_err());
    }
}
