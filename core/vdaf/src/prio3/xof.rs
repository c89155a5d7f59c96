//! The draft's XofTurboShake128: seeds and field elements from a seed.
//!
//! Follows draft-irtf-cfrg-vdaf-18, section 6.2.1.

use alloc::vec::Vec;

use turboshake::CTurboShake128;
use turboshake::digest::{ExtendableOutput as _, Update as _, XofReader as _};

use crate::field::{ELEMENT_BYTES, Field128};
use crate::prio3::SEED_BYTES;

/// The draft's domain separation byte.
const DOMAIN: u8 = 1;
/// Bytes read or written at a time: both whole elements and whole blocks of TurboSHAKE128, which are 168 bytes.
const BUFFER_BYTES: usize = 1344;

/// A hash that takes more and more, and then gives a seed or elements.
pub(crate) struct Xof(CTurboShake128<DOMAIN>);

impl Xof {
    /// Of a seed and what its randomness is for: `tag`, then the application's `context`, which is at most 65,527 bytes long.
    pub(crate) fn new(seed: &[u8; SEED_BYTES], tag: [u8; 8], context: &[u8]) -> Self {
        let mut hash = CTurboShake128::default();
        hash.update(&((tag.len() + context.len()) as u16).to_le_bytes());
        hash.update(&tag);
        hash.update(context);
        hash.update(&[SEED_BYTES as u8]);
        hash.update(seed);
        Self(hash)
    }

    /// And of these bytes.
    pub(crate) fn with(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes);
        self
    }

    /// And of these elements, encoded.
    pub(crate) fn with_elements(mut self, elements: &[Field128]) -> Self {
        let mut buffer = [0; BUFFER_BYTES];
        for elements in elements.chunks(BUFFER_BYTES / ELEMENT_BYTES) {
            for (bytes, element) in buffer.as_chunks_mut::<ELEMENT_BYTES>().0.iter_mut().zip(elements) {
                *bytes = element.encoded();
            }
            self.0.update(&buffer[..elements.len() * ELEMENT_BYTES]);
        }
        self
    }

    pub(crate) fn seed(self) -> [u8; SEED_BYTES] {
        let mut seed = [0; SEED_BYTES];
        self.0.finalize_xof().read(&mut seed);
        seed
    }

    /// So many elements. Of what it gives, 16 bytes at a time, those that encode none are left out.
    pub(crate) fn elements(self, length: usize) -> Vec<Field128> {
        let mut reader = self.0.finalize_xof();
        let mut elements = Vec::with_capacity(length);
        let mut buffer = [0; BUFFER_BYTES];
        while elements.len() < length {
            let bytes = BUFFER_BYTES.min((length - elements.len()) * ELEMENT_BYTES);
            reader.read(&mut buffer[..bytes]);
            let chunks = buffer[..bytes].as_chunks::<ELEMENT_BYTES>().0;
            elements.extend(chunks.iter().filter_map(|bytes| Field128::decoded(*bytes)));
        }
        elements
    }
}
