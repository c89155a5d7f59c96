//! A place in a text that is being read.

use crate::book::{NAME_BYTES_MAX, Problem};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// What was read, or what is wrong at which byte.
pub(crate) type Found<T> = Result<T, (usize, Problem)>;

/// What a name in a book of nets is made of.
pub(crate) fn in_net_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.-/$".contains(c)
}

/// What a name in a book of terms is made of.
pub(crate) fn in_term_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_$".contains(c)
}

/// A text and the byte at which its reader stands.
pub(crate) struct Cursor<'t> {
    pub(crate) text: &'t str,
    pub(crate) at: usize,
}

impl<'t> Cursor<'t> {
    /// Before the first byte.
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// A name of such characters.
    pub(crate) fn name(&mut self, expected: &'static str, wanted: fn(char) -> bool) -> Found<&'t str> {
        let at = self.at;
        let name = self.take(wanted);
        match name.len() {
            0 => Err(self.unexpected(expected)),
            1..=NAME_BYTES_MAX => Ok(name),
            _ => Err((at, Problem::NameTooLong)),
        }
    }

    /// What is still to be read.
    pub(crate) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The next character.
    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// As many characters as are wanted.
    pub(crate) fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Whether this comes next; if it does, it is read.
    pub(crate) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Reads this, after spaces and comments, or says what was expected.
    pub(crate) fn expect(&mut self, text: &str, expected: &'static str) -> Found<()> {
        self.trivia();
        if self.eat(text) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// That something else was expected.
    pub(crate) fn unexpected(&self, expected: &'static str) -> (usize, Problem) {
        (self.at, Problem::Expected { expected, found: self.peek() })
    }

    /// Skips spaces and comments.
    pub(crate) fn trivia(&mut self) {
        loop {
            self.take(|c| c.is_ascii_whitespace());
            if !self.rest().starts_with("//") {
                return;
            }
            self.take(|c| c != '\n');
        }
    }
}

/// The known name that is most like this one, if one is much like it.
pub(crate) fn similar<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    /// Most names that are looked at.
    const LOOKED_AT_MAX: usize = 1000;
    let near = known.take(LOOKED_AT_MAX).map(|known| (distance(name, known), known)).min()?;
    (near.0 * 3 <= name.len().max(3)).then(|| near.1.to_string())
}

/// How many letters must be changed, put in, taken out or swapped with the next to make one name of another (Damerau 1964, each place
/// at most once).
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    // The two rows before, and this one.
    let mut rows = [Vec::new(), Vec::new(), (0..=b.len()).collect::<Vec<_>>()];
    for i in 0..a.len() {
        rows.rotate_left(1);
        rows[2].clear();
        rows[2].push(i + 1);
        for j in 0..b.len() {
            let mut least =
                (rows[1][j] + usize::from(a[i] != b[j])).min(rows[1][j + 1] + 1).min(rows[2][j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(rows[0][j - 1] + 1);
            }
            rows[2].push(least);
        }
    }
    rows[2][b.len()]
}
