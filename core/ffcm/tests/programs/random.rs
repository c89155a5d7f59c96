//! Random terms in which no variable is used twice, so that all that copies is a duplication with a label.

use std::fmt::Write;

/// Which terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Functions, applications, and numbers.
    Plain,
    /// Those, superpositions, duplications, constructors, definitions, and what is nothing.
    All,
}

/// A random book. Definitions refer to later ones alone, so that expanding them ends.
pub(crate) fn random_book(bytes: &[u8], kind: Kind) -> String {
    let mut choices = Choices { bytes, at: 0, kind, names: 0, later: 0 };
    let defs = if kind == Kind::All { choices.below(3) } else { 0 };
    let mut text = String::new();
    for def in 0..=defs {
        choices.later = defs - def;
        let term = choices.term(7, &mut Vec::new());
        let name = if def == 0 { "main".into() } else { format!("d{}", defs - def) };
        let _ = writeln!(text, "@{name} = {term}");
    }
    text
}

struct Choices<'b> {
    bytes: &'b [u8],
    at: usize,
    kind: Kind,
    names: u32,
    /// How many definitions come after this one.
    later: usize,
}

impl Choices<'_> {
    fn below(&mut self, most: usize) -> usize {
        self.at += 1;
        usize::from(self.bytes.get(self.at - 1).copied().unwrap_or(0)) % most
    }

    /// A term in which some more names are bound, with these names.
    fn binding<const N: usize>(&mut self, depth: u32, scope: &mut Vec<String>) -> ([String; N], String) {
        let names = core::array::from_fn(|_| {
            self.names += 1;
            format!("x{}", self.names)
        });
        scope.extend(names.iter().cloned());
        let body = self.term(depth, scope);
        scope.retain(|bound| !names.contains(bound));
        (names, body)
    }

    fn term(&mut self, depth: u32, scope: &mut Vec<String>) -> String {
        let kinds = match self.kind {
            _ if depth == 0 => 2,
            Kind::Plain => 10,
            Kind::All => 20,
        };
        let depth = depth.saturating_sub(1);
        match self.below(kinds) {
            0 if !scope.is_empty() => scope.swap_remove(self.below(scope.len())),
            0 | 1 => self.below(5).to_string(),
            2..=4 => {
                let ([name], body) = self.binding(depth, scope);
                format!("λ{name}. {body}")
            }
            5..=7 => {
                let function = self.term(depth, scope);
                let function = if function == "*" { "(*)".into() } else { function };
                format!("({function} {})", self.term(depth, scope))
            }
            8 => format!(
                "({} {} {})",
                ["+", "|", "<"][self.below(3)],
                self.term(depth, scope),
                self.term(depth, scope)
            ),
            9 => {
                let scrutinee = self.term(depth, scope);
                let zero = self.term(depth, &mut Vec::new());
                let ([more], body) = self.binding(depth, &mut Vec::new());
                format!("~ {scrutinee} {{ 0: {zero} 1+{more}: {body} }}")
            }
            10 | 11 => {
                let label = self.below(3);
                format!("&{label}{{{} {}}}", self.term(depth, scope), self.term(depth, scope))
            }
            12 | 13 => {
                let (label, value) = (self.below(3), self.term(depth, scope));
                let ([first, second], body) = self.binding(depth, scope);
                format!("! &{label}{{{first} {second}}} = {value}; {body}")
            }
            14 => format!("#P{{{} {}}}", self.term(depth, scope), self.term(depth, scope)),
            15 => {
                let scrutinee = self.term(depth, scope);
                let ([first, second], body) = self.binding(depth, &mut Vec::new());
                let ([other], rest) = self.binding(depth, &mut Vec::new());
                format!("~ {scrutinee} {{ #P{{{first} {second}}}: {body} {other}: {rest} }}")
            }
            16 if self.later > 0 => format!("@d{}", self.below(self.later)),
            16 => "#Q".into(),
            17 => {
                let (scrutinee, moved) = (self.term(depth, scope), self.term(depth, scope));
                let ([zero], body) = self.binding(depth, &mut Vec::new());
                let ([more], rest) = self.binding(depth, &mut vec![zero.clone()]);
                format!("~ {scrutinee} !{zero} = {moved} {{ 0: {body} 1+{more}: {rest} }}")
            }
            18 => "*".into(),
            _ => {
                let value = self.term(depth, scope);
                let ([name], body) = self.binding(depth, scope);
                format!("! {name} = {value}; {body}")
            }
        }
    }
}
