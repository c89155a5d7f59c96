//! `formix rank watch`: blocks of changes, one after the other, and π after each.

use super::{
    DIGITS, Device, GraphArgs,
    device::{Machine, Used},
    list, options, read, reading_of, table,
};
use crate::{
    disk::{RedbStore, sync_folder},
    output::Out,
};
use anyhow::{Context, Result, anyhow, bail};
use block::{
    Block, BlockError, Ended, Input, Nearness, Numbered, Output, PREFIX, Pipeline, Reader, Refusal, Settings,
};
use clap::Args;
use rank::{Edges, NODES_MAX, Way, decimal};
use ranking::{Threads, open};
use serde_json::json;
use std::{
    fs,
    io::BufRead,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

pub(super) const EXAMPLES: &str = "\
A change a line; an empty line, or the end, applies those before it together, as a block:
  + FROM TO [*STAKE] [WEIGHT]   there is this edge; it weighs STAKE times WEIGHT, 1 each if not said
  - FROM TO                     there is none
  = NODE STAKE                  the node has this stake
  @NAME(A B) = TERM             a definition that the block's weights may use

A weight is a number, or a term as `formix ffcm run` reads them. It is reduced, and is the number that comes of it. A change whose
weight is none, or takes too long, is refused; the others stand.

With --state, the graph and π are kept in a folder: whoever is killed at any moment goes on with the last block that was told.

Examples:
  printf '+ 3 1\\n- 0 2\\n' | formix rank watch graph.txt
  printf '@trust(a b) = (+ (* a a) b)\\n+ 3 1 @trust(2 5)\\n' | formix rank watch graph.txt
  formix rank watch follows.csv --state state --deltas monday.txt --json
  formix rank watch --state state --deltas tuesday.txt
  formix rank watch --state state --deltas tuesday.txt --resume    # killed midway: what was done is left out";

/// The file of a state's folder.
const FILE: &str = "blocks.db";

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    graph: GraphArgs,
    /// The changes; `-` for standard input
    #[arg(long, default_value = "-", value_name = "FILE")]
    deltas: PathBuf,
    /// The graph may come to have so many nodes
    #[arg(long, default_value_t = 1 << 24, value_name = "N")]
    nodes_max: u32,
    /// Keep the graph and π in this folder; begin with FILE, or with no node, where it has none yet
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Leave out as many blocks of the changes as the state has already
    #[arg(long, requires = "state")]
    resume: bool,
    /// What solves, and reduces weights whose nets are wide; the outcome is the same
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    device: Device,
    /// Most interactions that all weights of a block take
    #[arg(long, default_value_t = Settings::default().block_interactions, value_name = "N")]
    block_interactions: u64,
    /// Most interactions that one weight takes
    #[arg(long, default_value_t = Settings::default().weight_interactions, value_name = "N")]
    weight_interactions: u64,
}

struct Watch<'a> {
    args: &'a WatchArgs,
    out: &'a Out,
    pipeline: Pipeline,
    store: Option<RedbStore>,
    machine: Machine,
    begun: Instant,
}

pub(super) fn watch(args: &WatchArgs, out: &Out) -> Result<ExitCode> {
    let mut watch = begin(args, out)?;
    watch.drive(None)?;
    let reading = || reading_of(&args.deltas);
    let mut reader = Reader::new();
    let mut left_out = if args.resume { watch.pipeline.height() } else { 0 };
    let mut take = |watch: &mut Watch<'_>, read: Numbered| match left_out {
        0 => watch.take(read),
        _ => {
            left_out -= 1;
            Ok(())
        }
    };
    for line in open(&args.deltas).with_context(reading)?.lines() {
        let line = line.with_context(reading)?;
        let read = reader.push(&line).map_err(|error| anyhow!("{}, {error}", args.deltas.display()))?;
        let full = if reader.is_full() { reader.take() } else { None };
        for read in [read, full].into_iter().flatten() {
            take(&mut watch, read)?;
        }
    }
    if let Some(read) = reader.finish() {
        take(&mut watch, read)?;
    }
    if !out.json && args.graph.top > 0 {
        out.line(&format!("\n{}", table(&watch.pipeline.focus().top(args.graph.top))));
    }
    Ok(ExitCode::SUCCESS)
}

/// Goes on with a state, or begins with a graph.
fn begin<'a>(args: &'a WatchArgs, out: &'a Out) -> Result<Watch<'a>> {
    let settings = Settings {
        nodes_max: args.nodes_max.min(NODES_MAX),
        block_interactions: args.block_interactions,
        weight_interactions: args.weight_interactions,
        ..Settings::default().with_options(options(&args.graph)?)
    };
    let store = args.state.as_deref().map(open_state).transpose()?;
    let begun = Instant::now();
    let machine = |size| Machine::new(args.device, Threads::new(args.graph.threads.map(usize::from), size));
    if let (Some(store), Some(folder)) = (&store, &args.state) {
        let kept = || format!("{}", folder.join(FILE).display());
        let entries = store.scan_now(PREFIX).with_context(kept)?;
        if let Some(pipeline) = Pipeline::restore(entries).with_context(kept)? {
            let stored = pipeline.settings();
            if *stored != settings_of(stored, &settings) {
                bail!(
                    "{} goes by other settings: leave --alpha, --eps, --rounds, --nodes-max, --block-interactions and --weight-interactions as they were",
                    kept()
                );
            }
            let machine = machine(pipeline.live().edges() + pipeline.live().nodes() as usize);
            let watch = Watch { args, out, pipeline, store: Some(store.clone()), machine, begun };
            watch.tell_restored();
            return Ok(watch);
        }
    }
    let edges = match (&args.graph.file, &store) {
        (None, Some(_)) => Edges::new(),
        _ => read(&args.graph)?.0,
    };
    let machine = machine(edges.len() + edges.node_count() as usize);
    let pipeline = Pipeline::begin(edges, settings, &machine)?;
    Ok(Watch { args, out, pipeline, store, machine, begun })
}

/// The wanted settings, as a pipeline that began with them has them.
fn settings_of(stored: &Settings, wanted: &Settings) -> Settings {
    let nodes_max = wanted.nodes_max.min(block::NODES_MAX);
    Settings { nodes_max, heap_nodes: stored.heap_nodes, snapshot_blocks: stored.snapshot_blocks, ..*wanted }
}

fn open_state(folder: &Path) -> Result<RedbStore> {
    let context = || format!("opening the state in {}", folder.display());
    fs::create_dir_all(folder).with_context(context)?;
    sync_folder(folder).with_context(context)?;
    RedbStore::open(folder.join(FILE)).with_context(context)
}

impl Watch<'_> {
    fn take(&mut self, read: Numbered) -> Result<()> {
        self.begun = Instant::now();
        let Numbered { block, lines, book_lines } = read;
        self.drive(Some((block, &lines, &book_lines)))
    }

    /// Does what the pipeline asks for, until a block has ended.
    fn drive(&mut self, block: Option<(Block, &[u64], &[u64])>) -> Result<()> {
        let (mut lines, mut book_lines): (&[u64], &[u64]) = (&[], &[]);
        if let Some((block, of_changes, of_book)) = block {
            (lines, book_lines) = (of_changes, of_book);
            self.pipeline.handle_input(Input::Block(block));
        }
        while let Some(output) = self.pipeline.poll_output() {
            match output {
                Output::Weigh(task) => self.pipeline.handle_input(Input::Weighed(self.machine.reduce(&task))),
                Output::Gather => self.pipeline.gather(&self.machine),
                Output::Store(batch) => {
                    if let Some(store) = &self.store {
                        store.commit_now(&batch).context("storing a block")?;
                    }
                    self.pipeline.handle_input(Input::Stored);
                }
                Output::Ended(ended) => self.tell(&ended, lines),
                Output::Refused(error) => return Err(self.refused(error, book_lines)),
            }
        }
        Ok(())
    }

    fn refused(&self, error: BlockError, book_lines: &[u64]) -> anyhow::Error {
        let deltas = self.args.deltas.display();
        match &error {
            BlockError::Book(wrong) => {
                let line = book_lines.get(wrong.line.saturating_sub(1) as usize).copied().unwrap_or_default();
                anyhow!("{deltas}, line {line}: {error}")
            }
            _ => anyhow!("{deltas}: {error}"),
        }
    }

    fn tell_restored(&self) {
        let (height, live, digest) = (self.pipeline.height(), self.pipeline.live(), self.pipeline.digest());
        let value = json!({
            "restored": height, "nodes": live.nodes(), "edges": live.edges(), "bound": decimal(live.bound(), DIGITS),
            "digest": self.pipeline.focus().digest().to_string(), "record": digest.to_string(),
            "top": list(&self.pipeline.focus().top(self.args.graph.top)),
        });
        self.out.event(&value, || {
            format!("restored at block {height}: {} nodes, {} edges, {digest}", live.nodes(), live.edges())
        });
    }

    fn tell(&self, ended: &Ended, lines: &[u64]) {
        let ms = self.begun.elapsed().as_secs_f64() * 1e3;
        let record = &ended.record;
        let Used { weights, solve, gpu_error } = self.machine.used();
        let line = |refusal: &Refusal| lines.get(refusal.delta as usize).copied().unwrap_or_default();
        let refused: Vec<_> = ended
            .refused
            .iter()
            .map(|refusal| json!({ "line": line(refusal), "reason": word(refusal), "message": refusal.to_string() }))
            .collect();
        let update = ended.update;
        let way = match update {
            _ if record.height == 0 => "cold",
            Some(update) if update.way == Way::Solved => "warm",
            Some(_) => "frontier",
            None if record.changes.is_empty() => "none",
            None => "warm",
        };
        let (pushes, touched, rounds) =
            update.map_or((0, 0, 0), |update| (update.pushes, update.edges, update.rounds));
        let value = json!({
            "height": record.height, "nodes": record.nodes, "edges": record.edges, "changes": record.changes.len(), "refused": refused,
            "interactions": record.interactions, "way": way, "pushes": pushes, "edges_touched": touched, "rounds": rounds,
            "converged": record.nearness == Nearness::Converged, "bound": decimal(record.bound, DIGITS),
            "digest": record.pi.to_string(), "record": ended.digest.to_string(), "ms": ms,
            "weights_on": weights, "solved_on": solve, "gpu_error": gpu_error,
            "top": list(&self.pipeline.focus().top(self.args.graph.top)),
        });
        self.out.event(&value, || {
            let how = match way {
                "frontier" => format!("frontier, {pushes} pushes"),
                "warm" if rounds > 0 => format!("warm, {rounds} rounds"),
                other => other.to_owned(),
            };
            let on = |what: &str, devices: &[String]| match self.args.device {
                Device::Gpu if !devices.is_empty() => format!("{what} on {}; ", devices.join(" and ")),
                _ => String::new(),
            };
            let devices = on("weights", &weights) + &on("solved", solve.as_slice());
            let near = if record.nearness == Nearness::Converged { "within" } else { "NOT CONVERGED, within" };
            format!(
                "block {}: {} nodes, {} edges; {} changes, {} refused, {} interactions; {how}; {near} {}; {devices}{ms:.3} ms; {}",
                record.height,
                record.nodes,
                record.edges,
                record.changes.len(),
                refused.len(),
                record.interactions,
                decimal(record.bound, 9),
                ended.digest,
            )
        });
        if !self.out.json {
            for refusal in &ended.refused {
                eprintln!("{}, line {}: refused: {refusal}", self.args.deltas.display(), line(refusal));
            }
        }
    }
}

/// A reason in a word, for programs.
fn word(refusal: &Refusal) -> String {
    let mut word = String::new();
    for c in format!("{:?}", refusal.reason).chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}
