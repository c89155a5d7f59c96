//! Handing the strict machine's rounds to a device, and reading back what it did.
//!
//! A device has a copy of the rules, in `kernels/shaders`; what it counts is the same, pair by pair, and so is its result.

use super::Rounds;
use crate::{
    book::{Book, Def},
    heap::Limits,
    machine::Progress,
    normal::{Net, NormalForm},
    number::{Num24, Operator},
    port::{HEADER, Node, Port, Tag},
    rules::{Resource, Tally},
    table::{Opcode, TABLE},
};
use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};
use core::fmt;
use shaders::ffcm::{DEF_MAX, DEF_PAIRS_MAX, Input, Solution, short_of, stopped};

/// The tables of the kernels are those of this crate.
const _: () = {
    let mut at = 0;
    while at < TABLE.len() {
        assert!(shaders::ffcm::TABLE[at] == TABLE[at] as u8);
        at += 1;
    }
    use shaders::ffcm::{operator, tag};
    assert!(tag::VAR == Tag::Var as u32 && tag::REF == Tag::Ref as u32 && tag::ERA == Tag::Era as u32);
    assert!(tag::NUM == Tag::Num as u32 && tag::CON == Tag::Con as u32 && tag::DUP == Tag::Dup as u32);
    assert!(tag::OPR == Tag::Opr as u32 && tag::SWI == Tag::Swi as u32);
    assert!(operator::TO_F24 == Operator::ToF24 as u32 && operator::ADD == Operator::Add as u32);
    assert!(operator::SUB == Operator::Sub as u32 && operator::SUB_FLIPPED == Operator::SubFlipped as u32);
    assert!(operator::MUL == Operator::Mul as u32 && operator::DIV == Operator::Div as u32);
    assert!(operator::DIV_FLIPPED == Operator::DivFlipped as u32 && operator::REM == Operator::Rem as u32);
    assert!(
        operator::REM_FLIPPED == Operator::RemFlipped as u32 && operator::EQUAL == Operator::Equal as u32
    );
    assert!(operator::NOT_EQUAL == Operator::NotEqual as u32 && operator::LESS == Operator::Less as u32);
    assert!(operator::GREATER == Operator::Greater as u32 && operator::AND == Operator::And as u32);
    assert!(operator::OR == Operator::Or as u32 && operator::XOR == Operator::Xor as u32);
    assert!(operator::SHIFT_LEFT == Operator::ShiftLeft as u32);
    assert!(operator::SHIFT_LEFT_FLIPPED == Operator::ShiftLeftFlipped as u32);
    assert!(operator::SHIFT_RIGHT == Operator::ShiftRight as u32);
    assert!(operator::SHIFT_RIGHT_FLIPPED == Operator::ShiftRightFlipped as u32);
};

/// Why a book does not go to a device. The processor's machines reduce it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotOffloaded {
    /// It has floats, and an operator that is an angle, a logarithm, a power, a sine or a tangent of floats.
    Function {
        /// The definition that has the operator.
        def: String,
    },
    /// A definition is larger than what one lane should expand.
    LargeDef {
        /// Its name.
        def: String,
        /// How many nodes, wires or pairs it has.
        size: usize,
    },
    /// `main` alone needs more than there is.
    Full(Resource),
}

impl core::error::Error for NotOffloaded {}

impl fmt::Display for NotOffloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function { def } => write!(
                f,
                "there are floats, and `@{def}` has an operator that is an angle, a logarithm, a power, a sine or a tangent of \
                 them, in which devices differ"
            ),
            Self::LargeDef { def, size } => write!(
                f,
                "`@{def}` has {size} parts, and a device expands at most {DEF_MAX}, {DEF_PAIRS_MAX} of them pairs: divide it"
            ),
            Self::Full(resource) => write!(f, "`@main` alone needs more {resource}"),
        }
    }
}

/// What a device gave does not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impossible;

impl core::error::Error for Impossible {}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the device gave counts or ports that no net has")
    }
}

/// A book that a device is to reduce.
#[derive(Debug)]
pub struct Offloaded<'b> {
    rounds: Rounds<'b>,
    program: Vec<u32>,
    pairs: Vec<[u32; 2]>,
    limits: Limits,
}

impl<'b> Offloaded<'b> {
    /// Expands `main`, and writes the book as devices read it.
    ///
    /// # Errors
    /// Why this book does not go to a device.
    pub fn new(book: &'b Book, limits: Limits) -> Result<Self, NotOffloaded> {
        fits(book)?;
        let rounds = Rounds::new(book, limits).map_err(NotOffloaded::Full)?;
        let pairs = rounds.reducer.space.next.iter().map(|[a, b]| [a.0, b.0]).collect();
        Ok(Self { rounds, program: program(book), pairs, limits })
    }

    /// What the device gets.
    #[must_use]
    pub fn input(&self) -> Input<'_> {
        let heap = &self.rounds.reducer.space;
        Input {
            program: &self.program,
            nodes: &heap.nodes,
            wires: &heap.wires,
            pairs: &self.pairs,
            root: self.rounds.root,
            counts: self.rounds.tally().counts,
            nodes_max: heap.nodes_max,
            wires_max: heap.wires_max,
            interactions_max: self.limits.interactions_max,
        }
    }

    /// Takes in what the device gave.
    ///
    /// # Errors
    /// [`Impossible`] if it did not stop, or names definitions that there are not.
    pub fn finish(&self, solution: Solution) -> Result<Finished<'b>, Impossible> {
        let book = self.rounds.reducer.book;
        let (state, totals) = (solution.state, solution.totals);
        let progress = match state.stopped {
            stopped::STOPPED_DONE => Progress::Done,
            stopped::STOPPED_CAPPED => Progress::Capped,
            stopped::STOPPED_FULL if state.short_of & short_of::SHORT_OF_NODES != 0 => {
                Progress::Full(Resource::Nodes)
            }
            stopped::STOPPED_FULL => Progress::Full(Resource::Wires),
            _ => return Err(Impossible),
        };
        let unsafe_def = (totals.unsafe_copies > 0).then_some(state.unsafe_def);
        if unsafe_def.is_some_and(|def| def as usize >= book.defs().len()) {
            return Err(Impossible);
        }
        if solution.special_calls > solution.counts[Opcode::Specialize as usize] {
            return Err(Impossible);
        }
        let before = self.rounds.tally();
        let tally = Tally {
            counts: solution.counts,
            undefined: before.undefined + totals.undefined,
            unsafe_copies: before.unsafe_copies + totals.unsafe_copies,
            unsafe_def,
            type_errors: 0,
        };
        let rounds = (totals.rounds, state.widest as usize);
        let special = (solution.special_defs, solution.special_calls);
        let net = Part { nodes: solution.nodes, wires: solution.wires };
        Ok(Finished { book, root: self.rounds.root, progress, tally, rounds, special, net })
    }
}

/// What a device did.
#[derive(Debug)]
pub struct Finished<'b> {
    book: &'b Book,
    root: u32,
    progress: Progress,
    tally: Tally,
    rounds: (u64, usize),
    special: (u32, u64),
    net: Part,
}

impl Finished<'_> {
    /// How it ended.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// What was done.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many rounds there were, and how many pairs the widest had.
    #[must_use]
    pub fn rounds(&self) -> (u64, usize) {
        self.rounds
    }

    /// How many definitions were code in the end, and how many of the calls that code did.
    #[must_use]
    pub fn special(&self) -> (u32, u64) {
        self.special
    }

    /// What stands at the root: the result, once [`Progress::Done`]. Before, what a device gave of it, which may be nothing.
    #[must_use]
    pub fn result(&self) -> NormalForm<'_> {
        NormalForm::new(self.book, Port::wire(self.root), &self.net)
    }
}

/// That part of a net that its result leads to.
#[derive(Debug)]
struct Part {
    nodes: BTreeMap<u32, Node>,
    wires: BTreeMap<u32, u32>,
}

impl Net for Part {
    fn ports(&self, node: u32) -> Option<[Port; 2]> {
        self.nodes.get(&node).map(|node| [Port(node[1]), Port(node[2])])
    }

    fn label(&self, node: u32) -> u32 {
        self.nodes.get(&node).map_or(0, |node| node[HEADER])
    }

    fn waiting(&self, wire: u32) -> Port {
        self.wires.get(&wire).map_or(Port::NONE, |port| Port(*port))
    }
}

/// All ports that a definition holds.
fn ports(def: &Def) -> impl Iterator<Item = Port> {
    let nodes = def.nodes().iter().flat_map(|node| [Port(node[1]), Port(node[2])]);
    let pairs = def.redexes().iter().flat_map(|redex| [redex.first, redex.second]);
    nodes.chain(pairs).chain([def.root()])
}

/// A float comes from one that is written down, or from the cast to it: nothing else makes one.
fn makes_floats(port: Port) -> bool {
    let number = Num24(port.value());
    port.tag() == Tag::Num && (number.is_float() || matches!(number.operator(), Some((Operator::ToF24, _))))
}

/// Whether it is an operator that the kernels have not for floats, though the processor has.
fn is_function(port: Port) -> bool {
    use Operator::{And, Or, ShiftLeft, ShiftRight, Xor};
    port.tag() == Tag::Num
        && matches!(Num24(port.value()).operator(), Some((And | Or | Xor | ShiftLeft | ShiftRight, _)))
}

fn fits(book: &Book) -> Result<(), NotOffloaded> {
    let main = Port::new(Tag::Ref, book.main());
    let holds = |of: fn(Port) -> bool| book.defs().iter().find(|def| ports(def).any(of));
    // `main` is expanded here; only where something refers to it a device does so too.
    let is_called = book.defs().iter().flat_map(ports).any(|port| port == main);
    for (number, def) in (0..).zip(book.defs()) {
        let size = def.nodes().len().max(def.wires() as usize);
        let is_large = size > DEF_MAX as usize || def.redexes().len() > DEF_PAIRS_MAX as usize;
        if is_large && (is_called || number != book.main()) {
            let size = size.max(def.redexes().len());
            return Err(NotOffloaded::LargeDef { def: def.name().into(), size });
        }
    }
    match holds(is_function) {
        Some(def) if holds(makes_floats).is_some() => Err(NotOffloaded::Function { def: def.name().into() }),
        _ => Ok(()),
    }
}

/// The book as `shaders::ffcm::def` says.
fn program(book: &Book) -> Vec<u32> {
    let mut words = vec![0; book.defs().len()];
    for (number, def) in book.defs().iter().enumerate() {
        words[number] = words.len() as u32;
        let sizes = [def.nodes().len() as u32, def.wires(), def.redexes().len() as u32];
        words.extend(sizes);
        words.extend([u32::from(def.is_safe()), def.root().0]);
        words.extend(def.nodes().iter().flat_map(|node| [node[HEADER], node[1], node[2]]));
        words.extend(def.redexes().iter().flat_map(|redex| [redex.first.0, redex.second.0]));
    }
    words
}

#[cfg(test)]
mod tests;
