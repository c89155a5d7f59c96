//! Numbers: masses of units, four-byte contributions, fractions. All of it is integers, each defined to the bit in `SPEC.md`.

use core::fmt;

/// All mass, in units: 2⁵⁸. A focus vector's entries are units and add up to this.
pub const ONE: u64 = 1 << ONE_BITS;
const ONE_BITS: u32 = 58;

/// Bits of a contribution's mantissa; the five above it are its exponent.
pub(crate) const MANTISSA_BITS: u32 = 27;
const MANTISSA: u32 = (1 << MANTISSA_BITS) - 1;
/// The greatest exponent, of contributions and of shares.
pub(crate) const EXPONENT_MAX: u32 = 31;

/// The greatest contribution that is at most `units`: mantissa · 2^exponent, with the least exponent that can hold it.
pub(crate) const fn encode(units: u64) -> u32 {
    let bits = u64::BITS - units.leading_zeros();
    let exponent = bits.saturating_sub(MANTISSA_BITS);
    if exponent > EXPONENT_MAX {
        return u32::MAX;
    }
    exponent << MANTISSA_BITS | (units >> exponent) as u32
}

/// The units of a contribution.
pub(crate) const fn decode(contribution: u32) -> u64 {
    ((contribution & MANTISSA) as u64) << (contribution >> MANTISSA_BITS)
}

/// The part of a contribution that goes along an edge with this share, rounded down.
pub(crate) const fn weigh(contribution: u32, share: u32) -> u64 {
    let product = (contribution & MANTISSA) as u64 * (share & MANTISSA) as u64;
    // 27 bits each: 54; four more make all shifts go to the right.
    let right = EXPONENT_MAX - (contribution >> MANTISSA_BITS) + (share >> MANTISSA_BITS);
    (product << 4) >> right
}

/// The greatest share that is at most `part / whole`: mantissa · 2^-(27 + exponent). `part` is at most `whole`, and that is not 0.
pub(crate) const fn share(part: u128, whole: u128) -> u32 {
    // The quotient below needs 58 bits of room.
    let surplus = (u128::BITS - whole.leading_zeros()).saturating_sub(69);
    let (part, whole) = (part >> surplus, (whole >> surplus) + (surplus > 0) as u128);
    if part == whole {
        return MANTISSA;
    }
    let mut exponent = part.leading_zeros() - whole.leading_zeros();
    if exponent > EXPONENT_MAX {
        exponent = EXPONENT_MAX;
    }
    let mut mantissa = (part << (MANTISSA_BITS + exponent)) / whole;
    if mantissa > MANTISSA as u128 {
        // The leading bits were alike, and `part`'s rest is the greater.
        exponent -= 1;
        mantissa >>= 1;
    }
    exponent << MANTISSA_BITS | mantissa as u32
}

/// `units` · `factor` / 2⁵⁸, rounded down; both at most [`ONE`].
pub(crate) const fn scale(units: u64, factor: u64) -> u64 {
    ((units as u128 * factor as u128) >> ONE_BITS) as u64
}

/// How much of a node's mass follows its edges; the rest teleports. A fraction of 2³², below 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alpha(u32);

impl Alpha {
    /// 0.85, the usual choice.
    pub const USUAL: Self = Self(3_650_722_202);

    /// `parts` of 2³².
    pub const fn of_parts(parts: u32) -> Self {
        Self(parts)
    }

    /// How many of 2³² parts.
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// How many of 2³² parts teleport; never 0.
    pub const fn rest(self) -> u64 {
        (1 << 32) - self.0 as u64
    }

    /// Reads a decimal, such as `0.85`, to the nearest 2⁻³².
    ///
    /// # Errors
    /// [`NumberError`] where the text is no decimal from 0 to below 1.
    pub fn from_decimal(text: &str) -> Result<Self, NumberError> {
        let parts = Decimal::read(text)?.units(32)?;
        u32::try_from(parts).map(Self).map_err(|_| NumberError::TooLarge)
    }

    /// `units` · α, rounded down.
    pub(crate) const fn of(self, units: u64) -> u64 {
        ((units as u128 * self.0 as u128) >> 32) as u64
    }
}

impl fmt::Display for Alpha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nine digits tell all fractions of 2³² apart; fewer where they say as much.
        for digits in 1..=9 {
            let ten = 10_u64.pow(digits);
            let rounded = (u64::from(self.0) * ten + (1 << 31)) >> 32;
            let back = (u128::from(rounded) << 32).wrapping_add(u128::from(ten / 2)) / u128::from(ten);
            if back == u128::from(self.0) || digits == 9 {
                return write!(f, "{}.{:0width$}", rounded / ten, rounded % ten, width = digits as usize);
            }
        }
        Ok(())
    }
}

/// A distance in L1 between vectors of mass 1: units of 2⁻⁵⁸, at most 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epsilon(u64);

impl Epsilon {
    /// A millionth.
    pub const MILLIONTH: Self = Self(288_230_376_152);

    /// `units` of 2⁻⁵⁸, as long as they are 1 to 2⁵⁹.
    pub const fn of_units(units: u64) -> Option<Self> {
        if units == 0 || units > 2 * ONE { None } else { Some(Self(units)) }
    }

    /// How many units of 2⁻⁵⁸.
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Reads a decimal, such as `1e-6`, to the nearest unit.
    ///
    /// # Errors
    /// [`NumberError`] where the text is no decimal above 0 and up to 2.
    pub fn from_decimal(text: &str) -> Result<Self, NumberError> {
        let units = Decimal::read(text)?.units(ONE_BITS)?;
        let units = u64::try_from(units).map_err(|_| NumberError::TooLarge)?;
        Self::of_units(units).ok_or(if units == 0 { NumberError::TooSmall } else { NumberError::TooLarge })
    }
}

/// Bits of a weight that stand behind the point.
pub const WEIGHT_BITS: u32 = 32;

/// Reads an edge's weight from a decimal: in units of 2⁻³², to the nearest.
///
/// # Errors
/// [`NumberError`] where the text is no number, not finite, below 0, 2³² or more, or so small that nothing would be left of it.
///
/// ```
/// assert_eq!(rank::weight_from_decimal("1.5"), Ok(3 << 31));
/// assert_eq!(rank::weight_from_decimal("-1"), Err(rank::NumberError::Negative));
/// assert_eq!(rank::weight_from_decimal("NaN"), Err(rank::NumberError::NotFinite));
/// ```
pub fn weight_from_decimal(text: &str) -> Result<u64, NumberError> {
    let decimal = Decimal::read(text)?;
    let units = u64::try_from(decimal.units(WEIGHT_BITS)?).map_err(|_| NumberError::TooLarge)?;
    if units == 0 && decimal.digits > 0 { Err(NumberError::TooSmall) } else { Ok(units) }
}

/// Why a text is not the number that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberError {
    /// Not a decimal at all.
    NotANumber,
    /// NaN or infinite.
    NotFinite,
    /// Below zero.
    Negative,
    /// Beyond what can be held.
    TooLarge,
    /// Positive, and nothing of it would be left.
    TooSmall,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "is not a number; write it as in 0.25 or 1e-3",
            Self::NotFinite => "is not a finite number",
            Self::Negative => "is negative",
            Self::TooLarge => "is too large",
            Self::TooSmall => "is too small to be told from 0; use a finer unit",
        })
    }
}

impl core::error::Error for NumberError {}

/// `digits` · 10^`exponent`: a decimal as it was written, up to 19 significant digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    digits: u64,
    exponent: i32,
}

impl Decimal {
    fn read(text: &str) -> Result<Self, NumberError> {
        let text = text.trim();
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if ["nan", "inf", "infinity"].iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
            return Err(NumberError::NotFinite);
        }
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, exponent.parse::<i16>().map_err(|_| NumberError::NotANumber)?)
            }
            None => (unsigned, 0),
        };
        let (whole, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && behind.is_empty() {
            return Err(NumberError::NotANumber);
        }
        let mut read = Self { digits: 0, exponent: i32::from(exponent) };
        for (byte, is_behind) in
            whole.bytes().map(|byte| (byte, false)).chain(behind.bytes().map(|byte| (byte, true)))
        {
            if !byte.is_ascii_digit() {
                return Err(NumberError::NotANumber);
            }
            if read.digits < 10_u64.pow(18) {
                read.digits = 10 * read.digits + u64::from(byte - b'0');
                read.exponent = read.exponent.saturating_sub(i32::from(is_behind));
            } else {
                read.exponent = read.exponent.saturating_add(i32::from(!is_behind));
            }
        }
        if negative && read.digits > 0 {
            return Err(NumberError::Negative);
        }
        Ok(read)
    }

    /// The number · 2^bits, to the nearest whole one; `bits` is at most 58.
    fn units(self, bits: u32) -> Result<u128, NumberError> {
        if self.digits == 0 {
            return Ok(0);
        }
        let scaled = u128::from(self.digits) << bits;
        let Some(ten) = 10_u128.checked_pow(self.exponent.unsigned_abs()) else {
            return if self.exponent > 0 { Err(NumberError::TooLarge) } else { Ok(0) };
        };
        if self.exponent >= 0 {
            scaled.checked_mul(ten).ok_or(NumberError::TooLarge)
        } else {
            let whole = scaled / ten;
            Ok(whole + u128::from(scaled % ten >= ten.div_ceil(2)))
        }
    }
}

#[cfg(test)]
mod tests;
