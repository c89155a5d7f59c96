use super::*;
use proptest::prelude::*;

const CHROME_OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    a=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n\
    a=ice-pwd:0123456789012345678901\r\na=ice-options:trickle\r\n\
    a=fingerprint:sha-256 AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA\r\n\
    a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";

#[test]
fn an_offer_gets_the_credentials_and_the_limit() {
    let ufrag = Ufrag::from_random([0xff; 24]);
    let munged = munge_offer(CHROME_OFFER, &ufrag).unwrap();
    let random = format!("{}Y", "7".repeat(38));
    let expected = CHROME_OFFER
        .replace("ice-ufrag:abcd", &format!("ice-ufrag:libp2p+webrtc+v1/{random}"))
        .replace("ice-pwd:0123456789012345678901", &format!("ice-pwd:libp2p+webrtc+v1/{random}"))
        .replace("262144", "16384");
    assert_eq!(munged, expected);
    assert_eq!(fingerprint(&munged), Ok(Fingerprint([0xaa; 32])));
    let without = CHROME_OFFER.replace("a=max-message-size:262144\r\n", "");
    assert!(munge_offer(&without, &ufrag).unwrap().ends_with("a=max-message-size:16384\r\n"));
    assert_eq!(munge_offer("v=0\r\n", &ufrag), Err(SdpError::NoCredentials));
    assert_eq!(fingerprint("v=0\r\n"), Err(SdpError::NoFingerprint));
}

#[test]
fn an_answer_names_the_listener() {
    let ufrag = Ufrag::from_random([1; 24]);
    let text = answer("[2001:db8::1]:443".parse().unwrap(), &Fingerprint([0xab; 32]), &ufrag);
    for line in [
        "m=application 443 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP6 2001:db8::1",
        "a=setup:passive",
        "a=sctp-port:5000",
        "a=max-message-size:16384",
        "a=candidate:1 1 UDP 1 2001:db8::1 443 typ host",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is missing in {text}");
    }
    assert_eq!(fingerprint(&text), Ok(Fingerprint([0xab; 32])));
}

#[test]
fn a_listener_reads_the_fragment() {
    let ufrag = Ufrag::from_random([9; 24]);
    let name = format!("{}:{}", ufrag.as_str(), ufrag.as_str());
    assert_eq!(Ufrag::from_stun_username(&name), Ok(ufrag.clone()));
    let other = format!("{}:{}x", ufrag.as_str(), ufrag.as_str());
    for bad in [other.as_str(), "", ":", "a:a", "libp2p+webrtc+v1/:libp2p+webrtc+v1/"] {
        assert_eq!(Ufrag::from_stun_username(bad), Err(SdpError::BadUfrag), "{bad}");
    }
    let long = format!("{UFRAG_PREFIX}{}", "a".repeat(240));
    assert_eq!(Ufrag::parse(&long), Err(SdpError::BadUfrag));
    assert_eq!(Ufrag::parse("libp2p+webrtc+v1/a\r\na=x"), Err(SdpError::BadUfrag));
}

proptest! {
    #[test]
    fn a_drawn_fragment_parses(random: [u8; 24]) {
        let ufrag = Ufrag::from_random(random);
        prop_assert_eq!(Ufrag::parse(ufrag.as_str()), Ok(ufrag.clone()));
    }

    #[test]
    fn no_text_panics(text in "(?s).{0,300}") {
        let _ = Ufrag::from_stun_username(&text);
        let _ = munge_offer(&text, &Ufrag::from_random([0; 24]));
        let _ = fingerprint(&text);
    }
}
