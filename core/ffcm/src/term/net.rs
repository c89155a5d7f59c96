//! From terms to nets, for the strict machine; [`super::net_read`] goes back.
//!
//! A function and an application are constructors, a superposition and a duplication are duplicators with the same label,
//! an operation is a chain of operators, a match on numbers a switch.
//!
//! A strict machine expands a definition as soon as something meets it. So an arm that refers to definitions becomes one of its own,
//! which nothing meets before it is chosen.

use super::{Item, LABEL_MAX, Operation, Shape, Term, Terms, short_name};
use crate::{
    book::{Book, BookError, Def, Problem, Redex},
    number::{Num24, Operator},
    port::{Node, Port, Tag, node},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec,
    vec::Vec,
};

/// Most items of arms that are looked through, those of nested matches once for each level.
const WALKED_MAX: usize = 1 << 26;

/// What nets have not.
pub(super) const CONSTRUCTOR: &str = "a constructor";
pub(super) const CHARACTER: &str = "a character";
pub(super) const LARGE_NUMBER: &str = "a number of more than 24 bits";
pub(super) const NO_OPERATOR: &str = "an operation that its numbers have not";
pub(super) const OTHER_ARMS: &str = "a match with other arms than `0` and `1+p`";
const DEEP: &str = "matches nested so deeply that their arms are too much";

/// Whether a switch can choose between these arms.
pub(super) fn has_switch(shape: &Shape) -> bool {
    *shape == Shape::Numbers { known: 1, others: true }
}

impl Terms {
    /// The same program as a book of nets: its definitions in the same order, then those of arms.
    ///
    /// # Errors
    /// [`BookError`] at the first constructor, character, number of more than 24 bits, operation that such numbers have not, or match with
    /// other arms than `0` and `1+p`; or at a definition whose matches are nested too deeply.
    pub fn to_book(&self) -> Result<Book, BookError> {
        let mut nets = self.to_nets()?;
        nets.book.mark_unsafe();
        Ok(nets.book)
    }

    /// The nets of all definitions.
    pub(super) fn to_nets(&self) -> Result<Nets, BookError> {
        if let Some((at, name, what)) = &self.lack {
            let problem = Problem::NotANet { name: Some(name.clone()), what };
            return Err(BookError::at(&self.source, *at, problem));
        }
        let mut nets = Nets { book: Book { defs: Vec::new(), main: self.main }, label: LABEL_MAX, walked: 0 };
        let whole = self.defs.iter().map(|def| Piece::whole(&def.name, &def.term)).collect();
        nets.add(self, whole).map_err(|(name, what)| {
            let def = self.defs.iter().position(|def| def.name == name);
            let at = def.and_then(|def| self.places.get(def)).copied().unwrap_or_default();
            BookError::at(&self.source, at, Problem::NotANet { name: Some(name), what })
        })?;
        Ok(nets)
    }
}

/// A book that is being made. Who is unsafe is not marked yet.
#[derive(Debug, Clone)]
pub(super) struct Nets {
    pub(super) book: Book,
    /// The last label that was made up.
    label: u32,
    walked: usize,
}

impl Nets {
    /// Makes `term` the book's `main`.
    pub(super) fn set_main(&mut self, terms: &Terms, term: &Term) -> Result<(), &'static str> {
        self.book.main = self.book.defs.len() as u32;
        self.add(terms, Vec::from([Piece::whole("main", term)])).map_err(|(_, what)| what)?;
        self.book.mark_unsafe();
        Ok(())
    }

    /// Adds the nets of these pieces and of their arms. Else the name of what has no net, and what it has instead.
    fn add(&mut self, terms: &Terms, pieces: Vec<Piece<'_>>) -> Result<(), (String, &'static str)> {
        let first = self.book.defs.len();
        let mut writer = Writer { terms, pieces, first, walked: self.walked, label: self.label };
        let mut layouts = BTreeMap::new();
        while let Some(piece) = writer.pieces.get(self.book.defs.len() - first).cloned() {
            let layout = layouts
                .entry(core::ptr::from_ref(piece.term))
                .or_insert_with(|| Layout::new(terms, piece.term));
            let whole = |what| (piece.name.split('.').next().unwrap_or_default().into(), what);
            self.book.defs.push(writer.net(&piece, layout).map_err(whole)?);
        }
        (self.walked, self.label) = (writer.walked, writer.label);
        Ok(())
    }
}

/// What becomes one definition: a whole term, or an arm of one.
#[derive(Clone)]
struct Piece<'t> {
    name: String,
    term: &'t Term,
    /// Its items in the term.
    start: usize,
    end: usize,
    /// How many functions it begins with before those that bind what is bound outside of it.
    fields: usize,
    /// Variables that are bound outside of it.
    bound: Vec<u32>,
}

impl<'t> Piece<'t> {
    fn whole(name: &str, term: &'t Term) -> Self {
        Self { name: name.into(), term, start: 0, end: term.items.len(), fields: 0, bound: Vec::new() }
    }
}

/// What is where in a term.
struct Layout {
    /// Where the term that begins with each item ends.
    ends: Vec<usize>,
    /// How many references there are before each item.
    references: Vec<u32>,
    /// The item that binds each binder.
    binds: BTreeMap<u32, usize>,
}

impl Layout {
    fn new(terms: &Terms, term: &Term) -> Self {
        let mut ends = vec![0; term.items.len()];
        let mut references = Vec::with_capacity(ends.len() + 1);
        let mut binds = BTreeMap::new();
        let mut count = 0;
        for (at, item) in term.items.iter().enumerate() {
            references.push(count);
            match *item {
                Item::Ref(_) => count += 1,
                Item::Lam(binder) | Item::Let(binder) => drop(binds.insert(binder, at)),
                Item::Dup(_, first, second) => {
                    binds.insert(first, at);
                    binds.insert(second, at);
                }
                _ => {}
            }
        }
        references.push(count);
        for (at, item) in term.items.iter().enumerate().rev() {
            let mut end = at + 1;
            for _ in 0..below(terms, *item) {
                end = ends[end];
            }
            ends[at] = end;
        }
        Self { ends, references, binds }
    }

    /// Where the arms of the match at this item begin.
    fn arms(&self, at: usize, moves: u32) -> usize {
        (0..=moves).fold(at + 1, |from, _| self.ends[from])
    }

    fn refers(&self, start: usize, end: usize) -> bool {
        self.references[start] < self.references[end]
    }
}

/// How many terms follow below an item.
fn below(terms: &Terms, item: Item) -> u32 {
    match item {
        Item::Var(_) | Item::Ref(_) | Item::Nul | Item::Num(_) | Item::Chr(_) => 0,
        Item::Lam(_) | Item::Move(_) => 1,
        Item::Sup(_) | Item::Dup(..) | Item::Let(_) | Item::Op(_) => 2,
        Item::App(arguments) => 1 + arguments,
        Item::Ctr(_, fields) => fields,
        Item::Match(shape, moves) => 1 + moves + terms.shapes[shape as usize].arms(),
    }
}

struct Writer<'t> {
    terms: &'t Terms,
    pieces: Vec<Piece<'t>>,
    /// The number of the first piece's definition.
    first: usize,
    walked: usize,
    label: u32,
}

/// The net of a piece that is being made, from its last item to its first.
#[derive(Default)]
struct Made {
    nodes: Vec<Node>,
    redexes: Vec<Redex>,
    wires: u32,
    /// The uses of each variable: ends of wires whose other ends stand where it is used.
    uses: BTreeMap<u32, Vec<Port>>,
    duplicates: bool,
}

impl Made {
    fn add(&mut self, tag: Tag, label: u32, first: Port, second: Port) -> Port {
        self.duplicates |= tag == Tag::Dup;
        self.nodes.push(node(label, first, second));
        Port::new(tag, self.nodes.len() as u32 - 1)
    }

    fn wire(&mut self) -> Port {
        self.wires += 1;
        Port::wire(self.wires - 1)
    }

    fn face(&mut self, first: Port, second: Port) {
        self.redexes.push(Redex { first, second, parallel: false });
    }

    fn applied(&mut self, function: Port, argument: Port) -> Port {
        let result = self.wire();
        let application = self.add(Tag::Con, 0, argument, result);
        self.face(function, application);
        result
    }

    fn used(&mut self, binder: u32) -> Port {
        let wire = self.wire();
        self.uses.entry(binder).or_default().push(wire);
        wire
    }

    /// What a binder hands its value to: nobody, who uses it, or duplicators for all who do.
    fn binder(&mut self, binder: u32, label: &mut u32) -> Port {
        let mut uses = self.uses.remove(&binder).unwrap_or_default();
        let Some(mut all) = uses.pop() else { return Port::ERA };
        for one in uses {
            *label += 1;
            all = self.add(Tag::Dup, *label, one, all);
        }
        all
    }
}

/// Arms that become definitions of their own, by where they end: where they begin, and the number of the definition.
type Skipped = BTreeMap<usize, (usize, u32)>;

impl<'t> Writer<'t> {
    fn net(&mut self, piece: &Piece<'t>, layout: &Layout) -> Result<Def, &'static str> {
        let mut made = Made::default();
        let (skipped, handed) = self.lift(piece, layout)?;
        // Read from its end, a term comes after those below it.
        let mut done: Vec<Port> = Vec::new();
        let mut at = piece.end;
        loop {
            if at == piece.start + piece.fields {
                for binder in piece.bound.iter().rev() {
                    let body = done.pop().unwrap_or(Port::ERA);
                    done.push(self.function(*binder, body, &mut made));
                }
            }
            if at == piece.start {
                break;
            }
            if let Some((start, def)) = skipped.get(&at) {
                done.push(Port::new(Tag::Ref, *def));
                at = *start;
                continue;
            }
            at -= 1;
            let handed = handed.get(&at).map_or(&[][..], |handed| handed);
            let port = self.item(piece.term.items[at], handed, &mut made, &mut done)?;
            done.extend(port);
        }
        let mut depths: Vec<u32> = Vec::with_capacity(made.nodes.len());
        for [_, first, second, _] in &made.nodes {
            let below = [Port(*first), Port(*second)].into_iter().filter(|port| port.is_node());
            depths.push(1 + below.map(|port| depths[port.value() as usize]).max().unwrap_or(0));
        }
        Ok(Def {
            name: piece.name.clone(),
            root: done.pop().unwrap_or(Port::ERA),
            redexes: made.redexes,
            nodes: made.nodes,
            wires: (0..made.wires).map(|wire| short_name(wire).into()).collect(),
            safe: !made.duplicates,
            depth: depths.into_iter().max().unwrap_or(0),
        })
    }

    /// Makes pieces of the arms that refer to something. Gives them, and by match what is handed to its arms.
    fn lift(
        &mut self,
        piece: &Piece<'t>,
        layout: &Layout,
    ) -> Result<(Skipped, BTreeMap<usize, Vec<u32>>), &'static str> {
        let (mut skipped, mut handed) = (Skipped::new(), BTreeMap::new());
        let mut at = piece.start;
        // The arms of the matches that are walked through, outermost first.
        let mut jumps: Vec<(usize, usize)> = Vec::new();
        while at < piece.end {
            if let Some((_, end)) = jumps.pop_if(|(start, _)| *start == at) {
                at = end;
                continue;
            }
            if let Item::Match(shape, moves) = piece.term.items[at] {
                if !has_switch(&self.terms.shapes[shape as usize]) {
                    return Err(OTHER_ARMS);
                }
                let (start, end) = (layout.arms(at, moves), layout.ends[at]);
                if layout.refers(start, end) {
                    let mut bound = BTreeSet::new();
                    for item in &piece.term.items[start..end] {
                        if let Item::Var(binder) = item
                            && !layout.binds.get(binder).is_some_and(|binds| (start..end).contains(binds))
                        {
                            bound.insert(*binder);
                        }
                    }
                    self.walked += end - start;
                    if self.walked > WALKED_MAX {
                        return Err(DEEP);
                    }
                    let bound: Vec<u32> = bound.into_iter().collect();
                    let middle = layout.ends[start];
                    for (start, end, fields) in [(start, middle, 0), (middle, end, 1)] {
                        let number = (self.first + self.pieces.len()) as u32;
                        skipped.insert(end, (start, number));
                        let name = format!("{}.{number}", piece.name.split('.').next().unwrap_or_default());
                        let bound = bound.clone();
                        self.pieces.push(Piece { name, term: piece.term, start, end, fields, bound });
                    }
                    handed.insert(at, bound);
                    jumps.push((start, end));
                }
            }
            at += 1;
        }
        Ok((skipped, handed))
    }

    fn function(&mut self, binder: u32, body: Port, made: &mut Made) -> Port {
        let variable = made.binder(binder, &mut self.label);
        made.add(Tag::Con, 0, variable, body)
    }

    fn fresh(&mut self) -> u32 {
        self.label += 1;
        self.label
    }

    /// The net of one item above what is done.
    fn item(
        &mut self,
        item: Item,
        handed: &[u32],
        made: &mut Made,
        done: &mut Vec<Port>,
    ) -> Result<Option<Port>, &'static str> {
        let mut pop = || done.pop().unwrap_or(Port::ERA);
        Ok(Some(match item {
            Item::Var(binder) => made.used(binder),
            Item::Ref(def) => Port::new(Tag::Ref, def),
            Item::Nul => Port::ERA,
            Item::Num(number) if number < 1 << 24 => Port::new(Tag::Num, Num24::u24(number).0),
            Item::Num(_) => return Err(LARGE_NUMBER),
            Item::Chr(_) => return Err(CHARACTER),
            Item::Ctr(..) => return Err(CONSTRUCTOR),
            Item::Lam(binder) => {
                let body = pop();
                self.function(binder, body, made)
            }
            Item::App(arguments) => {
                let mut function = pop();
                for _ in 0..arguments {
                    function = made.applied(function, pop());
                }
                function
            }
            Item::Sup(label) => {
                let label = label.unwrap_or_else(|| self.fresh());
                let (first, second) = (pop(), pop());
                made.add(Tag::Dup, label, first, second)
            }
            Item::Dup(label, first, second) => {
                let (value, body) = (pop(), pop());
                let label = label.unwrap_or_else(|| self.fresh());
                let copies = [first, second].map(|binder| made.binder(binder, &mut self.label));
                let duplication = made.add(Tag::Dup, label, copies[0], copies[1]);
                made.face(value, duplication);
                body
            }
            Item::Let(binder) => {
                let (value, body) = (pop(), pop());
                let variable = made.binder(binder, &mut self.label);
                made.face(value, variable);
                body
            }
            Item::Op(operation) => {
                let (first, second) = (pop(), pop());
                let operator = operator(operation).ok_or(NO_OPERATOR)?;
                let result = made.wire();
                let waits = made.add(Tag::Opr, 0, second, result);
                let symbol = Port::new(Tag::Num, Num24::symbol(operator).0);
                let operation = made.add(Tag::Opr, 0, symbol, waits);
                made.face(first, operation);
                result
            }
            Item::Match(_, moves) => {
                let scrutinee = pop();
                let moved: Vec<Port> = (0..moves).map(|_| pop()).collect();
                let (zero, more) = (pop(), pop());
                let arms = made.add(Tag::Con, 0, zero, more);
                let result = made.wire();
                let switch = made.add(Tag::Swi, 0, arms, result);
                made.face(scrutinee, switch);
                let mut function = result;
                for binder in handed {
                    let argument = made.used(*binder);
                    function = made.applied(function, argument);
                }
                moved.into_iter().fold(function, |function, argument| made.applied(function, argument))
            }
            Item::Move(_) => return Ok(None),
        }))
    }
}

/// How the strict machine's numbers write it, if they have it.
pub(super) fn operator(operation: Operation) -> Option<Operator> {
    Some(match operation {
        Operation::Add => Operator::Add,
        Operation::Subtract => Operator::Sub,
        Operation::Multiply => Operator::Mul,
        Operation::Divide => Operator::Div,
        Operation::Remainder => Operator::Rem,
        Operation::Equal => Operator::Equal,
        Operation::NotEqual => Operator::NotEqual,
        Operation::Less => Operator::Less,
        Operation::Greater => Operator::Greater,
        Operation::And => Operator::And,
        Operation::Or => Operator::Or,
        Operation::Xor => Operator::Xor,
        Operation::ShiftLeft => Operator::ShiftLeft,
        Operation::ShiftRight => Operator::ShiftRight,
        Operation::LessEqual | Operation::GreaterEqual => return None,
    })
}
