//! Numbers of the 24-bit profile: HVM2's `u24`, `i24` and `f24`, operators, and operators with one operand.
//!
//! ```text
//! 28..5                       4..0
//! value of 24 bits            kind: 0 a symbol, 1 u24, 2 i24, 3 f24, 4.. an operator with this value as one operand
//! ```
//!
//! An `f24` is an IEEE 754 single without its last 8 bits of fraction, rounded to nearest, ties to even. Operations are those of
//! `Numb::operate` of the crate `hvm` 2.0.22, with two things made firm that it leaves to the machine: there is one NaN, and where
//! it panics (a whole number divided by zero, an operator that the kind has not) the result is 0 and [`Operated::undefined`] is set.
//! Sines and the like are rounded from 64 bits, so that they too are the same everywhere.

use core::fmt;

/// Kinds of numbers, in a number's lowest 5 bits.
mod kind {
    pub(super) const SYM: u32 = 0;
    pub(super) const U24: u32 = 1;
    pub(super) const I24: u32 = 2;
    pub(super) const F24: u32 = 3;
}

/// Operators, numbered as HVM2 does. An operator of a symbol, or the kind of an operator that has one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Operator {
    /// To `u24`.
    ToU24 = 0x01,
    /// To `i24`.
    ToI24 = 0x02,
    /// To `f24`.
    ToF24 = 0x03,
    /// The sum.
    Add = 0x04,
    /// The difference.
    Sub = 0x05,
    /// The difference, operands swapped.
    SubFlipped = 0x06,
    /// The product.
    Mul = 0x07,
    /// The quotient, toward zero.
    Div = 0x08,
    /// The quotient, operands swapped.
    DivFlipped = 0x09,
    /// The remainder, with the dividend's sign.
    Rem = 0x0A,
    /// The remainder, operands swapped.
    RemFlipped = 0x0B,
    /// 1 if equal, else 0.
    Equal = 0x0C,
    /// 1 if not equal, else 0.
    NotEqual = 0x0D,
    /// 1 if less, else 0.
    Less = 0x0E,
    /// 1 if greater, else 0.
    Greater = 0x0F,
    /// Bitwise and; of floats the angle of a point, `atan2`.
    And = 0x10,
    /// Bitwise or; of floats the logarithm of the second to the base of the first.
    Or = 0x11,
    /// Bitwise exclusive or; of floats the power.
    Xor = 0x12,
    /// Shifted left by the operand modulo 32; of floats the sine of the sum.
    ShiftLeft = 0x13,
    /// Shifted left, operands swapped.
    ShiftLeftFlipped = 0x14,
    /// Shifted right by the operand modulo 32; of floats the tangent of the sum.
    ShiftRight = 0x15,
    /// Shifted right, operands swapped.
    ShiftRightFlipped = 0x16,
}

use Operator as O;

impl Operator {
    /// Every operator and how it is written, in an order in which none hides behind a shorter one.
    pub const ALL: [(&'static str, Self); 22] = [
        ("u24", O::ToU24),
        ("i24", O::ToI24),
        ("f24", O::ToF24),
        (":<<", O::ShiftLeftFlipped),
        (":>>", O::ShiftRightFlipped),
        ("<<", O::ShiftLeft),
        (">>", O::ShiftRight),
        (":-", O::SubFlipped),
        (":/", O::DivFlipped),
        (":%", O::RemFlipped),
        ("+", O::Add),
        ("-", O::Sub),
        ("*", O::Mul),
        ("/", O::Div),
        ("%", O::Rem),
        ("=", O::Equal),
        ("!", O::NotEqual),
        ("<", O::Less),
        (">", O::Greater),
        ("&", O::And),
        ("|", O::Or),
        ("^", O::Xor),
    ];

    /// The operator of each number.
    const BY_BITS: [Option<Self>; 32] = {
        let mut by_bits = [None; 32];
        let mut at = 0;
        while at < Self::ALL.len() {
            let operator = Self::ALL[at].1;
            by_bits[operator as usize] = Some(operator);
            at += 1;
        }
        by_bits
    };

    #[inline]
    fn from_bits(bits: u32) -> Option<Self> {
        Self::BY_BITS.get(bits as usize).copied().flatten()
    }

    fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, operator)| *operator == self).map_or("?", |(sign, _)| sign)
    }

    /// Whether it changes a number's kind, and so takes no operand.
    #[must_use]
    pub fn is_cast(self) -> bool {
        self <= O::ToF24
    }
}

/// A number of the 24-bit profile, as 29 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Num24(pub u32);

/// What an operation gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operated {
    /// The result; 0 where there is none.
    pub value: Num24,
    /// Whether there is none: a division by zero, or an operator that the kind has not.
    pub undefined: bool,
}

const MASK: u32 = (1 << 29) - 1;
const U24_MAX: u32 = (1 << 24) - 1;
const I24_MAX: i32 = (1 << 23) - 1;
const I24_MIN: i32 = -(1 << 23);

impl Num24 {
    /// An unsigned number, modulo 2^24.
    #[inline]
    #[must_use]
    pub const fn u24(value: u32) -> Self {
        Self((value << 5 | kind::U24) & MASK)
    }

    /// A signed number, modulo 2^24.
    #[inline]
    #[must_use]
    pub const fn i24(value: i32) -> Self {
        Self(((value as u32) << 5 | kind::I24) & MASK)
    }

    /// The nearest float of 24 bits.
    #[must_use]
    pub fn f24(value: f32) -> Self {
        if value.is_nan() {
            return Self(0x7F_C001 << 5 | kind::F24);
        }
        let bits = value.to_bits();
        let (high, lost) = (bits >> 8, bits & 0xFF);
        let up = lost > 0x80 || (lost == 0x80 && high & 1 == 1);
        Self((high + u32::from(up)) << 5 | kind::F24)
    }

    /// An operator alone.
    #[must_use]
    pub const fn symbol(operator: Operator) -> Self {
        Self((operator as u32) << 5 | kind::SYM)
    }

    /// An operator with its first operand, whose kind is forgotten: the second operand's counts.
    #[must_use]
    pub const fn partial(operator: Operator, operand: Self) -> Self {
        Self(operand.0 & !0x1F | operator as u32)
    }

    /// The operator that it is, and its operand's bits if it has one; `None` for a number.
    #[must_use]
    pub fn operator(self) -> Option<(Operator, Option<u32>)> {
        if self.kind() == kind::SYM {
            return Operator::from_bits(self.0 >> 5).map(|operator| (operator, None));
        }
        let partial = Operator::from_bits(self.kind()).filter(|operator| !operator.is_cast());
        partial.map(|operator| (operator, Some(self.to_u24())))
    }

    /// Whether it is a float.
    #[must_use]
    pub const fn is_float(self) -> bool {
        self.0 & 0x1F == kind::F24
    }

    #[inline]
    fn kind(self) -> u32 {
        self.0 & 0x1F
    }

    /// Its 24 bits as an unsigned number.
    #[inline]
    #[must_use]
    pub const fn to_u24(self) -> u32 {
        self.0 >> 5 & U24_MAX
    }

    /// It, if it is an unsigned number.
    #[must_use]
    pub fn unsigned(self) -> Option<u32> {
        (self == Self::u24(self.to_u24())).then(|| self.to_u24())
    }

    /// Its 24 bits as a signed number.
    #[inline]
    #[must_use]
    pub const fn to_i24(self) -> i32 {
        (self.0 << 3) as i32 >> 8
    }

    /// Its 24 bits as a float.
    #[inline]
    #[must_use]
    pub const fn to_f24(self) -> f32 {
        f32::from_bits(self.to_u24() << 8)
    }

    /// Applies one to the other: an operator to a number gives the operator with an operand, that to a number a number. The
    /// order of the two does not matter.
    #[inline]
    #[must_use]
    pub fn operate(self, other: Self) -> Operated {
        // The common case first: `[+2]` and a `u24`, or the other way round.
        let (a, b) = if self.kind() >= O::Add as u32 { (self, other) } else { (other, self) };
        if a.kind() >= O::Add as u32 && b.kind() == kind::U24 {
            return operate_u24(a, b);
        }
        operate_any(a, b)
    }
}

const fn defined(value: Num24) -> Operated {
    Operated { value, undefined: false }
}

const UNDEFINED: Operated = Operated { value: Num24::u24(0), undefined: true };

fn operate_any(a: Num24, b: Num24) -> Operated {
    let (at, bt) = (a.kind(), b.kind());
    let is_cast = |num: Num24| num.kind() == kind::SYM && (kind::U24..=kind::F24).contains(&(num.0 >> 5));
    let is_value = |num: Num24| (kind::U24..=kind::F24).contains(&num.kind());
    defined(match () {
        () if at == kind::SYM && bt == kind::SYM => Num24::u24(0),
        () if is_cast(a) && is_value(b) => cast(a.0 >> 5, b),
        () if is_cast(b) && is_value(a) => cast(b.0 >> 5, a),
        () if at == kind::SYM => with_kind(b, a.0 >> 5 & 0x1F),
        () if bt == kind::SYM => with_kind(a, b.0 >> 5 & 0x1F),
        // Two operators with an operand each, or two numbers: nothing says what to do, and HVM2 gives 0.
        () if (at >= O::Add as u32) == (bt >= O::Add as u32) => Num24::u24(0),
        () if bt == kind::U24 => return operate_u24(a, b),
        () if bt == kind::I24 => return operate_i24(a, b),
        () => return operate_f24(a, b),
    })
}

/// The number's 24 bits as another kind.
fn with_kind(num: Num24, kind: u32) -> Num24 {
    let num = Num24(num.0 & !0x1F | kind);
    if kind == kind::F24 && num.to_f24().is_nan() { Num24::f24(f32::NAN) } else { num }
}

fn cast(to: u32, num: Num24) -> Num24 {
    match (to, num.kind()) {
        (kind::U24, kind::I24) => Num24::u24(num.to_u24()),
        (kind::U24, kind::F24) => Num24::u24((num.to_f24() as u32).min(U24_MAX)),
        (kind::I24, kind::U24) => Num24::i24(num.to_u24() as i32),
        (kind::I24, kind::F24) => Num24::i24((num.to_f24() as i32).clamp(I24_MIN, I24_MAX)),
        (kind::F24, kind::U24) => Num24::f24(num.to_u24() as f32),
        (kind::F24, kind::I24) => Num24::f24(num.to_i24() as f32),
        _ => num,
    }
}

/// `a` holds the operator and the first operand.
#[inline]
fn operate_u24(a: Num24, b: Num24) -> Operated {
    let (x, y) = (a.to_u24(), b.to_u24());
    const ADD: u32 = O::Add as u32;
    if a.kind() == ADD {
        return defined(Num24::u24(x + y));
    }
    let Some(operator) = Operator::from_bits(a.kind()) else { return UNDEFINED };
    let some = |value: Option<u32>| value.map_or(UNDEFINED, |value| defined(Num24::u24(value)));
    some(match operator {
        O::Add => Some(x + y),
        O::Sub => Some(x.wrapping_sub(y)),
        O::SubFlipped => Some(y.wrapping_sub(x)),
        O::Mul => Some(x.wrapping_mul(y)),
        O::Div => x.checked_div(y),
        O::DivFlipped => y.checked_div(x),
        O::Rem => x.checked_rem(y),
        O::RemFlipped => y.checked_rem(x),
        O::Equal => Some((x == y).into()),
        O::NotEqual => Some((x != y).into()),
        O::Less => Some((x < y).into()),
        O::Greater => Some((x > y).into()),
        O::And => Some(x & y),
        O::Or => Some(x | y),
        O::Xor => Some(x ^ y),
        O::ShiftLeft => Some(x << (y & 31)),
        O::ShiftRight => Some(x >> (y & 31)),
        O::ShiftLeftFlipped => Some(y << (x & 31)),
        O::ShiftRightFlipped => Some(y >> (x & 31)),
        O::ToU24 | O::ToI24 | O::ToF24 => None,
    })
}

fn operate_i24(a: Num24, b: Num24) -> Operated {
    let (x, y) = (a.to_i24(), b.to_i24());
    let Some(operator) = Operator::from_bits(a.kind()) else { return UNDEFINED };
    let some = |value: Option<i32>| value.map_or(UNDEFINED, |value| defined(Num24::i24(value)));
    let truth = |holds: bool| defined(Num24::u24(holds.into()));
    some(match operator {
        O::Add => Some(x.wrapping_add(y)),
        O::Sub => Some(x.wrapping_sub(y)),
        O::SubFlipped => Some(y.wrapping_sub(x)),
        O::Mul => Some(x.wrapping_mul(y)),
        O::Div => x.checked_div(y),
        O::DivFlipped => y.checked_div(x),
        O::Rem => x.checked_rem(y),
        O::RemFlipped => y.checked_rem(x),
        O::Equal => return truth(x == y),
        O::NotEqual => return truth(x != y),
        O::Less => return truth(x < y),
        O::Greater => return truth(x > y),
        O::And => Some(x & y),
        O::Or => Some(x | y),
        O::Xor => Some(x ^ y),
        _ => None,
    })
}

fn operate_f24(a: Num24, b: Num24) -> Operated {
    let (x, y) = (a.to_f24(), b.to_f24());
    let Some(operator) = Operator::from_bits(a.kind()) else { return UNDEFINED };
    let truth = |holds: bool| Num24::u24(holds.into());
    let logarithm = |value: f32| libm::log(value.into()) as f32;
    defined(match operator {
        O::Add => Num24::f24(x + y),
        O::Sub => Num24::f24(x - y),
        O::SubFlipped => Num24::f24(y - x),
        O::Mul => Num24::f24(x * y),
        O::Div => Num24::f24(x / y),
        O::DivFlipped => Num24::f24(y / x),
        O::Rem => Num24::f24(libm::fmodf(x, y)),
        O::RemFlipped => Num24::f24(libm::fmodf(y, x)),
        O::Equal => truth(x == y),
        O::NotEqual => truth(x != y),
        O::Less => truth(x < y),
        O::Greater => truth(x > y),
        O::And => Num24::f24(libm::atan2(x.into(), y.into()) as f32),
        O::Or => Num24::f24(logarithm(y) / logarithm(x)),
        O::Xor => Num24::f24(libm::pow(x.into(), y.into()) as f32),
        O::ShiftLeft => Num24::f24(libm::sin((x + y).into()) as f32),
        O::ShiftRight => Num24::f24(libm::tan((x + y).into()) as f32),
        _ => return UNDEFINED,
    })
}

impl fmt::Display for Num24 {
    /// As HVM2 writes it. An operator with an operand shows the operand's bits, since their kind is forgotten.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            kind::SYM => {
                write!(f, "[{}]", Operator::from_bits(self.0 >> 5).map_or("?", Operator::sign))
            }
            kind::U24 => write!(f, "{}", self.to_u24()),
            kind::I24 => write!(f, "{:+}", self.to_i24()),
            kind::F24 => match self.to_f24() {
                value if value.is_nan() => f.write_str("+NaN"),
                value if value == f32::INFINITY => f.write_str("+inf"),
                value if value == f32::NEG_INFINITY => f.write_str("-inf"),
                value => write!(f, "{value:?}"),
            },
            kind => {
                let sign = Operator::from_bits(kind).map_or("?", Operator::sign);
                write!(f, "[{sign}0x{:07X}]", self.to_u24())
            }
        }
    }
}

#[cfg(test)]
mod tests;
