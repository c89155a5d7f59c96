//! Runs in steps: their size changes nothing.

use super::*;
use crate::Progress;
use wasm_bindgen_test::wasm_bindgen_test;

/// Guests that stop for fuel in every way there is: in code, in bulk operations, in growth, in WASI, in the start function.
const GUESTS: &[&str] = &[
    "",
    "(local $n i32) (loop (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if 0 (i32.lt_u (local.get $n) (i32.const 900))))",
    "(memory.fill (i32.const 0) (i32.const 65) (i32.const 60000)) (call $write (i32.const 1) (i32.const 0) (i32.const 60000))",
    "(drop (memory.grow (i32.const 3))) (memory.copy (i32.const 65536) (i32.const 0) (i32.const 65536))
     (drop (memory.grow (i32.const 100000))) (call $write (i32.const 2) (i32.const 70000) (i32.const 10))",
    "(drop (table.grow (ref.null func) (i32.const 3000))) (table.fill (i32.const 0) (ref.null func) (i32.const 3000))
     (call $write (i32.const 1) (i32.const 0) (i32.const 1)) unreachable) (table 1 funcref) (func",
    "(call $write (i32.const 1) (i32.const 0) (i32.const 8))) (start $s) (func $s
     (i64.store (i32.const 0) (i64.const 0x4142434445464748)) (memory.fill (i32.const 8) (i32.const 0) (i32.const 50000))",
    "(loop (call $write (i32.const 1) (i32.const 0) (i32.const 4000)) (br 0))",
    "(call $deep (i32.const 200))) (func $deep (param i32)
     (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))))",
    "(loop (br 0))",
];

fn in_steps(module: &Module, limits: &Limits, fuel: u64) -> (Execution, u64) {
    let mut run = module.start(&Command::default(), limits);
    let mut steps = 0;
    let mut before = 0;
    loop {
        steps += 1;
        match run.step(fuel) {
            Progress::Done(execution) => return (execution, steps),
            Progress::Running(next) => {
                assert!(next.fuel() >= before, "fuel goes up");
                assert!(next.fuel() <= limits.fuel);
                before = next.fuel();
                run = next;
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_in_steps_ends_as_a_run_in_one() {
    for (at, start) in GUESTS.iter().enumerate() {
        let wasm = module(&guest(&[], start));
        // Limits that end the guest anywhere: within an instruction, between two, in a call.
        for fuel in (0..400).step_by(7).chain((400..12_000).step_by(997)) {
            let limits = Limits { fuel, ..limits() };
            let module = Module::new(&wasm, &limits).unwrap();
            let whole = module.run(&Command::default(), &limits);
            for step in [1, 13, 500] {
                let (stepped, steps) = in_steps(&module, &limits, step);
                assert_eq!(stepped, whole, "guest {at}, limit {fuel}, steps of {step}");
                assert!(steps <= fuel / step + 2, "{steps} steps of {step} for {fuel}");
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_step_of_nothing_still_goes_on() {
    let limits = Limits { fuel: 1_000, ..limits() };
    let module = Module::new(&module(&guest(&[], GUESTS[1])), &limits).unwrap();
    let (execution, _) = in_steps(&module, &limits, 0);
    assert_eq!(execution, module.run(&Command::default(), &limits));
}

#[wasm_bindgen_test(unsupported = test)]
fn output_shows_while_the_guest_runs() {
    let limits = limits();
    let text = guest(&[], "(call $write (i32.const 1) (i32.const 0) (i32.const 3)) (loop (br 0))");
    let run = Module::new(&module(&text), &limits).unwrap().start(&Command::default(), &limits);
    let Progress::Running(run) = run.step(1_000) else { panic!("it loops") };
    assert_eq!((run.stdout(), run.stderr()), (&[0, 0, 0][..], &[][..]));
    assert!((900..=1_100).contains(&run.fuel()), "{}", run.fuel());
}
