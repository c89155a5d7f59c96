use super::*;
use libp2p::{core::ConnectedPoint, swarm::dial_opts::DialOpts};
use proptest::prelude::{any, prop_assert, prop_assert_eq};

fn address(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

/// Tells the gate of a peer that has connected.
fn connected(gate: &mut Gate, peer: PeerId, from: &str) -> ConnectionId {
    let connection_id = ConnectionId::new_unchecked(rand::random::<u32>() as usize);
    let endpoint = ConnectedPoint::Listener { local_addr: address(from), send_back_addr: address(from) };
    gate.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
        peer_id: peer,
        connection_id,
        endpoint: &endpoint,
        failed_addresses: &[],
        other_established: 0,
    }));
    connection_id
}

/// Tells the gate that others reach this node there.
fn reached(gate: &mut Gate, at: &str) {
    let addr = address(at);
    gate.on_swarm_event(FromSwarm::ExternalAddrConfirmed(ExternalAddrConfirmed { addr: &addr }));
}

/// Whether a dial that some behaviour wants goes out.
fn dials(gate: &mut Gate, peer: PeerId, addresses: &[&str]) -> bool {
    let addresses: Vec<Multiaddr> = addresses.iter().map(|text| address(text)).collect();
    let dial = DialOpts::peer_id(peer).addresses(addresses.clone()).build().connection_id();
    gate.handle_pending_outbound_connection(dial, Some(peer), &addresses, Endpoint::Dialer).is_ok()
}

#[test]
fn a_relay_that_the_node_named_is_dialed_once() {
    let (mut gate, relay, other) = (Gate::default(), PeerId::random(), PeerId::random());
    gate.expect(relay);
    assert!(!dials(&mut gate, other, &["/ip4/203.0.113.7/tcp/1"]));
    assert!(dials(&mut gate, relay, &["/ip4/203.0.113.7/tcp/1"]));
    assert!(!dials(&mut gate, relay, &["/ip4/203.0.113.7/tcp/1"]));
}

#[test]
fn a_relay_that_was_named_long_ago_is_not_dialed_and_takes_no_place() {
    let mut gate = Gate::default();
    let long_ago = Instant::now().checked_sub(EXPECTED).unwrap();
    let relays: Vec<PeerId> = (0..RELAYS_MAX).map(|_| PeerId::random()).collect();
    relays.iter().for_each(|relay| gate.expect_at(*relay, long_ago));
    assert!(!dials(&mut gate, relays[0], &["/ip4/203.0.113.7/tcp/1"]));
    let next = PeerId::random();
    gate.expect(next);
    assert_eq!(gate.relays.len(), 1);
    assert!(dials(&mut gate, next, &["/ip4/203.0.113.7/tcp/1"]));
    // However many are named at once, the last are expected.
    let relays: Vec<PeerId> = (0..=RELAYS_MAX).map(|_| PeerId::random()).collect();
    let now = Instant::now();
    for (at, relay) in (0_u64..).zip(&relays) {
        gate.expect_at(*relay, now + Duration::from_millis(at));
    }
    assert_eq!(gate.relays.len(), RELAYS_MAX);
    assert!(!dials(&mut gate, relays[0], &["/ip4/203.0.113.7/tcp/1"]));
    assert!(dials(&mut gate, relays[RELAYS_MAX], &["/ip4/203.0.113.7/tcp/1"]));
}

#[test]
fn behind_a_proxy_nobody_has_the_proxys_network_dialed() {
    let (mut gate, peer) = (Gate::default(), PeerId::random());
    connected(&mut gate, peer, "/ip4/10.0.0.5/tcp/55555");
    assert!(!dials(&mut gate, peer, &["/ip4/10.0.0.5/tcp/22"]), "where it is reached is not known yet");
    let relay = format!("/ip4/203.0.113.7/tcp/1/p2p/{}/p2p-circuit", PeerId::random());
    for own in ["/ip4/10.0.0.9/tcp/1", &relay] {
        reached(&mut gate, own);
    }
    assert!(dials(&mut gate, peer, &["/ip4/10.0.0.5/tcp/22"]), "all that is said of it is in one network");
    for outside in ["/dns4/heavy.example/tcp/443/wss", "/ip4/198.51.100.1/tcp/443", "/ip4/10.0.0.5/tcp/443"] {
        reached(&mut gate, outside);
        assert!(!dials(&mut gate, peer, &["/ip4/10.0.0.5/tcp/22"]), "{outside}");
        let addr = address(outside);
        gate.on_swarm_event(FromSwarm::ExternalAddrExpired(ExternalAddrExpired { addr: &addr }));
    }
    assert!(dials(&mut gate, peer, &["/ip4/10.0.0.5/tcp/22"]));
    // A proxy in the Internet is one too.
    let other = PeerId::random();
    connected(&mut gate, other, "/ip4/198.51.100.1/tcp/55555");
    assert!(dials(&mut gate, other, &["/ip4/198.51.100.1/tcp/1"]));
    reached(&mut gate, "/ip4/198.51.100.1/tcp/443");
    assert!(!dials(&mut gate, other, &["/ip4/198.51.100.1/tcp/1"]));
}

#[test]
fn who_asks_is_dialed_back_where_it_is_and_nowhere_else() {
    let (mut gate, peer) = (Gate::default(), PeerId::random());
    reached(&mut gate, "/ip4/192.168.0.1/tcp/1");
    assert!(!dials(&mut gate, peer, &["/ip4/192.168.0.9/tcp/1"]));
    connected(&mut gate, peer, "/ip4/192.168.0.9/tcp/55555");
    assert!(dials(&mut gate, peer, &["/ip4/192.168.0.9/tcp/1"]));
    assert!(!dials(&mut gate, peer, &["/ip4/192.168.0.8/tcp/1"]));
    assert!(!dials(&mut gate, peer, &["/dns4/victim.example/tcp/1"]));
    assert!(!dials(&mut gate, peer, &["/ip4/192.168.0.9/tcp/1", "/ip4/192.168.0.8/tcp/1"]));
    assert!(!dials(&mut gate, PeerId::random(), &["/ip4/192.168.0.9/tcp/1"]));
    connected(&mut gate, peer, "/ip4/127.0.0.1/tcp/55555");
    assert!(!dials(&mut gate, peer, &["/ip4/127.0.0.1/tcp/1"]), "a proxy connects everybody from here");
}

#[test]
fn a_relayed_connection_is_replaced_by_few_dials_and_none_inside() {
    let (mut gate, peer) = (Gate::default(), PeerId::random());
    let relayed = format!("/ip4/203.0.113.7/tcp/1/p2p/{}/p2p-circuit", PeerId::random());
    let connection_id = connected(&mut gate, peer, &relayed);
    for inside in [
        "/ip4/127.0.0.1/tcp/1",
        "/ip4/10.0.0.1/tcp/1",
        "/ip6/::ffff:192.168.0.1/tcp/1",
        "/ip6/fd00::1/tcp/1",
        "/ip4/0.0.0.1/tcp/1",
        "/ip4/100.100.100.200/tcp/1",
        "/ip4/172.31.0.1/tcp/1",
        "/ip4/192.0.0.8/tcp/1",
        "/ip4/198.19.0.1/tcp/1",
        "/ip4/255.255.255.255/tcp/1",
        "/ip6/64:ff9b::10.0.0.1/tcp/1",
        "/ip6/2002:a00:1::1/tcp/1",
        "/ip6/fec0::1/tcp/1",
        "/ip6/::10.0.0.1/tcp/1",
        "/dns4/victim.example/tcp/1",
    ] {
        assert!(!dials(&mut gate, peer, &["/ip4/198.51.100.1/tcp/1", inside]), "{inside}");
    }
    assert!(!dials(&mut gate, peer, &[]));
    assert!(!dials(&mut gate, peer, &["/ip4/198.51.100.1/tcp/1"; PUNCH_ADDRESSES_MAX + 1]));
    for at in 0..PUNCHES_MAX {
        let outside = ["/ip4/172.32.0.1/tcp/1", "/ip6/2606:4700::1/tcp/1", "/ip6/64:ff9b::8.8.8.8/tcp/1"];
        assert!(
            at > 0 || outside.iter().all(|address| is_outside(ip_of(&address.parse().unwrap()).unwrap()))
        );
        assert!(dials(&mut gate, peer, &["/ip4/198.51.100.1/tcp/1", "/ip4/198.51.100.1/udp/1/quic-v1"]));
    }
    assert!(!dials(&mut gate, peer, &["/ip4/198.51.100.1/tcp/1"]));

    let endpoint =
        ConnectedPoint::Listener { local_addr: address(&relayed), send_back_addr: address(&relayed) };
    gate.on_swarm_event(FromSwarm::ConnectionClosed(ConnectionClosed {
        peer_id: peer,
        connection_id,
        endpoint: &endpoint,
        cause: None,
        remaining_established: 0,
    }));
    assert!(gate.relayed.is_empty() && gate.direct.is_empty());
}

proptest::proptest! {
    #[test]
    fn dials_that_peers_ask_for_keep_to_their_pace(pauses_ms in proptest::collection::vec(any::<u16>(), 0..200)) {
        let mut gate = Gate::default();
        let began = gate.counted;
        let (mut now, mut out) = (began, 0_u32);
        for pause in pauses_ms {
            now += Duration::from_millis(u64::from(pause) / 32);
            out += u32::from(gate.has_left(now));
        }
        let passed = u32::try_from(now.duration_since(began).as_millis() / EVERY.as_millis()).unwrap();
        prop_assert!(out <= BURST + passed);
        prop_assert_eq!(gate.left <= BURST, true);
    }
}
