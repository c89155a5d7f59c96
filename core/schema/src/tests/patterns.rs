//! Patterns against `regex`, which Pydantic matches with.

use crate::Pattern;
use alloc::{format, string::String, vec, vec::Vec};
use proptest::prelude::*;

/// Whether both read the pattern and find the same, in each of the texts.
fn same(pattern: &str, texts: &[&str]) {
    // Unlike there, `\d` is ASCII here.
    let theirs = regex::Regex::new(&pattern.replace("\\d", "[0-9]").replace("\\D", "[^0-9]"));
    match (Pattern::new(pattern), theirs) {
        (Ok(ours), Ok(theirs)) => {
            for text in texts {
                assert_eq!(ours.fits(text), theirs.is_match(text), "{pattern:?} in {text:?}");
            }
        }
        (Ok(_), Err(error)) => panic!("{pattern:?} is read here alone: {error}"),
        (Err(detail), _) => {
            assert!(detail.contains("character") || detail.contains("comparisons"), "{pattern:?}: {detail}")
        }
    }
}

const TEXTS: [&str; 24] = [
    "", "a", "b", "ab", "aab", "abc", "A", "é", "éa", "a b", "a\nb", "\n", "_", "0", "12", "a1", "-", "[",
    "]", "a-b", "aaaaaa", "\\", "x{2}", "ß_9",
];

#[test]
fn patterns_that_people_write() {
    let read = [
        "",
        "a",
        "^a",
        "a$",
        "^a$",
        "^$",
        "a|b",
        "^(a|b)c?$",
        "(?:ab)+",
        "(?P<n>a)(?<m>b)",
        "^.$",
        "^.*$",
        "^[a-c]{2,3}$",
        "[^a]",
        "[]a]",
        "[a-]",
        "[-a]",
        "^[\\w.-]+@[\\w-]+\\.[a-z]{2,}$",
        "\\d+",
        "^\\D+$",
        "\\s",
        "^\\S*$",
        "\\bb",
        "a\\B",
        "\\Aa\\z",
        "^a{3}$",
        "^a{2,}$",
        "a{0}",
        "a??b+?",
        "(a*)*b",
        "(|a)+$",
        "^(a?){6}$",
        "^\\x61\\u{e9}?$",
        "\\u0061",
        "[\\x61-\\x63]",
        "\\.|\\-|\\\\|\\[",
        "^[^\\W\\d_]+$",
        "[\\d\\s]",
        "^(?:a|ab)(?:c|bcd)?$",
        "x\\{2\\}",
        "()",
        "(^a|b$)",
        "a**",
        "[\\]\\\\]",
        "$^",
        "\\n",
    ];
    for pattern in read {
        assert!(Pattern::new(pattern).is_ok(), "{pattern:?}: {:?}", Pattern::new(pattern));
        same(pattern, &TEXTS);
    }
}

#[test]
fn what_is_refused_says_where_and_how_to_mend() {
    let cases = [
        ("(a", "at character 2, unclosed group: a `)` is missing"),
        ("a)", "at character 1, a `)` that closes nothing; write `\\)` for the character"),
        ("*a", "at character 1, nothing is there to repeat"),
        ("a{2", "at character 3, a count is `{3}`, `{3,}` or `{3,5}`; write `\\{` for the character"),
        ("a{3,2}", "at character 6, a count's upper end is below its lower end"),
        ("a{1001}", "at character 6, a count is at most 1000"),
        ("[a", "at character 3, unclosed class: a `]` is missing"),
        ("[z-a]", "at character 4, a range goes from a smaller character to a greater one"),
        ("[[:alpha:]]", "at character 2, a `[` within a class; write `\\[` for the character"),
        ("[a&&b]", "at character 3, `&&` within a class; write `\\&` for the character"),
        ("a]", "at character 2, a lone `]`; write `\\]` for the character"),
        ("(?=a)", "at character 3, look-around is not supported"),
        ("(?<!a)", "at character 3, look-around is not supported"),
        ("(?i)a", "at character 3, flags are not supported; write `[aA]` for either case"),
        ("(a)\\1", "at character 5, back-references are not supported"),
        ("\\p{L}", "at character 2, Unicode classes are not supported; list the characters"),
        ("\\q", "at character 2, `\\q` is not known"),
        ("\\u12", "at character 4, the number of a character is incomplete"),
        ("a\\", "at character 3, `\\` stands at the end; write `\\\\` for the character"),
        ("(a{1000}){1000}", "it takes more than 4000 comparisons a character; use smaller counts"),
        ("((){1000}){1000}(a{0}){1000}", ""),
    ];
    for (pattern, expected) in cases {
        assert_eq!(
            Pattern::new(pattern).map(|_| String::new()).unwrap_or_else(|detail| detail),
            expected,
            "{pattern:?}"
        );
    }
    let deep = format!("{}a{}", "(".repeat(100), ")".repeat(100));
    assert_eq!(Pattern::new(&deep).unwrap_err(), "at character 33, groups are nested too deeply");
}

/// Expressions of all that is read.
fn any_pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[abé_0 -]".prop_map(|c| c.replace('-', "\\-")),
        prop_oneof![
            Just("."),
            Just("^"),
            Just("$"),
            Just("\\b"),
            Just("\\B"),
            Just("\\w"),
            Just("\\W"),
            Just("\\d"),
            Just("\\D"),
            Just("\\s"),
            Just("[^ab]"),
            Just("[a-z0-9]"),
            Just("[é_-]"),
            Just("[^\\s\\d]"),
            Just(""),
        ]
        .prop_map(String::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join("|"))),
            (
                inner,
                prop_oneof![
                    Just("*"),
                    Just("+"),
                    Just("?"),
                    Just("{2}"),
                    Just("{1,}"),
                    Just("{0,2}"),
                    Just("*?")
                ]
            )
                .prop_map(|(part, times)| format!("(?:{part}){times}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn what_is_read_means_the_same(pattern in any_pattern(), texts in prop::collection::vec("[abé_0 \n-]{0,8}", 8)) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        prop_assert!(Pattern::new(&pattern).is_ok(), "{}", pattern);
        same(&pattern, &texts);
    }

    #[test]
    fn any_text_is_a_pattern_or_not(pattern in "[ab\\\\()\\[\\]{}|?*+^$.,:<>=!P0-9dwsbnuxz&~-]{0,12}") {
        same(&pattern, &TEXTS);
    }
}
