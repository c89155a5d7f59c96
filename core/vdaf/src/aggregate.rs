//! What one heavy node adds up.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::field::Field128;
use crate::{AggregateError, Instance, SHARES, Scheme, additive64, prio3, rep64};

/// One report's shares at one heavy node, found valid: ready to be added up.
pub struct Output {
    pub(crate) role: usize,
    pub(crate) numbers: Numbers,
}

pub(crate) enum Numbers {
    Additive64(Vec<u64>),
    Rep64([rep64::Opening; 2]),
    Prio3(Vec<Field128>),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("role", &self.role).finish_non_exhaustive()
    }
}

/// The sum of one heavy node's shares over a set of reports.
#[derive(Clone, PartialEq, Eq)]
pub struct Aggregate {
    role: usize,
    reports: u32,
    reports_max: u32,
    sums: Sums,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Sums {
    Additive64(Vec<u64>),
    Rep64([rep64::Opening; 2]),
    Prio3(Vec<Field128>),
}

impl Aggregate {
    /// Of no report. `role` is at most 2.
    pub(crate) fn empty(instance: &Instance, role: usize) -> Self {
        let length = instance.elements();
        let sums = match instance.scheme() {
            Scheme::Additive64 => Sums::Additive64(vec![0; length]),
            Scheme::Rep64 => Sums::Rep64([rep64::Opening::zero(length), rep64::Opening::zero(length)]),
            Scheme::Prio3 => Sums::Prio3(vec![Field128::ZERO; length]),
        };
        Self { role: role % SHARES, reports: 0, reports_max: instance.participants_max(), sums }
    }

    /// Adds one report.
    ///
    /// # Errors
    /// [`AggregateError::Full`] once it holds as many reports as there may be participants; [`AggregateError::Misused`] for
    /// an output of another instance or role. It is unchanged then.
    pub fn accumulate(&mut self, output: &Output) -> Result<(), AggregateError> {
        if self.role != output.role {
            return Err(AggregateError::Misused);
        }
        if self.reports >= self.reports_max {
            return Err(AggregateError::Full);
        }
        match (&mut self.sums, &output.numbers) {
            (Sums::Additive64(sum), Numbers::Additive64(share)) if sum.len() == share.len() => {
                additive64::accumulate(sum, share);
            }
            (Sums::Rep64(sums), Numbers::Rep64(shares)) if sums[0].len() == shares[0].len() => {
                sums.iter_mut().zip(shares).for_each(|(sum, share)| sum.add(share));
            }
            (Sums::Prio3(sum), Numbers::Prio3(share)) if sum.len() == share.len() => {
                prio3::accumulate(sum, share)
            }
            _ => return Err(AggregateError::Misused),
        }
        self.reports += 1;
        Ok(())
    }

    /// The heavy node's place among the three.
    #[must_use]
    pub fn role(&self) -> usize {
        self.role
    }

    /// Number of reports in it.
    #[must_use]
    pub fn reports(&self) -> u32 {
        self.reports
    }

    /// The number of reports (4 bytes), then the sums: of `additive64`, 8 bytes each; of `rep64`, two components of scalars,
    /// each followed by its blinding, 32 bytes each; of `prio3`, 16 bytes each. All little-endian. The role is not in it: it is known from
    /// who sent it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.reports.to_le_bytes().to_vec();
        match &self.sums {
            Sums::Additive64(sums) => bytes.extend(additive64::encode(sums)),
            Sums::Rep64(sums) => sums.iter().for_each(|sum| sum.encode(&mut bytes)),
            Sums::Prio3(sums) => prio3::encode(sums, &mut bytes),
        }
        bytes
    }

    /// The aggregate of `role`, at most 2, that `bytes` encode.
    pub(crate) fn decode(instance: &Instance, role: usize, bytes: &[u8]) -> Result<Self, AggregateError> {
        if bytes.len() != instance.aggregate_len() {
            return Err(AggregateError::Malformed);
        }
        let (reports, sums) = bytes.split_first_chunk::<4>().ok_or(AggregateError::Malformed)?;
        let reports = u32::from_le_bytes(*reports);
        if reports > instance.participants_max() {
            return Err(AggregateError::Malformed);
        }
        let sums = instance.decode_sums(sums).ok_or(AggregateError::Malformed)?;
        Ok(Self { role, reports, reports_max: instance.participants_max(), sums })
    }

    pub(crate) fn sums(&self) -> &Sums {
        &self.sums
    }

    /// Whether it has the scheme and length of `instance`.
    pub(crate) fn fits(&self, instance: &Instance) -> bool {
        let (scheme, length) = match &self.sums {
            Sums::Additive64(sums) => (Scheme::Additive64, sums.len()),
            Sums::Rep64(sums) => (Scheme::Rep64, sums[0].len()),
            Sums::Prio3(sums) => (Scheme::Prio3, sums.len()),
        };
        scheme == instance.scheme() && length == instance.elements()
    }
}

impl fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregate")
            .field("role", &self.role)
            .field("reports", &self.reports)
            .finish_non_exhaustive()
    }
}
