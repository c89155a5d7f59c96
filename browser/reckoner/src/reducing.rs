//! Programs of the focus-flow machine, reduced in slices.

use crate::app::{SLICE_MS, TELL_MS, Turn, now_ms};
use channel::reckoner::{FromReckoner, Outcome, Reduced, Reducing};
use ffcm::{
    Limits, Offloaded, Opcode, Progress, Tally,
    lazy::Reading,
    program::{Mode, Program, Run, RunLimits},
};
use gpu::{Gpu, GpuError};
use std::{cell::RefCell, rc::Rc};

/// Room for nets: 256 MiB of nodes, 128 of wires, and as much again for lists of free places and pairs. A tab has 4 GiB for all.
const NODES_MAX: u32 = 1 << 24;
const WIRES_MAX: u32 = 1 << 25;
/// Room for terms: 512 MiB.
const CELLS_MAX: u32 = 1 << 26;
/// Bytes of all results' text.
const RESULT_BYTES_MAX: usize = 1 << 20;
/// Most terms that a superposition is read as.
const COLLAPSED_MAX: u32 = 10_000;
/// What ran on no GPU.
const PROCESSOR: &str = "this processor";
/// Pairs, or steps, of the first slice, before the machine's pace is known.
const FIRST_SLICE: u64 = 1 << 14;

thread_local! {
    /// The GPU of all programs, with the kernels that were made for them.
    static GPU: RefCell<Option<Rc<Gpu>>> = const { RefCell::new(None) };
}

/// The GPU, opened once.
async fn opened() -> Result<Rc<Gpu>, GpuError> {
    if let Some(gpu) = GPU.with_borrow(Clone::clone) {
        return Ok(gpu);
    }
    let gpu = Rc::new(Gpu::open().await?);
    GPU.set(Some(Rc::clone(&gpu)));
    Ok(gpu)
}

/// Reduces a program and tells the page what came of it.
///
/// # Errors
/// In words: it is no program.
pub(crate) async fn reduce(text: &str, how: &Reducing, turn: Turn) -> Result<(), String> {
    let mode = how.lazy.map(|lazy| if lazy { Mode::Lazy } else { Mode::Strict });
    let mode = if how.collapse.is_some() { Some(Mode::Lazy) } else { mode };
    let program = Program::read(text, mode, false).map_err(|error| error.to_string())?;
    let mut gpu_error = None;
    if how.gpu {
        match on_gpu(&program, how).await {
            Ok(outcome) => {
                turn.tell(&FromReckoner::Reduced(Box::new(outcome)), &[]);
                return Ok(());
            }
            Err(error) => gpu_error = Some(error),
        }
    }
    let limits = RunLimits {
        interactions_max: how.interactions_max,
        nodes_max: NODES_MAX,
        wires_max: WIRES_MAX,
        cells_max: CELLS_MAX,
        reading: if how.collapse.is_some() { Reading::BreadthFirst } else { Reading::Normal },
        results_max: how.collapse.unwrap_or(1).clamp(1, COLLAPSED_MAX),
        result_bytes_max: RESULT_BYTES_MAX,
    };
    let mut run = Run::new(&program, &limits).map_err(|error| error.to_string())?;
    let (mut worked_ms, mut told_ms, mut paused_ms) = (0.0, now_ms(), now_ms());
    let mut budget = FIRST_SLICE;
    loop {
        let begun_ms = now_ms();
        let progress = run.go(budget);
        let took_ms = now_ms() - begun_ms;
        worked_ms += took_ms;
        if progress.is_final() {
            break;
        }
        // A run also ends where a result is complete, long before its budget.
        if now_ms() - paused_ms > SLICE_MS / 2.0 {
            let pace = (SLICE_MS / took_ms.max(0.1)).clamp(0.25, 2.0);
            budget = ((budget as f64 * pace) as u64).max(1);
            if now_ms() - told_ms > TELL_MS {
                told_ms = now_ms();
                turn.tell(&FromReckoner::Reducing(reduced(&run, worked_ms)), &[]);
            }
            turn.pause().await;
            paused_ms = now_ms();
            if !turn.goes_on() {
                break;
            }
        } else if took_ms < SLICE_MS / 2.0 {
            budget = budget.saturating_mul(2);
        }
    }
    let stopped = !turn.goes_on();
    let outcome = Outcome {
        mode: program.mode().name().into(),
        device: PROCESSOR.into(),
        gpu_error,
        results: run.results().to_vec(),
        is_cut: run.is_cut(),
        opcodes: opcodes(run.tally()),
        reduced: reduced(&run, worked_ms),
        trouble: run.trouble().map(|trouble| trouble.to_string()),
        stopped,
    };
    turn.tell(&FromReckoner::Reduced(Box::new(outcome)), &[]);
    Ok(())
}

/// By the GPU, which is not stopped but with its worker; any error is a reason to turn to the processor.
async fn on_gpu(program: &Program, how: &Reducing) -> Result<Outcome, String> {
    let Program::Nets(book, _) = program else {
        return Err("a lazy machine runs on the processor".into());
    };
    let limits =
        Limits { nodes_max: NODES_MAX, wires_max: WIRES_MAX, interactions_max: how.interactions_max };
    let offloaded = Offloaded::new(book, limits).map_err(|error| error.to_string())?;
    let gpu = opened().await.map_err(|error| error.to_string())?;
    // Its driver makes kernels for a while, which is no part of the run.
    gpu.prepare_nets().await.map_err(|error| error.to_string())?;
    let begun_ms = now_ms();
    let solution = gpu.reduce(&offloaded.input(), now_ms).await.map_err(|error| error.to_string())?;
    let ms = now_ms() - begun_ms;
    let finished = offloaded.finish(solution).map_err(|error| error.to_string())?;
    let (progress, tally) = (finished.progress(), finished.tally());
    if let Progress::Full(resource) = progress {
        return Err(format!(
            "its buffers have no {resource} left after {} interactions",
            tally.interactions()
        ));
    }
    let (results, is_cut) = match progress {
        Progress::Done => {
            let (text, is_whole) = program.shown(&finished.result(), RESULT_BYTES_MAX);
            (vec![text], !is_whole)
        }
        _ => (Vec::new(), false),
    };
    let trouble = program.trouble(progress, tally, how.interactions_max);
    Ok(Outcome {
        mode: program.mode().name().into(),
        device: gpu.about().to_string(),
        gpu_error: None,
        results,
        is_cut,
        opcodes: opcodes(tally),
        reduced: Reduced { interactions: tally.interactions(), ms },
        trouble: trouble.map(|trouble| trouble.to_string()),
        stopped: false,
    })
}

/// How many interactions there were of each kind.
fn opcodes(tally: &Tally) -> Vec<(String, u64)> {
    Opcode::ALL.into_iter().skip(1).map(|kind| (kind.name().into(), tally.of(kind))).collect()
}

fn reduced(run: &Run<'_>, ms: f64) -> Reduced {
    Reduced { interactions: run.tally().interactions(), ms }
}
