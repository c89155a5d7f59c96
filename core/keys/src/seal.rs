use crate::kem::{Dhkem, Exchange, PrivateKey};
use alloc::{string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use core::{fmt, str::FromStr};
use data_encoding::BASE64URL_NOPAD;
use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    single_shot_open, single_shot_seal_with_rng,
};
use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of the encapsulated key, before the ciphertext.
const ENCAPPED_LEN: usize = 32;

/// The public half of a [`SealKey`]: an X25519 key, written in unpadded URL-safe base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct SealPublic([u8; 32]);

/// The text is not an X25519 public key in unpadded URL-safe base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealPublicError;

impl fmt::Display for SealPublicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a sealing key: expected 43 characters of URL-safe base64")
    }
}

impl core::error::Error for SealPublicError {}

impl fmt::Display for SealPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for SealPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealPublic({self})")
    }
}

impl FromStr for SealPublic {
    type Err = SealPublicError;

    fn from_str(text: &str) -> Result<Self, SealPublicError> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| SealPublicError)?;
        Ok(Self(bytes.try_into().map_err(|_| SealPublicError)?))
    }
}

impl serde::Serialize for SealPublic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for SealPublic {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The secret key that opens what was sealed to its public half. Wiped from memory on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealKey(PrivateKey);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.public())
    }
}

/// Sealed bytes that this key does not open: sealed to another key, for another purpose, with other
/// associated data, or damaged. Which of these cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealError;

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sealed bytes that do not open: damaged, or made for another receiver or purpose")
    }
}

impl core::error::Error for SealError {}

impl SealKey {
    /// The key of a 32-byte secret seed (RFC 9180 `DeriveKeyPair`).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Dhkem::derive_keypair(&seed).0)
    }

    /// The same key, for whose exchanges `exchange` is called in place of this crate's own: that is two thirds of the time of opening, and some machines
    /// have instructions for it.
    ///
    /// `exchange` is handed the secret, so it is as trusted as this crate.
    #[must_use]
    pub fn with_exchange(self, exchange: Exchange) -> Self {
        Self(self.0.clone().with_exchange(exchange))
    }

    /// The half to hand out.
    pub fn public(&self) -> SealPublic {
        SealPublic(Dhkem::sk_to_pk(&self.0).to_bytes().into())
    }

    /// Opens what [`seal`] made for this key with the same `info` and `aad`.
    ///
    /// # Errors
    /// [`SealError`] for anything else.
    pub fn open(&self, info: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (encapped, ciphertext) = sealed.split_at_checked(ENCAPPED_LEN).ok_or(SealError)?;
        let encapped = <Dhkem as hpke::Kem>::EncappedKey::from_bytes(encapped).map_err(|_| SealError)?;
        single_shot_open::<ChaCha20Poly1305, HkdfSha256, Dhkem>(
            &OpModeR::Base,
            &self.0,
            &encapped,
            info,
            ciphertext,
            aad,
        )
        .map_err(|_| SealError)
    }
}

/// Seals `plain` so that only `to`'s holder reads it: encapsulated key, then ciphertext (48 bytes more
/// than `plain`).
///
/// # Errors
/// [`SealError`] when `to` is a key that no honest node has (of low order).
pub fn seal(
    to: &SealPublic,
    info: &[u8],
    aad: &[u8],
    plain: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    seal_by(to, info, aad, plain, rng)
}

/// [`seal`] without a type parameter: code without one is compiled in this crate, by this crate's optimisation, and not in each that
/// calls it.
fn seal_by(
    to: &SealPublic,
    info: &[u8],
    aad: &[u8],
    plain: &[u8],
    mut rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let to = <Dhkem as hpke::Kem>::PublicKey::from_bytes(&to.0).map_err(|_| SealError)?;
    let (encapped, ciphertext) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, Dhkem>(
        &OpModeS::Base,
        &to,
        info,
        plain,
        aad,
        &mut rng,
    )
    .map_err(|_| SealError)?;
    Ok([encapped.to_bytes().as_slice(), &ciphertext].concat())
}

#[cfg(test)]
mod tests;
