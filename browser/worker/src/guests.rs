//! The guests that the node has run: each in a runner, until it ends or is stopped.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use channel::{FromRunner, Rests, ToRunner};
use codec::ContentId;
use futures::future::{AbortHandle, abortable};
use gloo::timers::future::TimeoutFuture;
use jobs::manifest::Kind;
use jobs::{Executor, Finished, Ran, RunError, Task};
use js_sys::Reflect;
use node::LightInput;
use wasm_bindgen_futures::spawn_local;

use crate::runners::Runners;
use crate::runtime::Runtime;

/// The most memory of a guest in a browser that does not tell how much there is, in bytes.
const MEMORY_BYTES: u64 = 1 << 30;
/// The most memory of a guest in any browser: what it has besides must fit the same 32 bits.
const MEMORY_BYTES_MAX: u64 = 2 << 30;

/// What runs now, and how.
#[derive(Default)]
pub(crate) struct Guests {
    /// Where they run.
    pub(crate) runners: Runners,
    running: RefCell<BTreeMap<ContentId, Running>>,
    rests: RefCell<Rests>,
    share_percent: Cell<u8>,
    lent: Cell<bool>,
}

/// A guest that runs, or rests before it does.
struct Running {
    handle: AbortHandle,
    share_percent: u8,
    /// Until when it rests, by the node's clock.
    rests_until_ms: f64,
}

impl Guests {
    /// How guests are run from now on. Gives what the node is to be told: what runs them, where that has changed.
    pub(crate) fn lend(&self, share_percent: u8, hold: bool) -> Option<Option<Executor>> {
        self.share_percent.set(share_percent);
        let lend = !hold;
        if self.lent.replace(lend) == lend {
            return None;
        }
        if hold {
            self.runners.rest();
        }
        Some(lend.then(executor))
    }

    /// Runs a guest, and tells the node what came of it.
    pub(crate) fn run(&self, runtime: &Runtime, task: Task) {
        let (job, runtime, runners) = (task.job, runtime.clone(), self.runners.clone());
        let share_percent = self.share_percent.get();
        let message = ToRunner::Run { invocation: Box::new(task.invocation.clone()), share_percent };
        let now_ms = runtime.elapsed_ms();
        let rests_until_ms = self.rests.borrow_mut().take(now_ms);
        let (run, handle) = abortable(async move {
            if rests_until_ms > now_ms {
                TimeoutFuture::new((rests_until_ms - now_ms) as u32).await;
            }
            let parts = [task.module.to_vec(), task.input.to_vec()];
            runners.ask(&message, &parts, task.invocation.limits.wall_ms).await
        });
        let running = Running { handle, share_percent, rests_until_ms };
        if let Some(before) = self.running.borrow_mut().insert(job, running) {
            self.end(before, now_ms);
        }
        spawn_local(async move {
            // Who stopped it wants to hear no more of it.
            let Ok(answer) = run.await else { return };
            let result = finished(answer).map(Box::new);
            runtime.ended(job, result.as_deref().ok());
            runtime.drive(|node, now| node.handle_input(now, LightInput::Ran { job, result }));
        });
    }

    /// Stops a guest: its runner is ended, whatever it does.
    pub(crate) fn stop(&self, job: ContentId, now_ms: f64) {
        if let Some(running) = self.running.borrow_mut().remove(&job) {
            self.end(running, now_ms);
        }
    }

    fn end(&self, running: Running, now_ms: f64) {
        running.handle.abort();
        let mut rests = self.rests.borrow_mut();
        match now_ms - running.rests_until_ms {
            took_ms if took_ms > 0.0 => rests.stopped(now_ms, running.share_percent, took_ms),
            _ => rests.give_back(running.rests_until_ms),
        }
    }

    /// A guest has ended by itself; where it failed, nobody knows how long it worked.
    pub(crate) fn ended(&self, job: ContentId, now_ms: f64, finished: Option<&Finished>) {
        let Some(running) = self.running.borrow_mut().remove(&job) else { return };
        let mut rests = self.rests.borrow_mut();
        match finished {
            Some(Finished { wall_us, cpu_us, .. }) => {
                let ms = |us: u64| us as f64 / 1_000.0;
                let worked_ms = ms(cpu_us.unwrap_or(*wall_us));
                rests.ended(now_ms, running.share_percent, ms(*wall_us), worked_ms);
            }
            None => rests.stopped(now_ms, running.share_percent, now_ms - running.rests_until_ms),
        }
    }
}

fn finished(answer: Result<(FromRunner, Vec<Vec<u8>>), String>) -> Result<Finished, RunError> {
    let failed = |why: &str| RunError::Failed { why: why.into() };
    match answer {
        Ok((FromRunner::Ran(head), parts)) => {
            let [stdout, stderr] =
                <[Vec<u8>; 2]>::try_from(parts).map_err(|_| failed("its output is missing"))?;
            let ran = Ran {
                ending: head.ending,
                stdout,
                stderr,
                fuel: head.fuel,
                memory_peak_bytes: head.memory_peak_bytes,
            };
            Ok(Finished { ran, wall_us: head.wall_us, cpu_us: Some(head.worked_us.min(head.wall_us)) })
        }
        Ok((FromRunner::MachineOutOfMemory, _)) => Err(RunError::MachineOutOfMemory),
        Ok(_) => Err(failed("the runner answered something else")),
        Err(why) => Err(RunError::Failed { why }),
    }
}

/// What runs guests here, and what this browser has for it.
fn executor() -> Executor {
    let number = |name: &str| {
        let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
        Reflect::get(&navigator, &name.into()).ok()?.as_f64()
    };
    // Half of what the device has; browsers that tell it do so in gibibytes.
    let memory = number("deviceMemory").map_or(MEMORY_BYTES, |gib| (gib * 0.5 * (1_u64 << 30) as f64) as u64);
    Executor {
        kind: Kind::Tab,
        gas: executor::GAS_SCHEDULE.into(),
        slots_max: number("hardwareConcurrency").map_or(1, |cores| cores.clamp(1.0, 256.0) as u16),
        memory_bytes_max: memory.min(MEMORY_BYTES_MAX),
    }
}
