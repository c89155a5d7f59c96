//! CSV by `csv-core`, with positions for errors.

use crate::{Dataset, ImportError, cell};
use alloc::{
    string::{String, ToString},
    vec,
    vec::Vec,
};
use csv_core::{ReadRecordResult, Reader};

pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Dataset, ImportError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut records = Records { reader: Reader::new(), rest: bytes, text: vec![0; 1024], ends: vec![0; 64] };
    let header = records.next(0)?.ok_or(ImportError::Empty)?;
    let mut fields = Vec::new();
    for (at, field) in header.cells.iter().enumerate() {
        let field = core::str::from_utf8(field).map_err(|_| ImportError::NotText {
            row: 0,
            column: at + 1,
            field: String::new(),
        })?;
        fields.push(field.trim().to_string());
    }
    let mut dataset = Dataset::new(name, fields)?;
    let expected = dataset.fields().len();
    for row in 1.. {
        let Some(record) = records.next(row)? else { break };
        let (found, line) = (record.cells.len(), record.line);
        if found < expected {
            let field = dataset.fields()[found].clone();
            return Err(ImportError::ShortRow { row, line, found, expected, field });
        }
        if found > expected {
            return Err(ImportError::LongRow { row, line, found, expected });
        }
        let mut cells = Vec::with_capacity(expected);
        for (at, bytes) in record.cells.iter().enumerate() {
            let text = core::str::from_utf8(bytes).map_err(|_| ImportError::NotText {
                row,
                column: at + 1,
                field: dataset.fields()[at].clone(),
            })?;
            cells.push(cell(text));
        }
        dataset.push_row(cells)?;
    }
    if dataset.rows() == 0 { Err(ImportError::Empty) } else { Ok(dataset) }
}

struct Records<'a> {
    reader: Reader,
    rest: &'a [u8],
    text: Vec<u8>,
    ends: Vec<usize>,
}

struct Record<'a> {
    cells: Vec<&'a [u8]>,
    /// Line on which the record begins.
    line: u64,
}

impl Records<'_> {
    fn next(&mut self, row: usize) -> Result<Option<Record<'_>>, ImportError> {
        let (mut text_len, mut cells) = (0, 0);
        let line = self.reader.line();
        loop {
            let (result, read, written, ended) =
                self.reader.read_record(self.rest, &mut self.text[text_len..], &mut self.ends[cells..]);
            self.rest = &self.rest[read..];
            text_len += written;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => {
                    if self.ends.len() > crate::FIELDS_MAX {
                        // A row that long is an error whatever follows.
                        let (found, expected) = (self.ends.len(), crate::FIELDS_MAX);
                        return Err(ImportError::LongRow { row, line, found, expected });
                    }
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::Record => {
                    let mut cut = Vec::with_capacity(cells);
                    let mut from = 0;
                    for end in &self.ends[..cells] {
                        cut.push(&self.text[from..*end]);
                        from = *end;
                    }
                    return Ok(Some(Record { cells: cut, line }));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }
}
