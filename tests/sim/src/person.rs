//! The person at a light node: imports their records, joins, proposes, and answers.

use crate::plan::{LightPlan, Records};
use keys::Envelope;
use node::{Command, Rule};

/// What a person wants, in order, and how far they have come.
#[derive(Debug)]
pub(crate) struct Person {
    wants: Vec<Command>,
    /// The index of the next command; also its token.
    done: usize,
    /// Whether a command is under way.
    pub(crate) waiting: bool,
    /// Whether they look at their page now and then and decide by themselves.
    pub(crate) decides: bool,
}

impl Person {
    pub(crate) fn new(plan: &LightPlan, descriptors: &[Envelope]) -> Self {
        let mut wants = vec![Command::Network { descriptors: descriptors.to_vec() }];
        if let Records::Csv(csv) = &plan.records {
            wants
                .push(Command::Import { name: crate::asks::DATASET.into(), bytes: csv.clone().into_bytes() });
        }
        if !plan.decides {
            wants.push(Command::AddRule { rule: Rule::default() });
        }
        wants.push(Command::Join);
        Self { wants, done: 0, waiting: false, decides: plan.decides }
    }

    /// One more wish.
    pub(crate) fn want(&mut self, command: Command) {
        self.wants.push(command);
    }

    /// The next command with its token, where none is under way.
    pub(crate) fn next(&mut self) -> Option<(u64, Command)> {
        if self.waiting {
            return None;
        }
        let command = self.wants.get(self.done)?.clone();
        self.waiting = true;
        Some((self.done as u64, command))
    }

    /// The command with this token is over; `again` where it is to be repeated. True when it was awaited.
    pub(crate) fn replied(&mut self, token: u64, again: bool) -> bool {
        if !self.waiting || token != self.done as u64 {
            return false;
        }
        self.waiting = false;
        if !again {
            self.done += 1;
        }
        true
    }

    /// Their node went down: what was under way is asked again.
    pub(crate) const fn interrupted(&mut self) {
        self.waiting = false;
    }
}
