//! NaNs: arithmetic gives the canonical one on every machine, moves keep all bits.

use super::*;
use wasm_bindgen_test::wasm_bindgen_test;

/// The bits that a guest finds in memory after it stored an `f32`, and an `f64`.
fn stored(f32: &str, f64: &str) -> (u32, u64) {
    let execution = run(&guest(
        &[],
        &alloc::format!(
            "(f32.store (i32.const 0) {f32}) (f64.store (i32.const 8) {f64})
             (call $write (i32.const 1) (i32.const 0) (i32.const 16))"
        ),
    ));
    assert_eq!(execution.ending, Ending::Exit(0), "{f32} {f64}");
    let bytes = execution.stdout;
    (u32::from_le_bytes(bytes[..4].try_into().unwrap()), u64::from_le_bytes(bytes[8..].try_into().unwrap()))
}

const CANONICAL: (u32, u64) = (0x7fc0_0000, 0x7ff8_0000_0000_0000);

#[wasm_bindgen_test(unsupported = test)]
fn arithmetic_gives_the_canonical_nan() {
    // The operands come from memory, so that nothing is folded away.
    let unary = |op: &str, operand: &str| {
        stored(&alloc::format!("(f32.{op} (f32.{operand}))"), &alloc::format!("(f64.{op} (f64.{operand}))"))
    };
    let binary = |op: &str, left: &str, right: &str| {
        stored(
            &alloc::format!("(f32.{op} (f32.{left}) (f32.{right}))"),
            &alloc::format!("(f64.{op} (f64.{left}) (f64.{right}))"),
        )
    };
    let zero = "load (i32.const 512)";
    assert_eq!(binary("div", zero, zero), CANONICAL);
    for odd in ["const nan:0x1", "const -nan:0x200001", "const -nan"] {
        for op in ["add", "sub", "mul", "div", "min", "max"] {
            assert_eq!(binary(op, odd, zero), CANONICAL, "{op} {odd}");
            assert_eq!(binary(op, zero, odd), CANONICAL, "{op} {odd}");
        }
        for op in ["ceil", "floor", "trunc", "nearest", "sqrt"] {
            assert_eq!(unary(op, odd), CANONICAL, "{op} {odd}");
        }
        let promoted = stored("(f32.const 0)", &alloc::format!("(f64.promote_f32 (f32.{odd}))")).1;
        let demoted = stored(&alloc::format!("(f32.demote_f64 (f64.{odd}))"), "(f64.const 0)").0;
        assert_eq!((demoted, promoted), CANONICAL);
    }
    assert_eq!(unary("sqrt", "const -1"), CANONICAL);
    assert_eq!(binary("sub", "const inf", "const inf"), CANONICAL);
    assert_eq!(binary("mul", "const inf", zero), CANONICAL);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_chain_of_arithmetic_ends_canonical() {
    assert_eq!(
        stored(
            "(f32.add (f32.mul (f32.const -nan:0x1) (f32.const 2)) (f32.load (i32.const 512)))",
            "(f64.sqrt (f64.sub (f64.load (i32.const 512)) (f64.div (f64.const -nan:0x9) (f64.const 2))))",
        ),
        CANONICAL
    );
    // What looks at the sign comes after the choice.
    assert_eq!(
        stored(
            "(f32.copysign (f32.const 1) (f32.div (f32.load (i32.const 512)) (f32.load (i32.const 512))))",
            "(f64.neg (f64.div (f64.load (i32.const 512)) (f64.load (i32.const 512))))",
        ),
        (0x3f80_0000, 0xfff8_0000_0000_0000)
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn moves_keep_all_bits() {
    assert_eq!(
        stored("(f32.const -nan:0x200001)", "(f64.const nan:0x1)"),
        (0xffa0_0001, 0x7ff0_0000_0000_0001)
    );
    assert_eq!(
        stored("(f32.neg (f32.const nan:0x1))", "(f64.abs (f64.const -nan:0x1))"),
        (0xff80_0001, 0x7ff0_0000_0000_0001)
    );
    assert_eq!(
        stored(
            "(f32.reinterpret_i32 (i32.const 0x7f800001))",
            "(f64.copysign (f64.const nan:0x1) (f64.const -1))"
        ),
        (0x7f80_0001, 0xfff0_0000_0000_0001)
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn numbers_that_are_numbers_stay_as_they_are() {
    assert_eq!(
        stored("(f32.add (f32.const 1.5) (f32.const 2.25))", "(f64.sqrt (f64.const 2))"),
        (3.75_f32.to_bits(), 0x3ff6_a09e_667f_3bcd)
    );
    assert_eq!(
        stored("(f32.nearest (f32.const -0.4))", "(f64.min (f64.const -0) (f64.const 0))"),
        (1 << 31, 1 << 63)
    );
    assert_eq!(
        stored(
            "(f32.div (f32.const -1) (f32.load (i32.const 512)))",
            "(f64.mul (f64.const inf) (f64.const -2))"
        ),
        (0xff80_0000, 0xfff0_0000_0000_0000)
    );
}

/// Ways to write a constant of a float's type so that the engine knows it while it translates.
fn constants(float: &str, constant: &str) -> Vec<String> {
    let (int, one) = match float {
        "f32" => ("i32", u64::from(1.0_f32.to_bits())),
        _ => ("i64", 1.0_f64.to_bits()),
    };
    let known = alloc::format!("({float}.const {constant})");
    let computed = [
        alloc::format!("({float}.copysign {known} ({float}.const 1))"),
        alloc::format!("(block (result {float}) {known})"),
        alloc::format!("(global.get ${float}-{constant})"),
        alloc::format!("(if (result {float}) (i32.const 1) (then {known}) (else ({float}.const 2)))"),
        alloc::format!("(local.tee ${float} {known})"),
        alloc::format!("({float}.mul ({float}.reinterpret_{int} ({int}.const {one})) {known})"),
        alloc::format!("(select {known} {known} (i32.load (i32.const 512)))"),
        // A zero that is shifted by what is not known stays a known zero.
        alloc::format!(
            "({float}.add ({float}.convert_{int}_s ({int}.shl ({int}.const 0) ({int}.load (i32.const 512)))) {known})"
        ),
    ];
    [known].into_iter().chain(computed).collect()
}

/// Fuel of a guest that stores the result of an operation.
fn fuel_of(result: &str, operation: &str) -> u64 {
    let execution = run(&guest(
        &[],
        &alloc::format!(
            "(local $f32 f32) (local $f64 f64) ({result}.store (i32.const 0) {operation}))
             (global $f32-1 f32 (f32.const 1)) (global $f32-inf f32 (f32.const inf)) (global $f32-nan f32 (f32.const nan))
             (global $f64-1 f64 (f64.const 1)) (global $f64-inf f64 (f64.const inf)) (global $f64-nan f64 (f64.const nan)) (func"
        ),
    ));
    assert_eq!(execution.ending, Ending::Exit(0), "{operation}");
    execution.fuel
}

#[wasm_bindgen_test(unsupported = test)]
fn fuel_does_not_tell_what_constants_give() {
    // What the engine computes while it translates, a number or the one NaN or the other, must not choose the instructions.
    for (float, other, converted) in [("f32", "f64", "promote_f32"), ("f64", "f32", "demote_f64")] {
        for odd in ["inf", "nan"] {
            for (odd, one) in constants(float, odd).iter().zip(&constants(float, "1")) {
                for operation in ["sub", "div"] {
                    let of = |operand: &str| alloc::format!("({float}.{operation} {operand} {operand})");
                    assert_eq!(fuel_of(float, &of(odd)), fuel_of(float, &of(one)), "{}", of(odd));
                }
                let of = |operand: &str| alloc::format!("({float}.sqrt ({float}.neg {operand}))");
                assert_eq!(fuel_of(float, &of(odd)), fuel_of(float, &of(one)), "{}", of(odd));
                let of = |operand: &str| alloc::format!("({other}.{converted} {operand})");
                assert_eq!(fuel_of(other, &of(odd)), fuel_of(other, &of(one)), "{}", of(odd));
            }
        }
    }
}
