//! JSON records by `serde_json`, whose numbers stay text.

use crate::{Dataset, ImportError, cell};
use alloc::{
    borrow::Cow,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
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

pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Dataset, ImportError> {
    let wrong = |row| move |error: serde_json::Error| ImportError::Json { row, detail: format!("{error}") };
    let is_array = bytes.trim_ascii_start().starts_with(b"[");
    let raw: Vec<&RawValue> = if is_array {
        serde_json::from_slice(bytes).map_err(wrong(0))?
    } else {
        serde_json::Deserializer::from_slice(bytes)
            .into_iter()
            .enumerate()
            .map(|(at, record)| record.map_err(wrong(at + 1)))
            .collect::<Result<_, _>>()?
    };
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
                b'{' | b'[' => {
                    return Err(ImportError::Nested { row: at + 1, field: field.to_string() });
                }
                b'"' => cell(&serde_json::from_str::<String>(value.get()).map_err(wrong(at + 1))?),
                _ => cell(value.get()),
            };
        }
        dataset.push_row(row)?;
    }
    if dataset.rows() == 0 { Err(ImportError::Empty) } else { Ok(dataset) }
}
