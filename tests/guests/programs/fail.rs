//! Fails in the way that its first argument names.

use std::hint::black_box;

fn dive(depth: u64) -> u64 {
    if black_box(true) { dive(depth + 1) + black_box(depth) } else { 0 }
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("panic") => panic!("as asked"),
        Some("exit") => std::process::exit(7),
        Some("memory") => {
            let mut kept = Vec::new();
            loop {
                kept.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        Some("recursion") => println!("{}", dive(0)),
        Some("loop") => loop {
            black_box(());
        },
        Some("flood") => loop {
            println!("{}", "flood".repeat(1000));
        },
        _ => {}
    }
}
