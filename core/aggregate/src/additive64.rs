//! Additive secret sharing modulo 2^64 among three.
//!
//! A vector splits into three vectors whose sum is the vector. Any two of them are uniformly random and
//! independent of it. Sums of shares are shares of sums.

use alloc::vec::Vec;
use rand_core::CryptoRng;

/// Number of shares.
pub const SHARES: usize = 3;

/// Splits `vector` into three shares.
pub fn shard(vector: &[u64], rng: &mut impl CryptoRng) -> [Vec<u64>; SHARES] {
    let first: Vec<u64> = vector.iter().map(|_| rng.next_u64()).collect();
    let second: Vec<u64> = vector.iter().map(|_| rng.next_u64()).collect();
    let third = vector
        .iter()
        .zip(first.iter().zip(&second))
        .map(|(value, (first, second))| value.wrapping_sub(*first).wrapping_sub(*second))
        .collect();
    [first, second, third]
}

/// Adds `share` to `sum`, element by element. Both have the computation's length.
pub fn accumulate(sum: &mut [u64], share: &[u64]) {
    for (sum, share) in sum.iter_mut().zip(share) {
        *sum = sum.wrapping_add(*share);
    }
}

/// The vector whose shares these are.
pub fn unshard(shares: &[Vec<u64>; SHARES]) -> Vec<u64> {
    let mut sum = shares[0].clone();
    shares[1..].iter().for_each(|share| accumulate(&mut sum, share));
    sum
}
