use super::*;
use alloc::format;
use data_encoding::HEXLOWER;
use proptest::prelude::*;

#[test]
fn prologue_of_the_specification() {
    let hex = |text: &str| -> Fingerprint {
        Fingerprint(HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap())
    };
    let client = hex("3e79af40d6059617a0d83b83a52ce73b0c1f37a72c6043ad2969e2351bdca870");
    let server = hex("30fc9f469c207419dfdd0aab5f27a86c973c94e40548db9375cca2e915973b99");
    assert_eq!(
        HEXLOWER.encode(&noise_prologue(&client, &server)),
        "6c69627032702d7765627274632d6e6f6973653a12203e79af40d6059617a0d83b83a52ce73b0c1f37a72c60\
         43ad2969e2351bdca870122030fc9f469c207419dfdd0aab5f27a86c973c94e40548db9375cca2e915973b99"
    );
}

#[test]
fn bad_text_is_named() {
    use FingerprintError::*;
    assert_eq!(Fingerprint::from_certhash("zQm"), Err(UnsupportedBase));
    assert_eq!(Fingerprint::from_certhash("u!"), Err(Malformed));
    assert_eq!(Fingerprint::from_certhash("uEiA"), Err(Malformed));
    assert_eq!(Fingerprint::from_multihash(&[0x13, 0x40]), Err(UnsupportedHash));
    assert_eq!(Fingerprint::from_multihash(&[]), Err(Malformed));
    assert_eq!(Fingerprint::from_sdp("sha-1 AA"), Err(UnsupportedHash));
    assert_eq!(Fingerprint::from_sdp("sha-256"), Err(Malformed));
    let plus = format!("sha-256 +A{}", ":AA".repeat(31));
    assert_eq!(Fingerprint::from_sdp(&plus), Err(Malformed));
    let long = format!("sha-256 AA{}", ":AA".repeat(32));
    assert_eq!(Fingerprint::from_sdp(&long), Err(Malformed));
}

proptest! {
    #[test]
    fn every_spelling_reads_back(digest: [u8; 32]) {
        let fingerprint = Fingerprint(digest);
        prop_assert_eq!(Fingerprint::from_multihash(&fingerprint.to_multihash()), Ok(fingerprint));
        let certhash = fingerprint.to_certhash();
        prop_assert!(certhash.starts_with("uEi"));
        prop_assert_eq!(Fingerprint::from_certhash(&certhash), Ok(fingerprint));
        let sdp = fingerprint.to_sdp();
        prop_assert_eq!(Fingerprint::from_sdp(&sdp), Ok(fingerprint));
        prop_assert_eq!(Fingerprint::from_sdp(&sdp.to_lowercase()), Ok(fingerprint));
    }

    #[test]
    fn no_text_panics(text in ".{0,120}") {
        let _ = Fingerprint::from_certhash(&text);
        let _ = Fingerprint::from_sdp(&text);
        let _ = Fingerprint::from_multihash(text.as_bytes());
    }
}
