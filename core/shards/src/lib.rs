//! π of a graph in parts that light nodes hold, around a heavy node that checks them.
//!
//! A graph is cut into parts ([`cut`]). The heavy node's [`Coordinator`] hands each to two light nodes, whose [`Holder`]s have the rounds of [`rank::PartRounds`]
//! done beside them, by a thread or a GPU. Of each half of a round the coordinator hands on what is the other parts' business, and goes on to the next
//! once it believes what every part said. π in the end is [`rank::solve`]'s to the bit.
//!
//! # Whom it believes
//! What a part says is a function of the part and of what came in before, so the coordinator keeps that and can have any part done again from the
//! start. What two holders with different identities say alike is believed. Where there is but one, or where they disagree, the heavy node has the part
//! done by what computes beside itself, and believes that. Who said something else than what is believed is a liar: it gets no further part of this
//! ranking. Who leaves, fails or is late is replaced, and the new holder goes through the rounds again.
//!
//! # How to drive it
//! `hear(now, peer, piece)` for each message of a peer, whose answer it gives; `handle_input(now, Input)` and `handle_timeout(now)`; then drain `poll_output()`
//! until `None`, and sleep until `poll_timeout()`.
//!
//! # Bounds
//! Those in [`coordinator`], [`holder`] and [`cut`]; letters have [`message::LETTER_BYTES_MAX`], of a node of which nothing long is expected
//! [`coordinator::UNASKED_BYTES_MAX`]. Letters that wait at a heavy node have [`coordinator::LETTERS_BYTES_MAX`] together, and half of that for each peer,
//! where those to several holders of a part share it; who takes in none for half a minute loses its parts. Letters that come in, and answers that nothing is
//! believed of yet, are those of the two holders of each part; of those of who has left, a digest each. One ranking runs at a time; the others wait.
//!
//! Not among the letters is what is put together beside the loop, [`coordinator::COMBINES_MAX`] at a time. A list takes up to twelve bytes a node of other
//! parts that its part gathers from while it is made, and four from then on until letters have it; π takes up to 24 bytes a node while it is made, and eight
//! from then on until it is handed on to be stored, beside eight of what parts told that they keep. With [`NODES_MAX`] nodes that is 192 MiB a list, and
//! 512 MiB for π. Each has what parts said in its round until it is made, also where its ranking has ended since.
//!
//! # Provided / Not provided
//! Provided: one liar changes no bit of π, however it lies, and is named where the ranking goes on for long enough to find out, also where it has left or given its parts up since; neither do holders that come and go. Not provided: defence against two that
//! lie alike and hold the same part to the end, other than that what they say has to be possible, and that whoever takes the place of one says the same
//! (else all is done again beside the heavy node's own check, and who lies then is found); who holds what is not told to holders, but nothing keeps one person from having many nodes. Secrecy of the graph from those who hold it.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod combine;
pub mod coordinator;
pub mod holder;
mod letter;
pub mod message;
mod order;
mod post;
mod reckon;

pub use combine::{Combine, Combined};
pub use coordinator::{Coordinator, RankingState, RankingView};
pub use holder::{Holder, HolderView, Lending, Reckoner};
pub use message::{About, Done, Task, WorkId};
pub use order::{
    Cut, EDGES_MAX, Facts, GRAPH_BYTES_MAX, GraphFile, NODES_MAX, Order, OrderError, PARTS_BYTES_MAX,
    PATIENCE_MS_MAX, SHARDS_MAX, UNPACKED_BYTES_MAX, Written, cut,
};
pub use reckon::Processor;
