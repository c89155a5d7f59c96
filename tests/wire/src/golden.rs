//! Golden files: named entries of bytes or text, compared entry by entry.
//!
//! ```text
//! Request::Open, from the start
//!     0000
//! ```

use data_encoding::HEXLOWER;
use std::{fmt::Write as _, fs, path::PathBuf};

/// Hexadecimal digits on a line.
const LINE: usize = 96;
/// Set to write the golden files anew.
const APPROVE: &str = "FORMIX_APPROVE_WIRE";

/// A sample under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether the file shows it as the text that it is, rather than in hexadecimal digits.
    pub is_text: bool,
}

impl Entry {
    /// Bytes that no person reads as they are.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into(), is_text: false }
    }

    /// A line of text.
    pub fn text(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: text.into(), is_text: true }
    }

    fn body(&self) -> String {
        let text = if self.is_text {
            String::from_utf8_lossy(&self.bytes).into_owned()
        } else {
            HEXLOWER.encode(&self.bytes)
        };
        let mut body = String::new();
        if self.is_text {
            let _ = writeln!(body, "    {text}");
        } else {
            for line in text.as_bytes().chunks(LINE) {
                let _ = writeln!(body, "    {}", String::from_utf8_lossy(line));
            }
        }
        body
    }
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(file)
}

/// The entries of a golden file; hexadecimal unless `is_text`.
///
/// # Panics
/// Where the file is missing or not of this form.
pub fn read(file: &str, is_text: bool) -> Vec<Entry> {
    let text = fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("golden/{file}: {error}"));
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("    ") {
            None => entries.push(Entry { name: line.into(), bytes: Vec::new(), is_text }),
            Some(body) => {
                let entry = entries.last_mut().expect("a name before its bytes");
                if is_text {
                    entry.bytes.extend_from_slice(body.as_bytes());
                } else {
                    let bytes = HEXLOWER.decode(body.as_bytes());
                    entry.bytes.extend(bytes.unwrap_or_else(|error| panic!("{}: {error}", entry.name)));
                }
            }
        }
    }
    entries
}

/// Compares `entries` with a golden file, or writes it anew when `FORMIX_APPROVE_WIRE` is set.
///
/// # Panics
/// With each difference, where there are any.
pub fn check(file: &str, about: &str, entries: &[Entry]) {
    if std::env::var_os(APPROVE).is_some_and(|value| value == "1") {
        let mut text = format!("# {about}\n# Frozen: see ../src/lib.rs before you change a line.\n");
        for entry in entries {
            let _ = write!(text, "\n{}\n{}", entry.name, entry.body());
        }
        fs::write(path(file), text).expect("the golden folder can be written");
        return;
    }
    let is_text = entries.first().is_some_and(|entry| entry.is_text);
    let differences = differences(&read(file, is_text), entries);
    assert!(
        differences.is_empty(),
        "golden/{file} differs from what is encoded now:\n{differences}\nIf that is meant, run again with {APPROVE}=1 and review the diff.",
    );
}

/// What is in one list and not in the other, entry by entry.
pub fn differences(golden: &[Entry], now: &[Entry]) -> String {
    let mut text = String::new();
    for entry in golden {
        match now.iter().find(|other| other.name == entry.name) {
            None => {
                let _ = writeln!(text, "- {} is gone", entry.name);
            }
            Some(other) if other.bytes != entry.bytes => {
                let at = entry.bytes.iter().zip(&other.bytes).take_while(|(a, b)| a == b).count();
                let _ = write!(
                    text,
                    "! {} differs from byte {at} on\n-{}+{}",
                    entry.name,
                    entry.body(),
                    other.body()
                );
            }
            Some(_) => {}
        }
    }
    for entry in now.iter().filter(|entry| golden.iter().all(|other| other.name != entry.name)) {
        let _ = writeln!(text, "+ {} is new", entry.name);
    }
    if text.is_empty() && !golden.iter().map(|entry| &entry.name).eq(now.iter().map(|entry| &entry.name)) {
        text.push_str("! the order of the entries differs\n");
    }
    text
}
