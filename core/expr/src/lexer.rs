//! Source text into tokens: the lexis of cel-spec's language definition.

use crate::error::{Hinted, Problem, fail, hint};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use rust_decimal::Decimal;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A number, never negative: `-` is an operator.
    Number(Decimal),
    /// Text, its escapes read.
    Text(String),
    /// An identifier.
    Name(String),
    /// An identifier in backticks, which may hold any characters.
    Quoted(String),
    /// An operator or bracket.
    Symbol(&'static str),
    /// After the last character.
    End,
}

/// A token and the byte it begins at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    pub(crate) at: u32,
}

/// Longest first, so that `<=` is not read as `<` and `=`.
const SYMBOLS: [&str; 25] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "-", "+", "*", "/", "%", "?", ":", "(", ")", "[", "]",
    ".", ",", "{", "}", "=",
];

/// All tokens of `source`, the last of which is [`Token::End`].
pub(crate) fn tokens(source: &str) -> Result<Vec<Placed>, Hinted> {
    let mut lexer = Lexer { source, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank();
        let at = lexer.at as u32;
        let token = lexer.next()?;
        let last = token == Token::End;
        tokens.push(Placed { token, at });
        if last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'s> {
    source: &'s str,
    /// A byte offset, always between two characters.
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &str {
        let from = self.at;
        let len = self.rest().find(|c| !wanted(c)).unwrap_or(self.rest().len());
        self.at += len;
        &self.source[from..self.at]
    }

    fn skip_blank(&mut self) {
        loop {
            self.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c'));
            if !self.rest().starts_with("//") {
                return;
            }
            self.take_while(|c| !matches!(c, '\n' | '\r'));
        }
    }

    fn next(&mut self) -> Result<Token, Hinted> {
        let at = self.at;
        let Some(first) = self.peek() else { return Ok(Token::End) };
        let second = self.rest().chars().nth(1);
        match first {
            '0'..='9' => self.number(),
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => self.number(),
            '"' | '\'' => self.text(false),
            'r' | 'R' if matches!(second, Some('"' | '\'')) => {
                self.at += 1;
                self.text(true)
            }
            'b' | 'B' if self.rest()[1..].trim_start_matches(['r', 'R']).starts_with(['"', '\'']) => {
                fail(at, Problem::Unsupported { what: "bytes" }, hint("write text without the `b`"))
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                Ok(Token::Name(self.take_while(|c| c.is_ascii_alphanumeric() || c == '_').to_string()))
            }
            '`' => self.quoted(),
            _ => self.symbol(first),
        }
    }

    fn symbol(&mut self, first: char) -> Result<Token, Hinted> {
        let at = self.at;
        if self.rest().starts_with("<>") {
            return fail(at, Problem::Character { found: '<' }, hint("did you mean `!=`?"));
        }
        if self.rest().starts_with("**") {
            return fail(at, Problem::Unsupported { what: "powers" }, hint("multiply instead: `x * x`"));
        }
        for symbol in SYMBOLS {
            if self.rest().starts_with(symbol) {
                if symbol == "=" {
                    return fail(at, Problem::Character { found: '=' }, hint("did you mean `==`?"));
                }
                self.at += symbol.len();
                return Ok(Token::Symbol(symbol));
            }
        }
        let mend = match first {
            '&' => Some("did you mean `&&`?".to_string()),
            '|' => Some("did you mean `||`?".to_string()),
            '“' | '”' | '„' | '‘' | '’' | '«' | '»' => {
                hint("write text between straight quotes: 'text'")
            }
            '≤' => hint("did you mean `<=`?"),
            '≥' => hint("did you mean `>=`?"),
            '≠' => hint("did you mean `!=`?"),
            '×' | '·' => hint("did you mean `*`?"),
            '÷' => hint("did you mean `/`?"),
            '−' | '–' => hint("did you mean `-`?"),
            c if !c.is_ascii() => hint("put a name that is not plain ASCII into backticks: `größe`"),
            _ => None,
        };
        fail(at, Problem::Character { found: first }, mend)
    }

    fn quoted(&mut self) -> Result<Token, Hinted> {
        let at = self.at;
        self.at += 1;
        let name = self.take_while(|c| c != '`' && !c.is_control()).to_string();
        if self.peek() != Some('`') || name.is_empty() {
            return fail(at, Problem::Unterminated { what: "name" }, hint("close it with a backtick"));
        }
        self.at += 1;
        Ok(Token::Quoted(name))
    }

    fn number(&mut self) -> Result<Token, Hinted> {
        let at = self.at;
        if self.rest().starts_with("0x") || self.rest().starts_with("0X") {
            self.at += 2;
            let digits = self.take_while(|c| c.is_ascii_hexdigit());
            let Ok(number) = u64::from_str_radix(digits, 16) else { return fail(at, Problem::Number, None) };
            self.number_ends(at)?;
            return Ok(Token::Number(number.into()));
        }
        let whole = self.take_while(|c| c.is_ascii_digit()).to_string();
        let mut fraction = String::new();
        if self.rest().starts_with('.') && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) {
            self.at += 1;
            fraction.push_str(self.take_while(|c| c.is_ascii_digit()));
        }
        let mut exponent = 0i64;
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            let negative = self.rest().starts_with('-');
            if self.rest().starts_with(['+', '-']) {
                self.at += 1;
            }
            let digits = self.take_while(|c| c.is_ascii_digit());
            let Ok(size) = digits.parse::<i64>() else { return fail(at, Problem::Number, None) };
            // Beyond this no number has 28 digits, and the sum below cannot overflow.
            exponent = size.min(10_000) * if negative { -1 } else { 1 };
        }
        self.number_ends(at)?;
        match exact(&whole, &fraction, exponent) {
            Some(number) => Ok(Token::Number(number)),
            None => fail(at, Problem::Digits, hint("numbers have at most 28 digits")),
        }
    }

    fn number_ends(&self, at: usize) -> Result<(), Hinted> {
        match self.peek() {
            Some('u' | 'U') => {
                fail(self.at, Problem::Unsupported { what: "unsigned numbers" }, hint("leave out the `u`"))
            }
            Some(c) if c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() => {
                fail(at, Problem::Number, hint("write `*` between a number and a name"))
            }
            _ => Ok(()),
        }
    }

    fn text(&mut self, raw: bool) -> Result<Token, Hinted> {
        let at = self.at;
        let quote = self.peek().unwrap_or('\'');
        let triple = if quote == '"' { "\"\"\"" } else { "'''" };
        let long = self.rest().starts_with(triple);
        self.at += if long { 3 } else { 1 };
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if long && self.rest().starts_with(triple) {
                self.at += 3;
                return Ok(Token::Text(text));
            }
            if !long && c == quote {
                self.at += 1;
                return Ok(Token::Text(text));
            }
            if !long && matches!(c, '\n' | '\r') {
                break;
            }
            if c == '\\' && !raw {
                text.push(self.escape()?);
                continue;
            }
            text.push(c);
            self.at += c.len_utf8();
            // In a raw text a backslash keeps the quote after it from ending the text, and both stay.
            if c == '\\' && raw && self.peek() == Some(quote) && !long {
                text.push(quote);
                self.at += 1;
            }
        }
        fail(at, Problem::Unterminated { what: "text" }, Some(format!("close it with {quote}")))
    }

    fn escape(&mut self) -> Result<char, Hinted> {
        let at = self.at;
        self.at += 1;
        let wrong = || fail(at, Problem::Escape, hint("write a backslash as `\\\\`, or raw text: r'\\d+'"));
        let Some(c) = self.peek() else { return wrong() };
        let simple = match c {
            'a' => Some('\x07'),
            'b' => Some('\x08'),
            'f' => Some('\x0c'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0b'),
            '\\' | '?' | '"' | '\'' | '`' => Some(c),
            _ => None,
        };
        if let Some(simple) = simple {
            self.at += 1;
            return Ok(simple);
        }
        let code = match c {
            'x' | 'X' => self.digits(1, 2, 16),
            'u' => self.digits(1, 4, 16),
            'U' => self.digits(1, 8, 16),
            '0'..='3' => self.digits(0, 3, 8),
            _ => None,
        };
        let code = match code {
            Some(high @ 0xd800..=0xdbff) if c == 'u' && self.rest().starts_with("\\u") => {
                self.at += 1;
                match self.digits(1, 4, 16) {
                    Some(low @ 0xdc00..=0xdfff) => Some(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)),
                    _ => None,
                }
            }
            code => code,
        };
        match code.and_then(char::from_u32) {
            Some(c) => Ok(c),
            None => wrong(),
        }
    }

    /// The number of `count` digits after `skip` bytes.
    fn digits(&mut self, skip: usize, count: usize, radix: u32) -> Option<u32> {
        let digits = self.rest().get(skip..skip + count)?;
        let number =
            digits.chars().all(|c| c.is_digit(radix)).then(|| u32::from_str_radix(digits, radix).ok())??;
        self.at += skip + count;
        Some(number)
    }
}

/// `WHOLE.FRACTION` times ten to the `exponent`, or nothing where 28 digits do not hold it exactly.
fn exact(whole: &str, fraction: &str, exponent: i64) -> Option<Decimal> {
    let digits = [whole, fraction].concat();
    let kept = digits.trim_end_matches('0');
    let scale = fraction.len() as i64 - exponent - (digits.len() - kept.len()) as i64;
    let len = kept.trim_start_matches('0').len() as i64;
    // Digits to the left of the point are no more than 28 either.
    if len > 0 && (scale > 28 || len > 28 || len - scale.min(0) > 28) {
        return None;
    }
    schema::number(&format!("{whole}.{fraction}e{exponent}"))
}

/// The number that `text` writes in digits, with a sign, fraction and exponent where it has them.
pub(crate) fn read_number(text: &str) -> Option<Decimal> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    // What begins otherwise could still be a token: a name, a hexadecimal number.
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') || unsigned.starts_with("0x") {
        return None;
    }
    let mut lexer = Lexer { source: unsigned, at: 0 };
    match lexer.next().ok()? {
        Token::Number(number) if lexer.rest().is_empty() => {
            Some(if negative && !number.is_zero() { -number } else { number })
        }
        _ => None,
    }
}
