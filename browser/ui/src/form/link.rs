//! An address that fills in the form: whoever opens it sees the same proposal, and sends it or not.
//!
//! It is a query string after `#/propose?`, so it never reaches the host. What is in it was written by a stranger: it is
//! read within bounds, what it does not know is passed over, and nothing is sent because of it.

use super::{Closes, Form, Input, Template};
use ::query::Per;
use std::fmt::Write as _;

/// Longest address that is read, in characters.
pub const LINK_CHARS_MAX: usize = 16 * 1024;
/// Most parts of it that are read.
const PARTS_MAX: usize = 64;

impl Form {
    /// What follows `#/propose?`: everything that differs from an empty form. A moment at which it closes is left out,
    /// since it passes; minutes are kept.
    pub fn link(&self) -> String {
        let mut link = String::new();
        let mut add = |name: &str, value: &str| {
            if !link.is_empty() {
                link.push('&');
            }
            link.push_str(name);
            link.push('=');
            encode(value, &mut link);
        };
        let empty = Self::default();
        add("ask", self.template.name());
        for input in Input::ALL.into_iter().filter(|input| self.asks_for(*input)) {
            if self.text(input) != empty.text(input) {
                add(input.name(), self.text(input));
            }
        }
        if self.per == Per::Person {
            add("per", "person");
        }
        if self.template == Template::Group && !self.group_mean {
            add("mean", "no");
        }
        if self.scheme != empty.scheme {
            add("scheme", &self.scheme);
        }
        match &self.closes {
            Closes::InMinutes(minutes) if self.closes != empty.closes => add("minutes", minutes),
            _ => {}
        }
        link
    }

    /// The form that a link fills in. Anything is a link: what is not understood changes nothing.
    pub fn of_link(link: &str) -> Self {
        let mut form = Self::default();
        if link.len() > LINK_CHARS_MAX {
            return form;
        }
        let mut seen = Vec::new();
        for part in link.split('&').take(PARTS_MAX) {
            let Some((name, value)) = part.split_once('=') else { continue };
            let Some(value) = decode(value) else { continue };
            // The first word counts.
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            match name {
                "ask" => form.template = Template::named(&value).unwrap_or(form.template),
                "per" if value == "person" => form.per = Per::Person,
                "mean" => form.group_mean = value != "no",
                "scheme" if value.len() <= 20 => form.scheme = value,
                "minutes" => form.closes = Closes::InMinutes(value.chars().take(10).collect()),
                name => {
                    if let Some(input) = Input::named(name).filter(|input| *input != Input::Deadline) {
                        form.set(input, &value);
                    }
                }
            }
        }
        form
    }
}

/// Percent-encodes all but unreserved characters (RFC 3986).
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => into.push(byte.into()),
            // Writing to a string does not fail.
            _ => drop(write!(into, "%{byte:02X}")),
        }
    }
}

/// The text of a percent-encoded part; `None` where it is none. Control characters become spaces.
fn decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    Some(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}
