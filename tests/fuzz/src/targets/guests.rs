//! Modules that strangers submit: checked, compiled and run.

use super::Target;
use sandbox::{Command, Execution, Limits, Module, Progress};

/// A module that compiles also runs, within its limits, and gives the same in one step and in many.
pub(super) const MODULE: Target =
    Target { name: "module", about: "a WebAssembly module, and a run of it", run: module, seeds: modules };

fn limits() -> Limits {
    Limits {
        fuel: 5_000,
        memory_bytes: 1 << 20,
        stack_bytes: 64 << 10,
        call_depth: 100,
        module_bytes: crate::INPUT_MAX as u64,
        table_elements: 1_000,
        output_bytes: 1_000,
    }
}

fn module(input: &[u8]) {
    let limits = limits();
    let module = match Module::new(input, &limits) {
        Ok(module) => module,
        Err(error) => return drop(error.to_string()),
    };
    let command = Command { args: vec!["guest".into()], stdin: b"input", ..Command::default() };
    let whole = module.run(&command, &limits);
    assert!(whole.fuel <= limits.fuel);
    assert!(whole.memory_peak_bytes <= limits.memory_bytes);
    assert!((whole.stdout.len() + whole.stderr.len()) as u64 <= limits.output_bytes);
    assert_eq!(in_steps(&module, &command, &limits), whole);
}

fn in_steps(module: &Module, command: &Command<'_>, limits: &Limits) -> Execution {
    let mut run = module.start(command, limits);
    loop {
        match run.step(97) {
            Progress::Running(next) => run = next,
            Progress::Done(execution) => return execution,
        }
    }
}

fn modules() -> Vec<Vec<u8>> {
    const WASI: &str = r#"
        (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)"#;
    let texts = [
        r#"(func (export "_start"))"#.to_owned(),
        r#"(func $s (loop (br 0))) (func (export "_start")) (start $s)"#.to_owned(),
        r#"(memory 1 3) (data (i32.const 8) "data") (table 3 8 funcref) (elem (i32.const 1) $f)
           (global $g (mut f64) (f64.const nan))
           (func $f (export "_start") (local f32 f64)
             (global.set $g (f64.div (f64.add (global.get $g) (f64.const 1)) (f64.const 0)))
             (f32.store (i32.const 4) (f32.sqrt (f32.demote_f64 (f64.nearest (global.get $g)))))
             (drop (memory.grow (i32.const 1))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 9000))
             (drop (table.grow (ref.null func) (i32.const 2)))
             (call_indirect (i32.const 1)))"#
            .to_owned(),
        r#"(func $fib (param i64) (result i64)
             (if (result i64) (i64.lt_u (local.get 0) (i64.const 2)) (then (local.get 0))
               (else (i64.add (call $fib (i64.sub (local.get 0) (i64.const 1))) (call $fib (i64.sub (local.get 0) (i64.const 2)))))))
           (func (export "_start") (drop (call $fib (i64.const 9))) (return_call $t (i32.const 3)))
           (func $t (param i32) (block (block (block (br_table 0 1 2 (local.get 0))))))"#
            .to_owned(),
        format!(
            r#"{WASI} (data (i32.const 0) "\40\00\00\00\05\00\00\00hello")
           (func (export "_start")
             (drop (call $args (i32.const 100) (i32.const 200)))
             (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 32)))
             (drop (call $random (i32.const 300) (i32.const 16)))
             (drop (call $poll (i32.const 400) (i32.const 500) (i32.const 2) (i32.const 600)))
             (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
             (call $exit (i32.const 3)))"#
        ),
        format!(
            r#"{WASI} (func (export "_start") (loop
             (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 32))) (br 0)))"#
        ),
    ];
    texts
        .iter()
        .map(|text| wat::parse_str(format!("(module {text})")).expect("a module in the text format"))
        .collect()
}
