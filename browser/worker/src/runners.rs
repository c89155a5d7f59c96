//! Runners: workers of their own for other people's programs, started when there is something to run and ended to stop it.

use std::cell::RefCell;
use std::rc::Rc;

use channel::{FromRunner, ToRunner, post, word_of, words};
use futures::StreamExt as _;
use futures::channel::mpsc;
use futures::future::{Either, select};
use gloo::events::{EventListener, EventListenerOptions};
use gloo::timers::future::TimeoutFuture;
use wasm_bindgen::JsValue;
use web_sys::{Worker, WorkerOptions, WorkerType};

/// Where the page build puts the runner's loader.
const RUNNER_URL: &str = "/runner.js";
/// How long the runner's program may take to come, in milliseconds.
const START_MS_MAX: u32 = 60_000;
/// Runners that wait for their next guest; they are quicker than new ones.
const IDLE_MAX: usize = 2;
/// A runner that holds more memory than this is not kept: it gives none back while it lives.
const IDLE_BYTES_MAX: u64 = 64 << 20;

/// What a runner says, or why it says nothing any more.
type Word = Result<(FromRunner, Vec<Vec<u8>>), String>;

/// The runners that wait. Clones are the same ones.
#[derive(Clone, Default)]
pub(crate) struct Runners(Rc<RefCell<Vec<Runner>>>);

/// One runner. It ends when this is dropped, whatever it does.
struct Runner {
    worker: Worker,
    said: mpsc::UnboundedReceiver<Word>,
    _listeners: [EventListener; 3],
}

impl Runners {
    /// Asks one thing of a runner that does nothing else meanwhile. Whoever drops the future ends the runner.
    ///
    /// # Errors
    /// In words: the runner did not start, failed, or took longer than `limit_ms`.
    pub(crate) async fn ask(
        &self,
        message: &ToRunner,
        parts: &[Vec<u8>],
        limit_ms: u32,
    ) -> Result<(FromRunner, Vec<Vec<u8>>), String> {
        let waiting = self.0.borrow_mut().pop();
        let mut runner = match waiting {
            Some(runner) => runner,
            None => Runner::start().await?,
        };
        runner.post(message, parts).map_err(|error| words(&error))?;
        let answer = runner.next(limit_ms, "it was stopped when its time was over").await?;
        let held_bytes = match &answer.0 {
            FromRunner::Failed { detail } => return Err(detail.clone()),
            FromRunner::Ran(ran) => ran.held_bytes,
            // What these took is not known.
            _ => u64::MAX,
        };
        let mut idle = self.0.borrow_mut();
        if held_bytes <= IDLE_BYTES_MAX && idle.len() < IDLE_MAX {
            idle.push(runner);
        }
        Ok(answer)
    }

    /// Ends the runners that wait.
    pub(crate) fn rest(&self) {
        self.0.borrow_mut().clear();
    }
}

impl Runner {
    /// Starts one, and waits until it listens.
    async fn start() -> Result<Self, String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("formix-runner");
        let worker = Worker::new_with_options(RUNNER_URL, &options)
            .map_err(|error| format!("this browser starts no runner: {}", words(&error)))?;
        let (teller, said) = mpsc::unbounded();
        let on = |name| {
            let teller = teller.clone();
            let options = EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&worker, name, options, move |event| {
                // Nobody listens to a runner that has been given up.
                let _ = teller.unbounded_send(word_of(event, "the runner's script did not load"));
            })
        };
        let listeners = [on("message"), on("error"), on("messageerror")];
        let mut runner = Self { worker, said, _listeners: listeners };
        match runner.next(START_MS_MAX, "the runner's program did not come").await? {
            (FromRunner::Failed { detail }, _) => Err(detail),
            _ => Ok(runner),
        }
    }

    fn post(&self, message: &ToRunner, parts: &[Vec<u8>]) -> Result<(), JsValue> {
        post(message, parts, |message, handed| self.worker.post_message_with_transfer(message, handed))
    }

    async fn next(&mut self, limit_ms: u32, late: &str) -> Word {
        match select(self.said.next(), TimeoutFuture::new(limit_ms)).await {
            Either::Left((word, _)) => word.unwrap_or_else(|| Err("the runner is gone".into())),
            Either::Right(_) => Err(late.into()),
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
