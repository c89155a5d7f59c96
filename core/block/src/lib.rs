//! The block pipeline: from changes of a graph to the focus vector π that comes of them, one block after the other.
//!
//! A block is a list of changes: edges that come and go, and what nodes have at stake. How much an edge weighs may be a number, or a program:
//! a term whose value is the weight, over definitions that the block brings along. What a block does to the graph is decided in four steps,
//! and each is a function of the state before and of the block alone, to the last bit:
//!
//! 1. **Read.** Terms become one net whose pairs are what there is to do. A term that cannot be read is refused, with its line and place.
//! 2. **Weigh.** The net is reduced until no pair is left. The pipeline says what ([`Output::Weigh`]), the shell says where: on its own thread, on
//!    many, on a GPU. What has no number, or takes more than it may, is refused.
//! 3. **Gather.** What was not refused is applied to [`rank::Live`], which brings π up to date: locally, or by a solve that begins with the π before.
//! 4. **Store.** π under its name, a [`Record`] of what was done and, now and then, the whole graph, in one batch. Only then is the block
//!    [`Output::Ended`]. A process that is killed at any moment goes on with the last block that was stored, to the same bits.
//!
//! A change that is refused stops no other; the record says which were, and why.
//!
//! ```
//! use block::{Block, Input, Output, Pipeline, Reader, Settings};
//! use rank::{Alone, Edges};
//! use store::MemoryStore;
//!
//! let (mut reader, disk) = (Reader::new(), MemoryStore::new());
//! for line in ["@trust(a b) = (+ (* a a) b)", "+ 0 1 @trust(3 4)", "+ 1 0", "+ 1 2 λx. x"] {
//!     reader.push(line)?;
//! }
//! let mut pipeline = Pipeline::begin(Edges::new(), Settings::default(), &Alone)?;
//! let mut blocks = reader.finish().map(|read| read.block).into_iter();
//! while let Some(output) = pipeline.poll_output() {
//!     match output {
//!         Output::Weigh(task) => pipeline.handle_input(Input::Weighed(task.run())),
//!         Output::Gather => pipeline.gather(&Alone),
//!         Output::Store(batch) => {
//!             disk.apply(&batch)?;
//!             pipeline.handle_input(Input::Stored);
//!         }
//!         Output::Ended(ended) => {
//!             if ended.record.height == 1 {
//!                 assert_eq!((ended.record.edges, ended.refused.len()), (2, 1));
//!                 assert_eq!(ended.refused[0].to_string(), "its weight is no number: 1 to 16777215, as `(+ 1 2)` gives");
//!             }
//!             if let Some(block) = blocks.next() {
//!                 pipeline.handle_input(Input::Block(block));
//!             }
//!         }
//!         Output::Refused(error) => panic!("{error}"),
//!     }
//! }
//! let restored = Pipeline::restore(disk.list(block::PREFIX))?.expect("it was stored");
//! assert_eq!(restored.digest(), pipeline.digest());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # How to drive it
//! [`Pipeline::begin`] with a graph, or [`Pipeline::restore`] with what a store has under [`PREFIX`]. Then [`Pipeline::handle_input`], and
//! [`Pipeline::poll_output`] until `None`; one block at a time. It needs no clock.
//!
//! # Bounds
//! A block has at most [`DELTAS_MAX`] changes and [`TEXT_BYTES_MAX`] bytes of text, [`TERM_BYTES_MAX`] a term and [`BOOK_BYTES_MAX`] of definitions.
//! Its weights take at most [`Settings::block_interactions`], each [`Settings::weight_interactions`], fewer where definitions are large, since an
//! expansion takes time in proportion. Finding out which of many takes too much repeats some of that, at most once for each time that 1024 can be
//! halved. A heap has at most [`Settings::heap_nodes`]. A graph has at most [`Settings::nodes_max`] nodes, [`NODES_MAX`] at most, and
//! [`EDGES_MAX`] edges; in memory it takes what [`rank::Live`] takes, and π once more. In the store are π of the last [`PI_KEPT`] blocks, the last
//! whole graph, and the records since the one before.
//!
//! # Provided / Not provided
//! Provided: bits that depend on the blocks alone, whatever reduces and solves; a digest that names a block's outcome and all before it; nothing is told
//! before it is durable. Not provided: agreement on which block is next; who may change what; proofs of π to those who do not compute it.
//!
//! Follows: the definition of π in `rank`'s SPEC.md, and of reductions in `ffcm`.
#![no_std]

extern crate alloc;

mod block;
mod kept;
mod pipeline;
mod read;
mod record;
mod weigh;

pub use block::{
    BOOK_BYTES_MAX, Block, BlockError, DELTAS_MAX, Delta, TERM_BYTES_MAX, TEXT_BYTES_MAX, Weight,
};
pub use kept::{PI_KEPT, PREFIX, RestoreError};
pub use pipeline::{BeginError, Ended, Input, Output, Pipeline, Refusal};
pub use read::{Numbered, Reader};
pub use record::{Change, EDGES_MAX, NODES_MAX, Nearness, Reason, Record, Refused, Settings};
pub use weigh::{Outcome, Reduction, Task};
