use super::*;
use alloc::vec;
use core::convert::Infallible;
use curve25519_dalek::scalar::clamp_integer;
use hpke::{setup_receiver, setup_sender_with_rng};
use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;
use wasm_bindgen_test::wasm_bindgen_test;

/// The vectors of our suite, of all modes: 0 is base, the one that sealing uses.
fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("../../tests/vectors/rfc9180.json")).unwrap()
}

fn base() -> Value {
    vectors().into_iter().find(|vector| vector["mode"] == 0).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn list<'a>(vector: &'a Value, name: &str) -> &'a [Value] {
    vector[name].as_array().unwrap()
}

/// The receiver's key, from the vector's input keying material.
fn receiver(vector: &Value) -> SealKey {
    SealKey::from_seed(bytes(&vector["ikmR"]).try_into().unwrap())
}

/// What [`seal`] would have made of the vector's encryption of this sequence number.
fn sealed(vector: &Value, sequence: usize) -> Vec<u8> {
    [bytes(&vector["enc"]), bytes(&list(vector, "encryptions")[sequence]["ct"])].concat()
}

/// A generator that gives the vector's keying material for the ephemeral key, and nothing after it.
struct Given(Vec<u8>);

impl Given {
    fn of(vector: &Value) -> Self {
        Self(bytes(&vector["ikmE"]))
    }
}

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut next = [0; 4];
        self.try_fill_bytes(&mut next).map(|()| u32::from_le_bytes(next))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut next = [0; 8];
        self.try_fill_bytes(&mut next).map(|()| u64::from_le_bytes(next))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        let rest = self.0.split_off(dst.len());
        dst.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Given {}

#[wasm_bindgen_test(unsupported = test)]
fn the_vector_s_keys_are_derived() {
    for vector in vectors() {
        let key = receiver(&vector);
        assert_eq!(key.public().0.as_slice(), bytes(&vector["pkRm"]));
        // The vector's is not clamped yet (RFC 7748, section 5).
        let secret = clamp_integer(bytes(&vector["skRm"]).try_into().unwrap());
        assert_eq!(clamp_integer(key.0.to_bytes().into()), secret);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn what_the_vector_seals_opens() {
    let vector = base();
    let first = &list(&vector, "encryptions")[0];
    let (info, aad) = (bytes(&vector["info"]), bytes(&first["aad"]));
    assert_eq!(receiver(&vector).open(&info, &aad, &sealed(&vector, 0)), Ok(bytes(&first["pt"])));
}

#[wasm_bindgen_test(unsupported = test)]
fn sealing_with_the_vector_s_randomness_gives_its_bytes() {
    let vector = base();
    let first = &list(&vector, "encryptions")[0];
    let (info, aad, plain) = (bytes(&vector["info"]), bytes(&first["aad"]), bytes(&first["pt"]));
    let mut rng = Given::of(&vector);
    let made = seal(&receiver(&vector).public(), &info, &aad, &plain, &mut rng);
    assert_eq!(made, Ok(sealed(&vector, 0)));
    assert_eq!(rng.0, b"", "all of the randomness is used");
}

#[wasm_bindgen_test(unsupported = test)]
fn what_else_the_vectors_hold_does_not_open() {
    let vector = base();
    let (key, info) = (receiver(&vector), bytes(&vector["info"]));
    // The first of a context alone is what `open` takes, so that nothing later is replayed as if it were.
    let encryptions = list(&vector, "encryptions");
    assert_eq!(encryptions.len(), 257);
    for (sequence, later) in encryptions.iter().enumerate().skip(1) {
        assert_eq!(key.open(&info, &bytes(&later["aad"]), &sealed(&vector, sequence)), Err(SealError));
    }
    // Each byte is authenticated.
    let (whole, aad) = (sealed(&vector, 0), bytes(&encryptions[0]["aad"]));
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        assert_eq!(key.open(&info, &aad, &damaged), Err(SealError), "byte {at}");
        assert_eq!(key.open(&info, &aad, &whole[..at]), Err(SealError), "the first {at} bytes");
    }
    // With a shared secret, by a known sender, or both: another mode is another purpose.
    let others: Vec<Value> = vectors().into_iter().filter(|vector| vector["mode"] != 0).collect();
    assert_eq!(others.len(), 3);
    for other in others {
        let aad = bytes(&list(&other, "encryptions")[0]["aad"]);
        let opened = receiver(&other).open(&bytes(&other["info"]), &aad, &sealed(&other, 0));
        assert_eq!(opened, Err(SealError), "mode {}", other["mode"]);
    }
}

/// Our KEM under contexts of many messages: every sequence number of the vector, among them those whose nonce carries into its
/// second byte.
#[wasm_bindgen_test(unsupported = test)]
fn contexts_of_our_kem_follow_the_vector() {
    let vector = base();
    let (key, info) = (receiver(&vector), bytes(&vector["info"]));
    let encapped = <Dhkem as hpke::Kem>::EncappedKey::from_bytes(&bytes(&vector["enc"])).unwrap();
    let shared = Dhkem::decap(&key.0, None, &encapped).unwrap();
    assert_eq!(shared.0.as_slice(), bytes(&vector["shared_secret"]));
    let mut opens =
        setup_receiver::<ChaCha20Poly1305, HkdfSha256, Dhkem>(&OpModeR::Base, &key.0, &encapped, &info)
            .unwrap();
    let (made, mut seals) = setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, Dhkem>(
        &OpModeS::Base,
        &Dhkem::sk_to_pk(&key.0),
        &info,
        &mut Given::of(&vector),
    )
    .unwrap();
    assert_eq!(made.to_bytes(), encapped.to_bytes());
    for encryption in list(&vector, "encryptions") {
        let [aad, plain, cipher] = ["aad", "pt", "ct"].map(|name| bytes(&encryption[name]));
        assert_eq!(seals.seal(&plain, &aad).unwrap(), cipher);
        assert_eq!(opens.open(&cipher, &aad).unwrap(), plain);
    }
    let exports = list(&vector, "exports");
    assert_eq!(exports.len(), 3);
    for export in exports {
        let (context, expected) = (bytes(&export["exporter_context"]), bytes(&export["exported_value"]));
        let mut exported = vec![0; expected.len()];
        opens.export(&context, &mut exported).unwrap();
        assert_eq!(exported, expected);
        seals.export(&context, &mut exported).unwrap();
        assert_eq!(exported, expected);
    }
}
