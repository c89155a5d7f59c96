//! The table: which opcode reduces which pair of tags.
//!
//! This is the one place that says so. The reducers here look it up; the shaders' copy is asserted to be [`TABLE`] when this crate is built.
//! It is HVM2's table (`Port::get_rule` of the crate `hvm` 2.0.22) with its rules renamed:
//!
//! | HVM2 | Opcode |
//! |---|---|
//! | LINK | [`Opcode::Link`], not counted |
//! | ANNI of constructors, operators, switches | [`Opcode::Apply`] |
//! | ANNI of duplicators; ERAS of a number, and CALL of a definition, that meets a duplicator | [`Opcode::Duplicate`] |
//! | COMM | [`Opcode::Distribute`] |
//! | OPER | [`Opcode::Succ`] |
//! | SWIT | [`Opcode::Switch`] |
//! | any other ERAS, VOID | [`Opcode::Collapse`] |
//! | any other CALL | [`Opcode::Specialize`] |

use crate::port::{Port, Tag};

/// What is done to a pair. The numbers are those that the shaders switch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// Joins a wire's end with what it met. No interaction.
    Link = 0,
    /// Two nodes of one kind vanish; what hung on them is joined pairwise.
    Apply = 1,
    /// A copy is made: of a number or a definition, or by two duplicators of one label that vanish.
    Duplicate = 2,
    /// Two nodes of different kinds pass through each other: each is there twice afterwards.
    Distribute = 3,
    /// A number meets an operator.
    Succ = 4,
    /// A number chooses a branch.
    Switch = 5,
    /// Something is erased.
    Collapse = 6,
    /// A definition is replaced by its net.
    Specialize = 7,
}

impl Opcode {
    /// Every opcode, in the order of its number.
    pub const ALL: [Self; 8] = [
        Self::Link,
        Self::Apply,
        Self::Duplicate,
        Self::Distribute,
        Self::Succ,
        Self::Switch,
        Self::Collapse,
        Self::Specialize,
    ];

    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["link", "apply", "duplicate", "distribute", "succ", "switch", "collapse", "specialize"]
            [self as usize]
    }
}

use Opcode::{
    Apply as A, Collapse as C, Distribute as D, Duplicate as U, Link as L, Specialize as X, Succ as S,
    Switch as W,
};

/// The opcode of each pair, at `8 * first tag + second tag`. Symmetric.
pub const TABLE: [Opcode; 64] = [
    // VAR REF ERA NUM CON DUP OPR SWI
    L, L, L, L, L, L, L, L, // VAR
    L, C, C, C, X, U, X, X, // REF
    L, C, C, C, C, C, C, C, // ERA
    L, C, C, C, C, U, S, W, // NUM
    L, X, C, C, A, D, D, D, // CON
    L, U, C, U, D, U, D, D, // DUP
    L, X, C, S, D, D, A, D, // OPR
    L, X, C, W, D, D, D, A, // SWI
];

/// The opcode of a pair.
#[inline]
#[must_use]
pub const fn opcode(a: Port, b: Port) -> Opcode {
    TABLE[((a.0 & 7) << 3 | b.0 & 7) as usize]
}

/// The opcode of a pair of tags.
#[must_use]
pub const fn opcode_of(a: Tag, b: Tag) -> Opcode {
    TABLE[(a as usize) << 3 | b as usize]
}

#[cfg(test)]
mod tests;
