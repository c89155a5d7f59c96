//! Changing records. A record that does not fit is kept as well; what is wrong with it is said at once.

use crate::{Dataset, EditError, cells_of, check_schema, is_name};
use alloc::{string::ToString, vec::Vec};
use codec::Wire;
use schema::{Schema, Value, Violation};

impl Dataset {
    /// Gives the data set a schema, or takes it away. The records stay as they are.
    ///
    /// # Errors
    /// [`EditError::Schema`] for one longer than [`schema::SCHEMA_BYTES_MAX`], as an inferred one may be.
    pub fn set_schema(&mut self, schema: Option<Schema>) -> Result<(), EditError> {
        if let Some(schema) = &schema {
            check_schema(schema).map_err(|len| EditError::Schema { len })?;
        }
        let mut changed = self.clone();
        changed.schema = schema;
        self.keep(changed)
    }

    /// Puts a record in place of another, and says how it does not fit.
    ///
    /// # Errors
    /// [`EditError`]; nothing is changed then.
    pub fn replace(&mut self, row: usize, record: Value) -> Result<Vec<Violation>, EditError> {
        let rows = self.rows();
        if row >= rows {
            return Err(EditError::Row { row, rows });
        }
        self.put(Some(row), record)
    }

    /// Adds a record at the end, and says how it does not fit.
    ///
    /// # Errors
    /// [`EditError`]; nothing is changed then.
    pub fn push(&mut self, record: Value) -> Result<Vec<Violation>, EditError> {
        self.put(None, record)
    }

    /// Removes a record.
    ///
    /// # Errors
    /// [`EditError::Row`].
    pub fn remove(&mut self, row: usize) -> Result<(), EditError> {
        let (rows, width) = (self.rows(), self.fields.len());
        if row >= rows {
            return Err(EditError::Row { row, rows });
        }
        let mut changed = self.clone();
        match &mut changed.records {
            Some(records) => drop(records.remove(row)),
            None => drop(changed.cells.drain(row * width..(row + 1) * width)),
        }
        // What is too large already may shrink.
        changed.show_records().map_err(|(what, max)| EditError::TooMany { what, max })?;
        *self = changed;
        Ok(())
    }

    /// One record from text, as a form or a row of a table gives it: read by the schema's types, see
    /// [`Schema::coerce`]. Not kept yet; [`Dataset::push`] and [`Dataset::replace`] do that.
    pub fn read(&self, fields: &[(&str, Option<&str>)]) -> Value {
        self.schema().coerce(fields)
    }

    fn put(&mut self, row: Option<usize>, record: Value) -> Result<Vec<Violation>, EditError> {
        let record = stored(&record)?;
        let Value::Object(values) = &record else { return Err(EditError::NotAnObject) };
        if let Some(name) = values.keys().find(|name| !is_name(name)) {
            return Err(EditError::Field { name: name.chars().take(100).collect() });
        }
        let violations =
            self.schema.as_ref().and_then(|schema| schema.check(&record).err()).unwrap_or_default();
        let mut changed = self.clone();
        if self.records.is_none() {
            let schema = self.schema();
            let cells = cells_of(&record, &self.fields);
            if self.read_row(&schema, &cells) == record {
                let (width, rows) = (self.fields.len(), self.rows());
                let at = row.unwrap_or(rows) * width;
                let old = if row.is_some() { at..at + width } else { at..at };
                changed.cells.splice(old, cells);
                self.keep(changed)?;
                return Ok(violations);
            }
            // More than cells can say: from here on the records are kept as values.
            changed.records = Some(self.all(&schema).map(|record| record.into_owned()).collect());
        }
        if let Some(records) = &mut changed.records {
            match row.and_then(|row| records.get_mut(row)) {
                Some(old) => *old = record,
                None => records.push(record),
            }
        }
        self.keep(changed)?;
        Ok(violations)
    }

    /// Takes over what was changed, unless it has become too large.
    fn keep(&mut self, mut changed: Self) -> Result<(), EditError> {
        changed.show_records().map_err(|(what, max)| EditError::TooMany { what, max })?;
        let limits = [
            ("rows", changed.rows(), crate::ROWS_MAX),
            ("cells", changed.cells.len(), crate::CELLS_MAX),
            ("bytes", changed.stored_bytes(), Self::BYTES_MAX),
        ];
        for (what, count, max) in limits {
            if count > max {
                return Err(EditError::TooMany { what, max });
            }
        }
        *self = changed;
        Ok(())
    }
}

/// The record as the store gives it back.
pub(crate) fn stored(record: &Value) -> Result<Value, EditError> {
    Value::from_json(&record.to_json())
        .map_err(|error| EditError::Record { detail: error.problem.to_string() })
}
