//! The tree back into source text, with no bracket that it can do without.

use crate::ast::{Kind, Node, is_plain, level};
use alloc::string::String;
use core::fmt::{self, Write};

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Null => f.write_str("null"),
            Kind::Bool(value) => write!(f, "{value}"),
            Kind::Number(number) => write!(f, "{}", number.normalize()),
            Kind::Text(text) => write_text(f, text),
            Kind::Name(name) => write_name(f, name),
            Kind::Select(of, name) => {
                tight(f, of, level::MEMBER)?;
                f.write_char('.')?;
                write_name(f, name)
            }
            Kind::Index(of, index) => {
                tight(f, of, level::MEMBER)?;
                write!(f, "[{index}]")
            }
            Kind::Not(of) => {
                f.write_char('!')?;
                tight(f, of, if matches!(of.kind, Kind::Not(_)) { level::UNARY } else { level::MEMBER })
            }
            Kind::Negate(of) => {
                f.write_char('-')?;
                match of.kind {
                    // `-5` is one number, so a negated 5 needs a bracket.
                    Kind::Number(number) if !number.is_sign_negative() => write!(f, "({of})"),
                    Kind::Number(_) | Kind::Negate(_) => write!(f, "{of}"),
                    _ => tight(f, of, level::MEMBER),
                }
            }
            Kind::Binary(operator, left, right) => {
                tight(f, left, operator.level())?;
                write!(f, " {} ", operator.symbol())?;
                tight(f, right, operator.level() + 1)
            }
            Kind::All(parts) => chain(f, parts, " && ", level::ALL),
            Kind::Any(parts) => chain(f, parts, " || ", level::ANY),
            Kind::Choose(condition, yes, no) => {
                tight(f, condition, level::ANY)?;
                f.write_str(" ? ")?;
                tight(f, yes, level::ANY)?;
                write!(f, " : {no}")
            }
            Kind::List(items) => {
                f.write_char('[')?;
                commas(f, items)?;
                f.write_char(']')
            }
            Kind::Call { receiver, name, arguments } => {
                if let Some(receiver) = receiver {
                    tight(f, receiver, level::MEMBER)?;
                    f.write_char('.')?;
                }
                write!(f, "{name}(")?;
                commas(f, arguments)?;
                f.write_char(')')
            }
        }
    }
}

fn tight(f: &mut fmt::Formatter<'_>, node: &Node, wanted: u8) -> fmt::Result {
    if node.level() < wanted { write!(f, "({node})") } else { write!(f, "{node}") }
}

fn chain(f: &mut fmt::Formatter<'_>, parts: &[Node], between: &str, own: u8) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        tight(f, part, own + 1)?;
    }
    Ok(())
}

fn commas(f: &mut fmt::Formatter<'_>, nodes: &[Node]) -> fmt::Result {
    for (at, node) in nodes.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{node}")?;
    }
    Ok(())
}

fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if is_plain(name) { f.write_str(name) } else { write!(f, "`{name}`") }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('\'')?;
    for c in text.chars() {
        match c {
            '\'' => f.write_str("\\'")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\U{:08x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('\'')
}

/// `text` as CEL writes it, in single quotes.
pub(crate) fn quote(text: &str) -> String {
    struct Quoted<'t>(&'t str);
    impl fmt::Display for Quoted<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_text(f, self.0)
        }
    }
    alloc::format!("{}", Quoted(text))
}

/// `name` as an identifier, in backticks where it needs them.
pub(crate) fn name(name: &str) -> String {
    if is_plain(name) { String::from(name) } else { alloc::format!("`{name}`") }
}
