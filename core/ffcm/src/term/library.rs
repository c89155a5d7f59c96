//! Definitions that terms come to, many at a time: programs that are too small to be books of their own.

use super::{
    Item, Term, Terms,
    net::Nets,
    read::{self, FRESH_LABELS_MAX},
};
use crate::book::{Book, BookError, Problem};
use alloc::{collections::BTreeMap, string::String, vec::Vec};

/// Definitions, ready as nets, and the terms that were read over them.
///
/// ```
/// use ffcm::{Limits, Machine, Progress, term::Library};
///
/// let mut library = Library::read("@square(x) = (* x x)")?;
/// let terms = [library.term("@square(7)")?, library.term("(+ 1 @square(2))")?];
/// let book = library.book(&terms).expect("nets");
/// let mut machine = Machine::new(&book, Limits::default())?;
/// assert_eq!(machine.run(1_000), Progress::Done);
/// assert_eq!(machine.result().handed_numbers(2), Some(vec![Some(49), Some(5)]));
///
/// let wrong = library.term("@sqare(7)").unwrap_err();
/// assert_eq!(wrong.to_string(), "1:1: nothing is named `@sqare`: did you mean `@square`?\n  @sqare(7)\n  ^");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Library {
    terms: Terms,
    numbers: BTreeMap<String, u32>,
    nets: Nets,
    /// How many labels must be made up for all terms.
    labels: u32,
}

impl Library {
    /// Reads definitions. None of them need be named `main`.
    ///
    /// # Errors
    /// [`BookError`] as [`Terms::read`] and [`Terms::to_book`] give.
    pub fn read(text: &str) -> Result<Self, BookError> {
        let terms = read::read(text, false)?;
        let nets = terms.to_nets()?;
        let named = (0..).zip(&terms.defs);
        let numbers = named.map(|(number, def)| (def.name.clone(), number)).collect();
        let labels = terms.defs.iter().map(|def| def.term.labels()).sum();
        Ok(Self { terms, numbers, nets, labels })
    }

    /// Reads a term over these definitions.
    ///
    /// # Errors
    /// [`BookError`] with its place in this text. The library is as it was.
    pub fn term(&mut self, text: &str) -> Result<Term, BookError> {
        let (mut term, shapes) = read::read_term(text, self)?;
        let labels = self.labels + term.labels();
        if labels > FRESH_LABELS_MAX {
            let problem = Problem::TooMany { what: "duplications without labels", most: FRESH_LABELS_MAX };
            return Err(BookError::at(text, 0, problem));
        }
        self.labels = labels;
        // Its matches are numbered behind those that are known.
        let known = self.terms.shapes.len() as u32;
        for item in &mut term.items {
            if let Item::Match(shape, _) = item {
                *shape += known;
            }
        }
        self.terms.shapes.extend(shapes);
        Ok(term)
    }

    /// A book whose `main` is a function that hands each of these terms' numbers to what it is given: `λf. f((+ a 0), (+ b 0), …)`. The
    /// additions ask for the numbers, since a strict machine expands no definition that nothing meets. Terms have nothing in common but
    /// definitions, so the interactions of all together are those of each alone, but for the one that expands `main`.
    ///
    /// # Errors
    /// What is in the way of a net: matches that are nested too deeply.
    pub fn book(&self, terms: &[Term]) -> Result<Book, &'static str> {
        let mut main = Term { items: Vec::from([Item::Lam(0)]), binders: Vec::from(["f".into()]) };
        if !terms.is_empty() {
            main.items.push(Item::App(terms.len() as u32));
        }
        main.items.push(Item::Var(0));
        for term in terms {
            let before = main.binders.len() as u32;
            main.items.push(Item::Op(super::Operation::Add));
            main.items.extend(term.items.iter().map(|item| item.behind(before)));
            main.items.push(Item::Num(0));
            main.binders.extend(term.binders.iter().cloned());
        }
        let mut nets = self.nets.clone();
        nets.set_main(&self.terms, &main)?;
        Ok(nets.book)
    }

    /// Nodes of the largest definition.
    #[must_use]
    pub fn widest(&self) -> usize {
        self.nets.book.defs().iter().map(|def| def.nodes().len()).max().unwrap_or(0)
    }

    /// The number of the definition of this name.
    pub(super) fn number_of(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The names of its definitions.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.numbers.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
