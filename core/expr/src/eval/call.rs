//! The functions of values.

use super::value::{V, number, unread};
use crate::{EvalProblem, Type, lexer, op::Function, time};
use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};

/// Calls `function` with values of which none is null.
pub(super) fn call<'a>(
    function: Function,
    given: Vec<V<'a>>,
    now: Option<i64>,
) -> Result<V<'a>, EvalProblem> {
    let mut given = given.into_iter();
    let clock = || now.ok_or(EvalProblem::NoClock);
    match function {
        Function::Today => {
            return time::day(clock()?.div_euclid(time::DAY)).map(V::Date).ok_or(EvalProblem::Overflow);
        }
        Function::Now => return clock().map(V::DateTime),
        _ => {}
    }
    let first = given.next().unwrap_or(V::Null);
    let second = given.next();
    Ok(match function {
        Function::Size => match first {
            V::Text(text) => V::Number(text.chars().count().into()),
            V::Items(items, _) => V::Number(items.len().into()),
            V::List(items) => V::Number(items.len().into()),
            other => return unfit(Type::Text, &other),
        },
        Function::Contains => V::Bool(text(&first)?.contains(text(&second.unwrap_or(V::Null))?)),
        Function::StartsWith => V::Bool(text(&first)?.starts_with(text(&second.unwrap_or(V::Null))?)),
        Function::EndsWith => V::Bool(text(&first)?.ends_with(text(&second.unwrap_or(V::Null))?)),
        Function::LowerAscii => made(text(&first)?.to_ascii_lowercase()),
        Function::UpperAscii => made(text(&first)?.to_ascii_uppercase()),
        Function::Trim => match first {
            V::Text(Cow::Borrowed(text)) => V::Text(Cow::Borrowed(text.trim())),
            other => made(text(&other)?.trim().to_string()),
        },
        Function::ToInt => V::Number(match first {
            V::Number(number) => whole(number, RoundingStrategy::ToZero),
            V::DateTime(micros) => micros.div_euclid(time::SECOND).into(),
            V::Text(text) => match lexer::read_number(&text).filter(|number| number.fract().is_zero()) {
                Some(number) => number.normalize(),
                None => return Err(unread("whole number", &text)),
            },
            other => return unfit(Type::Number, &other),
        }),
        Function::ToNumber => V::Number(match first {
            V::Number(number) => number,
            V::Text(text) => match schema::number(&text) {
                Some(number) => number,
                None => return Err(unread("number", &text)),
            },
            other => return unfit(Type::Number, &other),
        }),
        Function::ToText => made(match first {
            V::Bool(value) => value.to_string(),
            V::Number(number) => number.normalize().to_string(),
            V::Text(text) => text.into_owned(),
            V::Date(days) => time::write_day(days),
            V::DateTime(micros) => time::write_moment(micros),
            V::Duration(micros) => time::write_duration(micros),
            other => return unfit(Type::Text, &other),
        }),
        Function::ToBool => V::Bool(match first {
            V::Bool(value) => value,
            V::Text(text) => match &*text {
                "true" | "True" | "TRUE" | "t" | "1" => true,
                "false" | "False" | "FALSE" | "f" | "0" => false,
                _ => return Err(unread("bool", &text)),
            },
            other => return unfit(Type::Bool, &other),
        }),
        Function::ToDate => match first {
            V::Date(days) => V::Date(days),
            V::DateTime(micros) => V::Date(day_of(micros)?),
            V::Text(text) => V::Date(schema::day(&text).ok_or_else(|| unread("date", &text))?),
            other => return unfit(Type::Date, &other),
        },
        Function::ToDateTime => V::DateTime(match first {
            V::DateTime(micros) => micros,
            V::Date(days) => i64::from(days) * time::DAY,
            V::Number(seconds) => {
                micros(seconds, time::SECOND).and_then(time::moment).ok_or(EvalProblem::Overflow)?
            }
            V::Text(text) => {
                schema::moment(&text).and_then(time::moment).ok_or_else(|| unread("moment", &text))?
            }
            other => return unfit(Type::DateTime, &other),
        }),
        Function::ToDuration => match first {
            V::Duration(micros) => V::Duration(micros),
            V::Text(text) => V::Duration(time::duration(&text).ok_or_else(|| unread("duration", &text))?),
            other => return unfit(Type::Duration, &other),
        },
        Function::Days => {
            V::Duration(micros(number(first)?, time::DAY).and_then(time::span).ok_or(EvalProblem::Overflow)?)
        }
        Function::Today | Function::Now => V::Null,
        Function::Year
        | Function::Month
        | Function::DayOfMonth
        | Function::DayOfMonth0
        | Function::DayOfYear
        | Function::DayOfWeek => {
            let days = match first {
                V::Date(days) => days,
                V::DateTime(micros) => day_of(micros)?,
                other => return unfit(Type::Date, &other),
            };
            let date = time::date(days);
            V::Number(match function {
                Function::Year => date.year().into(),
                Function::Month => (u8::from(date.month()) - 1).into(),
                Function::DayOfMonth => date.day().into(),
                Function::DayOfMonth0 => (date.day() - 1).into(),
                Function::DayOfYear => (date.ordinal() - 1).into(),
                _ => date.weekday().number_days_from_sunday().into(),
            })
        }
        Function::Hours
        | Function::Minutes
        | Function::Seconds
        | Function::Milliseconds
        | Function::DurationDays => V::Number(part(function, &first)?.into()),
        Function::Abs => V::Number(number(first)?.abs()),
        Function::Sign => {
            let number = number(first)?;
            V::Number(match () {
                () if number.is_zero() => Decimal::ZERO,
                () if number.is_sign_negative() => Decimal::NEGATIVE_ONE,
                () => Decimal::ONE,
            })
        }
        Function::Ceil => V::Number(whole(number(first)?, RoundingStrategy::ToPositiveInfinity)),
        Function::Floor => V::Number(whole(number(first)?, RoundingStrategy::ToNegativeInfinity)),
        // Halves away from zero, as CEL's `math.round`.
        Function::Round => V::Number(whole(number(first)?, RoundingStrategy::MidpointAwayFromZero)),
        Function::Trunc => V::Number(whole(number(first)?, RoundingStrategy::ToZero)),
        Function::Least | Function::Greatest => {
            let mut best = number(first)?;
            for other in second.into_iter().chain(given) {
                let other = number(other)?;
                best = if function == Function::Least { best.min(other) } else { best.max(other) };
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
