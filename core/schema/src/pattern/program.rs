//! A regular expression as a program, run over a text with all its threads at once.
//!
//! The threads of one place are a set, so a text of `n` characters takes at most `n` times as many steps as the program
//! has instructions, whatever the expression (Thompson 1968).

use super::parse::{Class, Tree, is_word};
use alloc::{format, string::String, sync::Arc, vec, vec::Vec};

/// Most comparisons that a program takes for one character: an instruction is one, and each range of a class another.
pub(super) const COMPARISONS_MAX: usize = 4000;

#[derive(Debug, Clone)]
enum Instruction {
    /// Reads one character of the class.
    One(Arc<Class>),
    Start,
    End,
    Edge(bool),
    /// Goes on at both.
    Split(usize, usize),
    Jump(usize),
    Match,
}

/// The program.
#[derive(Debug, Clone)]
pub(super) struct Program {
    instructions: Vec<Instruction>,
    comparisons: usize,
}

impl Program {
    pub(super) fn new(tree: &Tree) -> Result<Self, String> {
        let mut program = Self { instructions: Vec::new(), comparisons: 0 };
        program.add(tree)?;
        program.push(Instruction::Match)?;
        Ok(program)
    }

    /// Comparisons for one character of text, at most.
    pub(super) fn comparisons(&self) -> usize {
        self.comparisons
    }

    fn push(&mut self, instruction: Instruction) -> Result<usize, String> {
        self.comparisons += match &instruction {
            Instruction::One(class) => 1 + class.len(),
            _ => 1,
        };
        if self.comparisons > COMPARISONS_MAX {
            return Err(format!(
                "it takes more than {COMPARISONS_MAX} comparisons a character; use smaller counts"
            ));
        }
        self.instructions.push(instruction);
        Ok(self.instructions.len() - 1)
    }

    fn add(&mut self, tree: &Tree) -> Result<(), String> {
        match tree {
            Tree::Empty => {}
            Tree::One(class) => drop(self.push(Instruction::One(class.clone()))?),
            Tree::Start => drop(self.push(Instruction::Start)?),
            Tree::End => drop(self.push(Instruction::End)?),
            Tree::Edge(is) => drop(self.push(Instruction::Edge(*is))?),
            Tree::All(parts) => {
                for part in parts {
                    self.add(part)?;
                }
            }
            Tree::Any(parts) => {
                let mut jumps = Vec::new();
                for (at, part) in parts.iter().enumerate() {
                    if at + 1 == parts.len() {
                        self.add(part)?;
                        continue;
                    }
                    let split = self.push(Instruction::Split(0, 0))?;
                    self.add(part)?;
                    jumps.push(self.push(Instruction::Jump(0))?);
                    self.instructions[split] = Instruction::Split(split + 1, self.instructions.len());
                }
                let end = self.instructions.len();
                for jump in jumps {
                    self.instructions[jump] = Instruction::Jump(end);
                }
            }
            Tree::Repeat { of, min, max } => self.repeat(of, *min, *max)?,
        }
        Ok(())
    }

    fn repeat(&mut self, of: &Tree, min: u32, max: Option<u32>) -> Result<(), String> {
        for _ in 0..min {
            let before = self.instructions.len();
            self.add(of)?;
            // What takes no instruction takes none a thousand times.
            if self.instructions.len() == before {
                return Ok(());
            }
        }
        match max {
            None => {
                let split = self.push(Instruction::Split(0, 0))?;
                self.add(of)?;
                self.push(Instruction::Jump(split))?;
                self.instructions[split] = Instruction::Split(split + 1, self.instructions.len());
            }
            Some(max) => {
                let mut splits = Vec::new();
                for _ in min..max {
                    splits.push(self.push(Instruction::Split(0, 0))?);
                    self.add(of)?;
                }
                let end = self.instructions.len();
                for split in splits {
                    self.instructions[split] = Instruction::Split(split + 1, end);
                }
            }
        }
        Ok(())
    }

    /// Whether the expression is found anywhere in `text`.
    pub(super) fn is_found(&self, text: &str) -> bool {
        let (mut now, mut next) =
            (Threads::new(self.instructions.len()), Threads::new(self.instructions.len()));
        let mut waiting = Vec::new();
        let mut before = None;
        let mut chars = text.chars();
        loop {
            let here = chars.next();
            // One more thread starts at each character: the match may begin anywhere.
            if self.follow(&mut now, &mut waiting, 0, before, here) {
                return true;
            }
            let Some(c) = here else { return false };
            let after = chars.clone().next();
            for at in &now.list {
                if let Some(Instruction::One(class)) = self.instructions.get(*at)
                    && class.has(c)
                    && self.follow(&mut next, &mut waiting, at + 1, Some(c), after)
                {
                    return true;
                }
            }
            core::mem::swap(&mut now, &mut next);
            next.clear();
            before = Some(c);
        }
    }

    /// Adds the threads that go on from an instruction without reading; whether one of them has matched.
    fn follow(
        &self,
        threads: &mut Threads,
        waiting: &mut Vec<usize>,
        at: usize,
        before: Option<char>,
        here: Option<char>,
    ) -> bool {
        waiting.push(at);
        let mut matched = false;
        while let Some(at) = waiting.pop() {
            if !threads.insert(at) {
                continue;
            }
            match self.instructions.get(at) {
                Some(Instruction::Jump(to)) => waiting.push(*to),
                Some(Instruction::Split(a, b)) => waiting.extend([*b, *a]),
                Some(Instruction::Start) if before.is_none() => waiting.push(at + 1),
                Some(Instruction::End) if here.is_none() => waiting.push(at + 1),
                Some(Instruction::Edge(is)) => {
                    let edge = before.is_some_and(is_word) != here.is_some_and(is_word);
                    if edge == *is {
                        waiting.push(at + 1);
                    }
                }
                Some(Instruction::Match) => matched = true,
                Some(Instruction::One(_) | Instruction::Start | Instruction::End) | None => {}
            }
        }
        matched
    }
}

/// A set of instructions, in the order they came.
struct Threads {
    list: Vec<usize>,
    has: Vec<bool>,
}

impl Threads {
    fn new(len: usize) -> Self {
        Self { list: Vec::with_capacity(len), has: vec![false; len] }
    }

    fn insert(&mut self, at: usize) -> bool {
        match self.has.get_mut(at) {
            Some(has) if !*has => {
                *has = true;
                self.list.push(at);
                true
            }
            _ => false,
        }
    }

    fn clear(&mut self) {
        for at in self.list.drain(..) {
            self.has[at] = false;
        }
    }
}
