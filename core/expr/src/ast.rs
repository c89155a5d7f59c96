//! The tree that source text stands for, before any types.

use alloc::{boxed::Box, string::String, vec::Vec};
use rust_decimal::Decimal;

/// A node of the tree, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// The byte that the node begins at.
    pub(crate) start: u32,
    /// The byte that stands for the node: an operator, a function's name, else the start.
    pub(crate) at: u32,
    /// Levels of the tree from here down.
    pub(crate) depth: u32,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    Name(String),
    Select(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    /// `a && b && c`: one node, so that a long filter is not a deep one.
    All(Vec<Node>),
    /// `a || b || c`.
    Any(Vec<Node>),
    Choose(Box<Node>, Box<Node>, Box<Node>),
    List(Vec<Node>),
    Call {
        receiver: Option<Box<Node>>,
        name: String,
        arguments: Vec<Node>,
    },
}

/// An operator between two operands that always reads both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Binary {
    /// How it is written.
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// How tightly it binds.
    pub(crate) const fn level(self) -> u8 {
        match self {
            Self::Add | Self::Subtract => level::SUM,
            Self::Multiply | Self::Divide | Self::Remainder => level::PRODUCT,
            _ => level::RELATION,
        }
    }
}

/// How tightly the parts of an expression bind: the table of precedence in cel-spec, turned round.
pub(crate) mod level {
    pub(crate) const CHOOSE: u8 = 0;
    pub(crate) const ANY: u8 = 1;
    pub(crate) const ALL: u8 = 2;
    pub(crate) const RELATION: u8 = 3;
    pub(crate) const SUM: u8 = 4;
    pub(crate) const PRODUCT: u8 = 5;
    pub(crate) const UNARY: u8 = 6;
    pub(crate) const MEMBER: u8 = 7;
}

impl Node {
    /// How tightly the node binds.
    pub(crate) fn level(&self) -> u8 {
        match &self.kind {
            Kind::Choose(..) => level::CHOOSE,
            Kind::Any(_) => level::ANY,
            Kind::All(_) => level::ALL,
            Kind::Binary(operator, ..) => operator.level(),
            Kind::Not(_) | Kind::Negate(_) => level::UNARY,
            Kind::Number(number) if number.is_sign_negative() => level::UNARY,
            _ => level::MEMBER,
        }
    }
}

/// Words that name nothing in CEL, so that a host language may hold it.
pub(crate) const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Whether `name` is an identifier without backticks.
pub(crate) fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name)
        && !matches!(name, "true" | "false" | "null" | "in")
}
