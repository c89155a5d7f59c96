//! WGSL kernels, the layouts that they share with Rust, and twins of them for the CPU.
//!
//! A kernel is a WGSL file. What it has in common with Rust is written once, in Rust: constants and structures are put before each kernel's source,
//! and what a kernel binds is a table that the executor reads. Twins in Rust do what kernels do, and tests compare them with what the kernels stand for; a
//! wrong result of a GPU is then either a wrong twin or a wrong driver. Of π each function has a twin of the same name. Of nets each kernel has one, and so has
//! what a round does to a net and to numbers; how the lanes of a workgroup share its memory has none.
//!
//! # How to drive it
//! [`rank`] is the focus vector π: [`rank::cut`] arranges a graph for a device, [`rank::Kernel`] says what to run. [`ffcm`] is interaction nets:
//! [`ffcm::Input`] is a net as a device gets it, [`ffcm::Kernel`] says what to run. `kernels/gpu` runs both.
//!
//! # Bounds
//! What is arranged for a device takes as much memory as the graph does; nothing is kept. A net's memory is what its executor grants it.
//!
//! # Provided / Not provided
//! Provided: kernels that need 32-bit integers, barriers within a workgroup, eight storage buffers, for nets atomic operations as well, and nothing else:
//! all of WebGPU's defaults. No floating point, no subgroups, no waiting for another workgroup. Not provided: a device.
#![no_std]

extern crate alloc;

pub mod ffcm;
pub mod pair;
pub mod rank;

use alloc::{format, string::String};

/// Lanes of a workgroup. WebGPU grants 256.
pub const GROUP: u32 = 256;

/// How a kernel uses what is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A structure that all lanes read.
    Uniform,
    /// A buffer that it reads.
    Read,
    /// A buffer that it reads and writes.
    Write,
}

/// What a kernel binds, in the order of its bindings: the name in the source, and how it is used.
pub type Bindings = &'static [(&'static str, Access)];

/// A structure of 32-bit words that a kernel reads as a uniform, or writes.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name {
            $($(#[$field_about])* pub $field: u32,)*
        }

        impl $name {
            /// The names of the words, in their order.
            pub const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            /// The words, as a buffer holds them.
            pub fn words(self) -> alloc::vec::Vec<u32> {
                alloc::vec![$(self.$field),*]
            }

            /// What a buffer holds; words that are not there count as 0.
            pub fn from_words(words: &[u32]) -> Self {
                let mut words = words.iter().copied();
                Self { $($field: words.next().unwrap_or_default()),* }
            }
        }
    };
}
pub(crate) use words;

fn structure(name: &str, fields: &[&str]) -> String {
    let fields: String = fields.iter().map(|field| format!("    {field}: u32,\n")).collect();
    format!("struct {name} {{\n{fields}}}\n\n")
}

fn constant(name: &str, value: u32) -> String {
    format!("const {name}: u32 = {value}u;\n")
}
