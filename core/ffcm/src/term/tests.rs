use super::*;
use proptest::{collection::vec, prelude::*};
use std::{format, string::ToString};

fn wrong(text: &str) -> BookError {
    Terms::read(text).expect_err("no book")
}

/// A book's text, as it is printed.
fn printed(book: &Terms) -> String {
    book.to_string()
}

#[test]
fn terms_are_printed_as_they_are_read() {
    let cases = [
        ("λx.x", "λx. x"),
        ("λ&x (x x)", "λx. (x x)"),
        ("(λx.x 1 2)", "(λx. x 1 2)"),
        ("((λx.x 1) 2)", "((λx. x 1) 2)"),
        ("(((7)))", "7"),
        ("((*) 1)", "((*) 1)"),
        ("(* 3 4)", "(* 3 4)"),
        ("(<< 1,2)", "(<< 1 2)"),
        ("(&0{1 2} 3)", "(&0{1 2} 3)"),
        ("(& 6 3)", "(& 6 3)"),
        ("&7{1,2}", "&7{1 2}"),
        ("&{1 2}", "&{1 2}"),
        ("! &3{a b} = 5; (+ a b)", "! &3{a b} = 5; (+ a b)"),
        ("!&{a,b}=5 (+ a b)", "! &{a b} = 5; (+ a b)"),
        ("! x = 5; x", "! x = 5; x"),
        ("! &x = 5 (+ x x)", "! x = 5; (+ x x)"),
        ("#Nil", "#Nil"),
        ("#Cons{1 #Nil}", "#Cons{1 #Nil}"),
        ("~ #A { #A: 1 #B{x y}: x }", "~ #A { #A: 1 #B{x y}: x }"),
        ("~ #A { #A: 1; other: 2; }", "~ #A { #A: 1 other: 2 }"),
        ("~ 3 { 0: 1 1: 2 2+p: p }", "~ 3 { 0: 1 1: 2 2+p: p }"),
        ("~ 3 { 0: 1 _: 2 }", "~ 3 { 0: 1 1+_: 2 }"),
        ("λy. ~ 3 !y !z = 4 { 0: y 1+p: (+ y z) }", "λy. ~ 3 !y = y !z = 4 { 0: y 1+p: (+ y z) }"),
        ("@main(1 2)", "(@main 1 2)"),
        ("@main()", "@main"),
        ("'a'", "'a'"),
        ("'\\n'", "'\\n'"),
        ("'\\''", "'\\''"),
        ("'\"'", "'\"'"),
        ("'\\u{1F600}'", "'😀'"),
        ("0xFF", "255"),
        ("0b101 // five", "5"),
        ("λx. λx. x", "λx. λx. x"),
    ];
    for (text, expected) in cases {
        let book = Terms::read(&format!("@main = {text}")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(book.defs[0].term.shown(&book).to_string(), expected, "{text}");
        let again = Terms::read(&printed(&book)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(again, book, "{text}");
    }
    let book = Terms::read("@id(x) = x\n@main = @id(@id)").expect("a book");
    assert_eq!(printed(&book), "@id = λx. x\n@main = (@id @id)\n");
}

#[test]
fn errors_show_the_place() {
    let cases = [
        ("@main = λx. y", "1:13: nothing binds `y` here"),
        (
            "@main = λfirst. frst",
            "1:17: nothing binds `frst` here: did you mean `first`?\n  @main = λfirst. frst\n                  ^",
        ),
        ("@main = (λx. x", "1:9: nothing closes this `(`"),
        ("@main = &0{1 2", "1:9: nothing closes this `{`"),
        ("@main = #A{1", "1:9: nothing closes this `{`"),
        ("@main = @mian", "1:9: nothing is named `@mian`: did you mean `@main`?"),
        ("@a = 1", "1:7: nothing is named `@main`"),
        ("@main = 1\n@main = 2", "2:2: `@main` is defined a second time"),
        ("@main = 4294967296", "1:9: `4294967296` does not fit 32 bits: 0 to 4294967295"),
        ("@main = 12ab", "1:9: `12ab` is no number"),
        ("@main = &131072{1 2}", "1:10: `131072` is no label: 0 to 131071"),
        ("@main = &a{1 2}", "1:10: `a` is no label"),
        ("@main = &0 1", "1:12: expected `{`, as in `&0{a b}`, found `1`"),
        ("@main = (#A{1} #A)", "1:16: `#A` has 0 fields here and 1 elsewhere"),
        ("@main = ~ 1 { 0: 1 0: 2 }", "1:20: a second arm for `0`"),
        ("@main = ~ 1 { 0: 1 2: 2 }", "1:20: expected the arms of a match on numbers in order"),
        ("@main = ~ #A { #A: 1 #A: 2 }", "1:22: a second arm for `#A`"),
        (
            "@main = ~ #A { x: 1 #A: 2 }",
            "1:21: expected `}`: no arm comes after that for all others, found `#`",
        ),
        ("@main = ~ 1 { }", "1:15: expected an arm"),
        ("@main = ~ 1 { 0: 1", "1:9: nothing closes this `~`"),
        ("@main = ~ 1 0", "1:13: expected `{` and the arms of the match"),
        ("@main = ! &0{a} = 1; a", "1:15: expected a variable's name, found `}`"),
        ("@main = ! x 1; x", "1:13: expected `=`, found `1`"),
        ("@main = ! x = x; x", "1:15: nothing binds `x` here"),
        ("@main = λ_. _", "1:13: nothing binds `_` here"),
        ("@main = 'ab'", "1:11: expected a character"),
        ("@main = ''", "1:10: expected a character"),
        ("@main = '\\u{110000}'", "expected a character"),
        ("@main = '", "1:10: expected a character"),
        ("@main =", "1:8: expected a term"),
        ("@main", "1:6: expected `=`, found the end of the book"),
        ("main = 1", "1:1: expected `@` and a definition's name, found `m`"),
        ("@main = 1 2", "1:11: expected `@` and a definition's name, found `2`"),
        ("@f(x y", "1:2: nothing closes this `(`"),
        ("@main = )", "1:9: expected a term"),
        ("@main = (+ 1)", "1:13: expected a term"),
        ("@main = (+ 1 2 3)", "1:16: expected `)`, found `3`"),
    ];
    for (text, expected) in cases {
        let shown = wrong(text).to_string();
        assert!(shown.contains(expected), "{text}\n{shown}\n{expected}");
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.len() == 3 && lines[2].trim_start() == "^", "{shown}");
    }
}

#[test]
fn what_nets_have_not_is_shown_at_its_place() {
    let deep = format!("@main = λx. {} 0 {}", "~ x { 0: @main 1+p: ".repeat(9_000), "}".repeat(9_000));
    let cases = [
        ("@id(x) = x\n@main = (@id\n  #Nil)", "3:3: `@main` has a constructor"),
        ("@main = λx. 'a'", "1:13: `@main` has a character"),
        ("@main = (+ 16777215 16777216)", "1:21: `@main` has a number of more than 24 bits"),
        ("@main = (+ 1 (<= 1 2))", "1:15: `@main` has an operation that its numbers have not"),
        ("@main = ~ 1 { 0: 1 1: 2 _: 3 }", "1:9: `@main` has a match with other arms"),
        ("@main = ~ 1 { 0: 1 }", "1:9: `@main` has a match with other arms"),
        ("@main = 1\n@a = λx. ~ x { #A: 1 }\n@b = #B", "2:10: `@a` has a match with other arms"),
        ("@main = ~ #A { #A: 'x' }", "1:11: `@main` has a constructor"),
        (&deep, "1:2: `@main` has matches nested so deeply"),
    ];
    for (text, expected) in cases {
        let book = Terms::read(text).unwrap_or_else(|error| panic!("{error}"));
        let shown = book.to_book().expect_err("no net").to_string();
        assert!(shown.starts_with(expected), "{shown}\n{expected}");
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.len() == 3 && lines[2].trim_start() == "^", "{shown}");
    }
    let shown =
        Terms::read("@main =\n  λx. #Leaf").expect("a book").to_book().expect_err("no net").to_string();
    assert_eq!(
        shown,
        "2:7: `@main` has a constructor, which the strict machine has not: reduce it lazily\n    λx. #Leaf\n        ^"
    );
}

#[test]
fn bounds_are_said() {
    assert_eq!(wrong(&" ".repeat(crate::book::SOURCE_BYTES_MAX + 1)).problem, crate::book::Problem::TooLong);
    let fields = format!("@main = #A{{{}}}", "1 ".repeat(256));
    assert!(wrong(&fields).to_string().contains("more than 255 fields of one constructor"));
    let arms: String = (0..300).map(|arm| format!("{arm}: 1 ")).collect();
    assert!(wrong(&format!("@main = ~ 1 {{ {arms} }}")).to_string().contains("more than 255 arms"));
    let copies = format!("@main = λx. #P{{{}}}", "(x x) ".repeat(200))
        .replace("(x x)", &format!("({})", "x ".repeat(700)));
    assert!(wrong(&copies).to_string().contains("more than 131072 duplications without labels"));
}

#[test]
fn nesting_overflows_nothing() {
    for (open, middle, close) in
        [("λx. ", "1", ""), ("(1 ", "1", ")"), ("&0{1 ", "1", "}"), ("! x = 1; ", "x", ""), ("#S{", "1", "}")]
    {
        let text = format!("@main = {}{middle}{}", open.repeat(200_000), close.repeat(200_000));
        let book = Terms::read(&text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(printed(&book).trim_end(), text);
    }
    let arms = format!("@main = {}1{}", "~ 1 { 0: ".repeat(100_000), " }".repeat(100_000));
    assert_eq!(printed(&Terms::read(&arms).expect("a book")).trim_end(), arms);
    assert!(Terms::read(&format!("@main = {}", "(".repeat(1 << 20))).is_err());
    assert!(Terms::read(&format!("@main = {}", "~ ".repeat(1 << 20))).is_err());
}

/// A random term: text that is printed as it is written.
fn random_term(
    choices: &mut impl FnMut(usize) -> usize,
    depth: u32,
    scope: &mut Vec<String>,
    out: &mut String,
) {
    let kind = choices(if depth == 0 { 5 } else { 15 });
    let mut below = |scope: &mut Vec<String>, out: &mut String| random_term(choices, depth - 1, scope, out);
    match kind {
        0 if !scope.is_empty() => {
            let at = choices(scope.len());
            out.push_str(&scope[at].clone());
        }
        0 | 1 => out.push_str(["0", "1", "77", "4294967295"][choices(4)]),
        2 => out.push_str(["@main", "@other"][choices(2)]),
        3 => out.push_str(["#Nil", "'x'", "'\\n'"][choices(3)]),
        4 => out.push('*'),
        5..=7 => {
            let name = short_name(scope.len() as u32).to_string();
            out.push_str(&format!("λ{name}. "));
            scope.push(name);
            below(scope, out);
            scope.pop();
        }
        8 | 9 => {
            let arguments = 1 + choices(3);
            out.push('(');
            let mut function = String::new();
            random_term(choices, depth - 1, scope, &mut function);
            out.push_str(&if function == "*" { "(*)".into() } else { function });
            for _ in 0..arguments {
                out.push(' ');
                random_term(choices, depth - 1, scope, out);
            }
            out.push(')');
        }
        10 => {
            out.push_str(["&0{", "&{", "&131071{"][choices(3)]);
            random_term(choices, depth - 1, scope, out);
            out.push(' ');
            random_term(choices, depth - 1, scope, out);
            out.push('}');
        }
        11 => {
            out.push_str("! &4{p q} = ");
            below(scope, out);
            out.push_str("; ");
            scope.extend(["p".into(), "q".into()]);
            random_term(choices, depth - 1, scope, out);
            scope.truncate(scope.len() - 2);
        }
        12 => {
            let sign = Operation::ALL[choices(Operation::ALL.len())].0;
            out.push_str(&format!("({sign} "));
            random_term(choices, depth - 1, scope, out);
            out.push(' ');
            random_term(choices, depth - 1, scope, out);
            out.push(')');
        }
        13 => {
            out.push_str("~ ");
            below(scope, out);
            out.push_str(" { #Nil: ");
            random_term(choices, depth - 1, scope, out);
            out.push_str(" #Cons{h t}: ");
            scope.extend(["h".into(), "t".into()]);
            random_term(choices, depth - 1, scope, out);
            scope.truncate(scope.len() - 2);
            out.push_str(" }");
        }
        _ => {
            out.push_str("~ ");
            below(scope, out);
            out.push_str(" !m = ");
            random_term(choices, depth - 1, scope, out);
            out.push_str(" { 0: ");
            scope.push("m".into());
            random_term(choices, depth - 1, scope, out);
            out.push_str(" 1+n: ");
            scope.insert(scope.len() - 1, "n".into());
            random_term(choices, depth - 1, scope, out);
            scope.truncate(scope.len() - 2);
            out.push_str(" }");
        }
    }
}

proptest! {
    #[test]
    fn random_terms_are_printed_as_they_are_read(bytes in vec(any::<u8>(), 0..200)) {
        let mut at = 0;
        let mut choices = |most: usize| {
            let byte = bytes.get(at).copied().unwrap_or(0);
            at += 1;
            usize::from(byte) % most
        };
        let mut text = String::from("@main = ");
        random_term(&mut choices, 5, &mut Vec::new(), &mut text);
        text.push_str("\n@other = 1\n");
        let book = Terms::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        prop_assert_eq!(printed(&book), text);
    }
}
