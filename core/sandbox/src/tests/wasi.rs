//! WASI's functions, as a guest calls them.

use super::*;
use wasm_bindgen_test::wasm_bindgen_test;

/// Runs a guest and gives its execution, which must have ended well.
fn outcome(imports: &[(&str, &str)], start: &str, command: &Command<'_>) -> Execution {
    let execution = run_bytes(&module(&guest(imports, start)), command, &limits()).unwrap();
    assert_eq!(execution.ending, Ending::Exit(0), "{start}");
    execution
}

/// The `errno` that a call gives.
fn errno(name: &str, signature: &str, args: &str) -> i32 {
    let start = alloc::format!(
        "(i32.store (i32.const 0) (call ${name} {args})) (call $write (i32.const 1) (i32.const 0) (i32.const 4))"
    );
    let imports: &[(&str, &str)] = if name == "fd_write" { &[] } else { &[(name, signature)] };
    let execution = outcome(imports, &start, &Command::default());
    i32::from_le_bytes(execution.stdout.try_into().unwrap())
}

const TWO: &str = "(param i32 i32) (result i32)";
const FOUR: &str = "(param i32 i32 i32 i32) (result i32)";

#[wasm_bindgen_test(unsupported = test)]
fn arguments_and_environment_arrive() {
    let command = Command {
        args: ["prime", "", "ünïcode"].map(String::from).to_vec(),
        env: alloc::vec![("A".into(), "1".into()), ("PATH".into(), "a=b".into())],
        ..Command::default()
    };
    for (kind, count, text) in [("args", 3, "prime\0\0ünïcode\0"), ("environ", 2, "A=1\0PATH=a=b\0")] {
        let (sizes, get) = (alloc::format!("{kind}_sizes_get"), alloc::format!("{kind}_get"));
        let start = alloc::format!(
            "(if (call ${sizes} (i32.const 0) (i32.const 4)) (then unreachable))
             (if (call ${get} (i32.const 8) (i32.const 100)) (then unreachable))
             (call $write (i32.const 1) (i32.const 0) (i32.const 20))
             (call $write (i32.const 1) (i32.load (i32.const 8)) (i32.load (i32.const 4)))"
        );
        let stdout = outcome(&[(&sizes, TWO), (&get, TWO)], &start, &command).stdout;
        let words = stdout[..20].chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
        let words = words.collect::<Vec<_>>();
        assert_eq!(words[..2], [count, text.len() as u32], "{kind}");
        let second = 100 + text.find('\0').unwrap() as u32 + 1;
        assert_eq!(words[2..4], [100, second], "{kind}");
        assert_eq!(&stdout[20..], text.as_bytes(), "{kind}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_input_is_read_once_to_its_end() {
    // Two buffers of 3 and 4 bytes, again and again; each time the count and the buffers are written.
    let start = "(i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 3))
        (i32.store (i32.const 8) (i32.const 200)) (i32.store (i32.const 12) (i32.const 4))
        (loop
          (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 300)) (then unreachable))
          (call $write (i32.const 1) (i32.const 100) (i32.const 3))
          (call $write (i32.const 1) (i32.const 200) (i32.const 4))
          (call $write (i32.const 1) (i32.const 300) (i32.const 1))
          (br_if 0 (i32.load (i32.const 300))))";
    let command = Command { stdin: b"0123456789", ..Command::default() };
    let stdout = outcome(&[("fd_read", FOUR)], start, &command).stdout;
    assert_eq!(stdout, b"0123456\x077893456\x037893456\x00");
}

#[wasm_bindgen_test(unsupported = test)]
fn both_outputs_are_kept_apart() {
    let start = r#"(i32.store8 (i32.const 0) (i32.const 111)) (i32.store8 (i32.const 1) (i32.const 101))
        (call $write (i32.const 1) (i32.const 0) (i32.const 1)) (call $write (i32.const 2) (i32.const 1) (i32.const 1))
        (call $write (i32.const 1) (i32.const 0) (i32.const 1))"#;
    let execution = outcome(&[], start, &Command::default());
    assert_eq!((execution.stdout, execution.stderr), (b"oo".to_vec(), b"e".to_vec()));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_clock_is_the_job_s() {
    let clock = ("clock_time_get", "(param i32 i64 i32) (result i32)");
    let start = "(drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 0)))
        (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 8)))
        (drop (call $clock_time_get (i32.const 2) (i64.const 1) (i32.const 16)))
        (call $write (i32.const 1) (i32.const 0) (i32.const 24))";
    let command = Command { now: codec::Instant::from_unix_ms(1_000), ..Command::default() };
    let stdout = outcome(&[clock], start, &command).stdout;
    let times =
        stdout.chunks_exact(8).map(|time| u64::from_le_bytes(time.try_into().unwrap())).collect::<Vec<_>>();
    assert_eq!(times, [1_000_001_000, 1_000_002_000, 3_000]);
    assert_eq!(errno("clock_time_get", clock.1, "(i32.const 4) (i64.const 0) (i32.const 0)"), 28);
    assert_eq!(errno("clock_res_get", TWO, "(i32.const 0) (i32.const 8)"), 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn sleeping_takes_no_time_and_moves_the_clock() {
    // One subscription: clock 1, five seconds from now.
    let start = "(i64.store (i32.const 0) (i64.const 42)) (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (i64.const 5000000000))
        (if (call $poll_oneoff (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)) (then unreachable))
        (drop (call $clock_time_get (i32.const 2) (i64.const 0) (i32.const 208)))
        (call $write (i32.const 1) (i32.const 100) (i32.const 12)) (call $write (i32.const 1) (i32.const 200) (i32.const 16))";
    let imports = [("poll_oneoff", FOUR), ("clock_time_get", "(param i32 i64 i32) (result i32)")];
    let stdout = outcome(&imports, start, &Command::default()).stdout;
    assert_eq!(stdout[..12], [42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "user data, no error, a clock");
    assert_eq!(stdout[12], 1, "one event");
    assert_eq!(u64::from_le_bytes(stdout[20..28].try_into().unwrap()), 5_000_001_000);
}

#[wasm_bindgen_test(unsupported = test)]
fn polling_streams_is_ready_at_once() {
    // Standard input with three bytes left; a descriptor that is not open; a sleep that nobody waits for.
    let start = "(i32.store8 (i32.const 8) (i32.const 1))
        (i64.store (i32.const 48) (i64.const 7)) (i32.store8 (i32.const 56) (i32.const 2)) (i32.store (i32.const 64) (i32.const 9))
        (i64.store (i32.const 120) (i64.const 5000000000))
        (if (call $poll_oneoff (i32.const 0) (i32.const 300) (i32.const 3) (i32.const 600)) (then unreachable))
        (call $write (i32.const 1) (i32.const 300) (i32.const 64)) (call $write (i32.const 1) (i32.const 600) (i32.const 4))";
    let command = Command { stdin: b"abc", ..Command::default() };
    let stdout = outcome(&[("poll_oneoff", FOUR)], start, &command).stdout;
    assert_eq!((stdout[8], stdout[10], stdout[16], stdout[24]), (0, 1, 3, 0));
    assert_eq!((stdout[32], stdout[40], stdout[42]), (7, 8, 2), "badf");
    assert_eq!(stdout[64], 2, "two events");
    assert_eq!(errno("poll_oneoff", FOUR, "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8)"), 28);
}

#[wasm_bindgen_test(unsupported = test)]
fn randomness_is_the_seed_s() {
    let drawn = |seed| {
        let start = "(drop (call $random_get (i32.const 0) (i32.const 64))) (call $write (i32.const 1) (i32.const 0) (i32.const 64))";
        outcome(&[("random_get", TWO)], start, &Command { seed, ..Command::default() }).stdout
    };
    // RFC 8439, appendix A.1, test vector 1: the key stream of a key and a nonce of zeros.
    let zeros = drawn([0; 32]);
    assert_eq!(zeros[..8], [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90]);
    assert_eq!(zeros[60..], [0xb2, 0xee, 0x65, 0x86]);
    assert_eq!(drawn([0; 32]), zeros);
    assert_ne!(drawn([1; 32]), zeros);
    assert_eq!(errno("random_get", TWO, "(i32.const 65530) (i32.const 7)"), 21);
    assert_eq!(errno("random_get", TWO, "(i32.const 0) (i32.const -1)"), 21);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_lies_outside_is_denied_with_its_errno() {
    const BADF: i32 = 8;
    const INVAL: i32 = 28;
    const NOSYS: i32 = 52;
    const NOTDIR: i32 = 54;
    const NOTSOCK: i32 = 57;
    const SPIPE: i32 = 70;
    const NOTCAPABLE: i32 = 76;
    // Name, types of the parameters, `errno` for standard output, `errno` for a descriptor that is not open.
    let denied: &[(&str, &str, i32)] = &[
        ("fd_advise", "i32 i64 i64 i32", SPIPE),
        ("fd_allocate", "i32 i64 i64", SPIPE),
        ("fd_datasync", "i32", INVAL),
        ("fd_fdstat_set_rights", "i32 i64 i64", NOTCAPABLE),
        ("fd_filestat_set_size", "i32 i64", INVAL),
        ("fd_filestat_set_times", "i32 i64 i64 i32", NOTCAPABLE),
        ("fd_pread", "i32 i32 i32 i64 i32", SPIPE),
        ("fd_prestat_get", "i32 i32", BADF),
        ("fd_prestat_dir_name", "i32 i32 i32", BADF),
        ("fd_pwrite", "i32 i32 i32 i64 i32", SPIPE),
        ("fd_readdir", "i32 i32 i32 i64 i32", NOTDIR),
        ("fd_seek", "i32 i64 i32 i32", SPIPE),
        ("fd_sync", "i32", INVAL),
        ("fd_tell", "i32 i32", SPIPE),
        ("path_create_directory", "i32 i32 i32", NOTDIR),
        ("path_filestat_get", "i32 i32 i32 i32 i32", NOTDIR),
        ("path_filestat_set_times", "i32 i32 i32 i32 i64 i64 i32", NOTDIR),
        ("path_link", "i32 i32 i32 i32 i32 i32 i32", NOTDIR),
        ("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32", NOTDIR),
        ("path_readlink", "i32 i32 i32 i32 i32 i32", NOTDIR),
        ("path_remove_directory", "i32 i32 i32", NOTDIR),
        ("path_rename", "i32 i32 i32 i32 i32 i32", NOTDIR),
        ("path_unlink_file", "i32 i32 i32", NOTDIR),
        ("sock_accept", "i32 i32 i32", NOTSOCK),
        ("sock_recv", "i32 i32 i32 i32 i32 i32", NOTSOCK),
        ("sock_send", "i32 i32 i32 i32 i32", NOTSOCK),
        ("sock_shutdown", "i32 i32", NOTSOCK),
    ];
    for (name, params, of_stream) in denied {
        let signature = alloc::format!("(param {params}) (result i32)");
        let zeros = params.split(' ').skip(1).map(|ty| alloc::format!(" ({ty}.const 0)")).collect::<String>();
        assert_eq!(errno(name, &signature, &alloc::format!("(i32.const 1){zeros}")), *of_stream, "{name}");
        assert_eq!(errno(name, &signature, &alloc::format!("(i32.const 3){zeros}")), BADF, "{name}");
        assert_eq!(errno(name, &signature, &alloc::format!("(i32.const -1){zeros}")), BADF, "{name}");
    }
    let symlink =
        |fd: i32| alloc::format!("(i32.const 0) (i32.const 0) (i32.const {fd}) (i32.const 0) (i32.const 0)");
    let signature = "(param i32 i32 i32 i32 i32) (result i32)";
    assert_eq!(errno("path_symlink", signature, &symlink(1)), NOTDIR);
    assert_eq!(errno("path_symlink", signature, &symlink(3)), BADF);
    assert_eq!(errno("proc_raise", "(param i32) (result i32)", "(i32.const 6)"), NOSYS);
    assert_eq!(errno("sched_yield", "(result i32)", ""), 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn streams_go_one_way_and_can_be_closed_and_moved() {
    let buffer = "(i32.const 0) (i32.const 0) (i32.const 8)";
    assert_eq!(errno("fd_read", FOUR, &alloc::format!("(i32.const 1) {buffer}")), 8);
    assert_eq!(errno("fd_write", FOUR, &alloc::format!("(i32.const 0) {buffer}")), 8);
    assert_eq!(errno("fd_write", FOUR, &alloc::format!("(i32.const 3) {buffer}")), 8);
    assert_eq!(errno("fd_close", "(param i32) (result i32)", "(i32.const 3)"), 8);
    assert_eq!(errno("fd_renumber", TWO, "(i32.const 1) (i32.const 3)"), 8);

    let close = ("fd_close", "(param i32) (result i32)");
    let start = "(if (call $fd_close (i32.const 1)) (then unreachable))
        (if (i32.ne (call $fd_close (i32.const 1)) (i32.const 8)) (then unreachable))
        (if (i32.ne (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 8)) (i32.const 8)) (then unreachable))";
    outcome(&[close], start, &Command::default());

    let start = "(if (call $fd_renumber (i32.const 2) (i32.const 1)) (then unreachable))
        (i32.store8 (i32.const 0) (i32.const 33)) (call $write (i32.const 1) (i32.const 0) (i32.const 1))";
    let execution = outcome(&[("fd_renumber", TWO)], start, &Command::default());
    assert_eq!((execution.stdout, execution.stderr), (Vec::new(), b"!".to_vec()));
}

#[wasm_bindgen_test(unsupported = test)]
fn streams_look_like_pipes() {
    let stat = |fd: u32| {
        let start = alloc::format!(
            "(if (call $fd_fdstat_get (i32.const {fd}) (i32.const 0)) (then unreachable))
             (call $write (i32.const 1) (i32.const 0) (i32.const 24))"
        );
        let stdout = outcome(&[("fd_fdstat_get", TWO)], &start, &Command::default()).stdout;
        (stdout[0], u64::from_le_bytes(stdout[8..16].try_into().unwrap()))
    };
    assert_eq!(stat(0), (0, 1 << 1 | 1 << 21 | 1 << 27));
    assert_eq!(stat(1), (0, 1 << 6 | 1 << 21 | 1 << 27));
    assert_eq!(errno("fd_filestat_get", TWO, "(i32.const 0) (i32.const 8)"), 0);
    assert_eq!(errno("fd_fdstat_set_flags", TWO, "(i32.const 1) (i32.const 4)"), 0);
    assert_eq!(errno("fd_fdstat_set_flags", TWO, "(i32.const 1) (i32.const 16)"), 28);
}

#[wasm_bindgen_test(unsupported = test)]
fn pointers_that_lead_nowhere_are_faults() {
    for args in [
        "(i32.const 1) (i32.const 65532) (i32.const 1) (i32.const 0)",
        "(i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0)",
        "(i32.const 1) (i32.const 0) (i32.const 1) (i32.const 65533)",
        "(i32.const 1) (i32.const 0) (i32.const 1) (i32.const -1)",
    ] {
        assert_eq!(errno("fd_write", FOUR, args), 21, "{args}");
    }
    assert_eq!(errno("fd_write", FOUR, "(i32.const 1) (i32.const 0) (i32.const 1025) (i32.const 8)"), 28);
    assert_eq!(errno("args_sizes_get", TWO, "(i32.const 65533) (i32.const 0)"), 21);
    assert_eq!(
        errno(
            "clock_time_get",
            "(param i32 i64 i32) (result i32)",
            "(i32.const 0) (i64.const 0) (i32.const -4)"
        ),
        21
    );
    // Nothing of the write is kept where one of its buffers leads nowhere.
    let start = "(i32.store (i32.const 4) (i32.const 4)) (i32.store (i32.const 8) (i32.const 65535)) (i32.store (i32.const 12) (i32.const 4))
        (if (i32.ne (call $fd_write (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 16)) (i32.const 21)) (then unreachable))";
    assert_eq!(outcome(&[], start, &Command::default()).stdout, b"");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_guest_without_memory_is_told() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $f (param i32 i32) (result i32)))
        (func (export "_start") (drop (call $f (i32.const 0) (i32.const 0)))))"#;
    assert_eq!(ending(text), Ending::Trap(Trap::NoMemory));
}
