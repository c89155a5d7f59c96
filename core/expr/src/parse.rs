//! Tokens into a tree: the grammar of cel-spec's language definition, by precedence climbing.

use crate::{
    DEPTH_MAX, NODES_MAX, SOURCE_BYTES_MAX,
    ast::{Binary, Kind, Node, RESERVED, level},
    error::{Hinted, Problem, fail, hint},
    lexer::{Placed, Token, tokens},
};
use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

/// The tree of `source`.
pub(crate) fn parse(source: &str) -> Result<Node, Hinted> {
    if source.len() > SOURCE_BYTES_MAX {
        return fail(SOURCE_BYTES_MAX, Problem::TooLong, None);
    }
    let mut parser = Parser { tokens: tokens(source)?, next: 0, depth: 0, nodes: 0 };
    let node = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => parser.expected("an operator or the end"),
    }
}

struct Parser {
    /// Never empty; the last one is [`Token::End`].
    tokens: Vec<Placed>,
    next: usize,
    /// Expressions within each other, right now.
    depth: u32,
    nodes: usize,
}

/// Most expressions within each other while parsing: a choice in brackets is two of them, and one level of the tree.
const NEST_MAX: u32 = 2 * DEPTH_MAX;

/// What an operator symbol makes.
enum Infix {
    Binary(Binary),
    All,
    Any,
}

impl Parser {
    fn placed(&self) -> &Placed {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &Token {
        &self.placed().token
    }

    fn at(&self) -> u32 {
        self.placed().at
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Token::Symbol(found) if *found == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str, expected: &'static str) -> Result<(), Hinted> {
        if self.take(symbol) { Ok(()) } else { self.expected(expected) }
    }

    fn expected<T>(&self, expected: &'static str) -> Result<T, Hinted> {
        let (found, mend) = match self.peek() {
            Token::Number(number) => (format!("{number}"), None),
            Token::Text(_) => ("text".to_string(), None),
            Token::Name(name) => (
                format!("`{name}`"),
                match name.to_ascii_lowercase().as_str() {
                    "and" => hint("did you mean `&&`?"),
                    "or" => hint("did you mean `||`?"),
                    "not" => hint("did you mean `!`?"),
                    "is" => hint("did you mean `==`?"),
                    "if" | "then" | "else" => hint("write a choice as `condition ? yes : no`"),
                    "between" => hint("write `low <= x && x < high`"),
                    "like" => hint("write `x.contains('text')`, or `x.matches('pattern')`"),
                    _ => None,
                },
            ),
            Token::Quoted(name) => (format!("`{name}`"), None),
            Token::Symbol("{") => {
                return fail(self.at() as usize, Problem::Unsupported { what: "messages" }, None);
            }
            Token::Symbol(symbol) => (format!("`{symbol}`"), None),
            Token::End => ("the end".to_string(), None),
        };
        fail(self.at() as usize, Problem::Expected { expected, found }, mend)
    }

    fn node(&mut self, kind: Kind, start: u32, at: u32) -> Result<Node, Hinted> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return fail(at as usize, Problem::TooMany, None);
        }
        let below = match &kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Name(_) => 0,
            Kind::Select(of, _) | Kind::Not(of) | Kind::Negate(of) => of.depth,
            Kind::Index(a, b) | Kind::Binary(_, a, b) => a.depth.max(b.depth),
            Kind::Choose(a, b, c) => a.depth.max(b.depth).max(c.depth),
            Kind::All(parts) | Kind::Any(parts) | Kind::List(parts) => deepest(parts),
            Kind::Call { receiver, arguments, .. } => {
                deepest(arguments).max(receiver.as_ref().map_or(0, |receiver| receiver.depth))
            }
        };
        if below >= DEPTH_MAX {
            return fail(at as usize, Problem::TooDeep, None);
        }
        Ok(Node { kind, start, at, depth: below + 1 })
    }

    /// `Expr` of the grammar.
    fn expression(&mut self) -> Result<Node, Hinted> {
        self.depth += 1;
        if self.depth > NEST_MAX {
            return fail(self.at() as usize, Problem::TooDeep, None);
        }
        let condition = self.infix(level::ANY)?;
        let at = self.at();
        let node = if self.take("?") {
            let yes = self.infix(level::ANY)?;
            self.expect(":", "`:` and what else it is")?;
            let no = self.expression()?;
            let start = condition.start;
            self.node(Kind::Choose(Box::new(condition), Box::new(yes), Box::new(no)), start, at)?
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    fn infix_here(&self) -> Option<(Infix, u8)> {
        let operator = match self.peek() {
            Token::Symbol("&&") => return Some((Infix::All, level::ALL)),
            Token::Symbol("||") => return Some((Infix::Any, level::ANY)),
            Token::Symbol("==") => Binary::Equal,
            Token::Symbol("!=") => Binary::Unequal,
            Token::Symbol("<") => Binary::Less,
            Token::Symbol("<=") => Binary::LessEqual,
            Token::Symbol(">") => Binary::Greater,
            Token::Symbol(">=") => Binary::GreaterEqual,
            Token::Symbol("+") => Binary::Add,
            Token::Symbol("-") => Binary::Subtract,
            Token::Symbol("*") => Binary::Multiply,
            Token::Symbol("/") => Binary::Divide,
            Token::Symbol("%") => Binary::Remainder,
            Token::Name(name) if name == "in" => Binary::In,
            _ => return None,
        };
        Some((Infix::Binary(operator), operator.level()))
    }

    /// Operators that bind at least as tightly as `least`, and their operands.
    fn infix(&mut self, least: u8) -> Result<Node, Hinted> {
        let mut left = self.unary()?;
        // The last chain of `&&` or `||` that is still open: one that stands in brackets is closed.
        let mut open = false;
        while let Some((infix, own)) = self.infix_here().filter(|(_, own)| *own >= least) {
            let at = self.at();
            self.next += 1;
            let right = self.infix(own + 1)?;
            let start = left.start;
            left = match (infix, left) {
                (Infix::Binary(operator), left) => {
                    open = false;
                    self.node(Kind::Binary(operator, Box::new(left), Box::new(right)), start, at)?
                }
                (Infix::All, Node { kind: Kind::All(mut parts), at, .. }) if open => {
                    parts.push(right);
                    self.node(Kind::All(parts), start, at)?
                }
                (Infix::Any, Node { kind: Kind::Any(mut parts), at, .. }) if open => {
                    parts.push(right);
                    self.node(Kind::Any(parts), start, at)?
                }
                (Infix::All, left) => {
                    open = true;
                    self.node(Kind::All(Vec::from([left, right])), start, at)?
                }
                (Infix::Any, left) => {
                    open = true;
                    self.node(Kind::Any(Vec::from([left, right])), start, at)?
                }
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, Hinted> {
        let mut signs = Vec::new();
        let not = self.is("!");
        while self.is(if not { "!" } else { "-" }) {
            signs.push(self.at());
            self.next += 1;
        }
        if !signs.is_empty() && (self.is("-") || self.is("!")) {
            return self.expected("a value or a bracket");
        }
        let literal = matches!(self.peek(), Token::Number(_));
        let mut node = self.member()?;
        while let Some(at) = signs.pop() {
            node = match node.kind {
                // `-5` is a number, and `-5.days()` the negative of what 5 gives.
                Kind::Number(number)
                    if literal && !not && !number.is_sign_negative() && !number.is_zero() =>
                {
                    Node { kind: Kind::Number(-number), start: at, at, depth: node.depth }
                }
                kind => {
                    let inner = Box::new(Node { kind, ..node });
                    self.node(if not { Kind::Not(inner) } else { Kind::Negate(inner) }, at, at)?
                }
            };
        }
        Ok(node)
    }

    fn member(&mut self) -> Result<Node, Hinted> {
        let mut node = self.primary()?;
        loop {
            let start = node.start;
            if self.take(".") {
                let at = self.at();
                let (name, quoted) = match self.peek() {
                    // After a dot the words that CEL reserves are names like others.
                    Token::Name(name) if !matches!(name.as_str(), "in" | "true" | "false" | "null") => {
                        (name.clone(), false)
                    }
                    Token::Quoted(name) => (name.clone(), true),
                    _ => return self.expected("a field's or a function's name"),
                };
                self.next += 1;
                let kind = if !quoted && self.take("(") {
                    Kind::Call { receiver: Some(Box::new(node)), name, arguments: self.arguments(")")? }
                } else {
                    Kind::Select(Box::new(node), name)
                };
                node = self.node(kind, start, at)?;
            } else if self.is("[") {
                let at = self.at();
                self.next += 1;
                let index = self.expression()?;
                self.expect("]", "`]`")?;
                node = self.node(Kind::Index(Box::new(node), Box::new(index)), start, at)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Result<Node, Hinted> {
        let at = self.at();
        let kind = match self.peek().clone() {
            Token::Number(number) => Kind::Number(number),
            Token::Text(text) => Kind::Text(text),
            Token::Quoted(name) => Kind::Name(name),
            Token::Name(name) => return self.named(name),
            Token::Symbol("(") => {
                self.next += 1;
                let node = self.expression()?;
                self.expect(")", "`)`")?;
                return Ok(Node { start: at, ..node });
            }
            Token::Symbol("[") => {
                self.next += 1;
                let items = self.arguments("]")?;
                return self.node(Kind::List(items), at, at);
            }
            Token::Symbol("{") => return fail(at as usize, Problem::Unsupported { what: "maps" }, None),
            Token::Symbol(".") => {
                return fail(
                    at as usize,
                    Problem::Unsupported { what: "packages" },
                    hint("leave out the dot"),
                );
            }
            _ => return self.expected("a value"),
        };
        self.next += 1;
        self.node(kind, at, at)
    }

    fn named(&mut self, name: String) -> Result<Node, Hinted> {
        let at = self.at();
        let kind = match name.as_str() {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            "in" => return self.expected("a value"),
            word if RESERVED.contains(&word) => {
                let mend = match word {
                    "if" => hint("write a choice as `condition ? yes : no`"),
                    _ => Some(format!("put a field of this name into backticks: `{word}`")),
                };
                return fail(at as usize, Problem::Reserved { word: name }, mend);
            }
            _ => {
                self.next += 1;
                let kind = if self.take("(") {
                    Kind::Call { receiver: None, name, arguments: self.arguments(")")? }
                } else {
                    Kind::Name(name)
                };
                return self.node(kind, at, at);
            }
        };
        self.next += 1;
        self.node(kind, at, at)
    }

    /// Expressions between commas, up to the bracket that closes them; a comma may stand before it.
    fn arguments(&mut self, close: &'static str) -> Result<Vec<Node>, Hinted> {
        let mut arguments = Vec::new();
        while !self.take(close) {
            arguments.push(self.expression()?);
            if !self.take(",") && !self.is(close) {
                return self.expected(if close == ")" { "`,` or `)`" } else { "`,` or `]`" });
            }
        }
        Ok(arguments)
    }
}

fn deepest(nodes: &[Node]) -> u32 {
    nodes.iter().map(|node| node.depth).max().unwrap_or(0)
}
