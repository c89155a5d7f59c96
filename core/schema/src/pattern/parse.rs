//! Reads a regular expression into a tree.

use alloc::{boxed::Box, format, string::String, sync::Arc, vec, vec::Vec};
use core::{iter::Peekable, str::Chars};

/// Most groups within groups.
const NEST_MAX: usize = 32;
/// Most repetitions that a count asks for.
const COUNT_MAX: u32 = 1000;

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    Empty,
    One(Arc<Class>),
    /// At the beginning of the text.
    Start,
    /// At the end of the text.
    End,
    /// Between a character of a word and another one, or where not.
    Edge(bool),
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Repeat {
        of: Box<Tree>,
        min: u32,
        /// `None`: without end.
        max: Option<u32>,
    },
}

fn one(class: Class) -> Tree {
    Tree::One(Arc::new(class))
}

/// A set of characters.
#[derive(Debug, Clone, Default)]
pub(super) struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
    sets: Vec<(Set, bool)>,
}

/// A set that has a letter of its own.
#[derive(Debug, Clone, Copy)]
enum Set {
    Digit,
    Word,
    Space,
}

impl Set {
    fn has(self, c: char) -> bool {
        match self {
            Self::Digit => c.is_ascii_digit(),
            Self::Word => is_word(c),
            Self::Space => c.is_whitespace(),
        }
    }
}

/// Whether words are made of it: letters and digits of any script, and `_`.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Class {
    fn of(c: char) -> Self {
        Self { ranges: vec![(c, c)], ..Self::default() }
    }

    fn set(set: Set, has: bool) -> Self {
        Self { sets: vec![(set, has)], ..Self::default() }
    }

    /// How many comparisons [`Class::has`] takes.
    pub(super) fn len(&self) -> usize {
        self.ranges.len() + self.sets.len()
    }

    pub(super) fn has(&self, c: char) -> bool {
        let listed = self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
        (listed || self.sets.iter().any(|(set, has)| set.has(c) == *has)) != self.negated
    }
}

/// What is wrong, and the character at which it is, from 1.
type Wrong = String;

/// Reads a whole expression.
pub(super) fn parse(source: &str) -> Result<Tree, Wrong> {
    let mut parser = Parser { rest: source.chars().peekable(), at: 0 };
    let tree = parser.alternatives(0)?;
    match parser.rest.peek() {
        None => Ok(tree),
        Some(_) => Err(parser.wrong("a `)` that closes nothing; write `\\)` for the character")),
    }
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    /// Characters read.
    at: usize,
}

impl Parser<'_> {
    fn wrong(&self, what: &str) -> Wrong {
        format!("at character {}, {what}", self.at.max(1))
    }

    fn next(&mut self) -> Option<char> {
        self.at += 1;
        self.rest.next()
    }

    fn eat(&mut self, c: char) -> bool {
        let there = self.rest.peek() == Some(&c);
        if there {
            self.next();
        }
        there
    }

    fn alternatives(&mut self, level: usize) -> Result<Tree, Wrong> {
        let mut all = vec![self.row(level)?];
        while self.eat('|') {
            all.push(self.row(level)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Tree::Any(all) })
    }

    fn row(&mut self, level: usize) -> Result<Tree, Wrong> {
        let mut row = Vec::new();
        while let Some(c) = self.rest.peek()
            && !matches!(c, '|' | ')')
        {
            let one = self.one(level)?;
            row.push(self.repeated(one)?);
        }
        Ok(match row.len() {
            0 => Tree::Empty,
            1 => row.remove(0),
            _ => Tree::All(row),
        })
    }

    fn one(&mut self, level: usize) -> Result<Tree, Wrong> {
        Ok(match self.next() {
            Some('.') => one(Class { negated: true, ..Class::of('\n') }),
            Some('^') => Tree::Start,
            Some('$') => Tree::End,
            Some('[') => one(self.class()?),
            Some('(') => self.group(level)?,
            Some('\\') => match self.next() {
                Some('b') => Tree::Edge(true),
                Some('B') => Tree::Edge(false),
                Some('A') => Tree::Start,
                Some('z') => Tree::End,
                Some(c) => one(self.escape(c)?),
                None => return Err(self.wrong("`\\` stands at the end; write `\\\\` for the character")),
            },
            Some('*' | '+' | '?') => return Err(self.wrong("nothing is there to repeat")),
            Some(c @ ('{' | '}' | ']')) => {
                return Err(self.wrong(&format!("a lone `{c}`; write `\\{c}` for the character")));
            }
            Some(c) => one(Class::of(c)),
            None => Tree::Empty,
        })
    }

    fn group(&mut self, level: usize) -> Result<Tree, Wrong> {
        if level >= NEST_MAX {
            return Err(self.wrong("groups are nested too deeply"));
        }
        if self.eat('?') {
            match self.next() {
                Some(':') => {}
                Some('P') if self.eat('<') => self.name()?,
                Some('<') if !matches!(self.rest.peek(), Some('=' | '!')) => self.name()?,
                Some('=' | '!' | '<') => return Err(self.wrong("look-around is not supported")),
                _ => return Err(self.wrong("flags are not supported; write `[aA]` for either case")),
            }
        }
        let tree = self.alternatives(level + 1)?;
        if self.eat(')') { Ok(tree) } else { Err(self.wrong("unclosed group: a `)` is missing")) }
    }

    /// A group's name, which nobody asks for.
    fn name(&mut self) -> Result<(), Wrong> {
        while let Some(c) = self.next() {
            match c {
                '>' => return Ok(()),
                c if is_word(c) => {}
                _ => break,
            }
        }
        Err(self.wrong("a group's name is letters and digits between `<` and `>`"))
    }

    fn repeated(&mut self, mut tree: Tree) -> Result<Tree, Wrong> {
        loop {
            let (min, max) = match self.rest.peek() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('{') => (0, None),
                _ => return Ok(tree),
            };
            let counted = self.next() == Some('{');
            let (min, max) = if counted { self.counts()? } else { (min, max) };
            // Few or many make no difference to whether a text matches.
            self.eat('?');
            tree = Tree::Repeat { of: Box::new(tree), min, max };
        }
    }

    /// `3}`, `3,}` or `3,5}`.
    fn counts(&mut self) -> Result<(u32, Option<u32>), Wrong> {
        let min = self.number()?;
        let max = match self.eat(',') {
            false => Some(min),
            true if self.rest.peek() == Some(&'}') => None,
            true => Some(self.number()?),
        };
        if !self.eat('}') {
            return Err(self.wrong("a count is `{3}`, `{3,}` or `{3,5}`; write `\\{` for the character"));
        }
        match max {
            Some(max) if max < min => Err(self.wrong("a count's upper end is below its lower end")),
            _ => Ok((min, max)),
        }
    }

    fn number(&mut self) -> Result<u32, Wrong> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(10)) {
            self.next();
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit));
        }
        match number {
            Some(number) if number <= COUNT_MAX => Ok(number),
            Some(_) => Err(self.wrong(&format!("a count is at most {COUNT_MAX}"))),
            None => Err(self.wrong("a count is `{3}`, `{3,}` or `{3,5}`; write `\\{` for the character")),
        }
    }

    /// What `\c` stands for.
    fn escape(&mut self, c: char) -> Result<Class, Wrong> {
        Ok(match c {
            'd' => Class::set(Set::Digit, true),
            'D' => Class::set(Set::Digit, false),
            'w' => Class::set(Set::Word, true),
            'W' => Class::set(Set::Word, false),
            's' => Class::set(Set::Space, true),
            'S' => Class::set(Set::Space, false),
            'n' => Class::of('\n'),
            'r' => Class::of('\r'),
            't' => Class::of('\t'),
            'f' => Class::of('\x0c'),
            'v' => Class::of('\x0b'),
            'x' => Class::of(self.code(2)?),
            'u' => Class::of(self.code(4)?),
            'p' | 'P' => return Err(self.wrong("Unicode classes are not supported; list the characters")),
            '0'..='9' | 'k' => return Err(self.wrong("back-references are not supported")),
            // Where words begin and end, to Rust.
            '<' | '>' => {
                return Err(self.wrong(&format!("`\\{c}` is not known; write `{c}` for the character")));
            }
            c if c.is_ascii_punctuation() => Class::of(c),
            c => return Err(self.wrong(&format!("`\\{}` is not known", c.escape_default()))),
        })
    }

    /// A character by its number in hexadecimal: so many digits, or any in braces.
    fn code(&mut self, digits: usize) -> Result<char, Wrong> {
        let (mut code, mut read) = (0u32, 0);
        let braces = self.eat('{');
        while let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(16)) {
            if read == if braces { 6 } else { digits } {
                break;
            }
            self.next();
            code = code * 16 + digit;
            read += 1;
        }
        let whole = if braces { read > 0 && self.eat('}') } else { read == digits };
        char::from_u32(code)
            .filter(|_| whole)
            .ok_or_else(|| self.wrong("the number of a character is incomplete"))
    }

    /// What stands between `[` and `]`.
    fn class(&mut self) -> Result<Class, Wrong> {
        let mut class = Class { negated: self.eat('^'), ..Class::default() };
        let mut first = true;
        loop {
            let from = match self.next() {
                None => return Err(self.wrong("unclosed class: a `]` is missing")),
                Some(']') if !first => return Ok(class),
                Some('[') => return Err(self.wrong("a `[` within a class; write `\\[` for the character")),
                Some(c @ ('&' | '~')) if self.rest.peek() == Some(&c) => {
                    return Err(
                        self.wrong(&format!("`{c}{c}` within a class; write `\\{c}` for the character"))
                    );
                }
                Some('\\') => self.escaped()?,
                Some(c) => Class::of(c),
            };
            first = false;
            let range = self.rest.peek() == Some(&'-') && {
                let mut ahead = self.rest.clone();
                ahead.next();
                !matches!(ahead.next(), Some(']') | None)
            };
            if !range {
                class.ranges.extend(from.ranges);
                class.sets.extend(from.sets);
                continue;
            }
            self.next();
            let to = match self.next() {
                Some('\\') => self.escaped()?,
                Some('-') => return Err(self.wrong("`--` within a class; write `\\-` for the character")),
                Some('[') => return Err(self.wrong("a `[` within a class; write `\\[` for the character")),
                Some(c) => Class::of(c),
                None => return Err(self.wrong("unclosed class: a `]` is missing")),
            };
            match (from.ranges.first(), to.ranges.first()) {
                (Some((from, _)), Some((to, _))) if from <= to => class.ranges.push((*from, *to)),
                _ => return Err(self.wrong("a range goes from a smaller character to a greater one")),
            }
        }
    }

    fn escaped(&mut self) -> Result<Class, Wrong> {
        match self.next() {
            Some(c) => self.escape(c),
            None => Err(self.wrong("unclosed class: a `]` is missing")),
        }
    }
}
