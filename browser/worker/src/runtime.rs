//! The node's shell: its machine, pumped.

use std::cell::RefCell;
use std::rc::Rc;

use bridge::{FromWorker, NetOutput};
use codec::Instant;
use gloo::timers::callback::Timeout;
#[cfg(feature = "jobs")]
use keys::Identity;
use node::{LightInput, LightNode, LightOutput, LightView, Ticket};
use storage::Store;
use store::{Batch, ShardStore as _};
use wasm_bindgen_futures::spawn_local;

use crate::clock::Clock;
#[cfg(feature = "jobs")]
use crate::guests::Guests;
#[cfg(feature = "jobs")]
use crate::parts::Parts;
use crate::worker::send;

/// Milliseconds from one view to the next at least.
const VIEW_EVERY_MS: u64 = 100;
/// The longest that a browser's timer reaches, in milliseconds.
const TIMER_MAX_MS: u64 = i32::MAX as u64;

/// The running node. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Runtime(pub(crate) Rc<Inner>);

pub(crate) struct Inner {
    pub(crate) clock: Clock,
    store: Store,
    node: RefCell<LightNode>,
    /// Who the node is, for what its person signs.
    #[cfg(feature = "jobs")]
    pub(crate) signer: Identity,
    #[cfg(feature = "jobs")]
    pub(crate) guests: Guests,
    #[cfg(feature = "jobs")]
    pub(crate) parts: Parts,
    timer: RefCell<Option<(Instant, Timeout)>>,
    views: RefCell<Views>,
}

/// What the page was shown.
struct Views {
    /// Whether the node has changed since.
    stale: bool,
    /// Whether the page has yet to show the last one.
    awaited: bool,
    sent: Instant,
    last: Option<Box<LightView>>,
    timer: Option<Timeout>,
}

impl Runtime {
    pub(crate) fn new(
        node: LightNode,
        #[cfg(feature = "jobs")] signer: Identity,
        store: Store,
        clock: Clock,
    ) -> Self {
        let views = Views { stale: true, awaited: false, sent: Instant::default(), last: None, timer: None };
        Self(Rc::new(Inner {
            clock,
            store,
            node: RefCell::new(node),
            #[cfg(feature = "jobs")]
            signer,
            #[cfg(feature = "jobs")]
            guests: Guests::default(),
            #[cfg(feature = "jobs")]
            parts: Parts::default(),
            timer: RefCell::new(None),
            views: RefCell::new(views),
        }))
    }

    /// Reads from the node.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&LightNode) -> T) -> T {
        look(&self.0.node.borrow())
    }

    /// Reads from the node, and says how many microseconds that took.
    pub(crate) fn timed<T>(&self, look: impl FnOnce(&LightNode) -> T) -> (T, u64) {
        let began_ms = self.0.clock.elapsed_ms();
        let read = self.look(look);
        (read, ((self.0.clock.elapsed_ms() - began_ms) * 1_000.0) as u64)
    }

    /// Does something to the node, and then what the node asks for.
    pub(crate) fn drive(&self, change: impl FnOnce(&mut LightNode, Instant)) {
        let now = self.0.clock.now();
        let mut outputs = Vec::new();
        let timeout = {
            let mut node = self.0.node.borrow_mut();
            change(&mut node, now);
            while let Some(output) = node.poll_output() {
                outputs.push(output);
            }
            node.poll_timeout()
        };
        for output in outputs {
            match output {
                LightOutput::Net(output) => {
                    if let Some((head, parts)) = NetOutput::split(output) {
                        send(&FromWorker::Net(head), &parts);
                    }
                }
                LightOutput::Store { ticket, batch } => self.store(ticket, batch),
                LightOutput::Reply { token, result } => send(&FromWorker::Reply { token, result }, &[]),
                #[cfg(feature = "jobs")]
                LightOutput::Run(task) => self.0.guests.run(self, *task),
                #[cfg(feature = "jobs")]
                LightOutput::Stop { job } => self.0.guests.stop(job, self.0.clock.elapsed_ms()),
                #[cfg(feature = "jobs")]
                LightOutput::Reckon(task) => self.0.parts.handle(&task),
                LightOutput::Changed => self.0.views.borrow_mut().stale = true,
                _ => {}
            }
        }
        self.wake_at(timeout.map(|(due, _)| due), now);
        self.show();
    }

    fn store(&self, ticket: Ticket, batch: Batch) {
        let this = self.clone();
        spawn_local(async move {
            let result = this.0.store.commit(&batch).await;
            this.drive(|node, now| node.handle_input(now, LightInput::Stored { ticket, result }));
        });
    }

    fn wake_at(&self, due: Option<Instant>, now: Instant) {
        let mut timer = self.0.timer.borrow_mut();
        let Some(due) = due else {
            *timer = None;
            return;
        };
        if timer.as_ref().is_some_and(|(set, _)| *set == due) {
            return;
        }
        let wait_ms = due.since_ms(now).min(TIMER_MAX_MS) as u32;
        let this = self.clone();
        let wake = Timeout::new(wait_ms, move || {
            // This timer is over: whatever comes due next needs another.
            this.0.timer.borrow_mut().take();
            this.drive(|node, now| node.handle_timeout(now));
        });
        *timer = Some((due, wake));
    }

    /// The page has shown the last view.
    pub(crate) fn shown(&self) {
        self.0.views.borrow_mut().awaited = false;
        self.show();
    }

    /// Sends a view, when it is time and there is something new.
    fn show(&self) {
        let now = self.0.clock.now();
        let mut views = self.0.views.borrow_mut();
        if !views.stale || views.awaited || views.timer.is_some() {
            return;
        }
        let since_ms = now.since_ms(views.sent);
        if since_ms < VIEW_EVERY_MS {
            let this = self.clone();
            let wait_ms = (VIEW_EVERY_MS - since_ms) as u32;
            views.timer = Some(Timeout::new(wait_ms, move || {
                this.0.views.borrow_mut().timer.take();
                this.show();
            }));
            return;
        }
        views.stale = false;
        let view = Box::new(self.look(LightNode::view));
        if views.last.as_ref() == Some(&view) {
            return;
        }
        views.sent = now;
        views.awaited = true;
        send(&FromWorker::View(view.clone()), &[]);
        views.last = Some(view);
    }
}
