//! What a module may be, and how a run ends.

use super::*;
use crate::{GAS_SCHEDULE, ImportProblem, RefusedImport};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test(unsupported = test)]
fn a_guest_that_returns_exits_with_zero() {
    let execution = run(r#"(module (func (export "_start")))"#);
    assert_eq!(execution.ending, Ending::Exit(0));
    assert!(execution.ending.succeeded());
    assert_eq!(
        (execution.stdout, execution.stderr, execution.memory_peak_bytes),
        (Vec::new(), Vec::new(), 0)
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn a_failed_entry_point_is_failed() {
    // Bacalhau #3753: a failed entry point was reported as success.
    let exit = |code: &str| {
        let text = r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (func (export "_start") (call $exit (i32.const CODE)) unreachable))"#;
        ending(&text.replace("CODE", code))
    };
    assert_eq!(exit("0"), Ending::Exit(0));
    assert_eq!(exit("3"), Ending::Exit(3));
    assert_eq!(exit("-1"), Ending::Exit(u32::MAX));
    assert!(!exit("3").succeeded());
    assert_eq!(ending(r#"(module (func (export "_start") unreachable))"#), Ending::Trap(Trap::Unreachable));
}

#[wasm_bindgen_test(unsupported = test)]
fn an_entry_that_is_not_there_is_named_so() {
    assert_eq!(ending("(module)"), Ending::NoEntry);
    assert_eq!(ending(r#"(module (func (export "main")))"#), Ending::NoEntry);
    assert_eq!(ending(r#"(module (func (export "_start") (param i32)))"#), Ending::NoEntry);
    assert_eq!(ending(r#"(module (func (export "_start") (result i32) (i32.const 0)))"#), Ending::NoEntry);
    assert_eq!(ending(r#"(module (memory (export "_start") 1))"#), Ending::NoEntry);

    let wasm = module(r#"(module (func (export "main")))"#);
    let command = Command { entry: "main".into(), ..Command::default() };
    assert_eq!(run_bytes(&wasm, &command, &limits()).unwrap().ending, Ending::Exit(0));
}

#[wasm_bindgen_test(unsupported = test)]
fn each_trap_has_its_name() {
    let body = |body: &str| {
        ending(&alloc::format!(
            r#"(module (memory 1) (table 2 funcref) (type $t (func)) (func $f (param i32)) (elem (i32.const 1) $f)
                (func (export "_start") {body}))"#
        ))
    };
    let trapped = |trap| Ending::Trap(trap);
    assert_eq!(body("(drop (i32.load (i32.const 65536)))"), trapped(Trap::MemoryOutOfBounds));
    assert_eq!(body("(drop (i32.load offset=4294967295 (i32.const 8)))"), trapped(Trap::MemoryOutOfBounds));
    assert_eq!(
        body("(drop (i32.div_u (i32.const 1) (i32.load (i32.const 0))))"),
        trapped(Trap::DivisionByZero)
    );
    assert_eq!(
        body(
            "(i32.store (i32.const 0) (i32.const -1)) (drop (i32.div_s (i32.const 0x80000000) (i32.load (i32.const 0))))"
        ),
        trapped(Trap::IntegerOverflow)
    );
    assert_eq!(body("(drop (i32.trunc_f32_s (f32.const nan)))"), trapped(Trap::BadConversion));
    assert_eq!(body("(call_indirect (type $t) (i32.const 0))"), trapped(Trap::IndirectCallToNull));
    assert_eq!(body("(call_indirect (type $t) (i32.const 1))"), trapped(Trap::BadSignature));
    assert_eq!(body("(call_indirect (type $t) (i32.const 2))"), trapped(Trap::TableOutOfBounds));
}

#[wasm_bindgen_test(unsupported = test)]
fn segments_that_do_not_fit_are_traps() {
    assert_eq!(
        ending(r#"(module (memory 1) (data (i32.const 65536) "x") (func (export "_start")))"#),
        Ending::Trap(Trap::MemoryOutOfBounds)
    );
    assert_eq!(
        ending(r#"(module (table 1 funcref) (func $f) (elem (i32.const 1) $f) (func (export "_start")))"#),
        Ending::Trap(Trap::TableOutOfBounds)
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn the_start_function_runs_first_and_pays() {
    let text = guest(
        &[],
        r#"(call $write (i32.const 1) (i32.const 0) (i32.const 2)))
        (func $first (i32.store8 (i32.const 0) (i32.const 104)) (i32.store8 (i32.const 1) (i32.const 105)))
        (start $first"#,
    );
    let execution = run(&text);
    assert_eq!((execution.ending, execution.stdout), (Ending::Exit(0), b"hi".to_vec()));
    let without = run(&text.replace("(start $first", "(func"));
    assert_eq!((without.ending, without.stdout), (Ending::Exit(0), b"\0\0".to_vec()));
    assert!(execution.fuel > without.fuel, "{} > {}", execution.fuel, without.fuel);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_start_function_works_without_exports_and_beside_its_own_name() {
    assert_eq!(ending("(module (func $s unreachable) (start $s))"), Ending::Trap(Trap::Unreachable));
    let text = r#"(module
        (func $s unreachable)
        (func (export "formix:start")) (func (export "formix:start_")) (func (export "_start"))
        (start $s))"#;
    assert_eq!(ending(text), Ending::Trap(Trap::Unreachable));
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_no_module_says_where() {
    let refused = |bytes: &[u8]| Module::new(bytes, &limits()).unwrap_err();
    assert!(matches!(refused(b""), ModuleError::Invalid { .. }));
    assert!(matches!(refused(b"\0asm"), ModuleError::Invalid { .. }));
    assert!(matches!(refused(b"hello, world"), ModuleError::Invalid { at: 0, .. }));
    assert_eq!(refused(b"\0asm\x0d\0\x01\0"), ModuleError::Component);
    assert!(matches!(refused(b"\0asm\x02\0\0\0"), ModuleError::Invalid { .. }));

    let mut cut = module(r#"(module (func (export "_start")))"#);
    cut.pop();
    assert!(matches!(refused(&cut), ModuleError::Invalid { .. }));

    let tight = Limits { module_bytes: 8, ..limits() };
    let wasm = module("(module (memory 1))");
    assert_eq!(
        Module::new(&wasm, &tight).unwrap_err(),
        ModuleError::TooLong { is: wasm.len() as u64, most: 8 }
    );
    let invalid = Module::new(&module("(module (func (result i32)))"), &limits()).unwrap_err();
    assert_eq!(
        alloc::string::ToString::to_string(&invalid),
        "not a valid module: type mismatch: expected i32 but nothing on stack (at byte 24)"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn proposals_that_are_not_offered_are_refused() {
    for text in [
        "(module (memory i64 1))",
        "(module (memory 1) (memory 1))",
        "(module (memory 1 1 shared))",
        "(module (func (drop (v128.const i64x2 0 0))))",
        "(module (tag))",
        "(module (type (struct)))",
    ] {
        let error = Module::new(&module(text), &limits()).unwrap_err();
        assert!(matches!(error, ModuleError::Invalid { .. }), "{text}: {error}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn imports_that_a_job_is_not_given_are_named() {
    let wasm = module(
        r#"(module
            (import "env" "sleep" (func))
            (import "wasi_snapshot_preview1" "fd_write" (func (param i32)))
            (import "wasi_snapshot_preview1" "thread_spawn" (func (param i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (global i32))
            (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
            (import "env" "memory" (memory 1)))"#,
    );
    let error = Module::new(&wasm, &limits()).unwrap_err();
    let import = |module: &str, name: &str, problem| RefusedImport {
        module: module.into(),
        name: name.into(),
        problem,
    };
    assert_eq!(
        error,
        ModuleError::Imports(alloc::vec![
            import("env", "sleep", ImportProblem::Module),
            import("wasi_snapshot_preview1", "fd_write", ImportProblem::Signature),
            import("wasi_snapshot_preview1", "thread_spawn", ImportProblem::Unknown),
            import("env", "memory", ImportProblem::Module),
            import("wasi_snapshot_preview1", "random_get", ImportProblem::Kind),
        ])
    );
    assert_eq!(
        alloc::string::ToString::to_string(&error),
        "the module imports what a job is not given: `sleep` from `env` (only `wasi_snapshot_preview1` is there); `fd_write` from \
         `wasi_snapshot_preview1` (it has another signature in WASI preview 1); `thread_spawn` from `wasi_snapshot_preview1` (WASI \
         preview 1 has no such function); `memory` from `env` (only `wasi_snapshot_preview1` is there); and 1 more"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn one_run_leaves_nothing_to_the_next() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (global $runs (mut i32) (i32.const 0)) (memory 1)
        (func (export "_start")
          (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
          (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
          (call $exit (i32.add (global.get $runs) (i32.load (i32.const 0))))))"#;
    let limits = limits();
    let module = Module::new(&module(text), &limits).unwrap();
    let first = module.run(&Command::default(), &limits);
    assert_eq!(first.ending, Ending::Exit(2));
    assert_eq!(module.run(&Command::default(), &limits), first);
    assert_eq!(module.clone().run(&Command::default(), &limits), first);
}

#[test]
fn runs_and_modules_cross_threads() {
    fn sends<T: Send>() {}
    sends::<Module>();
    sends::<crate::Run>();
}

#[test]
fn the_gas_schedule_names_the_engine_that_is_locked() {
    let (engine, version) = GAS_SCHEDULE.split_once('/').unwrap().0.split_once('-').unwrap();
    let lock = include_str!("../../../../Cargo.lock");
    let entry = alloc::format!("name = \"{engine}\"\nversion = \"{version}\"\n");
    assert_eq!(lock.matches(&entry).count(), 1, "another engine is another schedule: rename GAS_SCHEDULE");
}
