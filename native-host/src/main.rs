//! `formix`: heavy node, native light node and command line. See the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    native_host::main()
}
