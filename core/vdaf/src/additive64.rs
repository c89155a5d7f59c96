//! Additive secret sharing modulo 2^64 among three.
//!
//! A vector splits into three vectors whose sum is the vector. Any two of them are uniformly random and independent of it:
//! the third could be the share of any other vector. Sums of shares are shares of sums.

use alloc::vec::Vec;

use rand_core::CryptoRng;

use crate::SHARES;

/// Splits `vector` into three vectors that add up to it.
pub(crate) fn shard(vector: &[u64], rng: &mut impl CryptoRng) -> [Vec<u64>; SHARES] {
    let first: Vec<u64> = vector.iter().map(|_| rng.next_u64()).collect();
    let second: Vec<u64> = vector.iter().map(|_| rng.next_u64()).collect();
    let third = vector
        .iter()
        .zip(first.iter().zip(&second))
        .map(|(value, (first, second))| value.wrapping_sub(*first).wrapping_sub(*second))
        .collect();
    [first, second, third]
}

/// Adds `share` to `sum`, number by number.
pub(crate) fn accumulate(sum: &mut [u64], share: &[u64]) {
    for (sum, share) in sum.iter_mut().zip(share) {
        *sum = sum.wrapping_add(*share);
    }
}

/// Little-endian, one after the other.
pub(crate) fn encode(vector: &[u64]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The vector that `bytes` encode; what is left over of 8 bytes each is the caller's to refuse.
pub(crate) fn decode(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect()
}
