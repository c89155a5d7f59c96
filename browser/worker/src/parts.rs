//! Parts of other people's graphs: a reckoner beside the node computes them. It is started when the person gives that, and ended when they take it back.

use std::cell::RefCell;

use bridge::Reckoner;
use channel::reckoner::{FromReckoner, PartsBy, ToReckoner};
use codec::{decode, encode};
use node::LightInput;
use shards::{Done, Task, holder::PARTS_MAX};

use crate::runtime::Runtime;

/// The most memory of all parts, in bytes: a program of 32 bits holds them, and what comes and goes.
const BYTES_MAX: u64 = 1 << 30;

/// What computes beside the node, and what the person chose for that, while anything does.
#[derive(Default)]
pub(crate) struct Parts(RefCell<Option<(Reckoner, PartsBy)>>);

impl Parts {
    /// What computes parts from now on, if anything does, and how much of the time. Where it is another than before, the parts that were here are gone.
    pub(crate) fn lend(&self, runtime: &Runtime, by: Option<PartsBy>, share_percent: u8) {
        let before = self.0.borrow().as_ref().map(|(_, by)| *by);
        if before.is_some() && before != by {
            self.end(runtime);
        }
        if let Some(by) = by.filter(|by| before != Some(*by)) {
            let told = runtime.clone();
            match Reckoner::start(move |word| hear(&told, word)) {
                Ok(reckoner) => drop(self.0.replace(Some((reckoner, by)))),
                Err(why) => web_sys::console::error_1(&why.into()),
            }
            self.ask(ToReckoner::Open { by }, Vec::new());
        }
        self.ask(ToReckoner::Share { percent: share_percent }, Vec::new());
    }

    /// Has a task done.
    pub(crate) fn handle(&self, task: &Task) {
        self.ask(ToReckoner::Task, vec![encode(task)]);
    }

    fn ask(&self, message: ToReckoner, parts: Vec<Vec<u8>>) {
        if let Some((reckoner, _)) = &*self.0.borrow() {
            reckoner.ask(message, parts);
        }
    }

    fn end(&self, runtime: &Runtime) {
        self.0.replace(None);
        runtime.drive(|node, now| node.handle_input(now, LightInput::Reckoner(None)));
    }
}

/// What the reckoner says, to the node. One that has failed is gone until the person gives again.
fn hear(runtime: &Runtime, word: bridge::Word) {
    let why = match word {
        Ok((FromReckoner::Open { device }, _)) => {
            let reckoner = shards::Reckoner { device, parts_max: PARTS_MAX, bytes_max: BYTES_MAX };
            return runtime.drive(|node, now| node.handle_input(now, LightInput::Reckoner(Some(reckoner))));
        }
        Ok((FromReckoner::Done, parts)) => match parts.first().map(|bytes| decode::<Done>(bytes)) {
            Some(Ok(done)) => {
                return runtime.drive(|node, now| node.handle_input(now, LightInput::Reckoned(done)));
            }
            _ => "the reckoner’s answer is not understood".to_owned(),
        },
        Ok((FromReckoner::Failed { detail }, _)) | Err(detail) => detail,
        Ok(_) => return,
    };
    web_sys::console::error_1(&why.into());
    runtime.0.parts.end(runtime);
}
