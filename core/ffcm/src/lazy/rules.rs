//! The rules: what each opcode does where an eliminator meets an introducer.

use super::{
    INTERACTION_CELLS, Lazy, at, cell,
    table::{Entry, entry},
};
use crate::{
    machine::Progress,
    rules::Resource,
    table::Opcode,
    term::{Operation, Shape},
    word::{Word, WordTag},
};

const NUL: Word = Word { lo: 0, hi: (WordTag::Nul as u32) << 26 };

/// Whether the word's offset counts from where its definition was put.
fn is_placed(word: Word) -> bool {
    !matches!(word.tag(), Some(WordTag::Num | WordTag::Chr | WordTag::Nul | WordTag::Ref) | None)
}

fn placed(word: Word, base: u32) -> Word {
    if is_placed(word) { Word { lo: word.lo + (base << 3), ..word } } else { word }
}

/// Which word of the heap an eliminator takes apart.
fn taken_apart(eliminator: Word) -> u32 {
    cell(eliminator) + u32::from(eliminator.tag() == Some(WordTag::Opy))
}

impl Lazy<'_> {
    /// Reduces the term in focus to its head, or goes on for as long as there are steps.
    pub(super) fn reduce(&mut self, end: u64) -> Result<(), Progress> {
        let Some((target, mut next)) = self.focus.take() else { return Ok(()) };
        let stopped = loop {
            if self.steps >= end {
                break Ok(());
            }
            self.steps += 1;
            let tag = next.tag().unwrap_or(WordTag::Nul);
            match tag {
                WordTag::Var | WordTag::Dp0 | WordTag::Dp1 => {
                    let held = self.heap[cell(next) as usize];
                    if held.is_substitution() {
                        next = held.without_substitution();
                    } else if tag == WordTag::Var {
                        next = self.unwind(next);
                        self.heap[target as usize] = next;
                        return Ok(());
                    } else {
                        if let Err(full) = self.wait(next) {
                            break Err(full);
                        }
                        next = held;
                    }
                }
                WordTag::App | WordTag::Mat | WordTag::Swi | WordTag::Opx | WordTag::Opy => {
                    if let Err(full) = self.wait(next) {
                        break Err(full);
                    }
                    next = self.heap[taken_apart(next) as usize];
                }
                _ => {
                    let eliminator = match self.stack.last() {
                        Some(eliminator) => *eliminator,
                        None if tag == WordTag::Ref => Word::immediate(WordTag::Col, 0),
                        None => {
                            self.heap[target as usize] = next;
                            return Ok(());
                        }
                    };
                    if self.tally.interactions() >= self.limits.interactions_max {
                        break Err(Progress::Capped);
                    }
                    if let Err(full) = self.interact(eliminator, &mut next) {
                        break Err(full);
                    }
                }
            }
        };
        self.focus = Some((target, next));
        stopped
    }

    /// Has an eliminator wait for what it takes apart.
    #[inline]
    fn wait(&mut self, eliminator: Word) -> Result<(), Progress> {
        if self.stack.len() == self.stack.capacity() {
            // Each is a node of the heap. Where more of them wait than there are words, a term waits for itself.
            if self.stack.len() > self.heap.len() {
                return Err(Progress::Full(Resource::Cells));
            }
            self.stack.try_reserve(self.stack.len().max(64)).map_err(|_| Progress::Full(Resource::Memory))?;
        }
        self.stack.push(eliminator);
        Ok(())
    }

    /// Puts a stuck term back below the eliminators that wait for it; gives the outermost.
    fn unwind(&mut self, mut stuck: Word) -> Word {
        while let Some(eliminator) = self.stack.pop() {
            self.heap[taken_apart(eliminator) as usize] = stuck;
            stuck = eliminator;
        }
        stuck
    }

    /// The interaction of the innermost eliminator with what it takes apart. Afterwards `next` is what comes of it.
    fn interact(&mut self, eliminator: Word, next: &mut Word) -> Result<(), Progress> {
        let introducer = *next;
        let (row, column) =
            (eliminator.tag().unwrap_or(WordTag::Var), introducer.tag().unwrap_or(WordTag::Nul));
        let opcode = match entry(row, column) {
            Entry::Opcode(opcode) => opcode,
            Entry::TypeError => {
                self.tally.type_errors += 1;
                Opcode::Collapse
            }
            Entry::Labels if eliminator.label() == introducer.label() => Opcode::Duplicate,
            Entry::Labels => Opcode::Distribute,
            Entry::Closure if self.templates[introducer.lo as usize].is_affine => Opcode::Duplicate,
            Entry::Closure => Opcode::Specialize,
        };
        if opcode == Opcode::Specialize {
            return self.specialize(introducer.lo, next);
        }
        self.reserve(INTERACTION_CELLS)?;
        self.tally.count(opcode);
        self.stack.pop();
        *next = match opcode {
            Opcode::Apply => {
                let body = self.heap[cell(introducer) as usize];
                let argument = self.heap[cell(eliminator) as usize + 1];
                self.heap[cell(introducer) as usize] = argument.with_substitution();
                body
            }
            Opcode::Duplicate => self.duplicate(eliminator, introducer),
            Opcode::Distribute => self.distribute(eliminator, introducer),
            Opcode::Succ => self.succ(eliminator, introducer),
            Opcode::Switch => self.switch(eliminator, introducer),
            Opcode::Collapse | Opcode::Link | Opcode::Specialize => NUL,
        };
        Ok(())
    }

    fn specialize(&mut self, def: u32, next: &mut Word) -> Result<(), Progress> {
        self.reserve(self.templates[def as usize].cells.len())?;
        self.tally.count(Opcode::Specialize);
        let template = &self.templates[def as usize];
        let base = self.heap.len() as u32;
        self.heap.extend(template.cells.iter().map(|word| placed(*word, base)));
        *next = placed(template.root, base);
        Ok(())
    }

    /// Both copies of a term.
    fn copies(&mut self, label: u32, term: Word) -> [Word; 2] {
        if !is_placed(term) && term.tag() != Some(WordTag::Ref) {
            return [term; 2];
        }
        let copied = self.add([term]);
        [at(WordTag::Dp0, label, copied), at(WordTag::Dp1, label, copied)]
    }

    /// Makes two of what stands below a duplication. One goes to whoever asked, the other waits for the other.
    fn duplicate(&mut self, duplication: Word, introducer: Word) -> Word {
        let (label, place) = (duplication.label(), cell(introducer));
        let both = match introducer.tag() {
            Some(WordTag::Lam) => {
                let body = self.heap[place as usize];
                let bodies = self.copies(label, body);
                let functions = bodies.map(|body| self.add([body]));
                let variables = functions.map(|function| at(WordTag::Var, 0, function));
                let variable = at(WordTag::Sup, label, self.add(variables));
                self.heap[place as usize] = variable.with_substitution();
                functions.map(|function| at(WordTag::Lam, 0, function))
            }
            Some(WordTag::Sup) => [self.heap[place as usize], self.heap[place as usize + 1]],
            Some(WordTag::Ctr) => {
                let number = introducer.label();
                let fields = self.book.constructors[number as usize].fields;
                let first = self.heap.len() as u32;
                self.heap.extend((0..2 * fields).map(|_| NUL));
                for field in 0..fields {
                    let [a, b] = self.copies(label, self.heap[(place + field) as usize]);
                    self.heap[(first + field) as usize] = a;
                    self.heap[(first + fields + field) as usize] = b;
                }
                [at(WordTag::Ctr, number, first), at(WordTag::Ctr, number, first + fields)]
            }
            // Whole in itself.
            _ => [introducer; 2],
        };
        self.hand_out(duplication, both)
    }

    fn hand_out(&mut self, duplication: Word, [first, second]: [Word; 2]) -> Word {
        let is_first = duplication.tag() == Some(WordTag::Dp0);
        let (mine, other) = if is_first { (first, second) } else { (second, first) };
        self.heap[cell(duplication) as usize] = other.with_substitution();
        mine
    }

    /// What takes a superposition apart takes both of its terms apart, with copies of what else it holds.
    fn distribute(&mut self, eliminator: Word, superposition: Word) -> Word {
        let label = superposition.label();
        let place = cell(superposition) as usize;
        let terms = [self.heap[place], self.heap[place + 1]];
        let from = cell(eliminator);
        let both = match eliminator.tag() {
            Some(WordTag::Dp0 | WordTag::Dp1) => {
                let copies = terms.map(|term| self.copies(eliminator.label(), term));
                let made = [0, 1].map(|copy| {
                    let pair = self.add([copies[0][copy], copies[1][copy]]);
                    at(WordTag::Sup, label, pair)
                });
                return self.hand_out(eliminator, made);
            }
            Some(tag @ (WordTag::Mat | WordTag::Swi)) => {
                let arms = self.book.shapes[eliminator.label() as usize].arms();
                let first = self.heap.len() as u32;
                self.heap.extend((0..2 * (1 + arms)).map(|_| NUL));
                for arm in 1..=arms {
                    let [a, b] = self.copies(label, self.heap[(from + arm) as usize]);
                    self.heap[(first + arm) as usize] = a;
                    self.heap[(first + 1 + arms + arm) as usize] = b;
                }
                [0, 1].map(|copy| {
                    let place = first + copy * (1 + arms);
                    self.heap[place as usize] = terms[copy as usize];
                    at(tag, eliminator.label(), place)
                })
            }
            tag => {
                let tag = tag.unwrap_or(WordTag::App);
                let waits = tag == WordTag::Opy;
                let other = self.heap[from as usize + usize::from(!waits)];
                let others = self.copies(label, other);
                [0, 1].map(|copy| {
                    let pair = if waits { [others[copy], terms[copy]] } else { [terms[copy], others[copy]] };
                    let place = self.add(pair);
                    at(tag, eliminator.label(), place)
                })
            }
        };
        let pair = self.add(both);
        at(WordTag::Sup, label, pair)
    }

    /// A number reaches an operation, as its first operand or as its second.
    fn succ(&mut self, operation: Word, number: Word) -> Word {
        let place = cell(operation);
        if operation.tag() == Some(WordTag::Opx) {
            self.heap[place as usize] = number;
            return at(WordTag::Opy, operation.label(), place);
        }
        let (x, y) = (self.heap[place as usize].lo, number.lo);
        let value = Operation::from_bits(operation.label()).and_then(|operation| operation.apply(x, y));
        self.tally.undefined += u64::from(value.is_none());
        Word::immediate(WordTag::Num, value.unwrap_or(0))
    }

    /// A constructor or a number chooses an arm. It is applied to the fields, or to what is left of the number.
    fn switch(&mut self, chooser: Word, introducer: Word) -> Word {
        let book = self.book;
        let shape = &book.shapes[chooser.label() as usize];
        let (arm, fields) = match shape {
            Shape::Constructors { known, others } => {
                let number = introducer.label();
                let arm = known.iter().position(|known| *known == number);
                match arm {
                    Some(arm) => (arm as u32, book.constructors[number as usize].fields),
                    None if *others => {
                        return self.applied(cell(chooser) + 1 + known.len() as u32, introducer);
                    }
                    None => (u32::MAX, 0),
                }
            }
            Shape::Numbers { known, others } => {
                let number = introducer.lo;
                if number < *known {
                    (number, 0)
                } else if *others {
                    let rest = Word::immediate(WordTag::Num, number - known);
                    return self.applied(cell(chooser) + 1 + known, rest);
                } else {
                    (u32::MAX, 0)
                }
            }
        };
        if arm == u32::MAX {
            // No arm is for this.
            self.tally.type_errors += 1;
            return NUL;
        }
        let mut chosen = self.heap[(cell(chooser) + 1 + arm) as usize];
        for field in 0..fields {
            let argument = self.heap[(cell(introducer) + field) as usize];
            let application = self.add([chosen, argument]);
            chosen = at(WordTag::App, 0, application);
        }
        chosen
    }

    /// The arm at this word of the heap, applied.
    fn applied(&mut self, arm: u32, argument: Word) -> Word {
        let arm = self.heap[arm as usize];
        let application = self.add([arm, argument]);
        at(WordTag::App, 0, application)
    }
}
