//! What core may not do: look at the machine it runs on.
//!
//! A node is a function of (state, input, now, seed). Code that reads a clock, draws randomness, iterates in hash order or asks for
//! the architecture breaks replay, and with it the simulator.

use crate::source::{code, has_word};
use crate::{Finding, STD_CORE, Tree, layers::needs_std};

/// Words that core's code does not hold, each with what to do instead.
const BANNED: &[(&str, &str)] = &[
    ("target_arch", "put what differs between targets into a shell and hand it in as an Input"),
    ("SystemTime", "take the time as `now: Instant`, the codec's own"),
    ("thread_rng", "draw from the seeded generator that the shell hands in"),
    ("OsRng", "draw from the seeded generator that the shell hands in"),
    ("getrandom", "draw from the seeded generator that the shell hands in"),
    ("HashMap", "use BTreeMap: its order is the same on every machine"),
    ("HashSet", "use BTreeSet: its order is the same on every machine"),
    ("Instant::now", "take the time as `now: Instant`, the codec's own"),
];

/// Folders whose numbers are hashed, signed or summed, so that every machine must agree on each bit.
const EXACT: &[&str] = &[
    "core/aggregate",
    "core/codec",
    "core/expr",
    "core/jobs",
    "core/query",
    "core/rank",
    "core/schema",
    "kernels/shaders",
];

/// The non-test Rust sources below `folder`, comments and literals blanked, inline test modules cut.
fn sources<'a>(tree: &'a Tree, folder: &'a str) -> impl Iterator<Item = (&'a str, String)> {
    tree.texts().filter_map(move |(path, text)| {
        let inside = path.strip_prefix(folder)?.strip_prefix("/src/")?;
        let is_test = inside.split('/').any(|part| matches!(part, "tests" | "tests.rs"));
        if !inside.ends_with(".rs") || is_test {
            return None;
        }
        let code = code(text);
        let end = code.find("#[cfg(test)]\nmod ").filter(|at| !declares_only(&code[*at..]));
        Some((path, code[..end.unwrap_or(code.len())].to_owned()))
    })
}

/// Whether the module at the start of `code` has its body in another file.
fn declares_only(code: &str) -> bool {
    code.find(['{', ';']).is_some_and(|at| code.as_bytes()[at] == b';')
}

fn find_words(tree: &Tree, folder: &str, words: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, code) in sources(tree, folder) {
        for (number, line) in code.lines().enumerate() {
            for (word, mend) in words.iter().filter(|(word, _)| has_word(line, word)) {
                let place = format!("{path}:{}", number + 1);
                findings.push(Finding::new(place, format!("`{word}` in core"), *mend));
            }
        }
    }
    findings
}

/// Core reads no clock, draws no randomness of its own, iterates in no hash order and asks for no architecture.
pub(crate) fn core_is_deterministic(tree: &Tree) -> Vec<Finding> {
    tree.core().flat_map(|member| find_words(tree, &member.folder, BANNED)).collect()
}

/// What is hashed, signed or summed holds no float: its rounding is not the same everywhere.
pub(crate) fn no_floats(tree: &Tree) -> Vec<Finding> {
    const MEND: &str = "use integers: fixed-point, as the computation's field says";
    EXACT.iter().flat_map(|folder| find_words(tree, folder, &[("f32", MEND), ("f64", MEND)])).collect()
}

/// Each core crate says `#![no_std]`, those in [`STD_CORE`] aside; one listed there needs to be.
pub(crate) fn core_is_no_std(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in tree.core() {
        let path = format!("{}/src/lib.rs", member.folder);
        let Some(source) = tree.text(&path) else {
            findings.push(Finding::new(&member.folder, "no src/lib.rs", "core crates are libraries"));
            continue;
        };
        let says_so = code(source).contains("#![no_std]");
        if !needs_std(member) && !says_so {
            findings.push(Finding::new(
                path,
                "the crate is not `#![no_std]`",
                "add `#![no_std]` and `extern crate alloc;`, or list the crate in STD_CORE in tests/tidy/src/layers.rs with the library \
                 that needs std",
            ));
        } else if needs_std(member) && says_so {
            findings.push(Finding::new(
                path,
                "the crate is `#![no_std]`, yet listed as needing std",
                "take it out of STD_CORE in tests/tidy/src/layers.rs",
            ));
        }
    }
    for (name, _) in STD_CORE {
        if !tree.members.is_empty() && !tree.core().any(|member| member.name == *name) {
            findings.push(Finding::new(
                "tests/tidy/src/layers.rs",
                format!("STD_CORE lists `{name}`, which is no core crate"),
                "take it out",
            ));
        }
    }
    findings
}

/// Each core crate's documentation says how large its state can grow.
pub(crate) fn core_states_bounds(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in tree.core() {
        let path = format!("{}/src/lib.rs", member.folder);
        let source = tree.text(&path).unwrap_or_default();
        if !source.lines().any(|line| line.trim_end() == "//! # Bounds") {
            findings.push(Finding::new(
                path,
                "the crate's documentation has no `# Bounds`",
                "say what bounds each thing that a peer can make grow; where nothing grows, say that",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests;
