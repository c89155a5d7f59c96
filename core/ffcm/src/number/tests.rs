use super::*;
use hvm::{ast, hvm as oracle};
use proptest::prelude::*;
use std::{format, panic, string::ToString};

/// Any number that a program can make: a value, an operator, an operator with an operand.
fn number() -> impl Strategy<Value = Num24> {
    let bits = prop_oneof![
        Just(0u32),
        Just(1),
        Just(31),
        Just(U24_MAX),
        Just(1 << 23),
        Just(0x7F_8000),
        Just(0x7F_C001),
        0u32..=U24_MAX
    ];
    let operator = (0..Operator::ALL.len()).prop_map(|at| Operator::ALL[at].1);
    let value = (1u32..=3, bits).prop_map(|(kind, bits)| match Num24(bits << 5 | kind) {
        // What is not a number has one form here, many in the oracle.
        float if kind == kind::F24 && float.to_f24().is_nan() => Num24::f24(f32::NAN),
        other => other,
    });
    let partial = (operator.clone(), value.clone())
        .prop_filter("casts take none", |(operator, _)| !operator.is_cast())
        .prop_map(|(operator, operand)| Num24::partial(operator, operand));
    prop_oneof![4 => value, 2 => partial, 1 => operator.prop_map(Num24::symbol)]
}

/// What the oracle makes of two numbers; `None` where it panics.
fn operated(a: Num24, b: Num24) -> Option<Num24> {
    let result =
        panic::catch_unwind(|| oracle::Numb::operate(oracle::Numb(a.0), oracle::Numb(b.0)).0).ok()?;
    // A number goes through a port, which drops what is beyond 24 bits.
    let result = Num24(result & MASK);
    let nan = result.kind() == kind::F24 && result.to_f24().is_nan();
    Some(if nan { Num24::f24(f32::NAN) } else { result })
}

/// Whether two numbers are floats next to each other: the oracle's sines are the system's.
fn close(a: Num24, b: Num24) -> bool {
    a == b
        || (a.kind(), b.kind()) == (kind::F24, kind::F24)
            && (a.to_u24().abs_diff(b.to_u24()) <= 1 || (a.to_f24() == 0.0 && b.to_f24() == 0.0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn numbers_combine_as_the_oracle_says(a in number(), b in number()) {
        panic::set_hook(std::boxed::Box::new(|_| {}));
        let expected = operated(a, b);
        let _ = panic::take_hook();
        let got = a.operate(b);
        match expected {
            Some(expected) => {
                prop_assert!(close(got.value, expected), "{a} and {b}: {} not {expected}", got.value);
                prop_assert!(!got.undefined);
            }
            None => prop_assert!(got.undefined && got.value == Num24::u24(0), "{a} and {b}"),
        }
        prop_assert_eq!(b.operate(a), got, "the order does not matter");
        prop_assert_eq!(got.value.0 & !MASK, 0);
    }

    #[test]
    fn numbers_are_written_as_the_oracle_writes_them(number in number()) {
        prop_assert_eq!(number.to_string(), ast::Numb(number.0).show());
    }

    #[test]
    fn floats_are_rounded_as_the_oracle_rounds_them(bits: u32) {
        let value = f32::from_bits(bits);
        prop_assume!(!value.is_nan());
        prop_assert_eq!(Num24::f24(value).0, oracle::Numb::new_f24(value).0 & MASK);
    }
}

#[test]
fn what_the_oracle_panics_on_is_zero_and_said() {
    let by_zero = Num24::partial(Operator::Div, Num24::u24(7)).operate(Num24::u24(0));
    assert_eq!(by_zero, UNDEFINED);
    let shifted = Num24::partial(Operator::ShiftLeft, Num24::i24(7)).operate(Num24::i24(1));
    assert_eq!(shifted, UNDEFINED);
    let least = Num24::partial(Operator::Div, Num24::i24(I24_MIN)).operate(Num24::i24(-1));
    assert_eq!(least, defined(Num24::i24(I24_MIN)), "it wraps");
}

#[test]
fn there_is_one_nan() {
    for bits in [0x7F80_0001, 0x7FC0_0000, 0xFFC0_0000, 0xFFFF_FFFF] {
        assert_eq!(Num24::f24(f32::from_bits(bits)), Num24::f24(f32::NAN));
    }
    assert_eq!(format!("{}", Num24::f24(f32::NAN)), "+NaN");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, max_global_rejects: 1_000_000, ..ProptestConfig::default() })]

    #[test]
    fn the_kernels_twin_computes_the_same(a in number(), b in number()) {
        use Operator::{And, Or, ShiftLeft, ShiftRight, Xor};
        let is_function = |num: Num24| matches!(num.operator(), Some((And | Or | Xor | ShiftLeft | ShiftRight, _)));
        // Books that ask for these of floats do not go to devices.
        prop_assume!(!(is_function(a) || is_function(b)) || !(a.is_float() || b.is_float()));
        let expected = a.operate(b);
        let (value, is_undefined) = shaders::ffcm::cpu::operate(a.0, b.0);
        prop_assert_eq!((Num24(value), is_undefined), (expected.value, expected.undefined), "{} and {}", a, b);
    }
}
