//! Nets on a GPU give the result and the counts of one thread: natively by whichever Vulkan driver there is, and in a browser by WebGPU.
//!
//! Without a GPU, Debian's package `mesa-vulkan-drivers` has a driver that computes on the processor.

#[macro_use]
mod common;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[path = "../../../core/ffcm/src/tests/random.rs"]
mod random;

use ffcm::{Book, Limits, Machine, Offloaded, Opcode, Progress, Resource, Tally};
use gpu::{Gpu, GpuError, Specialize};
use hvm_programs::{LONG, PROGRAMS, asks_the_system};
use random::{CAP, nets, random_book, shuffled, side_by_side};
use std::cell::Cell;

/// There a dispatch on the processor takes milliseconds, so some tests do less.
const IN_BROWSER: bool = cfg!(target_arch = "wasm32");

/// Says what was done, on standard output or a page's console.
macro_rules! say {
    ($($said:tt)*) => {{
        #[cfg(target_arch = "wasm32")]
        wasm_bindgen_test::console_log!($($said)*);
        #[cfg(not(target_arch = "wasm32"))]
        println!($($said)*);
    }};
}

async fn open() -> Gpu {
    Gpu::open().await.expect("a GPU, or Debian's package mesa-vulkan-drivers")
}

/// A clock that stands still: a device is handed as much at once as it may be.
fn now_ms() -> f64 {
    0.0
}

fn sum_tree(depth: u32) -> Book {
    Book::read(&hvm_programs::sum_tree(depth)).unwrap_or_else(|error| panic!("{error}"))
}

/// A tree of 2^`depth` numbers.
fn tree(depth: u32) -> Book {
    let text = format!(
        "@main = a & @gen ~ ({depth} (0 a))
         @gen = (?(((a a) @gen0) b) b)
         @gen0 = ({{a d}} ({{$([*2] $([+1] b)) $([*2] e)}} (c f))) & @gen ~ (a (b c)) & @gen ~ (d (e f))"
    );
    Book::read(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Nodes, and wires, of which the widest rounds of a tree of depth 12 find too few.
const TIGHT: u32 = 9_000;

/// What one thread gives.
fn alone(book: &Book, limits: Limits) -> (Progress, String, Tally) {
    let mut machine = Machine::new(book, limits).expect("room");
    let progress = machine.run(u64::MAX);
    (progress, machine.result().to_string(), machine.tally().clone())
}

/// What the GPU gives, and how many rounds it took.
async fn by_gpu(gpu: &Gpu, book: &Book, limits: Limits) -> ((Progress, String, Tally), u64) {
    let (got, rounds, _) = by_gpu_as_code(gpu, book, limits).await;
    (got, rounds)
}

/// Also how many definitions were code in the end, and how many calls that did.
async fn by_gpu_as_code(
    gpu: &Gpu,
    book: &Book,
    limits: Limits,
) -> ((Progress, String, Tally), u64, (u32, u64)) {
    let offloaded = Offloaded::new(book, limits).expect("it goes to a device");
    let solution = gpu.reduce(&offloaded.input(), now_ms).await.expect("the GPU computes");
    let finished = offloaded.finish(solution).expect("it adds up");
    let got = (finished.progress(), finished.result().to_string(), finished.tally().clone());
    (got, finished.rounds().0, finished.special())
}

/// What the long programs took on lavapipe, on two cores that did other things too, in seconds, and whether that is within the tests' time.
const IN_SOFTWARE: &[(&str, u32, bool)] = &[
    ("examples/sort_bitonic/main.hvm", 11, true),
    ("examples/sort_radix/main.hvm", 137, false),
    ("examples/stress/main.hvm", 158, false),
    ("examples/sum_rec/main.hvm", 20, true),
    ("examples/sum_tree/main.hvm", 40, true),
];

/// Why a program is not run on this GPU; `None` if it is.
fn skipped(gpu: &Gpu, name: &str, text: &str) -> Option<String> {
    if asks_the_system(text) {
        return Some("it asks the system for files and texts, which a net here cannot".to_owned());
    }
    let (_, seconds, is_within) = IN_SOFTWARE.iter().find(|(long, ..)| *long == name)?;
    let is_asked_for = std::env::var_os("FFCM_ORACLE_ALL").is_some();
    if !gpu.about().is_software || is_asked_for || (*is_within && !IN_BROWSER) {
        return None;
    }
    Some(format!("software on two processors took {seconds} s for it; FFCM_ORACLE_ALL=1 runs it"))
}

/// Programs that are none, or that no GPU is given, and what says so: the same as for whoever asks for a GPU.
const REFUSED: &[(&str, &str)] = &[
    ("tests/programs/empty.hvm", "nothing is named `@main`"),
    ("tests/programs/numerics/f24.hvm", "in which devices differ"),
];

/// Why a book goes to no GPU, or is none.
fn refusal(text: &str) -> Option<String> {
    match Book::read(text) {
        Ok(book) => Offloaded::new(&book, Limits::default()).err().map(|why| why.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

/// Seconds since the first call.
#[cfg(not(target_arch = "wasm32"))]
fn seconds() -> f64 {
    static BEGUN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGUN.elapsed().as_secs_f64()
}

/// In a browser nobody asks.
#[cfg(target_arch = "wasm32")]
fn seconds() -> f64 {
    0.0
}

on_device! {
    async fn each_program_of_the_crate_gives_the_same_result_and_the_same_count() {
        let gpu = open().await;
        let (mut run, mut left, mut refused) = (0, 0, 0);
        for (name, text) in PROGRAMS {
            if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| refused == name) {
                let refusal = refusal(text).expect("it is refused");
                assert!(refusal.contains(why), "{name}: {refusal}");
                say!("refused {name}: {refusal}");
                refused += 1;
                continue;
            }
            if let Some(why) = skipped(&gpu, name, text) {
                say!("skipped {name}: {why}");
                left += 1;
                continue;
            }
            let book = Book::read(text).expect("a book");
            let begun = seconds();
            let (got, rounds) = by_gpu(&gpu, &book, Limits::default()).await;
            let took = seconds() - begun;
            match LONG.iter().find(|(long, _, _)| long == name) {
                Some((_, tree, interactions)) => {
                    assert_eq!((got.0, got.1.as_str()), (Progress::Done, *tree), "{name}");
                    assert_eq!(got.2.interactions(), *interactions, "{name}");
                }
                None => assert_eq!(got, alone(&book, Limits::default()), "{name}"),
            }
            say!("ran {name}: {} after {} interactions in {rounds} rounds, {took:.1} s", got.1, got.2.interactions());
            run += 1;
        }
        say!("{run} programs run, {refused} refused as they should be, {left} skipped, on {}", gpu.about());
        assert_eq!(run + left + refused, 20, "the crate's programs");
        assert!(run >= 7, "{run} run");
    }

    async fn definitions_as_code_give_the_same_result_and_the_same_counts() {
        let gpu = open().await;
        gpu.specialize(Specialize::After(0));
        let (mut run, mut calls, mut as_code) = (0, 0, 0);
        for (name, text) in PROGRAMS {
            let is_long = LONG.iter().any(|(long, _, _)| long == name);
            let is_refused = REFUSED.iter().any(|(refused, _)| refused == name);
            if is_refused || skipped(&gpu, name, text).is_some() || (is_long && gpu.about().is_software) {
                continue;
            }
            // There it takes a minute to make them all.
            if IN_BROWSER && run == 2 {
                break;
            }
            let book = Book::read(text).expect("a book");
            let (got, rounds, (defs, done)) = by_gpu_as_code(&gpu, &book, Limits::default()).await;
            match LONG.iter().find(|(long, _, _)| long == name) {
                Some((_, tree, interactions)) => {
                    assert_eq!((got.1.as_str(), got.2.interactions()), (*tree, *interactions), "{name}");
                }
                None => assert_eq!(got, alone(&book, Limits::default()), "{name}"),
            }
            let all = got.2.of(Opcode::Specialize);
            say!("ran {name}: {defs} definitions as code, which did {done} of {all} calls, in {rounds} rounds");
            run += 1;
            calls += all;
            as_code += done;
        }
        for depth in [0, 1, 3, 10] {
            let book = sum_tree(depth);
            let (got, rounds, (_, done)) = by_gpu_as_code(&gpu, &book, Limits::default()).await;
            assert_eq!(got, alone(&book, Limits::default()), "depth {depth} on {}", gpu.about());
            assert!(done > 0 && rounds < 10 + 5 * u64::from(depth), "{done} calls, {rounds} rounds");
        }
        assert!(run >= if IN_BROWSER { 2 } else { 7 } && as_code > calls / 2, "{run} run, {as_code} of {calls} calls");
    }

    async fn kernels_are_made_once_for_each_program() {
        let gpu = open().await;
        let book = sum_tree(10);
        let expected = alone(&book, Limits::default());
        // In the middle of the run, and then again from its beginning with what was made.
        gpu.specialize(Specialize::After(1_000));
        let mut calls_before = 0;
        for run in 0..3 {
            let (got, _, (defs, calls)) = by_gpu_as_code(&gpu, &book, Limits::default()).await;
            assert_eq!(got, expected);
            assert!(defs > 0 && calls > 0, "{defs} definitions, {calls} calls");
            assert!(run != 1 || calls > calls_before, "from its beginning: {calls} after {calls_before}");
            assert_eq!(gpu.specialized(), 1, "one text is compiled once");
            calls_before = calls;
        }
        // Other definitions are another text, and each program has its own.
        gpu.specialize(Specialize::After(0));
        let other = tree(9);
        for (book, made) in [(&other, 2), (&book, 2), (&other, 2)] {
            let (got, _, (defs, calls)) = by_gpu_as_code(&gpu, book, Limits::default()).await;
            assert_eq!((got, gpu.specialized()), (alone(book, Limits::default()), made));
            assert!(defs > 0 && calls > 0, "{defs} definitions, {calls} calls");
        }
        // A short net is none of it, nor is one that is to have none.
        for when in [Specialize::Long, Specialize::Never] {
            gpu.specialize(when);
            let (got, _, special) = by_gpu_as_code(&gpu, &sum_tree(4), Limits::default()).await;
            assert_eq!((got, special), (alone(&sum_tree(4), Limits::default()), (0, 0)));
        }
        assert_eq!(by_gpu_as_code(&gpu, &book, Limits::default()).await.2, (0, 0));
        assert_eq!(gpu.specialized(), 2);
    }

    async fn a_run_that_lost_its_device_goes_on_without_code() {
        let gpu = open().await;
        gpu.specialize(Specialize::After(0));
        let book = sum_tree(10);
        let expected = alone(&book, Limits::default());
        // The clock is asked at each look at the device, so it is lost in the middle.
        let offloaded = Offloaded::new(&book, Limits::default()).expect("it goes to a device");
        let looks = Cell::new(0);
        let clock = || {
            looks.set(looks.get() + 1);
            if looks.get() == 4 {
                gpu.lose();
            }
            0.0
        };
        let solution = gpu.reduce(&offloaded.input(), clock).await.expect("another device does it");
        assert!(looks.get() > 4, "it was lost on the way");
        let finished = offloaded.finish(solution).expect("it adds up");
        assert_eq!((finished.result().to_string(), finished.tally()), (expected.1.clone(), &expected.2));
        assert_eq!((finished.special(), gpu.specialized()), ((0, 0), 0), "the code may have been why");
        // The next runs have plain kernels too, until somebody asks for code again.
        let (got, _, special) = by_gpu_as_code(&gpu, &book, Limits::default()).await;
        assert_eq!((got, special, gpu.specialized()), (expected.clone(), (0, 0), 0));
        gpu.specialize(Specialize::After(0));
        let (got, _, (defs, calls)) = by_gpu_as_code(&gpu, &book, Limits::default()).await;
        assert_eq!((got, gpu.specialized()), (expected, 1));
        assert!(defs > 0 && calls > 0, "{defs} definitions, {calls} calls");
    }

    async fn definitions_as_code_wait_for_room_as_others_do() {
        let gpu = open().await;
        gpu.specialize(Specialize::After(0));
        let book = sum_tree(12);
        let expected = alone(&book, Limits::default());
        let (got, roomy, _) = by_gpu_as_code(&gpu, &book, Limits::default()).await;
        assert_eq!(got, expected);
        let tight = Limits { nodes_max: TIGHT, wires_max: TIGHT, ..Limits::default() };
        let (got, rounds, (_, calls)) = by_gpu_as_code(&gpu, &book, tight).await;
        assert_eq!(got, expected);
        assert!(calls > 0 && rounds > roomy + 5, "{rounds} rounds, {roomy} where none waits");
        let book = sum_tree(if IN_BROWSER { 13 } else { 16 });
        assert_eq!(by_gpu(&gpu, &book, Limits::default()).await.0, alone(&book, Limits::default()));
    }

    async fn random_nets_give_the_same_as_code() {
        let gpu = open().await;
        gpu.specialize(Specialize::After(0));
        let (mut seed, mut done, mut as_code) = (23, 0, 0);
        // Each is a text for the driver's compiler.
        for _ in 0..nets(if IN_BROWSER { 6 } else { 16 }) {
            let bytes: Vec<u8> = (0..160).map(|_| shuffled(&mut seed) as u8).collect();
            let text = random_book(&bytes);
            let book = Book::read(&text).expect("a book");
            let expected = alone(&book, Limits { interactions_max: CAP, ..Limits::default() });
            let is_long = expected.2.interactions() > 5;
            if expected.0 != Progress::Done || !is_long || Offloaded::new(&book, Limits::default()).is_err() {
                continue;
            }
            let (got, _, (_, calls)) = by_gpu_as_code(&gpu, &book, Limits::default()).await;
            assert_eq!(got, expected, "on {}:\n{text}", gpu.about());
            done += 1;
            as_code += u32::from(calls > 0);
        }
        say!("{done} random nets, {as_code} with calls that code did");
        assert!(done > 0 && as_code > 0);
    }

    async fn limits_end_it_as_they_end_one_thread() {
        let gpu = open().await;
        let book = sum_tree(10);
        let most = Limits { interactions_max: 5_000, ..Limits::default() };
        let (got, _) = by_gpu(&gpu, &book, most).await;
        assert_eq!(got.0, Progress::Capped);
        assert!(got.1.len() < 9, "nothing of an unfinished net is read: {}", got.1);
        assert!(got.2.interactions() >= 5_000 && got.2.interactions() < 20_000, "a round more at most");
        let small = Limits { nodes_max: 256, ..Limits::default() };
        assert_eq!(by_gpu(&gpu, &book, small).await.0.0, Progress::Full(Resource::Nodes));
        let small = Limits { wires_max: 256, ..Limits::default() };
        assert_eq!(by_gpu(&gpu, &book, small).await.0.0, Progress::Full(Resource::Wires));
        // With less room than the widest round asks for some pairs wait, and all comes out the same.
        let tight = Limits { nodes_max: 9_000, ..Limits::default() };
        let (got, rounds) = by_gpu(&gpu, &book, tight).await;
        assert_eq!(got, alone(&book, Limits::default()), "{rounds} rounds");
    }

    async fn a_net_that_outgrows_its_room_gets_more() {
        let gpu = open().await;
        let book = sum_tree(if IN_BROWSER { 13 } else { 15 });
        assert_eq!(by_gpu(&gpu, &book, Limits::default()).await.0, alone(&book, Limits::default()));
    }

    async fn numbers_are_the_processors() {
        let values = [
            "0", "3", "16777215", "+5", "-7", "-8388608", "0.0", "-0.0", "1.5", "-2.25", "0.1", "-1.0e-40", "3.0e-41", "3.3e38", "-9.0e37",
            "7.0", "1.0e-20", "123456.0", "+inf", "-inf", "+NaN",
        ];
        let operators = ["+", "-", ":-", "*", "/", ":/", "%", ":%", "=", "!", "<", ">"];
        let gpu = open().await;
        let mut count = 0;
        for x in values {
            let (mut tree, mut pairs) = ("*".to_owned(), String::new());
            let mut add = |pair: String| {
                tree = format!("(r{count} {tree})");
                pairs.push_str(&pair.replace("RESULT", &format!("r{count}")));
                count += 1;
            };
            for y in values {
                for operator in operators {
                    add(format!(" & {x} ~ $([{operator}] $({y} RESULT))"));
                }
            }
            for to in ["u24", "i24", "f24"] {
                add(format!(" & {x} ~ $([{to}] RESULT)"));
            }
            let book = Book::read(&format!("@main = {tree}{pairs}")).unwrap_or_else(|error| panic!("{error}"));
            let (got, _) = by_gpu(&gpu, &book, Limits::default()).await;
            assert_eq!(got, alone(&book, Limits::default()), "{x}");
        }
        say!("{count} operations");
    }

    /// Mesa's drivers for the processor end loops early, and lose what is left, once an invocation went round too often.
    async fn a_long_chain_of_wires_is_followed_and_leaves_time_for_more() {
        let gpu = open().await;
        let book = Book::read(
            "@main = a & @chain ~ (15 (4 n)) & @product ~ (n (0 a))
             @chain = (?((@one @links) a) a)
             @one = (a a)
             @links = ({a b} (x z)) & @chain ~ (a (x y)) & @chain ~ (b (y z))
             @product = (?(((a a) @more) b) b)
             @more = ({c a} ({$([*2] $([+1] d)) $([*2] $([+0] b))} f))
               & @product ~ (a (b $([+] $(e f)))) & @product ~ (c (d e))",
        )
        .expect("a book");
        assert_eq!(by_gpu(&gpu, &book, Limits::default()).await.0, alone(&book, Limits::default()));
    }

    async fn large_results_are_read_back() {
        let gpu = open().await;
        // 4,096 numbers, whose nodes stand on many pages.
        let book = tree(12);
        let (got, _) = by_gpu(&gpu, &book, Limits::default()).await;
        assert_eq!(got, alone(&book, Limits::default()));
        assert!(got.1.len() > 20_000);
    }

    async fn a_lost_device_changes_nothing() {
        let gpu = open().await;
        let book = sum_tree(6);
        for _ in 0..2 {
            gpu.lose();
            assert_eq!(by_gpu(&gpu, &book, Limits::default()).await.0, alone(&book, Limits::default()));
        }
    }

    async fn what_does_not_fit_is_refused() {
        let gpu = Gpu::open_within(64).await.expect("a GPU");
        let book = Book::read("@main = (((a a) (b b)) ((c c) (d d)))").expect("a book");
        let offloaded = Offloaded::new(&book, Limits::default()).expect("it goes to a device");
        let error = gpu.reduce(&offloaded.input(), now_ms).await.expect_err("64 bytes hold four nodes");
        assert!(matches!(error, GpuError::NoRoom { nodes_max: 4, .. }), "{error}");
    }
    async fn a_tree_gives_the_same_result_and_the_same_counts() {
        let gpu = open().await;
        for depth in 0..12 {
            let book = sum_tree(depth);
            let (got, rounds) = by_gpu(&gpu, &book, Limits::default()).await;
            assert_eq!(got, alone(&book, Limits::default()), "depth {depth} on {}", gpu.about());
            assert!(rounds < 20 + 10 * u64::from(depth), "a level adds a few rounds: {rounds}");
        }
    }

    async fn random_nets_give_the_same_net_and_the_same_counts() {
        let gpu = open().await;
        let (mut seed, mut done, mut left, mut busy) = (11, 0, 0, 0);
        for _ in 0..nets(if IN_BROWSER { 200 } else { 2_000 }) {
            let bytes: Vec<u8> = (0..160).map(|_| shuffled(&mut seed) as u8).collect();
            let text = random_book(&bytes);
            let book = Book::read(&text).expect("a book");
            let expected = alone(&book, Limits { interactions_max: CAP, ..Limits::default() });
            if expected.0 != Progress::Done || Offloaded::new(&book, Limits::default()).is_err() {
                left += 1;
                continue;
            }
            let (got, _) = by_gpu(&gpu, &book, Limits::default()).await;
            assert_eq!(got, expected, "on {}:\n{text}", gpu.about());
            done += 1;
            busy += u32::from(expected.2.interactions() > 5);
        }
        say!("{done} random nets, {busy} of more than five interactions; {left} that do not end or go to no device");
        assert!(done > left && busy > done / 4);
    }

    /// In one heap, so that the first rounds have many pairs of unlike nets, and several workgroups.
    async fn random_nets_side_by_side_give_the_same_nets_and_the_same_counts() {
        const SIDE_BY_SIDE: u32 = 1_000;
        let gpu = open().await;
        let capped = Limits { interactions_max: CAP, ..Limits::default() };
        let (mut seed, mut books, mut interactions) = (31, 0, 0);
        for _ in 0..nets(if IN_BROWSER { 2_000 } else { 100_000 }).div_ceil(SIDE_BY_SIDE) {
            let text = side_by_side(SIDE_BY_SIDE as usize, &mut seed, |text| {
                let book = Book::read(text).expect("a book");
                alone(&book, capped).0 == Progress::Done && Offloaded::new(&book, Limits::default()).is_ok()
            });
            let book = Book::read(&text).expect("a book");
            let (got, _) = by_gpu(&gpu, &book, Limits::default()).await;
            assert_eq!(got, alone(&book, Limits::default()), "on {}", gpu.about());
            books += 1;
            interactions += got.2.interactions();
        }
        let nets = books * SIDE_BY_SIDE;
        say!("{nets} random nets in {books} books of {SIDE_BY_SIDE}, {interactions} interactions, on {}", gpu.about());
    }
}
