//! What the program says on standard output: for people, or one JSON document a line for programs.

use std::io::{self, IsTerminal, Write};

/// How to speak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Out {
    pub(crate) json: bool,
}

impl Out {
    /// Says one thing: `value` to a program, `words` to a person.
    pub(crate) fn event(&self, value: &serde_json::Value, words: impl FnOnce() -> String) {
        let text = if self.json { value.to_string() } else { words() };
        self.line(&text);
    }

    /// Says a line.
    pub(crate) fn line(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        // Who listened may have gone, as in `formix view | head`; the work goes on.
        let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    }

    /// Whether a person reads, who likes colours and bars.
    pub(crate) fn is_fancy(&self) -> bool {
        !self.json && io::stderr().is_terminal() && wants_colour()
    }
}

/// Whether `NO_COLOR` (no-color.org) is not set.
pub(crate) fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
