//! `formix rank --on`: π by light nodes that hold the graph's parts.

use super::{Jump, Method, NOT_CONVERGED, SolveArgs, Written, facts, list, table, told};
use crate::{
    cli::REFUSED,
    client::{
        Api,
        rankings::{Wanted, Written as FarWritten},
    },
    output::Out,
};
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rank::Format;
use ranking::format_of;
use serde_json::{Value, json};
use shards::{
    GRAPH_BYTES_MAX, RankingState, RankingView, SHARDS_MAX,
    coordinator::{Ended, ShardDone},
    message::NAME_BYTES_MAX,
};
use std::{
    io::{IsTerminal, Read},
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

/// How long a heavy node may give no answer before it is given up.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Between two looks at a ranking.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Has the graph ranked by the light nodes of a heavy node's network, and tells what came of it.
pub(super) fn rank(url: &str, args: &SolveArgs, out: &Out) -> Result<ExitCode> {
    let graph = &args.graph;
    let is_usual = graph.stakes.is_none()
        && graph.teleport == Jump::Uniform
        && graph.threads.is_none()
        && args.method == Method::Pi;
    if !is_usual {
        bail!(
            "--on goes without --stakes, --teleport, --threads and --method: light nodes compute π alone, as they can"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting")?;
    runtime.block_on(far(url, args, out))
}

async fn far(url: &str, args: &SolveArgs, out: &Out) -> Result<ExitCode> {
    let file =
        args.graph.file.as_ref().context("name the file of a graph; `formix rank --help` has examples")?;
    let bytes = read(file).with_context(|| format!("reading {}", file.display()))?;
    if bytes.len() > GRAPH_BYTES_MAX {
        bail!(
            "{} has {} bytes, where {GRAPH_BYTES_MAX} go over the network; gzip it",
            file.display(),
            bytes.len()
        );
    }
    let api = Api::new(url)?;
    let shards = match args.shards {
        Some(shards) => shards,
        // A part for each node that offers; each part goes to two of them.
        None => (api.holders().await?.len() as u32).clamp(1, SHARDS_MAX),
    };
    let bar = if out.json || !std::io::stderr().is_terminal() {
        ProgressBar::hidden()
    } else {
        let style = ProgressStyle::with_template("{spinner} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        ProgressBar::no_length().with_style(style)
    };
    let whole = bytes.len();
    let blob =
        api.put_blob(&bytes, |sent| bar.set_message(format!("{sent} of {whole} bytes are there"))).await?;
    drop(bytes);
    let wanted = Wanted {
        name: name(file),
        format: written(args.graph.format, file),
        alpha: args.graph.alpha.clone(),
        eps: args.graph.eps.clone(),
        rounds: args.graph.rounds,
        nodes: args.graph.nodes.unwrap_or(0),
        ignore_weights: args.graph.no_weights,
        shards,
        alone: args.alone,
        patience_s: args.patience.as_secs(),
        graph: blob,
    };
    let id = api.rank(&wanted).await?;
    let mut heard = Instant::now();
    let view = loop {
        let looked = api.ranking(id).await;
        if looked.is_ok() {
            heard = Instant::now();
        }
        match looked {
            Ok(view) if matches!(view.state, RankingState::Done | RankingState::Refused) => break view,
            Ok(view) => bar.set_message(doing(&view)),
            // The host may be starting again; what it took is durable.
            Err(error) if error.is_passing() && heard.elapsed() < SILENCE_MAX => {
                bar.set_message(plain(&error.to_string()));
            }
            Err(error) if error.is_passing() => {
                let seconds = SILENCE_MAX.as_secs();
                return Err(error).with_context(|| {
                    format!("no answer for {seconds} seconds; ranking {id} may go on there: ask again later")
                });
            }
            Err(error) => return Err(error.into()),
        }
        bar.tick();
        tokio::time::sleep(LOOK_EVERY).await;
    };
    bar.finish_and_clear();
    let Some(result) = &view.result else {
        out.event(&json!({ "ranking": id, "state": view.state, "message": view.words }), || {
            format!("there is no π: {}", plain(&view.words))
        });
        return Ok(ExitCode::from(REFUSED));
    };
    tell(&view, result, args, out);
    let converged = result.verdict == "converged";
    Ok(if converged { ExitCode::SUCCESS } else { ExitCode::from(NOT_CONVERGED) })
}

/// Somebody else's words without what a terminal would obey.
fn plain(words: &str) -> String {
    words.replace(char::is_control, " ")
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than is taken says as much as all.
    let limit = GRAPH_BYTES_MAX as u64 + 1;
    if file.as_os_str() == "-" {
        std::io::stdin().take(limit).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn name(file: &Path) -> String {
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut name = plain(&name);
    name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
    if name.is_empty() || name == "-" { "a graph".into() } else { name }
}

fn written(said: Option<Written>, file: &Path) -> FarWritten {
    match (said, format_of(file)) {
        (Some(Written::EdgeList), _) => FarWritten::EdgeList,
        (Some(Written::Csv), _) | (None, Format::Csv) => FarWritten::Csv,
        (Some(Written::Mtx), _) | (None, Format::MatrixMarket) => FarWritten::Mtx,
        (None, _) => FarWritten::EdgeList,
    }
}

fn doing(view: &RankingView) -> String {
    let change =
        view.change.as_ref().map_or_else(String::new, |change| format!(", π changed by {change} at most"));
    plain(&format!("{}{change}", view.words))
}

fn tell(view: &RankingView, result: &Ended, args: &SolveArgs, out: &Out) {
    let top: Vec<(u32, u64)> = result.top.iter().take(args.graph.top).copied().collect();
    let (graph, report) = (&result.graph, result.report());
    let value = json!({
        "ranking": view.id, "nodes": graph.nodes, "edges": graph.edges, "edges_listed": graph.edges_listed, "dangling": graph.dangling,
        "weighted": graph.weighted, "alpha": view.alpha, "verdict": result.verdict, "message": result.message, "report": facts(&report),
        "digest": result.digest.to_string(), "top": list(&top), "shards": result.shards.len(), "computed": computed(&result.shards),
        "replaced": result.replaced, "liars": result.liars, "solve_ms": result.took_ms,
    });
    out.event(&value, || {
        let merged = match graph.edges_listed {
            listed if listed > graph.edges => format!(" ({listed} listed)"),
            _ => String::new(),
        };
        format!(
            "{} nodes, {} edges{merged}, {} dangling\n{} after {} rounds{}, {:.3} s by light nodes\nπ {}\n\n{}\n\n{}",
            graph.nodes,
            graph.edges,
            graph.dangling,
            plain(&result.message),
            result.rounds,
            told(&report),
            result.took_ms as f64 / 1e3,
            result.digest,
            table(&top),
            who(result)
        )
    });
}

fn computed(shards: &[ShardDone]) -> Vec<Value> {
    let shard = |(at, shard): (usize, &ShardDone)| json!({ "shard": at, "nodes": shard.nodes, "edges": shard.edges, "holders": shard.holders });
    shards.iter().enumerate().map(shard).collect()
}

/// Who computed each part, and who did not.
fn who(result: &Ended) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (at, shard) in result.shards.iter().enumerate() {
        let holders = shard.holders.iter().map(|holder| match holder.node {
            Some(node) => format!("…{} ({})", node.short(), plain(&holder.device)),
            None => "the heavy node".into(),
        });
        let holders: Vec<String> = holders.collect();
        lines.push(format!("part {at}, {} nodes: {}", shard.nodes, holders.join(", ")));
    }
    if result.replaced > 0 {
        lines.push(format!("{} holders were replaced", result.replaced));
    }
    for liar in &result.liars {
        lines.push(format!("…{} lied, and was found out", liar.short()));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heavy_nodes_words_move_no_cursor() {
        assert_eq!(plain("π \u{1b}[2J\r\nworld\u{9b}"), "π  [2J  world ");
    }
}
