//! Writes its input with its characters in the reverse order.

use std::io::Read as _;

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("the input is text");
    print!("{}", text.chars().rev().collect::<String>());
}
