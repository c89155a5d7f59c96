use super::*;
use proptest::prelude::*;

#[test]
fn decimals_are_read_exactly() {
    for (text, decimals, units) in [
        ("39.14", 2, 3914),
        ("39.145", 2, 3914),
        ("39.155", 2, 3916),
        ("39.1450001", 2, 3915),
        ("-0.5", 0, 0),
        ("-1.5", 0, -2),
        ("+2.5", 0, 2),
        ("1e3", 1, 10_000),
        ("1.5E-1", 2, 15),
        (".5", 1, 5),
        ("5.", 1, 50),
        ("0.0000000000000000000000000001", 9, 0),
        ("000000000000000000000000000012", 0, 12),
        ("9223372036854775807", 0, i64::MAX),
    ] {
        assert_eq!(parse(text, decimals), Ok(units), "{text}");
    }
    for text in ["", "-", ".", "1,5", "0x1", "NaN", "inf", "1e", "1e1e1", "--1", "١"] {
        assert_eq!(parse(text, 2), Err(ParseError::NotANumber), "{text}");
    }
    assert_eq!(parse("1e400", 0), Err(ParseError::TooLarge));
    assert_eq!(parse("1e2147483647", 9), Err(ParseError::TooLarge));
    assert_eq!(parse("1e-2147483648", 9), Ok(0));
    assert_eq!(format(-5, 2), "-0.05");
    assert_eq!(mean(10, 4, 0, 6), Some("2.500000".into()));
    assert_eq!(mean(-1, 3, 0, 2), Some("-0.33".into()));
    assert_eq!(mean(0, 0, 0, 2), None);
}

#[test]
fn what_is_finer_than_the_units_is_seen() {
    assert_eq!(parse_whole("2.50", 1), Ok(Some(25)));
    assert_eq!(parse_whole("2.5", 0), Ok(None));
    assert_eq!(parse_whole("25e-1", 1), Ok(Some(25)));
    assert_eq!(parse_whole("0.000", 0), Ok(Some(0)));
    assert_eq!(parse_whole("1e-400", 9), Ok(None));
    assert_eq!(parse_whole("x", 0), Err(ParseError::NotANumber));
}

#[test]
fn exact_decimals_round_half_to_even_units() {
    for (text, decimals, units) in [
        ("0.5", 0, 0),
        ("1.5", 0, 2),
        ("-2.5", 0, -2),
        ("-3.5", 0, -4),
        ("39.155", 2, 3916),
        ("2", 9, 2_000_000_000),
    ] {
        assert_eq!(of_decimal(text.parse().unwrap(), decimals), units, "{text}");
    }
    assert_eq!(of_decimal(Decimal::MAX, 9), Decimal::MAX.mantissa() * 1_000_000_000);
    assert_eq!(of_decimal(Decimal::MIN, 9), Decimal::MIN.mantissa() * 1_000_000_000);
}

proptest! {
    #[test]
    fn decimals_survive(units in -(1i64 << 53)..1 << 53, decimals in 0u8..=9) {
        let text = format(i128::from(units), decimals);
        prop_assert_eq!(parse(&text, decimals), Ok(units));
        prop_assert_eq!(parse_whole(&text, decimals), Ok(Some(units)));
        prop_assert_eq!(of_decimal(text.parse().unwrap(), decimals), i128::from(units));
    }

    #[test]
    fn any_text_is_a_number_or_not(text in "[-+.eE0-9 ]{0,30}", decimals in 0u8..=9) {
        let _ = parse_whole(&text, decimals);
    }

    #[test]
    fn text_and_exact_decimals_round_alike(units in any::<i32>(), scale in 0u32..12, decimals in 0u8..=9) {
        let decimal = Decimal::new(units.into(), scale);
        let text = alloc::string::ToString::to_string(&decimal);
        prop_assert_eq!(of_decimal(decimal, decimals), i128::from(parse(&text, decimals).unwrap()));
    }
}
