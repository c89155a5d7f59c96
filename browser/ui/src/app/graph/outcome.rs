//! What came of a ranking: in a sentence, in a table, in numbers.

use super::View;
use crate::{testids, words};
use channel::reckoner::{GraphFacts, Place, Ranked};
use leptos::prelude::*;

/// Nodes of the table that are shown at once.
const ROWS: usize = 20;

/// What a node is called.
pub(super) fn name_of(node: &Place) -> String {
    node.name.clone().unwrap_or_else(|| format!("Node {}", node.node))
}

/// A decimal number from milliseconds, for people.
fn took(ms: f64) -> String {
    words::work((ms.max(0.0) * 1_000.0) as u64)
}

/// It all.
#[component]
pub(super) fn Outcome(
    /// What the view holds.
    view: View,
) -> impl IntoView {
    move || {
        let ranked = view.ranked.get()?;
        let facts = view.facts.get()?;
        Some(view! {
            <Summary name=view.name.get_untracked() ranked=ranked.clone() facts=facts.clone() />
            <Top view ranked=ranked.clone() />
            <Details ranked facts />
        })
    }
}

/// The sentence and the large numbers.
#[component]
fn Summary(name: String, ranked: Ranked, facts: GraphFacts) -> impl IntoView {
    let swept = facts.edges as f64 * f64::from(ranked.rounds) / (ranked.ms.max(1e-3) / 1e3);
    let figure = |name: &'static str, value: String| view! { <div><dt>{name}</dt><dd class="numerals">{value}</dd></div> };
    let pace = match swept {
        1e6.. => format!("{} million", words::rounded(&format!("{:.3}", swept / 1e6), 3)),
        _ => words::grouped(&format!("{swept:.0}")),
    };
    let heading = if ranked.converged { "Ranked" } else { "Not ranked as exactly as asked" };
    view! {
        <section
            class="card"
            data-testid=testids::GRAPH_OUTCOME
            data-digest=ranked.digest.clone()
            data-gpu=ranked.by_gpu.to_string()
            data-rounds=ranked.rounds.to_string()
            data-converged=ranked.converged.to_string()
        >
            <h2>{name} ": " {heading.to_lowercase()}</h2>
            {(!ranked.converged).then(|| view! { <p class="reason">{words::sentence(&ranked.verdict)}</p> })}
            <dl class="figures">
                {figure("Nodes", words::grouped(&facts.nodes.to_string()))}
                {figure("Edges", words::grouped(&facts.edges.to_string()))}
                {figure("Rounds", words::grouped(&ranked.rounds.to_string()))}
                {figure("Took", took(ranked.ms))}
                {figure("Edges a second", pace)}
            </dl>
            <p>
                "Computed by "
                <strong data-testid=testids::GRAPH_DEVICE>{ranked.device.clone()}</strong>
                "."
                {ranked.gpu_error.clone().map(|error| view! {
                    <span class="soft" data-testid=testids::GRAPH_NO_GPU>" Not by a GPU: " {words::sentence(&error)}</span>
                })}
            </p>
        </section>
    }
}

/// The nodes that hold most.
#[component]
fn Top(view: View, ranked: Ranked) -> impl IntoView {
    let all = RwSignal::new(false);
    let count = ranked.top.len();
    let greatest = ranked.top.first().map_or(1, |node| node.units.max(1));
    let rows = StoredValue::new(ranked.top);
    let row = move |(at, node): (usize, Place)| {
        let share = node.units as f64 / greatest as f64 * 100.0;
        let name = name_of(&node);
        let label = format!("Look at {name} in the drawing");
        let is_chosen = move || (view.chosen.get() == Some(at as u32)).to_string();
        view! {
            <tr data-testid=testids::GRAPH_NODE data-node=node.node.to_string() data-units=node.units.to_string() data-chosen=is_chosen>
                <td class="number soft">{at + 1}</td>
                <th scope="row">
                    <button type="button" class="quiet" aria-label=label aria-pressed=is_chosen on:click=move |_| view.choose(Some(at as u32))>{name}</button>
                </th>
                <td class="number">{node.pi}</td>
                <td class="share-bar">
                    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                        <rect class="bar" x="0" y="0" width=format!("{share:.2}") height="8" rx="1" />
                    </svg>
                </td>
            </tr>
        }
    };
    let shown = move || if all.get() { count } else { ROWS.min(count) };
    view! {
        <section class="card">
            <h2>"Who holds most"</h2>
            <div class="table-scroll" role="region" aria-label="The nodes that hold most" tabindex="0">
                <table class="top-nodes">
                    <thead>
                        <tr>
                            <th scope="col" class="number">"#"</th>
                            <th scope="col">"Node"</th>
                            <th scope="col" class="number">"Share (π)"</th>
                            <th scope="col"><span class="hidden">"As a bar"</span></th>
                        </tr>
                    </thead>
                    <tbody>
                        {move || rows.with_value(|rows| rows.iter().take(shown()).cloned().enumerate().map(row).collect_view())}
                    </tbody>
                </table>
            </div>
            <Show when=move || (count > ROWS) && !all.get()>
                <button type="button" class="quiet" on:click=move |_| all.set(true)>
                    {format!("Show {count}")}
                </button>
            </Show>
        </section>
    }
}

/// What somebody wants to know who compares.
#[component]
fn Details(ranked: Ranked, facts: GraphFacts) -> impl IntoView {
    let dangling = words::count(facts.dangling.into(), "node");
    let merged = match facts.listed > facts.edges {
        true => format!("{} listed; duplicates count once", words::grouped(&facts.listed.to_string())),
        false => "each listed once".into(),
    };
    let within = ranked.bound.as_deref().map_or_else(|| "not known".into(), |bound| words::rounded(bound, 3));
    let error = match ranked.mass_error {
        0 => "0 units of 2⁻⁵⁸: none is lost or made".into(),
        units => format!("{units} units of 2⁻⁵⁸"),
    };
    let pairs = [
        ("Distance from the exact result", format!("at most {within}")),
        ("Error of all mass", error),
        ("Edges", merged),
        ("Without an edge to follow", dangling),
        (
            "Weights",
            if facts.weighted {
                "edges share unequally".into()
            } else {
                "all edges of a node share alike".into()
            },
        ),
        ("Spectral gap, about", format!("{:.4}", ranked.gap)),
        ("Reading and arranging took", took(facts.ms)),
        ("Name of π", ranked.digest),
    ];
    view! {
        <section class="card">
            <h2>"In numbers"</h2>
            <dl class="pairs receipt">
                {pairs.map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> }).collect_view()}
            </dl>
            <p class="soft">
                "Every machine computes the same bits, so it has the same name everywhere: "
                <code>"formix rank"</code> " on the same file prints it too."
            </p>
        </section>
    }
}
