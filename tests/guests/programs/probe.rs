//! Tries what a program on a computer of its own may do, and prints what came of it, a line each.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, io, net, thread};

fn tell<T>(what: &str, outcome: io::Result<T>) {
    match outcome {
        Ok(_) => println!("{what}: done"),
        Err(error) => println!("{what}: {:?}", error.kind()),
    }
}

fn main() {
    tell("read a file", fs::read("/etc/passwd"));
    tell("write a file", fs::write("out.txt", "x"));
    tell("list a folder", fs::read_dir("/"));
    tell("make a folder", fs::create_dir("x"));
    tell("connect", net::TcpStream::connect("127.0.0.1:80"));
    tell("listen", net::TcpListener::bind("127.0.0.1:0"));
    tell("start a thread", thread::Builder::new().spawn(|| {}));
    println!("arguments: {:?}", env::args().collect::<Vec<_>>());
    println!("environment: {:?}", env::vars().collect::<Vec<_>>());
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is past 1970");
    println!("clock: {} s", since.as_secs());
    let begun = Instant::now();
    thread::sleep(Duration::from_secs(3600));
    println!("slept: {} s", begun.elapsed().as_secs());
    // The order of a hash map is drawn from the system's randomness.
    let map = (0..8).map(|n| (n, ())).collect::<HashMap<_, _>>();
    println!("chance: {:?}", map.keys().collect::<Vec<_>>());
}
