//! Graphs from files, piece by piece as the browser reads them.

use crate::app::{TELL_MS, Turn, now_ms};
use channel::reckoner::FromReckoner;
use channel::words;
use js_sys::{Array, Function, Reflect, Uint8Array};
use rank::{Edges, Format, ReadOptions, Reader};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ReadableStream, ReadableStreamDefaultReader, ReadableWritablePair};

/// Most nodes: ids are below this. They take a gibibyte while they are ranked.
pub(crate) const NODES_MAX: u32 = 1 << 25;
/// Most edges that are listed: what a program of 32 bits has memory for while they are arranged.
pub(crate) const EDGES_MAX: usize = 1 << 26;
/// What a gzip file begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads a graph, and tells the page how far that is.
///
/// # Errors
/// In words: the file cannot be read, its gzip is damaged, a line is wrong, it is too large, or the page wants no more of it.
pub(crate) async fn read(file: &Blob, name: &str, turn: Turn) -> Result<Edges, String> {
    let beginning = file.slice_with_i32_and_i32(0, 2).map_err(|error| words(&error))?;
    let beginning = JsFuture::from(beginning.array_buffer()).await.map_err(|error| unreadable(&error))?;
    let is_packed = Uint8Array::new(&beginning).to_vec() == GZIP;
    let of = (!is_packed).then(|| file.size() as u64);
    let mut pieces = Pieces::of(file, is_packed)?;
    let mut reader = None;
    let (mut bytes, mut told_ms) = (0, now_ms());
    let mut piece = Vec::new();
    while pieces.next(&mut piece).await? {
        if !turn.goes_on() {
            return Err("it was stopped".into());
        }
        let reader = reader.get_or_insert_with(|| {
            let format = Format::of_beginning(&piece).unwrap_or_else(|| Format::of_name(name));
            Reader::new(ReadOptions { format, nodes_max: NODES_MAX, ..ReadOptions::default() })
        });
        reader.push(&piece).map_err(|error| error.to_string())?;
        if reader.edges() > EDGES_MAX {
            return Err(format!(
                "it has more than {EDGES_MAX} edges, and a tab has memory for no more: `formix rank` ranks it"
            ));
        }
        bytes += piece.len() as u64;
        if now_ms() - told_ms > TELL_MS {
            told_ms = now_ms();
            turn.tell(&FromReckoner::Reading { bytes, of, edges: reader.edges() as u64 }, &[]);
        }
    }
    let edges = match reader {
        Some(reader) => reader.finish().map_err(|error| error.to_string())?,
        None => Edges::new(),
    };
    if edges.is_empty() {
        return Err("it has no edges: write one a line, as `0 1`".into());
    }
    Ok(edges)
}

fn unreadable(error: &JsValue) -> String {
    format!("the browser could not read the file; was it moved or changed? ({})", words(error))
}

/// The browser's own unpacking (Compression Streams, WHATWG), which `web-sys` does not name as stable yet.
fn unpacking() -> Result<ReadableWritablePair, JsValue> {
    let unpacks: Function = Reflect::get(&js_sys::global(), &"DecompressionStream".into())?.dyn_into()?;
    Ok(Reflect::construct(&unpacks, &Array::of1(&"gzip".into()))?.unchecked_into())
}

/// The bytes of a file, unpacked.
struct Pieces {
    reader: ReadableStreamDefaultReader,
    is_packed: bool,
}

impl Pieces {
    fn of(file: &Blob, is_packed: bool) -> Result<Self, String> {
        let mut stream: ReadableStream = file.stream();
        if is_packed {
            let unpacking =
                unpacking().map_err(|error| format!("this browser unpacks no gzip: {}", words(&error)))?;
            stream = stream.pipe_through(&unpacking);
        }
        let reader = ReadableStreamDefaultReader::new(&stream).map_err(|error| unreadable(&error))?;
        Ok(Self { reader, is_packed })
    }

    /// Puts the next bytes into `piece`; false at the end.
    async fn next(&mut self, piece: &mut Vec<u8>) -> Result<bool, String> {
        let read = JsFuture::from(self.reader.read()).await.map_err(|error| match self.is_packed {
            true => format!("its gzip is damaged, or has several members: {}", words(&error)),
            false => unreadable(&error),
        })?;
        let of = |name: &str| Reflect::get(&read, &name.into()).unwrap_or_default();
        if of("done").is_truthy() {
            return Ok(false);
        }
        let bytes: Uint8Array = of("value").dyn_into().map_err(|error| unreadable(&error))?;
        piece.resize(bytes.length() as usize, 0);
        bytes.copy_to(piece);
        Ok(true)
    }
}
