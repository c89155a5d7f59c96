//! The functions of values.

use super::value::{V, number, unread};
use crate::{EvalProblem, Type, lexer, op::Function, time};
use alloc::{
    borrow::Cow,
    string::{String, ToString},
};
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};

/// Calls `function` with values of which none is null.
pub(super) fn call<'a>(function: Function, given: &[V<'a>], now: Option<i64>) -> Result<V<'a>, EvalProblem> {
    let first = given.first().unwrap_or(&V::Null);
    let second = given.get(1).unwrap_or(&V::Null);
    let clock = || now.ok_or(EvalProblem::NoClock);
    Ok(match function {
        Function::Today => V::Date(day_of(clock()?)?),
        Function::Now => V::DateTime(clock()?),
        Function::Size => V::Number(match first {
            V::Text(text) => text.chars().count().into(),
            V::Items(items, _) => items.len().into(),
            V::List(items) => items.len().into(),
            other => return unfit(Type::Text, other),
        }),
        Function::Contains => V::Bool(text(first)?.contains(text(second)?)),
        Function::StartsWith => V::Bool(text(first)?.starts_with(text(second)?)),
        Function::EndsWith => V::Bool(text(first)?.ends_with(text(second)?)),
        Function::LowerAscii => made(text(first)?.to_ascii_lowercase()),
        Function::UpperAscii => made(text(first)?.to_ascii_uppercase()),
        Function::Trim => made(text(first)?.trim().to_string()),
        Function::ToInt => V::Number(match first {
            V::Number(number) => whole(*number, RoundingStrategy::ToZero),
            V::DateTime(micros) => micros.div_euclid(time::SECOND).into(),
            V::Text(text) => match lexer::read_number(text).filter(|number| number.fract().is_zero()) {
                Some(number) => number.normalize(),
                None => return Err(unread("whole number", text)),
            },
            other => return unfit(Type::Number, other),
        }),
        Function::ToNumber => V::Number(match first {
            V::Text(text) => schema::number(text).ok_or_else(|| unread("number", text))?,
            other => number(other)?,
        }),
        Function::ToText => made(match first {
            V::Bool(value) => value.to_string(),
            V::Number(number) => number.normalize().to_string(),
            V::Date(days) => time::write_day(*days),
            V::DateTime(micros) => time::write_moment(*micros),
            V::Duration(micros) => time::write_duration(*micros),
            other => text(other)?.to_string(),
        }),
        Function::ToBool => V::Bool(match first {
            V::Bool(value) => *value,
            other => match text(other)? {
                "true" | "True" | "TRUE" | "t" | "1" => true,
                "false" | "False" | "FALSE" | "f" | "0" => false,
                text => return Err(unread("bool", text)),
            },
        }),
        Function::ToDate => V::Date(match first {
            V::Date(days) => *days,
            V::DateTime(micros) => day_of(*micros)?,
            V::Text(text) => schema::day(text).ok_or_else(|| unread("date", text))?,
            other => return unfit(Type::Date, other),
        }),
        Function::ToDateTime => V::DateTime(match first {
            V::DateTime(micros) => *micros,
            V::Date(days) => i64::from(*days) * time::DAY,
            V::Number(seconds) => {
                micros(*seconds, time::SECOND).and_then(time::moment).ok_or(EvalProblem::Overflow)?
            }
            V::Text(text) => {
                schema::moment(text).and_then(time::moment).ok_or_else(|| unread("moment", text))?
            }
            other => return unfit(Type::DateTime, other),
        }),
        Function::ToDuration => V::Duration(match first {
            V::Duration(micros) => *micros,
            V::Text(text) => time::duration(text).ok_or_else(|| unread("duration", text))?,
            other => return unfit(Type::Duration, other),
        }),
        Function::Days => {
            V::Duration(micros(number(first)?, time::DAY).and_then(time::span).ok_or(EvalProblem::Overflow)?)
        }
        Function::Year
        | Function::Month
        | Function::DayOfMonth
        | Function::DayOfMonth0
        | Function::DayOfYear
        | Function::DayOfWeek => {
            let days = match first {
                V::Date(days) => *days,
                V::DateTime(micros) => day_of(*micros)?,
                other => return unfit(Type::Date, other),
            };
            let date = time::date(days);
            let part = match function {
                Function::Year => date.year(),
                Function::Month => i32::from(u8::from(date.month())) - 1,
                Function::DayOfMonth => date.day().into(),
                Function::DayOfMonth0 => i32::from(date.day()) - 1,
                Function::DayOfYear => i32::from(date.ordinal()) - 1,
                _ => date.weekday().number_days_from_sunday().into(),
            };
            V::Number(part.into())
        }
        Function::Hours
        | Function::Minutes
        | Function::Seconds
        | Function::Milliseconds
        | Function::DurationDays => V::Number(part(function, first)?.into()),
        Function::Abs => V::Number(number(first)?.abs()),
        Function::Sign => {
            let number = number(first)?;
            V::Number(match () {
                () if number.is_zero() => Decimal::ZERO,
                () if number.is_sign_negative() => Decimal::NEGATIVE_ONE,
                () => Decimal::ONE,
            })
        }
        Function::Ceil | Function::Floor | Function::Round | Function::Trunc => {
            let strategy = match function {
                Function::Ceil => RoundingStrategy::ToPositiveInfinity,
                Function::Floor => RoundingStrategy::ToNegativeInfinity,
                // Halves away from zero, as CEL's `math.round`.
                Function::Round => RoundingStrategy::MidpointAwayFromZero,
                _ => RoundingStrategy::ToZero,
            };
            V::Number(whole(number(first)?, strategy))
        }
        Function::Least | Function::Greatest => {
            let mut best = number(first)?;
            for other in given {
                let other = number(other)?;
                if (other < best) == (function == Function::Least) {
                    best = other;
                }
            }
            V::Number(best)
        }
    })
}

fn unfit<T>(expected: Type, found: &V<'_>) -> Result<T, EvalProblem> {
    Err(EvalProblem::Unfit { expected, found: found.ty() })
}

fn text<'v>(got: &'v V<'_>) -> Result<&'v str, EvalProblem> {
    match got {
        V::Text(text) => Ok(text),
        other => unfit(Type::Text, other),
    }
}

fn made<'a>(text: String) -> V<'a> {
    V::Text(Cow::Owned(text))
}

fn day_of(micros: i64) -> Result<i32, EvalProblem> {
    time::day(micros.div_euclid(time::DAY)).ok_or(EvalProblem::Overflow)
}

/// The nearest whole number by `strategy`.
fn whole(number: Decimal, strategy: RoundingStrategy) -> Decimal {
    number.round_dp_with_strategy(0, strategy)
}

/// So many of a unit, in microseconds; parts of a microsecond are cut off.
fn micros(count: Decimal, unit: i64) -> Option<i64> {
    count.checked_mul(unit.into())?.trunc().to_i64()
}

/// A part of the time of day, or all of a duration in one unit.
fn part(function: Function, of: &V<'_>) -> Result<i64, EvalProblem> {
    let unit = match function {
        Function::DurationDays => time::DAY,
        Function::Hours => 3600 * time::SECOND,
        Function::Minutes => 60 * time::SECOND,
        Function::Seconds => time::SECOND,
        _ => 1000,
    };
    match of {
        // cel-spec: the milliseconds of a duration are those of its last second, all else is a total.
        V::Duration(micros) if function == Function::Milliseconds => Ok(micros % time::SECOND / unit),
        V::Duration(micros) => Ok(micros / unit),
        V::DateTime(micros) => {
            let of_day = micros.rem_euclid(time::DAY);
            Ok(match function {
                Function::Hours => of_day / unit,
                Function::Minutes | Function::Seconds => of_day / unit % 60,
                _ => of_day / unit % 1000,
            })
        }
        other => unfit(Type::DateTime, other),
    }
}
