//! Programs of terms with the results that they must have, in `programs/`: reduced lazily; strictly by one thread, by several and in
//! rounds where the program is marked for it; and by an oracle that substitutes terms in terms and shares no code with the machines.
//!
//! A file holds definitions, which begin with `@`, then programs: `?`, flags, `:`, the term of `main`; and below it a line `=` for each
//! result. Flags: `strict`; `head`; `depth` or `breadth`, and how many results are asked for.

mod random;
mod substitution;

use ffcm::{
    Limits, Machine, Progress, Rounds, Tally,
    lazy::{Lazy, LazyLimits, Reading},
    term::{Item, Terms},
};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use random::{Kind, random_book};
use std::{cell::Cell, fs, path::Path};

struct Program {
    place: String,
    text: String,
    reading: Reading,
    /// How many results are asked for.
    most: usize,
    strict: bool,
    expected: Vec<String>,
}

fn programs() -> Vec<Program> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut programs: Vec<Program> = Vec::new();
    for path in files {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut defs = String::new();
        for (number, line) in fs::read_to_string(&path).expect("a text").lines().enumerate() {
            let place = format!("{name}:{}", number + 1);
            if line.starts_with('@') {
                defs.push_str(line);
                defs.push('\n');
            } else if let Some(program) = line.strip_prefix('?') {
                let (flags, term) = program.split_once(": ").unwrap_or_else(|| panic!("{place}: no colon"));
                let flags: Vec<&str> = flags.split_whitespace().collect();
                let reading = match flags.first() {
                    Some(&"head") => Reading::Head,
                    Some(&"depth") => Reading::DepthFirst,
                    Some(&"breadth") => Reading::BreadthFirst,
                    _ => Reading::Normal,
                };
                let most = flags.get(1).map_or(usize::MAX, |most| most.parse().expect("a number"));
                let strict = flags == ["strict"];
                let text = format!("{defs}@main = {term}\n");
                programs.push(Program { place, text, reading, most, strict, expected: Vec::new() });
            } else if let Some(result) = line.strip_prefix("= ") {
                programs.last_mut().expect("a program before its result").expected.push(result.to_owned());
            } else {
                assert!(line.is_empty() || line.starts_with("//"), "{place}: {line}");
            }
        }
    }
    programs
}

fn book(program: &Program) -> Terms {
    Terms::read(&program.text).unwrap_or_else(|error| panic!("{}: {error}", program.place))
}

/// What a lazy machine gives, and what it did for that. A run that takes too much gives `None`.
fn reduced(book: &Terms, reading: Reading, most: usize, budget: u64) -> Option<(Vec<String>, Tally)> {
    let limits = LazyLimits { interactions_max: 1_000_000, steps_max: 2_000_000, ..LazyLimits::default() };
    let mut lazy = Lazy::new(book, limits, reading);
    let mut results = Vec::new();
    while results.len() < most {
        let progress = lazy.run(budget);
        results.extend(lazy.take_result().map(|term| term.shown(book).to_string()));
        match progress {
            Progress::Running => {}
            Progress::Done => break,
            _ => return None,
        }
    }
    Some((results, lazy.tally().clone()))
}

/// The same of a program that ends.
fn lazily(book: &Terms, reading: Reading, most: usize, budget: u64) -> (Vec<String>, Tally) {
    reduced(book, reading, most, budget).unwrap_or_else(|| panic!("no end:\n{book}"))
}

#[test]
fn each_program_gives_its_results_lazily() {
    let programs = programs();
    let mut wrong = Vec::new();
    for program in &programs {
        let book = book(program);
        let (results, tally) = lazily(&book, program.reading, program.most, u64::MAX);
        if results != program.expected {
            wrong.push(format!("{}: {results:#?} and not {:#?}", program.place, program.expected));
        }
        // A budget stops it anywhere, and changes nothing.
        let again = lazily(&book, program.reading, program.most, 3);
        assert_eq!(again, (results, tally), "{}", program.place);
    }
    println!("{} programs reduced lazily", programs.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(programs.len() >= 220);
}

#[test]
fn substitution_gives_the_same() {
    let (mut checked, mut beyond, mut wrong) = (0, Vec::new(), Vec::new());
    let programs = programs();
    // What is below a head is as it was written, which nothing needs an oracle for.
    for program in programs.iter().filter(|program| program.reading != Reading::Head) {
        match substitution::results(&book(program), program.reading, program.most) {
            Some(results) if results == program.expected => checked += 1,
            Some(results) => {
                wrong.push(format!("{}: {results:?} and not {:?}", program.place, program.expected))
            }
            None => beyond.push(&program.place[..]),
        }
    }
    println!("{checked} programs checked by substitution; beyond it: {}", beyond.join(", "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked >= 200 && beyond.is_empty(), "{checked}, without {beyond:?}");
}

#[test]
fn each_program_that_is_marked_gives_its_results_strictly() {
    let mut wrong = Vec::new();
    let (mut one, mut counts) = (0, 0);
    for program in programs().iter().filter(|program| program.strict) {
        let terms = book(program);
        let nets = terms.to_book().unwrap_or_else(|error| panic!("{}: {error}", program.place));
        let limits = Limits { interactions_max: 1_000_000, ..Limits::default() };
        let mut machine = Machine::new(&nets, limits).expect("room");
        assert_eq!(machine.run(u64::MAX), Progress::Done, "{}", program.place);
        let shown = |term: Option<ffcm::term::Term>| {
            let term = term.expect("a result of fewer pieces");
            // A definition that nothing meets stays as it is. Reduced lazily it is what it stands for.
            if term.items().iter().any(|item| matches!(item, Item::Ref(_))) {
                let text = format!("{}@result = {}\n", program.text, term.shown(&terms));
                let text = text.replace("@main =", "@program =").replace("@result =", "@main =");
                let finished = Terms::read(&text).unwrap_or_else(|error| panic!("{error}"));
                return lazily(&finished, Reading::Normal, 1, u64::MAX).0.concat();
            }
            term.shown(&terms).to_string()
        };
        let got = shown(machine.result().to_term(&terms, 10_000));
        if machine.tally().unsafe_copies > 0 || [got.clone()] != program.expected[..] {
            let copies = machine.tally().unsafe_copies;
            wrong.push(format!(
                "{}: {got}, {copies} unsafe copies, and not {:?}",
                program.place, program.expected
            ));
        }
        for threads in [2, 3] {
            let finished = ffcm_host::run(&nets, limits, threads);
            assert_eq!(
                (finished.progress(), finished.tally()),
                (Progress::Done, machine.tally()),
                "{}",
                program.place
            );
            assert_eq!(
                shown(finished.result().and_then(|result| result.to_term(&terms, 10_000))),
                got,
                "{}",
                program.place
            );
        }
        let mut rounds = Rounds::new(&nets, limits).expect("room");
        assert_eq!((rounds.run(), rounds.tally()), (Progress::Done, machine.tally()), "{}", program.place);
        assert_eq!(shown(rounds.result().to_term(&terms, 10_000)), got, "{}", program.place);
        one += 1;
        counts += machine.tally().interactions();
    }
    println!(
        "{one} programs reduced strictly by one thread, by two, by three and in rounds: {counts} interactions each"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(one >= 100);
}

/// Random books, and what the oracle says of each; those of which it says nothing are left out.
fn random_books(
    kind: Kind,
    reading: Reading,
    cases: u32,
    check: impl Fn(&Terms, Vec<String>) -> Result<(), TestCaseError>,
) {
    let (checked, busy) = (Cell::new(0), Cell::new(0));
    let mut runner =
        TestRunner::new(ProptestConfig { cases, max_global_rejects: 1_000_000, ..ProptestConfig::default() });
    let done = runner.run(&vec(any::<u8>(), 0..120), |bytes| {
        let text = random_book(&bytes, kind);
        let terms = Terms::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        // Where labels are mixed up the oracle says nothing. The machine comes to an end there, too, or to a bound.
        let ran = reduced(&terms, reading, 50, u64::MAX);
        let expected = substitution::results(&terms, reading, 50);
        prop_assume!(expected.is_some());
        check(&terms, expected.unwrap_or_default())?;
        checked.set(checked.get() + 1);
        busy.set(busy.get() + u32::from(ran.is_some_and(|(_, tally)| tally.interactions() > 5)));
        Ok(())
    });
    done.unwrap_or_else(|error| panic!("{error}"));
    println!("{} random terms, {} with more than five interactions", checked.get(), busy.get());
    assert!(checked.get() >= cases && busy.get() > cases / 10);
}

#[test]
fn random_terms_give_what_substitution_gives() {
    let strict = Cell::new(0);
    random_books(Kind::Plain, Reading::Normal, 2_000, |terms, expected| {
        let (results, tally) = lazily(terms, Reading::Normal, 1, u64::MAX);
        prop_assert_eq!(&results, &expected, "{}", terms);
        let nets = terms.to_book().expect("nets");
        let mut machine = Machine::new(&nets, Limits::default()).expect("room");
        // Nets have no types: what fits no rule of terms, and is never asked for, may go on for ever. A stuck match has no term.
        let is_done = machine.run(100_000) == Progress::Done;
        if is_done && tally.type_errors == 0 && !expected[0].contains('~') {
            strict.set(strict.get() + 1);
            let term = machine.result().to_term(terms, 10_000).expect("a term");
            prop_assert_eq!(&[term.shown(terms).to_string()], &expected[..], "strictly: {}", terms);
        }
        Ok(())
    });
    println!("{} of them strictly, too", strict.get());
    assert!(strict.get() > 500);
}

#[test]
fn random_superpositions_give_what_substitution_gives() {
    for reading in [Reading::Normal, Reading::DepthFirst, Reading::BreadthFirst] {
        random_books(Kind::All, reading, 1_500, |terms, expected| {
            let (results, tally) = lazily(terms, reading, 50, u64::MAX);
            prop_assert_eq!(&results, &expected, "{:?}\n{}", reading, terms);
            prop_assert_eq!(&lazily(terms, reading, 50, 1), &(results, tally), "step by step:\n{}", terms);
            Ok(())
        });
    }
}
