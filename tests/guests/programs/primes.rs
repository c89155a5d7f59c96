//! Counts the primes from its first argument up to, not including, its second.

fn main() {
    let mut bounds = std::env::args().skip(1).map(|arg| arg.parse::<usize>());
    let (Some(Ok(from)), Some(Ok(to))) = (bounds.next(), bounds.next()) else {
        eprintln!("usage: primes FROM TO");
        std::process::exit(2);
    };
    let mut composite = vec![false; to];
    let mut count = 0;
    for number in 2..to {
        if composite[number] {
            continue;
        }
        count += usize::from(number >= from);
        for multiple in (number.saturating_mul(number)..to).step_by(number) {
            composite[multiple] = true;
        }
    }
    println!("{count}");
}
