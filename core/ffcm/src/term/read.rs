//! From text to terms. Nothing here recurses, so that no nesting overflows a stack.

use super::{
    Constructor, Definition, Item, LABEL_MAX, Library, Operation, Shape, Term, Terms, WIDTH_MAX, net,
};
use crate::{
    book::{BookError, Problem, SOURCE_BYTES_MAX},
    cursor::{Cursor, Found, in_term_name, similar},
    word,
};
use alloc::{collections::BTreeMap, string::ToString, vec, vec::Vec};

const TERM: &str = "a term: a variable, a number, `λ`, `(`, `@`, `&`, `!`, `#`, `~` or `*`";

/// Most variables of a book. The arms of a match bind all that is handed to them, so they are not in proportion to the text.
const BINDERS_MAX: u32 = 1 << 22;

/// Most labels that are made up.
pub(super) const FRESH_LABELS_MAX: u32 = word::LABEL_MAX - LABEL_MAX;

/// Most names of a library that are looked at for one that is much like a wrong one: of a term alone, of which there are many.
const SIMILAR_LOOKED_AT_MAX: usize = 32;

/// What comes next in a term.
enum Next<'t> {
    Term,
    /// Arguments until `)`, of the application that stands at this item; the bracket stands at this byte.
    Arguments(usize, usize),
    /// Fields until `}`, of the constructor that stands at this item.
    Fields(usize, usize),
    /// A bracket is closed that stands at this byte.
    Close(&'static str, usize),
    /// A comma, perhaps.
    Comma,
    /// The rest of a duplication or a let, once its value is read: names and their binders.
    Body(Vec<(&'t str, u32)>),
    /// So many names are bound no more.
    Unbind(usize),
    /// What the innermost match hands to its arms.
    Moves,
    /// The arms of the innermost match.
    Arms,
}

/// A match that is being read.
struct Open<'t> {
    /// Where it stands among the items, and in the text.
    item: usize,
    at: usize,
    moves: Vec<&'t str>,
    cases: Option<Shape>,
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    /// What is defined elsewhere, where a term alone is read.
    library: Option<&'t Library>,
    names: BTreeMap<&'t str, u32>,
    /// Each name with where it is first used and what it stands for.
    named: Vec<(&'t str, usize, Option<Term>)>,
    /// The names in the order of their definitions.
    defined: Vec<u32>,
    constructors: BTreeMap<&'t str, u32>,
    book: Terms,
    term: Term,
    /// What each name is bound to, innermost last.
    bound: BTreeMap<&'t str, Vec<u32>>,
    scope: Vec<&'t str>,
    matches: Vec<Open<'t>>,
    /// How many binders the whole book has.
    binders: u32,
    /// How many labels of its own it needs.
    labels: u32,
    /// The first thing that nets have not.
    lack: Option<(usize, &'static str)>,
}

pub(super) fn read(text: &str, needs_main: bool) -> Result<Terms, BookError> {
    if text.len() > SOURCE_BYTES_MAX {
        return Err(BookError::at("", 0, Problem::TooLong));
    }
    let mut reader = Reader::new(text, None);
    reader.book(needs_main).map_err(|(at, problem)| BookError::at(text, at, problem))?;
    reader.book.source = text.into();
    Ok(reader.book)
}

/// Reads a term alone, over what a library defines: the term, with shapes of matches of its own.
pub(super) fn read_term(text: &str, library: &Library) -> Result<(Term, Vec<Shape>), BookError> {
    let mut reader = Reader::new(text, Some(library));
    reader.alone().map_err(|(at, problem)| BookError::at(text, at, problem))?;
    Ok((reader.term, reader.book.shapes))
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, library: Option<&'t Library>) -> Self {
        Self {
            cursor: Cursor::new(text),
            library,
            names: BTreeMap::new(),
            named: Vec::new(),
            defined: Vec::new(),
            constructors: BTreeMap::new(),
            book: Terms::default(),
            term: Term::default(),
            bound: BTreeMap::new(),
            scope: Vec::new(),
            matches: Vec::new(),
            binders: 0,
            labels: 0,
            lack: None,
        }
    }

    /// A term and nothing else, that a net can be made of.
    fn alone(&mut self) -> Found<()> {
        self.term()?;
        self.cursor.trivia();
        if self.cursor.peek().is_some() {
            return Err(self.cursor.unexpected("the end of the term"));
        }
        self.term.items.retain(|item| *item != Item::App(0));
        match self.lack {
            Some((at, what)) => Err((at, Problem::NotANet { name: None, what })),
            None => Ok(()),
        }
    }

    /// Something that nets have not.
    fn lacks(&mut self, at: usize, what: &'static str) {
        self.lack.get_or_insert((at, what));
    }

    fn book(&mut self, needs_main: bool) -> Found<()> {
        self.cursor.trivia();
        while self.cursor.peek().is_some() {
            self.cursor.expect("@", "`@` and a definition's name")?;
            let at = self.cursor.at;
            let name = self.name("a definition's name")?;
            let number = self.number_of(name, at)?;
            if self.named[number as usize].2.is_some() {
                return Err((at, Problem::DefinedTwice { name: name.to_string() }));
            }
            self.definition(at)?;
            if let Some((at, what)) = self.lack.take() {
                self.book.lack.get_or_insert((at, name.to_string(), what));
            }
            self.book.places.push(at);
            self.named[number as usize].2 = Some(core::mem::take(&mut self.term));
            self.defined.push(number);
            self.cursor.trivia();
        }
        if let Some((name, first_use, _)) = self.named.iter().find(|(_, _, term)| term.is_none()) {
            let known = self.named.iter().filter(|(_, _, term)| term.is_some()).map(|(name, _, _)| *name);
            let problem = Problem::Undefined { name: name.to_string(), similar: similar(name, known) };
            return Err((*first_use, problem));
        }
        let main = self.names.get("main").copied();
        if main.is_none() && needs_main {
            return Err((self.cursor.text.len(), Problem::NoMain));
        }
        // Until here names were numbered as they came; from here on definitions are, as they stand in the text.
        let mut numbers = vec![0; self.named.len()];
        for (new, old) in self.defined.iter().enumerate() {
            numbers[*old as usize] = new as u32;
        }
        self.book.main = main.map_or(u32::MAX, |main| numbers[main as usize]);
        for old in &self.defined {
            let (name, _, term) = &mut self.named[*old as usize];
            let mut term = term.take().unwrap_or_default();
            for item in &mut term.items {
                if let Item::Ref(number) = item {
                    *number = numbers[*number as usize];
                }
            }
            self.book.defs.push(Definition { name: name.to_string(), term });
        }
        Ok(())
    }

    /// The number of a definition, whether it has come or not.
    fn number_of(&mut self, name: &'t str, first_use: usize) -> Found<u32> {
        if let Some(library) = self.library {
            let undefined = || {
                let similar = similar(name, library.names().take(SIMILAR_LOOKED_AT_MAX));
                (first_use, Problem::Undefined { name: name.to_string(), similar })
            };
            return library.number_of(name).ok_or_else(undefined);
        }
        let next = self.named.len() as u32;
        Ok(*self.names.entry(name).or_insert_with(|| {
            self.named.push((name, first_use, None));
            next
        }))
    }

    /// What follows a definition's name.
    fn definition(&mut self, at: usize) -> Found<()> {
        if self.cursor.eat("(") {
            loop {
                self.cursor.trivia();
                if self.cursor.eat(")") {
                    break;
                }
                self.ended("(", at)?;
                let binder = self.bind()?;
                self.term.items.push(Item::Lam(binder));
                self.comma();
            }
        }
        self.cursor.expect("=", "`=`")?;
        let parameters = self.scope.len();
        self.term()?;
        self.unbind(parameters);
        self.labels += self.term.labels();
        if self.labels > FRESH_LABELS_MAX {
            return Err((
                at,
                Problem::TooMany { what: "duplications without labels", most: FRESH_LABELS_MAX },
            ));
        }
        // A term in brackets alone is that term.
        self.term.items.retain(|item| *item != Item::App(0));
        if self.book.shapes.len() > word::LABEL_MAX as usize {
            return Err((at, Problem::TooMany { what: "matches", most: word::LABEL_MAX }));
        }
        Ok(())
    }

    fn term(&mut self) -> Found<()> {
        let mut open = Vec::from([Next::Term]);
        while let Some(next) = open.pop() {
            match next {
                Next::Term => self.piece(&mut open)?,
                Next::Arguments(item, at) => {
                    self.comma();
                    if self.cursor.eat(")") {
                        continue;
                    }
                    self.ended("(", at)?;
                    if let Item::App(arguments) = &mut self.term.items[item] {
                        *arguments += 1;
                    }
                    open.extend([Next::Arguments(item, at), Next::Term]);
                }
                Next::Fields(item, at) => {
                    self.comma();
                    if self.cursor.eat("}") {
                        if let Item::Ctr(number, fields) = self.term.items[item] {
                            self.has_fields(number, fields, at)?;
                        }
                        continue;
                    }
                    self.ended("{", at)?;
                    if let Item::Ctr(_, fields) = &mut self.term.items[item] {
                        *fields += 1;
                    }
                    open.extend([Next::Fields(item, at), Next::Term]);
                }
                Next::Close(bracket, at) => {
                    self.cursor.trivia();
                    self.ended(if bracket == "}" { "{" } else { "(" }, at)?;
                    self.cursor.expect(bracket, if bracket == "}" { "`}`" } else { "`)`" })?;
                }
                Next::Comma => self.comma(),
                Next::Body(names) => {
                    self.cursor.trivia();
                    self.cursor.eat(";");
                    let bound = names.len();
                    for (name, binder) in names {
                        self.bound.entry(name).or_default().push(binder);
                        self.scope.push(name);
                    }
                    open.extend([Next::Unbind(bound), Next::Term]);
                }
                Next::Unbind(names) => self.unbind(names),
                Next::Moves => self.moves(&mut open)?,
                Next::Arms => self.arms(&mut open)?,
            }
        }
        Ok(())
    }

    /// The beginning of a term, up to where the next term in it begins.
    fn piece(&mut self, open: &mut Vec<Next<'t>>) -> Found<()> {
        self.cursor.trivia();
        let at = self.cursor.at;
        let Some(first) = self.cursor.peek() else { return Err(self.cursor.unexpected(TERM)) };
        let item = self.term.items.len();
        match first {
            'λ' | '(' | '@' | '&' | '!' | '#' | '~' | '*' | '\'' => self.cursor.at += first.len_utf8(),
            '0'..='9' => {
                let number = self.number()?;
                if number >= 1 << 24 {
                    self.lacks(at, net::LARGE_NUMBER);
                }
                self.term.items.push(Item::Num(number));
                return Ok(());
            }
            _ => {
                let name = self.name(TERM)?;
                return self.variable(name, at);
            }
        }
        match first {
            'λ' => {
                let binder = self.bind()?;
                self.cursor.trivia();
                self.cursor.eat(".");
                self.term.items.push(Item::Lam(binder));
                open.extend([Next::Unbind(1), Next::Term]);
            }
            '(' => {
                self.cursor.trivia();
                let is_operation = |sign: &str| {
                    let rest = self.cursor.rest().strip_prefix(sign);
                    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_whitespace()))
                };
                if let Some((sign, operation)) = Operation::ALL.iter().find(|(sign, _)| is_operation(sign)) {
                    if net::operator(*operation).is_none() {
                        self.lacks(self.cursor.at, net::NO_OPERATOR);
                    }
                    self.cursor.at += sign.len();
                    self.term.items.push(Item::Op(*operation));
                    open.extend([Next::Close(")", at), Next::Term, Next::Comma, Next::Term]);
                } else {
                    self.term.items.push(Item::App(0));
                    open.extend([Next::Arguments(item, at), Next::Term]);
                }
            }
            '@' => {
                let name = self.name("a definition's name")?;
                let number = self.number_of(name, at)?;
                if self.cursor.eat("(") {
                    self.term.items.extend([Item::App(0), Item::Ref(number)]);
                    open.push(Next::Arguments(item, at));
                } else {
                    self.term.items.push(Item::Ref(number));
                }
            }
            '&' => {
                let label = self.label()?;
                self.cursor.expect("{", "`{`, as in `&0{a b}`")?;
                self.term.items.push(Item::Sup(label));
                open.extend([Next::Close("}", at), Next::Comma, Next::Term, Next::Comma, Next::Term]);
            }
            '!' => self.binding(open)?,
            '#' => {
                self.lacks(at, net::CONSTRUCTOR);
                let name = self.name("a constructor's name")?;
                let number = self.constructor(name);
                self.term.items.push(Item::Ctr(number, 0));
                if self.cursor.eat("{") {
                    open.push(Next::Fields(item, at));
                } else {
                    self.has_fields(number, 0, at)?;
                }
            }
            '~' => {
                self.matches.push(Open { item, at, moves: Vec::new(), cases: None });
                self.term.items.push(Item::Match(0, 0));
                open.extend([Next::Moves, Next::Term]);
            }
            '\'' => {
                self.lacks(at, net::CHARACTER);
                let c = self.character()?;
                self.term.items.push(Item::Chr(c));
            }
            _ => self.term.items.push(Item::Nul),
        }
        Ok(())
    }

    /// What follows `!`: a duplication or a let.
    fn binding(&mut self, open: &mut Vec<Next<'t>>) -> Found<()> {
        self.cursor.trivia();
        let start = self.cursor.at;
        let mut names = Vec::new();
        let duplicates = self.cursor.eat("&") && {
            self.cursor.take(|c| c.is_ascii_alphanumeric());
            self.cursor.trivia();
            self.cursor.peek() == Some('{')
        };
        self.cursor.at = start;
        if duplicates {
            self.cursor.at += 1;
            let label = self.label()?;
            let at = self.cursor.at;
            self.cursor.expect("{", "`{`")?;
            for _ in 0..2 {
                names.push(self.binder()?);
                self.comma();
            }
            self.ended("{", at)?;
            self.cursor.expect("}", "`}`")?;
            self.term.items.push(Item::Dup(label, names[0].1, names[1].1));
        } else {
            names.push(self.binder()?);
            self.term.items.push(Item::Let(names[0].1));
        }
        self.cursor.expect("=", "`=`")?;
        open.extend([Next::Body(names), Next::Term]);
        Ok(())
    }

    fn moves(&mut self, open: &mut Vec<Next<'t>>) -> Found<()> {
        loop {
            self.comma();
            if !self.cursor.eat("!") {
                break;
            }
            self.cursor.trivia();
            self.cursor.eat("&");
            let at = self.cursor.at;
            let name = self.name("a variable")?;
            self.innermost().moves.push(name);
            let binder = self.binder_named(name)?;
            self.term.items.push(Item::Move(binder));
            self.cursor.trivia();
            if self.cursor.eat("=") {
                open.extend([Next::Moves, Next::Term]);
                return Ok(());
            }
            self.variable(name, at)?;
        }
        self.cursor.expect("{", "`{` and the arms of the match, or `!` and what is handed to them")?;
        open.push(Next::Arms);
        Ok(())
    }

    /// An arm of the innermost match, or its end.
    fn arms(&mut self, open: &mut Vec<Next<'t>>) -> Found<()> {
        const ARM: &str = "an arm: `#Name{a b}:`, `0:`, `1+p:` or `_:`";
        self.cursor.trivia();
        self.cursor.eat(";");
        self.cursor.trivia();
        let (at, begun) = (self.cursor.at, self.innermost().at);
        self.ended("~", begun)?;
        let mut cases = self.innermost().cases.take();
        if cases.is_some() && self.cursor.eat("}") {
            if let (Some(done), Some(cases)) = (self.matches.pop(), cases) {
                let (number, moves) = (self.book.shapes.len() as u32, done.moves.len() as u32);
                within(cases.arms(), "arms of one match", begun)?;
                within(moves, "terms handed to the arms of one match", begun)?;
                if !net::has_switch(&cases) {
                    self.lacks(begun, net::OTHER_ARMS);
                }
                self.term.items[done.item] = Item::Match(number, moves);
                self.book.shapes.push(cases);
            }
            return Ok(());
        }
        let mut names = Vec::new();
        match (&mut cases, self.cursor.peek()) {
            (None, Some('#')) => cases = Some(Shape::Constructors { known: Vec::new(), others: false }),
            (None, Some('0')) => cases = Some(Shape::Numbers { known: 0, others: false }),
            // A match with an arm for everything alone.
            (None, Some(c)) if c == '_' || c.is_ascii_alphabetic() => {
                cases = Some(Shape::Constructors { known: Vec::new(), others: false });
            }
            (None, _) => return Err(self.cursor.unexpected(ARM)),
            _ => {}
        }
        match (&mut cases, self.cursor.peek()) {
            (Some(Shape::Constructors { known, others: false }), Some('#')) => {
                self.cursor.at += 1;
                let name = self.name("a constructor's name")?;
                let number = self.constructor(name);
                if known.contains(&number) {
                    return Err((at, Problem::TwoArms { name: ["#", name].concat() }));
                }
                within(known.len() as u32, "arms of one match", at)?;
                known.push(number);
                if self.cursor.eat("{") {
                    loop {
                        self.comma();
                        if self.cursor.eat("}") {
                            break;
                        }
                        self.ended("{", at)?;
                        names.push(self.binder()?);
                    }
                }
                self.has_fields(number, names.len() as u32, at)?;
            }
            (Some(Shape::Numbers { known, others: others @ false }), Some('0'..='9')) => {
                let number = self.number()?;
                if number != *known {
                    let problem = if number < *known {
                        Problem::TwoArms { name: number.to_string() }
                    } else {
                        let expected = "the arms of a match on numbers in order, from `0:` on";
                        Problem::Expected { expected, found: self.cursor.text[at..].chars().next() }
                    };
                    return Err((at, problem));
                }
                self.cursor.trivia();
                if self.cursor.eat("+") {
                    *others = true;
                    names.push(self.binder()?);
                } else {
                    *known += 1;
                }
            }
            (Some(Shape::Constructors { others: others @ false, .. }), Some(c)) if in_term_name(c) => {
                *others = true;
                names.push(self.binder()?);
            }
            (Some(Shape::Numbers { others: others @ false, .. }), Some('_')) => {
                *others = true;
                names.push(self.binder()?);
            }
            (Some(Shape::Constructors { others: true, .. } | Shape::Numbers { others: true, .. }), _) => {
                return Err(self.cursor.unexpected("`}`: no arm comes after that for all others"));
            }
            _ => return Err(self.cursor.unexpected(ARM)),
        }
        self.innermost().cases = cases;
        self.cursor.expect(":", "`:`")?;
        for name in self.innermost().moves.clone() {
            let binder = self.binder_named(name)?;
            names.push((name, binder));
        }
        self.term.items.extend(names.iter().map(|(_, binder)| Item::Lam(*binder)));
        open.extend([Next::Arms, Next::Body(names)]);
        Ok(())
    }

    fn innermost(&mut self) -> &mut Open<'t> {
        self.matches.last_mut().expect("moves and arms are read inside a match")
    }

    /// A new binder, bound from here on.
    fn bind(&mut self) -> Found<u32> {
        let (name, binder) = self.binder()?;
        self.bound.entry(name).or_default().push(binder);
        self.scope.push(name);
        Ok(binder)
    }

    /// A new binder that is not bound yet.
    fn binder(&mut self) -> Found<(&'t str, u32)> {
        self.cursor.trivia();
        self.cursor.eat("&");
        let name = self.name("a variable's name")?;
        let binder = self.binder_named(name)?;
        Ok((name, binder))
    }

    fn binder_named(&mut self, name: &str) -> Found<u32> {
        self.binders += 1;
        if self.binders > BINDERS_MAX {
            return Err((self.cursor.at, Problem::TooMany { what: "variables", most: BINDERS_MAX }));
        }
        self.term.binders.push(name.into());
        Ok(self.term.binders.len() as u32 - 1)
    }

    fn unbind(&mut self, names: usize) {
        for _ in 0..names {
            let name = self.scope.pop();
            let bound = name.and_then(|name| self.bound.get_mut(name));
            bound.and_then(Vec::pop);
        }
    }

    fn variable(&mut self, name: &'t str, at: usize) -> Found<()> {
        if name != "_"
            && let Some(binder) = self.bound.get(name).and_then(|bound| bound.last())
        {
            self.term.items.push(Item::Var(*binder));
            return Ok(());
        }
        let similar = similar(name, self.scope.iter().rev().copied().filter(|name| *name != "_"));
        Err((at, Problem::Unbound { name: name.to_string(), similar }))
    }

    fn constructor(&mut self, name: &'t str) -> u32 {
        let next = self.constructors.len() as u32;
        *self.constructors.entry(name).or_insert_with(|| {
            self.book.constructors.push(Constructor { name: name.to_string(), fields: u32::MAX });
            next
        })
    }

    fn has_fields(&mut self, number: u32, here: u32, at: usize) -> Found<()> {
        let constructor = &mut self.book.constructors[number as usize];
        if constructor.fields == u32::MAX {
            constructor.fields = here;
        }
        if constructor.fields != here {
            let (name, elsewhere) = (constructor.name.clone(), constructor.fields);
            return Err((at, Problem::Fields { name, elsewhere, here }));
        }
        if number > word::LABEL_MAX {
            return Err((at, Problem::TooMany { what: "constructors", most: word::LABEL_MAX }));
        }
        within(here, "fields of one constructor", at)
    }

    fn label(&mut self) -> Found<Option<u32>> {
        let at = self.cursor.at;
        let text = self.cursor.take(|c| c.is_ascii_alphanumeric());
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse() {
            Ok(label) if label <= LABEL_MAX => Ok(Some(label)),
            _ => Err((at, Problem::LabelRange { text: text.to_string() })),
        }
    }

    fn number(&mut self) -> Found<u32> {
        let at = self.cursor.at;
        let text = self.cursor.take(in_term_name);
        let value = match text.get(..2) {
            Some("0x") => u64::from_str_radix(&text[2..], 16),
            Some("0b") => u64::from_str_radix(&text[2..], 2),
            _ => text.parse(),
        };
        let range = || (at, Problem::WordRange { text: text.to_string() });
        let value = value.map_err(|error| match error.kind() {
            core::num::IntErrorKind::PosOverflow => range(),
            _ => (at, Problem::Number { text: text.to_string() }),
        })?;
        u32::try_from(value).map_err(|_| range())
    }

    /// What follows the first quote of a character.
    fn character(&mut self) -> Found<char> {
        const CHARACTER: &str = "a character and `'`, such as 'a' or '\\n'";
        let c = match self.cursor.peek() {
            Some('\\') => {
                self.cursor.at += 1;
                let escapes =
                    [('n', '\n'), ('t', '\t'), ('r', '\r'), ('0', '\0'), ('\\', '\\'), ('\'', '\'')];
                if self.cursor.eat("u{") {
                    let digits = self.cursor.take(|c| c.is_ascii_hexdigit());
                    let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                    let c = c.ok_or_else(|| self.cursor.unexpected(CHARACTER))?;
                    self.cursor.expect("}", "`}`")?;
                    self.cursor.at -= 1;
                    Some(c)
                } else {
                    let peeked = self.cursor.peek();
                    escapes.into_iter().find(|(sign, _)| Some(*sign) == peeked).map(|(_, c)| c)
                }
            }
            Some('\'') => None,
            other => other,
        };
        let (Some(c), Some(last)) = (c, self.cursor.peek()) else {
            return Err(self.cursor.unexpected(CHARACTER));
        };
        self.cursor.at += last.len_utf8();
        if self.cursor.eat("'") { Ok(c) } else { Err(self.cursor.unexpected(CHARACTER)) }
    }

    fn name(&mut self, expected: &'static str) -> Found<&'t str> {
        self.cursor.name(expected, in_term_name)
    }

    fn comma(&mut self) {
        self.cursor.trivia();
        self.cursor.eat(",");
        self.cursor.trivia();
    }

    /// Blames the bracket at this byte if the text has ended.
    fn ended(&self, bracket: &'static str, at: usize) -> Found<()> {
        if self.cursor.peek().is_some() { Ok(()) } else { Err((at, Problem::Unclosed { bracket })) }
    }
}

/// Sees to it that there are not more than [`WIDTH_MAX`].
fn within(count: u32, what: &'static str, at: usize) -> Found<()> {
    if count > WIDTH_MAX { Err((at, Problem::TooMany { what, most: WIDTH_MAX })) } else { Ok(()) }
}
