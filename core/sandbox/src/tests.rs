//! Guests written by hand, the specification's suite, and modules made up from random bytes; natively and, from the same
//! functions, in a browser.

use crate::{Command, Ending, Execution, Limits, Module, ModuleError, Trap};
use alloc::{string::String, vec::Vec};

mod agreement;
mod basics;
mod hostile;
mod nan;
mod spec;
mod steps;
mod wasi;

// Tests take no frame of a page: they run where guests do, in a worker.
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// The bytes of a module written as text.
fn module(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a module in the text format")
}

/// Limits that end a test's guest within a second.
fn limits() -> Limits {
    Limits {
        fuel: 10_000_000,
        memory_bytes: 16 << 20,
        table_elements: 10_000,
        output_bytes: 64 * 1024,
        ..Limits::default()
    }
}

fn run_bytes(wasm: &[u8], command: &Command<'_>, limits: &Limits) -> Result<Execution, ModuleError> {
    Ok(Module::new(wasm, limits)?.run(command, limits))
}

/// Runs a module without arguments and input.
fn run(text: &str) -> Execution {
    run_bytes(&module(text), &Command::default(), &limits()).expect("a module that compiles")
}

/// How a module without arguments and input ends.
fn ending(text: &str) -> Ending {
    run(text).ending
}

/// A module that has what `_start` needs to call WASI's functions of these names, and memory of one page.
///
/// `$write` writes a range of memory to a stream: (fd, at, len).
fn guest(imports: &[(&str, &str)], start: &str) -> String {
    use core::fmt::Write as _;
    let mut text = String::from("(module\n");
    for (name, signature) in [&[("fd_write", "(param i32 i32 i32 i32) (result i32)")], imports].concat() {
        let _ = writeln!(text, r#"(import "wasi_snapshot_preview1" "{name}" (func ${name} {signature}))"#);
    }
    let _ = writeln!(
        text,
        r#"(memory (export "memory") 1)
        (func $write (param $fd i32) (param $at i32) (param $len i32)
          (i32.store (i32.const 65000) (local.get $at))
          (i32.store (i32.const 65004) (local.get $len))
          (if (call $fd_write (local.get $fd) (i32.const 65000) (i32.const 1) (i32.const 65008)) (then unreachable)))
        (func (export "_start") {start}))"#
    );
    text
}
