//! Programs of terms with the results that they must have, in `programs/`: reduced lazily; strictly by one thread, by several and in
//! rounds where the program is marked for it; and, where it holds no superposition, by an oracle that substitutes terms in terms.
//!
//! A file holds definitions, which begin with `@`, then programs: `?`, flags, `:`, the term of `main`; and below it a line `=` for each
//! result. Flags: `strict`; `head`; `depth` or `breadth`, and how many results are asked for.

mod substitution;

use ffcm::{
    Limits, Machine, Progress, Rounds,
    lazy::{Lazy, LazyLimits, Reading},
    term::{Item, Terms},
};
use std::{collections::BTreeSet, fs, path::Path};

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

/// What a lazy machine gives, and how many interactions that took.
fn lazily(book: &Terms, reading: Reading, most: usize, budget: u64) -> (Vec<String>, u64) {
    let limits = LazyLimits { interactions_max: 1_000_000, steps_max: 100_000_000, ..LazyLimits::default() };
    let mut lazy = Lazy::new(book, limits, reading);
    let mut results = Vec::new();
    while results.len() < most {
        let progress = lazy.run(budget);
        results.extend(lazy.take_result().map(|term| term.shown(book).to_string()));
        if progress.is_final() {
            assert_eq!(progress, Progress::Done, "after {results:?}");
            break;
        }
    }
    (results, lazy.tally().interactions())
}

#[test]
fn each_program_gives_its_results_lazily() {
    let programs = programs();
    let mut wrong = Vec::new();
    for program in &programs {
        let book = book(program);
        let (results, interactions) = lazily(&book, program.reading, program.most, u64::MAX);
        if results != program.expected {
            wrong.push(format!("{}: {results:#?} and not {:#?}", program.place, program.expected));
        }
        // A budget stops it anywhere, and changes nothing.
        let again = lazily(&book, program.reading, program.most, 3);
        assert_eq!(again, (results, interactions), "{}", program.place);
    }
    println!("{} programs reduced lazily", programs.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(programs.len() >= 200);
}

#[test]
fn substitution_gives_the_same() {
    let mut checked = 0;
    for program in programs() {
        let book = book(&program);
        let beyond = |item: &Item| matches!(item, Item::Sup(_) | Item::Dup(..) | Item::Nul);
        if program.reading == Reading::Head
            || reachable(&book).iter().any(|def| book.defs()[*def as usize].term.items().iter().any(beyond))
        {
            continue;
        }
        let Some(result) = substitution::normal_form(&book) else { continue };
        assert_eq!([result], program.expected[..], "{}", program.place);
        checked += 1;
    }
    println!("{checked} programs checked by substitution");
    assert!(checked >= 150, "{checked}");
}

/// The definitions that `main` refers to.
fn reachable(book: &Terms) -> BTreeSet<u32> {
    let mut seen = BTreeSet::from([book.main()]);
    let mut open = Vec::from([book.main()]);
    while let Some(def) = open.pop() {
        for item in book.defs()[def as usize].term.items() {
            if let Item::Ref(used) = item
                && seen.insert(*used)
            {
                open.push(*used);
            }
        }
    }
    seen
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

/// A random term in which no variable is used twice, so that no duplication is made and any label would do.
fn random_term(
    choices: &mut dyn FnMut(usize) -> usize,
    depth: u32,
    scope: &mut Vec<String>,
    names: &mut u32,
) -> String {
    match choices(if depth == 0 { 2 } else { 10 }) {
        0 if !scope.is_empty() => scope.swap_remove(choices(scope.len())),
        0 | 1 => choices(5).to_string(),
        2..=4 => {
            let name = format!("x{names}");
            *names += 1;
            scope.push(name.clone());
            let body = random_term(choices, depth - 1, scope, names);
            scope.retain(|bound| *bound != name);
            format!("λ{name}. {body}")
        }
        5..=7 => {
            let function = random_term(choices, depth - 1, scope, names);
            format!("({function} {})", random_term(choices, depth - 1, scope, names))
        }
        8 => {
            let first = random_term(choices, depth - 1, scope, names);
            format!("(+ {first} {})", random_term(choices, depth - 1, scope, names))
        }
        _ => {
            let scrutinee = random_term(choices, depth - 1, scope, names);
            format!(
                "~ {scrutinee} {{ 0: {} 1+p: p }}",
                random_term(choices, depth - 1, &mut Vec::new(), names)
            )
        }
    }
}

#[test]
fn random_terms_give_what_substitution_gives() {
    use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
    let checked = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 2_000,
        max_global_rejects: 100_000,
        ..ProptestConfig::default()
    });
    let done = runner.run(&vec(any::<u8>(), 0..120), |bytes| {
        let mut at = 0;
        let mut choices = |most: usize| {
            at += 1;
            usize::from(bytes.get(at - 1).copied().unwrap_or(0)) % most
        };
        let text = format!("@main = {}\n", random_term(&mut choices, 7, &mut Vec::new(), &mut 0));
        let terms = Terms::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let expected = substitution::normal_form(&terms);
        prop_assume!(expected.is_some());
        let expected = expected.unwrap_or_default();
        prop_assert_eq!(&lazily(&terms, Reading::Normal, 1, u64::MAX).0, &[expected.clone()], "{}", text);
        prop_assert_eq!(&lazily(&terms, Reading::DepthFirst, 1, 7).0, &[expected.clone()], "{}", text);
        let nets = terms.to_book().expect("nets");
        let mut machine = Machine::new(&nets, Limits::default()).expect("room");
        prop_assert_eq!(machine.run(1_000_000), Progress::Done);
        // A stuck match has no term.
        if !expected.contains('~') {
            let term = machine.result().to_term(&terms, 10_000).expect("a term");
            prop_assert_eq!(term.shown(&terms).to_string(), expected, "strictly: {}", text);
        }
        checked.set(checked.get() + 1);
        Ok(())
    });
    done.unwrap_or_else(|error| panic!("{error}"));
    println!("{} random terms", checked.get());
    assert!(checked.get() >= 2_000);
}
