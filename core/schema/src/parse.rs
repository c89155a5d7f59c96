//! Reads a schema's text into [`Rules`].
//!
//! Each place of the text that is a schema becomes one node, however many references lead to it. Places still to
//! be read wait in a queue, so depth costs no stack; circles are found afterwards, in [`crate::graph`].

use crate::{
    Format, SchemaError, SchemaProblem, Value, graph,
    json::{self, Node, Tree},
    keywords,
    number::number,
    pattern::Pattern,
    rules::{Bound, Id, OneOf, Rule, Rules, Types},
};
use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use rust_decimal::Decimal;

/// Most bytes of a schema's text.
pub const SCHEMA_BYTES_MAX: usize = 16 * 1024;
/// Most levels of lists and objects in a schema's text.
pub const SCHEMA_DEPTH_MAX: usize = 64;
/// Most nodes of a schema.
pub const NODES_MAX: usize = 4096;

/// A schema's text, read whole.
pub(crate) fn parse(text: &str, bytes_max: usize) -> Result<Rules, SchemaError> {
    let root = json::parse(text, bytes_max, SCHEMA_DEPTH_MAX).map_err(|error| SchemaError {
        path: String::new(),
        line: error.line,
        column: error.column,
        problem: SchemaProblem::Json(error.problem),
    })?;
    let mut parser = Parser {
        root: &root,
        nodes: Vec::new(),
        places: Vec::new(),
        ids: BTreeMap::new(),
        queue: Vec::new(),
    };
    let rules = parser.run();
    rules.map_err(|Wrong { path, at, problem }| {
        let (line, column) = json::place(text, at);
        SchemaError { path, line, column, problem }
    })
}

/// An error before its line and column are known.
#[derive(Debug)]
struct Wrong {
    path: String,
    at: usize,
    problem: SchemaProblem,
}

struct Parser<'t> {
    root: &'t Tree<'t>,
    nodes: Vec<Rule>,
    /// Pointer and place of each node.
    places: Vec<(String, usize)>,
    ids: BTreeMap<String, Id>,
    queue: Vec<(Id, &'t Tree<'t>)>,
}

/// A part of the text and the pointer to it.
#[derive(Clone, Copy)]
struct Part<'t, 'p> {
    tree: &'t Tree<'t>,
    path: &'p str,
}

impl Part<'_, '_> {
    fn wrong(self, problem: SchemaProblem) -> Wrong {
        Wrong { path: self.path.to_owned(), at: self.tree.at, problem }
    }

    fn expected(self, expected: &'static str) -> Wrong {
        self.wrong(SchemaProblem::Kind { expected })
    }

    fn text(self) -> Result<String, Wrong> {
        match &self.tree.node {
            Node::Text(text) => Ok(text.clone()),
            _ => Err(self.expected("text")),
        }
    }

    fn flag(self) -> Result<bool, Wrong> {
        match &self.tree.node {
            Node::Bool(flag) => Ok(*flag),
            _ => Err(self.expected("true or false")),
        }
    }

    fn number(self) -> Result<Decimal, Wrong> {
        match &self.tree.node {
            Node::Number(text) => number(text).ok_or_else(|| self.expected("a number of at most 28 digits")),
            _ => Err(self.expected("a number")),
        }
    }

    fn count(self) -> Result<u64, Wrong> {
        let number = self.number()?;
        u64::try_from(number.normalize())
            .ok()
            .filter(|_| number.is_integer())
            .ok_or_else(|| self.expected("a whole number from 0 on"))
    }

    fn value(self) -> Result<Value, Wrong> {
        Value::of(self.tree).map_err(|(at, problem)| Wrong {
            path: self.path.to_owned(),
            at,
            problem: SchemaProblem::Json(problem),
        })
    }
}

fn step(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl<'t> Parser<'t> {
    fn run(&mut self) -> Result<Rules, Wrong> {
        let root = self.root;
        self.id(String::new(), root)?;
        while let Some((id, tree)) = self.queue.pop() {
            let path = self.places[id].0.clone();
            let name = self.nodes[id].name.take();
            let mut rule = self.rule(Part { tree, path: &path })?;
            rule.name = name;
            self.nodes[id] = rule;
        }
        let mut rules = Rules { nodes: core::mem::take(&mut self.nodes) };
        if let Err((id, problem)) = graph::finish(&mut rules) {
            let (path, at) = self.places.get(id).cloned().unwrap_or_default();
            return Err(Wrong { path, at, problem });
        }
        Ok(rules)
    }

    /// The node of a place, which is read later where it is new.
    fn id(&mut self, path: String, tree: &'t Tree<'t>) -> Result<Id, Wrong> {
        if let Some(id) = self.ids.get(&path) {
            return Ok(*id);
        }
        let id = self.nodes.len();
        if id >= NODES_MAX {
            return Err(Wrong { path, at: tree.at, problem: SchemaProblem::TooMany { max: NODES_MAX } });
        }
        self.nodes.push(Rule::default());
        self.places.push((path.clone(), tree.at));
        self.ids.insert(path, id);
        self.queue.push((id, tree));
        Ok(id)
    }

    /// The nodes of a list of schemas.
    fn ids(&mut self, part: Part<'t, '_>) -> Result<Vec<Id>, Wrong> {
        let Node::List(members) = &part.tree.node else { return Err(part.expected("a list of schemas")) };
        members.iter().enumerate().map(|(at, tree)| self.id(format!("{}/{at}", part.path), tree)).collect()
    }

    /// The nodes of an object of schemas, by name.
    fn named(&mut self, part: Part<'t, '_>) -> Result<Vec<(String, Id)>, Wrong> {
        let Node::Object(fields) = &part.tree.node else { return Err(part.expected("an object of schemas")) };
        fields.iter().map(|(name, tree)| Ok((name.clone(), self.id(step(part.path, name), tree)?))).collect()
    }

    /// The node that a reference leads to.
    fn target(&mut self, part: Part<'t, '_>, target: &str) -> Result<Id, Wrong> {
        let lost = || part.wrong(SchemaProblem::Reference { target: target.chars().take(200).collect() });
        let pointer = target.strip_prefix('#').ok_or_else(lost)?;
        let (mut tree, mut path, mut last) = (self.root, String::new(), String::new());
        if !pointer.is_empty() {
            for piece in pointer.strip_prefix('/').ok_or_else(lost)?.split('/') {
                let piece = unescape(piece).ok_or_else(lost)?;
                tree = match &tree.node {
                    Node::Object(fields) => {
                        fields.iter().find(|(name, _)| *name == piece).map(|(_, tree)| tree)
                    }
                    Node::List(items) => piece.parse::<usize>().ok().and_then(|at| items.get(at)),
                    _ => None,
                }
                .ok_or_else(lost)?;
                path = step(&path, &piece);
                last = piece;
            }
        }
        let definition = path.starts_with("/$defs/") || path.starts_with("/definitions/");
        let id = self.id(path, tree)?;
        if definition {
            self.nodes[id].name = Some(last);
        }
        Ok(id)
    }

    fn rule(&mut self, part: Part<'t, '_>) -> Result<Rule, Wrong> {
        let mut rule = Rule::default();
        let fields = match &part.tree.node {
            Node::Bool(true) => return Ok(rule),
            Node::Bool(false) => {
                rule.types = Types::NONE;
                return Ok(rule);
            }
            Node::Object(fields) => fields,
            _ => return Err(part.expected("a schema: an object, true or false")),
        };
        let mut tag = None;
        for (keyword, tree) in fields {
            let path = step(part.path, keyword);
            let part = Part { tree, path: &path };
            match keyword.as_str() {
                "$ref" => {
                    let target = part.text()?;
                    let id = self.target(part, &target)?;
                    rule.all.push(id);
                }
                "discriminator" => tag = Some(self.discriminator(part)?),
                "oneOf" => rule.one = Some(OneOf { members: self.ids(part)?, tag: None }),
                "anyOf" => rule.any = self.ids(part)?,
                "allOf" => {
                    let ids = self.ids(part)?;
                    rule.all.extend(ids);
                }
                "items" if matches!(part.tree.node, Node::List(_)) => rule.first = self.ids(part)?,
                "prefixItems" => rule.first = self.ids(part)?,
                "items" => rule.items = Some(self.id(path.clone(), tree)?),
                // Of the drafts in which `items` is a list; elsewhere it says nothing.
                "additionalItems" => {
                    let listed = |(name, tree): &(String, Tree<'_>)| {
                        name == "items" && matches!(tree.node, Node::List(_))
                    };
                    if fields.iter().any(listed) {
                        rule.items = Some(self.id(path.clone(), tree)?);
                    }
                }
                "properties" => rule.fields = self.named(part)?,
                "patternProperties" => {
                    for (pattern, id) in self.named(part)? {
                        rule.patterns.push((compile(part, &pattern)?, id));
                    }
                }
                "additionalProperties" => rule.others = Some(self.id(path.clone(), tree)?),
                "propertyNames" => rule.names = Some(self.id(path.clone(), tree)?),
                _ => scalar(&mut rule, keyword, part)?,
            }
        }
        if let (Some(one), Some(tag)) = (&mut rule.one, tag) {
            one.tag = Some(tag);
        }
        contradictions(&rule).map_or(Ok(()), |problem| Err(part.wrong(problem)))?;
        Ok(rule)
    }

    /// OpenAPI's `discriminator`: the field, and which of its values leads to which schema.
    fn discriminator(&mut self, part: Part<'t, '_>) -> Result<(String, Vec<(Value, Id)>), Wrong> {
        let Node::Object(fields) = &part.tree.node else {
            return Err(part.expected("an object with `propertyName` and `mapping`"));
        };
        let (mut field, mut tags) = (None, Vec::new());
        for (keyword, tree) in fields {
            let path = step(part.path, keyword);
            let part = Part { tree, path: &path };
            match (keyword.as_str(), &tree.node) {
                ("propertyName", _) => field = Some(part.text()?),
                ("mapping", Node::Object(mapping)) => {
                    for (value, tree) in mapping {
                        let path = step(&path, value);
                        let part = Part { tree, path: &path };
                        // Pydantic's mapping may hold, for a union within the union, what is no text; the
                        // constants of the members tell as much.
                        if let Node::Text(target) = &tree.node {
                            tags.push((Value::Text(value.clone()), self.target(part, target)?));
                        }
                    }
                }
                _ => {}
            }
        }
        field.map(|field| (field, tags)).ok_or_else(|| part.expected("an object with `propertyName`"))
    }
}

/// A keyword whose value holds no schema.
fn scalar(rule: &mut Rule, keyword: &str, part: Part<'_, '_>) -> Result<(), Wrong> {
    match keyword {
        "type" => rule.types = types(part)?,
        "enum" => {
            let Value::List(values) = part.value()? else { return Err(part.expected("a list of values")) };
            rule.listed = Some(values);
        }
        "const" => rule.listed = Some(vec![part.value()?]),
        "minimum" => raise(&mut rule.min, part.number()?, false),
        "exclusiveMinimum" => raise(&mut rule.min, part.number()?, true),
        "maximum" => lower(&mut rule.max, part.number()?, false),
        "exclusiveMaximum" => lower(&mut rule.max, part.number()?, true),
        "multipleOf" => {
            let of = part.number()?;
            if of <= Decimal::ZERO {
                return Err(part.expected("a number above 0"));
            }
            rule.multiple_of = Some(of);
        }
        "minLength" => rule.chars_min = part.count()?,
        "maxLength" => rule.chars_max = Some(part.count()?),
        "pattern" => rule.pattern = Some(compile(part, &part.text()?)?),
        "format" => {
            let name = part.text()?;
            rule.format = Format::named(&name);
            if let Some((min, max)) = integers(&name) {
                raise(&mut rule.min, Decimal::from(min), false);
                lower(&mut rule.max, Decimal::from(max), false);
            }
        }
        "minItems" => rule.items_min = part.count()?,
        "maxItems" => rule.items_max = Some(part.count()?),
        "uniqueItems" => rule.unique = part.flag()?,
        "required" => {
            let Value::List(names) = part.value()? else {
                return Err(part.expected("a list of field names"));
            };
            for name in names {
                let Value::Text(name) = name else { return Err(part.expected("a list of field names")) };
                rule.required.push(name);
            }
        }
        "minProperties" => rule.fields_min = part.count()?,
        "maxProperties" => rule.fields_max = Some(part.count()?),
        "title" => rule.title = Some(part.text()?),
        "description" => rule.description = Some(part.text()?),
        "default" => rule.default = Some(part.value()?),
        // OpenAPI 3.0, where it is not false.
        "nullable" if !part.flag()? => {}
        _ => keywords::look(keyword).map_or(Ok(()), |problem| Err(part.wrong(problem)))?,
    }
    Ok(())
}

/// The bounds that a format of whole numbers stands for, as OpenAPI and schemars name them.
fn integers(format: &str) -> Option<(i128, i128)> {
    let (signed, bits) = match format.strip_prefix("uint") {
        Some(bits) => (false, bits),
        None => (true, format.strip_prefix("int")?),
    };
    let bits = match bits {
        "8" => 8,
        "16" => 16,
        "32" => 32,
        "64" => 64,
        _ => return None,
    };
    Some(if signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) })
}

fn compile(part: Part<'_, '_>, pattern: &str) -> Result<Pattern, Wrong> {
    Pattern::new(pattern).map_err(|detail| part.wrong(SchemaProblem::Pattern { detail }))
}

fn types(part: Part<'_, '_>) -> Result<Types, Wrong> {
    let named = |name: &str| {
        Types::named(name)
            .ok_or_else(|| part.wrong(SchemaProblem::Type { name: name.chars().take(64).collect() }))
    };
    match &part.tree.node {
        Node::Text(name) => named(name),
        Node::List(names) => names.iter().try_fold(Types::NONE, |types, name| match &name.node {
            Node::Text(name) => Ok(types.or(named(name)?)),
            _ => Err(part.expected("a type's name, or a list of them")),
        }),
        _ => Err(part.expected("a type's name, or a list of them")),
    }
}

/// The tighter of two lower bounds stays.
fn raise(bound: &mut Option<Bound>, value: Decimal, exclusive: bool) {
    let tighter = bound.is_none_or(|old| value > old.value || value == old.value && exclusive);
    if tighter {
        *bound = Some(Bound { value, exclusive });
    }
}

/// The tighter of two upper bounds stays.
fn lower(bound: &mut Option<Bound>, value: Decimal, exclusive: bool) {
    let tighter = bound.is_none_or(|old| value < old.value || value == old.value && exclusive);
    if tighter {
        *bound = Some(Bound { value, exclusive });
    }
}

fn contradictions(rule: &Rule) -> Option<SchemaProblem> {
    let above = |min: u64, max: Option<u64>| max.is_some_and(|max| min > max);
    let impossible = |lower, upper| Some(SchemaProblem::Impossible { lower, upper });
    match (rule.min, rule.max) {
        (Some(min), Some(max)) if min.value > max.value => {
            let name = |exclusive, inclusive: &'static str, other| if exclusive { other } else { inclusive };
            return impossible(
                name(min.exclusive, "minimum", "exclusiveMinimum"),
                name(max.exclusive, "maximum", "exclusiveMaximum"),
            );
        }
        _ => {}
    }
    if above(rule.chars_min, rule.chars_max) {
        return impossible("minLength", "maxLength");
    }
    if above(rule.items_min, rule.items_max) {
        return impossible("minItems", "maxItems");
    }
    if above(rule.fields_min, rule.fields_max) {
        return impossible("minProperties", "maxProperties");
    }
    None
}

/// A step of a JSON pointer in a reference: percent-decoded, then `~1` and `~0` undone.
fn unescape(piece: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(piece.len());
    let mut rest = piece.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%' {
            let (hex, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(core::str::from_utf8(hex).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    Some(text.replace("~1", "/").replace("~0", "~").to_string())
}
