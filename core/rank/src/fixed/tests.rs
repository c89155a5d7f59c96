use super::*;
use alloc::string::ToString;

#[test]
fn contributions_lose_less_than_a_unit_of_their_last_place() {
    for shift in 0..=58 {
        for near in [-3_i64, -1, 0, 1, 5] {
            let units = ((1_u64 << shift) as i64 + near).max(0) as u64;
            if units > ONE {
                continue;
            }
            let got = decode(encode(units));
            assert!(got <= units, "{units}");
            // 2⁵⁸ itself takes the greatest contribution.
            assert!(units - got <= units >> 26, "{units} became {got}");
        }
    }
    assert_eq!(decode(encode(0)), 0);
    assert_eq!(decode(encode(134_217_727)), 134_217_727);
    assert_eq!(encode(ONE), u32::MAX);
}

#[test]
fn shares_are_at_most_the_fraction_and_lose_little() {
    let wholes = [1_u128, 2, 3, 7, 1 << 20, (1 << 64) - 1, (1 << 69) + 12_345, 1 << 100, u128::MAX];
    for whole in wholes {
        for part in [1, 2, whole / 3, whole / 2, whole - 1, whole]
            .into_iter()
            .filter(|part| *part > 0 && *part <= whole)
        {
            let share = share(part, whole);
            let (mantissa, exponent) = (share & MANTISSA, share >> MANTISSA_BITS);
            // part / whole >= mantissa / 2^(27 + exponent), compared as floats with room for their rounding.
            let exact = part as f64 / whole as f64;
            let got = f64::from(mantissa) / 2_f64.powi(27 + exponent as i32);
            assert!(got <= exact * (1.0 + 1e-15), "{part} of {whole}: {got} above {exact}");
            let room = (exact * 2_f64.powi(-26)).max(2_f64.powi(-58));
            assert!(exact - got <= room * 1.001, "{part} of {whole}: {got} far below {exact}");
        }
    }
}

#[test]
fn weighing_is_the_floor_of_the_product() {
    for contribution in [0, 1, encode(12_345), encode(ONE / 3), encode(ONE)] {
        for part in [1_u128, 3, 1_000, 999_999] {
            let share = share(part, 1_000_000);
            let exact = u128::from(decode(contribution)) * u128::from(share & MANTISSA);
            let floor = exact >> (MANTISSA_BITS + (share >> MANTISSA_BITS));
            assert_eq!(u128::from(weigh(contribution, share)), floor);
        }
    }
}

#[test]
fn decimals_are_read_exactly() {
    assert_eq!(Alpha::from_decimal("0.85"), Ok(Alpha::USUAL));
    assert_eq!(Alpha::from_decimal(".5"), Ok(Alpha::of_parts(1 << 31)));
    assert_eq!(Alpha::from_decimal("5e-1"), Ok(Alpha::of_parts(1 << 31)));
    assert_eq!(Alpha::from_decimal("0"), Ok(Alpha::of_parts(0)));
    assert_eq!(Alpha::from_decimal("1"), Err(NumberError::TooLarge));
    assert_eq!(Alpha::from_decimal("0.99999999999"), Err(NumberError::TooLarge));
    assert_eq!(Alpha::from_decimal("-0.1"), Err(NumberError::Negative));
    assert_eq!(Alpha::from_decimal("0,85"), Err(NumberError::NotANumber));
    assert_eq!(Epsilon::from_decimal("1e-6"), Ok(Epsilon::MILLIONTH));
    assert_eq!(Epsilon::from_decimal("0"), Err(NumberError::TooSmall));
    assert_eq!(Epsilon::from_decimal("1e-30"), Err(NumberError::TooSmall));
    assert_eq!(Epsilon::from_decimal("2.5"), Err(NumberError::TooLarge));
    assert_eq!(Epsilon::from_decimal("1e400"), Err(NumberError::TooLarge));
    assert_eq!(weight_from_decimal("4294967295.75"), Ok(u64::MAX - (1 << 30) + 1));
    assert_eq!(weight_from_decimal("4294967296"), Err(NumberError::TooLarge));
    assert_eq!(weight_from_decimal("-0"), Ok(0));
    assert_eq!(weight_from_decimal("1e-12"), Err(NumberError::TooSmall));
    assert_eq!(weight_from_decimal("-inf"), Err(NumberError::NotFinite));
    for text in ["", ".", "e5", "1e", "0x10", "1 2", "--1", "1e99999", "½"] {
        assert_eq!(weight_from_decimal(text), Err(NumberError::NotANumber), "{text}");
    }
    let long = "0.333333333333333333333333333333333333333333";
    assert_eq!(weight_from_decimal(long), Ok(1_431_655_765));
}

#[test]
fn alpha_prints_as_it_was_written() {
    for text in ["0.85", "0.5", "0.0", "0.123456789", "0.99"] {
        assert_eq!(Alpha::from_decimal(text).unwrap().to_string(), text);
    }
}

#[test]
fn the_kernels_twins_count_alike() {
    use shaders::{
        pair::{number, pair},
        rank::cpu,
    };
    let mut numbers = graphs::Numbers::new(7);
    for _ in 0..20_000 {
        // Of all lengths up to 58 bits.
        let mut mass = || (numbers.next_u64() >> 6) >> numbers.below(59);
        let (units, factor) = (mass(), mass());
        let (contribution, share) = (numbers.next_u64() as u32, numbers.next_u64() as u32);
        assert_eq!(cpu::encode(pair(units)), encode(units));
        assert_eq!(number(cpu::decode(contribution)), decode(contribution));
        assert_eq!(number(cpu::weigh(contribution, share)), weigh(contribution, share));
        assert_eq!(number(cpu::scale(pair(units), pair(factor))), scale(units, factor));
        assert_eq!(number(cpu::followed(pair(units), share)), Alpha::of_parts(share).of(units));
    }
    for units in [0, 1, ONE - 1, ONE] {
        assert_eq!(cpu::encode(pair(units)), encode(units));
        for factor in [0, 1, ONE - 1, ONE] {
            assert_eq!(number(cpu::scale(pair(units), pair(factor))), scale(units, factor));
        }
    }
}
