//! What operators make of two values.

use super::value::{ANY, V, items, read};
use crate::{EvalProblem, LIST_ITEMS_MAX, Type, ast::Binary, time};
use alloc::{borrow::Cow, string::ToString, vec::Vec};
use core::cmp::Ordering;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use schema::Value;

/// What `operator` makes of two values; both are looked at, and neither is taken.
pub(super) fn binary<'a>(operator: Binary, left: &V<'a>, right: &V<'a>) -> Result<V<'a>, EvalProblem> {
    match operator {
        Binary::Equal => return Ok(V::Bool(equal(left, right)?)),
        Binary::Unequal => return Ok(V::Bool(!equal(left, right)?)),
        Binary::In => return contained(left, right),
        _ if matches!(left, V::Null) || matches!(right, V::Null) => return Ok(V::Null),
        _ => {}
    }
    let wanted = match operator {
        Binary::Less => order(left, right)?.is_lt(),
        Binary::LessEqual => order(left, right)?.is_le(),
        Binary::Greater => order(left, right)?.is_gt(),
        Binary::GreaterEqual => order(left, right)?.is_ge(),
        _ => return arithmetic(operator, left, right),
    };
    Ok(V::Bool(wanted))
}

/// Decimals' operators are inlined wherever they stand, and each is kilobytes of the page: they stand once.
#[inline(never)]
pub(super) fn sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    a.checked_add(b)
}

/// As [`sum`] is.
#[inline(never)]
pub(super) fn quotient(a: Decimal, b: Decimal) -> Option<Decimal> {
    a.checked_div(b)
}

fn arithmetic<'a>(operator: Binary, left: &V<'a>, right: &V<'a>) -> Result<V<'a>, EvalProblem> {
    use Binary::{Add, Divide, Multiply, Remainder, Subtract};
    let days = |micros: &i64| {
        if *micros % time::DAY == 0 { Ok(*micros / time::DAY) } else { Err(EvalProblem::PartOfDay) }
    };
    let got = match (operator, left, right) {
        (Divide | Remainder, V::Number(_), V::Number(b)) if b.is_zero() => {
            return Err(EvalProblem::DivisionByZero);
        }
        (operator, V::Number(a), V::Number(b)) => match operator {
            Add => sum(*a, *b),
            Subtract => sum(*a, -*b),
            Multiply => a.checked_mul(*b),
            Divide => quotient(*a, *b),
            _ => a.checked_rem(*b),
        }
        .map(|number| V::Number(if number.is_zero() { Decimal::ZERO } else { number })),
        (Add, V::Text(a), V::Text(b)) => Some(V::Text(Cow::Owned([&**a, &**b].concat()))),
        (Add, a @ (V::Items(..) | V::List(_)), b) => {
            let (a, b) = (items(a.clone())?, items(b.clone())?);
            if a.len() + b.len() > LIST_ITEMS_MAX as usize {
                return Err(EvalProblem::LongList);
            }
            let joined = (0..a.len()).map(|at| a.get(at)).chain((0..b.len()).map(|at| b.get(at)));
            Some(V::List(joined.collect::<Result<Vec<_>, _>>()?.into()))
        }
        (Add, V::Date(day), V::Duration(by)) | (Add, V::Duration(by), V::Date(day)) => {
            time::day(i64::from(*day) + days(by)?).map(V::Date)
        }
        (Subtract, V::Date(day), V::Duration(by)) => time::day(i64::from(*day) - days(by)?).map(V::Date),
        (Add, V::DateTime(at), V::Duration(by)) | (Add, V::Duration(by), V::DateTime(at)) => {
            at.checked_add(*by).and_then(time::moment).map(V::DateTime)
        }
        (Subtract, V::DateTime(at), V::Duration(by)) => {
            at.checked_sub(*by).and_then(time::moment).map(V::DateTime)
        }
        (Subtract, V::Date(a), V::Date(b)) => Some(V::Duration((i64::from(*a) - i64::from(*b)) * time::DAY)),
        (Subtract, V::DateTime(a), V::DateTime(b)) => a.checked_sub(*b).and_then(time::span).map(V::Duration),
        (Add, V::Duration(a), V::Duration(b)) => a.checked_add(*b).and_then(time::span).map(V::Duration),
        (Subtract, V::Duration(a), V::Duration(b)) => a.checked_sub(*b).and_then(time::span).map(V::Duration),
        (_, left, right) => return Err(EvalProblem::Unfit { expected: left.ty(), found: right.ty() }),
    };
    got.ok_or(EvalProblem::Overflow)
}

/// How two values are ordered.
pub(super) fn order(left: &V<'_>, right: &V<'_>) -> Result<Ordering, EvalProblem> {
    Ok(match (left, right) {
        (V::Bool(a), V::Bool(b)) => a.cmp(b),
        (V::Number(a), V::Number(b)) => a.cmp(b),
        (V::Text(a), V::Text(b)) => a.cmp(b),
        (V::Date(a), V::Date(b)) => a.cmp(b),
        (V::DateTime(a), V::DateTime(b)) | (V::Duration(a), V::Duration(b)) => a.cmp(b),
        (a, b) => return Err(EvalProblem::Unfit { expected: a.ty(), found: b.ty() }),
    })
}

/// CEL's equality: values of two types are not equal, and nothing is wrong with asking.
fn equal(left: &V<'_>, right: &V<'_>) -> Result<bool, EvalProblem> {
    Ok(match (left, right) {
        (V::Null, V::Null) => true,
        (V::Object(a), V::Object(b)) => a == b,
        (V::Items(a, one), V::Items(b, other)) if one == other => a == b,
        (V::Items(..) | V::List(_), V::Items(..) | V::List(_)) => {
            let (a, b) = (items(left.clone())?, items(right.clone())?);
            if a.len() != b.len() {
                return Ok(false);
            }
            for place in 0..a.len() {
                if !equal(&a.get(place)?, &b.get(place)?)? {
                    return Ok(false);
                }
            }
            true
        }
        (a, b) => order(a, b).is_ok_and(Ordering::is_eq),
    })
}

/// `in`.
fn contained<'a>(left: &V<'a>, right: &V<'a>) -> Result<V<'a>, EvalProblem> {
    match (left, right) {
        (_, V::Null) => Ok(V::Null),
        (V::Text(name), V::Object(fields)) => {
            Ok(V::Bool(fields.get(&**name).is_some_and(|v| *v != Value::Null)))
        }
        (V::Null, V::Object(_)) => Ok(V::Bool(false)),
        (left, list) => {
            let items = items(list.clone())?;
            if items.len() > LIST_ITEMS_MAX as usize {
                return Err(EvalProblem::LongList);
            }
            for place in 0..items.len() {
                if equal(left, &items.get(place)?)? {
                    return Ok(V::Bool(true));
                }
            }
            Ok(V::Bool(false))
        }
    }
}

/// `of[index]`.
pub(super) fn item<'a>(of: V<'a>, index: V<'a>) -> Result<V<'a>, EvalProblem> {
    match (of, index) {
        (V::Null, _) | (_, V::Null) => Ok(V::Null),
        (V::Object(fields), V::Text(name)) => {
            fields.get(&*name).map_or(Ok(V::Null), |value| read(value, &ANY))
        }
        (list, V::Number(index)) => {
            let items = items(list)?;
            let place = index.to_usize().filter(|place| *place < items.len() && index.fract().is_zero());
            let outside =
                || EvalProblem::Index { index: index.normalize().to_string(), len: items.len() as u32 };
            items.get(place.ok_or_else(outside)?)
        }
        (_, index) => Err(EvalProblem::Unfit { expected: Type::Number, found: index.ty() }),
    }
}
