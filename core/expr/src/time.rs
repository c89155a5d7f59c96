//! Days, moments and durations: what of a calendar an expression can ask.
//!
//! A day is counted from 1970-01-01, a moment and a duration in microseconds, all in UTC and in the proleptic
//! Gregorian calendar, in the years 1 to 9999.

use alloc::{format, string::String};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use time::{Date, Month, util};

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;
/// Microseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000;
/// Between the beginnings of the Julian day number and of ours.
const EPOCH: i32 = 2_440_588;
/// 0001-01-01 and 9999-12-31.
const DAYS: core::ops::RangeInclusive<i32> = -719_162..=2_932_896;

/// The day, where it is within the years that are counted.
pub(crate) fn day(days: i64) -> Option<i32> {
    i32::try_from(days).ok().filter(|days| DAYS.contains(days))
}

/// The moment, where it is within the years that are counted.
pub(crate) fn moment(micros: i64) -> Option<i64> {
    day(micros.div_euclid(DAY)).map(|_| micros)
}

/// The duration, where it is as long as cel-spec's are at most: ten thousand years, either way.
pub(crate) fn span(micros: i64) -> Option<i64> {
    Some(micros).filter(|micros| micros.unsigned_abs() <= 315_576_000_000 * SECOND.unsigned_abs())
}

/// The date of a day.
pub(crate) fn date(days: i32) -> Date {
    Date::from_julian_day(days.saturating_add(EPOCH)).unwrap_or(Date::MIN)
}

/// The day so many months before; the month's last day where it has no such day.
pub(crate) fn months_before(days: i32, months: u32) -> Option<i32> {
    let date = date(days);
    let count = i64::from(date.year()) * 12 + i64::from(u8::from(date.month())) - 1 - i64::from(months);
    let year = i32::try_from(count.div_euclid(12)).ok()?;
    let month = Month::try_from(count.rem_euclid(12) as u8 + 1).ok()?;
    let last = util::days_in_month(month, year);
    let date = Date::from_calendar_date(year, month, date.day().min(last)).ok()?;
    day(i64::from(date.to_julian_day()) - i64::from(EPOCH))
}

/// `YYYY-MM-DD`.
pub(crate) fn write_day(days: i32) -> String {
    let date = date(days);
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// RFC 3339, in UTC, with no more digits of the second than it has.
pub(crate) fn write_moment(micros: i64) -> String {
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let seconds = rest / SECOND;
    format!(
        "{}T{:02}:{:02}:{:02}{}Z",
        write_day(day(days).unwrap_or(0)),
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        fraction(rest % SECOND)
    )
}

/// Seconds, as CEL writes a duration: `5400s`.
pub(crate) fn write_duration(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    format!("{sign}{}{}s", micros / 1_000_000, fraction((micros % 1_000_000) as i64))
}

fn fraction(micros: i64) -> String {
    if micros == 0 {
        return String::new();
    }
    let digits = format!("{micros:06}");
    format!(".{}", digits.trim_end_matches('0'))
}

/// Microseconds of a duration as CEL reads it: `1h30m`, `-1.5s`; units are `h`, `m`, `s`, `ms`, `us` and `ns`.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() || rest.len() > 64 {
        return None;
    }
    let mut micros = Decimal::ZERO;
    while !rest.is_empty() {
        let number = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (digits, after) = rest.split_at(number);
        let unit = after.len() - after.trim_start_matches(|c: char| c.is_ascii_lowercase()).len();
        let (unit, after) = after.split_at(unit);
        let size: Decimal = match unit {
            "h" => (3600 * SECOND).into(),
            "m" => (60 * SECOND).into(),
            "s" => SECOND.into(),
            "ms" => 1000.into(),
            "us" => Decimal::ONE,
            "ns" => Decimal::new(1, 3),
            _ => return None,
        };
        micros = micros.checked_add(schema::number(digits)?.checked_mul(size)?)?;
        rest = after;
    }
    let micros = micros.trunc().to_i64().and_then(span)?;
    Some(if negative { -micros } else { micros })
}
