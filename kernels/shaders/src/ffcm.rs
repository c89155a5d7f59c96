//! Interaction nets as `core/ffcm` defines them, reduced strictly in rounds of dispatches.
//!
//! A step is: [`Kernel::Wide`] and [`Kernel::Narrow`], of which one does nothing, then [`Kernel::Settle`]. The wide one does a round of many pairs, a lane
//! each; the narrow one does rounds of few pairs in one workgroup; the last one says which of them has work next, and how many workgroups the wide one gets.
//! So many steps can be handed to a device at once; after the last round they do nothing.
//!
//! A node is reached through its principal port alone, so it belongs to the pair that this port is in. What two pairs share is a wire, and all that happens
//! to it is one exchange at each end. What a round frees stands in a ring behind what it may take, until the round is over: then no store of the round can come late.
//!
//! Definitions that a net calls most can be code of the wide and the narrow kernel, see [`special`].
//!
//! # Bounds
//! There are no more pairs than nodes, but for chains of wires that go on in the next round, and each of these has freed [`LINKS_MAX`] wires: [`pairs_max`].

pub mod cpu;
pub mod special;

use crate::{Access, Bindings, GROUP, constant, structure, words};
use alloc::{format, string::String, vec::Vec};

/// Bits of a port's tag.
pub const TAG_BITS: u32 = 3;
/// Bits of a number's kind.
pub const KIND_BITS: u32 = 5;
/// How many opcodes there are.
pub const OPCODES: u32 = 8;
/// What a device counts: interactions by opcode, then calls of definitions that are code ([`special`]).
pub const COUNTERS: u32 = OPCODES + 1;
/// The number of no variant: a definition is expanded by reading it.
pub const PLAIN: u32 = 0;
/// What an empty wire holds.
pub const NONE: u32 = u32::MAX;
/// Wires that one lane follows for one link in a round.
///
/// Mesa's drivers for the processor end every loop of an invocation once all its loops together have gone round 65,535 times, and say nothing: what is left is
/// lost. So no invocation may come near: [`DEF_PAIRS_MAX`] links of so many wires each stay below it, and the narrow kernel ends after [`NARROW_STEPS`].
pub const LINKS_MAX: u32 = 256;
/// Nodes and wires of a definition that a lane expands, at most each: a workgroup's places are then counted in 18 bits, and so in 32 those that all
/// workgroups of a device ask for at the same moment.
pub const DEF_MAX: u32 = 1024;
/// Pairs of a definition that a lane expands.
pub const DEF_PAIRS_MAX: u32 = 96;
/// Pairs of a round that one workgroup does alone: one for each of its lanes.
pub const NARROW_PAIRS: u32 = NARROW_LANES;
/// Lanes of that workgroup: few, since a device without hardware goes through all of them for a single pair.
pub const NARROW_LANES: u32 = 32;
/// It begins no further round after so many steps: places, wires and pairs that all its lanes have asked for or left.
pub const NARROW_STEPS: u32 = 1 << 14;
/// Rounds that it does in one dispatch.
pub const NARROW_ROUNDS: u32 = 64;
/// Pairs, nodes and wires that a workgroup gathers before it writes them down; what is more is written one by one.
const LEFT: [(&str, u32); 3] = [("LEFT_PAIRS", 768), ("LEFT_NODES", 512), ("LEFT_WIRES", 1024)];

/// Numbers with names, for Rust and for the kernels.
macro_rules! numbers {
    ($(#[$about:meta])* $module:ident { $($(#[$field_about:meta])* $name:ident = $value:expr,)* }) => {
        $(#[$about])*
        pub mod $module {
            $($(#[$field_about])* pub const $name: u32 = $value;)*
            /// All of them, by name.
            pub const ALL: &[(&str, u32)] = &[$((stringify!($name), $name)),*];
        }
    };
}

numbers! {
    /// Tags of ports.
    tag {
        /// One end of a wire.
        VAR = 0,
        /// A definition.
        REF = 1,
        /// An eraser.
        ERA = 2,
        /// A number.
        NUM = 3,
        /// A constructor.
        CON = 4,
        /// A duplicator.
        DUP = 5,
        /// An operator.
        OPR = 6,
        /// A switch.
        SWI = 7,
    }
}

numbers! {
    /// What is done to a pair.
    opcode {
        /// Joins what the pair's ports lead to.
        LINK = 0,
        /// Two nodes of one kind vanish.
        APPLY = 1,
        /// A copy is made.
        DUPLICATE = 2,
        /// Two nodes pass through each other.
        DISTRIBUTE = 3,
        /// A number meets an operator.
        SUCC = 4,
        /// A number chooses a branch.
        SWITCH = 5,
        /// Something is erased.
        COLLAPSE = 6,
        /// A definition is replaced by its net.
        SPECIALIZE = 7,
    }
}

/// The opcode of each pair of tags, at `8 * first + second`. `core/ffcm` asserts that it is its own.
pub const TABLE: [u8; 64] = [
    0, 0, 0, 0, 0, 0, 0, 0, // VAR
    0, 6, 6, 6, 7, 2, 7, 7, // REF
    0, 6, 6, 6, 6, 6, 6, 6, // ERA
    0, 6, 6, 6, 6, 2, 4, 5, // NUM
    0, 7, 6, 6, 1, 3, 3, 3, // CON
    0, 2, 6, 2, 3, 2, 3, 3, // DUP
    0, 7, 6, 4, 3, 3, 1, 3, // OPR
    0, 7, 6, 5, 3, 3, 3, 1, // SWI
];

numbers! {
    /// Kinds of numbers.
    kind {
        /// An operator alone.
        SYM = 0,
        /// Unsigned.
        U24 = 1,
        /// Signed.
        I24 = 2,
        /// A float.
        F24 = 3,
    }
}

numbers! {
    /// Operators; all that are not casts are kinds too, of an operator with one operand.
    operator {
        /// To unsigned.
        TO_U24 = 1,
        /// To signed.
        TO_I24 = 2,
        /// To a float.
        TO_F24 = 3,
        /// The sum.
        ADD = 4,
        /// The difference.
        SUB = 5,
        /// The difference, operands swapped.
        SUB_FLIPPED = 6,
        /// The product.
        MUL = 7,
        /// The quotient.
        DIV = 8,
        /// The quotient, operands swapped.
        DIV_FLIPPED = 9,
        /// The remainder.
        REM = 10,
        /// The remainder, operands swapped.
        REM_FLIPPED = 11,
        /// 1 if equal.
        EQUAL = 12,
        /// 1 if not equal.
        NOT_EQUAL = 13,
        /// 1 if less.
        LESS = 14,
        /// 1 if greater.
        GREATER = 15,
        /// Bitwise and.
        AND = 16,
        /// Bitwise or.
        OR = 17,
        /// Bitwise exclusive or.
        XOR = 18,
        /// Shifted left.
        SHIFT_LEFT = 19,
        /// Shifted left, operands swapped.
        SHIFT_LEFT_FLIPPED = 20,
        /// Shifted right.
        SHIFT_RIGHT = 21,
        /// Shifted right, operands swapped.
        SHIFT_RIGHT_FLIPPED = 22,
    }
}

numbers! {
    /// Parts of floats, among their 24 bits.
    float {
        /// Set where it is negative.
        SIGN = 1 << 23,
        /// Behind the leading one.
        FRACTION = (1 << 15) - 1,
        /// All of the exponent, and nothing behind it.
        INFINITY = 0xff << 15,
        /// The one that is no number.
        NAN = 0x7f_c001,
    }
}

numbers! {
    /// Where a definition has what, in words of the program. Then come its nodes, three words each, and its pairs, two each.
    def {
        /// How many nodes.
        DEF_NODES = 0,
        /// How many wires.
        DEF_WIRES = 1,
        /// How many pairs.
        DEF_PAIRS = 2,
        /// 1 if it may be copied.
        DEF_IS_SAFE = 3,
        /// The port at its root.
        DEF_ROOT = 4,
        /// Its nodes.
        DEF_BODY = 5,
    }
}

numbers! {
    /// Why a device stopped.
    stopped {
        /// It did not.
        STOPPED_NOT = 0,
        /// No pair is left.
        STOPPED_DONE = 1,
        /// No pair of the last round found room.
        STOPPED_FULL = 2,
        /// There were as many interactions as there may be.
        STOPPED_CAPPED = 3,
    }
}

numbers! {
    /// Of what a pair found too little.
    short_of {
        /// Nodes.
        SHORT_OF_NODES = 1,
        /// Wires.
        SHORT_OF_WIRES = 2,
    }
}

numbers! {
    /// What is known of a ring, from its first word in [`State`] on.
    ring {
        /// Where the next place is taken.
        HEAD = 0,
        /// Up to where this round may take them.
        READY = 1,
        /// Where the next freed place goes.
        TAIL = 2,
        /// Which place was never used yet, and all after it.
        FRESH = 3,
    }
}

words! {
    /// What all kernels go by.
    Course {
        /// Nodes that there is room for.
        nodes_max,
        /// Wires that there is room for.
        wires_max,
        /// After so many interactions it ends: the low word.
        interactions_low,
        /// After so many interactions it ends: the high word.
        interactions_high,
        /// Most workgroups a dimension.
        groups_max,
    }
}

words! {
    /// What a round leaves to the next. The counts follow, two words each: of interactions by opcode, then of calls of definitions that are code.
    State {
        /// Rounds done.
        rounds,
        /// Pairs of the round.
        pairs,
        /// 1 where they stand in the odd queue.
        is_odd,
        /// Pairs for the next round, so far.
        next,
        /// Pairs of the round that found no room, so far.
        waiting,
        /// Of what any pair found too little, since the host looked last.
        short_of,
        /// Why there are no more rounds.
        stopped,
        /// 1 after a dispatch that ended its rounds by itself.
        is_ended,
        /// The most pairs of a round.
        widest,
        /// Operations without a result.
        undefined,
        /// Copies of definitions that hold duplicators.
        unsafe_copies,
        /// The lowest number of such a definition.
        unsafe_def,
        /// The ring of free nodes.
        nodes_head,
        /// See [`ring`].
        nodes_ready,
        /// See [`ring`].
        nodes_tail,
        /// See [`ring`].
        nodes_fresh,
        /// The ring of free wires.
        wires_head,
        /// See [`ring`].
        wires_ready,
        /// See [`ring`].
        wires_tail,
        /// See [`ring`].
        wires_fresh,
    }
}

/// Words of a [`State`] with its counts.
pub const STATE_WORDS: usize = State::FIELDS.len() + 2 * COUNTERS as usize;

/// A node: a header, its two auxiliary ports, and a word that is free.
pub type Node = [u32; 4];

/// A net and how to reduce it, as `core/ffcm` hands it over.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Where each definition begins in it, by number; then the definitions, as [`def`] says.
    pub program: &'a [u32],
    /// The first nodes.
    pub nodes: &'a [Node],
    /// The first wires: what waits at each.
    pub wires: &'a [u32],
    /// The first pairs.
    pub pairs: &'a [[u32; 2]],
    /// The wire at whose other end the result stands.
    pub root: u32,
    /// What was done already, by opcode.
    pub counts: [u64; OPCODES as usize],
    /// Most nodes.
    pub nodes_max: u32,
    /// Most wires.
    pub wires_max: u32,
    /// After so many interactions it ends.
    pub interactions_max: u64,
}

impl Input<'_> {
    /// What all kernels go by, with room for so many nodes and wires.
    pub fn course(&self, nodes_max: u32, wires_max: u32, groups_max: u32) -> Course {
        let [interactions_low, interactions_high] = crate::pair::pair(self.interactions_max);
        Course { nodes_max, wires_max, interactions_low, interactions_high, groups_max }
    }

    /// The [`State`] before the first round, and its counts.
    pub fn first(&self) -> Vec<u32> {
        let pairs = self.pairs.len() as u32;
        let state = State {
            pairs,
            widest: pairs,
            stopped: if pairs == 0 { stopped::STOPPED_DONE } else { stopped::STOPPED_NOT },
            unsafe_def: u32::MAX,
            nodes_fresh: self.nodes.len() as u32,
            wires_fresh: self.wires.len() as u32,
            ..State::default()
        };
        let mut words = state.words();
        words.extend(self.counts.iter().chain(&[0]).flat_map(|count| crate::pair::pair(*count)));
        words
    }
}

/// The counts behind a [`State`].
pub fn counts(words: &[u32]) -> [u64; OPCODES as usize] {
    let mut counts = [0; OPCODES as usize];
    let (pairs, _) = words.get(State::FIELDS.len()..).unwrap_or_default().as_chunks();
    for (count, pair) in counts.iter_mut().zip(pairs) {
        *count = crate::pair::number(*pair);
    }
    counts
}

/// The calls of definitions that were code, behind a [`State`] and its counts.
pub fn special_calls(words: &[u32]) -> u64 {
    let (counts, _) = words.get(State::FIELDS.len()..).unwrap_or_default().as_chunks();
    counts.get(OPCODES as usize).map_or(0, |pair| crate::pair::number(*pair))
}

/// Most pairs of a round, where there are so many nodes and wires.
pub fn pairs_max(nodes_max: u32, wires_max: u32) -> u32 {
    nodes_max.saturating_add(wires_max / LINKS_MAX).saturating_add(1)
}

/// How many workgroups the wide and the narrow kernel get in a round of so many pairs, as an indirect dispatch reads it.
pub fn workgroups(pairs: u32, groups_max: u32) -> [u32; 6] {
    let is_narrow = pairs <= NARROW_PAIRS;
    let groups = if is_narrow { 0 } else { pairs.div_ceil(GROUP) };
    let width = groups.min(groups_max);
    [width, groups.div_ceil(width.max(1)), 1, (is_narrow && pairs > 0).into(), 1, 1]
}

/// What a device counts in words that wrap at 2³², added up over all looks at its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Rounds.
    pub rounds: u64,
    /// Operations that have no result.
    pub undefined: u64,
    /// Copies that were asked for of definitions that hold duplicators.
    pub unsafe_copies: u64,
}

impl Totals {
    /// Takes in what was done between two looks at a device's state: fewer than 2³² of each.
    pub fn add(&mut self, before: &State, now: &State) {
        self.rounds += u64::from(now.rounds.wrapping_sub(before.rounds));
        self.undefined += u64::from(now.undefined.wrapping_sub(before.undefined));
        self.unsafe_copies += u64::from(now.unsafe_copies.wrapping_sub(before.unsafe_copies));
    }
}

/// What a device gives once it has stopped.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Why it stopped.
    pub state: State,
    /// What it counted in words that wrap.
    pub totals: Totals,
    /// Interactions by opcode.
    pub counts: [u64; OPCODES as usize],
    /// How many definitions were code in the end.
    pub special_defs: u32,
    /// How many calls of definitions code did.
    pub special_calls: u64,
    /// What of the net the result leads to, once it is done: nodes by index.
    pub nodes: alloc::collections::BTreeMap<u32, Node>,
    /// What waits at wires, by index. Those that are not there are empty.
    pub wires: alloc::collections::BTreeMap<u32, u32>,
}

/// The kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// A round of many pairs.
    Wide,
    /// Rounds of few pairs.
    Narrow,
    /// What comes next.
    Settle,
}

impl Kernel {
    /// Every kernel.
    pub const ALL: [Self; 3] = [Self::Wide, Self::Narrow, Self::Settle];

    /// Its name, which is its entry point's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
            Self::Settle => "settle",
        }
    }

    /// Lanes of its workgroup.
    pub const fn lanes(self) -> u32 {
        match self {
            Self::Wide => GROUP,
            Self::Narrow | Self::Settle => NARROW_LANES,
        }
    }

    /// What it binds, all in group 0.
    pub const fn bindings(self) -> Bindings {
        use Access::{Read, Uniform, Write};
        match self {
            Self::Wide | Self::Narrow => &[
                ("course", Uniform),
                ("program", Read),
                ("state", Write),
                ("nodes", Write),
                ("wires", Write),
                ("free_nodes", Write),
                ("free_wires", Write),
                ("even_pairs", Write),
                ("odd_pairs", Write),
            ],
            Self::Settle => &[("course", Uniform), ("state", Write), ("workgroups", Write)],
        }
    }

    /// All of its source: constants and structures as Rust has them, what kernels share, and its own file.
    pub fn source(self) -> String {
        self.source_with(include_str!("../wgsl/ffcm/plain.wgsl"))
    }

    /// The same with definitions as code ([`special::Special::source`]), of a kernel that expands any.
    pub fn source_with(self, special: &str) -> String {
        let constants = [
            ("GROUP", GROUP),
            ("LANES", self.lanes()),
            ("TAG_BITS", TAG_BITS),
            ("TAG", (1 << TAG_BITS) - 1),
            ("IS_NODE", tag::CON),
            ("KIND_BITS", KIND_BITS),
            ("KIND", (1 << KIND_BITS) - 1),
            ("NUMBER", (1 << (32 - TAG_BITS)) - 1),
            ("NONE", NONE),
            ("OPCODES", OPCODES),
            ("COUNTERS", COUNTERS),
            ("PLAIN", PLAIN),
            ("HOPS_MAX", special::HOPS_MAX),
            ("ASKED_MAX", special::ASKED_MAX),
            ("TAKEN_MAX", special::TAKEN_MAX),
            ("LINKS_MAX", LINKS_MAX),
            ("NARROW_PAIRS", NARROW_PAIRS),
            ("NARROW_ROUNDS", NARROW_ROUNDS),
            ("NARROW_STEPS", NARROW_STEPS),
            ("AT_COUNTS", State::FIELDS.len() as u32),
            ("STATE_WORDS", STATE_WORDS as u32),
        ];
        let tables = [
            tag::ALL,
            opcode::ALL,
            kind::ALL,
            operator::ALL,
            float::ALL,
            def::ALL,
            stopped::ALL,
            short_of::ALL,
            ring::ALL,
        ];
        let all = constants.iter().chain(&LEFT).chain(tables.into_iter().flatten());
        let mut source: String = all.map(|(name, value)| constant(name, *value)).collect();
        for (at, field) in (0..).zip(State::FIELDS) {
            source.push_str(&constant(&format!("AT_{}", field.to_ascii_uppercase()), at));
        }
        source.push_str(&rows());
        source.push_str(&structure("Course", Course::FIELDS));
        source.push_str(include_str!("../wgsl/pair.wgsl"));
        source.push_str(include_str!("../wgsl/ffcm/round.wgsl"));
        if self == Self::Settle {
            source.push_str(include_str!("../wgsl/ffcm/settle.wgsl"));
            return source;
        }
        source.push_str(include_str!("../wgsl/ffcm/net.wgsl"));
        source.push_str(include_str!("../wgsl/ffcm/float.wgsl"));
        source.push_str(include_str!("../wgsl/ffcm/number.wgsl"));
        source.push_str(include_str!("../wgsl/ffcm/rules.wgsl"));
        source.push_str(special);
        source.push_str(include_str!("../wgsl/ffcm/tile.wgsl"));
        source.push_str(match self {
            Self::Wide => include_str!("../wgsl/ffcm/wide.wgsl"),
            _ => include_str!("../wgsl/ffcm/narrow.wgsl"),
        });
        source
    }
}

/// The table as the kernels look it up: a word for each tag, four bits for each tag that it meets.
fn rows() -> String {
    let (rows, _) = TABLE.as_chunks::<8>();
    let row = |row: &[u8; 8]| row.iter().rev().fold(0, |word, opcode| word << 4 | u32::from(*opcode));
    let words: Vec<String> = rows.iter().map(|of| format!("{}u", row(of))).collect();
    format!("const TABLE = array<u32, {}>({});\n\n", words.len(), words.join(", "))
}
