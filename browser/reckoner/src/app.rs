//! What the reckoner does with what it is asked.

use crate::{parts, ranking, reducing};
use channel::{
    post,
    reckoner::{FromReckoner, OfTurn, ToReckoner},
    unpack_with,
};
use gloo::timers::future::TimeoutFuture;
use js_sys::Date;
use std::cell::Cell;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, Performance};

/// How long a slice of work may take, in milliseconds, before messages are read.
pub(crate) const SLICE_MS: f64 = 40.0;
/// How often the page is told how far something is, in milliseconds.
pub(crate) const TELL_MS: f64 = 100.0;

thread_local! {
    /// The turn that was asked for last.
    static ASKED: Cell<u32> = const { Cell::new(0) };
    /// Whether the last one is to stop.
    static STOPPED: Cell<bool> = const { Cell::new(false) };
}

/// One thing that was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn(u32);

impl Turn {
    fn begin(turn: u32) -> Self {
        STOPPED.set(false);
        ASKED.set(turn);
        Self(turn)
    }

    /// Whether something else was asked for since: nobody waits for what comes of this.
    pub(crate) fn is_over(self) -> bool {
        ASKED.get() != self.0
    }

    /// Whether it is to go on.
    pub(crate) fn goes_on(self) -> bool {
        !self.is_over() && !STOPPED.get()
    }

    /// Tells the page, if it still wants to know.
    pub(crate) fn tell(self, message: &FromReckoner, parts: &[Vec<u8>]) {
        if !self.is_over() {
            post_of_turn(self.0, message, parts);
        }
    }

    /// Lets messages come in.
    pub(crate) async fn pause(self) {
        TimeoutFuture::new(0).await;
    }
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Tells who started this something of no turn.
pub(crate) fn send(message: &FromReckoner, parts: &[Vec<u8>]) {
    post_of_turn(0, message, parts);
}

fn post_of_turn(turn: u32, message: &FromReckoner, parts: &[Vec<u8>]) {
    let scope = scope();
    let sent = post(&OfTurn { turn, message }, parts, |message, handed| {
        scope.post_message_with_transfer(message, handed)
    });
    if let Err(error) = sent {
        web_sys::console::error_1(&error);
    }
}

/// Makes panics known to the page, and listens to it.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        send(&FromReckoner::Failed { detail: panic.to_string() }, &[]);
    }));
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        match unpack_with::<OfTurn<ToReckoner>>(&event.data()) {
            Ok((OfTurn { turn, message }, things)) => match message {
                ToReckoner::Stop => STOPPED.set(true),
                ToReckoner::Open { by } => parts::open(by),
                ToReckoner::Share { percent } => parts::share(percent),
                ToReckoner::Task => parts::push(things),
                message => spawn_local(handle(message, things, Turn::begin(turn))),
            },
            Err(error) => send(&FromReckoner::Failed { detail: error.to_string() }, &[]),
        }
    });
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // The reckoner listens as long as it lives.
    listener.forget();
    send(&FromReckoner::Listening, &[]);
}

async fn handle(message: ToReckoner, things: Vec<JsValue>, turn: Turn) {
    let done = match message {
        ToReckoner::Read { source, how } => {
            let file = things.into_iter().next().and_then(|thing| thing.dyn_into().ok());
            ranking::read(source, file, &how, turn).await
        }
        ToReckoner::Rank(how) => ranking::rank(&how, turn).await,
        ToReckoner::Reduce { text, how } => reducing::reduce(&text, &how, turn).await,
        ToReckoner::Stop | ToReckoner::Open { .. } | ToReckoner::Share { .. } | ToReckoner::Task => Ok(()),
    };
    if let Err(detail) = done {
        let detail = if turn.goes_on() { detail } else { "it was stopped".into() };
        turn.tell(&FromReckoner::Refused { detail }, &[]);
    }
}

/// Milliseconds by a clock that nobody sets.
pub(crate) fn now_ms() -> f64 {
    scope().performance().as_ref().map_or_else(Date::now, Performance::now)
}
