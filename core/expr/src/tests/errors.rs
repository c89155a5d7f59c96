//! What is refused: with its place, and a mend.

use super::schema;
use crate::{EvalProblem, Scope, compile};
use alloc::{
    format,
    string::{String, ToString},
};

/// Position, problem and hint.
fn refused(source: &str, scope: Scope) -> (u32, String) {
    match compile(source, schema(), scope) {
        Ok(_) => panic!("{source} compiles"),
        Err(error) => {
            let hint = error.hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default();
            (error.position, format!("{}{hint}", error.problem))
        }
    }
}

#[test]
fn each_mistake_is_named_where_it_stands() {
    let cases = [
        ("body_mass > 1", 0, "no field `body_mass`: did you mean `body_mass_g`?"),
        ("1 + Body_Mass_G", 4, "no field `Body_Mass_G`: did you mean `body_mass_g`?"),
        ("body_mass_kg", 0, "no field `body_mass_kg`: did you mean `body_mass_g`?"),
        ("home.town", 5, "no field `home.town`: the fields are city"),
        ("species = 'Adelie'", 8, "`=` means nothing here: did you mean `==`?"),
        ("active and true", 7, "expected an operator or the end, found `and`: did you mean `&&`?"),
        ("not active", 4, "expected an operator or the end, found `active`"),
        ("species == 'adelie'", 11, "`species` is never 'adelie': did you mean 'Adelie'?"),
        (
            "species in ['Adelie', 'Emperor']",
            22,
            "`species` is never 'Emperor': it is one of 'Adelie', 'Chinstrap', 'Gentoo'",
        ),
        ("day > '2026-01-01'", 4, "`>` does not combine date with text: write `date('2026-01-01')`"),
        ("day > date('2026-02-30')", 11, "'2026-02-30' is no date such as 2026-11-20"),
        ("body_mass_g == '3750'", 12, "`==` does not combine number with text: write `3750`"),
        ("today() - 30", 8, "`-` does not combine date with number: days are `days(30)`"),
        ("body_mass_g / 0", 14, "this always divides by zero"),
        ("active && body_mass_g", 10, "`&&` wants bool, not number: compare it: `x > 0`"),
        ("steps < null", 6, "`<` does not combine number with null: test with `x == null`"),
        ("size(body_mass_g)", 0, "`size` takes (text) or (list), not (number)"),
        ("mean(steps)", 0, "no function `mean`: did you mean `avg(x)`?"),
        ("name.startswith('a')", 5, "no function `startswith`: did you mean `startsWith`?"),
        (
            "name.contains(1)",
            5,
            "`contains` takes (text, text), the first before its dot, not (text, number)",
        ),
        (
            "name.matches(species)",
            5,
            "`matches` takes a pattern that is written out: such as `name.matches('^A[0-9]+$')`",
        ),
        (
            "visits.date",
            7,
            "a field's name wants object, not list of object: look at its items: `list.exists(x, x > 0)`, or at one: `list[0]`",
        ),
        ("tags.map(1, 2)", 5, "`map` takes (x, a value of x): such as `list.map(x, x > 0)`"),
        ("{'a': 1}", 0, "maps are not provided"),
        ("b'a'", 0, "bytes are not provided: write text without the `b`"),
        ("1u", 1, "unsigned numbers are not provided: leave out the `u`"),
        ("Point{x: 1}", 5, "messages are not provided"),
        ("if", 0, "`if` is reserved: write a choice as `condition ? yes : no`"),
        ("'a", 0, "this text does not end: close it with '"),
        ("'\\q'", 1, "this backslash escapes nothing: write a backslash as `\\\\`, or raw text: r'\\d+'"),
        (
            "12345678901234567890123456789",
            0,
            "this number has too many digits: numbers have at most 28 digits",
        ),
        ("2 steps", 2, "expected an operator or the end, found `steps`"),
        ("2steps", 0, "this is no number: write `*` between a number and a name"),
        (
            "größe > 1",
            2,
            "`ö` means nothing here: put a name that is not plain ASCII into backticks: `größe`",
        ),
        ("'☃' == body_mass_g", 4, "`==` does not combine text with number: convert the text: `number(x)`"),
        ("", 0, "expected a value, found the end"),
        ("1 +", 3, "expected a value, found the end"),
        ("None == name", 0, "no field `None`: did you mean `null`?"),
        (
            "avg(steps)",
            0,
            "`avg` reads many records, and this expression reads one: let the query reduce, or compute one value per person",
        ),
        (
            "min(steps, 3)",
            0,
            "`min` reads many records, and this expression reads one: of two values take `math.least(a, b)`",
        ),
        (
            "visits.all(v, visits.all(w, v.cost <= w.cost))",
            7,
            "one record could take 100675586 steps, of at most 200000: look at one list at a time",
        ),
    ];
    for (source, position, problem) in cases {
        assert_eq!(refused(source, Scope::Record), (position, problem.into()), "{source}");
    }
}

#[test]
fn a_pattern_is_refused_in_its_readers_words() {
    let (position, problem) = refused("name.matches('(')", Scope::Record);
    assert_eq!(position, 13);
    assert!(problem.starts_with("this pattern cannot be read: "), "{problem}");
}

#[test]
fn each_mistake_about_many_records_is_named() {
    let cases = [
        (
            "steps",
            0,
            "`steps` differs from record to record, and this expression reads all of them: aggregate it: `avg(steps)`",
        ),
        ("1 + sum(avg(steps))", 8, "`avg` stands within another aggregate"),
        (
            "last(30, 'days', day)",
            0,
            "a window stands outside an aggregate: narrow an aggregate with it: `avg(steps, last(30, 'days', day))`",
        ),
        (
            "sum(active)",
            0,
            "`sum` takes a number, and a filter, not (bool): the number of records where it holds is `count(x)`",
        ),
        (
            "count(steps)",
            0,
            "`count` takes a filter, or nothing, not (number): the number of records that have it is `count(has(x))`",
        ),
        (
            "avg(steps, steps)",
            0,
            "`avg` takes a number, and a filter, not (number, number): a filter is a condition: `x > 0`",
        ),
        (
            "avg(steps, active, active)",
            0,
            "`avg` takes a number, and a filter, not (number, bool, bool): join filters with `&&`",
        ),
        (
            "avg(steps, last(30, 'dogs', day))",
            20,
            "'dogs' is no unit: units are 'days', 'weeks', 'months' and 'years'",
        ),
        (
            "avg(steps, last(0, 'days', day))",
            11,
            "`last` takes (a whole number, 'days', a day): such as `last(30, 'days', day)`",
        ),
        ("avg(stps)", 4, "no field `stps`: did you mean `steps`?"),
        ("sum()", 0, "`sum` takes a number, and a filter"),
    ];
    for (source, position, problem) in cases {
        assert_eq!(refused(source, Scope::Person), (position, problem.into()), "{source}");
    }
}

#[test]
fn the_caret_stands_below_the_character() {
    let error = compile("active &&\n  größer", schema(), Scope::Record).unwrap_err();
    assert_eq!(error.position, 14);
    let long = format!("{}stepz", "1 + ".repeat(60));
    let error = compile(&long, schema(), Scope::Record).unwrap_err().to_string();
    let mut lines = error.lines().skip(1);
    let (shown, caret) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let at = caret.chars().position(|c| c == '^').expect("a caret");
    assert_eq!(shown.chars().skip(at).collect::<String>(), "stepz");
    assert!(shown.starts_with("  …"));
}

#[test]
fn what_goes_wrong_with_one_record_is_told() {
    let cases = [
        ("1 / body_mass_g", r#"{"body_mass_g": 0}"#, "division by zero (character 2)"),
        ("1 % body_mass_g", r#"{"body_mass_g": 0}"#, "division by zero (character 2)"),
        (
            "body_mass_g * 10",
            r#"{"body_mass_g": 79228162514264337593543950335}"#,
            "too great to hold (character 12)",
        ),
        ("visits[2].cost", r#"{"visits": []}"#, "no item 2 in a list of 0 (character 6)"),
        ("visits[-1].cost", r#"{"visits": []}"#, "no item -1 in a list of 0 (character 6)"),
        ("visits[0.5].cost", r#"{"visits": [{"cost": 1}]}"#, "no item 0.5 in a list of 1 (character 6)"),
        ("number(name)", r#"{"name": "ten"}"#, "'ten' is no number (character 0)"),
        ("day > today()", r#"{"day": "soon"}"#, "'soon' is no date (character 0)"),
        ("body_mass_g + 1", r#"{"body_mass_g": "much"}"#, "null"),
        ("active", r#"{"active": "yes"}"#, "expected bool, found text (character 0)"),
        ("extra + 1 > 2", r#"{"extra": "a"}"#, "expected text, found number (character 6)"),
        ("day + days(0.5)", r#"{"day": "2026-11-20"}"#, "a date moves by whole days (character 4)"),
        ("day + days(3000000)", r#"{"day": "2026-11-20"}"#, "too great to hold (character 4)"),
        ("1 / body_mass_g > 0 || active", r#"{"body_mass_g": 0, "active": true}"#, "true"),
        ("active && 1 / body_mass_g > 0", r#"{"body_mass_g": 0, "active": false}"#, "false"),
    ];
    for (source, record, expected) in cases {
        let expr = super::compiled(source);
        let got = expr.evaluate_at(&super::record(record), super::now());
        assert_eq!(got.map_or_else(|error| error.to_string(), |value| value.to_json()), expected, "{source}");
    }
    let expr = super::compiled("day <= today()");
    assert!(expr.needs_now());
    let wrong = expr.evaluate(&super::record(super::RECORD)).unwrap_err();
    assert_eq!(wrong.problem, EvalProblem::NoClock);
    let many = compile("sum(1 / steps)", schema(), Scope::Person).expect("an expression");
    let records = [r#"{"steps": 1}"#, r#"{"steps": null}"#, r#"{"steps": 0}"#].map(super::record);
    let wrong = many.evaluate_all(&records, super::now()).unwrap_err();
    assert_eq!(wrong.to_string(), "record 2: division by zero (character 6)");
    let long = super::record(&format!(r#"{{"name": "{}", "tags": []}}"#, "a".repeat(8192)));
    let wrong = super::compiled("name.matches('^(a|b|ab|ba|aa){40}$')").evaluate(&long).unwrap_err();
    assert_eq!(wrong.to_string(), "more than 200000 steps for one record (character 5)");
}
