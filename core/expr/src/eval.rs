//! Evaluation: a checked tree over a record, or over all of a person's.

use crate::{
    EvalProblem, LIST_ITEMS_MAX, RECORDS_MAX, Type,
    ast::Binary,
    op::{Aggregate, Code, Constant, Macro, Op, Unit},
    shape::{Form, Shape},
    time,
};
use alloc::{
    borrow::Cow,
    collections::BTreeMap,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::cmp::Ordering;
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use schema::Value;

mod call;

/// A value on its way: texts, lists and objects of the record are looked at where they are.
#[derive(Debug, Clone)]
pub(crate) enum V<'a> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(Cow<'a, str>),
    Date(i32),
    DateTime(i64),
    Duration(i64),
    /// A list of the record.
    Items(&'a [Value], &'a Shape),
    /// A list that was computed.
    List(Arc<[V<'a>]>),
    /// An object of the record.
    Object(&'a BTreeMap<String, Value>),
}

impl V<'_> {
    pub(crate) fn ty(&self) -> Type {
        match self {
            V::Null => Type::Null,
            V::Bool(_) => Type::Bool,
            V::Number(_) => Type::Number,
            V::Text(_) => Type::Text,
            V::Date(_) => Type::Date,
            V::DateTime(_) => Type::DateTime,
            V::Duration(_) => Type::Duration,
            V::Items(..) | V::List(_) => Type::List(alloc::boxed::Box::new(Type::Any)),
            V::Object(_) => Type::Object,
        }
    }

    /// The value as a record would hold it: days, moments and durations as text.
    pub(crate) fn into_value(self) -> Value {
        match self {
            V::Null => Value::Null,
            V::Bool(value) => Value::Bool(value),
            V::Number(number) => Value::Number(number.normalize()),
            V::Text(text) => Value::Text(text.into_owned()),
            V::Date(days) => Value::Text(time::write_day(days)),
            V::DateTime(micros) => Value::Text(time::write_moment(micros)),
            V::Duration(micros) => Value::Text(time::write_duration(micros)),
            V::Items(items, _) => Value::List(items.to_vec()),
            V::List(items) => Value::List(items.iter().cloned().map(V::into_value).collect()),
            V::Object(fields) => Value::Object(fields.clone()),
        }
    }
}

/// Evaluates one expression.
pub(crate) struct Evaluator<'a> {
    pub(crate) record: &'a Value,
    /// All of a person's records; empty where the expression reads one.
    pub(crate) records: &'a [Value],
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(crate) now: Option<i64>,
    /// The items that macros look at.
    pub(crate) locals: Vec<V<'a>>,
    /// Parts evaluated so far.
    pub(crate) steps: u64,
    /// The record being looked at, of many.
    pub(crate) at: Option<u32>,
}

/// What is wrong, and at which byte of the source.
pub(crate) type Wrong = (u32, EvalProblem);
type Got<'a> = Result<V<'a>, Wrong>;

static ANY: Shape = Shape::ANY;

/// A value of the record, as its type says that it is read.
fn read<'a>(value: &'a Value, shape: &'a Shape) -> Result<V<'a>, EvalProblem> {
    let got = match (value, &shape.form) {
        (Value::Null, _) => V::Null,
        (Value::Bool(value), Form::Bool | Form::Any) => V::Bool(*value),
        (Value::Number(number), Form::Number | Form::Any) => V::Number(*number),
        // A decimal may be written as text, as Pydantic does; a text that is none is no value.
        (Value::Text(text), Form::Number) => schema::number(text).map_or(V::Null, V::Number),
        (Value::Text(text), Form::Text | Form::Any) => V::Text(Cow::Borrowed(text)),
        (Value::Text(text), Form::Date) => match schema::day(text) {
            Some(days) => V::Date(days),
            None => return Err(unread("date", text)),
        },
        (Value::Text(text), Form::DateTime) => match schema::moment(text) {
            Some(micros) => V::DateTime(micros),
            None => return Err(unread("moment", text)),
        },
        (Value::List(items), Form::List(item, _)) => V::Items(items, item),
        (Value::List(items), Form::Any) => V::Items(items, &ANY),
        (Value::Object(fields), Form::Object(_) | Form::Any) => V::Object(fields),
        (value, form) => {
            let Ok(found) = read(value, &ANY) else { return Err(EvalProblem::Overflow) };
            return Err(EvalProblem::Unfit { expected: form.ty(), found: found.ty() });
        }
    };
    Ok(got)
}

/// Text that does not convert.
fn unread(into: &'static str, text: &str) -> EvalProblem {
    EvalProblem::Conversion { into, text: text.chars().take(40).collect() }
}

fn number(got: V<'_>) -> Result<Decimal, EvalProblem> {
    match got {
        V::Number(number) => Ok(number),
        other => Err(EvalProblem::Unfit { expected: Type::Number, found: other.ty() }),
    }
}

impl<'a> Evaluator<'a> {
    pub(crate) fn eval(&mut self, op: &'a Op) -> Got<'a> {
        self.steps += 1;
        let at = op.at;
        let wrong = |problem| (at, problem);
        Ok(match &op.code {
            Code::Constant(constant) => match constant {
                Constant::Null => V::Null,
                Constant::Bool(value) => V::Bool(*value),
                Constant::Number(number) => V::Number(*number),
                Constant::Text(text) => V::Text(Cow::Borrowed(text)),
                Constant::Date(days) => V::Date(*days),
                Constant::DateTime(micros) => V::DateTime(*micros),
                Constant::Duration(micros) => V::Duration(*micros),
            },
            Code::Field(name, shape) => match self.record {
                Value::Object(fields) => match fields.get(name) {
                    Some(value) => read(value, shape).map_err(wrong)?,
                    None => V::Null,
                },
                _ => V::Null,
            },
            Code::Local(level) => self.locals.get(*level as usize).cloned().unwrap_or(V::Null),
            Code::Select(of, name, shape) => match self.eval(of)? {
                V::Null => V::Null,
                V::Object(fields) => match fields.get(name) {
                    Some(value) => read(value, shape).map_err(wrong)?,
                    None => V::Null,
                },
                other => return Err((at, EvalProblem::Unfit { expected: Type::Object, found: other.ty() })),
            },
            Code::Index(of, index) => {
                let of = self.eval(of)?;
                let index = self.eval(index)?;
                item(of, index).map_err(wrong)?
            }
            Code::Has(of) => V::Bool(!matches!(self.eval(of)?, V::Null)),
            Code::Not(of) => match self.eval(of)? {
                V::Null => V::Null,
                V::Bool(value) => V::Bool(!value),
                other => return Err((at, EvalProblem::Unfit { expected: Type::Bool, found: other.ty() })),
            },
            Code::Negate(of) => match self.eval(of)? {
                V::Null => V::Null,
                V::Number(number) if number.is_zero() => V::Number(number),
                V::Number(number) => V::Number(-number),
                V::Duration(micros) => V::Duration(micros.checked_neg().ok_or((at, EvalProblem::Overflow))?),
                other => return Err((at, EvalProblem::Unfit { expected: Type::Number, found: other.ty() })),
            },
            Code::Binary(operator, left, right) => {
                let left = self.eval(left)?;
                let right = self.eval(right)?;
                binary(*operator, left, right).map_err(wrong)?
            }
            Code::All(parts) => self.settle(false, parts)?,
            Code::Any(parts) => self.settle(true, parts)?,
            Code::Choose(condition, yes, no) => match self.eval(condition)? {
                V::Null => V::Null,
                V::Bool(true) => self.eval(yes)?,
                V::Bool(false) => self.eval(no)?,
                other => return Err((at, EvalProblem::Unfit { expected: Type::Bool, found: other.ty() })),
            },
            Code::List(items) => {
                let items: Vec<V<'a>> = items.iter().map(|item| self.eval(item)).collect::<Result<_, _>>()?;
                V::List(items.into())
            }
            Code::Call(function, arguments) => {
                let mut given = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    given.push(self.eval(argument)?);
                }
                if given.iter().any(|got| matches!(got, V::Null)) {
                    return Ok(V::Null);
                }
                call::call(*function, given, self.now).map_err(wrong)?
            }
            Code::Macro { kind, list, test, map, .. } => {
                let list = self.eval(list)?;
                if matches!(list, V::Null) {
                    return Ok(V::Null);
                }
                let items = items(list).map_err(wrong)?;
                self.comprehension(*kind, items, test.as_deref(), map.as_deref(), at)?
            }
            Code::Window { count, unit, field } => {
                let field = self.eval(field)?;
                self.window(*count, *unit, field).map_err(wrong)?
            }
            Code::Aggregate { kind, value, by, filter } => {
                self.aggregate(*kind, value.as_deref(), by.as_deref(), filter.as_deref(), at)?
            }
        })
    }

    /// A condition: true, false, or nothing.
    fn asked(&mut self, op: &'a Op) -> Result<Option<bool>, Wrong> {
        match self.eval(op)? {
            V::Bool(value) => Ok(Some(value)),
            V::Null => Ok(None),
            other => Err((op.at, EvalProblem::Unfit { expected: Type::Bool, found: other.ty() })),
        }
    }

    /// `&&`, which one false settles, or `||`, which one true does: whatever went wrong elsewhere.
    fn settle(&mut self, by: bool, parts: &'a [Op]) -> Got<'a> {
        let mut settled = Settled::new(by);
        for part in parts {
            let got = self.asked(part);
            if settled.add(got) {
                break;
            }
        }
        settled.result()
    }

    fn comprehension(
        &mut self,
        kind: Macro,
        items: Items<'a>,
        test: Option<&'a Op>,
        map: Option<&'a Op>,
        at: u32,
    ) -> Got<'a> {
        if items.len() > LIST_ITEMS_MAX as usize {
            return Err((at, EvalProblem::LongList));
        }
        let mut settled = Settled::new(kind == Macro::Exists);
        let mut matching = 0u32;
        let mut out = Vec::new();
        for place in 0..items.len() {
            let item = items.get(place).map_err(|problem| (at, problem))?;
            let keep = (kind == Macro::Filter).then(|| item.clone());
            self.locals.push(item);
            let asked = match test {
                Some(test) => self.asked(test),
                None => Ok(Some(true)),
            };
            let mapped = match (&asked, map) {
                (Ok(Some(true)), Some(map)) => Some(self.eval(map)),
                _ => None,
            };
            self.locals.pop();
            match kind {
                Macro::All | Macro::Exists => {
                    if settled.add(asked) {
                        break;
                    }
                }
                Macro::ExistsOne => matching += u32::from(asked? == Some(true)),
                Macro::Filter => {
                    if asked? == Some(true) {
                        out.extend(keep);
                    }
                }
                Macro::Map => {
                    asked?;
                    if let Some(mapped) = mapped {
                        out.push(mapped?);
                    }
                }
            }
        }
        Ok(match kind {
            Macro::All | Macro::Exists => settled.result()?,
            Macro::ExistsOne => V::Bool(matching == 1),
            Macro::Filter | Macro::Map => V::List(out.into()),
        })
    }

    fn window(&self, count: u32, unit: Unit, field: V<'a>) -> Result<V<'a>, EvalProblem> {
        let now = self.now.ok_or(EvalProblem::NoClock)?;
        let today = time::day(now.div_euclid(time::DAY)).ok_or(EvalProblem::Overflow)?;
        // The window begins after this day: the last 2 days are yesterday and today.
        let before = match unit {
            Unit::Days => time::day(i64::from(today) - i64::from(count)),
            Unit::Weeks => time::day(i64::from(today) - 7 * i64::from(count)),
            Unit::Months => time::months_before(today, count),
            Unit::Years => time::months_before(today, count.saturating_mul(12)),
        };
        let before = before.unwrap_or(i32::MIN);
        Ok(match field {
            V::Null => V::Null,
            V::Date(day) => V::Bool(day > before && day <= today),
            V::DateTime(micros) => {
                let start = i64::from(before) * time::DAY + now.rem_euclid(time::DAY);
                V::Bool(micros > start && micros <= now)
            }
            other => return Err(EvalProblem::Unfit { expected: Type::Date, found: other.ty() }),
        })
    }

    fn aggregate(
        &mut self,
        kind: Aggregate,
        value: Option<&'a Op>,
        by: Option<&'a Op>,
        filter: Option<&'a Op>,
        at: u32,
    ) -> Got<'a> {
        let wrong = |problem| (at, problem);
        let records = self.records;
        if records.len() > RECORDS_MAX {
            return Err((at, EvalProblem::ManyRecords));
        }
        let mut count = 0u32;
        let mut total = Decimal::ZERO;
        let mut best: Option<(V<'a>, V<'a>)> = None;
        for (place, record) in records.iter().enumerate() {
            (self.record, self.at) = (record, u32::try_from(place).ok());
            if let Some(filter) = filter
                && self.asked(filter)? != Some(true)
            {
                continue;
            }
            let Some(value) = value else {
                count += 1;
                continue;
            };
            let got = self.eval(value)?;
            if matches!(got, V::Null) {
                continue;
            }
            count += 1;
            match kind {
                Aggregate::Sum | Aggregate::Average => {
                    let number = number(got).map_err(wrong)?;
                    total = total.checked_add(number).ok_or((at, EvalProblem::Overflow))?;
                }
                Aggregate::Count => {}
                Aggregate::Least | Aggregate::Greatest | Aggregate::Last => {
                    let key = match by {
                        Some(by) => self.eval(by)?,
                        None => got.clone(),
                    };
                    let better = match (&best, kind, by) {
                        (_, Aggregate::Last, Some(_)) if matches!(key, V::Null) => false,
                        (None, ..) | (_, Aggregate::Last, None) => true,
                        (Some((best, _)), kind, _) => {
                            let order = order(&key, best).map_err(wrong)?;
                            match kind {
                                Aggregate::Least => order == Ordering::Less,
                                Aggregate::Greatest => order == Ordering::Greater,
                                // Of two on one day, the one that was added later.
                                _ => order != Ordering::Less,
                            }
                        }
                    };
                    if better {
                        best = Some((key, got));
                    }
                }
            }
        }
        self.at = None;
        Ok(match kind {
            Aggregate::Count => V::Number(count.into()),
            Aggregate::Sum => V::Number(total),
            Aggregate::Average if count == 0 => V::Null,
            Aggregate::Average => {
                V::Number(total.checked_div(count.into()).ok_or((at, EvalProblem::Overflow))?)
            }
            Aggregate::Least | Aggregate::Greatest | Aggregate::Last => best.map_or(V::Null, |(_, got)| got),
        })
    }
}

/// What `&&` or `||` comes to: CEL's absorption of errors, with null as a value that is not known.
struct Settled {
    /// The operand that settles it.
    by: bool,
    settled: bool,
    unknown: bool,
    wrong: Option<Wrong>,
}

impl Settled {
    fn new(by: bool) -> Self {
        Self { by, settled: false, unknown: false, wrong: None }
    }

    /// Whether the operand settles it.
    fn add(&mut self, got: Result<Option<bool>, Wrong>) -> bool {
        match got {
            Ok(Some(value)) => self.settled |= value == self.by,
            Ok(None) => self.unknown = true,
            Err(wrong) => self.wrong = self.wrong.take().or(Some(wrong)),
        }
        self.settled
    }

    fn result<'a>(self) -> Got<'a> {
        match self {
            Self { settled: true, by, .. } => Ok(V::Bool(by)),
            Self { wrong: Some(wrong), .. } => Err(wrong),
            Self { unknown: true, .. } => Ok(V::Null),
            Self { by, .. } => Ok(V::Bool(!by)),
        }
    }
}

/// The items of either kind of list.
enum Items<'a> {
    Read(&'a [Value], &'a Shape),
    Made(Arc<[V<'a>]>),
}

impl<'a> Items<'a> {
    fn len(&self) -> usize {
        match self {
            Self::Read(items, _) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    fn get(&self, place: usize) -> Result<V<'a>, EvalProblem> {
        match self {
            Self::Read(items, shape) => items.get(place).map_or(Ok(V::Null), |item| read(item, shape)),
            Self::Made(items) => Ok(items.get(place).cloned().unwrap_or(V::Null)),
        }
    }
}

fn items(list: V<'_>) -> Result<Items<'_>, EvalProblem> {
    match list {
        V::Items(items, shape) => Ok(Items::Read(items, shape)),
        V::List(items) => Ok(Items::Made(items)),
        other => {
            let expected = Type::List(alloc::boxed::Box::new(Type::Any));
            Err(EvalProblem::Unfit { expected, found: other.ty() })
        }
    }
}

fn item<'a>(of: V<'a>, index: V<'a>) -> Result<V<'a>, EvalProblem> {
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

fn binary<'a>(operator: Binary, left: V<'a>, right: V<'a>) -> Result<V<'a>, EvalProblem> {
    match operator {
        Binary::Equal => return Ok(V::Bool(equal(&left, &right)?)),
        Binary::Unequal => return Ok(V::Bool(!equal(&left, &right)?)),
        Binary::In => return contained(&left, right),
        _ if matches!(left, V::Null) || matches!(right, V::Null) => return Ok(V::Null),
        _ => {}
    }
    let wanted = match operator {
        Binary::Less => order(&left, &right)?.is_lt(),
        Binary::LessEqual => order(&left, &right)?.is_le(),
        Binary::Greater => order(&left, &right)?.is_gt(),
        Binary::GreaterEqual => order(&left, &right)?.is_ge(),
        _ => return arithmetic(operator, left, right),
    };
    Ok(V::Bool(wanted))
}

fn arithmetic<'a>(operator: Binary, left: V<'a>, right: V<'a>) -> Result<V<'a>, EvalProblem> {
    use Binary::{Add, Divide, Multiply, Remainder, Subtract};
    let days = |micros: i64| {
        if micros % time::DAY == 0 { Ok(micros / time::DAY) } else { Err(EvalProblem::PartOfDay) }
    };
    let got = match (operator, left, right) {
        (Divide | Remainder, V::Number(_), V::Number(b)) if b.is_zero() => {
            return Err(EvalProblem::DivisionByZero);
        }
        (operator, V::Number(a), V::Number(b)) => match operator {
            Add => a.checked_add(b),
            Subtract => a.checked_sub(b),
            Multiply => a.checked_mul(b),
            Divide => a.checked_div(b),
            _ => a.checked_rem(b),
        }
        .map(|number| V::Number(if number.is_zero() { Decimal::ZERO } else { number })),
        (Add, V::Text(a), V::Text(b)) => Some(V::Text(Cow::Owned([a, b].concat()))),
        (Add, a @ (V::Items(..) | V::List(_)), b) => {
            let (a, b) = (items(a)?, items(b)?);
            if a.len() + b.len() > LIST_ITEMS_MAX as usize {
                return Err(EvalProblem::LongList);
            }
            let joined = (0..a.len()).map(|at| a.get(at)).chain((0..b.len()).map(|at| b.get(at)));
            Some(V::List(joined.collect::<Result<Vec<_>, _>>()?.into()))
        }
        (Add, V::Date(day), V::Duration(by)) | (Add, V::Duration(by), V::Date(day)) => {
            time::day(i64::from(day) + days(by)?).map(V::Date)
        }
        (Subtract, V::Date(day), V::Duration(by)) => time::day(i64::from(day) - days(by)?).map(V::Date),
        (Add, V::DateTime(at), V::Duration(by)) | (Add, V::Duration(by), V::DateTime(at)) => {
            at.checked_add(by).and_then(time::moment).map(V::DateTime)
        }
        (Subtract, V::DateTime(at), V::Duration(by)) => {
            at.checked_sub(by).and_then(time::moment).map(V::DateTime)
        }
        (Subtract, V::Date(a), V::Date(b)) => {
            Some(V::Duration((i64::from(a) - i64::from(b)).saturating_mul(time::DAY)))
        }
        (Subtract, V::DateTime(a), V::DateTime(b)) => a.checked_sub(b).map(V::Duration),
        (Add, V::Duration(a), V::Duration(b)) => a.checked_add(b).map(V::Duration),
        (Subtract, V::Duration(a), V::Duration(b)) => a.checked_sub(b).map(V::Duration),
        (_, left, right) => return Err(EvalProblem::Unfit { expected: left.ty(), found: right.ty() }),
    };
    got.ok_or(EvalProblem::Overflow)
}

/// How two values are ordered.
fn order(left: &V<'_>, right: &V<'_>) -> Result<Ordering, EvalProblem> {
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
fn contained<'a>(left: &V<'a>, right: V<'a>) -> Result<V<'a>, EvalProblem> {
    match (left, right) {
        (_, V::Null) => Ok(V::Null),
        (V::Text(name), V::Object(fields)) => {
            Ok(V::Bool(fields.get(&**name).is_some_and(|v| *v != Value::Null)))
        }
        (V::Null, V::Object(_)) => Ok(V::Bool(false)),
        (left, list) => {
            let items = items(list)?;
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

/// The nearest whole number, halves to even.
fn whole(number: Decimal, strategy: RoundingStrategy) -> Decimal {
    number.round_dp_with_strategy(0, strategy)
}
