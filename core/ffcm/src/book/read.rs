//! From text to a book. Nothing here recurses, so that no nesting overflows a stack.

use super::{Book, BookError, Def, Problem, Redex, SOURCE_BYTES_MAX};
use crate::{
    cursor::{Cursor, Found, in_net_name, similar},
    number::{Num24, Operator},
    port::{Port, Tag, node},
};
use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec,
    vec::Vec,
};

/// What is known of a name: its number, where it is first used, and its definition.
struct Named {
    first_use: usize,
    def: Option<Def>,
}

/// A bracket whose second half has not come.
struct Open {
    tag: Tag,
    node: u32,
    /// Where the bracket stands in the text.
    at: usize,
    /// How many of its two trees have come.
    filled: usize,
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    names: BTreeMap<&'t str, u32>,
    named: Vec<(&'t str, Named)>,
    /// The names in the order of their definitions.
    defined: Vec<u32>,
}

/// The net of the definition that is being read.
struct Net<'t> {
    def: Def,
    wires: BTreeMap<&'t str, Wire>,
    open: Vec<Open>,
}

struct Wire {
    index: u32,
    ends: u32,
    first: usize,
}

pub(super) fn read(text: &str) -> Result<Book, BookError> {
    if text.len() > SOURCE_BYTES_MAX {
        return Err(BookError::at("", 0, Problem::TooLong));
    }
    let mut reader =
        Reader { cursor: Cursor::new(text), names: BTreeMap::new(), named: Vec::new(), defined: Vec::new() };
    reader.book().map_err(|(at, problem)| BookError::at(text, at, problem))
}

impl<'t> Reader<'t> {
    fn book(&mut self) -> Found<Book> {
        self.cursor.trivia();
        while self.cursor.peek().is_some() {
            self.cursor.expect("@", "`@` and a definition's name")?;
            self.cursor.trivia();
            let at = self.cursor.at;
            let name = self.cursor.name("a name", in_net_name)?;
            self.cursor.expect("=", "`=`")?;
            let number = self.number_of(name, at);
            let def = self.net(name)?;
            let slot = &mut self.named[number as usize].1.def;
            if slot.is_some() {
                return Err((at, Problem::DefinedTwice { name: name.to_string() }));
            }
            *slot = Some(def);
            self.defined.push(number);
        }
        let main = self.names.get("main").copied().filter(|main| self.named[*main as usize].1.def.is_some());
        let defined = |named: &Named| named.def.is_some();
        if let Some((name, named)) = self.named.iter().find(|(_, named)| !defined(named)) {
            let known = self.named.iter().filter(|(_, named)| defined(named)).map(|(name, _)| *name);
            let problem = Problem::Undefined { name: name.to_string(), similar: similar(name, known) };
            return Err((named.first_use, problem));
        }
        let main = main.ok_or((self.cursor.text.len(), Problem::NoMain))?;
        // Until here names were numbered as they came; from here on definitions are, as they stand in the text.
        let mut numbers = vec![0; self.named.len()];
        for (new, old) in self.defined.iter().enumerate() {
            numbers[*old as usize] = new as u32;
        }
        let mut defs = Vec::with_capacity(numbers.len());
        for old in &self.defined {
            defs.extend(self.named[*old as usize].1.def.take().map(|def| renumbered(def, &numbers)));
        }
        Ok(Book { defs, main: numbers[main as usize] })
    }

    /// The number of a definition, whether it has come or not.
    fn number_of(&mut self, name: &'t str, first_use: usize) -> u32 {
        let next = self.named.len() as u32;
        *self.names.entry(name).or_insert_with(|| {
            self.named.push((name, Named { first_use, def: None }));
            next
        })
    }

    fn net(&mut self, name: &str) -> Found<Def> {
        let mut net = Net {
            def: Def {
                name: name.to_string(),
                root: Port::ERA,
                redexes: Vec::new(),
                nodes: Vec::new(),
                wires: Vec::new(),
                safe: true,
                depth: 0,
            },
            wires: BTreeMap::new(),
            open: Vec::new(),
        };
        net.def.root = self.tree(&mut net)?;
        self.cursor.trivia();
        while self.cursor.eat("&") {
            self.cursor.trivia();
            let parallel = self.cursor.eat("!");
            let first = self.tree(&mut net)?;
            self.cursor.expect("~", "`~`")?;
            let second = self.tree(&mut net)?;
            net.def.redexes.push(Redex { first, second, parallel });
            self.cursor.trivia();
        }
        let lone = net.wires.iter().filter(|(_, wire)| wire.ends == 1).min_by_key(|(_, wire)| wire.first);
        if let Some((name, wire)) = lone {
            return Err((wire.first, Problem::OneEnd { name: name.to_string() }));
        }
        Ok(net.def)
    }

    /// One tree: opens brackets, fills them, and closes those that are full.
    fn tree(&mut self, net: &mut Net<'t>) -> Found<Port> {
        loop {
            self.cursor.trivia();
            let at = self.cursor.at;
            let bracket = [("(", Tag::Con), ("{", Tag::Dup), ("$(", Tag::Opr), ("?(", Tag::Swi)];
            let mut tree =
                if let Some((_, tag)) = bracket.into_iter().find(|(bracket, _)| self.cursor.eat(bracket)) {
                    let index = net.def.nodes.len() as u32;
                    net.def.nodes.push(node(0, Port::ERA, Port::ERA));
                    net.def.safe &= tag != Tag::Dup;
                    net.open.push(Open { tag, node: index, at, filled: 0 });
                    net.def.depth = net.def.depth.max(net.open.len() as u32);
                    continue;
                } else {
                    net.open.last().map_or(Ok(()), |open| self.not_ended(open))?;
                    self.leaf(net)?
                };
            loop {
                let Some(open) = net.open.last_mut() else { return Ok(tree) };
                open.filled += 1;
                net.def.nodes[open.node as usize][open.filled] = tree.0;
                if open.filled == 1 {
                    break;
                }
                let close = if open.tag == Tag::Dup { "}" } else { ")" };
                self.cursor.trivia();
                self.not_ended(open)?;
                let closed = Port::new(open.tag, open.node);
                net.open.pop();
                self.cursor.expect(close, if close == "}" { "`}`" } else { "`)`" })?;
                tree = closed;
            }
        }
    }

    /// Blames the innermost open bracket if the text has ended.
    fn not_ended(&self, open: &Open) -> Found<()> {
        let bracket = match open.tag {
            Tag::Dup => "{",
            Tag::Opr => "$(",
            Tag::Swi => "?(",
            _ => "(",
        };
        if self.cursor.peek().is_some() { Ok(()) } else { Err((open.at, Problem::Unclosed { bracket })) }
    }

    fn leaf(&mut self, net: &mut Net<'t>) -> Found<Port> {
        let at = self.cursor.at;
        match self.cursor.peek() {
            Some('@') => {
                self.cursor.at += 1;
                self.cursor.trivia();
                let name = self.cursor.name("a definition's name", in_net_name)?;
                Ok(Port::new(Tag::Ref, self.number_of(name, at)))
            }
            Some('*') => {
                self.cursor.at += 1;
                Ok(Port::ERA)
            }
            Some('[') => Ok(Port::new(Tag::Num, self.symbol()?.0)),
            Some('0'..='9' | '+' | '-') => Ok(Port::new(Tag::Num, self.literal()?.0)),
            _ => {
                let name = self
                    .cursor
                    .name("a tree: a wire's name, a number, `@`, `*`, `(`, `{`, `$(` or `?(`", in_net_name)?;
                let index = net.wires.len() as u32;
                let wire = net.wires.entry(name).or_insert(Wire { index, ends: 0, first: at });
                wire.ends += 1;
                match wire.ends {
                    1 => net.def.wires.push(name.to_string()),
                    2 => {}
                    _ => return Err((at, Problem::ThreeEnds { name: name.to_string() })),
                }
                Ok(Port::wire(wire.index))
            }
        }
    }

    /// An operator in square brackets, alone or with an operand.
    fn symbol(&mut self) -> Found<Num24> {
        self.cursor.expect("[", "`[`")?;
        self.cursor.trivia();
        let found = Operator::ALL.into_iter().find(|(sign, _)| self.cursor.eat(sign));
        let Some((_, operator)) = found else {
            return Err(self.cursor.unexpected("an operator, such as `+` or `u24`"));
        };
        self.cursor.trivia();
        let symbol = if self.cursor.peek() == Some(']') || operator.is_cast() {
            Num24::symbol(operator)
        } else {
            Num24::partial(operator, self.literal()?)
        };
        self.cursor.expect("]", "`]`")?;
        Ok(symbol)
    }

    fn literal(&mut self) -> Found<Num24> {
        let at = self.cursor.at;
        let text = self.cursor.take(|c| c.is_alphanumeric() || "+-.".contains(c));
        if text.is_empty() {
            return Err(self.cursor.unexpected("a number"));
        }
        let wrong = |problem: fn(String) -> Problem| (at, problem(text.to_string()));
        let no_number = || wrong(|text| Problem::Number { text });
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let is_float = text.contains('.') || text.contains("inf") || text.contains("NaN");
        // Very large and very small floats are written `1e20`, without a point.
        if is_float || text.contains('e') && !digits.starts_with("0x") {
            return text.parse().map(Num24::f24).map_err(|_| no_number());
        }
        let value = match digits.get(..2) {
            Some("0x") => u64::from_str_radix(&digits[2..], 16),
            Some("0b") => u64::from_str_radix(&digits[2..], 2),
            _ => digits.parse(),
        };
        if !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.contains(['+', '-']) {
            return Err(no_number());
        }
        let range = || wrong(|text| Problem::NumberRange { text });
        let value = value.map_err(|error| match error.kind() {
            core::num::IntErrorKind::PosOverflow => range(),
            _ => no_number(),
        })?;
        let value = i32::try_from(value).map_err(|_| range())?;
        let (value, least, most) = match text.as_bytes()[0] {
            b'+' => (value, 0, (1 << 23) - 1),
            b'-' => (-value, -(1 << 23), 0),
            _ => (value, 0, (1 << 24) - 1),
        };
        if !(least..=most).contains(&value) {
            return Err(range());
        }
        Ok(if digits.len() == text.len() { Num24::u24(value as u32) } else { Num24::i24(value) })
    }
}

/// The definition with other numbers in its references.
fn renumbered(mut def: Def, numbers: &[u32]) -> Def {
    let renumber = |port: Port| match port.tag() {
        Tag::Ref => Port::new(Tag::Ref, numbers[port.value() as usize]),
        _ => port,
    };
    def.root = renumber(def.root);
    for redex in &mut def.redexes {
        (redex.first, redex.second) = (renumber(redex.first), renumber(redex.second));
    }
    for [_, first, second, _] in &mut def.nodes {
        (*first, *second) = (renumber(Port(*first)).0, renumber(Port(*second)).0);
    }
    def
}
