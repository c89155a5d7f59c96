//! CoreMark as a guest: the published Rust port of EEMBC's benchmark for as many iterations as its argument says.
//!
//! It prints the checksums of the lists, the matrices, the state machine and of all together. How long it took is for whoever runs it to know:
//! a guest has no clock that tells.

use std::process::ExitCode;

use coremark::{Config, run};

fn main() -> ExitCode {
    let Some(iterations) = std::env::args().nth(1).and_then(|text| text.parse().ok()) else {
        eprintln!("usage: coremark ITERATIONS");
        return ExitCode::from(2);
    };
    if iterations == 0 {
        eprintln!("at least one iteration: with none, CoreMark would look for a number by the clock");
        return ExitCode::from(2);
    }
    let results = run(&Config { iterations, ..Config::default() });
    let (list, matrix, state) = (results.crclist, results.crcmatrix, results.crcstate);
    println!("{list:04x} {matrix:04x} {state:04x} {:04x}", results.crcfinal);
    ExitCode::SUCCESS
}
