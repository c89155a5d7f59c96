//! Terms: programs as HVM3 writes them, with superpositions and duplications.
//!
//! ```text
//! book ::= ("@" name ["(" name* ")"] "=" term)*
//! term ::= name                                variable       "λ" name "." term           function
//!        | "@" name ["(" term* ")"]            definition     "(" term term* ")"          application
//!        | "&" label "{" term term "}"         superposition  "!" "&" label "{" name name "}" "=" term ";" term
//!        | "*"                                 nothing        "!" name "=" term ";" term  let
//!        | 12 0x1F 0b11 'c'                    32 bits        "(" operator term term ")"  operation
//!        | "#" name ["{" term* "}"]            constructor    "~" term move* "{" arm* "}" match
//! move ::= "!" name ["=" term]
//! arm  ::= ("#" name ["{" name* "}"] | number | number "+" name | name) ":" term [";"]
//! operator ::= + - * / % == != < > <= >= & | ^ << >>     and a space
//! ```
//!
//! `//` begins a comment; commas between terms and semicolons are read and not needed. A name is made of ASCII letters, digits, `_`
//! and `$`. A superposition `&L{a b}` is both of its terms at once; a duplication `! &L{x y} = v; t` is its inverse where the
//! labels are equal, and passes through where they are not. A label that is left away is one that nothing else has.
//!
//! A variable may be used any number of times. One that is used more than once is duplicated, with labels that nothing else
//! has; `&` before its binder, which HVM3 asks for then, is read and means nothing more. Copies that are copied by the copy that they made
//! need labels of their own, as everywhere in this calculus: a definition that duplicates its argument is not to be given to itself.
//!
//! The arms of a match on numbers are `0`, `1` and so on without a gap, then `n+p` for all others, less `n`, or `_`.

mod library;
mod net;
mod net_read;
mod print;
mod read;

pub use library::Library;
pub use print::Shown;

use crate::book::BookError;
use alloc::{boxed::Box, string::String, vec, vec::Vec};

/// Greatest label that a text may give.
pub const LABEL_MAX: u32 = (1 << 17) - 1;

/// Most fields of a constructor, arms of a match, and terms that it hands to them.
pub const WIDTH_MAX: u32 = 255;

/// Declares [`Operation`] and how each is written, in an order in which none hides behind a shorter one.
macro_rules! operations {
    ($($name:ident $sign:literal $about:literal,)*) => {
        /// An operation on two numbers of 32 bits.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Operation {
            $(#[doc = $about] $name,)*
        }

        impl Operation {
            /// Every operation and how it is written.
            pub const ALL: &[(&'static str, Self)] = &[$(($sign, Self::$name),)*];
        }
    };
}

operations! {
    ShiftLeft "<<" "Shifted left by the second modulo 32.",
    ShiftRight ">>" "Shifted right by the second modulo 32.",
    Equal "==" "1 if equal, else 0.",
    NotEqual "!=" "1 if not equal, else 0.",
    LessEqual "<=" "1 if not greater, else 0.",
    GreaterEqual ">=" "1 if not less, else 0.",
    Less "<" "1 if less, else 0.",
    Greater ">" "1 if greater, else 0.",
    Add "+" "The sum modulo 2^32.",
    Subtract "-" "The difference modulo 2^32.",
    Multiply "*" "The product modulo 2^32.",
    Divide "/" "The quotient, rounded down.",
    Remainder "%" "The remainder.",
    And "&" "Bitwise and.",
    Or "|" "Bitwise or.",
    Xor "^" "Bitwise exclusive or.",
}

impl Operation {
    /// How it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    /// The operation with this number.
    #[must_use]
    pub fn from_bits(bits: u32) -> Option<Self> {
        Self::ALL.get(bits as usize).map(|(_, operation)| *operation)
    }

    /// What it gives; `None` for a division by zero.
    #[must_use]
    pub fn apply(self, x: u32, y: u32) -> Option<u32> {
        Some(match self {
            Self::ShiftLeft => x << (y & 31),
            Self::ShiftRight => x >> (y & 31),
            Self::Equal => (x == y).into(),
            Self::NotEqual => (x != y).into(),
            Self::LessEqual => (x <= y).into(),
            Self::GreaterEqual => (x >= y).into(),
            Self::Less => (x < y).into(),
            Self::Greater => (x > y).into(),
            Self::Add => x.wrapping_add(y),
            Self::Subtract => x.wrapping_sub(y),
            Self::Multiply => x.wrapping_mul(y),
            Self::Divide => return x.checked_div(y),
            Self::Remainder => return x.checked_rem(y),
            Self::And => x & y,
            Self::Or => x | y,
            Self::Xor => x ^ y,
        })
    }
}

/// A piece of a term. A term is its pieces in the order in which they are written, each followed by those below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    /// A variable: the number of its binder. [`Item::FREE`] is one that nothing binds.
    Var(u32),
    /// A definition's number.
    Ref(u32),
    /// Nothing.
    Nul,
    /// A number.
    Num(u32),
    /// A character.
    Chr(char),
    /// A function: its binder. Its body follows.
    Lam(u32),
    /// An application to so many arguments, one at least. The function and they follow.
    App(u32),
    /// A superposition: its label, if it has one. Both terms follow.
    Sup(Option<u32>),
    /// A duplication: its label, if it has one, and the binders of both copies. What is copied and the body follow.
    Dup(Option<u32>, u32, u32),
    /// A let: its binder. The value and the body follow.
    Let(u32),
    /// An operation. Both operands follow.
    Op(Operation),
    /// A constructor: its number, and how many fields follow.
    Ctr(u32, u32),
    /// A match: the number of its [`Shape`], and how many terms it hands to its arms. What is matched, these terms behind
    /// an [`Item::Move`] each, and the arms follow. An arm is a function of the fields and of what is handed to all arms.
    Match(u32, u32),
    /// What a match hands to its arms: a binder for the name alone. The term follows.
    Move(u32),
}

impl Item {
    /// A variable that nothing binds.
    pub const FREE: Self = Self::Var(u32::MAX);

    /// It, behind so many binders of other terms.
    fn behind(self, others: u32) -> Self {
        match self {
            Self::Var(binder) if self != Self::FREE => Self::Var(binder + others),
            Self::Lam(binder) => Self::Lam(binder + others),
            Self::Dup(label, first, second) => Self::Dup(label, first + others, second + others),
            Self::Let(binder) => Self::Let(binder + others),
            Self::Move(binder) => Self::Move(binder + others),
            other => other,
        }
    }
}

/// A term.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Term {
    pub(crate) items: Vec<Item>,
    /// The names of its binders.
    pub(crate) binders: Vec<Box<str>>,
}

impl Term {
    /// Its pieces.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// How many binders it has.
    #[must_use]
    pub fn binders(&self) -> u32 {
        self.binders.len() as u32
    }

    /// How many labels must be made up for it: for what has none, and for each use of a variable after its first.
    pub(crate) fn labels(&self) -> u32 {
        let mut used = vec![false; self.binders.len()];
        let needs = |item: &&Item| match item {
            Item::Sup(label) | Item::Dup(label, ..) => label.is_none(),
            Item::Var(binder) => {
                used.get_mut(*binder as usize).is_some_and(|used| core::mem::replace(used, true))
            }
            _ => false,
        };
        self.items.iter().filter(needs).count() as u32
    }

    /// It, to be written with the names of this book.
    #[must_use]
    pub fn shown<'t>(&'t self, book: &'t Terms) -> Shown<'t> {
        Shown { term: self, book }
    }
}

/// What a match looks at, and which arms it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Constructors by number, an arm for each; then perhaps one for all others, which gets the whole.
    Constructors {
        /// Their numbers.
        known: Vec<u32>,
        /// Whether there is an arm for all others.
        others: bool,
    },
    /// So many numbers from 0 on, an arm for each; then perhaps one for all others, which gets the number less that many.
    Numbers {
        /// How many.
        known: u32,
        /// Whether there is an arm for all others.
        others: bool,
    },
}

impl Shape {
    /// How many arms it has.
    #[must_use]
    pub fn arms(&self) -> u32 {
        match self {
            Self::Constructors { known, others } => known.len() as u32 + u32::from(*others),
            Self::Numbers { known, others } => known + u32::from(*others),
        }
    }

    /// Whether it looks at numbers.
    #[must_use]
    pub fn is_of_numbers(&self) -> bool {
        matches!(self, Self::Numbers { .. })
    }

    /// How many variables this arm binds for what is matched, not counting what is handed to it.
    #[must_use]
    pub fn fields(&self, arm: u32, book: &Terms) -> u32 {
        match self {
            Self::Constructors { known, .. } => {
                known.get(arm as usize).map_or(1, |ctr| book.constructors[*ctr as usize].fields)
            }
            Self::Numbers { known, .. } => u32::from(arm >= *known),
        }
    }
}

/// A constructor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constructor {
    /// Its name, without `#`.
    pub name: String,
    /// How many fields it has.
    pub fields: u32,
}

/// A definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name, without `@`.
    pub name: String,
    /// What it stands for: a term in which nothing is free.
    pub term: Term,
}

/// A book of terms, one of them `main`. Books are equal that are the same program, however they were written.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    pub(crate) defs: Vec<Definition>,
    pub(crate) constructors: Vec<Constructor>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) main: u32,
    /// Its text, for errors that come later to show their places in.
    source: Box<str>,
    /// Where each definition's name stands.
    places: Vec<usize>,
    /// The first thing that nets have not: where, in which definition, what.
    lack: Option<(usize, String, &'static str)>,
}

impl PartialEq for Terms {
    fn eq(&self, other: &Self) -> bool {
        (&self.defs, &self.constructors, &self.shapes, self.main)
            == (&other.defs, &other.constructors, &other.shapes, other.main)
    }
}

impl Eq for Terms {}

impl Terms {
    /// Reads a book's text.
    ///
    /// # Errors
    /// [`BookError`] with line, column and a mend: it is no book, a name is bound nowhere or defined twice, constructors
    /// differ in their fields, `main` is missing, or a bound is passed.
    pub fn read(text: &str) -> Result<Self, BookError> {
        read::read(text, true)
    }

    /// Its definitions, by the number that [`Item::Ref`] holds.
    #[must_use]
    pub fn defs(&self) -> &[Definition] {
        &self.defs
    }

    /// Its constructors, by the number that [`Item::Ctr`] holds.
    #[must_use]
    pub fn constructors(&self) -> &[Constructor] {
        &self.constructors
    }

    /// The shapes of its matches, by the number that [`Item::Match`] holds.
    #[must_use]
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The number of `main`.
    #[must_use]
    pub fn main(&self) -> u32 {
        self.main
    }
}

/// Adds an application to so many arguments to a result. What is applied to some and then to more is applied to all of them.
pub(crate) fn apply(items: &mut Vec<Item>, arguments: u32) {
    // Its function comes next after it.
    if let Some(Item::App(more)) = items.last_mut() {
        *more += arguments;
    } else {
        items.push(Item::App(arguments));
    }
}

/// The name of a number: `a` to `z`, then `aa`.
pub(crate) fn short_name(mut number: u32) -> Box<str> {
    let mut name = Vec::new();
    loop {
        name.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
        if number == 0 {
            break;
        }
        number -= 1;
    }
    name.iter().rev().collect::<String>().into()
}

#[cfg(test)]
mod tests;
