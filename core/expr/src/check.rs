//! The tree against the record's fields: each name found, each type settled, each overload chosen.

use crate::{
    COST_MAX, LIST_ITEMS_MAX, Scope, Type,
    ast::{Binary, Kind, Node},
    error::{Hinted, Problem, fail, hint, meant, nearest},
    functions::{self, Found},
    op::{Aggregate, Code, Constant, Function, Macro, Op, Unit},
    print,
    shape::{Fields, Form, Shape},
    time,
};
use alloc::{
    boxed::Box,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use schema::Value;

/// A tree that has been checked.
pub(crate) struct Checked {
    pub(crate) op: Op,
    pub(crate) shape: Shape,
    pub(crate) fields: BTreeSet<String>,
    pub(crate) clock: bool,
    pub(crate) cost: u64,
}

/// Checks `node` against the fields of a record.
pub(crate) fn check(node: &Node, root: &Fields, scope: Scope) -> Result<Checked, Hinted> {
    let mut checker =
        Checker { root, scope, aggregate: false, locals: Vec::new(), fields: BTreeSet::new(), clock: false };
    let (op, shape) = checker.check(node)?;
    let cost = op.cost();
    if cost > COST_MAX {
        return fail(
            node.at as usize,
            Problem::TooCostly { cost },
            hint("bound the lists: `maxItems` in the schema, `max_length` in Pydantic"),
        );
    }
    Ok(Checked { op, shape, fields: checker.fields, clock: checker.clock, cost })
}

struct Checker<'r> {
    root: &'r Fields,
    scope: Scope,
    /// Whether the node stands in an aggregate.
    aggregate: bool,
    /// The items that macros look at, outermost first.
    locals: Vec<(String, Shape)>,
    fields: BTreeSet<String>,
    clock: bool,
}

type Typed = (Op, Shape);

fn op(code: Code, at: u32) -> Op {
    Op { code, at, own: 1 }
}

/// Items that a list has at most; 0 for what is no list.
fn items_max(shape: &Shape) -> u32 {
    match shape.form {
        Form::List(_, most) => most,
        Form::Any | Form::Object(_) => LIST_ITEMS_MAX,
        _ => 0,
    }
}

impl Checker<'_> {
    /// Checks a node whose value is used as it is.
    fn check(&mut self, node: &Node) -> Result<Typed, Hinted> {
        let typed = self.check_part(node)?;
        self.read(&typed.1);
        Ok(typed)
    }

    /// Notes that a field is read.
    fn read(&mut self, shape: &Shape) {
        if !shape.path.is_empty() {
            self.fields.insert(shape.path.clone());
        }
    }

    /// Checks a node of which only a part may be used: what it reads is noted by whoever uses it.
    fn check_part(&mut self, node: &Node) -> Result<Typed, Hinted> {
        let at = node.at;
        let constant = |constant, form| Ok((op(Code::Constant(constant), at), Shape::of(form)));
        match &node.kind {
            Kind::Null => Ok((op(Code::Constant(Constant::Null), at), Shape::of(Form::Null).nullable(true))),
            Kind::Bool(value) => constant(Constant::Bool(*value), Form::Bool),
            Kind::Number(number) => constant(Constant::Number(*number), Form::Number),
            Kind::Text(text) => constant(Constant::Text(text.clone()), Form::Text),
            Kind::Name(name) => self.name(name, at),
            Kind::Select(of, name) => self.select(of, name, at),
            Kind::Index(of, index) => self.index(of, index, at),
            Kind::Not(of) => {
                let (of, shape) = self.wanted(of, Form::Bool, "`!`")?;
                Ok((op(Code::Not(Box::new(of)), at), Shape::of(Form::Bool).nullable(shape.nullable)))
            }
            Kind::Negate(of) => self.negate(of, at),
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right, at),
            Kind::All(parts) => {
                let (parts, nullable) = self.bools(parts, "`&&`")?;
                Ok((op(Code::All(parts), at), Shape::of(Form::Bool).nullable(nullable)))
            }
            Kind::Any(parts) => {
                let (parts, nullable) = self.bools(parts, "`||`")?;
                Ok((op(Code::Any(parts), at), Shape::of(Form::Bool).nullable(nullable)))
            }
            Kind::Choose(condition, yes, no) => {
                let (condition, asked) = self.wanted(condition, Form::Bool, "the condition before `?`")?;
                let (yes, one) = self.check(yes)?;
                let (no, other) = self.check(no)?;
                let Some(shape) = one.join(&other) else {
                    return fail(
                        at as usize,
                        Problem::Operands { operator: "? :", left: one.ty(), right: other.ty() },
                        hint("both choices have one type"),
                    );
                };
                let code = Code::Choose(Box::new(condition), Box::new(yes), Box::new(no));
                Ok((op(code, at), shape.nullable(asked.nullable)))
            }
            Kind::List(items) => {
                let mut ops = Vec::new();
                let mut item: Option<Shape> = None;
                for node in items {
                    let (op, shape) = self.check(node)?;
                    ops.push(op);
                    item = Some(match item {
                        Some(item) => item.join(&shape).unwrap_or(Shape::ANY),
                        None => shape.free(),
                    });
                }
                let form = Form::List(Box::new(item.unwrap_or(Shape::ANY)), ops.len() as u32);
                Ok((op(Code::List(ops), at), Shape::of(form)))
            }
            Kind::Call { receiver, name, arguments } => self.call(receiver.as_deref(), name, arguments, at),
        }
    }

    fn name(&mut self, name: &str, at: u32) -> Result<Typed, Hinted> {
        if let Some(level) = self.locals.iter().rposition(|(local, _)| local == name) {
            let shape = self.locals[level].1.clone();
            return Ok((op(Code::Local(level as u32), at), shape));
        }
        let Some(shape) = self.root.get(name, name) else {
            let locals = self.locals.iter().map(|(local, _)| local.as_str());
            let names = self.root.named.keys().map(String::as_str).chain(locals);
            let mend = match name {
                "None" | "NULL" | "Null" | "nil" | "NaN" | "nan" | "NA" | "undefined" => meant("null"),
                "True" | "TRUE" => meant("true"),
                "False" | "FALSE" => meant("false"),
                "today" | "now" => Some(format!("did you mean `{name}()`?")),
                _ => match nearest(name, names) {
                    Some(near) => meant(&print::name(near)),
                    None => self.listed(self.root),
                },
            };
            return fail(at as usize, Problem::NoField { path: name.to_string() }, mend);
        };
        if !self.one_record() {
            let aggregate = if shape.is(&Form::Number) { "avg" } else { "last" };
            let mend = Some(format!("aggregate it: `{aggregate}({})`", print::name(name)));
            return fail(at as usize, Problem::Unaggregated { path: name.to_string() }, mend);
        }
        Ok((op(Code::Field(name.to_string(), shape.clone()), at), shape))
    }

    /// Whether one record is looked at here.
    fn one_record(&self) -> bool {
        self.scope == Scope::Record || self.aggregate
    }

    /// "the fields are …"
    fn listed(&self, fields: &Fields) -> Option<String> {
        let names: Vec<String> = fields.named.keys().take(8).map(|name| print::name(name)).collect();
        if names.is_empty() {
            return None;
        }
        let more = if fields.named.len() > names.len() { ", …" } else { "" };
        Some(format!("the fields are {}{more}", names.join(", ")))
    }

    fn select(&mut self, of: &Node, name: &str, at: u32) -> Result<Typed, Hinted> {
        let (of, shape) = self.check_part(of)?;
        let path = if shape.path.is_empty() { String::new() } else { [&shape.path, ".", name].concat() };
        let part = match &shape.form {
            Form::Any => Shape { path, ..Shape::ANY },
            Form::Object(fields) => match fields.get(name, &path) {
                Some(part) => part,
                None => {
                    let path = if path.is_empty() { name.to_string() } else { path };
                    let mend = match nearest(name, fields.named.keys().map(String::as_str)) {
                        Some(near) => meant(&print::name(near)),
                        None => self.listed(fields),
                    };
                    return fail(at as usize, Problem::NoField { path }, mend);
                }
            },
            form => {
                let mend = match form {
                    Form::List(..) => {
                        hint("look at its items: `list.exists(x, x > 0)`, or at one: `list[0]`")
                    }
                    Form::Date | Form::DateTime => {
                        hint("its parts are `getFullYear()`, `getMonth()`, `getDate()`")
                    }
                    _ => None,
                };
                let problem =
                    Problem::Mismatch { wants: "a field's name", expected: Type::Object, found: form.ty() };
                return fail(at as usize, problem, mend);
            }
        };
        let part = part.nullable(shape.nullable);
        Ok((op(Code::Select(Box::new(of), name.to_string(), part.clone()), at), part))
    }

    fn index(&mut self, of: &Node, index: &Node, at: u32) -> Result<Typed, Hinted> {
        if let Kind::Text(name) = &index.kind {
            return self.select(of, name, index.at);
        }
        let place = index.at;
        let (list, shape) = self.check(of)?;
        let (index, by) = self.check(index)?;
        let item = match &shape.form {
            Form::List(item, _) if by.is(&Form::Number) => (**item).clone(),
            Form::Any => Shape { path: shape.path.clone(), ..Shape::ANY },
            Form::Object(_) if by.is(&Form::Text) => Shape { path: shape.path.clone(), ..Shape::ANY },
            Form::List(..) => {
                let problem = Problem::Mismatch { wants: "an index", expected: Type::Number, found: by.ty() };
                return fail(place as usize, problem, None);
            }
            form => {
                let expected = Type::List(Box::new(Type::Any));
                let problem = Problem::Mismatch { wants: "`[ ]`", expected, found: form.ty() };
                return fail(at as usize, problem, None);
            }
        };
        let item = item.nullable(shape.nullable || by.nullable);
        Ok((op(Code::Index(Box::new(list), Box::new(index)), at), item))
    }

    /// Checks a node that has to be of this type.
    fn wanted(&mut self, node: &Node, form: Form, wants: &'static str) -> Result<Typed, Hinted> {
        let (op, shape) = self.check(node)?;
        if !shape.is(&form) {
            let mend = match (&form, &shape.form) {
                (Form::Bool, Form::Number) => hint("compare it: `x > 0`"),
                (Form::Bool, Form::Text) => hint("compare it: `x == 'text'`"),
                (Form::Bool, _) => hint("compare it"),
                _ => None,
            };
            let problem = Problem::Mismatch { wants, expected: form.ty(), found: shape.ty() };
            return fail(node.start as usize, problem, mend);
        }
        Ok((op, shape))
    }

    fn bools(&mut self, nodes: &[Node], wants: &'static str) -> Result<(Vec<Op>, bool), Hinted> {
        let mut ops = Vec::new();
        let mut nullable = false;
        for node in nodes {
            let (op, shape) = self.wanted(node, Form::Bool, wants)?;
            nullable |= shape.nullable;
            ops.push(op);
        }
        Ok((ops, nullable))
    }

    fn negate(&mut self, of: &Node, at: u32) -> Result<Typed, Hinted> {
        let (inner, shape) = self.check(of)?;
        let form = match shape.form {
            Form::Number | Form::Duration | Form::Any => shape.form,
            form => {
                let problem = Problem::Mismatch { wants: "`-`", expected: Type::Number, found: form.ty() };
                return fail(of.start as usize, problem, None);
            }
        };
        Ok((op(Code::Negate(Box::new(inner)), at), Shape::of(form).nullable(shape.nullable)))
    }

    fn binary(&mut self, operator: Binary, left: &Node, right: &Node, at: u32) -> Result<Typed, Hinted> {
        let (one, a) = self.check(left)?;
        let (other, b) = self.check(right)?;
        let mismatch = |mend| {
            let problem = Problem::Operands { operator: operator.symbol(), left: a.ty(), right: b.ty() };
            fail(at as usize, problem, mend)
        };
        let form = match operator {
            Binary::Equal | Binary::Unequal => {
                if !a.comparable(&b) {
                    return mismatch(conversion(&a, &b, right));
                }
                chosen(&a, &other, right)?;
                chosen(&b, &one, left)?;
                Form::Bool
            }
            Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual => {
                if !ordered(&a) || !ordered(&b) || !(a.is(&b.form) || b.is(&a.form)) {
                    let null = matches!(a.form, Form::Null) || matches!(b.form, Form::Null);
                    return mismatch(if null {
                        hint("test with `x == null`")
                    } else {
                        conversion(&a, &b, right)
                    });
                }
                Form::Bool
            }
            Binary::In => match &b.form {
                Form::List(item, _) => {
                    if !a.comparable(item) {
                        return mismatch(conversion(&a, item, right));
                    }
                    if let (Code::List(items), Kind::List(nodes)) = (&other.code, &right.kind) {
                        for (item, node) in items.iter().zip(nodes) {
                            chosen(&a, item, node)?;
                        }
                    }
                    Form::Bool
                }
                Form::Object(_) if a.is(&Form::Text) => Form::Bool,
                Form::Any => Form::Bool,
                Form::Text => return mismatch(hint("a text within a text is `text.contains('part')`")),
                _ => return mismatch(hint("on the right stands a list: `x in ['a', 'b']`")),
            },
            _ => match combined(operator, &a.form, &b.form) {
                Some(form) => form,
                None => return mismatch(arithmetic_mend(operator, &a, &b)),
            },
        };
        if matches!(operator, Binary::Divide | Binary::Remainder)
            && matches!(&other.code, Code::Constant(Constant::Number(number)) if number.is_zero())
        {
            return fail(right.start as usize, Problem::ZeroDivisor, None);
        }
        // `==`, `!=` and `in` take null as a value like others; all else has none where an operand has none.
        let nullable = match operator {
            Binary::Equal | Binary::Unequal => false,
            Binary::In => b.nullable,
            _ => a.nullable || b.nullable,
        };
        let own = 1 + items_max(&a).max(items_max(&b));
        let code = Code::Binary(operator, Box::new(one), Box::new(other));
        Ok((Op { code, at, own }, Shape::of(form).nullable(nullable)))
    }

    fn call(
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
                None => self.function(receiver, name, arguments, at),
            };
        }
        let aggregate = match name {
            "has" => return self.has(arguments, at),
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
        if let [Op { code: Code::Constant(Constant::Text(text)), at: place, .. }] = ops.as_slice() {
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
                    let mend = (function == Function::ToDuration).then(|| "days are `days(30)`".to_string());
                    fail(*place as usize, Problem::Literal { what, text: text.clone() }, mend)
                }
            };
        }
        Ok((Op { code: Code::Call(function, ops), at, own: function.own_steps() }, shape))
    }

    fn has(&mut self, arguments: &[Node], at: u32) -> Result<Typed, Hinted> {
        match arguments {
            [node @ Node { kind: Kind::Name(_) | Kind::Select(..), .. }] => {
                let (of, _) = self.check(node)?;
                Ok((op(Code::Has(Box::new(of)), at), Shape::of(Form::Bool)))
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
        let part = |typed: Option<Typed>| typed.map(|(op, _)| Box::new(op));
        let code =
            Code::Macro { kind, list: Box::new(list), items_max: most, test: part(test), map: part(map) };
        Ok((op(code, at), Shape::of(form).nullable(nullable)))
    }

    fn is_window(&self, arguments: &[Node]) -> bool {
        matches!(arguments, [Node { kind: Kind::Number(_), .. }, Node { kind: Kind::Text(_), .. }, _])
    }

    fn window(&mut self, arguments: &[Node], at: u32) -> Result<Typed, Hinted> {
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
        let code = Code::Window { count, unit: units, field: Box::new(field) };
        Ok((op(code, at), Shape::of(Form::Bool).nullable(shape.nullable)))
    }

    fn aggregated(
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
        let part = |typed: Option<Typed>| typed.map(|(op, _)| Box::new(op));
        let code = Code::Aggregate { kind, value: part(value), by: part(by), filter: part(filter) };
        Ok((op(code, at), shape))
    }
}

/// Whether values of this type have an order.
fn ordered(shape: &Shape) -> bool {
    !matches!(shape.form, Form::Null | Form::List(..) | Form::Object(_))
}

/// The type that an arithmetic operator gives.
fn combined(operator: Binary, left: &Form, right: &Form) -> Option<Form> {
    use Form::{Any, Date, DateTime, Duration, List, Number, Text};
    Some(match (operator, left, right) {
        (_, Form::Null | Form::Object(_) | Form::Bool, _)
        | (_, _, Form::Null | Form::Object(_) | Form::Bool) => {
            return None;
        }
        (_, Number, Number) => Number,
        (Binary::Add, Text, Text) => Text,
        (Binary::Add, List(a, most), List(b, more)) => {
            List(Box::new(a.join(b).unwrap_or(Shape::ANY)), most.saturating_add(*more))
        }
        (Binary::Add | Binary::Subtract, Date, Duration) | (Binary::Add, Duration, Date) => Date,
        (Binary::Add | Binary::Subtract, DateTime, Duration) | (Binary::Add, Duration, DateTime) => DateTime,
        (Binary::Add | Binary::Subtract, Duration, Duration) => Duration,
        (Binary::Subtract, Date, Date) | (Binary::Subtract, DateTime, DateTime) => Duration,
        (Binary::Multiply | Binary::Divide | Binary::Remainder, Any, Number | Any)
        | (Binary::Multiply | Binary::Divide | Binary::Remainder, Number, Any) => Number,
        (Binary::Subtract, Any, Number) | (Binary::Subtract, Number, Any) => Number,
        (Binary::Add | Binary::Subtract, Any, _) | (Binary::Add | Binary::Subtract, _, Any) => Any,
        _ => return None,
    })
}

/// How to make one operand what the other is.
fn conversion(left: &Shape, right: &Shape, node: &Node) -> Option<String> {
    let written = |function: &str| match &node.kind {
        Kind::Text(text) => Some(format!("write `{function}({})`", print::quote(text))),
        _ => Some(format!("convert it: `{function}(x)`")),
    };
    match (&left.form, &right.form) {
        (Form::Date, Form::Text) => written("date"),
        (Form::DateTime, Form::Text) => written("timestamp"),
        (Form::Text, Form::Date | Form::DateTime) => hint("convert the text: `date(x)`, `timestamp(x)`"),
        (Form::Date, Form::DateTime) => hint("convert it: `date(x)`"),
        (Form::DateTime, Form::Date) => hint("convert it: `timestamp(x)`"),
        (Form::Number, Form::Text) => match &node.kind {
            Kind::Text(text) if crate::lexer::read_number(text).is_some() => Some(format!("write `{text}`")),
            _ => hint("convert the text: `number(x)`"),
        },
        (Form::Text, Form::Number) => match &node.kind {
            Kind::Number(number) => Some(format!("write `'{number}'`")),
            _ => hint("convert the text: `number(x)`"),
        },
        (Form::Duration, Form::Number) => hint("days are `days(30)`"),
        (Form::List(..), _) => hint("look for an item with `x in list`"),
        _ => None,
    }
}

fn arithmetic_mend(operator: Binary, left: &Shape, right: &Shape) -> Option<String> {
    match (operator, &left.form, &right.form) {
        (_, Form::Null, _) | (_, _, Form::Null) => None,
        (_, Form::Date | Form::DateTime, Form::Number) => hint("days are `days(30)`"),
        (_, Form::Bool, _) | (_, _, Form::Bool) => {
            hint("a condition becomes a number by `condition ? 1 : 0`")
        }
        (Binary::Add, Form::Text, Form::Number) | (Binary::Add, Form::Number, Form::Text) => {
            hint("convert: `string(x)`, or `number(x)`")
        }
        (_, Form::Text, Form::Number) | (_, Form::Number, Form::Text) => {
            hint("convert the text: `number(x)`")
        }
        (_, Form::Duration, Form::Number) | (_, Form::Number, Form::Duration) => {
            hint("its number of days is `x.getDays()`")
        }
        _ => None,
    }
}

/// Refuses a value that a field never has, where the schema lists those that it has.
fn chosen(field: &Shape, value: &Op, node: &Node) -> Result<(), Hinted> {
    let Code::Constant(constant) = &value.code else { return Ok(()) };
    let value = match constant {
        Constant::Bool(value) => Value::Bool(*value),
        Constant::Number(number) => Value::Number(*number),
        Constant::Text(text) => Value::Text(text.clone()),
        _ => return Ok(()),
    };
    if field.choices.is_empty() || field.choices.contains(&value) {
        return Ok(());
    }
    let texts = || {
        field.choices.iter().filter_map(|choice| match choice {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    };
    let near = match &value {
        Value::Text(text) => nearest(text, texts()),
        _ => None,
    };
    let mend = match near {
        Some(near) => Some(format!("did you mean {}?", print::quote(near))),
        None => {
            let known: Vec<String> = texts().take(6).map(print::quote).collect();
            (!known.is_empty()).then(|| {
                let more = if field.choices.len() > known.len() { ", …" } else { "" };
                format!("it is one of {}{more}", known.join(", "))
            })
        }
    };
    let problem = Problem::NoChoice { path: field.path.clone(), value: node.to_string() };
    fail(node.start as usize, problem, mend)
}
