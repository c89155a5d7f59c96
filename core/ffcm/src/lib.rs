//! The focus-flow compute machine: interaction nets on a flat heap, reduced strictly and in parallel, or lazily.
//!
//! A program is a net: nodes with one principal port, where things happen, and two auxiliary ports, joined by wires. Two
//! nodes whose principal ports face each other are a pair, and what becomes of a pair depends on the two tags alone: [`table`]
//! says it, once, for every device. A pair touches nothing but itself, so pairs may be reduced in any order, by any number of
//! threads, on a GPU: the result is the same net after the same number of interactions. That count is the machine's unit of work.
//!
//! The strict machine runs HVM2's books with HVM2's results and counts (the crate `hvm` 2.0.22 is the oracle of the tests). The
//! [`lazy`] one runs [`term`]s, as HVM3 writes them: it reduces what is asked for, and reads each term that a superposition stands for.
//! Its counts are its own; they say nothing about those of the strict machine.
//!
//! ```
//! use ffcm::{Book, Limits, Machine, Progress};
//!
//! let book = Book::read(
//!     "@main = a & @sum ~ (4 (0 a))
//!      @sum = (?(((a a) @more) b) b)
//!      @more = ({c a} ({$([*2] $([+1] d)) $([*2] $([+0] b))} f))
//!        &! @sum ~ (a (b $([+] $(e f))))
//!        &! @sum ~ (c (d e))",
//! )?;
//! let mut machine = Machine::new(&book, Limits::default())?;
//! assert_eq!(machine.run(1_000_000), Progress::Done);
//! assert_eq!(machine.result().to_string(), "120");
//!
//! let wrong = Book::read("@main = a & @sun ~ (4 a)\n@sum = (b b)").unwrap_err();
//! assert_eq!(
//!     wrong.to_string(),
//!     "1:13: nothing is named `@sun`: did you mean `@sum`?\n  @main = a & @sun ~ (4 a)\n              ^"
//! );
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # How to drive it
//! [`Book::read`] reads a text. [`Machine`] reduces it on one thread: [`Machine::run`] with a budget until [`Progress::is_final`], so
//! that a tab or a server decides between two calls whether to go on. [`Rounds`] reduces it in rounds, as a GPU does; [`Offloaded`] hands
//! it to one (`kernels/gpu` has `Gpu::reduce`) and reads back what that did. A shell
//! with threads implements [`rules::Space`] over shared memory and runs the same [`rules::Reducer`]. [`program::Program`] is a text of either
//! kind, and [`program::Run`] its reduction on one thread. [`term::Terms::read`] reads terms; [`lazy::Lazy`] reduces them, and
//! [`term::Terms::to_book`] makes nets of those that need no constructors.
//!
//! # Bounds
//! A book has at most [`book::SOURCE_BYTES_MAX`] bytes, so its nets are bounded too; reading it takes time and memory in proportion.
//! A heap grows to [`Limits::nodes_max`] nodes of 16 bytes and [`Limits::wires_max`] wires of 4, each with 4 bytes more for the list of
//! free places, and a pair of 8 bytes for every two nodes or less. Beyond that: [`Progress::Full`]. After
//! [`Limits::interactions_max`] interactions: [`Progress::Capped`]. One step of a machine takes time in proportion to the
//! largest definition. The lazy machine states its own.
//!
//! # Errors that a program makes
//! They stop nothing, so that they too are the same in any order; [`Tally`] counts them. A whole number divided by zero is 0. A
//! definition that holds duplicators is not copied: what asked for the copy stays without, as a free wire. A pair whose tags
//! fit badly (a number that is applied) erases, as in HVM2; the lazy machine erases it too, and counts it.
//!
//! # Provided / Not provided
//! Provided: HVM2's nets and 24-bit numbers; labels of duplicators in the heap's format and the rules; the canonical 64-bit
//! [`word::Word`] of every port; terms with labels, constructors, matches and numbers of 32 bits, reduced lazily. Not provided: freeing
//! what a lazy machine needs no more; labels that a program computes, priorities (`↑`, `↓`) and strict lets of HVM3; HVM2's effects
//! (`IO/Call` is a constructor like any other).
//!
//! Follows: Lafont, "Interaction combinators" (1997); HVM2's paper and its crate `hvm` 2.0.22; HVM3's word layout.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod book;
mod cursor;
pub mod heap;
pub mod lazy;
mod machine;
pub mod normal;
pub mod number;
pub mod port;
pub mod program;
mod rounds;
pub mod rules;
pub mod table;
pub mod term;
#[cfg(test)]
mod tests;
pub mod word;

pub use book::{Book, BookError};
pub use heap::Limits;
pub use machine::{Machine, Progress};
pub use normal::NormalForm;
pub use rounds::{Finished, Impossible, NotOffloaded, Offloaded, RoundHeap, Rounds};
pub use rules::{Resource, Tally};
pub use table::Opcode;
