//! Evaluation: a checked tree over a record, or over all of a person's.

use crate::{
    COST_MAX, EvalProblem, LIST_ITEMS_MAX, RECORDS_MAX, Type,
    op::{Aggregate, Code, Constant, Macro, Op, Unit},
    time,
};
use alloc::{borrow::Cow, boxed::Box, vec::Vec};
use combine::{binary, item, order, quotient, sum};
use core::cmp::Ordering;
use rust_decimal::Decimal;
use schema::{Budget, PATTERN_TEXT_MAX, Value};
use value::{Items, V, items, number, read};

mod call;
mod combine;
mod value;

/// Evaluates one expression.
pub(crate) struct Evaluator<'a> {
    pub(crate) record: &'a Value,
    /// All of a person's records; empty where the expression reads one.
    pub(crate) records: &'a [Value],
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(crate) now: Option<i64>,
    /// The items that macros look at.
    pub(crate) locals: Vec<V<'a>>,
    /// Steps that the record being looked at has taken.
    pub(crate) steps: u64,
    /// The record being looked at, of many.
    pub(crate) at: Option<u32>,
    /// For all records and all that else belongs together.
    pub(crate) budget: &'a Budget,
}

/// Steps of ours for a thousand of a pattern's engine, which are that much shorter.
pub(crate) const MATCH_STEPS: u64 = 64;

/// What is wrong, and at which byte of the source; boxed, since every step may give it.
pub(crate) type Wrong = Box<(u32, EvalProblem)>;
type Got<'a> = Result<V<'a>, Wrong>;

fn fail<T>(at: u32, problem: EvalProblem) -> Result<T, Wrong> {
    Err(Box::new((at, problem)))
}

impl<'a> Evaluator<'a> {
    /// Counts steps.
    fn spend(&mut self, steps: u64, at: u32) -> Result<(), Wrong> {
        self.steps = self.steps.saturating_add(steps);
        if !self.budget.spend(steps) {
            return fail(at, EvalProblem::Spent);
        }
        if self.steps > COST_MAX { fail(at, EvalProblem::Cost) } else { Ok(()) }
    }

    pub(crate) fn eval(&mut self, op: &'a Op) -> Got<'a> {
        let at = op.at;
        self.spend(1, at)?;
        let wrong = |problem| Box::new((at, problem));
        Ok(match &*op.code {
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
                other => return fail(at, EvalProblem::Unfit { expected: Type::Object, found: other.ty() }),
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
                other => return fail(at, EvalProblem::Unfit { expected: Type::Bool, found: other.ty() }),
            },
            Code::Negate(of) => match self.eval(of)? {
                V::Null => V::Null,
                V::Number(number) if number.is_zero() => V::Number(number),
                V::Number(number) => V::Number(-number),
                V::Duration(micros) => {
                    V::Duration(micros.checked_neg().ok_or_else(|| wrong(EvalProblem::Overflow))?)
                }
                other => return fail(at, EvalProblem::Unfit { expected: Type::Number, found: other.ty() }),
            },
            Code::Binary(operator, left, right) => {
                let left = self.eval(left)?;
                let right = self.eval(right)?;
                self.spend(left.weight().saturating_add(right.weight()), at)?;
                binary(*operator, &left, &right).map_err(wrong)?
            }
            Code::All(parts) => self.settle(false, parts)?,
            Code::Any(parts) => self.settle(true, parts)?,
            Code::Choose(condition, yes, no) => match self.eval(condition)? {
                V::Null => V::Null,
                V::Bool(true) => self.eval(yes)?,
                V::Bool(false) => self.eval(no)?,
                other => return fail(at, EvalProblem::Unfit { expected: Type::Bool, found: other.ty() }),
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
                self.spend(given.iter().map(V::weight).sum(), at)?;
                call::call(*function, &given, self.now).map_err(wrong)?
            }
            Code::Matches(of, pattern) => match self.eval(of)? {
                V::Null => V::Null,
                V::Text(text) if text.len() > PATTERN_TEXT_MAX => return fail(at, EvalProblem::LongText),
                V::Text(text) => {
                    self.spend(u64::from(pattern.cost(&text)).saturating_mul(MATCH_STEPS), at)?;
                    V::Bool(pattern.fits(&text))
                }
                other => return fail(at, EvalProblem::Unfit { expected: Type::Text, found: other.ty() }),
            },
            Code::Macro { kind, list, test, map, .. } => {
                let list = self.eval(list)?;
                if matches!(list, V::Null) {
                    return Ok(V::Null);
                }
                let items = items(list).map_err(wrong)?;
                self.comprehension(*kind, items, test.as_ref(), map.as_ref(), at)?
            }
            Code::Window { count, unit, field } => {
                let field = self.eval(field)?;
                self.window(*count, *unit, field).map_err(wrong)?
            }
            Code::Aggregate { kind, value, by, filter } => {
                self.aggregate(*kind, value.as_ref(), by.as_ref(), filter.as_ref(), at)?
            }
        })
    }

    /// A condition: true, false, or nothing.
    fn asked(&mut self, op: &'a Op) -> Result<Option<bool>, Wrong> {
        match self.eval(op)? {
            V::Bool(value) => Ok(Some(value)),
            V::Null => Ok(None),
            other => fail(op.at, EvalProblem::Unfit { expected: Type::Bool, found: other.ty() }),
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
            return fail(at, EvalProblem::LongList);
        }
        let mut settled = Settled::new(kind == Macro::Exists);
        let mut matching = 0u32;
        let mut out = Vec::new();
        for place in 0..items.len() {
            let item = items.get(place).map_err(|problem| Box::new((at, problem)))?;
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
                // A window that begins before the calendar has no start.
                let start = i64::from(before).saturating_mul(time::DAY);
                let start = start.saturating_add(now.rem_euclid(time::DAY));
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
        let wrong = |problem| Box::new((at, problem));
        let records = self.records;
        if records.len() > RECORDS_MAX {
            return fail(at, EvalProblem::ManyRecords);
        }
        let mut count = 0u32;
        let mut total = Decimal::ZERO;
        let mut best: Option<(V<'a>, V<'a>)> = None;
        for (place, record) in records.iter().enumerate() {
            (self.record, self.at, self.steps) = (record, u32::try_from(place).ok(), 0);
            self.spend(1, at)?;
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
                    let number = number(&got).map_err(wrong)?;
                    total = sum(total, number).ok_or_else(|| wrong(EvalProblem::Overflow))?;
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
        (self.at, self.steps) = (None, 0);
        Ok(match kind {
            Aggregate::Count => V::Number(count.into()),
            Aggregate::Sum => V::Number(total),
            Aggregate::Average if count == 0 => V::Null,
            Aggregate::Average => {
                V::Number(quotient(total, count.into()).ok_or_else(|| wrong(EvalProblem::Overflow))?)
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
