//! Random books of nets, and how many of them a test looks at.

use std::{format, string::String, vec::Vec};

/// How many random nets a test looks at: what `FFCM_NETS` says, else so many. With threads, which take a while to start, the full size
/// is `FFCM_NETS=100000`.
pub(crate) fn nets(usually: u32) -> u32 {
    std::env::var("FFCM_NETS").ok().and_then(|nets| nets.parse().ok()).unwrap_or(usually)
}

/// Most interactions of a random net; those that go on for longer are left out.
pub(crate) const CAP: u64 = 3000;

/// A stream of choices that proptest can shrink.
struct Choices<'c> {
    bytes: &'c [u8],
    at: usize,
}

impl Choices<'_> {
    fn below(&mut self, most: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) % most
    }
}

/// A word of a book: text, or one end of a wire.
enum Token {
    Text(String),
    Wire,
}

/// A book of some definitions. Each refers to later ones alone, so that expanding them ends.
pub(crate) fn random_book(bytes: &[u8]) -> String {
    let mut choices = Choices { bytes, at: 0 };
    let defs = 1 + choices.below(4);
    (0..defs).map(|def| random_def(&mut choices, def, defs)).collect::<Vec<_>>().join("\n")
}

/// One book of so many random ones that are taken: what their mains stand for, as the leaves of a tree. All is reduced at once, and nothing of one book
/// reaches another.
pub(crate) fn side_by_side(books: usize, seed: &mut u64, is_taken: impl FnMut(&String) -> bool) -> String {
    let random = core::iter::repeat_with(|| {
        let bytes: Vec<u8> = (0..160).map(|_| shuffled(seed) as u8).collect();
        random_book(&bytes)
    });
    let books: Vec<String> = random.filter(is_taken).take(books).collect();
    let (mut roots, mut pairs, mut defs) = (Vec::new(), String::new(), String::new());
    for (at, book) in books.iter().enumerate() {
        // Of its own are the names of its wires and of its definitions.
        let book = book.replace('w', &format!("w{at}x")).replace("@d", &format!("@n{at}d"));
        let mut lines = book.lines();
        let main = lines.next().and_then(|main| main.strip_prefix("@main = ")).expect("a main");
        let (root, own) = main.split_once(" & ").unwrap_or((main, ""));
        roots.push(root.into());
        if !own.is_empty() {
            pairs.extend([" & ", own]);
        }
        lines.for_each(|line| defs.extend(["\n", line]));
    }
    while roots.len() > 1 {
        roots = roots
            .chunks(2)
            .map(|two: &[String]| if let [a, b] = two { format!("({a} {b})") } else { two[0].clone() })
            .collect();
    }
    format!("@main = {}{pairs}{defs}", roots.pop().unwrap_or_else(|| "*".into()))
}

fn random_def(choices: &mut Choices<'_>, def: usize, defs: usize) -> String {
    let mut tokens = Vec::new();
    random_tree(choices, def, defs, 3, &mut tokens);
    for _ in 0..choices.below(4) {
        tokens.push(Token::Text(" & ".into()));
        random_tree(choices, def, defs, 3, &mut tokens);
        tokens.push(Token::Text(" ~ ".into()));
        random_tree(choices, def, defs, 3, &mut tokens);
    }
    let mut ends: Vec<usize> = (0..tokens.len()).filter(|at| matches!(tokens[*at], Token::Wire)).collect();
    if ends.len() % 2 == 1
        && let Some(lone) = ends.pop()
    {
        tokens[lone] = Token::Text("*".into());
    }
    let mut wires = 0;
    while let Some(end) = ends.pop() {
        let other = ends.swap_remove(choices.below(ends.len()));
        for at in [end, other] {
            tokens[at] = Token::Text(format!("w{wires}"));
        }
        wires += 1;
    }
    let name = if def == 0 { "main".into() } else { format!("d{def}") };
    let text: String = tokens
        .into_iter()
        .map(|token| if let Token::Text(text) = token { text } else { String::new() })
        .collect();
    format!("@{name} = {text}")
}

fn random_tree(choices: &mut Choices<'_>, def: usize, defs: usize, depth: u32, tokens: &mut Vec<Token>) {
    let brackets = [("(", ")"), ("(", ")"), ("{", "}"), ("$(", ")"), ("?(", ")")];
    let kind = choices.below(if depth == 0 { 7 } else { 12 });
    let text = match kind {
        0..=2 => return tokens.push(Token::Wire),
        3 => "*".into(),
        4 => format!("{}", choices.below(3)),
        5 => ["[+]", "[*2]", "[:-3]", "+2", "-1.5", "[i24]"][choices.below(6)].into(),
        6 if def + 1 < defs => format!("@d{}", def + 1 + choices.below(defs - def - 1)),
        6 => "0".into(),
        _ => {
            let (open, close) = brackets[kind - 7];
            tokens.push(Token::Text(open.into()));
            random_tree(choices, def, defs, depth - 1, tokens);
            tokens.push(Token::Text(" ".into()));
            random_tree(choices, def, defs, depth - 1, tokens);
            return tokens.push(Token::Text(close.into()));
        }
    };
    tokens.push(Token::Text(text));
}

/// Numbers that look random, by seed.
pub(crate) fn shuffled(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}
