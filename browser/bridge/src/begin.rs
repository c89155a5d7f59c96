//! The worker's beginning.
//!
//! The page's loader starts the worker before it loads the page's program, so that both load side by side, and
//! keeps what the worker says until somebody listens. It leaves a function behind, `takeFormixWorker`, that hands
//! over `{ worker, events }` once. A page without that loader starts the worker here.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Event, Worker, WorkerOptions, WorkerType};

/// Where the page build puts the worker's loader, which names the worker's files by their content.
const WORKER_URL: &str = if cfg!(feature = "jobs") { "/worker-jobs.js" } else { "/worker.js" };
/// What the page's loader calls the function that hands over the worker.
const TAKE: &str = "takeFormixWorker";

/// A worker, and the events that it has had before anybody listened.
pub(crate) struct Begun {
    pub(crate) worker: Worker,
    pub(crate) events: Vec<Event>,
}

/// Takes the worker that the loader has started, or starts one.
///
/// # Errors
/// What the browser says where it starts no worker.
pub(crate) fn begin() -> Result<Begun, JsValue> {
    if let Some(begun) = taken() {
        return Ok(begun);
    }
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name("formix-node");
    Ok(Begun { worker: Worker::new_with_options(WORKER_URL, &options)?, events: Vec::new() })
}

fn taken() -> Option<Begun> {
    let take: Function = Reflect::get(&js_sys::global(), &TAKE.into()).ok()?.dyn_into().ok()?;
    let handed = take.call0(&JsValue::UNDEFINED).ok()?;
    let worker = Reflect::get(&handed, &"worker".into()).ok()?.dyn_into().ok()?;
    let events: Array = Reflect::get(&handed, &"events".into()).ok()?.dyn_into().ok()?;
    Some(Begun { worker, events: events.iter().filter_map(|event| event.dyn_into().ok()).collect() })
}
