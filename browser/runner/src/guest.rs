//! What the runner does with what it is asked.

use channel::{FromRunner, Pace, Ran, ToRunner, post, unpack};
use executor::{Program, Step};
use gloo::timers::future::TimeoutFuture;
use jobs::{Invocation, Limits, MachineOutOfMemory, Receipt};
use js_sys::{Date, WebAssembly};
use keys::Envelope;
use std::cell::RefCell;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, Performance};

/// Fuel of the first step, before the machine's pace is known.
const FIRST_STEP: u64 = 1_000_000;
/// Milliseconds that a step is to take where the guest may not have all the time.
const STEP_MS: f64 = 40.0;
/// The shortest time that a browser's clock tells from none.
const TICK_MS: f64 = 1.0;

/// A module that was compiled, with its bytes.
struct Compiled {
    module: Vec<u8>,
    program: Program,
}

thread_local! {
    /// What ran last: of an array's jobs each has the same module.
    static LAST: RefCell<Option<Compiled>> = const { RefCell::new(None) };
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

fn send(message: &FromRunner, parts: &[Vec<u8>]) {
    let scope = scope();
    let sent = post(message, parts, |message, handed| scope.post_message_with_transfer(message, handed));
    if let Err(error) = sent {
        web_sys::console::error_1(&error);
    }
}

/// Makes panics known to the node's worker, and listens to it.
pub(crate) fn start() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        send(&FromRunner::Failed { detail: panic.to_string() }, &[]);
    }));
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        match unpack::<ToRunner>(&event.data()) {
            Ok((message, parts)) => spawn_local(handle(message, parts)),
            Err(error) => send(&FromRunner::Failed { detail: error.to_string() }, &[]),
        }
    });
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // The runner listens as long as it lives.
    listener.forget();
    send(&FromRunner::Listening, &[]);
}

async fn handle(message: ToRunner, parts: Vec<Vec<u8>>) {
    match (message, parts.as_slice()) {
        (ToRunner::Run { invocation, share_percent }, [module, input]) => {
            let began_ms = now_ms();
            let (result, worked_ms) = run(&invocation, module, input, share_percent).await;
            match result {
                Ok(ran) => {
                    let head = Ran {
                        ending: ran.ending,
                        fuel: ran.fuel,
                        memory_peak_bytes: ran.memory_peak_bytes,
                        wall_us: ((now_ms() - began_ms) * 1_000.0) as u64,
                        worked_us: (worked_ms * 1_000.0) as u64,
                        held_bytes: held_bytes(),
                    };
                    send(&FromRunner::Ran(head), &[ran.stdout, ran.stderr]);
                }
                Err(MachineOutOfMemory) => send(&FromRunner::MachineOutOfMemory, &[]),
            }
        }
        (ToRunner::Rerun, [receipt, module, input]) => {
            send(&FromRunner::Reran { result: rerun(receipt, module, input) }, &[]);
        }
        _ => send(&FromRunner::Failed { detail: "byte arrays are missing".into() }, &[]),
    }
}

/// Runs a guest, with pauses where it may have a share of the time alone. Gives the milliseconds without the pauses beside what came of it.
async fn run(
    invocation: &Invocation,
    module: &[u8],
    input: &[u8],
    share_percent: u8,
) -> (Result<jobs::Ran, MachineOutOfMemory>, f64) {
    let (is_shared, mut pace) = (share_percent < 100, Pace::default());
    let began_ms = now_ms();
    let mut step = begin(module, invocation, input);
    let mut worked_ms = now_ms() - began_ms;
    let mut fuel = if is_shared { FIRST_STEP } else { u64::MAX };
    loop {
        let guest = match step {
            Step::Done(result) => return (result, worked_ms),
            Step::Running(guest) => guest,
        };
        let began_ms = now_ms();
        step = guest.step(fuel);
        let took_ms = now_ms() - began_ms;
        worked_ms += took_ms;
        if is_shared {
            let took_ms = took_ms.max(TICK_MS);
            TimeoutFuture::new(pace.worked(now_ms(), share_percent, took_ms)).await;
            // Not more than twice at once: what comes next may cost more time for its fuel.
            fuel = (fuel as f64 * (STEP_MS / took_ms).clamp(0.1, 2.0)) as u64 + 1;
        }
    }
}

/// Begins a run. The module is compiled where it is not the last one's, or was compiled under other limits.
fn begin(module: &[u8], invocation: &Invocation, input: &[u8]) -> Step {
    LAST.with_borrow_mut(|last| {
        let is_same = |last: &Compiled| last.module == module && *last.program.limits() == invocation.limits;
        let compiled = match last.take().filter(is_same) {
            Some(compiled) => compiled,
            None => compile(module, &invocation.limits),
        };
        last.insert(compiled).program.start(invocation, input)
    })
}

fn compile(module: &[u8], limits: &Limits) -> Compiled {
    Compiled { module: module.to_vec(), program: Program::new(module, limits) }
}

fn rerun(receipt: &[u8], module: &[u8], input: &[u8]) -> Result<(), String> {
    let envelope = Envelope::from_json(receipt).map_err(|error| error.to_string())?;
    let (receipt, _) = Receipt::open(&envelope).map_err(|error| error.to_string())?;
    executor::rerun(&receipt, module, input).map(drop).map_err(|error| error.to_string())
}

/// Bytes of this program's own memory, guests' included.
fn held_bytes() -> u64 {
    let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    memory.buffer().unchecked_into::<js_sys::ArrayBuffer>().byte_length().into()
}

/// Milliseconds by a clock that nobody sets.
fn now_ms() -> f64 {
    scope().performance().as_ref().map_or_else(Date::now, Performance::now)
}
