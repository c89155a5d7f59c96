//! Keywords that are not read: which ones say nothing about validity, and which ones must not be passed over.

use crate::SchemaProblem;
use alloc::string::{String, ToString};

/// Keywords that decide what is valid and are read.
const READ: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maximum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minimum",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "type",
    "uniqueItems",
];

/// Keywords that decide what is valid and are not read, each with its mend.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("$dynamicRef", "use `$ref`"),
    ("$recursiveRef", "use `$ref`"),
    ("contains", "give `items`, which every item has to fit"),
    ("dependencies", "list the fields under `required`, or split the record into alternatives with `oneOf`"),
    (
        "dependentRequired",
        "list the fields under `required`, or split the record into alternatives with `oneOf`",
    ),
    ("dependentSchemas", "split the record into alternatives with `oneOf`"),
    ("else", "split the record into alternatives with `oneOf`"),
    ("if", "split the record into alternatives with `oneOf`"),
    ("maxContains", "use `maxItems`"),
    ("minContains", "use `minItems`"),
    ("not", "state what is allowed, with `enum`, bounds or a pattern"),
    ("nullable", "write `\"anyOf\": [{…}, {\"type\": \"null\"}]`"),
    ("then", "split the record into alternatives with `oneOf`"),
    ("unevaluatedItems", "use `items`"),
    ("unevaluatedProperties", "use `additionalProperties` and put all fields under `properties`"),
];

/// What is wrong with a keyword that nothing reads; `None` for an annotation.
pub(crate) fn look(keyword: &str) -> Option<SchemaProblem> {
    if let Some((_, mend)) = UNSUPPORTED.iter().find(|(name, _)| *name == keyword) {
        return Some(SchemaProblem::Unsupported { keyword: keyword.to_string(), mend });
    }
    let bare = bare(keyword);
    let meant = READ.iter().find(|name| self::bare(name) == bare || close(&bare, &self::bare(name)))?;
    Some(SchemaProblem::Misspelt { keyword: keyword.to_string(), meant })
}

/// Small letters only: `min_length` is `minLength`.
fn bare(keyword: &str) -> String {
    keyword.chars().filter(|c| !matches!(c, '_' | '-')).take(40).flat_map(char::to_lowercase).collect()
}

/// Whether one letter too many, one too few, one wrong or two exchanged make the difference, in a word that is
/// long enough to be told from another.
fn close(word: &str, known: &str) -> bool {
    if word.len() < 6 || known.len() < 6 || word.len().abs_diff(known.len()) > 1 {
        return false;
    }
    let (word, known) = (word.as_bytes(), known.as_bytes());
    let same = word.iter().zip(known).take_while(|(a, b)| a == b).count();
    let (a, b) = (&word[same..], &known[same..]);
    let tail = |from_a: usize, from_b: usize| a.get(from_a..).is_some_and(|a| b.get(from_b..) == Some(a));
    let exchanged = a.len() > 1 && b.len() > 1 && a[0] == b[1] && a[1] == b[0] && tail(2, 2);
    tail(1, 1) || tail(1, 0) || tail(0, 1) || exchanged
}
