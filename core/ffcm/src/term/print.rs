//! From terms to text.

use super::{Item, Shape, Term, Terms};
use alloc::vec::Vec;
use core::fmt;

/// A piece of text that is still to be written.
enum Piece {
    /// The next term.
    Term,
    Text(&'static str),
    /// The arms of a match from this one on, and how much is handed to each.
    Arm(u32, u32, u32),
}

/// A term with the names of its book. `Display` writes it as [`Terms::read`] reads it.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'t> {
    pub(super) term: &'t Term,
    pub(super) book: &'t Terms,
}

impl Shown<'_> {
    fn name(&self, binder: u32) -> &str {
        self.term.binders.get(binder as usize).map_or("?", |name| name)
    }
}

fn label(f: &mut fmt::Formatter<'_>, label: Option<u32>) -> fmt::Result {
    f.write_str("&")?;
    label.map_or(Ok(()), |label| write!(f, "{label}"))?;
    f.write_str("{")
}

impl fmt::Display for Shown<'_> {
    // Nothing recurses: results are deeper than a stack.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Piece::{Arm, Text};
        let mut items = self.term.items.iter();
        let mut open = Vec::from([Piece::Term]);
        while let Some(piece) = open.pop() {
            match piece {
                Text(text) => {
                    f.write_str(text)?;
                    continue;
                }
                Arm(shape, moves, arm) => {
                    self.arm(f, &mut items, (shape, moves), arm)?;
                    if arm < self.book.shapes[shape as usize].arms() {
                        open.extend([Arm(shape, moves, arm + 1), Text(" "), Piece::Term]);
                    }
                    continue;
                }
                Piece::Term => {}
            }
            let Some(item) = items.next() else { return Ok(()) };
            let spaced = |open: &mut Vec<Piece>, count: u32, close| {
                open.push(Text(close));
                for at in 0..count {
                    open.push(Piece::Term);
                    if at + 1 < count {
                        open.push(Text(" "));
                    }
                }
            };
            match *item {
                Item::Var(binder) => f.write_str(self.name(binder))?,
                Item::Ref(def) => write!(f, "@{}", self.book.defs[def as usize].name)?,
                Item::Nul => f.write_str("*")?,
                Item::Num(number) => write!(f, "{number}")?,
                Item::Chr('"') => f.write_str("'\"'")?,
                Item::Chr(c) => write!(f, "'{}'", c.escape_debug())?,
                Item::Lam(binder) => {
                    write!(f, "λ{}. ", self.name(binder))?;
                    open.push(Piece::Term);
                }
                Item::App(arguments) => {
                    // `(* x)` would be a product.
                    let nothing = matches!(items.as_slice().first(), Some(Item::Nul));
                    f.write_str(if nothing { "((" } else { "(" })?;
                    spaced(&mut open, arguments, ")");
                    open.extend([Text(if nothing { ") " } else { " " }), Piece::Term]);
                }
                Item::Sup(named) => {
                    label(f, named)?;
                    spaced(&mut open, 2, "}");
                }
                Item::Dup(named, first, second) => {
                    f.write_str("! ")?;
                    label(f, named)?;
                    write!(f, "{} {}}} = ", self.name(first), self.name(second))?;
                    open.extend([Piece::Term, Text("; "), Piece::Term]);
                }
                Item::Let(binder) => {
                    write!(f, "! {} = ", self.name(binder))?;
                    open.extend([Piece::Term, Text("; "), Piece::Term]);
                }
                Item::Op(operation) => {
                    write!(f, "({} ", operation.sign())?;
                    spaced(&mut open, 2, ")");
                }
                Item::Ctr(number, fields) => {
                    write!(f, "#{}", self.book.constructors[number as usize].name)?;
                    if fields > 0 {
                        f.write_str("{")?;
                        spaced(&mut open, fields, "}");
                    }
                }
                Item::Match(shape, moves) => {
                    f.write_str("~ ")?;
                    open.extend([Arm(shape, moves, 0), Text(" { ")]);
                    (0..=moves).for_each(|_| open.push(Piece::Term));
                }
                Item::Move(binder) => {
                    write!(f, " !{} = ", self.name(binder))?;
                    open.push(Piece::Term);
                }
            }
        }
        Ok(())
    }
}

impl Shown<'_> {
    /// The head of an arm; the closing bracket after the last.
    fn arm(
        &self,
        f: &mut fmt::Formatter<'_>,
        items: &mut core::slice::Iter<'_, Item>,
        (shape, moves): (u32, u32),
        arm: u32,
    ) -> fmt::Result {
        let shape = &self.book.shapes[shape as usize];
        if arm == shape.arms() {
            return f.write_str("}");
        }
        let mut binder = || match items.next() {
            Some(Item::Lam(binder)) => self.name(*binder),
            _ => "?",
        };
        match shape {
            Shape::Constructors { known, .. } => match known.get(arm as usize) {
                Some(constructor) => {
                    let constructor = &self.book.constructors[*constructor as usize];
                    write!(f, "#{}", constructor.name)?;
                    for at in 0..constructor.fields {
                        write!(f, "{}{}", if at == 0 { "{" } else { " " }, binder())?;
                    }
                    f.write_str(if constructor.fields > 0 { "}" } else { "" })?;
                }
                None => f.write_str(binder())?,
            },
            Shape::Numbers { known, .. } if arm < *known => write!(f, "{arm}")?,
            Shape::Numbers { known, .. } => write!(f, "{known}+{}", binder())?,
        }
        for _ in 0..moves {
            binder();
        }
        f.write_str(": ")
    }
}

impl fmt::Display for Terms {
    /// Its text, one definition after the other, as [`Terms::read`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for def in &self.defs {
            writeln!(f, "@{} = {}", def.name, def.term.shown(self))?;
        }
        Ok(())
    }
}
