//! The handle to a reckoner, for a view of the page and for the node's worker.

use channel::{
    post, post_with,
    reckoner::{FromReckoner, OfTurn, ToReckoner},
    word_of,
};
use gloo::events::{EventListener, EventListenerOptions};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::JsValue;
use web_sys::{Blob, Worker, WorkerOptions, WorkerType};

/// Where the page build puts the reckoner's loader.
const RECKONER_URL: &str = "/reckoner.js";

/// What a reckoner says, or why it says nothing any more.
pub type Word = Result<(FromReckoner, Vec<Vec<u8>>), String>;

/// What belongs to a message.
enum With {
    Parts(Vec<Vec<u8>>),
    File(Blob),
}

/// What was asked before it listened; none since it does.
type Early = Rc<RefCell<Option<Vec<(OfTurn<ToReckoner>, With)>>>>;

/// A reckoner, a worker of its own that computes for a view. It ends when this is dropped, whatever it does.
pub struct Reckoner {
    worker: Worker,
    early: Early,
    /// The turn that was asked for last.
    turn: Rc<Cell<u32>>,
    _listeners: [EventListener; 3],
}

impl Reckoner {
    /// Starts one. What it says goes to `on_word`, but for its first word, that it listens, and what is late, of a turn before the last.
    ///
    /// # Errors
    /// In words, where this browser starts none.
    pub fn start(on_word: impl Fn(Word) + 'static) -> Result<Self, String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("formix-reckoner");
        let worker = Worker::new_with_options(RECKONER_URL, &options)
            .map_err(|error| format!("this browser starts no worker for it: {error:?}"))?;
        let early: Early = Rc::new(RefCell::new(Some(Vec::new())));
        let (on_word, turn) = (Rc::new(on_word), Rc::new(Cell::new(0)));
        let on = |name| {
            let (on_word, early, told) = (Rc::clone(&on_word), Rc::clone(&early), worker.clone());
            let asked = Rc::clone(&turn);
            let options = EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&worker, name, options, move |event| {
                match word_of::<OfTurn<FromReckoner>>(
                    event,
                    "the part of the page that computes did not load",
                ) {
                    Ok((OfTurn { message: FromReckoner::Listening, .. }, _)) => {
                        let waiting = early.borrow_mut().take();
                        for (message, file) in waiting.into_iter().flatten() {
                            send(&told, &message, file);
                        }
                    }
                    Ok((OfTurn { turn, .. }, _)) if turn != 0 && turn != asked.get() => {}
                    word => on_word(word.map(|(of_turn, parts)| (of_turn.message, parts))),
                }
            })
        };
        let listeners = [on("message"), on("error"), on("messageerror")];
        Ok(Self { worker, early, turn, _listeners: listeners })
    }

    /// Asks something of it, with the byte arrays that belong to that.
    pub fn ask(&self, message: ToReckoner, parts: Vec<Vec<u8>>) {
        self.say(message, With::Parts(parts));
    }

    /// Asks something of it, with the file that belongs to that.
    pub fn ask_with(&self, message: ToReckoner, file: Blob) {
        self.say(message, With::File(file));
    }

    fn say(&self, message: ToReckoner, with: With) {
        let turn = if message.is_turn() { self.turn.get().wrapping_add(1).max(1) } else { 0 };
        if turn != 0 {
            self.turn.set(turn);
        }
        let message = OfTurn { turn, message };
        match self.early.borrow_mut().as_mut() {
            Some(early) => early.push((message, with)),
            None => send(&self.worker, &message, with),
        }
    }
}

impl Drop for Reckoner {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn send(worker: &Worker, message: &OfTurn<ToReckoner>, with: With) {
    let sent = match with {
        With::File(file) => post_with(message, &file, |message| worker.post_message(message)),
        With::Parts(parts) => {
            let send =
                |message: &JsValue, handed: &JsValue| worker.post_message_with_transfer(message, handed);
            post(message, &parts, send)
        }
    };
    if let Err(error) = sent {
        web_sys::console::error_1(&error);
    }
}
