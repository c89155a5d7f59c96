use super::*;
use curve25519_dalek::MontgomeryPoint;
use data_encoding::HEXLOWER;
use keys::{SealKey, seal};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

fn bytes(hex: &str) -> [u8; 32] {
    HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
}

/// The function, and a word where this machine has none: then nothing is tested here.
fn exchange() -> Option<Exchange> {
    let quick = quick();
    if quick.is_none() {
        println!("skipped: this machine lacks the instructions");
    }
    quick
}

/// Section 5.2. The second u-coordinate has its top bit set.
#[test]
fn the_vectors_of_rfc_7748_hold() {
    let Some(exchange) = exchange() else { return };
    for (secret, public, shared) in [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ] {
        assert_eq!(exchange(&bytes(secret), &bytes(public)), bytes(shared));
    }
    let mut base = [0; 32];
    base[0] = 9;
    let (mut secret, mut public) = (base, base);
    for _ in 0..1_000 {
        (secret, public) = (exchange(&secret, &public), secret);
    }
    assert_eq!(secret, bytes("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"));
}

#[test]
fn points_of_low_order_give_zero() {
    let Some(exchange) = exchange() else { return };
    for public in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        assert_eq!(exchange(&[7; 32], &bytes(public)), [0; 32], "{public}");
    }
}

#[test]
fn what_is_sealed_opens() {
    let Some(exchange) = exchange() else { return };
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let key = SealKey::from_seed([2; 32]);
    let quick = key.clone().with_exchange(exchange);
    let mut sealed = seal(&key.public(), b"info", b"aad", b"secret", &mut rng).unwrap();
    assert_eq!(quick.open(b"info", b"aad", &sealed).as_deref(), Ok(b"secret".as_slice()));
    sealed[..32].fill(0);
    assert!(quick.open(b"info", b"aad", &sealed).is_err());
}

proptest! {
    #[test]
    fn it_agrees_with_portable_code(secret: [u8; 32], public: [u8; 32]) {
        if let Some(exchange) = quick() {
            prop_assert_eq!(exchange(&secret, &public), MontgomeryPoint(public).mul_clamped(secret).to_bytes());
        }
    }
}
