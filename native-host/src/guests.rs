//! Runs guests of jobs on threads of their own, one guest a thread.
//!
//! A guest runs in steps; one that is to stop is left at the end of its step, with its thread. Until the thread notices, another takes its
//! place.
//!
//! # Bounds
//! As many guests at a time as the node has slots, and twice as many threads: of those that were left, some may be in the middle of a step, or
//! compile a module. Each keeps the module that it ran last.

use crate::drive::{Handle, Machine};
use codec::ContentId;
use executor::Program;
use jobs::{Executor, Finished, Invocation, Limits, MachineOutOfMemory, RunError, Task, manifest::Kind};
use rustix::time::{ClockId, clock_gettime};
use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};
use tokio::sync::mpsc;

/// Fuel after which a guest's thread looks whether to go on: some hundredths of a second.
const STEP_FUEL: u64 = 5_000_000;
/// How long a thread without a guest waits for one.
const IDLE_MAX: std::time::Duration = std::time::Duration::from_secs(30);

/// What came of a guest.
type Result = std::result::Result<Box<Finished>, RunError>;

/// The threads. Clones share them.
#[derive(Clone)]
pub(crate) struct Guests(Arc<Shared>);

struct Shared {
    slots: usize,
    state: Mutex<State>,
    wakes: Condvar,
    results: mpsc::Sender<(ContentId, Result)>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Box<Task>>,
    /// Set to stop.
    running: HashMap<ContentId, Arc<AtomicBool>>,
    threads: usize,
    idle: usize,
}

/// What comes of guests, to be passed on to their node.
pub(crate) struct Results(mpsc::Receiver<(ContentId, Result)>);

impl Results {
    /// Passes results on until the node stops.
    pub(crate) async fn pass_on<M: Machine>(mut self, node: Handle<M>) {
        while let Some((job, result)) = self.0.recv().await {
            if node.input(M::ran(job, result)).await.is_err() {
                return;
            }
        }
    }
}

/// What this machine has for guests of others, `slots` at a time.
pub(crate) fn executor(kind: Kind, slots: u16) -> Executor {
    Executor {
        kind,
        gas: executor::GAS_SCHEDULE.into(),
        slots_max: slots,
        memory_bytes_max: Limits::MAX.footprint_bytes(),
    }
}

/// How many guests this machine runs at a time, where nobody says: one for each of its processors.
pub(crate) fn slots() -> u16 {
    thread::available_parallelism().map_or(1, |count| u16::try_from(count.get()).unwrap_or(u16::MAX))
}

impl Guests {
    /// Threads for `slots` guests at a time; none is started before it is needed.
    pub(crate) fn new(slots: u16) -> (Self, Results) {
        let slots = usize::from(slots.max(1));
        let (results, receiver) = mpsc::channel(2 * slots);
        let shared = Shared { slots, state: Mutex::default(), wakes: Condvar::new(), results };
        (Self(Arc::new(shared)), Results(receiver))
    }

    /// Runs a guest as soon as a thread is free, and tells the [`Results`] what came of it.
    pub(crate) fn run(&self, task: Box<Task>) {
        let mut state = self.0.state();
        state.waiting.push_back(task);
        self.wake(&mut state);
    }

    /// Stops a guest. Nothing is told of it any more.
    pub(crate) fn stop(&self, job: ContentId) {
        let mut state = self.0.state();
        state.waiting.retain(|task| task.job != job);
        if let Some(stops) = state.running.remove(&job) {
            stops.store(true, Ordering::Relaxed);
            self.wake(&mut state);
        }
    }

    /// Finds a thread for what waits.
    fn wake(&self, state: &mut State) {
        if state.waiting.is_empty() {
            return;
        }
        if state.idle >= state.waiting.len() {
            self.0.wakes.notify_one();
        } else {
            self.start_thread(state);
        }
    }

    /// Starts a thread where one more may be; else one that gets free takes what waits.
    fn start_thread(&self, state: &mut State) {
        if state.running.len() >= self.0.slots || state.threads >= 2 * self.0.slots {
            return;
        }
        let shared = Arc::clone(&self.0);
        let started = thread::Builder::new().name("guest".into()).spawn(move || shared.work());
        match started {
            Ok(_) => state.threads += 1,
            Err(error) if state.threads == 0 => {
                let why = format!("no thread can be started: {error}");
                for task in state.waiting.drain(..) {
                    // A full channel has results that the node takes first; the job's lease ends by itself.
                    let _ = self.0.results.try_send((task.job, Err(RunError::Failed { why: why.clone() })));
                }
            }
            Err(error) => tracing::warn!(%error, "no further thread for guests"),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread's life.
    fn work(&self) {
        let mut last: Option<(Arc<[u8]>, Program)> = None;
        while let Some((task, stops)) = self.next() {
            let Task { job, invocation, module, input } = *task;
            let known = last.take().filter(|(known, program)| {
                Arc::ptr_eq(known, &module) && *program.limits() == invocation.limits
            });
            let result = kept(&mut last, || {
                let timer = Timer::start();
                let (module, program) =
                    known.unwrap_or_else(|| (Arc::clone(&module), Program::new(&module, &invocation.limits)));
                let ran = program.run(&invocation, &input, STEP_FUEL, || !stops.load(Ordering::Relaxed));
                ((module, program), ran.map(|ran| timer.finish(ran)))
            });
            let mut state = self.state();
            if stops.load(Ordering::Relaxed) {
                // Another may have taken its place; if none could, what waits is for this thread.
                continue;
            }
            state.running.remove(&job);
            drop(state);
            let told = result.map(|result| self.results.blocking_send((job, result)));
            if matches!(told, Some(Err(_))) {
                break;
            }
        }
        self.state().threads -= 1;
    }

    /// The next guest; `None` where none comes.
    fn next(&self) -> Option<(Box<Task>, Arc<AtomicBool>)> {
        let mut state = self.state();
        loop {
            if state.running.len() < self.slots
                && let Some(task) = state.waiting.pop_front()
            {
                let stops = Arc::<AtomicBool>::default();
                state.running.insert(task.job, Arc::clone(&stops));
                return Some((task, stops));
            }
            state.idle += 1;
            let (woken, waited) =
                self.wakes.wait_timeout(state, IDLE_MAX).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if waited.timed_out() && state.waiting.is_empty() {
                return None;
            }
        }
    }
}

/// Runs a guest with a program that is kept for the next, unless it panics: nobody knows how that leaves it.
fn kept<T>(last: &mut Option<T>, run: impl FnOnce() -> (T, Option<Result>)) -> Option<Result> {
    *last = None;
    // A panic on the way, an engine's error, costs the guest its result and not the thread its slot.
    let ran = guarded(|| {
        let (program, result) = run();
        *last = Some(program);
        result
    });
    ran.unwrap_or_else(|panic| Some(Err(RunError::Failed { why: format!("the sandbox failed: {panic}") })))
}

/// Runs this, and gives a panic's words where it panics.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> std::result::Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        words.unwrap_or("without words").to_string()
    })
}

/// Runs a guest on this thread, to its end.
pub(crate) fn run(invocation: &Invocation, module: &[u8], input: &[u8]) -> Result {
    let timer = Timer::start();
    timer.finish(executor::run(invocation, module, input))
}

/// Takes the times of a run on this thread.
struct Timer {
    wall: Instant,
    cpu: rustix::time::Timespec,
}

impl Timer {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: clock_gettime(ClockId::ThreadCPUTime) }
    }

    fn finish(&self, ran: std::result::Result<jobs::Ran, MachineOutOfMemory>) -> Result {
        let (wall, cpu) = (self.wall.elapsed(), clock_gettime(ClockId::ThreadCPUTime));
        let cpu_us = (cpu.tv_sec - self.cpu.tv_sec) * 1_000_000 + (cpu.tv_nsec - self.cpu.tv_nsec) / 1_000;
        Ok(Box::new(Finished {
            ran: ran?,
            wall_us: wall.as_micros() as u64,
            cpu_us: u64::try_from(cpu_us).ok(),
        }))
    }
}

#[cfg(test)]
mod tests;
