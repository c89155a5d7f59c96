//! Numbers, spans of time and amounts, as people read them.

/// A decimal number with its thousands set apart: `-1234567.50` as `−1,234,567.50`.
///
/// Text that is no decimal number comes back as it is.
pub fn grouped(decimal: &str) -> String {
    let (sign, digits) = decimal.strip_prefix('-').map_or(("", decimal), |rest| ("\u{2212}", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return decimal.into();
    }
    let mut text = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// A decimal number without zeros at the end of its fraction, its thousands set apart.
pub fn plain(decimal: &str) -> String {
    let short = match decimal.contains('.') {
        true => decimal.trim_end_matches('0').trim_end_matches('.'),
        false => decimal,
    };
    grouped(short)
}

/// A decimal number with at most so many significant digits, rounded half away from zero; digits before the point are
/// all kept. Its thousands set apart, without zeros at the end.
pub fn rounded(decimal: &str, digits: usize) -> String {
    plain(&significant(decimal, digits))
}

/// The same as a plain decimal number: `4201.754386` at 6 digits as `4201.75`.
///
/// Text that is no decimal number comes back as it is.
pub fn significant(decimal: &str, digits: usize) -> String {
    let (sign, size) = decimal.strip_prefix('-').map_or(("", decimal), |rest| ("-", rest));
    let Some((whole, fraction)) = size.split_once('.') else { return decimal.into() };
    let all = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || !all().all(|byte| byte.is_ascii_digit()) {
        return decimal.into();
    }
    let leading = all().take_while(|byte| *byte == b'0').count();
    let kept = (leading + digits).max(whole.len());
    if kept >= whole.len() + fraction.len() {
        return decimal.into();
    }
    let mut rounded: Vec<u8> = all().take(kept).collect();
    if all().nth(kept).is_some_and(|next| next >= b'5') {
        let nines = rounded.iter().rev().take_while(|digit| **digit == b'9').count();
        let at = rounded.len() - nines;
        rounded[at..].fill(b'0');
        match at.checked_sub(1) {
            Some(at) => rounded[at] += 1,
            None => rounded.insert(0, b'1'),
        }
    }
    let places = kept - whole.len();
    let (whole, fraction) = rounded.split_at(rounded.len() - places);
    let text = |digits: &[u8]| digits.iter().map(|digit| char::from(*digit)).collect::<String>();
    let zero = rounded.iter().all(|digit| *digit == b'0');
    let point = if places > 0 { "." } else { "" };
    format!("{}{}{point}{}", if zero { "" } else { sign }, text(whole), text(fraction))
}

/// A decimal number as floating point: right to the last bit up to 15 digits, near enough for a plot beyond. `None` where it is
/// no decimal number. (`str::parse` is right to the last bit for all, by tables that are a hundredth of the page.)
pub fn number(decimal: &str) -> Option<f64> {
    let (sign, size) = decimal.strip_prefix('-').map_or((1.0, decimal), |size| (-1.0, size));
    let (whole, fraction) = size.split_once('.').unwrap_or((size, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let units = digits().fold(0.0, |units, digit| units * 10.0 + f64::from(digit - b'0'));
    let scale = fraction.bytes().fold(1.0, |scale, _| scale * 10.0);
    Some(sign * units / scale).filter(|value| value.is_finite())
}

/// An amount and its noun: `1 record`, `12,000 records`.
pub fn count(amount: u64, noun: &str) -> String {
    let number = grouped(&amount.to_string());
    match amount {
        1 => format!("{number} {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// A span of time in its two largest units: `3 min 12 s`, `2 days 4 h`.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let two = |a: u64, a_unit: &str, b: u64, b_unit: &str| match b {
        0 => format!("{a} {a_unit}"),
        _ => format!("{a} {a_unit} {b} {b_unit}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => two(minutes, "min", rest, "s"),
        (0, _, _) => two(hours, "h", minutes, "min"),
        (1, _, _) => two(1, "day", hours, "h"),
        _ => two(days, "days", hours, "h"),
    }
}

/// A span of time in its largest unit, for what is long past: `a moment`, `5 min`, `3 days`.
pub fn rough_span(ms: u64) -> String {
    match ms / 1_000 {
        0..60 => "a moment".into(),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h", seconds / 3_600),
        seconds => count(seconds / 86_400, "day"),
    }
}

/// An amount of bytes: `640 bytes`, `5.6 KB`, `1.2 MB`.
pub fn bytes(bytes: u64) -> String {
    let tenths = |unit: u64| rounded(&format!("{}.{}", bytes / unit, bytes % unit * 10 / unit), 2);
    match bytes {
        0..1_000 => count(bytes, "byte"),
        1_000..1_000_000 => format!("{} KB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

/// A span of work in microseconds: `less than a millisecond`, `18 ms`, `1.5 s`.
pub fn work(us: u64) -> String {
    match us {
        0..1_000 => "less than a millisecond".into(),
        1_000..1_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{} s", rounded(&format!("{}.{}", us / 1_000_000, us % 1_000_000 / 100_000), 2)),
    }
}

/// A field's name as an expression has it: in backticks where it is not a plain word.
pub fn name_in_expression(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { name.into() } else { format!("`{name}`") }
}

/// Compact JSON with a line for each part, as people like to read it; nothing of it is changed. What is spread out
/// already, or no JSON, comes back as it is.
pub fn spread(json: &str) -> String {
    if json.contains('\n') {
        return json.into();
    }
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if in_text {
            text.push(c);
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        let line = |text: &mut String, depth: usize| {
            text.push('\n');
            text.extend(std::iter::repeat_n("  ", depth));
        };
        match c {
            '{' | '[' => {
                text.push(c);
                match chars.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => text.push(end),
                    None => {
                        depth += 1;
                        line(&mut text, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            c => {
                in_text = c == '"';
                text.push(c);
            }
        }
    }
    text
}

/// An expression as people read it: the bare name where it is one field, else with names [`quoted`].
pub fn expression(text: &str) -> String {
    match text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        Some(name) if !name.contains('`') => name.into(),
        _ => quoted(text),
    }
}

/// Names in quotation marks where the node's words have code quotes.
pub fn quoted(text: &str) -> String {
    let mut text = String::from(text);
    for quote in ["“", "”"].into_iter().cycle().take(2 * (text.matches('`').count() / 2)) {
        text = text.replacen('`', quote, 1);
    }
    text
}

/// The first letter in upper case, a full stop at the end, and names [`quoted`]: errors come as parts of
/// sentences.
pub fn sentence(text: &str) -> String {
    let mut sentence = upper_first(&quoted(text.trim()));
    if !sentence.is_empty() && !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// The first letter in upper case.
pub fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

/// Names in a sentence: `a`, `a and b`, `a, b and c`.
pub fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The name that a file suggests for its records: without folders and ending.
pub fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = if stem.is_empty() { name } else { stem };
    stem.chars().filter(|c| !c.is_control()).take(64).collect::<String>().trim().into()
}

/// Why a program of this page's ended that computes: in place of an engine's words, which say that memory was short as if something were broken.
pub fn ended(words: String, of_what: &str) -> String {
    let is_memory =
        ["memory", "unreachable", "allocation"].iter().any(|word| words.to_lowercase().contains(word));
    if is_memory {
        return format!(
            "it ended, most likely since the tab has no memory left for such a {of_what} ({words})"
        );
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_keep_their_decimals() {
        assert_eq!(grouped("1234567.50"), "1,234,567.50");
        assert_eq!(grouped("-1000"), "\u{2212}1,000");
        assert_eq!(grouped("999"), "999");
        assert_eq!(grouped("no number"), "no number");
        assert_eq!(
            (plain("2000.00"), plain("-0.50"), plain("100")),
            ("2,000".into(), "\u{2212}0.5".into(), "100".into())
        );
        assert_eq!(rounded("4201.7563859", 6), "4,201.76");
        assert_eq!(rounded("-0.000123456", 3), "\u{2212}0.000123");
        assert_eq!(rounded("999.996", 5), "1,000");
        assert_eq!(rounded("1234567.5", 3), "1,234,568");
        assert_eq!((rounded("5.000000", 7), rounded("-0.0004", 0)), ("5".into(), "0".into()));
        let parsed = |text: &str| text.parse::<f64>().ok();
        for text in
            ["0", "7000", "-0.5", ".25", "3.", "0.1", "123456789.012345", "9007199254740991", "-0.000001"]
        {
            assert_eq!(number(text), parsed(text), "{text}");
        }
        for text in ["", "-", ".", "1e3", "+1", " 1", "inf", "NaN", "1.2.3", &"9".repeat(400)] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(
            (significant("12", 1), significant("3.10", 3), significant("a.b", 1)),
            ("12".into(), "3.10".into(), "a.b".into())
        );
    }

    #[test]
    fn spans_name_two_units_at_most() {
        assert_eq!(span(12_999), "12 s");
        assert_eq!(span(192_000), "3 min 12 s");
        assert_eq!(span(7_200_000), "2 h");
        assert_eq!(span(86_400_000 + 3_600_000), "1 day 1 h");
        assert_eq!(span(3 * 86_400_000), "3 days");
        assert_eq!(rough_span(500), "a moment");
        assert_eq!(rough_span(86_400_000), "1 day");
    }

    #[test]
    fn sentences_and_lists_read_as_english() {
        assert_eq!(sentence("row 3 is short"), "Row 3 is short.");
        assert_eq!(sentence("field `a` and `b`: `"), "Field “a” and “b”: `.");
        assert_eq!(sentence(""), "");
        assert_eq!(
            spread(r#"{"a":[1,{"b: {":"\"}"}],"c":{},"d":1.10}"#),
            "{\n  \"a\": [\n    1,\n    {\n      \"b: {\": \"\\\"}\"\n    }\n  ],\n  \"c\": {},\n  \"d\": 1.10\n}"
        );
        assert_eq!(
            (spread("[]"), spread("no json"), spread("{\n}")),
            ("[]".into(), "no json".into(), "{\n}".into())
        );
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
        assert_eq!(count(1, "answer"), "1 answer");
        assert_eq!(count(0, "answer"), "0 answers");
        assert_eq!(
            (bytes(999), bytes(5_616), bytes(1_320_072)),
            ("999 bytes".into(), "5.6 KB".into(), "1.3 MB".into())
        );
        assert_eq!(
            (work(300), work(17_900), work(1_540_000)),
            ("less than a millisecond".into(), "17 ms".into(), "1.5 s".into())
        );
        assert_eq!(
            (name_in_expression("mass_g"), name_in_expression("Body Mass (g)")),
            ("mass_g".into(), "`Body Mass (g)`".into())
        );
        assert_eq!(
            (expression("`Body Mass (g)`"), expression("mass"), expression("`a b` + `c d`")),
            ("Body Mass (g)".into(), "mass".into(), "“a b” + “c d”".into())
        );
        assert_eq!(stem("some/penguins.v2.csv"), "penguins.v2");
        assert_eq!(stem(".csv"), ".csv");
    }

    #[test]
    fn what_ended_for_memory_is_said_so() {
        for words in ["RuntimeError: unreachable", "Out of memory", "invalid array buffer allocation"] {
            let said = ended(words.into(), "graph");
            assert!(said.contains("no memory left for such a graph") && said.contains(words), "{said}");
        }
        assert_eq!(ended("index out of bounds".into(), "program"), "index out of bounds");
    }
}
