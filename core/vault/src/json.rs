//! JSON records by `serde_json`, whose numbers stay text: flat ones as a table, others as values.

use crate::{Dataset, ImportError, cell};
use alloc::{
    borrow::Cow,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use schema::Value;
use serde::{Deserialize, Deserializer, de::MapAccess, de::Visitor};
use serde_json::value::RawValue;

/// An object's fields in the order of the file.
struct Record<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Record<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Record<'de>;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("an object with a value for each field")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
                    fields.push((name, value));
                }
                Ok(Record(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// The file's records, unread.
fn raw(bytes: &[u8]) -> Result<Vec<&RawValue>, ImportError> {
    let wrong = |row| move |error: serde_json::Error| ImportError::Json { row, detail: format!("{error}") };
    let is_array = bytes.trim_ascii_start().starts_with(b"[");
    if is_array {
        serde_json::from_slice(bytes).map_err(wrong(0))
    } else {
        serde_json::Deserializer::from_slice(bytes)
            .into_iter()
            .enumerate()
            .map(|(at, record)| record.map_err(wrong(at + 1)))
            .collect::<Result<_, _>>()
    }
}

/// The file's records as values, whatever they hold.
pub(crate) fn records(bytes: &[u8]) -> Result<Vec<Value>, ImportError> {
    let raw = raw(bytes)?;
    if raw.is_empty() {
        return Err(ImportError::Empty);
    }
    if raw.len() > crate::ROWS_MAX {
        return Err(ImportError::TooMany { what: "rows", max: crate::ROWS_MAX });
    }
    let (mut records, mut values) = (Vec::with_capacity(raw.len()), 0);
    for (at, raw) in raw.iter().enumerate() {
        let row = at + 1;
        let record = Value::from_json(raw.get()).map_err(|mut error| {
            // The file's line and column, not the record's.
            let begins = raw.get().as_ptr().addr() - bytes.as_ptr().addr();
            let before = String::from_utf8_lossy(&bytes[..begins]);
            let line = before.bytes().filter(|byte| *byte == b'\n').count();
            if error.line == 1 {
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
                error.column = error.column.saturating_add(u32::try_from(column).unwrap_or(u32::MAX));
            }
            error.line = error.line.saturating_add(u32::try_from(line).unwrap_or(u32::MAX));
            ImportError::Json { row, detail: error.to_string() }
        })?;
        if !matches!(record, Value::Object(_)) {
            let detail = "expected an object with a value for each field".to_string();
            return Err(ImportError::Json { row, detail });
        }
        values += crate::values_in(&record);
        if values > crate::CELLS_MAX {
            return Err(ImportError::TooMany { what: "values", max: crate::CELLS_MAX });
        }
        records.push(record);
    }
    Ok(records)
}

/// The file as a table; `None` where a record is not flat.
pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Option<Dataset>, ImportError> {
    let wrong = |row| move |error: serde_json::Error| ImportError::Json { row, detail: format!("{error}") };
    let raw = raw(bytes)?;
    let mut names: Vec<String> = Vec::new();
    let mut columns = BTreeMap::new();
    let mut records = Vec::new();
    for (at, raw) in raw.iter().enumerate() {
        let record: Record<'_> = serde_json::from_str(raw.get()).map_err(wrong(at + 1))?;
        for (field, _) in &record.0 {
            if !columns.contains_key(field.trim()) {
                columns.insert(field.trim().to_string(), names.len());
                names.push(field.trim().to_string());
                if names.len() > crate::FIELDS_MAX {
                    return Err(ImportError::TooMany { what: "fields", max: crate::FIELDS_MAX });
                }
            }
        }
        records.push(record);
    }
    let width = names.len();
    let mut dataset = Dataset::new(name, names)?;
    for (at, record) in records.iter().enumerate() {
        let mut row = vec![None; width];
        for (field, value) in &record.0 {
            row[columns[field.trim()]] = match value.get().as_bytes()[0] {
                b'n' => None,
                b'{' | b'[' => return Ok(None),
                b'"' => cell(&serde_json::from_str::<String>(value.get()).map_err(wrong(at + 1))?),
                _ => cell(value.get()),
            };
        }
        dataset.push_row(row)?;
    }
    if dataset.rows() == 0 { Err(ImportError::Empty) } else { Ok(Some(dataset)) }
}
