//! What reduces weights and solves for `formix rank watch`: threads, or a GPU where it can.

use super::Device;
use block::{Outcome, Task};
use ffcm::Rounds;
use futures::executor::block_on;
use gpu::{Gpu, GpuError};
use rank::{Focus, Graph, Near, Offloaded, Options, Ranking, Solves, Workers as _};
use ranking::Threads;
use std::{cell::RefCell, mem, time::Instant};

/// What is told of work that no GPU did.
pub(super) const PROCESSOR: &str = "processor";

/// A net begins on the processor, where so many interactions take a few milliseconds: a net that ends in them is not worth being handed to a GPU.
const INTERACTIONS_FIRST: u64 = 1 << 16;
/// A net goes to a GPU only where one of those first rounds has so many pairs. A dispatch by Vulkan takes some 30 µs however few pairs there are, in which two
/// threads do 4,000 to 8,000 interactions (docs/benchmarks.md); and the first rounds of a net that grows are its narrowest.
const WIDTH_LEAST: usize = 1 << 11;

/// Threads, and the GPU that is asked first.
pub(super) struct Machine {
    threads: Threads,
    gpu: Option<Gpu>,
    /// Why there is no GPU, though one is wanted.
    missing: Option<String>,
    used: RefCell<Used>,
}

/// What did a block's work.
#[derive(Debug, Default, Clone)]
pub(super) struct Used {
    /// All that reduced its weights, each once; nothing where it has none that are programs.
    pub(super) weights: Vec<String>,
    /// What solved; nothing where changes were pushed on.
    pub(super) solve: Option<String>,
    /// Why the GPU did less than it was asked for.
    pub(super) gpu_error: Option<String>,
}

impl Machine {
    pub(super) fn new(device: Device, threads: Threads) -> Self {
        let mut machine = Self { threads, gpu: None, missing: None, used: RefCell::default() };
        if device == Device::Gpu {
            match block_on(Gpu::open()) {
                Ok(gpu) => machine.gpu = Some(gpu),
                Err(error) => {
                    eprintln!("the processor computes, not a GPU: {error}");
                    machine.missing = Some(error.to_string());
                }
            }
        }
        machine
    }

    /// What was used since this was asked last.
    pub(super) fn used(&self) -> Used {
        let used = mem::take(&mut *self.used.borrow_mut());
        Used { gpu_error: used.gpu_error.or_else(|| self.missing.clone()), ..used }
    }

    /// Reduces weights; what only the order of one thread decides, on one. What a GPU did counts as its work where its outcome does.
    pub(super) fn reduce(&self, task: &Task) -> Outcome {
        let here = || PROCESSOR.to_owned();
        let by_threads = || (here(), self.together(task));
        let (by, outcome) = match self.gpu.as_ref().map(|_| begun(task)) {
            Some(Begun::Ended(outcome)) => (here(), outcome),
            Some(Begun::Wide) => self.on_gpu(|gpu| reduced(gpu, task)).unwrap_or_else(by_threads),
            Some(Begun::Narrow) | None => by_threads(),
        };
        let (by, outcome) = outcome.map_or_else(|| (here(), task.run()), |outcome| (by, outcome));
        let weights = &mut self.used.borrow_mut().weights;
        if !weights.contains(&by) {
            weights.push(by);
        }
        outcome
    }

    /// On as many threads as there are, if that is more than one.
    fn together(&self, task: &Task) -> Option<Outcome> {
        let threads = self.threads.count();
        if threads < 2 {
            return None;
        }
        let finished = ffcm_host::run(task.book(), task.limits(), threads);
        task.outcome(finished.progress(), finished.tally(), finished.result().as_ref())
    }

    /// What the GPU gives, and its name; `None` where there is none, or it cannot, and then that is told.
    fn on_gpu<T>(&self, work: impl FnOnce(&Gpu) -> Result<T, String>) -> Option<(String, T)> {
        let gpu = self.gpu.as_ref()?;
        match work(gpu) {
            Ok(done) => Some((gpu.about().to_string(), done)),
            Err(error) => {
                eprintln!("the processor goes on where the GPU did not: {error}");
                self.used.borrow_mut().gpu_error = Some(error);
                None
            }
        }
    }
}

impl Solves for Machine {
    fn solve(&self, graph: &Graph, options: Options, near: Option<&Focus>) -> Ranking {
        let by_gpu = self.on_gpu(|gpu| {
            let near = near.map(|focus| Near::new(graph, focus));
            let solve = match &near {
                Some(near) => Offloaded::warm(near, options),
                None => Offloaded::new(graph, options),
            };
            block_on(solved(gpu, solve)).map_err(|error| error.to_string())
        });
        let threads = || (PROCESSOR.to_owned(), self.threads.solve(graph, options, near));
        let (by, ranking) = by_gpu.unwrap_or_else(threads);
        self.used.borrow_mut().solve = Some(by);
        ranking
    }
}

/// What the first rounds of a net show.
enum Begun {
    /// It ended in them; with its outcome, but where one thread decides.
    Ended(Option<Outcome>),
    /// None of them was wide.
    Narrow,
    /// Some were.
    Wide,
}

/// Does the first rounds of a net as a GPU would.
fn begun(task: &Task) -> Begun {
    let Ok(mut rounds) = Rounds::new(task.book(), task.limits()) else { return Begun::Narrow };
    while rounds.tally().interactions() < INTERACTIONS_FIRST {
        let progress = rounds.round(|_| {});
        if progress.is_final() {
            return Begun::Ended(task.outcome(progress, rounds.tally(), Some(&rounds.result())));
        }
    }
    let (_, widest) = rounds.rounds();
    if widest < WIDTH_LEAST { Begun::Narrow } else { Begun::Wide }
}

/// What came of the weights; `None` where one thread decides.
fn reduced(gpu: &Gpu, task: &Task) -> Result<Option<Outcome>, String> {
    let begun = Instant::now();
    let offloaded = ffcm::Offloaded::new(task.book(), task.limits()).map_err(|error| error.to_string())?;
    let clock_ms = || begun.elapsed().as_secs_f64() * 1e3;
    let solution = block_on(gpu.reduce(&offloaded.input(), clock_ms)).map_err(|error| error.to_string())?;
    let finished = offloaded.finish(solution).map_err(|error| error.to_string())?;
    Ok(task.outcome(finished.progress(), finished.tally(), Some(&finished.result())))
}

/// π by the GPU.
pub(super) async fn solved(gpu: &Gpu, mut solve: Offloaded<'_>) -> Result<Ranking, GpuError> {
    let solution = gpu.rank(&solve.input(), &mut solve).await?;
    solve.finish(&solution).map_err(|_| GpuError::Wrong)
}
