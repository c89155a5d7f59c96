use alloc::string::String;
use borsh::{BorshDeserialize, BorshSerialize};
use core::{fmt, str::FromStr};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A moment: milliseconds since 1970-01-01T00:00:00Z, as the shell's clock reads it.
///
/// Deadlines are UTC, so every machine is driven by UTC. A shell hands in a clock that never runs
/// backwards while it lives; two nodes' clocks may disagree, and the protocols allow for it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Instant(u64);

/// The text is not a moment in UTC that this project can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstantError;

impl fmt::Display for InstantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a moment: expected RFC 3339 such as `2026-11-20T12:00:00Z`, in the years 1970 to 9999",
        )
    }
}

impl core::error::Error for InstantError {}

impl Instant {
    /// The last moment that RFC 3339 can write, 9999-12-31T23:59:59.999Z, in milliseconds.
    const MS_MAX: u64 = 253_402_300_799_999;

    /// The moment `ms` milliseconds after the Unix epoch; the year 9999's end at the latest.
    pub const fn from_unix_ms(ms: u64) -> Self {
        Self(if ms > Self::MS_MAX { Self::MS_MAX } else { ms })
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_ms(self) -> u64 {
        self.0
    }

    /// This moment and `ms` milliseconds more.
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self::from_unix_ms(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; 0 where `earlier` is later.
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `time` formats only with `std`, which bare metal has not; RFC 3339 in UTC is these few fields.
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .map_err(|_| fmt::Error)?;
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second, ms) = moment.to_hms_milli();
        write!(f, "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", u8::from(month))?;
        match ms {
            0 => {}
            ms if ms % 100 == 0 => write!(f, ".{}", ms / 100)?,
            ms if ms % 10 == 0 => write!(f, ".{:02}", ms / 10)?,
            ms => write!(f, ".{ms:03}")?,
        }
        f.write_str("Z")
    }
}

impl FromStr for Instant {
    type Err = InstantError;

    fn from_str(text: &str) -> Result<Self, InstantError> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InstantError)?;
        let ms = moment.unix_timestamp_nanos() / 1_000_000;
        u64::try_from(ms).ok().filter(|ms| *ms <= Self::MS_MAX).map(Self).ok_or(InstantError)
    }
}

impl serde::Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
