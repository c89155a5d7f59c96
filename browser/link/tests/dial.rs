//! A link without anybody at the other end: each thing asked of it comes to an end, and says why.
#![cfg(target_arch = "wasm32")]

use futures::StreamExt as _;
use futures::channel::mpsc;
use keys::{Identity, NodeId};
use link::Link;
use net::{Failure, Input, Output, Protocol, RequestId};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Nobody listens there, and browsers open no WebSocket to it.
const CLOSED: &str = "/ip4/127.0.0.1/tcp/1/ws";

fn start() -> (Link, mpsc::UnboundedReceiver<Input>) {
    let (teller, inputs) = mpsc::unbounded();
    let link = Link::start([1; 32], move |input| teller.unbounded_send(input).unwrap()).unwrap();
    (link, inputs)
}

fn peer() -> NodeId {
    Identity::from_seed([2; 32]).id()
}

#[wasm_bindgen_test]
async fn a_dial_that_cannot_be_made_fails_at_once_and_says_why() {
    let (link, mut inputs) = start();
    for (address, why) in [
        ("nowhere", "multiaddr"),
        ("/ip4/127.0.0.1/udp/4001/quic-v1", "not supported"),
        ("/ip4/127.0.0.1/tcp/4001", "not supported"),
        (CLOSED, "WebSocket"),
    ] {
        link.handle(Output::Dial { peer: peer(), address: address.into() });
        let Some(Input::DialFailed { peer: whom, address: dialed, error }) = inputs.next().await else {
            panic!("{address}: no failure")
        };
        assert_eq!((whom, dialed.as_str()), (peer(), address));
        assert!(error.contains(why), "{address}: {error}");
    }
}

#[wasm_bindgen_test]
async fn a_hangup_ends_a_dial_under_way() {
    let (link, mut inputs) = start();
    // Documentation addresses answer nobody, so without the hangup this would take long.
    let address = "/ip4/192.0.2.1/tcp/4001/ws".to_owned();
    link.handle(Output::Dial { peer: peer(), address: address.clone() });
    link.handle(Output::Hangup { peer: peer() });
    let input = inputs.next().await;
    assert!(
        matches!(&input, Some(Input::DialFailed { address: dialed, .. }) if *dialed == address),
        "{input:?}"
    );
}

#[wasm_bindgen_test]
async fn a_request_to_nobody_ends() {
    let (link, mut inputs) = start();
    let id = RequestId(7);
    link.handle(Output::Request { peer: peer(), id, protocol: Protocol::Aggregate, body: vec![1] });
    assert_eq!(inputs.next().await, Some(Input::Response { id, result: Err(Failure::Disconnected) }));
}

#[wasm_bindgen_test]
async fn a_dropped_link_tells_nothing_more() {
    let (link, mut inputs) = start();
    link.handle(Output::Dial { peer: peer(), address: CLOSED.into() });
    drop(link);
    while inputs.next().await.is_some() {}
}
