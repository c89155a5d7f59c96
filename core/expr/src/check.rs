//! The tree against the record's fields: each name found, each type settled, each overload chosen.

use crate::{
    COST_MAX, LIST_ITEMS_MAX, Scope, Type,
    ast::{Binary, Kind, Node},
    error::{Hinted, Problem, fail, hint, meant, nearest},
    op::{Code, Constant, Op},
    print,
    shape::{Fields, Form, Shape},
};
use alloc::{
    boxed::Box,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use mends::{arithmetic_mend, chosen, conversion};

mod aggregates;
mod calls;
mod mends;

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
        return fail(node.at as usize, Problem::TooCostly { cost }, hint("look at one list at a time"));
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
    Op { code: Box::new(code), at, own: 1 }
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
                Ok((op(Code::Not(of), at), Shape::of(Form::Bool).nullable(shape.nullable)))
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
                let code = Code::Choose(condition, yes, no);
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
        Ok((op(Code::Select(of, name.to_string(), part.clone()), at), part))
    }

    fn index(&mut self, of: &Node, index: &Node, at: u32) -> Result<Typed, Hinted> {
        if let Kind::Text(name) = &index.kind {
            return self.select(of, name, index.at);
        }
        let place = index.at;
        let (list, shape) = self.check_part(of)?;
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
        Ok((op(Code::Index(list, index), at), item))
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
        Ok((op(Code::Negate(inner), at), Shape::of(form).nullable(shape.nullable)))
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
                    if let (Code::List(items), Kind::List(nodes)) = (&*other.code, &right.kind) {
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
            && matches!(&*other.code, Code::Constant(Constant::Number(number)) if number.is_zero())
        {
            return fail(right.start as usize, Problem::ZeroDivisor, None);
        }
        // `==`, `!=` and `in` take null as a value like others; all else has none where an operand has none.
        let nullable = match operator {
            Binary::Equal | Binary::Unequal => false,
            Binary::In => b.nullable,
            _ => a.nullable || b.nullable,
        };
        let own = 1 + items_max(&a) + items_max(&b);
        let code = Code::Binary(operator, one, other);
        Ok((Op { code: Box::new(code), at, own }, Shape::of(form).nullable(nullable)))
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
