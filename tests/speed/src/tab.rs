//! What JavaScript sees.

use crate::measurement;
use keys::{SealKey, SealPublic};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use vdaf::{Instance, SHARES};
use wasm_bindgen::prelude::*;

/// As long as a report's own: a digest of the computation, the light node, the report's nonce, a deadline, a digest of the public share.
const ASSOCIATED: [u8; 120] = [7; 120];
/// As long as a computation's own: a label and a digest.
const CONTEXT: [u8; 51] = [5; 51];

/// Splits measurements of one shape by one scheme, and seals their shares.
#[wasm_bindgen]
pub struct Sharer {
    instance: Instance,
    heavy: [SealPublic; SHARES],
    rng: ChaCha20Rng,
    number: u64,
    inputs: Vec<Vec<u8>>,
    public: usize,
}

#[wasm_bindgen]
impl Sharer {
    /// For a scheme and a shape by their names, such as `prio3` and `histogram-256`.
    #[wasm_bindgen(constructor)]
    pub fn new(scheme: &str, shape: &str) -> Result<Sharer, JsError> {
        let instance =
            measurement::instance(scheme, shape).ok_or_else(|| JsError::new("no such instance"))?;
        let heavy = [1, 2, 3].map(|seed| SealKey::from_seed([seed; 32]).public());
        let rng = ChaCha20Rng::from_seed([9; 32]);
        Ok(Self { instance, heavy, rng, number: 0, inputs: Vec::new(), public: 0 })
    }

    /// Splits `times` measurements; keeps the last one's shares.
    pub fn shard(&mut self, times: u32) -> Result<(), JsError> {
        for _ in 0..times {
            self.number += 1;
            let nonce = u128::from(self.number).to_le_bytes();
            let measurement = measurement::measurement(self.instance.shape(), self.number);
            let sharded = self.instance.shard(&CONTEXT, &nonce, &measurement, &mut self.rng)?;
            (self.inputs, self.public) = (sharded.inputs.into(), sharded.public.len());
        }
        Ok(())
    }

    /// Seals the shares kept to three heavy nodes, `times` times; gives the bytes that one report sends.
    pub fn seal(&mut self, times: u32) -> Result<usize, JsError> {
        let mut bytes = 0;
        for _ in 0..times {
            bytes = SHARES * self.public;
            for (role, (input, key)) in self.inputs.iter().zip(&self.heavy).enumerate() {
                let info = [b"formix/report/2/".as_slice(), &[b'0' + role as u8]].concat();
                bytes += keys::seal(key, &info, &ASSOCIATED, input, &mut self.rng)?.len();
            }
        }
        Ok(bytes)
    }
}
