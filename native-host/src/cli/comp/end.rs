//! How a computation ended, checked and told: the figures with their rounding, who signed, what it is protected by.

use super::super::REFUSED;
use crate::{client::Documents, output::Out};
use aggregate::{HEAVY, Outcome, Proposal, Scheme, Verified, evidence, outcome};
use anyhow::{Context, Result, bail};
use comfy_table::{CellAlignment, Table, presets::NOTHING};
use keys::{Envelope, NodeId};
use query::{
    Answer, Figures,
    answer::{Bin, Bound},
};
use serde_json::json;
use std::process::ExitCode;

/// The most characters of a bar.
const BAR: u64 = 30;

/// A verified end, and the exit status that it means.
pub(in crate::cli) struct Ended {
    pub(in crate::cli) verified: Verified,
    pub(in crate::cli) code: ExitCode,
}

/// Checks a computation's documents, and tells what they say.
pub(in crate::cli) fn tell_end(documents: &Documents, out: &Out) -> Result<Ended> {
    let Documents { proposal, end, evidence } = documents;
    let end = end.as_ref().context("the computation has not ended: there is nothing to verify yet")?;
    let (id, opened) = Proposal::open(proposal).context("the proposal")?;
    let verified = outcome::verify(proposal, end).context("the end does not verify")?;
    let accused = evidence.as_ref().map(|evidence| accused(proposal, evidence)).transpose()?;
    let code = match &verified {
        Verified::Result(result) => {
            follows(&opened, result)?;
            let signed = signers(&opened, end);
            let words = opened.plan().map(|plan| plan.words()).unwrap_or_default();
            let value = json!({
                "event": "result", "id": id, "result": result, "signed_by": signed, "accused": accused, "words": words,
            });
            out.event(&value, || shown(&opened, &words, result, &signed, accused));
            ExitCode::SUCCESS
        }
        Verified::Refusal(refusal) => {
            let text = refusal.reason.to_string();
            let value =
                json!({ "event": "refusal", "id": id, "refusal": refusal, "text": text, "accused": accused });
            out.event(&value, || {
                let lied = accused.map(lied).unwrap_or_default();
                format!("{}\n  no result: {text}\n  signed by …{}{lied}", opened.title, refusal.heavy.short())
            });
            ExitCode::from(REFUSED)
        }
        _ => bail!("an end of a kind that this version does not know"),
    };
    Ok(Ended { verified, code })
}

/// Checks evidence alone, and tells whom it convicts.
pub(in crate::cli) fn tell_evidence(proposal: &Envelope, evidence: &Envelope, out: &Out) -> Result<()> {
    let (id, opened) = Proposal::open(proposal).context("the proposal")?;
    let accused = accused(proposal, evidence)?;
    out.event(&json!({ "event": "evidence", "id": id, "accused": accused }), || {
        format!("{}{}", opened.title, lied(accused))
    });
    Ok(())
}

fn accused(proposal: &Envelope, evidence: &Envelope) -> Result<NodeId> {
    let found = evidence::verify(proposal, evidence).context("the evidence does not verify")?;
    Ok(found.accused)
}

fn lied(accused: NodeId) -> String {
    format!(
        "\n  heavy node …{} lied about its sums: it signed two things that contradict each other",
        accused.short()
    )
}

/// Whether the answer is the one that the signed totals give.
fn follows(proposal: &Proposal, outcome: &Outcome) -> Result<()> {
    let totals: Result<Vec<u64>, _> = outcome.totals.iter().map(|total| total.parse()).collect();
    let totals = totals.context("the totals are no whole numbers")?;
    let answer = proposal.plan()?.answer(&totals, outcome.participants)?;
    if answer != outcome.answer {
        bail!("the answer does not follow from the totals, although it is signed");
    }
    Ok(())
}

/// The heavy nodes of the computation whose signatures stand under its end; that they fit was checked.
fn signers(proposal: &Proposal, end: &Envelope) -> Vec<NodeId> {
    proposal.heavy.iter().map(|key| key.id).filter(|id| end.signature_of(*id).is_some()).collect()
}

fn shown(
    proposal: &Proposal,
    words: &str,
    result: &Outcome,
    signed: &[NodeId],
    accused: Option<NodeId>,
) -> String {
    let figures: String = figures(&result.answer).lines().map(|line| format!("\n    {line}")).collect();
    let mut text = format!("{}\n  {words}{figures}\n  participants: {}", proposal.title, result.participants);
    if result.rejected > 0 {
        text += &format!(" (and {} whose answers were invalid)", result.rejected);
    }
    text += &format!("\n  rounding: {}", result.answer.rounding.words);
    for doubt in &result.answer.doubts {
        text += &format!("\n  doubt: {doubt}");
    }
    let names: Vec<String> = signed.iter().map(|id| format!("…{}", id.short())).collect();
    let all = if signed.len() == HEAVY { "all three heavy nodes" } else { "two of the three heavy nodes" };
    text += &format!("\n  signed by {all}: {}", names.join(" "));
    text += &accused.map(lied).unwrap_or_default();
    text + &protections(result.scheme)
}

/// What a scheme protects against, and what not.
pub(in crate::cli) fn protections(scheme: Scheme) -> String {
    format!("\n  protected ({scheme}): {}\n  not protected: {}", scheme.protects(), scheme.not_protected())
}

/// A table of an answer's figures, with how far each may be from that of unrounded values.
pub(in crate::cli) fn figures(answer: &Answer) -> String {
    let bounds = &answer.rounding.bounds;
    let mut table = Table::new();
    table.load_preset(NOTHING);
    match &answer.result {
        Figures::Histogram { below, bins, above, missing, .. } => {
            cells(&mut table, below, bins, above, missing.as_deref());
        }
        Figures::Quantile { quantiles, count, .. } => {
            table.set_header(["quantile", "at least", "at most", "estimate", "±", "rank"]);
            for each in quantiles {
                let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
                let rank = format!("{} of {count}", text(&each.rank));
                table.add_row([
                    each.probability.clone(),
                    each.at_least.clone().unwrap_or_else(|| "below the range".into()),
                    each.at_most.clone().unwrap_or_else(|| "above the range".into()),
                    text(&each.estimate),
                    text(&each.estimate_error),
                    rank,
                ]);
            }
        }
        Figures::Group { groups, other, missing, .. } => {
            let means = groups.iter().any(|group| group.mean.is_some()) || other.mean.is_some();
            let header: &[&str] =
                if means { &["category", "count", "mean", "±"] } else { &["category", "count"] };
            table.set_header(header);
            let mut row = |name: &str, count: &str, mean: Option<&str>, of: &str| {
                let mut row = vec![name.to_owned(), count.to_owned()];
                if means {
                    let bound = mean.map_or_else(String::new, |_| plus_minus(bounds, of));
                    row.extend([mean.unwrap_or("none").to_owned(), bound]);
                }
                table.add_row(row);
            };
            for group in groups {
                row(&group.category, &group.count, group.mean.as_deref(), "groups.mean");
            }
            row("(other)", &other.count, other.mean.as_deref(), "other.mean");
            if let Some(missing) = missing {
                row("(none)", missing, None, "");
            }
        }
        Figures::Vector { count, sums, means } => {
            table.set_header(["", "sum", "±", "mean", "±"]);
            for (at, sum) in sums.iter().enumerate() {
                table.add_row([
                    format!("value {}", at + 1),
                    sum.clone(),
                    plus_minus(bounds, &format!("sums.{at}")),
                    means.get(at).cloned().unwrap_or_else(|| "none".into()),
                    plus_minus(bounds, &format!("means.{at}")),
                ]);
            }
            table.add_row(["count", count]);
        }
        others => scalars(&mut table, others, bounds),
    }
    let columns = table.column_count();
    table
        .column_iter_mut()
        .skip(1)
        .take(columns)
        .for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    if matches!(answer.result, Figures::Histogram { .. })
        && let Some(bars) = table.column_mut(2)
    {
        bars.set_cell_alignment(CellAlignment::Left);
    }
    table.trim_fmt()
}

/// One figure a line: those whose names are fields of the answer.
fn scalars(table: &mut Table, figures: &Figures, bounds: &[Bound]) {
    table.set_header(["", "", "±"]);
    let value = serde_json::to_value(figures).unwrap_or_default();
    // In the order of the document, which a map of JSON does not keep.
    const ORDER: [&str; 16] = [
        "mean",
        "sum",
        "sample_variance",
        "sample_deviation",
        "population_variance",
        "population_deviation",
        "sample_covariance",
        "population_covariance",
        "slope",
        "intercept",
        "correlation",
        "r_squared",
        "mean_x",
        "mean_y",
        "count",
        "missing",
    ];
    for name in ORDER {
        let Some(figure) = value.get(name) else { continue };
        table.add_row([
            name.replace('_', " "),
            figure.as_str().unwrap_or("none").into(),
            plus_minus(bounds, name),
        ]);
    }
}

fn cells(table: &mut Table, below: &str, bins: &[Bin], above: &str, missing: Option<&str>) {
    table.set_header(["from – to", "count", ""]);
    let number = |text: &str| text.parse::<u64>().unwrap_or(0);
    let most =
        bins.iter().map(|bin| number(&bin.count)).chain([number(below), number(above)]).max().unwrap_or(0);
    let bar = |count: &str| "█".repeat((number(count) * BAR).div_ceil(most.max(1)) as usize);
    table.add_row(["below".into(), below.to_owned(), bar(below)]);
    for Bin { from, to, count } in bins {
        table.add_row([format!("{from} – {to}"), count.clone(), bar(count)]);
    }
    table.add_row(["above".into(), above.to_owned(), bar(above)]);
    if let Some(missing) = missing {
        table.add_row(["no value", missing]);
    }
}

fn plus_minus(bounds: &[Bound], of: &str) -> String {
    match bounds.iter().find(|bound| bound.of == of) {
        None => "exact".into(),
        Some(Bound { plus_minus, .. }) => plus_minus.clone().unwrap_or_else(|| "not known".into()),
    }
}

/// The figure that says most, for a list.
pub(crate) fn headline(answer: &Answer) -> String {
    let value = serde_json::to_value(&answer.result).unwrap_or_default();
    if let Figures::Quantile { quantiles, .. } = &answer.result {
        return quantiles.first().and_then(|first| first.estimate.clone()).unwrap_or_default();
    }
    let named = ["mean", "sum", "sample_variance", "sample_covariance", "slope", "count"];
    let found = named.iter().find_map(|name| Some((*name, value.get(*name)?.as_str()?.to_owned())));
    found.map_or_else(String::new, |(name, figure)| format!("{} {figure}", name.replace('_', " ")))
}
