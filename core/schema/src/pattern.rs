//! Patterns of text: regular expressions that take linear time, and the ones that Pydantic writes for decimals.

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
};
use regex_automata::{
    nfa::thompson::{self, WhichCaptures, pikevm::PikeVM},
    util::syntax,
};

/// Longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 1024;
/// Most bytes of a text that is matched against a pattern; a longer one does not fit.
pub const PATTERN_TEXT_MAX: usize = 8 * 1024;
/// Most bytes that a compiled pattern takes, which bounds the time per character of text.
const COMPILED_BYTES_MAX: usize = 64 * 1024;
/// Most groups within groups.
const NEST_MAX: u32 = 32;
/// How Pydantic up to 2.13 begins the pattern of a decimal: not only signs and points.
const DECIMAL: &str = "^(?!^[-+.]*$)[+-]?0*";

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub(crate) source: String,
    engine: Engine,
}

#[derive(Debug, Clone)]
enum Engine {
    Regex(Arc<PikeVM>),
    /// A number with so many digits before and after its point.
    Decimal {
        whole_max: Option<usize>,
        places_max: Option<usize>,
    },
}

impl Pattern {
    /// Compiles `source`, in the syntax of Rust's `regex`, which is also the one that Pydantic matches with.
    ///
    /// # Errors
    /// What is wrong with it, in the reader's words; also beyond [`PATTERN_BYTES_MAX`].
    pub fn new(source: &str) -> Result<Self, String> {
        if source.len() > PATTERN_BYTES_MAX {
            return Err(format!("it has {} bytes, and at most {PATTERN_BYTES_MAX} are read", source.len()));
        }
        let engine = match source.strip_prefix(DECIMAL) {
            Some(rest) => decimal(rest),
            None => {
                let thompson = thompson::Config::new()
                    .nfa_size_limit(Some(COMPILED_BYTES_MAX))
                    .which_captures(WhichCaptures::None);
                let syntax = syntax::Config::new().nest_limit(NEST_MAX);
                let parsed =
                    syntax::parse_with(source, &syntax).map_err(|error| last_line(&error.to_string()))?;
                let nfa = thompson::Compiler::new().configure(thompson).build_from_hir(&parsed);
                let nfa = nfa.map_err(|error| last_line(&error.to_string()))?;
                let engine = PikeVM::new_from_nfa(nfa).map_err(|error| last_line(&error.to_string()))?;
                Engine::Regex(Arc::new(engine))
            }
        };
        Ok(Self { source: source.to_string(), engine })
    }

    /// Whether it says that a text is a decimal number.
    pub(crate) fn is_decimal(&self) -> bool {
        matches!(self.engine, Engine::Decimal { .. })
    }

    /// Whether it is found in `text`, which has at most [`PATTERN_TEXT_MAX`] bytes.
    pub fn fits(&self, text: &str) -> bool {
        match &self.engine {
            Engine::Regex(engine) => {
                text.len() <= PATTERN_TEXT_MAX && engine.is_match(&mut engine.create_cache(), text)
            }
            Engine::Decimal { whole_max, places_max } => {
                if text.len() > PATTERN_TEXT_MAX || crate::number(text).is_none() {
                    return false;
                }
                let digits = text.trim().trim_start_matches(['+', '-']);
                let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
                let within = |part: &str, max: &Option<usize>| max.is_none_or(|max| part.len() <= max);
                within(whole.trim_start_matches('0'), whole_max)
                    && within(places.trim_end_matches('0'), places_max)
            }
        }
    }

    /// How many steps one match of `text` takes at most, in hundreds of states looked at.
    pub fn cost(&self, text: &str) -> u32 {
        let states = match &self.engine {
            Engine::Regex(engine) => engine.get_nfa().states().len(),
            Engine::Decimal { .. } => 1,
        };
        u32::try_from(states.saturating_mul(text.len().min(PATTERN_TEXT_MAX)) / 100).unwrap_or(u32::MAX)
    }
}

/// What comes after [`DECIMAL`]: `\d*\.?\d{0,2}0*$` and the like. The counts of digits are read; the expression
/// itself, with its look-ahead, is not needed.
fn decimal(rest: &str) -> Engine {
    let count = |before: &str| {
        let (_, after) = rest.split_once(before)?;
        after.split_once('}')?.0.parse().ok()
    };
    Engine::Decimal {
        whole_max: if rest.starts_with("(?:") { count(r"\d{0,") } else { None },
        places_max: count(r"\.\d{0,").or_else(|| count(r"\.?\d{0,")),
    }
}

/// The last line of the reader's error, which says what is wrong; the lines before it draw an arrow.
fn last_line(error: &str) -> String {
    let line = error.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_string()
}
