//! Reading results out of the heap, reducing what is read on the way.
//!
//! A duplication whose term is stuck is read through: the term is read for both copies, each time with the side that is asked
//! for kept on a path by label, and a superposition of that label inside takes the innermost side from that path. What is
//! left are the superpositions that no duplication answers. They are written out, or else each is a choice: a branch is the
//! list of sides chosen so far, by label, and the choices of one label at the same depth are one choice, wherever they stand.

use super::{
    Lazy, SIDES_PER_BRANCH, cell,
    table::{Entry, entry},
};
use crate::{
    machine::Progress,
    rules::Resource,
    term::{Item, Operation, Term, apply, short_name},
    word::{Word, WordTag},
};
use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The head: `main` is reduced until it says what it is, and what is below is written as it stands.
    Head,
    /// The normal form, with its superpositions.
    Normal,
    /// Each term that the superpositions stand for, those with fewer choices first. One that holds nothing anywhere is left out.
    BreadthFirst,
    /// The same, first sides first. A branch that never ends keeps those after it from coming.
    DepthFirst,
}

impl Reading {
    fn chooses(self) -> bool {
        matches!(self, Self::BreadthFirst | Self::DepthFirst)
    }
}

/// What may be open however small the result must be.
const OPEN_MIN: usize = 4096;

/// Sides by label: in a branch the outermost first, on a path the next last.
type Sides = BTreeMap<u32, Vec<bool>>;

/// How many sides a branch holds.
fn count(branch: &Sides) -> usize {
    branch.values().map(Vec::len).sum()
}

/// What is still to be read.
#[derive(Debug)]
enum Task {
    /// The term in this word of the heap, which may have to be reduced.
    Reduce(u32),
    /// The term in this word of the heap, as it stands.
    Read(u32),
    /// The term of this word.
    Word(Word),
    /// An arm of a stuck match that binds so many variables.
    Arm(u32, u32),
    /// The same, reduced.
    ArmRead(u32, u32),
    Item(Item),
    /// A side comes back on its label's path, or leaves it.
    Push(u32, bool),
    Pop(u32),
    /// A function's variable has again the binder that it had.
    Scope(u32, Option<u32>),
}

#[derive(Debug)]
pub(super) struct Reader {
    reading: Reading,
    /// The branches that wait.
    branches: VecDeque<Sides>,
    /// How many sides they hold.
    sides: usize,
    branch: Option<Sides>,
    paths: Sides,
    open: Vec<Task>,
    items: Vec<Item>,
    binders: u32,
    /// The binders of the functions that are being read, by where their bodies stand.
    scope: BTreeMap<u32, u32>,
    result: Option<Term>,
}

impl Reader {
    pub(super) fn new(reading: Reading) -> Self {
        Self {
            reading,
            branches: VecDeque::from([Sides::new()]),
            sides: 0,
            branch: None,
            paths: Sides::new(),
            open: Vec::new(),
            items: Vec::new(),
            binders: 0,
            scope: BTreeMap::new(),
            result: None,
        }
    }

    pub(super) fn has_result(&self) -> bool {
        self.result.is_some()
    }

    pub(super) fn take_result(&mut self) -> Option<Term> {
        self.result.take()
    }

    /// Before the first word of a branch.
    fn begin(&mut self, branch: Sides) {
        self.paths.clear();
        self.sides -= count(&branch);
        for (label, sides) in &branch {
            self.paths.insert(*label, sides.iter().rev().copied().collect());
        }
        self.branch = Some(branch);
        self.items.clear();
        self.scope.clear();
        self.binders = 0;
        self.open.clear();
        self.open.push(Task::Reduce(0));
    }

    fn complete(&mut self) {
        let binders = (0..self.binders).map(short_name).collect();
        self.result = Some(Term { items: core::mem::take(&mut self.items), binders });
        self.branch = None;
    }

    fn bind(&mut self, function: u32) {
        let binder = self.binders;
        self.binders += 1;
        self.items.push(Item::Lam(binder));
        let before = self.scope.insert(function, binder);
        self.open.push(Task::Scope(function, before));
    }
}

impl Lazy<'_> {
    /// One step of reading.
    pub(super) fn read(&mut self) -> Result<(), Progress> {
        self.steps += 1;
        let reader = &mut self.reader;
        if reader.branch.is_none() {
            let branch = reader.branches.pop_front().ok_or(Progress::Done)?;
            reader.begin(branch);
        }
        let items_max = self.limits.items_max as usize;
        // What is open makes an item each, or ends what made one, but for the sides of duplications. A term of nothing but those is endless.
        if reader.items.len() > items_max || reader.open.len() > items_max.saturating_mul(4).max(OPEN_MIN) {
            return Err(Progress::Full(Resource::Items));
        }
        let Some(task) = reader.open.pop() else {
            reader.complete();
            return Ok(());
        };
        match task {
            Task::Reduce(place) => {
                reader.open.push(Task::Read(place));
                if reader.reading != Reading::Head || place == 0 {
                    self.focus = Some((place, self.heap[place as usize]));
                }
            }
            Task::Read(place) => reader.open.push(Task::Word(self.heap[place as usize])),
            Task::Word(word) => return self.read_word(word),
            Task::Arm(place, binders) => {
                reader.open.push(Task::ArmRead(place, binders));
                if reader.reading != Reading::Head {
                    self.focus = Some((place, self.heap[place as usize]));
                }
            }
            Task::ArmRead(place, binders) => self.read_arm(place, binders),
            Task::Item(item) => reader.items.push(item),
            Task::Push(label, side) => reader.paths.entry(label).or_default().push(side),
            Task::Pop(label) => {
                reader.paths.entry(label).or_default().pop();
            }
            Task::Scope(function, Some(binder)) => {
                reader.scope.insert(function, binder);
            }
            Task::Scope(function, None) => {
                reader.scope.remove(&function);
            }
        }
        Ok(())
    }

    fn read_word(&mut self, word: Word) -> Result<(), Progress> {
        let reader = &mut self.reader;
        let (place, label) = (cell(word), word.label());
        let tag = word.tag().unwrap_or(WordTag::Nul);
        match tag {
            WordTag::Var | WordTag::Dp0 | WordTag::Dp1 => {
                let held = self.heap[place as usize];
                if held.is_substitution() {
                    reader.open.push(Task::Word(held.without_substitution()));
                } else if tag == WordTag::Var {
                    reader
                        .items
                        .push(reader.scope.get(&place).map_or(Item::FREE, |binder| Item::Var(*binder)));
                } else {
                    reader.paths.entry(label).or_default().push(tag == WordTag::Dp1);
                    reader.open.extend([Task::Pop(label), Task::Read(place)]);
                }
            }
            WordTag::Lam => {
                reader.bind(place);
                reader.open.push(Task::Reduce(place));
            }
            WordTag::App => {
                apply(&mut reader.items, 1);
                reader.open.extend([Task::Reduce(place + 1), Task::Read(place)]);
            }
            WordTag::Sup => return self.read_superposition(label, place),
            WordTag::Ctr => {
                let fields = self.book.constructors[label as usize].fields;
                reader.items.push(Item::Ctr(label, fields));
                reader.open.extend((place..place + fields).rev().map(Task::Reduce));
            }
            WordTag::Num => reader.items.push(Item::Num(word.lo)),
            WordTag::Chr => reader.items.push(char::from_u32(word.lo).map_or(Item::Num(word.lo), Item::Chr)),
            WordTag::Ref => reader.items.push(Item::Ref(word.lo)),
            WordTag::Mat | WordTag::Swi => {
                let shape = &self.book.shapes[label as usize];
                reader.items.push(Item::Match(label, 0));
                let arms = (0..shape.arms()).rev();
                reader.open.extend(arms.map(|arm| Task::Arm(place + 1 + arm, shape.fields(arm, self.book))));
                reader.open.push(Task::Read(place));
            }
            WordTag::Opx | WordTag::Opy => {
                reader.items.extend(Operation::from_bits(label).map(Item::Op));
                // The second operand of one that waits for it is reduced already; reading it again costs a step.
                reader.open.extend([Task::Reduce(place + 1), Task::Read(place)]);
            }
            _ if reader.reading.chooses() => {
                // Nothing: the branch is erased.
                reader.branch = None;
                self.count_entry(WordTag::Ers, WordTag::Nul);
            }
            _ => reader.items.push(Item::Nul),
        }
        Ok(())
    }

    fn read_superposition(&mut self, label: u32, place: u32) -> Result<(), Progress> {
        let reader = &mut self.reader;
        if let Some(side) = reader.paths.get_mut(&label).and_then(Vec::pop) {
            reader.open.extend([Task::Push(label, side), Task::Reduce(place + u32::from(side))]);
            return Ok(());
        }
        if !reader.reading.chooses() {
            reader.items.push(Item::Sup(Some(label)));
            reader.open.extend([Task::Reduce(place + 1), Task::Reduce(place)]);
            return Ok(());
        }
        if reader.branches.len() + 2 > self.limits.branches_max as usize {
            return Err(Progress::Full(Resource::Branches));
        }
        let mut first = reader.branch.take().unwrap_or_default();
        let mut second = first.clone();
        first.entry(label).or_default().push(false);
        second.entry(label).or_default().push(true);
        let waits = count(&second) * if reader.reading == Reading::BreadthFirst { 2 } else { 1 };
        reader.sides += waits;
        if reader.sides > SIDES_PER_BRANCH * self.limits.branches_max as usize {
            return Err(Progress::Full(Resource::Branches));
        }
        if reader.reading == Reading::BreadthFirst {
            reader.branches.extend([first, second]);
        } else {
            reader.branches.push_front(second);
            reader.branch = Some(first);
            reader.open.extend([Task::Push(label, false), Task::Reduce(place)]);
        }
        self.count_entry(WordTag::Col, WordTag::Sup);
        Ok(())
    }

    /// A stuck match's arm, a variable at a time. What is no function is applied, so that the variables have somebody to bind them.
    fn read_arm(&mut self, place: u32, binders: u32) {
        let reader = &mut self.reader;
        let word = self.heap[place as usize];
        if binders == 0 {
            reader.open.push(Task::Word(word));
        } else if word.tag() == Some(WordTag::Lam) {
            reader.bind(cell(word));
            reader.open.push(Task::Arm(cell(word), binders - 1));
        } else {
            let first = reader.binders;
            reader.binders += binders;
            reader.items.extend((first..first + binders).map(Item::Lam));
            apply(&mut reader.items, binders);
            reader.open.extend((first..first + binders).rev().map(|binder| Task::Item(Item::Var(binder))));
            reader.open.push(Task::Word(word));
        }
    }

    fn count_entry(&mut self, row: WordTag, column: WordTag) {
        if let Entry::Opcode(opcode) = entry(row, column) {
            self.tally.count(opcode);
        }
    }
}
