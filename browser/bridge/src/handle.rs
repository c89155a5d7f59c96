//! The page's side.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use aggregate::Draft;
use futures::channel::{mpsc, oneshot};
use gloo::events::EventListener;
use keys::NodeId;
use link::Link;
use node::{Command, CommandError, LightView, Look, Reply};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{ErrorEvent, MessageEvent, Worker};

use channel::{post, unpack, words};

use crate::begin::{Begun, begin};
use crate::message::{FromWorker, Status, ToWorker, Tried};
use crate::network;
use crate::wire::NetInput;

#[cfg(feature = "jobs")]
mod jobs;

/// Most questions that wait for their answers at a time.
pub const COMMANDS_MAX: usize = 1024;

/// What the page learns of its node.
#[derive(Debug, Clone)]
pub enum Event {
    /// The node at a glance, at most about ten times a second.
    View(Box<LightView>),
    /// How the node stands.
    Status(Status),
    /// Whether the host's list of heavy nodes came and was taken; otherwise what is wrong.
    Network(Result<(), CommandError>),
}

/// The tab's node, as the page's views see it. Clones are the same node; the last one to go ends it.
#[derive(Clone)]
pub struct Handle(Rc<Inner>);

/// Who waits for an answer.
enum Waiting {
    Command(oneshot::Sender<Result<Reply, CommandError>>),
    Rows(oneshot::Sender<Look>),
    Try(oneshot::Sender<Result<Box<Tried>, String>>),
    Verify(oneshot::Sender<Result<Vec<NodeId>, String>>),
    #[cfg(feature = "jobs")]
    Jobs(jobs::Waiting),
}

/// A message and its byte arrays.
type Early = (ToWorker, Vec<Vec<u8>>);

pub(crate) struct Inner {
    worker: RefCell<Option<Worker>>,
    /// What waits for the worker to listen; `None` once it does.
    early: RefCell<Option<Vec<Early>>>,
    link: RefCell<Option<Link>>,
    waiting: RefCell<BTreeMap<u64, Waiting>>,
    tokens: Cell<u64>,
    /// Whether no heavy node is connected though some should be.
    alone: Cell<bool>,
    /// Whether the node has stopped for good.
    failed: Cell<bool>,
    kicks: mpsc::UnboundedSender<()>,
    on_event: Box<dyn Fn(Event)>,
    listeners: RefCell<Vec<EventListener>>,
}

impl Handle {
    /// Starts the node: its worker, and its connections once the worker says who it is. `on_event` is called
    /// for all that happens, never before this returns.
    pub fn start(on_event: impl Fn(Event) + 'static) -> Self {
        let (kicks, kicked) = mpsc::unbounded();
        let inner = Rc::new(Inner {
            worker: RefCell::new(None),
            early: RefCell::new(Some(Vec::new())),
            link: RefCell::new(None),
            waiting: RefCell::default(),
            tokens: Cell::new(0),
            alone: Cell::new(true),
            failed: Cell::new(false),
            kicks,
            on_event: Box::new(on_event),
            listeners: RefCell::default(),
        });
        // At once: the worker loads on a thread of its own while the page is still drawn for the first time.
        let begun = begin().and_then(|Begun { worker, events }| inner.spawn(worker).map(|()| events));
        let started = Rc::downgrade(&inner);
        spawn_local(async move {
            let Some(inner) = started.upgrade() else { return };
            inner.tell(Event::Status(Status::Starting));
            match begun {
                Ok(events) => events.iter().for_each(|event| inner.heard(event)),
                Err(error) => {
                    inner.fail(format!("this browser does not start the node's worker: {}", words(&error)));
                }
            }
        });
        spawn_local(network::watch(Rc::downgrade(&inner), kicked));
        Self(inner)
    }

    /// Puts a command to the node and gives its answer.
    ///
    /// # Errors
    /// The node's, or [`CommandError::Storage`] with the reason where no node runs here.
    pub async fn command(&self, command: Command) -> Result<Reply, CommandError> {
        let keeps = matches!(command, Command::Import { .. } | Command::Join);
        let (command, parts) = match command {
            Command::Import { name, bytes } => (Command::Import { name, bytes: Vec::new() }, vec![bytes]),
            command => (command, Vec::new()),
        };
        let (teller, told) = oneshot::channel();
        let message = |token| ToWorker::Command { token, command };
        let stopped = |detail: String| CommandError::Storage { detail };
        self.0.ask(Waiting::Command(teller), message, parts).map_err(stopped)?;
        let reply = told.await.unwrap_or_else(|_| Err(stopped(STOPPED.into())));
        if keeps && reply.is_ok() {
            persist();
        }
        reply
    }

    /// A data set's schema and records: at most `count` from row `from` on, or of those that do not fit the schema.
    /// Nothing where there is no such data set.
    pub async fn look(&self, dataset: String, from: usize, count: usize, unfit: bool) -> Look {
        let (teller, told) = oneshot::channel();
        let message = |token| ToWorker::Rows { token, dataset, from, count, unfit };
        if self.0.ask(Waiting::Rows(teller), message, Vec::new()).is_err() {
            return Look::default();
        }
        told.await.unwrap_or_default()
    }

    /// Has the node do with a draft all that a participant would, and throw it away.
    ///
    /// # Errors
    /// Why it cannot be proposed, as [`node::LightNode::try_out`] says it.
    pub async fn try_out(&self, draft: Draft) -> Result<Tried, String> {
        let (teller, told) = oneshot::channel();
        let message = |token| ToWorker::TryOut { token, draft: Box::new(draft) };
        self.0.ask(Waiting::Try(teller), message, Vec::new())?;
        told.await.unwrap_or_else(|_| Err(STOPPED.into())).map(|tried| *tried)
    }

    /// Checks a proposal and its end, or evidence that a heavy node lied in it, both DSSE documents in JSON, in the worker.
    /// Gives the heavy nodes in them that the person's own node does not trust.
    ///
    /// # Errors
    /// What is wrong, in words for a person.
    pub async fn verify(&self, proposal: Vec<u8>, said: Vec<u8>) -> Result<Vec<NodeId>, String> {
        let (teller, told) = oneshot::channel();
        let message = |token| ToWorker::Verify { token };
        self.0.ask(Waiting::Verify(teller), message, vec![proposal, said])?;
        told.await.unwrap_or_else(|_| Err(STOPPED.into()))
    }

    pub(crate) fn tell(&self, event: Event) {
        self.0.tell(event);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.0.failed.get()
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.0.alone.get()
    }
}

const STOPPED: &str = "the node has stopped; reload the page";

impl From<Rc<Inner>> for Handle {
    fn from(inner: Rc<Inner>) -> Self {
        Self(inner)
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

impl Inner {
    fn tell(&self, event: Event) {
        (self.on_event)(event);
    }

    fn spawn(self: &Rc<Self>, worker: Worker) -> Result<(), JsValue> {
        let on = |target: &web_sys::EventTarget, name, handle: fn(&Rc<Self>, &web_sys::Event)| {
            let inner: Weak<Self> = Rc::downgrade(self);
            EventListener::new(target, name, move |event| {
                if let Some(inner) = inner.upgrade() {
                    handle(&inner, event);
                }
            })
        };
        let mut listeners = vec![
            on(&worker, "message", Self::heard),
            on(&worker, "error", Self::heard),
            on(&worker, "messageerror", Self::heard),
        ];
        if let Some(window) = web_sys::window() {
            listeners.push(on(&window, "online", |inner, _| inner.kick()));
        }
        *self.listeners.borrow_mut() = listeners;
        *self.worker.borrow_mut() = Some(worker);
        // What browsers without WebRTC, and those told to do without it, have in its place is nothing.
        let webrtc = js_sys::Reflect::get(&js_sys::global(), &"RTCPeerConnection".into());
        let webrtc = webrtc.is_ok_and(|found| found.is_function());
        self.send(ToWorker::Start { webrtc }, Vec::new())
    }

    fn send(&self, message: ToWorker, parts: Vec<Vec<u8>>) -> Result<(), JsValue> {
        let worker = self.worker.borrow();
        let Some(worker) = &*worker else { return Err(STOPPED.into()) };
        if let Some(early) = &mut *self.early.borrow_mut() {
            early.push((message, parts));
            return Ok(());
        }
        post(&message, &parts, |message, handed| worker.post_message_with_transfer(message, handed))
    }

    fn ask(
        &self,
        waiting: Waiting,
        message: impl FnOnce(u64) -> ToWorker,
        parts: Vec<Vec<u8>>,
    ) -> Result<(), String> {
        if self.waiting.borrow().len() >= COMMANDS_MAX {
            return Err("too much is asked of the node at a time".into());
        }
        let token = self.tokens.get() + 1;
        self.tokens.set(token);
        self.waiting.borrow_mut().insert(token, waiting);
        self.send(message(token), parts).map_err(|error| {
            self.waiting.borrow_mut().remove(&token);
            words(&error)
        })
    }

    /// Takes in an event of the worker: a message, or its failure.
    fn heard(self: &Rc<Self>, event: &web_sys::Event) {
        match event.dyn_ref::<MessageEvent>() {
            Some(message) if event.type_() == "message" => self.received(message),
            _ => self.broke(event),
        }
    }

    fn received(self: &Rc<Self>, event: &MessageEvent) {
        let (message, parts) = match unpack::<FromWorker>(&event.data()) {
            Ok(message) => message,
            Err(error) => return self.fail(error.to_string()),
        };
        match message {
            FromWorker::Listening => {
                let early = self.early.borrow_mut().take();
                for (message, parts) in early.into_iter().flatten() {
                    if let Err(error) = self.send(message, parts) {
                        return self.fail(words(&error));
                    }
                }
            }
            FromWorker::Status(Status::Failed { detail }) => self.fail(detail),
            FromWorker::Status(status) => {
                if status == Status::Ready {
                    self.kick();
                }
                self.tell(Event::Status(status));
            }
            FromWorker::Identity => self.connect(parts),
            FromWorker::Net(output) => {
                if let (Some(output), Some(link)) = (output.join(parts), &*self.link.borrow()) {
                    link.handle(output);
                }
            }
            FromWorker::View(view) => self.view(view),
            FromWorker::Reply { token, result } => self.answer(token, Answer::Command(result)),
            FromWorker::Tried { token, result } => self.answer(token, Answer::Try(result)),
            FromWorker::Rows { token, look } => self.answer(token, Answer::Rows(look)),
            FromWorker::Verified { token, result } => self.answer(token, Answer::Verify(result)),
            #[cfg(feature = "jobs")]
            FromWorker::Jobs(answer) => {
                let (token, answer) = jobs::Answer::of(answer, parts);
                self.answer(token, Answer::Jobs(answer));
            }
        }
    }

    fn connect(self: &Rc<Self>, parts: Vec<Vec<u8>>) {
        let seed = parts.into_iter().next().and_then(|seed| <[u8; 32]>::try_from(seed).ok());
        let Some(seed) = seed else { return self.fail("the worker gave no seed".into()) };
        let inner = Rc::downgrade(self);
        let started = Link::start(seed, move |input| {
            let (Some(inner), Some((head, parts))) = (inner.upgrade(), NetInput::split(input)) else {
                return;
            };
            // Without a worker nobody is left to tell.
            let _ = inner.send(ToWorker::Net(head), parts);
        });
        match started {
            Ok(link) => *self.link.borrow_mut() = Some(link),
            Err(error) => self.fail(error.to_string()),
        }
    }

    fn view(&self, view: Box<LightView>) {
        let alone = view.joined && !view.links.iter().any(|link| link.up);
        if alone && !self.alone.replace(alone) {
            self.kick();
        }
        self.alone.set(alone);
        self.tell(Event::View(view));
        // A worker that is gone sends no more views.
        let _ = self.send(ToWorker::Shown, Vec::new());
    }

    fn answer(&self, token: u64, answer: Answer) {
        let waiting = self.waiting.borrow_mut().remove(&token);
        // Whoever asked may have stopped waiting.
        match (waiting, answer) {
            (Some(Waiting::Command(teller)), Answer::Command(result)) => drop(teller.send(result)),
            (Some(Waiting::Try(teller)), Answer::Try(result)) => drop(teller.send(result)),
            (Some(Waiting::Rows(teller)), Answer::Rows(look)) => drop(teller.send(look)),
            (Some(Waiting::Verify(teller)), Answer::Verify(result)) => drop(teller.send(result)),
            #[cfg(feature = "jobs")]
            (Some(Waiting::Jobs(waiting)), Answer::Jobs(answer)) => waiting.hear(answer),
            _ => {}
        }
    }

    fn kick(&self) {
        // The receiver lives as long as this.
        let _ = self.kicks.unbounded_send(());
    }

    fn broke(&self, event: &web_sys::Event) {
        let said = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).filter(|said| !said.is_empty());
        self.fail(said.unwrap_or_else(|| format!("the worker's script did not load ({})", event.type_())));
    }

    /// Ends the node. The first failure is told and stays: what follows it, such as the trap after a panic, says
    /// less.
    fn fail(&self, detail: String) {
        if self.failed.replace(true) {
            return;
        }
        if let Some(worker) = self.worker.borrow_mut().take() {
            worker.terminate();
        }
        self.link.borrow_mut().take();
        // Their receivers learn that nobody answers any more.
        self.waiting.borrow_mut().clear();
        self.tell(Event::Status(Status::Failed { detail }));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.get_mut().take() {
            worker.terminate();
        }
    }
}

enum Answer {
    Command(Result<Reply, CommandError>),
    Rows(Look),
    Try(Result<Box<Tried>, String>),
    Verify(Result<Vec<NodeId>, String>),
    #[cfg(feature = "jobs")]
    Jobs(jobs::Answer),
}

/// Asks the browser not to evict the store. It may ask the person, or say no; the node runs either way.
fn persist() {
    let asked = web_sys::window().map(|window| window.navigator().storage().persist());
    if let Some(Ok(asked)) = asked {
        spawn_local(async move {
            let _ = wasm_bindgen_futures::JsFuture::from(asked).await;
        });
    }
}
