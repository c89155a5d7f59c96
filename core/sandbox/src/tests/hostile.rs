//! Guests that mean harm: each ends within its caps, and says why.

use super::*;
use wasm_bindgen_test::wasm_bindgen_test;

fn trapped(text: &str) -> (Trap, Execution) {
    let execution = run(text);
    match execution.ending {
        Ending::Trap(trap) => (trap, execution),
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn an_infinite_loop_runs_out_of_fuel() {
    let (trap, execution) = trapped(r#"(module (func (export "_start") (loop (br 0))))"#);
    assert_eq!((trap, execution.fuel), (Trap::OutOfFuel, limits().fuel));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_start_function_that_loops_runs_out_of_fuel() {
    let (trap, execution) =
        trapped(r#"(module (func $s (loop (br 0))) (func (export "_start")) (start $s))"#);
    assert_eq!((trap, execution.fuel), (Trap::OutOfFuel, limits().fuel));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_memory_bomb_is_refused_more_and_gives_up() {
    let (trap, execution) = trapped(
        r#"(module (memory 1) (func (export "_start")
            (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable))"#,
    );
    assert_eq!(trap, Trap::MemoryLimit);
    assert!(execution.memory_peak_bytes <= limits().memory_bytes, "{}", execution.memory_peak_bytes);
    assert!(
        execution.memory_peak_bytes > limits().memory_bytes - (16 << 16),
        "{}",
        execution.memory_peak_bytes
    );
    // One that asks for all at once, and one that begins with too much.
    assert_eq!(
        ending(
            r#"(module (memory 0) (func (export "_start") (drop (memory.grow (i32.const 65535))) unreachable))"#
        ),
        Ending::Trap(Trap::MemoryLimit)
    );
    // What no machine of 32 bits can have is refused as what no module can have.
    assert_eq!(
        ending(
            r#"(module (memory 0) (func (export "_start") (drop (memory.grow (i32.const 65536))) unreachable))"#
        ),
        Ending::Trap(Trap::Unreachable)
    );
    assert_eq!(
        ending(r#"(module (memory 65536) (func (export "_start")))"#),
        Ending::Trap(Trap::MemoryLimit)
    );
    // A refusal that the guest handles is none of anybody's business.
    assert_eq!(
        ending(r#"(module (memory 0) (func (export "_start") (drop (memory.grow (i32.const 65536)))))"#),
        Ending::Exit(0)
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn deep_recursion_exhausts_the_stack() {
    assert_eq!(
        ending(r#"(module (func $f (export "_start") (call $f) (call $f)))"#),
        Ending::Trap(Trap::StackExhausted)
    );
    // Few calls with many locals.
    let locals = "i64 ".repeat(1000);
    let text = alloc::format!(r#"(module (func $f (export "_start") (local {locals}) (call $f) (call $f)))"#);
    assert_eq!(ending(&text), Ending::Trap(Trap::StackExhausted));
    // A tail call needs none.
    assert_eq!(
        ending(r#"(module (func $f (export "_start") (return_call $f)))"#),
        Ending::Trap(Trap::OutOfFuel)
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn the_stack_is_as_deep_as_its_limit_says() {
    let text = r#"(module
        (func $f (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "_start") (call $f (i32.const 98))))"#;
    let at_depth = |call_depth| {
        let limits = Limits { call_depth, ..limits() };
        run_bytes(&module(text), &Command::default(), &limits).unwrap().ending
    };
    assert_eq!(at_depth(100), Ending::Exit(0));
    assert_eq!(at_depth(99), Ending::Trap(Trap::StackExhausted));
    let of_bytes = |stack_bytes| {
        let limits = Limits { stack_bytes, ..limits() };
        run_bytes(&module(text), &Command::default(), &limits).unwrap().ending
    };
    assert_eq!(of_bytes(0), Ending::Trap(Trap::StackExhausted));
    assert_eq!(of_bytes(64 * 1024), Ending::Exit(0));
}

#[wasm_bindgen_test(unsupported = test)]
fn an_output_flood_is_cut_off() {
    for stream in [1, 2] {
        let flood =
            alloc::format!("(loop (call $write (i32.const {stream}) (i32.const 0) (i32.const 1000)) (br 0))");
        let (trap, execution) = trapped(&guest(&[], &flood));
        assert_eq!(trap, Trap::OutputFull);
        let kept = if stream == 1 { &execution.stdout } else { &execution.stderr };
        assert_eq!(kept.len() as u64, limits().output_bytes);
        assert_eq!((execution.stdout.len() + execution.stderr.len()) as u64, limits().output_bytes);
    }
    // Writes of nothing, without end.
    let (trap, _) =
        trapped(&guest(&[], "(loop (call $write (i32.const 1) (i32.const 0) (i32.const 0)) (br 0))"));
    assert_eq!(trap, Trap::OutOfFuel);
}

#[wasm_bindgen_test(unsupported = test)]
fn huge_tables_are_refused() {
    assert_eq!(
        ending(r#"(module (table 10001 funcref) (func (export "_start")))"#),
        Ending::Trap(Trap::TableLimit)
    );
    let grown = r#"(module (table 1 funcref) (func (export "_start")
        (if (i32.ne (table.grow (ref.null func) (i32.const 1000000)) (i32.const -1)) (then unreachable))
        (if (i32.eq (table.grow (ref.null func) (i32.const 9999)) (i32.const -1)) (then unreachable))))"#;
    assert_eq!(ending(grown), Ending::Exit(0));
    let many = alloc::format!("(module {})", "(table 1 funcref)".repeat(9));
    let error = Module::new(&module(&many), &limits()).unwrap_err();
    assert_eq!(error, ModuleError::TooMany { what: "tables", is: 9, most: 8 });
}

#[wasm_bindgen_test(unsupported = test)]
fn bulk_work_costs_fuel_by_the_byte() {
    let filled = |len: u32| {
        let text = r#"(module (memory 16) (func (export "_start")
            (memory.fill (i32.const 0) (i32.const 1) (i32.const LEN))))"#;
        run(&text.replace("LEN", &alloc::format!("{len}"))).fuel
    };
    assert_eq!(filled(1 << 20) - filled(0), (1 << 20) / 64);
    let (trap, _) = trapped(
        r#"(module (memory 16) (func (export "_start") (loop
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x100000)) (br 0))))"#,
    );
    assert_eq!(trap, Trap::OutOfFuel);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_large_frame_costs_fuel_at_each_call() {
    let called = |locals: usize| {
        let locals = "i64 ".repeat(locals);
        run(&alloc::format!(r#"(module (func $f (local {locals})) (func (export "_start") (call $f)))"#)).fuel
    };
    assert_eq!(called(0), called(64), "what programs have is free");
    let large = called(16_000) - called(0);
    assert!((500..4_000).contains(&large), "{large}: about what clearing 128,000 bytes costs");
}

#[wasm_bindgen_test(unsupported = test)]
fn compile_bombs_are_refused_or_cost_no_more_than_their_bytes() {
    let refused = |text: &str| Module::new(&module(text), &limits()).unwrap_err();
    let many = |what, is, most| ModuleError::TooMany { what, is, most };

    // A few bytes that declare locals by the ten thousand, in each of many functions.
    let locals = alloc::format!("(func (local {}))", "i64 ".repeat(16_300));
    let text = alloc::format!("(module {})", locals.repeat(250));
    assert_eq!(refused(&text), many("locals in all functions", 16_300 * 246, 4_000_000));
    let text = alloc::format!("(module (func (local {})))", "i32 ".repeat(20_000));
    assert_eq!(refused(&text), many("slots in a function's frame", 20_000, 16_384));

    // Branches of two bytes that copy a thousand values each.
    let text = alloc::format!("(module (func (result {}) unreachable))", "i32 ".repeat(1000));
    assert_eq!(refused(&text), many("results of a function", 1000, 16));
    let text = alloc::format!("(module (type (func (param {}))) (func (block (type 0))))", "i32 ".repeat(17));
    assert!(matches!(refused(&text), ModuleError::Invalid { .. } | ModuleError::TooMany { .. }));
    let text = alloc::format!(
        "(module (func {} (block (param {}) unreachable)))",
        "(i32.const 0)".repeat(17),
        "i32 ".repeat(17)
    );
    assert_eq!(refused(&text), many("parameters of a block", 17, 16));

    // More functions than any program has.
    let mut wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03".to_vec();
    let count = 100_001_u32;
    let mut section =
        alloc::vec![(count & 0x7f) as u8 | 0x80, (count >> 7 & 0x7f) as u8 | 0x80, (count >> 14) as u8];
    section.resize(section.len() + count as usize, 0);
    let len = section.len() as u32;
    wasm.extend([(len & 0x7f) as u8 | 0x80, (len >> 7 & 0x7f) as u8 | 0x80, (len >> 14) as u8]);
    wasm.extend(section);
    assert_eq!(Module::new(&wasm, &limits()).unwrap_err(), many("functions", 100_001, 100_000));
}

#[wasm_bindgen_test(unsupported = test)]
fn dense_modules_compile() {
    // As many as come near the caps: nests of blocks, a jump table, branches with values, long arithmetic.
    let nest = alloc::format!("(module (func {} {}))", "(block ".repeat(3_000), ")".repeat(3_000));
    let table = alloc::format!("(module (func (block (br_table {} (i32.const 0)))))", "0 ".repeat(50_000));
    let branches = alloc::format!(
        "(module (func (result {0}) {1} {2}))",
        "i64 ".repeat(16),
        "(i64.const 1)".repeat(16),
        "(br_if 0 (i32.const 0))".repeat(10_000)
    );
    let sums = alloc::format!(
        "(module (func (result f64) f64.const 0 {}))",
        "f64.const 1 f64.add f64.neg ".repeat(20_000)
    );
    for text in [nest, table, branches, sums] {
        Module::new(&module(&text), &limits()).unwrap();
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn probing_the_host_finds_nothing() {
    let error = Module::new(
        &module(
            r#"(module (import "wasi_snapshot_preview1" "path_exec" (func)) (import "js" "eval" (func)))"#,
        ),
        &limits(),
    )
    .unwrap_err();
    assert!(matches!(error, ModuleError::Imports(refused) if refused.len() == 2));
}
