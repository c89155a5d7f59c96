//! What the transport takes and refuses, in a worker: there is no `RTCPeerConnection` there.
#![cfg(target_arch = "wasm32")]

use libp2p_core::transport::{DialOpts, ListenerId, PortUse, TransportError};
use libp2p_core::{Endpoint, Multiaddr, Transport as _};
use libp2p_identity::Keypair;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use webrtc_tab::{Error, Transport};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const HOST: &str =
    "/ip4/127.0.0.1/udp/4001/webrtc-direct/certhash/uEiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const DIALER: DialOpts = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };

fn transport() -> Transport {
    Transport::new(&Keypair::generate_ed25519())
}

fn addr(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

#[wasm_bindgen_test]
async fn a_worker_is_told_that_it_has_no_webrtc() {
    let dial = transport().dial(addr(HOST), DIALER).unwrap();
    assert!(matches!(dial.await, Err(Error::Unsupported)));
}

#[wasm_bindgen_test]
fn addresses_of_hosts_are_taken() {
    let peer = Keypair::generate_ed25519().public().to_peer_id();
    let six = HOST.replace("/ip4/127.0.0.1", "/ip6/2001:db8::1");
    for text in [HOST.to_owned(), format!("{HOST}/p2p/{peer}"), six] {
        assert!(transport().dial(addr(&text), DIALER).is_ok(), "{text}");
    }
}

#[wasm_bindgen_test]
fn other_addresses_are_left_to_other_transports() {
    let peer = Keypair::generate_ed25519().public().to_peer_id();
    for text in [
        "/ip4/127.0.0.1/tcp/4001/ws".to_owned(),
        "/ip4/127.0.0.1/udp/4001/quic-v1".to_owned(),
        "/ip4/127.0.0.1/udp/4001/webrtc-direct".to_owned(),
        HOST.replace("4001", "0"),
        HOST.replace("127.0.0.1", "0.0.0.0"),
        format!("{HOST}/p2p/{peer}/p2p-circuit"),
    ] {
        let refused = transport().dial(addr(&text), DIALER).err();
        assert!(matches!(refused, Some(TransportError::MultiaddrNotSupported(_))), "{text}");
    }
    let listener = DialOpts { role: Endpoint::Listener, ..DIALER };
    assert!(transport().dial(addr(HOST), listener).is_err());
}

#[wasm_bindgen_test]
fn listening_is_refused() {
    let listen = "/ip4/127.0.0.1/udp/0/webrtc-direct";
    let refused = transport().listen_on(ListenerId::next(), addr(listen)).err();
    assert!(matches!(refused, Some(TransportError::Other(Error::DialOnly))));
}
