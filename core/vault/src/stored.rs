//! The bytes of a data set in a store.
//!
//! ```text
//! table without a schema   name · fields · cells                         (borsh)
//! anything else            ff ff ff ff · version 2 · name · schema or none · body
//!                          body: 0 · fields · cells  |  1 · records as compact JSON
//! ```
//! The first form is as old as the store; its first four bytes are the length of a name, which is never ff ff ff ff.

use crate::Dataset;
use alloc::{string::String, vec::Vec};
use borsh::{
    BorshDeserialize, BorshSerialize,
    io::{Error, ErrorKind, Read, Result, Write},
};
use codec::Wire;
use core::fmt;
use schema::{Schema, Value};

/// What stands where the old form has the length of its name.
const MARK: [u8; 4] = [0xff; 4];
/// The second form.
const VERSION: u8 = 2;
const TABLE: u8 = 0;
const RECORDS: u8 = 1;

impl Wire for Dataset {
    const BYTES_MAX: usize = 32 * 1024 * 1024;
}

impl BorshSerialize for Dataset {
    fn serialize<W: Write>(&self, writer: &mut W) -> Result<()> {
        if self.schema.is_some() || self.records.is_some() {
            writer.write_all(&MARK)?;
            VERSION.serialize(writer)?;
            self.name.serialize(writer)?;
            self.schema.as_ref().map(Schema::to_json).serialize(writer)?;
            match &self.records {
                None => TABLE.serialize(writer)?,
                Some(records) => {
                    RECORDS.serialize(writer)?;
                    // As borsh writes a list of strings, one at a time.
                    u32::try_from(records.len()).map_err(|_| wrong("rows"))?.serialize(writer)?;
                    for record in records {
                        record.to_json().serialize(writer)?;
                    }
                    return Ok(());
                }
            }
        } else {
            self.name.serialize(writer)?;
        }
        self.fields.serialize(writer)?;
        self.cells.serialize(writer)
    }
}

impl BorshDeserialize for Dataset {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self> {
        let head = <[u8; 4]>::deserialize_reader(reader)?;
        if head != MARK {
            let name = String::deserialize_reader(&mut Joined { head: &head, rest: reader })?;
            return Self::table(name, None, reader);
        }
        if u8::deserialize_reader(reader)? != VERSION {
            return Err(wrong("version"));
        }
        let name = String::deserialize_reader(reader)?;
        let schema = Option::<String>::deserialize_reader(reader)?;
        let schema = schema.map(|text| Schema::from_json(&text).map_err(|_| wrong("schema"))).transpose()?;
        match (u8::deserialize_reader(reader)?, schema) {
            // Without a schema a table has the old form, and no other.
            (TABLE, Some(schema)) => Self::table(name, Some(schema), reader),
            (RECORDS, schema) => Self::values(name, schema, reader),
            _ => Err(wrong("body")),
        }
    }
}

impl Dataset {
    fn table<R: Read>(name: String, schema: Option<Schema>, reader: &mut R) -> Result<Self> {
        let fields = Vec::deserialize_reader(reader)?;
        let cells = Vec::deserialize_reader(reader)?;
        Ok(Self { name, fields, cells, records: None, schema })
    }

    fn values<R: Read>(name: String, schema: Option<Schema>, reader: &mut R) -> Result<Self> {
        let count = u32::deserialize_reader(reader)?;
        let (mut records, mut values) = (Vec::new(), 0);
        for _ in 0..count {
            let text = String::deserialize_reader(reader)?;
            let record = Value::from_json(&text).map_err(|_| wrong("record"))?;
            // One encoding for one data set.
            if !matches!(record, Value::Object(_)) || record.to_json() != text {
                return Err(wrong("record"));
            }
            values += crate::values_in(&record);
            if values > crate::CELLS_MAX {
                return Err(wrong("records"));
            }
            records.push(record);
        }
        let mut dataset =
            Self { name, fields: Vec::new(), cells: Vec::new(), records: Some(records), schema };
        dataset.show_records().map_err(|_| wrong("records"))?;
        Ok(dataset)
    }

    /// Bytes in the store.
    pub(crate) fn stored_bytes(&self) -> usize {
        let text = |text: &str| 4 + text.len();
        let schema = self.schema.as_ref().map_or(0, |schema| text(schema.to_json()));
        let head = 4 + 1 + text(&self.name) + 1 + schema + 1 + 4;
        head + match &self.records {
            Some(records) => records.iter().map(|record| 4 + json_len(record)).sum::<usize>(),
            None => {
                let fields: usize = self.fields.iter().map(|field| text(field)).sum();
                let cells: usize = self.cells.iter().map(|cell| 1 + cell.as_deref().map_or(0, text)).sum();
                fields + 4 + cells
            }
        }
    }
}

/// Bytes of a value as JSON.
pub(crate) fn json_len(value: &Value) -> usize {
    struct Count(usize);
    impl fmt::Write for Count {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }
    let mut count = Count(0);
    let _ = fmt::Write::write_fmt(&mut count, format_args!("{value}"));
    count.0
}

fn wrong(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

/// Bytes that were read already, then the rest.
struct Joined<'a, R> {
    head: &'a [u8],
    rest: &'a mut R,
}

impl<R: Read> Read for Joined<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if self.head.is_empty() {
            return self.rest.read(into);
        }
        let len = self.head.len().min(into.len());
        let (now, later) = self.head.split_at(len);
        into[..len].copy_from_slice(now);
        self.head = later;
        Ok(len)
    }
}
