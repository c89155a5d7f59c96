use crate::{Domain, Envelope, EnvelopeError, Identity, NodeId, SealError, SealKey, SealPublic, seal};
use alloc::{format, string::ToString, vec, vec::Vec};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use wasm_bindgen_test::wasm_bindgen_test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test(unsupported = test)]
fn a_node_id_is_the_libp2p_peer_id() {
    // RFC 8032, test 1: the secret seed and its public key.
    let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let id = Identity::from_seed(seed).id();
    assert_eq!(id.public_key(), &public);
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(NodeId::from_peer_id_bytes(&id.to_peer_id_bytes()), Ok(id));
    assert!(id.to_string().starts_with("12D3KooW"));
    assert!("12D3KooW".parse::<NodeId>().is_err());
    // A peer id that only hashes its key (RSA) does not name a key.
    assert!("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse::<NodeId>().is_err());
}

#[wasm_bindgen_test(unsupported = test)]
fn dsse_signs_the_bytes_of_its_specification() {
    // The example of DSSE 1.0, protocol.md.
    let envelope = Envelope::new("http://example.com/HelloWorld", b"hello world".to_vec());
    assert_eq!(envelope.pre_authentication(), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

#[wasm_bindgen_test(unsupported = test)]
fn an_envelope_says_which_signature_is_wrong() {
    let (ada, bob) = (Identity::from_seed([1; 32]), Identity::from_seed([2; 32]));
    let mut envelope = Envelope::new("t", b"payload".to_vec());
    envelope.sign(&ada);
    assert_eq!(envelope.verify("t", &[ada.id()]), Ok(b"payload".as_slice()));
    assert_eq!(envelope.verify("t", &[ada.id(), bob.id()]), Err(EnvelopeError::Unsigned(bob.id())));
    assert!(matches!(envelope.verify("u", &[]), Err(EnvelopeError::Type { .. })));
    envelope.sign(&bob);
    assert!(envelope.verify("t", &[ada.id(), bob.id()]).is_ok());
    let read = Envelope::from_json(&envelope.to_json()).unwrap();
    assert_eq!(read, envelope);
    envelope.payload[0] ^= 1;
    assert_eq!(envelope.verify("t", &[bob.id()]), Err(EnvelopeError::BadSignature(bob.id())));
}

#[wasm_bindgen_test(unsupported = test)]
fn an_envelope_with_a_signer_twice_is_refused() {
    let ada = Identity::from_seed([1; 32]);
    let mut envelope = Envelope::new("t", vec![]);
    envelope.sign(&ada);
    envelope.signatures.push(envelope.signatures[0].clone());
    assert_eq!(Envelope::from_json(&envelope.to_json()), Err(EnvelopeError::Signatures));
    assert!(matches!(Envelope::from_json(b"{\n 3"), Err(EnvelopeError::Malformed { line: 2, .. })));
}

#[wasm_bindgen_test(unsupported = test)]
fn only_the_receiver_opens_and_only_for_the_purpose() {
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    let (mine, other) = (SealKey::from_seed([4; 32]), SealKey::from_seed([5; 32]));
    let sealed = seal(&mine.public(), b"info", b"aad", b"secret", &mut rng).unwrap();
    assert_eq!(mine.open(b"info", b"aad", &sealed), Ok(b"secret".to_vec()));
    assert_eq!(other.open(b"info", b"aad", &sealed), Err(SealError));
    assert_eq!(mine.open(b"other", b"aad", &sealed), Err(SealError));
    assert_eq!(mine.open(b"info", b"other", &sealed), Err(SealError));
    assert_eq!(mine.open(b"info", b"aad", &sealed[..40]), Err(SealError));
    assert_eq!(mine.open(b"info", b"aad", b""), Err(SealError));
    assert_eq!(mine.public().to_string().parse(), Ok(mine.public()));
}

#[wasm_bindgen_test(unsupported = test)]
fn secrets_stay_out_of_debug_output() {
    let shown = format!("{:?} {:?}", Identity::from_seed([7; 32]), SealKey::from_seed([7; 32]));
    assert!(!shown.contains("7, 7"));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_signature_serves_one_domain() {
    let ada = Identity::from_seed([1; 32]);
    let signature = ada.sign(Domain::Partial, b"m");
    assert!(ada.id().verify(Domain::Partial, b"m", &signature));
    assert!(!ada.id().verify(Domain::Commit, b"m", &signature));
    assert!(!NodeId::from_public_key([0; 32]).verify(Domain::Partial, b"m", &[0; 64]));
}

fn bytes(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn hex(text: &str) -> [u8; 32] {
    bytes(text).try_into().unwrap()
}

/// `hpke`'s own KEM, which ours stands in for.
#[wasm_bindgen_test(unsupported = test)]
fn other_implementations_open_what_is_sealed_here_and_the_other_way_round() {
    use hpke::{
        Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _, aead::ChaCha20Poly1305,
        kdf::HkdfSha256, kem::X25519HkdfSha256, single_shot_open, single_shot_seal_with_rng,
    };
    let mut rng = ChaCha20Rng::from_seed([6; 32]);
    for seed in 0..20 {
        let key = SealKey::from_seed([seed; 32]);
        let (secret, public) = X25519HkdfSha256::derive_keypair(&[seed; 32]);
        assert_eq!(key.public().to_string().parse(), Ok(key.public()));
        let sealed = seal(&key.public(), b"info", b"aad", b"secret", &mut rng).unwrap();
        let (encapped, ciphertext) = sealed.split_at(32);
        let encapped = <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(encapped).unwrap();
        let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &secret,
            &encapped,
            b"info",
            ciphertext,
            b"aad",
        );
        assert_eq!(opened.unwrap(), b"secret");
        let (encapped, ciphertext) = single_shot_seal_with_rng::<
            ChaCha20Poly1305,
            HkdfSha256,
            X25519HkdfSha256,
        >(&OpModeS::Base, &public, b"info", b"secret", b"aad", &mut rng)
        .unwrap();
        let sealed = [encapped.to_bytes().as_slice(), &ciphertext].concat();
        assert_eq!(key.open(b"info", b"aad", &sealed), Ok(b"secret".to_vec()));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn keys_of_low_order_are_refused() {
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let key = SealKey::from_seed([8; 32]);
    for low in [0, 1] {
        let mut point = [0; 32];
        point[0] = low;
        let public: SealPublic = data_encoding::BASE64URL_NOPAD.encode(&point).parse().unwrap();
        assert_eq!(seal(&public, b"", b"", b"secret", &mut rng), Err(SealError));
        assert_eq!(key.open(b"", b"", &[point.as_slice(), &[0; 22]].concat()), Err(SealError));
    }
}
