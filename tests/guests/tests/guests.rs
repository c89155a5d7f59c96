//! Programs in Rust, compiled as they are, in the sandbox.

use std::sync::LazyLock;

use codec::Instant;
use sandbox::{Command, Ending, Execution, Limits, Module, Trap};

fn limits() -> Limits {
    Limits { fuel: 200_000_000, memory_bytes: 64 << 20, output_bytes: 1 << 20, ..Limits::default() }
}

fn module(name: &str) -> Module {
    let wasm = guests::compile(name).expect("the guest compiles");
    Module::new(&wasm, &limits()).expect("the sandbox takes it")
}

fn command<'a>(args: &[&str], stdin: &'a [u8]) -> Command<'a> {
    let args = ["guest"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    Command {
        args,
        stdin,
        seed: [5; 32],
        now: Instant::from_unix_ms(1_800_000_000_000),
        ..Command::default()
    }
}

fn run(module: &Module, args: &[&str], stdin: &[u8]) -> Execution {
    module.run(&command(args, stdin), &limits())
}

fn printed(execution: &Execution) -> String {
    assert_eq!(execution.ending, Ending::Exit(0), "{}", String::from_utf8_lossy(&execution.stderr));
    String::from_utf8(execution.stdout.clone()).expect("it prints text")
}

#[test]
fn hello_is_reversed() {
    let hello = module("hello");
    assert_eq!(printed(&run(&hello, &[], b"")), "dlroW ,olleH\n");
    assert_eq!(printed(&run(&hello, &["Grüße"], b"")), "eßürG\n");
    assert_eq!(printed(&run(&hello, &[], b"abc\n")), "cba\n");
    let not_text = run(&hello, &[], b"\xff");
    assert_eq!(not_text.ending, Ending::Trap(Trap::Unreachable), "a panic aborts");
    assert!(String::from_utf8_lossy(&not_text.stderr).contains("the input is text"));
}

#[test]
fn primes_are_counted_in_parts_and_added_up() {
    let primes = module("primes");
    let whole = printed(&run(&primes, &["0", "20000"], b""));
    assert_eq!(whole, "2262\n", "OEIS A000720 at 20000");
    let parts = (0..20).map(|part| {
        let (from, to) = ((part * 1000).to_string(), ((part + 1) * 1000).to_string());
        printed(&run(&primes, &[&from, &to], b""))
    });
    let parts = parts.collect::<String>();
    assert_eq!(printed(&run(&module("sum"), &[], parts.as_bytes())), whole);

    let wrong = run(&primes, &["many"], b"");
    assert_eq!((wrong.ending, &wrong.stderr[..]), (Ending::Exit(2), &b"usage: primes FROM TO\n"[..]));
}

#[test]
fn a_run_is_the_same_again() {
    let primes = module("primes");
    let first = run(&primes, &["0", "5000"], b"");
    assert!(first.fuel > 10_000);
    assert_eq!(run(&primes, &["0", "5000"], b""), first);
    assert_eq!(run(&module("primes"), &["0", "5000"], b""), first, "compiled anew");
}

#[test]
fn a_program_that_looks_around_finds_nothing() {
    let probe = module("probe");
    let seen = printed(&run(&probe, &["one", "two"], b""));
    let lines = seen.lines().collect::<Vec<_>>();
    // As Node's WASI has it for a program that is given no folder.
    let denied = [
        "read a file: NotFound",
        "write a file: NotFound",
        "list a folder: NotFound",
        "make a folder: NotFound",
        "connect: Unsupported",
        "listen: Unsupported",
        "start a thread: Unsupported",
    ];
    assert_eq!(lines[..7], denied);
    assert_eq!(lines[7], r#"arguments: ["guest", "one", "two"]"#);
    assert_eq!(lines[8], "environment: []");
    assert_eq!(lines[9], "clock: 1800000000 s");
    assert_eq!(lines[10], "slept: 3600 s");

    assert_eq!(printed(&run(&probe, &["one", "two"], b"")), seen, "chance is the seed's");
    let other = Command { seed: [6; 32], ..command(&["one", "two"], b"") };
    let other = printed(&probe.run(&other, &limits()));
    assert_ne!(other.lines().last(), seen.lines().last(), "another seed is another order");
    assert_eq!(other.lines().count(), seen.lines().count());
}

#[test]
fn programs_that_fail_say_how() {
    static FAIL: LazyLock<Module> = LazyLock::new(|| module("fail"));
    let fail = |how: &str| run(&FAIL, &[how], b"");
    assert_eq!(fail("").ending, Ending::Exit(0));
    assert_eq!(fail("exit").ending, Ending::Exit(7));
    let panicked = fail("panic");
    assert_eq!(panicked.ending, Ending::Trap(Trap::Unreachable));
    assert!(String::from_utf8_lossy(&panicked.stderr).contains("as asked"));
    let memory = fail("memory");
    assert_eq!(memory.ending, Ending::Trap(Trap::MemoryLimit), "{}", String::from_utf8_lossy(&memory.stderr));
    assert!(memory.memory_peak_bytes <= limits().memory_bytes);
    // Rust's own stack, a megabyte of memory, ends before the engine's: the guest runs below its bottom.
    assert!(matches!(fail("recursion").ending, Ending::Trap(Trap::MemoryOutOfBounds | Trap::StackExhausted)));
    assert_eq!(fail("loop").ending, Ending::Trap(Trap::OutOfFuel));
    let flood = fail("flood");
    assert_eq!(flood.ending, Ending::Trap(Trap::OutputFull));
    assert_eq!(flood.stdout.len() as u64, limits().output_bytes);
}
