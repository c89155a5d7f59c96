//! Every program that ships in the crate `hvm` 2.0.22, on its own evaluator and on this machine: the same result after
//! the same number of interactions.
//!
//! The oracle runs in a process of its own (this test's program,
//! started again), because it exits on a program that it refuses, and keeps all memory that it ever used.
//!
//! `FFCM_ORACLE_ALL=1` adds the five programs that take the oracle seconds, and prints both speeds.

use ffcm::{Book, Limits, Machine, Progress, Rounds};
use hvm_programs::{LONG, PROGRAMS, SOURCE, asks_the_system};
use std::{env, fs, path::Path, process::Command, time::Instant};

const PROGRAM: &str = "FFCM_ORACLE_PROGRAM";

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Result { tree: String, interactions: u64 },
    NoMain,
    UnsafeCopy,
}

/// The oracle on one program: its verdict, and the seconds that it took.
fn oracle(program: &Path) -> (Verdict, f64) {
    let child = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "the_oracle_itself", "--ignored", "--nocapture", "--test-threads=1"])
        .env(PROGRAM, program)
        .output()
        .expect("the oracle starts");
    let output =
        String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    let line =
        |start: &str| output.lines().find_map(|line| line.split_once(start).map(|(_, rest)| rest.to_owned()));
    let verdict = if output.contains("attempt to clone a non-affine global reference") {
        Verdict::UnsafeCopy
    } else if output.contains("missing `@main` definition") {
        Verdict::NoMain
    } else {
        let tree = line("ORACLE-RESULT ").unwrap_or_else(|| panic!("the oracle gave no result: {output}"));
        let interactions = line("ORACLE-ITRS ").and_then(|itrs| itrs.parse().ok()).expect("a count");
        Verdict::Result { tree, interactions }
    };
    (verdict, line("ORACLE-SECONDS ").and_then(|seconds| seconds.parse().ok()).unwrap_or(0.0))
}

/// Not a test: what [`oracle`] starts. Does as `hvm run` does, and names free wires in the order in which they come.
#[test]
#[ignore = "started by the other tests, with a program to run"]
fn the_oracle_itself() {
    use hvm::{
        ast::{Book, Net, Tree},
        hvm::{GNet, NONE, Pair, Port, REF, ROOT, TMem},
    };
    fn rename(tree: &mut Tree, names: &mut Vec<String>) {
        match tree {
            Tree::Var { nam } => {
                let at = names.iter().position(|name| name == nam).unwrap_or_else(|| {
                    names.push(nam.clone());
                    names.len() - 1
                });
                *nam = format!("x{at}");
            }
            Tree::Era | Tree::Ref { .. } | Tree::Num { .. } => {}
            Tree::Con { fst, snd }
            | Tree::Dup { fst, snd }
            | Tree::Opr { fst, snd }
            | Tree::Swi { fst, snd } => {
                rename(fst, names);
                rename(snd, names);
            }
        }
    }
    let program = env::var_os(PROGRAM).expect("started by the other tests");
    let text = fs::read_to_string(program).expect("a text");
    let book = Book::parse(&text).expect("a book").build();
    let net = GNet::new(1 << 29, 1 << 29);
    let mut thread = TMem::new(0, 1);
    let main = book.defs.iter().position(|def| def.name == "main").expect("main");
    thread.rbag.push_redex(Pair::new(Port::new(REF, main as u32), ROOT));
    net.vars_create(ROOT.get_val() as usize, NONE);
    let start = Instant::now();
    thread.evaluator(&net, &book);
    println!("\nORACLE-SECONDS {}", start.elapsed().as_secs_f64());
    let mut tree = Net::readback(&net, &book).expect("a result");
    rename(&mut tree.root, &mut Vec::new());
    println!("ORACLE-RESULT {}", tree.show());
    println!("ORACLE-ITRS {}", net.itrs.load(std::sync::atomic::Ordering::Relaxed));
}

/// This machine on one program: one thread and two, and, where it is not too long, in rounds. Gives its verdict, and the seconds
/// that one thread and two took.
fn ours(text: &str, rounds: bool) -> (Verdict, [f64; 2]) {
    let book = match Book::read(text) {
        Ok(book) => book,
        Err(error) if error.problem == ffcm::book::Problem::NoMain => return (Verdict::NoMain, [0.0; 2]),
        Err(error) => panic!("{error}"),
    };
    let start = Instant::now();
    let mut machine = Machine::new(&book, Limits::default()).expect("room");
    while !machine.run(1 << 24).is_final() {}
    let alone = start.elapsed().as_secs_f64();
    assert_eq!(machine.run(1), Progress::Done);
    let verdict = |tally: &ffcm::Tally, tree: String| match tally.unsafe_def {
        Some(_) => Verdict::UnsafeCopy,
        None => Verdict::Result { tree, interactions: tally.interactions() },
    };
    let got = verdict(machine.tally(), machine.result().to_string());
    let start = Instant::now();
    let two = ffcm_host::run(&book, Limits::default(), 2);
    let together = start.elapsed().as_secs_f64();
    assert_eq!((two.progress(), two.tally()), (Progress::Done, machine.tally()), "two threads");
    assert_eq!(verdict(two.tally(), two.result().expect("it was started").to_string()), got, "two threads");
    if rounds {
        let mut rounds = Rounds::new(&book, Limits::default()).expect("room");
        assert_eq!(rounds.run(), Progress::Done);
        assert_eq!(rounds.tally(), machine.tally(), "in rounds");
        assert_eq!(verdict(rounds.tally(), rounds.result().to_string()), got, "in rounds");
    }
    (got, [alone, together])
}

#[test]
fn each_program_gives_what_the_oracle_gives() {
    let root = Path::new(SOURCE);
    let (mut run, mut long, mut skipped) = (0, 0, 0);
    for (name, text) in PROGRAMS {
        if asks_the_system(text) {
            println!("skipped {name}: it asks the system for files and texts, which a net here cannot");
            skipped += 1;
        } else if LONG.iter().any(|(long, _, _)| long == name) {
            println!("left to `the_long_programs_give_what_the_oracle_gave`: {name}");
            long += 1;
        } else {
            let (expected, _) = oracle(&root.join(name));
            let (got, _) = ours(text, true);
            assert_eq!(got, expected, "{name}");
            println!("ran {name}: {got:?}");
            run += 1;
        }
    }
    println!("{run} programs run, {long} long ones left, {skipped} skipped");
    assert_eq!((run, long, skipped), (9, LONG.len(), 6), "the crate's programs");
}

#[test]
fn the_long_programs_give_what_the_oracle_gave() {
    let root = Path::new(SOURCE);
    let all = env::var_os("FFCM_ORACLE_ALL").is_some();
    let mut run = 0;
    for (name, tree, interactions) in LONG {
        let text = fs::read_to_string(root.join(name)).expect("a text");
        let expected = Verdict::Result { tree: tree.to_string(), interactions: *interactions };
        let (got, [alone, together]) = ours(&text, false);
        assert_eq!(got, expected, "{name}");
        let mips = |seconds: f64| *interactions as f64 / seconds / 1e6;
        println!("ran {name}: {tree} after {interactions} interactions");
        println!("  million a second: {:.1} with one thread, {:.1} with two", mips(alone), mips(together));
        if all {
            let (theirs, seconds) = oracle(&root.join(name));
            assert_eq!(theirs, expected, "{name}");
            println!("  the oracle: {:.1}", mips(seconds));
        }
        run += 1;
    }
    println!("{run} programs run");
}

#[test]
fn books_are_printed_as_they_are_read() {
    for (name, text) in PROGRAMS {
        let Ok(book) = Book::read(text) else {
            assert_eq!(*name, "tests/programs/empty.hvm");
            continue;
        };
        let printed = book.to_string();
        let again = Book::read(&printed).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(again.to_string(), printed, "{name}");
        // The oracle reads the same from both.
        let read = |text: &str| hvm::ast::Book::parse(text).expect("a book").show();
        assert_eq!(read(text), read(&printed), "{name}");
    }
}
