//! From a book to text.

use super::{Book, Def};
use crate::{
    number::Num24,
    port::{Port, Tag},
};
use alloc::vec::Vec;
use core::fmt;

/// A piece of a tree that is still to be written.
pub(crate) enum Piece {
    Port(Port),
    Text(&'static str),
}

/// Writes a tree. Nothing recurses: results are deeper than a stack. `node` gives the two ports of a node; `wire` writes a
/// wire, or gives the port that it leads to; `name` gives a definition's name.
pub(crate) fn write_tree<'n>(
    f: &mut dyn fmt::Write,
    root: Port,
    mut node: impl FnMut(u32) -> Option<[Port; 2]>,
    mut wire: impl FnMut(&mut dyn fmt::Write, u32) -> Result<Option<Port>, fmt::Error>,
    name: impl Fn(u32) -> Option<&'n str>,
) -> fmt::Result {
    let mut open = Vec::from([Piece::Port(root)]);
    while let Some(piece) = open.pop() {
        let port = match piece {
            Piece::Text(text) => {
                f.write_str(text)?;
                continue;
            }
            Piece::Port(port) => port,
        };
        let (before, after) = match port.tag() {
            Tag::Var => {
                if let Some(next) = wire(f, port.value())? {
                    open.push(Piece::Port(next));
                }
                continue;
            }
            Tag::Ref => {
                write!(f, "@{}", name(port.value()).unwrap_or("?"))?;
                continue;
            }
            Tag::Era => {
                f.write_str("*")?;
                continue;
            }
            Tag::Num => {
                write!(f, "{}", Num24(port.value()))?;
                continue;
            }
            Tag::Con => ("(", ")"),
            Tag::Dup => ("{", "}"),
            Tag::Opr => ("$(", ")"),
            Tag::Swi => ("?(", ")"),
        };
        f.write_str(before)?;
        match node(port.value()) {
            Some([first, second]) => {
                let pieces = [Piece::Text(after), Piece::Port(second), Piece::Text(" "), Piece::Port(first)];
                open.extend(pieces);
            }
            None => write!(f, "?{after}")?,
        }
    }
    Ok(())
}

impl Def {
    fn write(&self, f: &mut fmt::Formatter<'_>, port: Port, book: &Book) -> fmt::Result {
        write_tree(
            f,
            port,
            |at| self.nodes.get(at as usize).map(|node| [Port(node[1]), Port(node[2])]),
            |f, wire| {
                f.write_str(self.wires.get(wire as usize).map_or("?", |name| name.as_str()))?;
                Ok(None)
            },
            |def| book.defs.get(def as usize).map(|def| def.name.as_str()),
        )
    }
}

impl fmt::Display for Book {
    /// Its text, one definition after the other, as [`Book::read`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for def in &self.defs {
            write!(f, "@{} = ", def.name)?;
            def.write(f, def.root, self)?;
            for redex in &def.redexes {
                f.write_str(if redex.parallel { "\n  &! " } else { "\n  & " })?;
                def.write(f, redex.first, self)?;
                f.write_str(" ~ ")?;
                def.write(f, redex.second, self)?;
            }
            f.write_str("\n\n")?;
        }
        Ok(())
    }
}
