//! Any order of reductions gives the same net after the same number of interactions.

mod random;

use crate::{
    Book, Limits, Machine, NormalForm, Progress, Resource, Rounds, Tally,
    heap::Heap,
    normal::Net,
    port::{Node, Port},
    rules::{Reducer, Space},
};
use proptest::{collection::vec, prelude::*};
use random::{CAP, nets, random_book, shuffled, side_by_side};
use std::{
    string::{String, ToString},
    vec::Vec,
};

/// A heap that expands definitions node by node, and never looks ahead along a wire.
struct Plain(Heap);

impl Space for Plain {
    const FUSES: bool = false;
    fn reserve(&mut self, nodes: u32, wires: u32) -> Result<(), Resource> {
        self.0.reserve(nodes, wires)
    }
    fn add_node(&mut self, node: Node) -> u32 {
        self.0.add_node(node)
    }
    fn set_node(&mut self, at: u32, node: Node) {
        self.0.set_node(at, node);
    }
    fn take_node(&mut self, at: u32) -> Node {
        self.0.take_node(at)
    }
    fn add_wire(&mut self) -> u32 {
        self.0.add_wire()
    }
    fn meet(&mut self, wire: u32, port: Port) -> Port {
        self.0.meet(wire, port)
    }
    fn follow(&mut self, _: u32) -> Port {
        Port::NONE
    }
    fn push(&mut self, a: Port, b: Port) {
        self.0.push(a, b);
    }
}

/// Which pair comes next.
#[derive(Debug, Clone, Copy)]
enum Schedule {
    Newest,
    Oldest,
    Random(u64),
}

/// Runs a book with one schedule; `None` if it passes the cap.
fn scheduled<S: Space>(
    book: &Book,
    space: S,
    heap: fn(&mut S) -> &mut Heap,
    schedule: Schedule,
) -> Option<(String, Tally)> {
    let mut reducer = Reducer::new(book, space);
    let root = reducer.start().expect("room");
    let mut seed = if let Schedule::Random(seed) = schedule { seed | 1 } else { 1 };
    loop {
        let pairs = &mut heap(&mut reducer.space).pairs;
        if pairs.is_empty() {
            break;
        }
        let [a, b] = match schedule {
            Schedule::Newest => pairs.swap_remove(pairs.len() - 1),
            Schedule::Oldest => pairs.remove(0),
            Schedule::Random(_) => pairs.swap_remove((shuffled(&mut seed) % pairs.len() as u64) as usize),
        };
        // The two may come in any order, too.
        let (a, b) = if shuffled(&mut seed) & 1 == 0 { (a, b) } else { (b, a) };
        reducer.reduce(a, b).expect("room");
        if reducer.tally.interactions() > CAP {
            return None;
        }
    }
    let tally = reducer.tally.clone();
    Some((NormalForm::new(book, Port::wire(root), heap(&mut reducer.space)).to_string(), tally))
}

fn in_rounds(book: &Book, mut seed: u64) -> (String, Tally) {
    seed |= 1;
    let mut rounds = Rounds::new(book, Limits::default()).expect("room");
    let mix = |pairs: &mut [[Port; 2]], seed: &mut u64| {
        for at in (1..pairs.len()).rev() {
            pairs.swap(at, (shuffled(seed) % (at as u64 + 1)) as usize);
        }
    };
    while !rounds.round(|pairs| mix(pairs, &mut seed)).is_final() {}
    (rounds.result().to_string(), rounds.tally().clone())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: nets(100_000),
        max_global_rejects: 1_000_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_order_gives_the_same_net_and_the_same_counts(bytes in vec(any::<u8>(), 0..160), seed: u64) {
        let text = random_book(&bytes);
        let book = Book::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut machine = Machine::new(&book, Limits { interactions_max: CAP, ..Limits::default() }).expect("room");
        prop_assume!(machine.run(u64::MAX) == Progress::Done);
        let expected = (machine.result().to_string(), machine.tally().clone());
        let heap = || Heap::new(&Limits::default());
        for schedule in [Schedule::Newest, Schedule::Oldest, Schedule::Random(seed), Schedule::Random(!seed)] {
            // Fused steps pass the cap by a few.
            if let Some(got) = scheduled(&book, heap(), |heap| heap, schedule) {
                prop_assert_eq!(&got, &expected, "fused, {:?}\n{}", schedule, text);
            }
            if let Some(got) = scheduled(&book, Plain(heap()), |plain| &mut plain.0, schedule) {
                prop_assert_eq!(&got, &expected, "plain, {:?}\n{}", schedule, text);
            }
        }
        prop_assert_eq!(&in_rounds(&book, seed), &expected, "in rounds\n{}", text);
    }
}

#[test]
fn random_books_do_things() {
    let (mut done, mut busy, mut opcodes) = (0, 0, [0u64; 8]);
    let mut seed = 7;
    for _ in 0..2000 {
        let bytes: Vec<u8> = (0..160).map(|_| shuffled(&mut seed) as u8).collect();
        let book = Book::read(&random_book(&bytes)).expect("a book");
        let mut machine =
            Machine::new(&book, Limits { interactions_max: CAP, ..Limits::default() }).expect("room");
        if machine.run(u64::MAX) == Progress::Done {
            done += 1;
            busy += u32::from(machine.tally().interactions() > 5);
            (1..8).for_each(|opcode| opcodes[opcode] += machine.tally().counts[opcode]);
        }
    }
    assert!(done > 1800, "{done} of 2000 end");
    assert!(busy > 600, "{busy} do more than five interactions");
    assert!(opcodes[1..].iter().all(|count| *count > 100), "each opcode comes: {opcodes:?}");
}

#[test]
fn nets_side_by_side_count_what_each_counts_alone() {
    let capped = Limits { interactions_max: CAP, ..Limits::default() };
    let (mut seed, mut sum) = (3, 0);
    let text = side_by_side(1_000, &mut seed, |text| {
        let book = Book::read(text).expect("a book");
        let mut machine = Machine::new(&book, capped).expect("room");
        let is_taken = machine.run(u64::MAX) == Progress::Done;
        // But for the one that expands `main`.
        sum += if is_taken { machine.tally().interactions() - 1 } else { 0 };
        is_taken
    });
    let book = Book::read(&text).unwrap_or_else(|error| panic!("{error}"));
    let mut machine = Machine::new(&book, Limits::default()).expect("room");
    assert_eq!(machine.run(u64::MAX), Progress::Done);
    assert_eq!(machine.tally().interactions(), sum + 1);
    assert_eq!(in_rounds(&book, seed), (machine.result().to_string(), machine.tally().clone()));
}

/// A heap as a GPU has it: what empties a freed wire reaches memory at some later moment of the round.
struct Weak {
    heap: Heap,
    /// Wires freed in this round, and whether the store that empties each has landed.
    freed: Vec<(u32, bool)>,
    wires: Vec<u32>,
    free: Vec<u32>,
    /// Whether a wire may be handed out in the round that freed it: the mistake.
    reuses_at_once: bool,
    seed: u64,
}

impl Weak {
    fn land(&mut self, all: bool) {
        for (wire, landed) in &mut self.freed {
            if !*landed && (all || shuffled(&mut self.seed).is_multiple_of(8)) {
                self.wires[*wire as usize] = Port::NONE.0;
                *landed = true;
            }
        }
    }

    fn end_round(&mut self) {
        self.land(true);
        let freed = core::mem::take(&mut self.freed);
        if !self.reuses_at_once {
            self.free.extend(freed.into_iter().map(|(wire, _)| wire));
        }
    }
}

impl Net for Weak {
    fn ports(&self, node: u32) -> Option<[Port; 2]> {
        self.heap.ports(node)
    }
    fn label(&self, node: u32) -> u32 {
        self.heap.label(node)
    }
    fn waiting(&self, wire: u32) -> Port {
        Port(self.wires[wire as usize])
    }
}

impl Space for Weak {
    const FUSES: bool = false;
    fn reserve(&mut self, nodes: u32, _: u32) -> Result<(), Resource> {
        self.heap.reserve(nodes, 0)
    }
    fn add_node(&mut self, node: Node) -> u32 {
        self.heap.add_node(node)
    }
    fn set_node(&mut self, at: u32, node: Node) {
        self.heap.set_node(at, node);
    }
    fn take_node(&mut self, at: u32) -> Node {
        self.heap.take_node(at)
    }
    fn add_wire(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.wires.push(Port::NONE.0);
            self.wires.len() as u32 - 1
        })
    }
    fn meet(&mut self, wire: u32, port: Port) -> Port {
        self.land(false);
        let waiting = core::mem::replace(&mut self.wires[wire as usize], port.0);
        if waiting != Port::NONE.0 {
            self.freed.push((wire, false));
            if self.reuses_at_once {
                self.free.push(wire);
            }
        }
        Port(waiting)
    }
    fn follow(&mut self, _: u32) -> Port {
        Port::NONE
    }
    fn push(&mut self, a: Port, b: Port) {
        self.heap.push(a, b);
    }
}

/// Runs the book in rounds on weak memory; gives what it printed and how much it did.
fn on_weak_memory(book: &Book, reuses_at_once: bool, seed: u64) -> (String, u64) {
    let heap = Heap::new(&Limits::default());
    let weak = Weak { heap, freed: Vec::new(), wires: Vec::new(), free: Vec::new(), reuses_at_once, seed };
    let mut reducer = Reducer::new(book, weak);
    let root = reducer.start().expect("room");
    reducer.space.end_round();
    while !reducer.space.heap.pairs.is_empty() && reducer.tally.interactions() < 100_000 {
        for [a, b] in core::mem::take(&mut reducer.space.heap.pairs) {
            reducer.reduce(a, b).expect("room");
        }
        reducer.space.end_round();
    }
    let result = NormalForm::new(book, Port::wire(root), &reducer.space);
    let mut text = String::new();
    // Of a broken net only the beginning is written: it may go in circles.
    let _ = result.write(&mut text, 1000);
    (text, reducer.tally.interactions())
}

#[test]
fn a_wire_used_again_in_its_round_loses_links_and_one_used_later_does_not() {
    let book = Book::read(
        // `@leaf` and `@step` begin with a wire, which is new and met in the round that makes it.
        "@fun = (?((@leaf @fork) a) a)
         @leaf = a & @loop ~ (3 a)
         @fork = ({a b} d) & @fun ~ (a $([+] $(c d))) & @fun ~ (b c)
         @loop = (?((1 @step) a) a)
         @step = a & @loop ~ a
         @main = a & @fun ~ (5 a)",
    )
    .expect("a book");
    let mut machine = Machine::new(&book, Limits::default()).expect("room");
    machine.run(u64::MAX);
    let expected = (machine.result().to_string(), machine.tally().interactions());
    assert_eq!(expected.0, "32");
    let mut lost = 0;
    for seed in 1..40 {
        assert_eq!(on_weak_memory(&book, false, seed), expected, "seed {seed}");
        lost += u32::from(on_weak_memory(&book, true, seed) != expected);
    }
    assert!(lost > 30, "{lost} of 39 runs are wrong where wires are used again at once");
}
