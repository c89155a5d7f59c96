//! Inputs from inputs: a seeded mutator.

use crate::INPUT_MAX;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Most inputs that a run keeps to mutate.
pub const POOL_MAX: usize = 512;

/// Bytes that decoders tend to trip over.
const TOKENS: [&[u8]; 36] = [
    b"\0",
    b"\xff",
    b"\x80",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\x7f",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\n",
    b"\r\n",
    b"-",
    b"+",
    b".",
    b"e",
    b"1e999999999",
    b"-9223372036854775808",
    b"18446744073709551615",
    b"00000000000000000000",
    b"null",
    b"NA",
    b"NaN",
    b"bafkrei",
    b"12D3KooW",
    b"libp2p+webrtc+v1/",
];

/// Makes new inputs from a pool of known ones.
#[derive(Debug)]
pub struct Mutator {
    rng: ChaCha8Rng,
    pool: Vec<Vec<u8>>,
}

impl Mutator {
    /// A mutator that starts from `pool`, of which at most [`POOL_MAX`] are taken.
    pub fn new(seed: u64, pool: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut pool: Vec<Vec<u8>> = pool.into_iter().take(POOL_MAX).collect();
        if pool.is_empty() {
            pool.push(Vec::new());
        }
        Self { rng: ChaCha8Rng::seed_from_u64(seed), pool }
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.rng.next_u64() % limit.max(1) as u64) as usize
    }

    /// The next input: a known one with one change, or a few. Without guidance, what has been changed is
    /// no better start than what is known: inputs that grow on each other only wither.
    pub fn next_input(&mut self) -> Vec<u8> {
        let at = self.below(self.pool.len());
        let mut input = self.pool[at].clone();
        // Mostly few: what is broken in two places is refused at the first.
        self.change(&mut input);
        while self.below(3) == 0 {
            self.change(&mut input);
        }
        input.truncate(INPUT_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len());
        let span = self.below(1 + (input.len() - at.min(input.len())).min(32));
        match self.below(12) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                let value = self.rng.next_u64() as u8;
                if let Some(byte) = input.get_mut(at) {
                    *byte = value;
                }
            }
            2 => input.truncate(at),
            3 => drop(input.drain(at..at + span)),
            4 => {
                let part = input[at..at + span].to_vec();
                input.splice(at..at, part);
            }
            5 => {
                let mut part = vec![0; span];
                self.rng.fill_bytes(&mut part);
                input.splice(at..at, part);
            }
            6 | 7 => {
                let token = TOKENS[self.below(TOKENS.len())];
                let over = if self.below(2) == 0 { token.len().min(input.len() - at) } else { 0 };
                input.splice(at..at + over, token.iter().copied());
            }
            8 => {
                // A small step of a number, as lengths and counts are.
                let step = self.below(5) as u8;
                if let Some(byte) = input.get_mut(at) {
                    *byte = byte.wrapping_add(step).wrapping_sub(2);
                }
            }
            9 | 10 => {
                // Another letter for a letter and another digit for a digit: texts stay texts.
                let step = self.below(25) as u8 + 1;
                if let Some(byte) = input.get_mut(at) {
                    *byte = match *byte {
                        b'0'..=b'9' => b'0' + (*byte - b'0' + step) % 10,
                        b'a'..=b'z' => b'a' + (*byte - b'a' + step) % 26,
                        b'A'..=b'Z' => b'A' + (*byte - b'A' + step) % 26,
                        other => other,
                    };
                }
            }
            _ => {
                let other = self.below(self.pool.len());
                let from = self.below(self.pool[other].len());
                let tail = self.pool[other][from..].to_vec();
                input.truncate(at);
                input.extend(tail);
            }
        }
    }
}
