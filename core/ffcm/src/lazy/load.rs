//! From the terms of a book to words that are copied into the heap where a definition is expanded.

use super::at;
use crate::{
    term::{Item, LABEL_MAX, Terms},
    word::{Word, WordTag},
};
use alloc::{vec, vec::Vec};

/// A definition's words, in which offsets count from the first of them.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) cells: Vec<Word>,
    pub(super) root: Word,
    /// Whether a copy of the reference is as good as a copy of what it stands for: whether neither holds duplications,
    /// nor superpositions, which the copying duplication may have to answer.
    pub(super) is_affine: bool,
}

/// Gives labels that no text can give. A book that needs more than there are is not read.
struct Labels(u32);

impl Labels {
    fn fresh(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

/// The words of every definition of the book.
pub(super) fn templates(book: &Terms) -> Vec<Template> {
    let mut labels = Labels(LABEL_MAX);
    let mut templates: Vec<_> =
        book.defs.iter().map(|def| template(book, &def.term.items, &mut labels)).collect();
    let mut users = vec![Vec::new(); templates.len()];
    for (user, def) in book.defs.iter().enumerate() {
        for item in &def.term.items {
            if let Item::Ref(used) = item {
                users[*used as usize].push(user);
            }
        }
    }
    let mut open: Vec<usize> = (0..templates.len()).filter(|def| !templates[*def].is_affine).collect();
    while let Some(def) = open.pop() {
        for user in core::mem::take(&mut users[def]) {
            if templates[user].is_affine {
                templates[user].is_affine = false;
                open.push(user);
            }
        }
    }
    templates
}

/// A variable's uses that are still to be met, and the word of the next.
struct Uses {
    left: u32,
    source: Word,
    /// The word at which the duplication of the next use stands, if there are more uses than one.
    copy: u32,
}

fn template(book: &Terms, items: &[Item], labels: &mut Labels) -> Template {
    let mut counts = Vec::new();
    for item in items {
        if let Item::Var(binder) = item {
            let binder = *binder as usize;
            counts.resize(counts.len().max(binder + 1), 0);
            counts[binder] += 1;
        }
    }
    let mut places = Vec::with_capacity(items.len());
    let mut uses: Vec<Option<Uses>> = Vec::new();
    let mut next = 0;
    let mut is_affine = true;
    for item in items {
        places.push(next);
        let place = next;
        next += match *item {
            Item::Lam(_) | Item::Dup(..) => 1,
            Item::App(arguments) => 2 * arguments,
            Item::Sup(_) | Item::Op(_) => 2,
            Item::Let(_) => 3,
            Item::Ctr(_, fields) => fields,
            Item::Match(shape, moves) => 1 + book.shapes[shape as usize].arms() + 2 * moves,
            Item::Var(_) | Item::Ref(_) | Item::Nul | Item::Num(_) | Item::Chr(_) | Item::Move(_) => 0,
        };
        let mut bind = |binder: u32, source: Word| {
            let binder = binder as usize;
            if uses.len() <= binder {
                uses.resize_with(binder + 1, || None);
            }
            let left = counts.get(binder).copied().unwrap_or(0);
            uses[binder] = Some(Uses { left, source, copy: next });
            next += u32::saturating_sub(left, 1);
            is_affine &= left < 2;
        };
        match *item {
            Item::Lam(binder) | Item::Let(binder) => bind(binder, at(WordTag::Var, 0, place)),
            Item::Dup(label, first, second) => {
                let label = label.unwrap_or_else(|| labels.fresh());
                bind(first, at(WordTag::Dp0, label, place));
                bind(second, at(WordTag::Dp1, label, place));
                is_affine = false;
            }
            Item::Sup(_) => is_affine = false,
            _ => {}
        }
    }
    let mut cells = vec![Word::immediate(WordTag::Nul, 0); next as usize];
    // Read from its end, a term comes after those below it.
    let mut done: Vec<Word> = Vec::new();
    for (item, place) in items.iter().zip(places).rev() {
        let mut pop = || done.pop().unwrap_or(Word::immediate(WordTag::Nul, 0));
        let put = |cells: &mut Vec<Word>, offset: u32, word| cells[(place + offset) as usize] = word;
        let word = match *item {
            Item::Var(binder) => match uses.get_mut(binder as usize) {
                Some(Some(uses)) => use_next(uses, &mut cells, labels),
                _ => Word::immediate(WordTag::Nul, 0),
            },
            Item::Ref(def) => Word::immediate(WordTag::Ref, def),
            Item::Nul => Word::immediate(WordTag::Nul, 0),
            Item::Num(number) => Word::immediate(WordTag::Num, number),
            Item::Chr(c) => Word::immediate(WordTag::Chr, c.into()),
            Item::Lam(_) => {
                put(&mut cells, 0, pop());
                at(WordTag::Lam, 0, place)
            }
            Item::App(arguments) => {
                let mut function = pop();
                for argument in 0..arguments {
                    put(&mut cells, 2 * argument, function);
                    put(&mut cells, 2 * argument + 1, pop());
                    function = at(WordTag::App, 0, place + 2 * argument);
                }
                function
            }
            Item::Sup(label) => {
                put(&mut cells, 0, pop());
                put(&mut cells, 1, pop());
                at(WordTag::Sup, label.unwrap_or_else(|| labels.fresh()), place)
            }
            Item::Dup(..) => {
                put(&mut cells, 0, pop());
                pop()
            }
            Item::Let(_) => {
                let value = pop();
                put(&mut cells, 0, pop());
                put(&mut cells, 1, at(WordTag::Lam, 0, place));
                put(&mut cells, 2, value);
                at(WordTag::App, 0, place + 1)
            }
            Item::Op(operation) => {
                put(&mut cells, 0, pop());
                put(&mut cells, 1, pop());
                at(WordTag::Opx, operation as u32, place)
            }
            Item::Ctr(number, fields) => {
                (0..fields).for_each(|field| put(&mut cells, field, pop()));
                at(WordTag::Ctr, number, place)
            }
            Item::Match(number, moves) => {
                let shape = &book.shapes[number as usize];
                let arms = shape.arms();
                put(&mut cells, 0, pop());
                let moved: Vec<Word> = (0..moves).map(|_| pop()).collect();
                (0..arms).for_each(|arm| put(&mut cells, 1 + arm, pop()));
                let tag = if shape.is_of_numbers() { WordTag::Swi } else { WordTag::Mat };
                let mut function = at(tag, number, place);
                for (argument, moved) in (0..).zip(moved) {
                    let application = 1 + arms + 2 * argument;
                    put(&mut cells, application, function);
                    put(&mut cells, application + 1, moved);
                    function = at(WordTag::App, 0, place + application);
                }
                function
            }
            Item::Move(_) => continue,
        };
        done.push(word);
    }
    Template { cells, root: done.pop().unwrap_or(Word::immediate(WordTag::Nul, 0)), is_affine }
}

/// The word of a variable's next use: of the variable itself if it is the only one, else of a copy.
fn use_next(uses: &mut Uses, cells: &mut [Word], labels: &mut Labels) -> Word {
    if uses.left < 2 {
        return uses.source;
    }
    let label = labels.fresh();
    cells[uses.copy as usize] = uses.source;
    uses.source = at(WordTag::Dp1, label, uses.copy);
    let word = at(WordTag::Dp0, label, uses.copy);
    uses.copy += 1;
    uses.left -= 1;
    word
}
