//! The local map: a node's own records, as the vector that it shares.

use crate::{
    Per, Plan,
    formula::{Fault, Subject},
    plan::{Checked, Shape},
};
use alloc::{
    string::{String, ToString},
    vec,
    vec::Vec,
};
use codec::Instant;
use core::fmt;
use schema::{Budget, Value};

/// Most steps that one measurement takes: parts of expressions evaluated, and values looked at. A simple question about a hundred thousand records
/// takes a tenth of it; whoever proposes can ask a node for no more, before or after the person has said yes.
pub const MEASURE_STEPS_MAX: u64 = 20_000_000;

/// Records whose fault is told; of more, only the number is.
pub const FAULTS_MAX: usize = 5;

/// What a node measures on its own records: the vector, which leaves it in shares, and how it came to be, which does not
/// leave it at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The measurement, in the plan's layout.
    pub vector: Vec<u64>,
    /// Records that the filter let pass.
    pub matching: usize,
    /// Records that had a value; in a query per person, 1 or 0.
    pub used: usize,
    /// Matching records, or the person, without a value.
    pub skipped: usize,
    /// How many of the node's records could not be evaluated: each counts as one without a value.
    pub errors: usize,
    /// The first of them, at most [`FAULTS_MAX`].
    pub faults: Vec<RecordFault>,
}

/// A record that could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFault {
    /// The record's place among those given, from 0; none where it is no single one's fault.
    pub record: Option<usize>,
    /// What happened.
    pub problem: String,
}

/// Why a node has no answer to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MeasureError {
    /// More records than the query takes of one node; answering with some of them would be wrong.
    TooManyRecords {
        /// How many it takes.
        max: u32,
    },
    /// It takes more than [`MEASURE_STEPS_MAX`] steps.
    TooMuchWork,
}

impl fmt::Display for MeasureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyRecords { max } => {
                write!(f, "more than the {max} records that the computation takes from one node")
            }
            Self::TooMuchWork => f.write_str("the question takes more work than a node does for one"),
        }
    }
}

impl core::error::Error for MeasureError {}

/// What one record, or one person, adds: components and amounts.
type Entry = Vec<(usize, u64)>;

impl Measured {
    fn fault(&mut self, record: Option<usize>, fault: &Fault) {
        self.errors += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(RecordFault { record, problem: fault.to_string() });
        }
    }

    /// Adds what a record, or the person, gave.
    fn add(
        &mut self,
        record: Option<usize>,
        entry: Result<Option<Entry>, Fault>,
        max: u32,
    ) -> Result<(), MeasureError> {
        match entry {
            Ok(Some(entry)) => {
                if self.used as u64 >= u64::from(max) {
                    return Err(MeasureError::TooManyRecords { max });
                }
                self.used += 1;
                for (component, amount) in entry {
                    // At most `max` entries, for which the layout has room.
                    self.vector[component] += amount;
                }
            }
            Ok(None) => self.skipped += 1,
            Err(fault) => {
                self.skipped += 1;
                self.fault(record, &fault);
            }
        }
        Ok(())
    }
}

impl Checked {
    /// The value's distance from the lower bound, after rounding and clipping.
    fn offset(&self, subject: Subject<'_>) -> Result<Option<u64>, Fault> {
        let units = self.formula.units(subject, self.decimals)?;
        Ok(units.map(|units| {
            let (lower, upper) = (i128::from(self.lower), i128::from(self.upper));
            (units.clamp(lower, upper) - lower) as u64
        }))
    }
}

impl Plan {
    /// Measures a node's own `records`, at the moment `now`.
    ///
    /// A record that the filter excludes, or whose value is null, counts nothing; so does one that cannot be evaluated, and
    /// [`Measured`] says how many those are.
    ///
    /// # Errors
    /// [`MeasureError`].
    pub fn measure(&self, records: &[Value], now: Instant) -> Result<Measured, MeasureError> {
        self.measure_within(records, now, &Budget::new(MEASURE_STEPS_MAX))
    }

    /// [`Plan::measure`] with what is left of `budget`, for who has spent some of it on reading the records.
    ///
    /// # Errors
    /// [`MeasureError`]; [`MeasureError::TooMuchWork`] where the budget does not last.
    pub fn measure_within(
        &self,
        records: &[Value],
        now: Instant,
        budget: &Budget,
    ) -> Result<Measured, MeasureError> {
        let mut measured = Measured {
            vector: vec![0; self.layout().length as usize],
            matching: 0,
            used: 0,
            skipped: 0,
            errors: 0,
            faults: Vec::new(),
        };
        let max = self.query().records_max;
        // The places of the records that are kept for the person, and the records.
        let (mut places, mut kept) = (Vec::new(), Vec::new());
        for (at, record) in records.iter().enumerate() {
            let record = self.schema.complete_within(record, budget);
            let subject = Subject::Record(&record, now, budget);
            let passes = self.filter.as_ref().map_or(Ok(true), |filter| filter.holds(subject));
            if budget.is_spent() {
                return Err(MeasureError::TooMuchWork);
            }
            match passes {
                Ok(true) => measured.matching += 1,
                Ok(false) => continue,
                Err(fault) => {
                    measured.fault(Some(at), &fault);
                    continue;
                }
            }
            match self.query().per {
                Per::Record => measured.add(Some(at), self.entry(subject), max)?,
                Per::Person if measured.matching as u64 > u64::from(max) => {
                    return Err(MeasureError::TooManyRecords { max });
                }
                Per::Person => {
                    places.push(at);
                    kept.push(record);
                }
            }
        }
        if self.query().per == Per::Person {
            let entry = match &self.shape {
                Shape::Count => Ok((!kept.is_empty()).then(|| vec![(0, 1)])),
                _ => self.entry(Subject::Person(&kept, now, budget)),
            };
            let record = entry.as_ref().err().and_then(Fault::record);
            measured.add(record.and_then(|at| places.get(at)).copied(), entry, 1)?;
        }
        if budget.is_spent() {
            return Err(MeasureError::TooMuchWork);
        }
        if self.layout().one_hot && measured.used == 0 {
            // The last component stands for people without a value.
            if let Some(missing) = measured.vector.last_mut() {
                *missing = 1;
            }
        }
        Ok(measured)
    }

    /// What one record, or one person, adds; `None` without a value.
    fn entry(&self, subject: Subject<'_>) -> Result<Option<Entry>, Fault> {
        let entry = match &self.shape {
            Shape::Count => vec![(0, 1)],
            Shape::Powers { value, squares } => {
                let Some(d) = value.offset(subject)? else { return Ok(None) };
                let mut entry = vec![(0, 1), (1, d)];
                if *squares {
                    entry.push((2, d * d));
                }
                entry
            }
            Shape::Pair { x, y } => {
                let (x, y) = (x.offset(subject)?, y.offset(subject)?);
                let (Some(x), Some(y)) = (x, y) else { return Ok(None) };
                vec![(0, 1), (1, x), (2, y), (3, x * x), (4, y * y), (5, x * y)]
            }
            Shape::Cells { value, edges, .. } => {
                let Some(units) = value.formula.units(subject, value.decimals)? else { return Ok(None) };
                vec![(edges.partition_point(|edge| i128::from(*edge) <= units), 1)]
            }
            Shape::Group { by, categories, value } => {
                let category = by.category(subject)?;
                let offset = value.as_ref().map(|value| value.offset(subject)).transpose()?;
                let Some(category) = category else { return Ok(None) };
                let cell = categories.iter().position(|one| *one == category).unwrap_or(categories.len());
                match offset {
                    None => vec![(cell, 1)],
                    Some(Some(d)) => vec![(cell, 1), (categories.len() + 1 + cell, d)],
                    Some(None) => return Ok(None),
                }
            }
            Shape::Vector { values } => {
                let mut entry = vec![(0, 1)];
                for (at, value) in values.iter().enumerate() {
                    let Some(d) = value.offset(subject)? else { return Ok(None) };
                    entry.push((at + 1, d));
                }
                entry
            }
        };
        Ok(Some(entry))
    }
}
