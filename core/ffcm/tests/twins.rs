//! The twins of the kernels, run as a device runs the kernels, against one thread: every result, every count.

#[path = "../src/tests/random.rs"]
mod random;

use ffcm::{Book, Limits, Machine, Offloaded, Progress, Resource, Tally};
use random::{CAP, nets, random_book, shuffled, side_by_side};
use shaders::ffcm::{
    NONE, Solution, State, Totals, counts,
    cpu::{Memory, narrow, settle, wide},
    special::{Special, hot},
    special_calls, stopped,
};

/// Random nets of a book that holds many: its first rounds take several workgroups.
const SIDE_BY_SIDE: u32 = 500;

/// What is looked at of a result that may be broken.
const RESULT_BYTES: usize = 1 << 20;

type Got = (Progress, String, Tally);

fn alone(book: &Book, limits: Limits) -> Got {
    let mut machine = Machine::new(book, limits).expect("room");
    let progress = machine.run(u64::MAX);
    (progress, machine.result().to_string(), machine.tally().clone())
}

/// A device without hardware, with room for so many nodes and wires. Its workgroups come in an order that the seed says.
fn by_twins(book: &Book, limits: Limits, room: [u32; 2], seed: u64) -> Got {
    by_special_twins(book, limits, room, seed, None).0
}

/// The same with definitions as code; also how many calls went that way, and how many rounds there were.
fn by_special_twins(
    book: &Book,
    limits: Limits,
    [nodes_max, wires_max]: [u32; 2],
    mut seed: u64,
    special: Option<&Special>,
) -> (Got, u64, u32) {
    let offloaded = Offloaded::new(book, limits).expect("it goes to a device");
    let mut memory = Memory::new(&offloaded.input(), nodes_max, wires_max, 65_535);
    memory.special = special;
    while memory.known().stopped == stopped::STOPPED_NOT {
        wide(&mut memory, |groups| {
            for at in (1..groups.len()).rev() {
                groups.swap(at, (shuffled(&mut seed) % (at as u64 + 1)) as usize);
            }
        });
        narrow(&mut memory);
        settle(&mut memory);
    }
    let solution = solution(&memory);
    let (calls, rounds) = (solution.special_calls, solution.state.rounds);
    let finished = offloaded.finish(solution).expect("it adds up");
    let got = (finished.progress(), finished.result().to_string(), finished.tally().clone());
    (got, calls, rounds)
}

/// What a device gives that has this in its buffers.
fn solution(memory: &Memory<'_>) -> Solution {
    let mut totals = Totals::default();
    totals.add(&State::default(), &memory.known());
    Solution {
        state: memory.known(),
        totals,
        counts: counts(&memory.state),
        special_defs: memory.special.map_or(0, |special| special.defs.len() as u32),
        special_calls: special_calls(&memory.state),
        nodes: (0..).zip(memory.nodes.iter().copied()).collect(),
        wires: (0..).zip(memory.wires.iter().map(|word| !word)).collect(),
    }
}

/// A device whose memory is weak: of a wire that a round frees, what empties it arrives as late as it may, which is when the round ends. With `reuses_at_once`
/// its kernels make the mistake that the rings are there against: they hand a wire out in the round that freed it. Gives how it ended, the beginning of
/// the result, and how many interactions there were.
fn on_weak_memory(book: &Book, room: u32, reuses_at_once: bool) -> (u32, String, u64) {
    let limits = Limits { interactions_max: 1 << 20, ..Limits::default() };
    let offloaded = Offloaded::new(book, limits).expect("it goes to a device");
    let mut memory = Memory::new(&offloaded.input(), room, room, 65_535);
    let at_ready = State::FIELDS.iter().position(|field| *field == "wires_ready").expect("a field");
    while memory.known().stopped == stopped::STOPPED_NOT && memory.known().rounds < 100_000 {
        let first = memory.known().wires_tail;
        let [width, height, ..] = memory.workgroups;
        for group in 0..width * height {
            // This workgroup alone: where the others would be there is no pair.
            wide(&mut memory, |groups| {
                groups.fill(1 << 20);
                groups[0] = group;
            });
            if reuses_at_once {
                memory.state[at_ready] = memory.known().wires_tail;
            }
        }
        for position in first..memory.known().wires_tail {
            let wire = memory.free_wires[position as usize % memory.free_wires.len()];
            memory.wires[wire as usize] = !NONE;
        }
        narrow(&mut memory);
        settle(&mut memory);
    }
    let (state, mut text) = (memory.known(), String::new());
    let Ok(finished) = offloaded.finish(solution(&memory)) else { return (state.stopped, text, 0) };
    // Of a broken net only the beginning is written: it may go in circles.
    let _ = finished.result().write(&mut text, RESULT_BYTES);
    (state.stopped, text, finished.tally().interactions())
}

/// Books of 500 random nets each that end, so many nets in all, and what one thread makes of each book.
fn many_side_by_side(nets: u32, mut seed: u64) -> impl Iterator<Item = (Book, Got)> {
    let capped = Limits { interactions_max: CAP, ..Limits::default() };
    (0..nets.div_ceil(SIDE_BY_SIDE)).map(move |_| {
        let text = side_by_side(SIDE_BY_SIDE as usize, &mut seed, |text| {
            let book = Book::read(text).expect("a book");
            alone(&book, capped).0 == Progress::Done && Offloaded::new(&book, Limits::default()).is_ok()
        });
        let book = Book::read(&text).expect("a book");
        let expected = alone(&book, Limits::default());
        (book, expected)
    })
}

/// Code for all definitions of a book, those that it calls most first.
fn special(book: &Book) -> Special {
    let offloaded = Offloaded::new(book, Limits::default()).expect("it goes to a device");
    let mut defs = hot(&offloaded.input());
    defs.extend(0..book.defs().len() as u32);
    Special::new(offloaded.input().program, &defs)
}

fn sum_tree(depth: u32) -> Book {
    Book::read(&hvm_programs::sum_tree(depth)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn many_workgroups_in_any_order_give_the_same_result_and_the_same_counts() {
    let book = sum_tree(12);
    let expected = alone(&book, Limits::default());
    for seed in 1..5 {
        assert_eq!(by_twins(&book, Limits::default(), [1 << 17, 1 << 17], seed), expected);
    }
}

#[test]
fn too_little_room_makes_pairs_wait_and_far_too_little_is_said() {
    let book = sum_tree(9);
    let expected = alone(&book, Limits::default());
    let (mut done, mut full) = (0, 0);
    for nodes_max in [400, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 12_000] {
        for wires_max in [nodes_max, 2 * nodes_max] {
            let got = by_twins(&book, Limits::default(), [nodes_max, wires_max], 1);
            match got.0 {
                Progress::Done => {
                    assert_eq!(got, expected, "{nodes_max} nodes, {wires_max} wires");
                    done += 1;
                }
                Progress::Full(Resource::Nodes | Resource::Wires) => full += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    println!("{done} came out, {full} did not");
    assert!(done > 3 && full > 1);
}

#[test]
fn random_nets_give_the_same_net_and_the_same_counts() {
    let (mut seed, mut done, mut left, mut tight) = (5, 0, 0, 0);
    for _ in 0..nets(20_000) {
        let bytes: Vec<u8> = (0..160).map(|_| shuffled(&mut seed) as u8).collect();
        let text = random_book(&bytes);
        let book = Book::read(&text).expect("a book");
        let expected = alone(&book, Limits { interactions_max: CAP, ..Limits::default() });
        if expected.0 != Progress::Done || Offloaded::new(&book, Limits::default()).is_err() {
            left += 1;
            continue;
        }
        assert_eq!(by_twins(&book, Limits::default(), [4_096, 4_096], seed), expected, "{text}");
        done += 1;
        // In rings that turn often.
        let offloaded = Offloaded::new(&book, Limits::default()).expect("again");
        let sizes = [offloaded.input().nodes.len() as u32 + 24, offloaded.input().wires.len() as u32 + 24];
        let got = by_twins(&book, Limits::default(), sizes, seed);
        if got.0 == Progress::Done {
            assert_eq!(got, expected, "in {sizes:?}\n{text}");
            tight += 1;
        }
    }
    println!(
        "{done} random nets, {tight} of them with little room; {left} that do not end or go to no device"
    );
    assert!(done > left && tight > done / 2);
}

#[test]
fn random_nets_side_by_side_give_the_same_nets_and_the_same_counts() {
    let mut books = 0;
    for (book, expected) in many_side_by_side(nets(100_000), 17) {
        assert_eq!(by_twins(&book, Limits::default(), [1 << 16, 1 << 16], 19), expected);
        books += 1;
    }
    println!("{} random nets in {books} books", books * SIDE_BY_SIDE);
}

#[test]
fn a_wire_used_again_in_its_round_breaks_nets_and_one_used_later_breaks_none() {
    let (mut books, mut broken) = (0, 0);
    for (book, (_, text, tally)) in many_side_by_side(nets(10_000), 23) {
        let expected = (stopped::STOPPED_DONE, text, tally.interactions());
        assert!(expected.1.len() < RESULT_BYTES, "all of it is compared");
        assert_eq!(on_weak_memory(&book, 1 << 16, false), expected, "a wire is used a round later");
        broken += u32::from(on_weak_memory(&book, 1 << 16, true) != expected);
        books += 1;
    }
    let nets = books * SIDE_BY_SIDE;
    println!(
        "{nets} random nets in {books} books: where wires are used again at once, {broken} come out wrong"
    );
    assert!(broken > books / 2);
}

#[test]
fn definitions_as_code_give_the_same_result_and_the_same_counts() {
    for depth in [0, 1, 2, 5, 12] {
        let book = sum_tree(depth);
        let expected = alone(&book, Limits::default());
        let (plain, _, plain_rounds) =
            by_special_twins(&book, Limits::default(), [1 << 17, 1 << 17], 1, None);
        assert_eq!(plain, expected);
        for seed in 1..4 {
            let special = special(&book);
            let (got, calls, rounds) =
                by_special_twins(&book, Limits::default(), [1 << 17, 1 << 17], seed, Some(&special));
            assert_eq!(got, expected, "depth {depth}");
            println!("depth {depth}: {calls} calls as code, {rounds} rounds in place of {plain_rounds}");
            assert!(calls > 0 && rounds <= plain_rounds);
        }
    }
}

#[test]
fn each_program_of_the_crate_gives_the_same_as_code() {
    let mut run = 0;
    for (name, text) in hvm_programs::PROGRAMS {
        let Ok(book) = Book::read(text) else { continue };
        let is_long = hvm_programs::LONG.iter().any(|(long, ..)| long == name);
        if is_long || hvm_programs::asks_the_system(text) || Offloaded::new(&book, Limits::default()).is_err()
        {
            continue;
        }
        let special = special(&book);
        let room = [1 << 18, 1 << 18];
        let (got, calls, rounds) = by_special_twins(&book, Limits::default(), room, 1, Some(&special));
        let (_, _, plain_rounds) = by_special_twins(&book, Limits::default(), room, 1, None);
        println!(
            "{name}: {} definitions, {} variants, {} bytes; {calls} calls as code; {rounds} rounds in place of {plain_rounds}",
            special.defs.len(),
            special.variants.len(),
            special.source().len(),
        );
        assert_eq!(got, alone(&book, Limits::default()), "{name}");
        run += 1;
    }
    assert!(run >= 7, "{run} run");
}

#[test]
fn random_nets_give_the_same_as_code() {
    let (mut seed, mut done, mut left, mut as_code, mut tight) = (9, 0, 0, 0, 0);
    for _ in 0..nets(4_000) {
        let bytes: Vec<u8> = (0..160).map(|_| shuffled(&mut seed) as u8).collect();
        let text = random_book(&bytes);
        let book = Book::read(&text).expect("a book");
        let expected = alone(&book, Limits { interactions_max: CAP, ..Limits::default() });
        if expected.0 != Progress::Done || Offloaded::new(&book, Limits::default()).is_err() {
            left += 1;
            continue;
        }
        let special = special(&book);
        let (got, calls, _) =
            by_special_twins(&book, Limits::default(), [4_096, 4_096], seed, Some(&special));
        assert_eq!(got, expected, "{text}\n{special:?}");
        done += 1;
        as_code += u32::from(calls > 0);
        // Where pairs wait, and places are used again at once.
        let offloaded = Offloaded::new(&book, Limits::default()).expect("again");
        let sizes = [offloaded.input().nodes.len() as u32 + 24, offloaded.input().wires.len() as u32 + 24];
        let (got, ..) = by_special_twins(&book, Limits::default(), sizes, seed, Some(&special));
        if got.0 == Progress::Done {
            assert_eq!(got, expected, "in {sizes:?}\n{text}");
            tight += 1;
        }
    }
    println!(
        "{done} random nets, {as_code} of them with calls as code, {tight} with little room; {left} that do not end"
    );
    assert!(done > left && as_code > done / 20 && tight > done / 2);
}
