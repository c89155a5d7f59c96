//! What can be wrong, by operation.

use core::fmt;

/// Why an [`Instance`](crate::Instance) cannot be made of these parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstanceError {
    /// A measurement has no component, or more than the scheme takes.
    Length {
        /// Components asked for.
        length: u32,
        /// Most components that the scheme takes at this width.
        max: u32,
    },
    /// A component has no bit, or more than fit.
    Bits {
        /// Bits asked for.
        bits: u8,
        /// Most bits of a component.
        max: u8,
    },
    /// No participant, or more than are allowed.
    Participants {
        /// Participants asked for.
        participants: u32,
        /// Most participants.
        max: u32,
    },
    /// The shape is one-hot, yet a component has more than one bit.
    OneHot {
        /// Bits asked for.
        bits: u8,
    },
    /// The largest total that honest participants can reach does not fit, so that it could wrap.
    CouldWrap {
        /// That total.
        total_max: u128,
        /// The largest that fits.
        fits: u64,
    },
}

impl fmt::Display for InstanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { length, max } => {
                write!(f, "a measurement of {length} numbers, where 1 to {max} are possible")
            }
            Self::Bits { bits, max } => {
                write!(f, "numbers of {bits} bits, where 1 to {max} are possible")
            }
            Self::Participants { participants, max } => {
                write!(f, "{participants} participants, where 1 to {max} are possible")
            }
            Self::OneHot { bits } => write!(f, "a one-hot measurement has numbers of 1 bit, not of {bits}"),
            Self::CouldWrap { total_max, fits } => {
                write!(f, "a total could reach {total_max}, and more than {fits} would wrap")
            }
        }
    }
}

impl core::error::Error for InstanceError {}

/// Why a measurement cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShardError {
    /// The measurement has another number of components than the shape.
    Length {
        /// Components given.
        length: usize,
        /// Components of the shape.
        expected: u32,
    },
    /// A component is larger than its bits allow.
    OutOfRange {
        /// Which component, from 0.
        component: u32,
        /// The largest allowed value.
        max: u64,
    },
    /// The shape is one-hot, and not exactly one component is 1.
    NotOneHot,
    /// The context has more than [`CONTEXT_BYTES_MAX`](crate::CONTEXT_BYTES_MAX) bytes.
    ContextTooLong,
}

impl fmt::Display for ShardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { length, expected } => {
                write!(f, "a measurement of {length} numbers, where {expected} are expected")
            }
            Self::OutOfRange { component, max } => write!(f, "number {component} is larger than {max}"),
            Self::NotOneHot => f.write_str("not exactly one of the numbers is 1"),
            Self::ContextTooLong => f.write_str("the context is too long"),
        }
    }
}

impl core::error::Error for ShardError {}

/// Why a report is refused. All but [`VerifyError::Misused`] and [`VerifyError::ContextTooLong`] put the blame on
/// whoever made the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The public share is not one: wrong length, or values that do not exist.
    PublicShare,
    /// The input share is not one: wrong length, or values that do not exist.
    InputShare,
    /// The verifier share of this role is not one.
    VerifierShare {
        /// The heavy node that it came from.
        role: usize,
    },
    /// The verifier message is not one.
    VerifierMessage,
    /// The proof says that the measurement is not valid.
    Proof,
    /// The shares of this component do not open the commitment that the report's public share holds.
    Commitment {
        /// Which of the three components.
        component: usize,
    },
    /// The context has more than [`CONTEXT_BYTES_MAX`](crate::CONTEXT_BYTES_MAX) bytes.
    ContextTooLong,
    /// The call does not fit the instance: a role above 2, or a value of another instance.
    Misused,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublicShare => f.write_str("the public share is malformed"),
            Self::InputShare => f.write_str("the input share is malformed"),
            Self::VerifierShare { role } => {
                write!(f, "the verifier share of heavy node {role} is malformed")
            }
            Self::VerifierMessage => f.write_str("the verifier message is malformed"),
            Self::Proof => f.write_str("the proof of validity fails"),
            Self::Commitment { component } => {
                write!(f, "component {component} does not open its commitment")
            }
            Self::ContextTooLong => f.write_str("the context is too long"),
            Self::Misused => f.write_str("this call does not fit the instance"),
        }
    }
}

impl core::error::Error for VerifyError {}

/// Why something cannot be added to an aggregate, or an aggregate not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AggregateError {
    /// The bytes are not an aggregate of this instance.
    Malformed,
    /// As many reports as the instance has participants are in it already.
    Full,
    /// The value is of another instance or another role.
    Misused,
}

impl fmt::Display for AggregateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the aggregate is malformed",
            Self::Full => "the aggregate holds as many reports as there may be participants",
            Self::Misused => "the value is of another instance or role",
        })
    }
}

impl core::error::Error for AggregateError {}

/// Why there is no total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnshardError {
    /// The aggregate of this role is needed and missing.
    Missing {
        /// The heavy node without which there is no total.
        role: usize,
    },
    /// The aggregate of this role covers another number of reports than asked for.
    Count {
        /// The heavy node whose aggregate it is.
        role: usize,
        /// Reports in it.
        count: u32,
    },
    /// The two holders of this component state different sums: one of them lies.
    /// [`Instance::check_aggregate`](crate::Instance::check_aggregate) says which.
    Conflict {
        /// Which of the three components.
        component: usize,
    },
    /// A total is larger than this number of honest participants can reach: somebody's numbers were wrong.
    OutOfRange {
        /// Which number of the measurement, from 0.
        component: u32,
    },
    /// The shape is one-hot, yet the totals do not add up to the number of reports: somebody's numbers were wrong.
    NotOneHot,
    /// An aggregate is of another instance, or stands at another role's place.
    Misused,
}

impl fmt::Display for UnshardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { role } => write!(f, "the aggregate of heavy node {role} is missing"),
            Self::Count { role, count } => {
                write!(f, "the aggregate of heavy node {role} covers {count} reports, not the agreed number")
            }
            Self::Conflict { component } => {
                write!(f, "two heavy nodes state different sums of component {component}")
            }
            Self::OutOfRange { component } => {
                write!(f, "total {component} is larger than the participants can reach")
            }
            Self::NotOneHot => f.write_str("the totals do not add up to the number of reports"),
            Self::Misused => f.write_str("an aggregate is of another instance or role"),
        }
    }
}

impl core::error::Error for UnshardError {}
