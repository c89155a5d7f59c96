//! The worker's start, and its side of the messages.

use std::cell::RefCell;

use bridge::{FromWorker, Status, ToWorker, Tried, unpack};
use channel::words;
use keys::Identity;
use net::Transport;
use node::{Command, CommandError, LightConfig, LightInput, LightNode, Look};
use storage::Store;
use store::{ShardStore as _, StoreError};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};
use zeroize::Zeroizing;

use crate::clock::Clock;
#[cfg(feature = "jobs")]
use crate::jobs;
use crate::lock;
use crate::runtime::Runtime;

/// The store's name in this origin.
const STORE: &str = "formix-node";
/// Name and version that the node greets with.
const AGENT: &str = concat!("formix-page/", env!("CARGO_PKG_VERSION"));
/// Most messages that wait for the node to be ready.
const EARLY_MAX: usize = 1024;

/// What the worker does with messages.
enum Stage {
    /// The page has not spoken yet.
    New,
    /// The node is being made; messages wait.
    Starting(Vec<(ToWorker, Vec<Vec<u8>>)>),
    /// Another tab runs the node.
    OtherTab,
    /// The node runs.
    Ready(Runtime),
    /// There is no node and there will be none, for this reason.
    Over(String),
}

thread_local! {
    static STAGE: RefCell<Stage> = const { RefCell::new(Stage::New) };
}

/// Sends to the page.
pub(crate) fn send(message: &FromWorker, parts: &[Vec<u8>]) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let sent =
        bridge::post(message, parts, |message, handed| scope.post_message_with_transfer(message, handed));
    if let Err(error) = sent {
        web_sys::console::error_1(&error);
    }
}

/// Makes panics known to the page, and listens to it.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        send(&FromWorker::Status(Status::Failed { detail: panic.to_string() }), &[]);
    }));
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let listener =
        Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| match unpack(&event.data()) {
            Ok((message, parts)) => received(message, parts),
            Err(error) => fail(error.to_string()),
        });
    scope.set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // The worker listens as long as it lives.
    listener.forget();
    send(&FromWorker::Listening, &[]);
}

fn fail(detail: String) {
    STAGE.with_borrow_mut(|stage| *stage = Stage::Over(detail.clone()));
    send(&FromWorker::Status(Status::Failed { detail }), &[]);
}

fn received(message: ToWorker, parts: Vec<Vec<u8>>) {
    if let ToWorker::Start { webrtc } = message {
        return begin(webrtc);
    }
    let runtime = STAGE.with_borrow_mut(|stage| match stage {
        Stage::Ready(runtime) => Ok(runtime.clone()),
        Stage::Starting(early) if early.len() < EARLY_MAX => {
            early.push((message.clone(), parts.clone()));
            Err(None)
        }
        Stage::New | Stage::Starting(_) => Err(Some("the node is not ready yet".to_owned())),
        Stage::OtherTab => Err(Some("the node runs in another tab of this browser; go there".to_owned())),
        Stage::Over(detail) => Err(Some(detail.clone())),
    });
    match runtime {
        Ok(runtime) => handle(&runtime, message, parts),
        Err(Some(detail)) => decline(message, parts, detail),
        Err(None) => {}
    }
}

fn begin(webrtc: bool) {
    let first = STAGE.with_borrow_mut(|stage| {
        let first = matches!(stage, Stage::New);
        if first {
            *stage = Stage::Starting(Vec::new());
        }
        first
    });
    if !first {
        return;
    }
    spawn_local(async move {
        if let Err(error) = lock::hold(taken).await {
            return fail(format!("this browser gives no lock: {}", words(&error)));
        }
        let runtime = match open(webrtc).await {
            Ok(runtime) => runtime,
            Err(StoreError::Refused { detail }) => {
                let said = StoreError::Refused { detail: detail.clone() }.to_string();
                STAGE.with_borrow_mut(|stage| *stage = Stage::Over(said));
                return send(&FromWorker::Status(Status::StorageRefused { detail }), &[]);
            }
            Err(error) => return fail(error.to_string()),
        };
        let before = STAGE.with_borrow_mut(|stage| std::mem::replace(stage, Stage::Ready(runtime.clone())));
        send(&FromWorker::Status(Status::Ready), &[]);
        runtime.drive(|_, _| {});
        if let Stage::Starting(early) = before {
            early.into_iter().for_each(|(message, parts)| handle(&runtime, message, parts));
        }
    });
}

/// Another tab has the lock.
fn taken() {
    let early = STAGE.with_borrow_mut(|stage| std::mem::replace(stage, Stage::OtherTab));
    send(&FromWorker::Status(Status::OtherTab), &[]);
    if let Stage::Starting(early) = early {
        early.into_iter().for_each(|(message, parts)| received(message, parts));
    }
}

async fn open(webrtc: bool) -> Result<Runtime, StoreError> {
    let store = Store::open(STORE).await?;
    store.on_closed(|| {
        fail("the browser has taken this page's data away; reload the page to start anew".into())
    });
    let seed = Zeroizing::new(store.seed(random).await?);
    let entries = store.scan(b"").await?;
    let mut transports = vec![Transport::Websocket];
    if webrtc {
        transports.insert(0, Transport::WebrtcDirect);
    }
    let config =
        LightConfig { identity: Identity::from_seed(*seed), agent: AGENT.into(), transports, seed: random() };
    let clock = Clock::new();
    let node = LightNode::new(config, &entries, clock.now())?;
    send(&FromWorker::Identity, &[seed.to_vec()]);
    Ok(Runtime::new(
        node,
        #[cfg(feature = "jobs")]
        Identity::from_seed(*seed),
        store,
        clock,
    ))
}

/// Fresh randomness from the browser.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("every browser has `crypto.getRandomValues`");
    bytes
}

fn handle(runtime: &Runtime, message: ToWorker, parts: Vec<Vec<u8>>) {
    match message {
        ToWorker::Start { .. } => {}
        ToWorker::Net(head) => {
            if let Some(input) = head.join(parts) {
                runtime.drive(|node, now| node.handle_input(now, LightInput::Net(input)));
            }
        }
        ToWorker::Command { token, command } => {
            let command = match (command, parts.into_iter().next()) {
                (Command::Import { name, .. }, Some(bytes)) => Command::Import { name, bytes },
                (command, _) => command,
            };
            runtime.drive(|node, now| node.handle_input(now, LightInput::Command { token, command }));
        }
        ToWorker::Rows { token, dataset, from, count, unfit } => {
            let look = runtime.look(|node| node.look(&dataset, from, count, unfit));
            send(&FromWorker::Rows { token, look }, &[]);
        }
        ToWorker::TryOut { token, draft } => {
            let (result, work_us) = runtime.timed(|node| node.try_out(&draft));
            let result = result.map(|trial| Box::new(Tried { trial, work_us }));
            send(&FromWorker::Tried { token, result }, &[]);
        }
        ToWorker::Verify { token } => {
            let pinned = runtime.look(|node| node.view().heavy);
            verify(token, &parts, &pinned);
        }
        #[cfg(feature = "jobs")]
        ToWorker::Jobs(ask) => jobs::handle(runtime, ask, parts),
        ToWorker::Shown => runtime.shown(),
    }
}

/// Answers without a node.
fn decline(message: ToWorker, parts: Vec<Vec<u8>>, detail: String) {
    match message {
        ToWorker::Command { token, .. } => {
            let result = Err(CommandError::Storage { detail });
            send(&FromWorker::Reply { token, result }, &[]);
        }
        ToWorker::Rows { token, .. } => send(&FromWorker::Rows { token, look: Look::default() }, &[]),
        ToWorker::TryOut { token, .. } => send(&FromWorker::Tried { token, result: Err(detail) }, &[]),
        // Documents need no node to be checked.
        ToWorker::Verify { token } => verify(token, &parts, &[]),
        #[cfg(feature = "jobs")]
        ToWorker::Jobs(ask) => jobs::decline(ask, &parts, detail),
        ToWorker::Start { .. } | ToWorker::Net(_) | ToWorker::Shown => {}
    }
}

fn verify(token: u64, parts: &[Vec<u8>], pinned: &[keys::NodeId]) {
    let result = match parts {
        [proposal, said] => bridge::verify(proposal, said, pinned),
        _ => Err("two documents are needed".into()),
    };
    send(&FromWorker::Verified { token, result }, &[]);
}
