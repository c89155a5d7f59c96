use super::*;
use crate::Machine;
use std::string::ToString;

fn sum_tree(depth: u32) -> Book {
    Book::read(&hvm_programs::sum_tree(depth)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn rounds_do_what_one_thread_does_in_rounds_that_grow_with_the_depth_alone() {
    let mut before = 0;
    for depth in 4..9 {
        let book = sum_tree(depth);
        let mut machine = Machine::new(&book, Limits::default()).expect("room");
        machine.run(u64::MAX);
        let mut rounds = Rounds::new(&book, Limits::default()).expect("room");
        assert_eq!(rounds.run(), Progress::Done);
        assert_eq!(rounds.tally(), machine.tally());
        assert_eq!(rounds.result().to_string(), (1 << depth).to_string());
        let (count, widest) = rounds.rounds();
        assert!(widest >= 1 << depth, "breadth doubles with each level");
        assert!(before == 0 || count - before <= 10, "a level adds a few rounds: {count}");
        before = count;
    }
}

#[test]
fn a_full_heap_waits_for_the_next_round_and_says_so_if_none_helps() {
    let book = sum_tree(8);
    let mut free = Rounds::new(&book, Limits::default()).expect("room");
    assert_eq!(free.run(), Progress::Done);
    let most = free.reducer.space.nodes.len() as u32;
    // Less room than all pairs of the widest round need at once: some wait, and all come out the same.
    let tight = Limits { nodes_max: most * 9 / 10, ..Limits::default() };
    let mut rounds = Rounds::new(&book, tight).expect("room");
    assert_eq!(rounds.run(), Progress::Done);
    assert_eq!(rounds.tally(), free.tally());
    assert!(rounds.reducer.space.nodes.len() as u32 <= tight.nodes_max, "it had less room");

    let mut rounds = Rounds::new(&book, Limits { nodes_max: 64, ..Limits::default() }).expect("room");
    assert_eq!(rounds.run(), Progress::Full(Resource::Nodes));
    let mut rounds = Rounds::new(&book, Limits { interactions_max: 100, ..Limits::default() }).expect("room");
    assert_eq!(rounds.run(), Progress::Capped);
    assert_eq!(rounds.run(), Progress::Capped);
}

#[test]
fn free_wires_hold_none_after_each_round() {
    let book = sum_tree(5);
    let mut rounds = Rounds::new(&book, Limits::default()).expect("room");
    while !rounds.round(|_| {}).is_final() {
        let heap = &rounds.reducer.space;
        assert!(heap.free_wires.iter().all(|wire| heap.wires[*wire as usize] == Port::NONE.0));
        assert!(heap.freed_wires.is_empty() && heap.freed_nodes.is_empty());
    }
}
