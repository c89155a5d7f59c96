//! The formats of text that are checked: dates, times, identifiers.

use time::{Date, Month};

/// What a text has to look like. A format that is not among these says nothing about validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `date`: `2026-11-20` (RFC 3339, full-date).
    Date,
    /// `date-time`: `2026-11-20T12:00:00Z` (RFC 3339). As Pydantic writes it for a `datetime` without a zone, the
    /// zone may be missing, and so may the seconds.
    DateTime,
    /// `time`: `12:00:00`, with or without a zone.
    Time,
    /// `uuid`: 32 hexadecimal digits, with or without the four hyphens.
    Uuid,
    /// `email`: one `@` between two parts, the second with no space.
    Email,
}

impl Format {
    /// The format that a schema calls `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "date" => Self::Date,
            "date-time" => Self::DateTime,
            "time" => Self::Time,
            "uuid" => Self::Uuid,
            "email" | "idn-email" => Self::Email,
            _ => return None,
        })
    }

    /// Whether `text` is of this format.
    pub fn fits(self, text: &str) -> bool {
        match self {
            Self::Date => day(text).is_some(),
            Self::DateTime => moment(text).is_some(),
            Self::Time => clock(text).is_some(),
            Self::Uuid => is_uuid(text),
            Self::Email => is_email(text),
        }
    }

    /// What a person is told to write.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Date => "a date such as 2026-11-20",
            Self::DateTime => "a date and time such as 2026-11-20T12:00:00Z",
            Self::Time => "a time such as 12:00:00",
            Self::Uuid => "a UUID such as 123e4567-e89b-12d3-a456-426614174000",
            Self::Email => "an e-mail address such as ada@example.org",
        }
    }
}

/// Days since 1970-01-01 of a date as `YYYY-MM-DD`; `None` where there is no such day.
///
/// ```
/// assert_eq!(schema::day("1970-02-01"), Some(31));
/// assert_eq!(schema::day("2026-02-29"), None);
/// ```
pub fn day(text: &str) -> Option<i32> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = i32::try_from(digits(&bytes[..4])?).ok()?;
    let month = Month::try_from(u8::try_from(digits(&bytes[5..7])?).ok()?).ok()?;
    let date = Date::from_calendar_date(year, month, u8::try_from(digits(&bytes[8..])?).ok()?).ok()?;
    // Pydantic's years begin at 1.
    (year > 0).then(|| date.to_julian_day() - 2_440_588)
}

/// Microseconds since 1970-01-01T00:00:00Z of a date and time; one without a zone is taken as UTC, a fraction
/// beyond microseconds is cut off.
///
/// ```
/// assert_eq!(schema::moment("1970-01-01T01:00:00.5+01:00"), Some(500_000));
/// assert_eq!(schema::moment("1970-01-01T00:00"), Some(0));
/// ```
pub fn moment(text: &str) -> Option<i64> {
    let date = text.get(..10)?;
    let rest = text.get(10..)?.strip_prefix(['T', 't', ' ', '_'])?;
    let (of_day, zone) = clock(rest)?;
    Some(i64::from(day(date)?) * 86_400_000_000 + of_day - zone * 60_000_000)
}

/// Microseconds of the day, and the zone's minutes ahead of UTC.
fn clock(text: &str) -> Option<(i64, i64)> {
    let bytes = text.as_bytes();
    let [h, hh, b':', m, mm, rest @ ..] = bytes else { return None };
    let (hour, minute) = (digits(&[*h, *hh])?, digits(&[*m, *mm])?);
    let (second, rest) = match rest {
        [b':', s, ss, rest @ ..] => (digits(&[*s, *ss])?, rest),
        rest => (0, rest),
    };
    let (micros, rest) = match rest {
        [b'.' | b',', rest @ ..] => {
            let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (fraction, rest) = rest.split_at(len);
            if !(1..=9).contains(&len) {
                return None;
            }
            let kept = &fraction[..len.min(6)];
            (digits(kept)? * 10i64.pow(6 - u32::try_from(kept.len()).ok()?), rest)
        }
        rest => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((((hour * 60 + minute) * 60 + second) * 1_000_000 + micros, zone(rest)?))
}

/// Minutes ahead of UTC; 0 for a text without a zone.
fn zone(rest: &[u8]) -> Option<i64> {
    let (sign, h, m) = match rest {
        [] | [b'Z' | b'z'] => return Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] | [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            (*sign, digits(&[*h1, *h2])?, digits(&[*m1, *m2])?)
        }
        _ => return None,
    };
    if h > 23 || m > 59 {
        return None;
    }
    Some(if sign == b'-' { -(h * 60 + m) } else { h * 60 + m })
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes
        .iter()
        .try_fold(0i64, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.len() {
        32 => bytes.iter().all(u8::is_ascii_hexdigit),
        36 => bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        }),
        _ => false,
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && !part.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@')
    };
    plain(local) && plain(domain) && domain.contains('.')
}
