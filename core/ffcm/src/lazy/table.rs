//! The lazy machine's table: which opcode reduces which pair of tags.
//!
//! A row is what takes something apart, a column what is there. This is the one place that says so; the strict machine's is
//! [`crate::table`], with the same opcodes. What a row does to a superposition is always to distribute: both of its terms are taken apart.

use crate::{table::Opcode, word::WordTag};

/// What happens where a row meets a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// This opcode.
    Opcode(Opcode),
    /// A type error: nothing comes of it ([`Opcode::Collapse`]), and it is counted.
    TypeError,
    /// Two of equal labels vanish ([`Opcode::Duplicate`]); of unequal labels they pass through each other ([`Opcode::Distribute`]).
    Labels,
    /// A definition without duplications and superpositions is copied ([`Opcode::Duplicate`]); another is expanded ([`Opcode::Specialize`]).
    Closure,
}

/// The rows, in the order of [`TABLE`].
pub const ROWS: [WordTag; 9] = [
    WordTag::Var,
    WordTag::App,
    WordTag::Dp0,
    WordTag::Mat,
    WordTag::Swi,
    WordTag::Opx,
    WordTag::Opy,
    WordTag::Ers,
    WordTag::Col,
];

/// The columns, in the order of [`TABLE`].
pub const COLUMNS: [WordTag; 9] = [
    WordTag::Var,
    WordTag::Lam,
    WordTag::Sup,
    WordTag::Ctr,
    WordTag::Num,
    WordTag::Chr,
    WordTag::Nul,
    WordTag::Ref,
    WordTag::Stk,
];

const L: Entry = Entry::Opcode(Opcode::Link);
const A: Entry = Entry::Opcode(Opcode::Apply);
const U: Entry = Entry::Opcode(Opcode::Duplicate);
const D: Entry = Entry::Opcode(Opcode::Distribute);
const S: Entry = Entry::Opcode(Opcode::Succ);
const W: Entry = Entry::Opcode(Opcode::Switch);
const C: Entry = Entry::Opcode(Opcode::Collapse);
const X: Entry = Entry::Opcode(Opcode::Specialize);
const E: Entry = Entry::TypeError;
const Q: Entry = Entry::Labels;
const R: Entry = Entry::Closure;

/// What happens where each row meets each column.
pub const TABLE: [[Entry; COLUMNS.len()]; ROWS.len()] = [
    // VAR LAM SUP CTR NUM CHR NUL REF STK
    [L, L, L, L, L, L, L, L, L], // VAR
    [L, A, D, E, E, E, C, X, C], // APP
    [L, U, Q, U, U, U, U, R, U], // DP0 and DP1
    [L, E, D, W, E, E, C, X, C], // MAT
    [L, E, D, E, W, W, C, X, C], // SWI
    [L, E, D, E, S, S, C, X, C], // OPX
    [L, E, D, E, S, S, C, X, C], // OPY
    [L, C, C, C, C, C, C, C, C], // ERS
    [L, C, C, C, C, C, C, X, C], // COL
];

/// The place of each tag in `tags`, by the tag's number.
const fn places(tags: [WordTag; 9]) -> [u8; 32] {
    let mut places = [0; 32];
    let mut at = 0;
    while at < tags.len() {
        places[tags[at] as usize] = at as u8;
        at += 1;
    }
    places
}

const ROW: [u8; 32] = {
    let mut rows = places(ROWS);
    rows[WordTag::Dp1 as usize] = rows[WordTag::Dp0 as usize];
    rows
};
const COLUMN: [u8; 32] = places(COLUMNS);

/// What happens where an eliminator meets an introducer. Tags that have no row or column are linked, as a variable is.
#[inline]
#[must_use]
pub const fn entry(row: WordTag, column: WordTag) -> Entry {
    TABLE[ROW[row as usize] as usize][COLUMN[column as usize] as usize]
}

#[cfg(test)]
mod tests;
