//! The programs that come with the crate `hvm` 2.0.22, for tests that cannot read files, as in a browser.
//!
//! # Bounds
//! They are part of the program that names them, some 100 KiB.
//!
//! # Provided / Not provided
//! Provided: each program's text, one of them in any size, and what the crate's own evaluator gives for those that take it seconds. Not provided: that evaluator.

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// Programs that run for seconds, with the result and the count of interactions that the crate's own evaluator gives.
pub const LONG: &[(&str, &str, u64)] = &[
    ("examples/sort_bitonic/main.hvm", "8386560", 9_480_165),
    ("examples/sort_radix/main.hvm", "16744448", 124_256_297),
    ("examples/stress/main.hvm", "0", 100_668_918),
    ("examples/sum_rec/main.hvm", "16252928", 25_165_807),
    ("examples/sum_tree/main.hvm", "1048576", 44_040_165),
];

/// Whether a program asks the system for files and texts, which a net alone cannot.
#[must_use]
pub fn asks_the_system(text: &str) -> bool {
    text.contains("@test-io = 1")
}

/// The sum of a tree with 2^`depth` leaves, each 1: a program like the crate's `sum_tree`, in any size.
#[must_use]
pub fn sum_tree(depth: u32) -> String {
    format!(
        "@gen = (?(((a a) @gen0) b) b)
         @gen0 = ({{a d}} ({{$([*2] $([+1] b)) $([*2] e)}} (c f))) &! @gen ~ (a (b c)) &! @gen ~ (d (e f))
         @main = a & @sum ~ ({depth} (@made a))
         @made = a & @gen ~ ({depth} (0 a))
         @sum = (?(((* 1) @sum0) a) a)
         @sum0 = ({{a c}} ((b d) f)) &! @sum ~ (a (b $([+] $(e f)))) &! @sum ~ (c (d e))"
    )
}
