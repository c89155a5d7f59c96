//! Aggregates over a person's records, and the windows that narrow them.

use super::{Checker, Typed, op, ordered};
use crate::{
    Scope, Type,
    ast::{Kind, Node},
    error::{Hinted, Problem, fail, hint},
    op::{Aggregate, Code, Unit},
    shape::{Form, Shape},
};
use alloc::{string::ToString, vec::Vec};
use rust_decimal::{Decimal, prelude::ToPrimitive};

impl Checker<'_> {
    pub(super) fn is_window(&self, arguments: &[Node]) -> bool {
        matches!(arguments, [Node { kind: Kind::Number(_), .. }, Node { kind: Kind::Text(_), .. }, _])
    }

    pub(super) fn window(&mut self, arguments: &[Node], at: u32) -> Result<Typed, Hinted> {
        let wrong = |given| {
            let takes = "(a whole number, 'days', a day)".to_string();
            let problem = Problem::Arguments { name: "last".to_string(), takes, given };
            fail(at as usize, problem, hint("such as `last(30, 'days', day)`"))
        };
        let [Node { kind: Kind::Number(count), .. }, unit, field] = arguments else {
            return wrong(Vec::new());
        };
        let Some(count) = count.to_u32().filter(|n| (1..=100_000).contains(n) && Decimal::from(*n) == *count)
        else {
            return wrong(Vec::new());
        };
        let units = match &unit.kind {
            Kind::Text(text) => match text.as_str() {
                "day" | "days" => Some(Unit::Days),
                "week" | "weeks" => Some(Unit::Weeks),
                "month" | "months" => Some(Unit::Months),
                "year" | "years" => Some(Unit::Years),
                _ => None,
            },
            _ => None,
        };
        let Some(units) = units else {
            let mend = hint("units are 'days', 'weeks', 'months' and 'years'");
            let Kind::Text(text) = &unit.kind else { return wrong(Vec::new()) };
            return fail(unit.at as usize, Problem::Literal { what: "unit", text: text.clone() }, mend);
        };
        let (field, shape) = self.check(field)?;
        if !shape.is(&Form::Date) && !shape.is(&Form::DateTime) {
            return wrong(Vec::from([Type::Number, Type::Text, shape.ty()]));
        }
        self.clock = true;
        let code = Code::Window { count, unit: units, field };
        Ok((op(code, at), Shape::of(Form::Bool).nullable(shape.nullable)))
    }

    pub(super) fn aggregated(
        &mut self,
        kind: Aggregate,
        name: &str,
        arguments: &[Node],
        at: u32,
    ) -> Result<Typed, Hinted> {
        if self.scope == Scope::Record || self.aggregate {
            let scope = if self.aggregate { Scope::Person } else { Scope::Record };
            let mend = match kind {
                Aggregate::Least if arguments.len() == 2 => hint("of two values take `math.least(a, b)`"),
                Aggregate::Greatest if arguments.len() == 2 => {
                    hint("of two values take `math.greatest(a, b)`")
                }
                _ if scope == Scope::Record => hint("let the query reduce, or compute one value per person"),
                _ => None,
            };
            return fail(at as usize, Problem::Aggregate { name: name.to_string(), scope }, mend);
        }
        self.aggregate = true;
        let mut typed = Vec::new();
        for node in arguments {
            typed.push(self.check(node)?);
        }
        self.aggregate = false;
        let given: Vec<Type> = typed.iter().map(|(_, shape)| shape.ty()).collect();
        let takes = match kind {
            Aggregate::Count => "a filter, or nothing",
            Aggregate::Last => "a value, a day to order by, and a filter",
            Aggregate::Sum | Aggregate::Average => "a number, and a filter",
            Aggregate::Least | Aggregate::Greatest => "a number or day, and a filter",
        };
        let wrong = |given: Vec<Type>, mend| {
            fail(
                at as usize,
                Problem::Arguments { name: name.to_string(), takes: takes.to_string(), given },
                mend,
            )
        };
        let mut rest = typed.into_iter().peekable();
        let value = match kind {
            Aggregate::Count => None,
            _ => match rest.next() {
                Some(value) => Some(value),
                None => return wrong(given, None),
            },
        };
        let fits = match (kind, &value) {
            (Aggregate::Sum | Aggregate::Average, Some((_, shape))) => shape.is(&Form::Number),
            (Aggregate::Least | Aggregate::Greatest, Some((_, shape))) => {
                ordered(shape) && !shape.form.same(&Form::Text)
            }
            _ => true,
        };
        if !fits {
            let bool = value.as_ref().is_some_and(|(_, shape)| shape.form.same(&Form::Bool));
            let mend = if bool { hint("the number of records where it holds is `count(x)`") } else { None };
            return wrong(given, mend);
        }
        let by = rest.next_if(|(_, shape)| {
            kind == Aggregate::Last && matches!(shape.form, Form::Date | Form::DateTime | Form::Number)
        });
        let filter = rest.next();
        if let Some((_, shape)) = &filter
            && !shape.is(&Form::Bool)
        {
            let mend = match kind {
                Aggregate::Count => hint("the number of records that have it is `count(has(x))`"),
                _ => hint("a filter is a condition: `x > 0`"),
            };
            return wrong(given, mend);
        }
        if rest.next().is_some() {
            return wrong(given, hint("join filters with `&&`"));
        }
        let shape = match (kind, &value) {
            (Aggregate::Sum | Aggregate::Count, _) | (_, None) => Shape::of(Form::Number),
            (Aggregate::Average, _) => Shape::of(Form::Number).nullable(true),
            (_, Some((_, shape))) => Shape { choices: shape.choices.clone(), ..shape.free() }.nullable(true),
        };
        let part = |typed: Option<Typed>| typed.map(|(op, _)| op);
        let code = Code::Aggregate { kind, value: part(value), by: part(by), filter: part(filter) };
        Ok((op(code, at), shape))
    }
}
