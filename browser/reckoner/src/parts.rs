//! Parts of other people's graphs, computed for the node: by WebGPU, or by this processor, with the rests that the person's share of the time asks for.

use crate::app::{now_ms, send};
use channel::{
    Pace,
    reckoner::{EMULATED, FromReckoner, GRAPHICS, PROCESSOR, PartsBy},
};
use codec::{decode, encode};
use futures::{
    StreamExt as _,
    channel::mpsc::{UnboundedSender, unbounded},
};
use gloo::timers::future::TimeoutFuture;
use gpu::{Gpu, LIGHT_BINDING};
use js_sys::Uint8Array;
use rank::{OffloadedPart, Part};
use shards::{Done, Processor, Task, WorkId, message::WHY_BYTES_MAX};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;

/// How long tasks may follow each other, in milliseconds, before messages are read.
const BUSY_MS: f64 = 100.0;
/// The longest rest between tasks, in milliseconds: a heavy node waits half a minute for a step, and gives the part to another then. What is owed beyond it is rested after the next.
const REST_MS_MAX: u32 = 10_000;

thread_local! {
    /// Tasks in the order in which they came, of which one is done at a time. The node gives no more than one for each part.
    static TASKS: RefCell<Option<UnboundedSender<Task>>> = const { RefCell::new(None) };
    /// Of the time, what tasks may take, in percent.
    static SHARE_PERCENT: Cell<u8> = const { Cell::new(100) };
}

/// Opens what computes, says what it is, and does tasks from then on.
pub(crate) fn open(by: PartsBy) {
    let (sender, mut tasks) = unbounded();
    TASKS.set(Some(sender));
    spawn_local(async move {
        let mut parts = Parts::open(by).await;
        send(&FromReckoner::Open { device: parts.device().into() }, &[]);
        let (mut pace, mut paused_ms) = (Pace::default(), now_ms());
        while let Some(task) = tasks.next().await {
            let began_ms = now_ms();
            if let Some(done) = parts.handle_task(task).await {
                send(&FromReckoner::Done, &[encode(&done)]);
            }
            let ended_ms = now_ms();
            let rest_ms = pace.worked(ended_ms, SHARE_PERCENT.get(), ended_ms - began_ms).min(REST_MS_MAX);
            if rest_ms > 0 || ended_ms - paused_ms > BUSY_MS {
                TimeoutFuture::new(rest_ms).await;
                paused_ms = now_ms();
            }
        }
    });
}

/// How much of the time tasks may take from now on.
pub(crate) fn share(percent: u8) {
    SHARE_PERCENT.set(percent);
}

/// Takes a task in.
pub(crate) fn push(things: Vec<JsValue>) {
    let bytes = things.first().and_then(|thing| thing.dyn_ref::<Uint8Array>()).map(Uint8Array::to_vec);
    match decode::<Task>(&bytes.unwrap_or_default()) {
        // Where nothing was opened, nobody waits for an answer.
        Ok(task) => TASKS.with_borrow(|tasks| drop(tasks.as_ref().map(|tasks| tasks.unbounded_send(task)))),
        Err(error) => web_sys::console::error_1(&error.to_string().into()),
    }
}

/// A part whose rounds a GPU does.
struct OnGpu {
    part: OffloadedPart,
    rounds: gpu::PartRounds,
}

/// What is held here.
struct Parts {
    gpu: Option<Gpu>,
    on_gpu: BTreeMap<WorkId, OnGpu>,
    processor: Processor,
}

impl Parts {
    async fn open(by: PartsBy) -> Self {
        let gpu = match by {
            PartsBy::Processor => None,
            PartsBy::Graphics => Gpu::open_within(LIGHT_BINDING).await.ok(),
            // What is software on the processor is slower than the processor itself.
            PartsBy::Automatic => {
                Gpu::open_within(LIGHT_BINDING).await.ok().filter(|gpu| !gpu.about().is_software)
            }
        };
        Self { gpu, on_gpu: BTreeMap::new(), processor: Processor::new(PROCESSOR) }
    }

    /// What computes, but for parts that do not fit there.
    fn device(&self) -> &'static str {
        self.gpu.as_ref().map_or(PROCESSOR, kind)
    }

    /// Does a task; nothing is to be said of [`Task::Drop`].
    async fn handle_task(&mut self, task: Task) -> Option<Done> {
        let work = task.work();
        if let (Task::Begin { part, .. }, Some(gpu)) = (&task, &self.gpu) {
            // What does not fit there may fit here; and what is no part is refused here, in words.
            if let Ok(held) = begin(gpu, part).await {
                self.on_gpu.insert(work, held);
                return Some(Done::Ready { work, device: kind(gpu).into() });
            }
        }
        let Some(held) = self.on_gpu.get_mut(&work) else { return self.processor.handle_task(task) };
        let done = held.done(task).await;
        if !matches!(done, Ok(Some(_))) {
            self.on_gpu.remove(&work);
        }
        done.unwrap_or_else(|mut why| {
            why.truncate(why.floor_char_boundary(WHY_BYTES_MAX));
            Some(Done::Failed { work, why })
        })
    }
}

/// What a GPU is called to heavy nodes.
fn kind(gpu: &Gpu) -> &'static str {
    if gpu.about().is_software { EMULATED } else { GRAPHICS }
}

async fn begin(gpu: &Gpu, part: &[u8]) -> Result<OnGpu, String> {
    let part = decode::<Part>(part).map_err(|error| error.to_string())?;
    let part = OffloadedPart::new(part);
    let rounds = gpu.part(&part.input()).await.map_err(|error| error.to_string())?;
    Ok(OnGpu { part, rounds })
}

impl OnGpu {
    /// What comes of a task; nothing of the last one.
    async fn done(&mut self, task: Task) -> Result<Option<Done>, String> {
        let work = task.work();
        Ok(match task {
            Task::Spread { teleport, .. } => {
                self.part.may_spread(teleport).map_err(|error| error.to_string())?;
                let (contributions, dangling) =
                    self.rounds.spread(teleport).await.map_err(|error| error.to_string())?;
                let spread = self.part.spread(&contributions, dangling).map_err(|error| error.to_string())?;
                Some(Done::Spread { work, exports: spread.exports, dangling: spread.dangling })
            }
            Task::Gather { ghosts, .. } => {
                self.part.may_gather(&ghosts).map_err(|error| error.to_string())?;
                let sums = self.rounds.gather(&ghosts).await.map_err(|error| error.to_string())?;
                let sums = self.part.gather(sums).map_err(|error| error.to_string())?;
                Some(Done::Sums { work, sums })
            }
            Task::Kept { .. } => {
                let kept = self.rounds.kept().await.map_err(|error| error.to_string())?;
                Some(Done::Kept { work, kept })
            }
            Task::Begin { .. } | Task::Drop { .. } => None,
        })
    }
}
