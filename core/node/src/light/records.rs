//! Private records: what a person sees of them, and what they change by hand.
//!
//! A change is made to a copy, and holds once that is durable. Changes that follow each other closely build on each
//! other, whether durable yet or not, so that none undoes another.

use super::{
    CommandError, DATASETS_MAX, Dataset, Effect, FieldView, LightNode, Part, Reply, String, ToString, Vec,
};
use crate::light::command::dataset_key;
use schema::{Schema, Value, Violation};
use store::Batch;
use vault::EditError;

/// A data set at a glance.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DatasetView {
    /// Its name.
    pub name: String,
    /// Number of records.
    pub rows: usize,
    /// Its fields.
    pub fields: Vec<FieldView>,
    /// Whether it was given a schema.
    pub schema_given: bool,
    /// Records that do not fit the schema that was given. No computation counts them.
    pub unfit: usize,
}

/// A part of a data set, and its schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Look {
    /// The schema in JSON: the one that was given, else the one that the records suggest.
    pub schema: String,
    /// The records.
    pub records: Vec<RecordView>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RecordView {
    /// Its row, from 0.
    pub row: usize,
    /// A text or nothing per field.
    pub cells: Vec<Option<String>>,
    /// The record in JSON.
    pub json: String,
    /// How it does not fit the schema that was given.
    pub violations: Vec<String>,
}

fn in_words(violations: &[Violation]) -> Vec<String> {
    violations.iter().map(ToString::to_string).collect()
}

impl LightNode {
    /// Records of a data set: up to `count` from row `from` on; or, where `unfit`, of those that do not fit its schema.
    /// Nothing of a data set that is not there.
    pub fn look(&self, dataset: &str, from: usize, count: usize, unfit: bool) -> Look {
        let Some((dataset, _)) = self.datasets.get(dataset) else { return Look::default() };
        let view = |row: usize, (record, violations): (Value, Vec<Violation>)| RecordView {
            row,
            cells: dataset.row(row).map(<[_]>::to_vec).unwrap_or_default(),
            json: record.to_json(),
            violations: in_words(&violations),
        };
        let records = match unfit {
            false => (from..).zip(dataset.look(from, count)).map(|(row, record)| view(row, record)).collect(),
            true => {
                let rows = dataset.violations().map(|(row, _)| row).skip(from).take(count);
                rows.flat_map(|row| dataset.look(row, 1).into_iter().map(move |record| view(row, record)))
                    .collect()
            }
        };
        Look { schema: dataset.schema().to_json().into(), records }
    }

    /// Takes over a durable data set.
    pub(super) fn keep_dataset(&mut self, dataset: Dataset) {
        let view = DatasetView {
            name: dataset.name().into(),
            rows: dataset.rows(),
            fields: dataset.describe(),
            schema_given: dataset.given_schema().is_some(),
            unfit: dataset.violations().count(),
        };
        if self.editing.get(dataset.name()) == Some(&dataset) {
            self.editing.remove(dataset.name());
        }
        self.datasets.insert(dataset.name().into(), (dataset, view));
    }

    pub(super) fn import(&mut self, token: u64, name: &str, bytes: &[u8]) -> Result<(), CommandError> {
        let dataset = Dataset::from_file(name, bytes)
            .map_err(|error| CommandError::Import { why: error.to_string() })?;
        if self.datasets.len() >= DATASETS_MAX && !self.datasets.contains_key(dataset.name()) {
            return Err(CommandError::TooMany { what: "data sets".into(), max: DATASETS_MAX });
        }
        let reply = Reply::Imported { rows: dataset.rows() };
        self.store_dataset(token, dataset, reply);
        Ok(())
    }

    /// Gives a data set a schema in JSON, or takes it away.
    pub(super) fn set_schema(
        &mut self,
        token: u64,
        name: &str,
        schema: Option<&str>,
    ) -> Result<(), CommandError> {
        let schema = schema
            .map(Schema::from_json)
            .transpose()
            .map_err(|error| CommandError::Schema { why: error.to_string() })?;
        self.edit(token, name, |dataset| dataset.set_schema(schema).map(|()| Vec::new()))
    }

    /// Puts a record, in JSON, in place of another, or at the end.
    pub(super) fn put_record(
        &mut self,
        token: u64,
        name: &str,
        row: Option<usize>,
        record: &str,
    ) -> Result<(), CommandError> {
        let record =
            Value::from_json(record).map_err(|error| CommandError::Edit { why: error.to_string() })?;
        self.edit(token, name, |dataset| match row {
            Some(row) => dataset.replace(row, record),
            None => dataset.push(record),
        })
    }

    /// Removes a record.
    pub(super) fn remove_record(&mut self, token: u64, name: &str, row: usize) -> Result<(), CommandError> {
        self.edit(token, name, |dataset| dataset.remove(row).map(|()| Vec::new()))
    }

    fn edit(
        &mut self,
        token: u64,
        name: &str,
        change: impl FnOnce(&mut Dataset) -> Result<Vec<Violation>, EditError>,
    ) -> Result<(), CommandError> {
        let durable = || self.datasets.get(name).map(|(dataset, _)| dataset);
        let dataset = self.editing.get(name).or_else(durable);
        let mut dataset = dataset.cloned().ok_or_else(|| CommandError::NoDataset { name: name.into() })?;
        let violations =
            change(&mut dataset).map_err(|error| CommandError::Edit { why: error.to_string() })?;
        self.store_dataset(token, dataset, Reply::Edited { violations: in_words(&violations) });
        Ok(())
    }

    fn store_dataset(&mut self, token: u64, dataset: Dataset, reply: Reply) {
        let mut batch = Batch::new();
        batch.put(dataset_key(dataset.name()), codec::encode(&dataset));
        self.editing.insert(dataset.name().into(), dataset.clone());
        self.queue.push(Part { batch, effect: Effect::Dataset { token, dataset, reply }, retry: false });
    }
}

#[cfg(test)]
mod tests;
