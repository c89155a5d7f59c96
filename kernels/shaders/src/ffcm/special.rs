//! Definitions as code: kernels that expand the definitions that a net calls most without reading them, and that do at once what is bound to follow.
//!
//! A definition's [`Variant`]s are what its expansion comes to ([`plan`]) for what it may meet: a constructor whose first port is a number that is not
//! zero, say, which a switch at its root chooses by. Of the interactions that follow from there, all that are decided are done: the nodes between them are
//! never made, and each interaction is counted. So a net's result and its counts are those of the plain kernels; only its rounds are fewer.
//!
//! # What it may look at
//! A lane looks at what its pair's constructor holds: at nodes, which were whole when the round began, and through wires at atoms, which are whole in
//! themselves. A node that another lane brought to a wire in the same round it leaves alone. What waits at a wire is whole as well: the other end was brought
//! already, so nobody else comes. Which variant it takes is settled before it asks for places, and it is done whole or not at all.
//!
//! # Bounds
//! [`DEFS_MAX`] definitions of [`VARIANTS_MAX`] variants each, none larger than [`ASKED_MAX`] nodes and as many wires, [`NUMBERS_MAX`] numbers and [`JOINS_MAX`] joins; all
//! text together ([`Special::source`]) at most [`TEXT_MAX`] bytes, whatever the program. A definition that is larger is expanded the plain way.

mod hot;
mod plan;
mod text;

pub use hot::{CALLS_COUNTED_MAX, hot};
pub use plan::{Number, Plan, Port};

use super::operator;
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec, vec::Vec};

/// Interactions that a variant of a definition does at least, if it is worth being compiled.
const MOTIF: u32 = 3;
/// Most definitions that become code.
pub const DEFS_MAX: usize = 64;
/// Most variants of a definition.
pub const VARIANTS_MAX: usize = 4;
/// Most nodes that a definition has which becomes code.
pub const NODES_MAX: usize = 48;
/// Most numbers that a variant computes.
pub const NUMBERS_MAX: usize = 32;
/// Most nodes that a variant asks for, and most wires.
pub const ASKED_MAX: u32 = 16;
/// Most interactions of one opcode that a variant does: kernels hand them over in eight bits.
const COUNT_MAX: u32 = 255;
/// Most pairs of ports that a variant joins in the end.
pub const JOINS_MAX: usize = 8;
/// Most further definitions that a variant expands.
pub const CALLS_MAX: usize = 3;
/// Most bytes of all text ([`Special::source`]): compilers take long for much of it.
pub const TEXT_MAX: usize = 20 << 10;
/// Most wires that a lane looks through for an atom.
pub const HOPS_MAX: u32 = 2;
/// Most wires that a variant takes atoms from, and most nodes that it takes.
pub const TAKEN_MAX: u32 = HOPS_MAX * ARGUMENTS_MAX as u32;
/// Most ports that a variant looks at beside what the definition meets, two for each constructor.
const ARGUMENTS_MAX: usize = 8;

/// What is known of a port that an expansion meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nothing.
    Any,
    /// It is a constructor, there and not behind a wire.
    Constructor,
    /// It is an unsigned number.
    Number,
    /// It is the unsigned number 0.
    Zero,
    /// It is another unsigned number.
    Positive,
}

/// A port that an expansion looks at. The first one is what the definition meets, and each other one hangs on a constructor before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// What is known of it.
    pub class: Class,
    /// On which argument's constructor it hangs.
    pub of: u32,
    /// On which of its ports, 0 or 1.
    pub side: u32,
}

/// What an expansion does where its arguments are of these classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// What it looked at.
    pub arguments: Vec<Argument>,
    /// What it does.
    pub plan: Plan,
}

/// Which variant it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// None: the definition is expanded the plain way.
    Plain,
    /// This one, by its number.
    Variant(u32),
    /// It depends on an argument.
    Ask {
        /// Which one.
        argument: u32,
        /// Where it hangs, see [`Argument`].
        at: [u32; 2],
        /// What follows for each class that it may have, the first that holds.
        classes: Vec<(Class, Choice)>,
        /// What follows otherwise.
        otherwise: Box<Choice>,
    },
}

/// Definitions as code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Special {
    /// How the variant is chosen of each definition that has some.
    pub defs: BTreeMap<u32, Choice>,
    /// All variants; 0 is none of them, so the first has the number 1.
    pub variants: Vec<Variant>,
}

impl Special {
    /// Code for these definitions of a program, the first ones first, as far as it is within bounds. Definitions that are no better as code are left out.
    pub fn new(program: &[u32], defs: &[u32]) -> Self {
        let mut special = Self::default();
        for def in defs {
            if special.defs.len() == DEFS_MAX {
                break;
            }
            if special.defs.contains_key(def) {
                continue;
            }
            let mut exploring = Exploring {
                program,
                def: *def,
                first: special.variants.len(),
                variants: Vec::new(),
                left: VARIANTS_MAX,
            };
            let choice = exploring.choose(vec![Argument { class: Class::Any, of: 0, side: 0 }], 0);
            let Exploring { first, variants, .. } = exploring;
            if !variants.iter().any(|variant| variant.plan.interactions() >= MOTIF) {
                continue;
            }
            special.variants.extend(variants);
            special.defs.insert(*def, choice);
            if special.source().len() > TEXT_MAX {
                special.variants.truncate(first);
                special.defs.remove(def);
            }
        }
        special
    }

    /// Whether there is no code.
    pub fn is_empty(&self) -> bool {
        self.defs.is_empty()
    }

    /// The variant of this number.
    pub fn variant(&self, number: u32) -> Option<&Variant> {
        self.variants.get((number as usize).checked_sub(1)?)
    }

    /// What a kernel's source has in place of `plain.wgsl`.
    pub fn source(&self) -> String {
        text::source(self)
    }
}

/// Whether this operator has a result for all unsigned numbers.
fn has_result(sign: u32) -> bool {
    use operator::*;
    let may_divide_by_zero = [DIV, DIV_FLIPPED, REM, REM_FLIPPED];
    (ADD..=SHIFT_RIGHT_FLIPPED).contains(&sign) && !may_divide_by_zero.contains(&sign)
}

/// The variants of a definition, as they are found.
struct Exploring<'p> {
    program: &'p [u32],
    def: u32,
    /// How many variants other definitions have.
    first: usize,
    variants: Vec<Variant>,
    /// How many more there may be.
    left: usize,
}

impl Exploring<'_> {
    fn gain(&self, arguments: &[Argument], at: usize, class: Class) -> u32 {
        let mut arguments = arguments.to_vec();
        arguments[at].class = class;
        hang(&mut arguments, at);
        plan::plan(self.program, self.def, &arguments).map_or(0, |plan| plan.interactions())
    }

    /// Which classes of the argument `at` let more be decided, given those before it.
    fn classes(&self, arguments: &[Argument], at: usize) -> Vec<Class> {
        let gain = |class| self.gain(arguments, at, class);
        let base = gain(Class::Any);
        let mut classes = Vec::new();
        if arguments.len() + 2 <= 1 + ARGUMENTS_MAX && gain(Class::Constructor) > base {
            classes.push(Class::Constructor);
        }
        // What a definition meets first is a node.
        if at > 0 {
            let number = gain(Class::Number);
            if gain(Class::Positive).max(gain(Class::Zero)) > number {
                classes.extend([Class::Positive, Class::Zero]);
            } else if number > base {
                classes.push(Class::Number);
            }
        }
        classes
    }

    /// Chooses by the argument `at` and those after it.
    fn choose(&mut self, arguments: Vec<Argument>, at: usize) -> Choice {
        let Some(argument) = arguments.get(at) else { return self.end(arguments) };
        let classes = self.classes(&arguments, at);
        if classes.is_empty() || (at > 0 && self.left <= classes.len()) {
            return self.choose(arguments, at + 1);
        }
        // Otherwise there is one more variant, but for the first argument.
        self.left -= if at > 0 { classes.len() } else { 0 };
        let place = [argument.of, argument.side];
        let chosen = classes.into_iter().map(|class| {
            let mut arguments = arguments.clone();
            arguments[at].class = class;
            hang(&mut arguments, at);
            (class, self.choose(arguments, at + 1))
        });
        let classes = chosen.collect();
        // Operators and switches seldom meet a definition that is a constructor.
        let otherwise = Box::new(if at == 0 { Choice::Plain } else { self.choose(arguments, at + 1) });
        Choice::Ask { argument: at as u32, at: place, classes, otherwise }
    }

    fn end(&mut self, arguments: Vec<Argument>) -> Choice {
        match plan::plan(self.program, self.def, &arguments) {
            Some(plan) => {
                self.variants.push(Variant { arguments, plan });
                Choice::Variant((self.first + self.variants.len()) as u32)
            }
            None => Choice::Plain,
        }
    }
}

/// Adds what hangs on the argument `at`, if that is a constructor.
fn hang(arguments: &mut Vec<Argument>, at: usize) {
    if arguments[at].class == Class::Constructor {
        let of = at as u32;
        arguments.extend([0, 1].map(|side| Argument { class: Class::Any, of, side }));
    }
}

#[cfg(test)]
mod tests;
