//! X25519 by a machine's own instructions, where it has them.
//!
//! A heavy node opens a sealed share for each report, and two thirds of that is one X25519. `graviola` has s2n-bignum's, in half the time of
//! portable code, on processors with certain extensions; [`quick`] gives it there, and nothing elsewhere.
//!
//! ```
//! # use keys::SealKey;
//! let key = SealKey::from_seed([1; 32]);
//! let key = match exchange::quick() {
//!     Some(exchange) => key.with_exchange(exchange),
//!     None => key,
//! };
//! ```
//!
//! # Provided / Not provided
//! Provided: the same results as `keys` has by itself, in time that does not depend on the secret. Not provided: any other part of HPKE.
//!
//! Follows RFC 7748, section 5.

use keys::Exchange;

/// X25519 by this machine's own instructions; `None` where it lacks them.
pub fn quick() -> Option<Exchange> {
    inner::quick()
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod inner {
    use graviola::key_agreement::x25519::{PublicKey, StaticPrivateKey};
    use keys::Exchange;

    /// `graviola` panics where one of the extensions is missing that any part of it uses.
    #[cfg(target_arch = "x86_64")]
    fn is_able() -> bool {
        is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("adx")
            && is_x86_feature_detected!("avx")
            && is_x86_feature_detected!("avx2")
    }

    /// As above.
    #[cfg(target_arch = "aarch64")]
    fn is_able() -> bool {
        use std::arch::is_aarch64_feature_detected;
        is_aarch64_feature_detected!("neon")
            && is_aarch64_feature_detected!("aes")
            && is_aarch64_feature_detected!("pmull")
            && is_aarch64_feature_detected!("sha2")
    }

    pub(super) fn quick() -> Option<Exchange> {
        is_able().then_some(exchange)
    }

    fn exchange(secret: &[u8; 32], public: &[u8; 32]) -> [u8; 32] {
        let shared = StaticPrivateKey::from_array(secret).diffie_hellman(&PublicKey::from_array(public));
        // It refuses the same points of low order that RFC 7748 has give zero.
        shared.map_or([0; 32], |shared| shared.0)
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod inner {
    pub(super) fn quick() -> Option<keys::Exchange> {
        None
    }
}

#[cfg(test)]
mod tests;
