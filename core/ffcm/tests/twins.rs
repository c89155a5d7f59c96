//! The twins of the kernels, run as a device runs the kernels, against one thread: every result, every count.

#[path = "../src/tests/random.rs"]
mod random;

use ffcm::{Book, Limits, Machine, Offloaded, Progress, Resource, Tally};
use random::{CAP, nets, random_book, shuffled};
use shaders::ffcm::{
    Solution, State, Totals, counts,
    cpu::{Memory, narrow, settle, wide},
    stopped,
};

type Got = (Progress, String, Tally);

fn alone(book: &Book, limits: Limits) -> Got {
    let mut machine = Machine::new(book, limits).expect("room");
    let progress = machine.run(u64::MAX);
    (progress, machine.result().to_string(), machine.tally().clone())
}

/// A device without hardware, with room for so many nodes and wires. Its workgroups come in an order that the seed says.
fn by_twins(book: &Book, limits: Limits, [nodes_max, wires_max]: [u32; 2], mut seed: u64) -> Got {
    let offloaded = Offloaded::new(book, limits).expect("it goes to a device");
    let mut memory = Memory::new(&offloaded.input(), nodes_max, wires_max, 65_535);
    while memory.known().stopped == stopped::STOPPED_NOT {
        wide(&mut memory, |groups| {
            for at in (1..groups.len()).rev() {
                groups.swap(at, (shuffled(&mut seed) % (at as u64 + 1)) as usize);
            }
        });
        narrow(&mut memory);
        settle(&mut memory);
    }
    let mut totals = Totals::default();
    totals.add(&State::default(), &memory.known());
    let solution = Solution {
        state: memory.known(),
        totals,
        counts: counts(&memory.state),
        nodes: (0..).zip(memory.nodes).collect(),
        wires: (0..).zip(memory.wires.iter().map(|word| !word)).collect(),
    };
    let finished = offloaded.finish(solution).expect("it adds up");
    (finished.progress(), finished.result().to_string(), finished.tally().clone())
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
