use crate::{
    Endpoint, Event, Failure, Hello, Input, Limits, Output, Protocol, RequestId, Responder, Role, SendError,
    Transport,
    endpoint::{PING_EVERY_MS, PING_PATIENCE_MS},
};
use alloc::{string::String, vec, vec::Vec};
use codec::Instant;
use keys::{Identity, NodeId};

const WEBRTC: &str = "/ip4/127.0.0.1/udp/1/webrtc-direct/certhash/uEi";
const WS: &str = "/ip4/127.0.0.1/tcp/1/ws";

fn at(ms: u64) -> Instant {
    Instant::from_unix_ms(1_000_000 + ms)
}

fn id(seed: u8) -> NodeId {
    Identity::from_seed([seed; 32]).id()
}

fn endpoint(seed: u8, role: Role) -> Endpoint {
    let transports = [Transport::WebrtcDirect, Transport::Websocket];
    Endpoint::new(id(seed), Hello { role, agent: "test".into() }, &transports, Limits::default(), [seed; 32])
}

fn drain(endpoint: &mut Endpoint) -> Vec<Output> {
    core::iter::from_fn(|| endpoint.poll_output()).collect()
}

fn events(endpoint: &mut Endpoint) -> Vec<Event> {
    core::iter::from_fn(|| endpoint.poll_event()).filter(|event| *event != Event::Changed).collect()
}

/// A light endpoint that is up with host 9, at `at(0)`.
fn up() -> Endpoint {
    let mut light = endpoint(1, Role::Light);
    light.want(at(0), id(9), &[WS.into(), WEBRTC.into()]);
    light.handle_timeout(at(0));
    assert_eq!(drain(&mut light), [Output::Dial { peer: id(9), address: WEBRTC.into() }]);
    light.handle_input(at(0), Input::Connected { peer: id(9), address: WEBRTC.into() });
    answer(&mut light, at(0), Ok(hello()));
    assert_eq!(events(&mut light), [Event::Up { peer: id(9), role: Role::Heavy }]);
    light
}

fn hello() -> Vec<u8> {
    codec::encode(&crate::LinkResponse::Hello(Hello { role: Role::Heavy, agent: "host".into() }))
}

fn answer(endpoint: &mut Endpoint, now: Instant, result: Result<Vec<u8>, Failure>) {
    let sent = drain(endpoint);
    let [Output::Request { id, .. }] = sent.as_slice() else { panic!("one request: {sent:?}") };
    endpoint.handle_input(now, Input::Response { id: *id, result });
}

#[test]
fn a_failed_transport_falls_back_to_the_next_and_then_backs_off() {
    let mut light = endpoint(1, Role::Light);
    light.want(at(0), id(9), &[WS.into(), WEBRTC.into(), "/ip4/127.0.0.1/udp/1/quic-v1".into()]);
    let mut dialed = Vec::new();
    for _ in 0..6 {
        let (due, _) = light.poll_timeout().unwrap();
        light.handle_timeout(due);
        for output in drain(&mut light) {
            if let Output::Dial { peer, address } = output {
                dialed.push((due.since_ms(at(0)), address.clone()));
                light.handle_input(due, Input::DialFailed { peer, address, error: "no".into() });
            }
        }
    }
    let addresses: Vec<&str> = dialed.iter().map(|(_, address)| address.as_str()).collect();
    assert_eq!(addresses[..4], [WEBRTC, WS, WEBRTC, WS]);
    assert_eq!(dialed[0].0, dialed[1].0);
    assert!((375..=625).contains(&(dialed[2].0 - dialed[1].0)), "{dialed:?}");
    assert_eq!(light.links()[0].error.as_deref(), Some("no"));
}

#[test]
fn a_silent_dial_is_given_up() {
    let mut light = endpoint(1, Role::Light);
    light.want(at(0), id(9), &[WEBRTC.into(), WS.into()]);
    light.handle_timeout(at(0));
    drain(&mut light);
    light.handle_timeout(at(8_000));
    assert_eq!(
        drain(&mut light),
        [Output::Hangup { peer: id(9) }, Output::Dial { peer: id(9), address: WS.into() }]
    );
}

#[test]
fn a_dead_host_is_noticed_within_ten_seconds() {
    let mut light = up();
    const { assert!(PING_EVERY_MS + PING_PATIENCE_MS < 10_000) };
    light.handle_timeout(at(PING_EVERY_MS));
    assert!(matches!(drain(&mut light)[..], [Output::Request { protocol: Protocol::Link, .. }]));
    light.handle_timeout(at(PING_EVERY_MS + PING_PATIENCE_MS));
    assert_eq!(drain(&mut light), [Output::Hangup { peer: id(9) }]);
    light.handle_input(at(9_500), Input::Disconnected { peer: id(9) });
    assert_eq!(events(&mut light), [Event::Down { peer: id(9) }]);
    assert!(light.poll_timeout().is_some());
}

#[test]
fn an_answered_ping_gives_the_latency_and_the_next_ping() {
    let mut light = up();
    light.handle_timeout(at(PING_EVERY_MS));
    answer(&mut light, at(PING_EVERY_MS + 7), Ok(codec::encode(&crate::LinkResponse::Pong)));
    assert_eq!(light.links()[0].latency_ms, Some(7));
    assert_eq!(light.links()[0].transport, Some(Transport::WebrtcDirect));
    light.handle_timeout(at(2 * PING_EVERY_MS + 7));
    assert_eq!(drain(&mut light).len(), 1);
}

#[test]
fn each_request_ends_once() {
    let mut light = up();
    let first = light.request(at(1), id(9), Protocol::Aggregate, vec![1]).unwrap();
    let second = light.request(at(1), id(9), Protocol::Aggregate, vec![2]).unwrap();
    light.handle_input(at(2), Input::Response { id: first, result: Ok(vec![3]) });
    light.handle_input(at(2), Input::Response { id: first, result: Ok(vec![4]) });
    light.handle_input(at(3), Input::Disconnected { peer: id(9) });
    assert_eq!(
        events(&mut light),
        [
            Event::Reply { peer: id(9), id: first, result: Ok(vec![3]) },
            Event::Reply { peer: id(9), id: second, result: Err(Failure::Disconnected) },
            Event::Down { peer: id(9) },
        ]
    );
    assert_eq!(light.request(at(4), id(9), Protocol::Aggregate, vec![]), Err(SendError::NotConnected));
}

#[test]
fn a_peer_without_a_greeting_is_not_heard_and_then_hung_up() {
    let mut heavy = endpoint(9, Role::Heavy);
    heavy.handle_input(at(0), Input::Connected { peer: id(1), address: WS.into() });
    let responder = Responder(1);
    let body = vec![1];
    heavy.handle_input(at(1), Input::Request { peer: id(1), responder, protocol: Protocol::Aggregate, body });
    assert_eq!(drain(&mut heavy), [Output::Ignore { responder }]);
    heavy.handle_timeout(at(8_000));
    assert_eq!(drain(&mut heavy), [Output::Hangup { peer: id(1) }]);
}

#[test]
fn a_flood_of_requests_is_cut_at_the_limit() {
    let mut heavy = endpoint(9, Role::Heavy);
    heavy.handle_input(at(0), Input::Connected { peer: id(1), address: WS.into() });
    let hello = codec::encode(&crate::LinkRequest::Hello(Hello { role: Role::Light, agent: String::new() }));
    let ask = |heavy: &mut Endpoint, n, protocol, body| {
        let responder = Responder(n);
        heavy.handle_input(at(1), Input::Request { peer: id(1), responder, protocol, body });
    };
    ask(&mut heavy, 0, Protocol::Link, hello);
    drain(&mut heavy);
    for n in 1..=40 {
        ask(&mut heavy, n, Protocol::Aggregate, vec![]);
    }
    let ignored = drain(&mut heavy).len();
    assert_eq!(ignored, 40 - Limits::default().inbound_per_peer);
    heavy.respond(id(1), Responder(1), vec![]);
    heavy.respond(id(1), Responder(1), vec![]);
    assert_eq!(drain(&mut heavy).len(), 1, "a request is answered once");
}

#[test]
fn a_full_host_still_takes_wanted_peers() {
    let limits = Limits { peers: 1, ..Limits::default() };
    let hello = Hello { role: Role::Heavy, agent: String::new() };
    let mut heavy = Endpoint::new(id(9), hello, &[Transport::Websocket], limits, [0; 32]);
    heavy.want(at(0), id(8), &[WS.into()]);
    for peer in [1, 2, 8] {
        heavy.handle_input(at(0), Input::Connected { peer: id(peer), address: WS.into() });
    }
    let outputs = drain(&mut heavy);
    assert_eq!(outputs[0], Output::Hangup { peer: id(2) });
    assert!(matches!(outputs[1], Output::Request { peer, .. } if peer == id(8)));
}

#[test]
fn unknown_responses_are_nothing() {
    let mut light = up();
    light.handle_input(at(1), Input::Response { id: RequestId(77), result: Ok(vec![]) });
    light.handle_input(at(1), Input::Disconnected { peer: id(3) });
    assert_eq!((drain(&mut light), events(&mut light)), (vec![], vec![]));
}

#[test]
fn a_replaced_connection_is_greeted_again_and_not_for_ever() {
    let mut light = up();
    light.handle_timeout(at(PING_EVERY_MS));
    light.handle_input(at(PING_EVERY_MS), Input::Moved { peer: id(9), address: WS.into() });
    assert_eq!(light.links()[0].transport, Some(Transport::Websocket));
    answer(&mut light, at(PING_EVERY_MS), Err(Failure::Disconnected));
    answer(&mut light, at(PING_EVERY_MS + 3), Ok(hello()));
    assert!(light.is_up(id(9)));
    assert_eq!((drain(&mut light), events(&mut light)), (vec![], vec![]));

    light.handle_timeout(at(3 * PING_EVERY_MS));
    for _ in 0..=3 {
        answer(&mut light, at(3 * PING_EVERY_MS), Err(Failure::Disconnected));
    }
    assert_eq!(drain(&mut light), [Output::Hangup { peer: id(9) }]);
}
