//! Adds up the numbers in its input, one on each line: what brings many answers to one.

fn main() {
    let lines = std::io::stdin().lines().map(|line| line.expect("the input is text"));
    let numbers = lines.filter(|line| !line.is_empty()).map(|line| line.parse::<u64>().expect("a number on each line"));
    println!("{}", numbers.sum::<u64>());
}
