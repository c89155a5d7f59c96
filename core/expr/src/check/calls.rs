//! Calls: functions, `has`, macros over lists.

use super::{Checker, Typed, op};
use crate::{
    LIST_ITEMS_MAX, Type,
    ast::{Kind, Node},
    error::{Hinted, Problem, fail, hint, meant, nearest},
    eval::MATCH_STEPS,
    functions::{self, Found},
    op::{Aggregate, Code, Constant, Function, Macro, Op},
    shape::{Form, Shape},
    time,
};
use alloc::{boxed::Box, format, string::ToString, vec::Vec};
use schema::Pattern;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        receiver: Option<&Node>,
        name: &str,
        arguments: &[Node],
        at: u32,
    ) -> Result<Typed, Hinted> {
        if let Some(node) = receiver {
            // `math.abs` is a function's whole name, unless the records have a field `math`.
            if let Kind::Name(space) = &node.kind
                && space == "math"
                && !self.root.named.contains_key(space)
                && !self.locals.iter().any(|(local, _)| local == space)
            {
                return self.function(None, &["math.", name].concat(), arguments, at);
            }
            let kind = match name {
                "all" => Some(Macro::All),
                "exists" => Some(Macro::Exists),
                "exists_one" | "existsOne" => Some(Macro::ExistsOne),
                "filter" => Some(Macro::Filter),
                "map" => Some(Macro::Map),
                _ => None,
            };
            return match kind {
                Some(kind) => self.comprehension(kind, node, name, arguments, at),
                None if name == "matches" => self.matches(node, arguments, at),
                None => self.function(receiver, name, arguments, at),
            };
        }
        let aggregate = match name {
            "has" => return self.has(arguments, at),
            "dyn" => {
                if let [of] = arguments {
                    let (op, shape) = self.check(of)?;
                    return Ok((op, Shape { nullable: shape.nullable, ..Shape::ANY }));
                }
                return self.function(None, name, arguments, at);
            }
            "matches" => {
                return match arguments {
                    [text, rest @ ..] => self.matches(text, rest, at),
                    [] => self.function(None, name, arguments, at),
                };
            }
            "last" if self.one_record() && self.is_window(arguments) => return self.window(arguments, at),
            "last" if self.aggregate => return self.window(arguments, at),
            "last" if self.is_window(arguments) => {
                let mend = hint("narrow an aggregate with it: `avg(steps, last(30, 'days', day))`");
                return fail(at as usize, Problem::Window, mend);
            }
            "last" => Aggregate::Last,
            "sum" => Aggregate::Sum,
            "count" => Aggregate::Count,
            "avg" => Aggregate::Average,
            "min" => Aggregate::Least,
            "max" => Aggregate::Greatest,
            _ => return self.function(None, name, arguments, at),
        };
        self.aggregated(aggregate, name, arguments, at)
    }

    fn function(
        &mut self,
        receiver: Option<&Node>,
        name: &str,
        arguments: &[Node],
        at: u32,
    ) -> Result<Typed, Hinted> {
        let mut ops = Vec::new();
        let mut shapes = Vec::new();
        for node in receiver.into_iter().chain(arguments) {
            let (op, shape) = self.check(node)?;
            ops.push(op);
            shapes.push(shape);
        }
        let (function, form) = match functions::find(name, receiver.is_some(), &shapes) {
            Found::Function(function, form) => (function, form),
            Found::Takes(takes) => {
                let given = shapes.iter().map(Shape::ty).collect();
                return fail(at as usize, Problem::Arguments { name: name.to_string(), takes, given }, None);
            }
            Found::Nothing => {
                let mend = match functions::alias(name) {
                    Some(mend) => Some(format!("did you mean `{mend}`?")),
                    None => nearest(name, functions::names()).and_then(meant),
                };
                return fail(at as usize, Problem::NoFunction { name: name.to_string() }, mend);
            }
        };
        self.clock |= matches!(function, Function::Today | Function::Now);
        let nullable = shapes.iter().any(|shape| shape.nullable);
        let shape = Shape::of(form).nullable(nullable);
        if let [Op { code, at: place, .. }] = ops.as_slice()
            && let Code::Constant(Constant::Text(text)) = &**code
        {
            let (what, read) = match function {
                Function::ToDate => ("date such as 2026-11-20", schema::day(text).map(Constant::Date)),
                Function::ToDateTime => {
                    ("moment such as 2026-11-20T12:00:00Z", schema::moment(text).map(Constant::DateTime))
                }
                Function::ToDuration => {
                    ("duration such as 1h30m", time::duration(text).map(Constant::Duration))
                }
                _ => return Ok((op(Code::Call(function, ops), at), shape)),
            };
            return match read {
                Some(constant) => Ok((op(Code::Constant(constant), at), shape)),
                None => {
                    let mend =
                        if function == Function::ToDuration { hint("days are `days(30)`") } else { None };
                    fail(*place as usize, Problem::Literal { what, text: text.clone() }, mend)
                }
            };
        }
        Ok((Op { code: Box::new(Code::Call(function, ops)), at, own: function.own_steps() }, shape))
    }

    /// `text.matches('pattern')`: the pattern is written out, so that it is compiled once and its cost is known.
    fn matches(&mut self, text: &Node, arguments: &[Node], at: u32) -> Result<Typed, Hinted> {
        let (of, shape) = self.wanted(text, Form::Text, "`matches`")?;
        let [Node { kind: Kind::Text(source), at: place, .. }] = arguments else {
            let takes = "a pattern that is written out".to_string();
            let problem = Problem::Arguments { name: "matches".to_string(), takes, given: Vec::new() };
            return fail(at as usize, problem, hint("such as `name.matches('^A[0-9]+$')`"));
        };
        let pattern = match Pattern::new(source) {
            Ok(pattern) => pattern,
            Err(detail) => return fail(*place as usize, Problem::Pattern { detail }, None),
        };
        // As for a text of 64 bytes; a longer one is counted when it comes.
        let own = u64::from(pattern.cost(&"x".repeat(64))) * MATCH_STEPS + 1;
        let own = u32::try_from(own).unwrap_or(u32::MAX);
        let shape = Shape::of(Form::Bool).nullable(shape.nullable);
        Ok((Op { code: Box::new(Code::Matches(of, pattern)), at, own }, shape))
    }

    fn has(&mut self, arguments: &[Node], at: u32) -> Result<Typed, Hinted> {
        match arguments {
            [node @ Node { kind: Kind::Name(_) | Kind::Select(..), .. }] => {
                let (of, _) = self.check(node)?;
                Ok((op(Code::Has(of), at), Shape::of(Form::Bool)))
            }
            _ => {
                let problem = Problem::Arguments {
                    name: "has".to_string(),
                    takes: "(a field)".to_string(),
                    given: Vec::new(),
                };
                fail(at as usize, problem, hint("test a value with `x != null`"))
            }
        }
    }

    fn comprehension(
        &mut self,
        kind: Macro,
        list: &Node,
        name: &str,
        arguments: &[Node],
        at: u32,
    ) -> Result<Typed, Hinted> {
        let given = list.start;
        let (list, shape) = self.check_part(list)?;
        let (item, most) = match &shape.form {
            Form::List(item, most) => ((**item).clone(), *most),
            Form::Any => (Shape { path: shape.path.clone(), ..Shape::ANY }, LIST_ITEMS_MAX),
            form => {
                let expected = Type::List(Box::new(Type::Any));
                let problem = Problem::Mismatch { wants: "a macro over items", expected, found: form.ty() };
                return fail(given as usize, problem, None);
            }
        };
        let (variable, test, map) = match (kind, arguments) {
            (Macro::Map, [Node { kind: Kind::Name(variable), .. }, map]) => (variable, None, Some(map)),
            (Macro::Map, [Node { kind: Kind::Name(variable), .. }, test, map]) => {
                (variable, Some(test), Some(map))
            }
            (kind, [Node { kind: Kind::Name(variable), .. }, test]) if kind != Macro::Map => {
                (variable, Some(test), None)
            }
            _ => {
                let takes = if kind == Macro::Map { "(x, a value of x)" } else { "(x, a test of x)" };
                let problem = Problem::Arguments {
                    name: name.to_string(),
                    takes: takes.to_string(),
                    given: Vec::new(),
                };
                return fail(at as usize, problem, Some(format!("such as `list.{name}(x, x > 0)`")));
            }
        };
        self.locals.push((variable.clone(), item.clone()));
        let test = test.map(|test| self.wanted(test, Form::Bool, "the macro's test")).transpose()?;
        let map = map.map(|map| self.check(map)).transpose()?;
        self.locals.pop();
        // Items whose parts are read are read by these parts; others, and those that are given on, as a whole.
        let inner = [&shape.path, "."].concat();
        if kind == Macro::Filter || !self.fields.iter().any(|path| path.starts_with(&inner)) {
            self.read(&shape);
        }
        let nullable = shape.nullable
            || matches!(kind, Macro::All | Macro::Exists)
                && test.as_ref().is_some_and(|(_, shape)| shape.nullable);
        let form = match (kind, &map) {
            (Macro::Filter, _) => Form::List(Box::new(item), most),
            (Macro::Map, Some((_, shape))) => Form::List(Box::new(shape.free()), most),
            _ => Form::Bool,
        };
        let part = |typed: Option<Typed>| typed.map(|(op, _)| op);
        let code = Code::Macro { kind, list, items_max: most, test: part(test), map: part(map) };
        Ok((op(code, at), Shape::of(form).nullable(nullable)))
    }
}
