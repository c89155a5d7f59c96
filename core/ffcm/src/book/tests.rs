use super::*;
use std::{format, string::ToString};

fn wrong(text: &str) -> BookError {
    Book::read(text).expect_err("no book")
}

#[test]
fn errors_show_the_place() {
    let cases = [
        ("@main = (a", "1:9: nothing closes this `(`\n  @main = (a\n          ^"),
        (
            "@main = a\n\t& @lop ~ (3 a)\n@loop = (a a)",
            "2:4: nothing is named `@lop`: did you mean `@loop`?\n   & @lop ~ (3 a)\n     ^",
        ),
        ("@a = *", "1:7: nothing is named `@main`: define what is to be run\n  @a = *\n        ^"),
        (
            "@main = (é b)",
            "1:10: expected a tree: a wire's name, a number, `@`, `*`, `(`, `{`, `$(` or `?(`, found `é`",
        ),
        (
            "@main = (a b)",
            "1:10: the wire `a` has one end: name it a second time, or write `*` for what is not used",
        ),
        ("@main = (a (a a))", "1:15: the wire `a` has a third end: copy with a duplicator, as in `{a b}`"),
        (
            "@main = 16777216",
            "1:9: `16777216` does not fit 24 bits: 0 to 16777215, or with a sign -8388608 to +8388607",
        ),
        ("@main = +8388608", "1:9: `+8388608` does not fit 24 bits"),
        ("@main = 12ab", "1:9: `12ab` is no number: write 12, +12, -12, 1.5, 0x1F, 0b11, +inf, -inf or +NaN"),
        ("@main = 1.2.3", "1:9: `1.2.3` is no number"),
        ("@main = [?]", "1:10: expected an operator, such as `+` or `u24`, found `?`"),
        ("@main = [u24 3]", "1:14: expected `]`, found `3`"),
        ("@main = *\n@main = *", "2:2: `@main` is defined a second time: rename one of the two"),
        ("@main = * & * *", "1:15: expected `~`, found `*`"),
        ("main = *", "1:1: expected `@` and a definition's name, found `m`"),
        ("@main = {* *)", "1:13: expected `}`, found `)`"),
        ("@main = ", "1:9: expected a tree"),
        ("@main", "1:6: expected `=`, found the end of the book"),
    ];
    for (text, expected) in cases {
        let shown = wrong(text).to_string();
        assert!(shown.starts_with(expected), "{text}\n{shown}\n{expected}");
    }
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let text = format!("@main = {}(a b){}", "(* ".repeat(200), ")".repeat(200));
    let error = wrong(&text);
    assert_eq!((error.line, error.column), (1, 610));
    let shown = error.to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[1].len() <= 102, "{shown}");
    let caret = lines[2].find('^').expect("a caret");
    assert_eq!(lines[1].as_bytes()[caret], b'a', "{shown}");
}

#[test]
fn nesting_overflows_nothing() {
    let deep = format!("@main = {}*{}", "(* ".repeat(500_000), ")".repeat(500_000));
    let book = Book::read(&deep).expect("a book");
    assert_eq!(book.defs()[0].depth, 500_000);
    assert_eq!(book.to_string().trim(), deep);
    assert!(Book::read(&"(".repeat(1 << 20)).is_err());
    assert!(Book::read(&format!("@main = {}", "{".repeat(1 << 20))).is_err());
}

#[test]
fn numbers_are_read() {
    let cases = [
        ("12", "12"),
        ("+12", "+12"),
        ("-12", "-12"),
        ("-8388608", "-8388608"),
        ("0x1F", "31"),
        ("-0b11", "-3"),
        ("0.5", "0.5"),
        ("1e20", "1.0000018e20"),
        ("-1.5e-6", "-1.5000114e-6"),
        ("-inf", "-inf"),
        ("+NaN", "+NaN"),
        ("[+]", "[+]"),
        ("[ :>> ]", "[:>>]"),
        ("[f24]", "[f24]"),
        ("[*2]", "[*0x0000002]"),
        ("[- +2]", "[-0x0000002]"),
        ("[-0x0000002]", "[-0x0000002]"),
    ];
    for (text, printed) in cases {
        let book = Book::read(&format!("@main = {text}")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(book.to_string().trim(), format!("@main = {printed}"));
    }
}

#[test]
fn whoever_refers_to_a_duplicator_is_unsafe() {
    let text = "@main = @a @a = @b @b = ({x x} *) @c = @d @d = @c @e = (* *) & @e ~ *";
    let book = Book::read(text).expect("a book");
    let safe: Vec<&str> = book.defs().iter().filter(|def| def.is_safe()).map(Def::name).collect();
    assert_eq!(safe, ["c", "d", "e"]);
}

#[test]
fn a_book_too_long_is_refused_unread() {
    let error = wrong(&" ".repeat(SOURCE_BYTES_MAX + 1));
    assert_eq!(error.problem, Problem::TooLong);
    let name = "n".repeat(NAME_BYTES_MAX + 1);
    assert_eq!(wrong(&format!("@main = @{name}")).problem, Problem::NameTooLong);
}

#[test]
fn bytes_that_are_no_text_are_shown() {
    assert_eq!(super::text(b"@main = 1".to_vec()).as_deref(), Ok("@main = 1"));
    let error = super::text(b"// a\n@m\xC3 = \xFF1\n".to_vec()).expect_err("no text").to_string();
    assert_eq!(error, "2:3: not UTF-8 text: save the book as UTF-8\n  @m\u{FFFD} = \u{FFFD}1\n    ^");
}
