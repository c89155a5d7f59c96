//! Prints its first argument backwards, or its input where it has none, or `Hello, World`.

use std::io::Read;

fn main() {
    let text = std::env::args().nth(1).unwrap_or_else(|| {
        let mut input = String::new();
        std::io::stdin().read_to_string(&mut input).expect("the input is text");
        if input.is_empty() { "Hello, World".to_owned() } else { input }
    });
    println!("{}", text.trim_end().chars().rev().collect::<String>());
}
