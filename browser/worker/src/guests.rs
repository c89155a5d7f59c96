//! The guests that the node has run: each in a runner, until it ends or is stopped.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use channel::{FromRunner, ToRunner};
use codec::ContentId;
use futures::future::{AbortHandle, abortable};
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
    running: RefCell<BTreeMap<ContentId, AbortHandle>>,
    share_percent: Cell<u8>,
    lent: Cell<bool>,
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
        let message = ToRunner::Run {
            invocation: Box::new(task.invocation.clone()),
            share_percent: self.share_percent.get(),
        };
        let (run, handle) = abortable(async move {
            let parts = [task.module.to_vec(), task.input.to_vec()];
            runners.ask(&message, &parts, task.invocation.limits.wall_ms).await
        });
        if let Some(before) = self.running.borrow_mut().insert(job, handle) {
            before.abort();
        }
        spawn_local(async move {
            // Who stopped it wants to hear no more of it.
            let Ok(answer) = run.await else { return };
            runtime.ended(job);
            let result = finished(answer).map(Box::new);
            runtime.drive(|node, now| node.handle_input(now, LightInput::Ran { job, result }));
        });
    }

    /// Stops a guest: its runner is ended, whatever it does.
    pub(crate) fn stop(&self, job: ContentId) {
        if let Some(handle) = self.running.borrow_mut().remove(&job) {
            handle.abort();
        }
    }

    /// A guest has ended by itself.
    pub(crate) fn ended(&self, job: ContentId) {
        self.running.borrow_mut().remove(&job);
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
