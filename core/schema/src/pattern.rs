//! Patterns of text: regular expressions that take linear time, and the ones that Pydantic writes for decimals.
//!
//! The syntax is what Rust's `regex`, with which Pydantic matches, and ECMA 262, which JSON Schema names, have in common: an
//! expression that is read here means the same there, but that `\d` is 0 to 9. Everything else is refused. The engine is
//! small because a page loads it: `regex-automata` takes 89 kB of it, gzipped, and `regex-lite` needs an operating system.

mod parse;
mod program;

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
};
use program::Program;

/// Longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 1024;
/// Most bytes of a text that is matched against a pattern; a longer one does not fit.
pub const PATTERN_TEXT_MAX: usize = 8 * 1024;
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
    Regex(Arc<Program>),
    /// A number with so many digits before and after its point.
    Decimal {
        whole_max: Option<usize>,
        places_max: Option<usize>,
    },
}

impl Pattern {
    /// Compiles `source`.
    ///
    /// # Errors
    /// What is wrong with it, where, and the mend; also beyond [`PATTERN_BYTES_MAX`].
    pub fn new(source: &str) -> Result<Self, String> {
        if source.len() > PATTERN_BYTES_MAX {
            return Err(format!("it has {} bytes, and at most {PATTERN_BYTES_MAX} are read", source.len()));
        }
        let engine = match source.strip_prefix(DECIMAL) {
            Some(rest) => decimal(rest),
            None => Engine::Regex(Arc::new(Program::new(&parse::parse(source)?)?)),
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
            Engine::Regex(program) => text.len() <= PATTERN_TEXT_MAX && program.is_found(text),
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

    /// How many steps one match of `text` takes at most, in hundreds of comparisons.
    pub fn cost(&self, text: &str) -> u32 {
        let states = match &self.engine {
            Engine::Regex(program) => program.comparisons(),
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
