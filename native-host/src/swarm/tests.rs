use super::*;
use jobs::capability::Class;
use libp2p::{kad::store::RecordStore, swarm::DialError};
use std::net::Ipv4Addr;
use tokio::sync::watch;

const SERVES: Reach =
    Reach { serves: true, relays: true, dials_back: true, asks: false, punches: true, opens_ports: false };

async fn heavy(seed: u8) -> (Shell, NodeId) {
    let identity = Identity::from_seed([seed; 32]);
    let mut shell = Shell::new(&identity, None, "test", SERVES).await.unwrap();
    shell.listen(Ipv4Addr::LOCALHOST.into(), Ports::default()).await.unwrap();
    (shell, identity.id())
}

fn table(shell: &mut Shell) -> Vec<(PeerId, Vec<Multiaddr>)> {
    let kad = shell.swarm.behaviour_mut().kad.as_mut().unwrap();
    let mut all = Vec::new();
    for bucket in kad.kbuckets() {
        all.extend(
            bucket.iter().map(|entry| {
                (*entry.node.key.preimage(), entry.node.value.iter().cloned().collect::<Vec<_>>())
            }),
        );
    }
    all
}

/// Runs both until `is_so`.
async fn both(
    one: &mut Shell,
    two: &mut Shell,
    what: &str,
    mut is_so: impl FnMut(&mut Shell, &mut Shell) -> bool,
) {
    let running = async {
        while !is_so(one, two) {
            tokio::select! {
                event = one.swarm.select_next_some() => one.handle(event),
                event = two.swarm.select_next_some() => two.handle(event),
                () = one.providing.due() => one.publish(),
                () = two.providing.due() => two.publish(),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), running)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"));
}

/// Has `two` dial `one`, and waits until each has the other in its table.
async fn meet(one: &mut Shell, one_id: NodeId, two: &mut Shell) {
    let address = one.addresses().find(|address| address.to_string().contains("/tcp/")).unwrap().to_string();
    two.apply(Output::Dial { peer: one_id, address });
    both(one, two, "each learns of the other", |one, two| !table(one).is_empty() && !table(two).is_empty())
        .await;
}

/// The providers that a node lists, where it has been told of any.
fn listed(shell: &mut Shell, key: &kad::RecordKey) -> Vec<(PeerId, Vec<Multiaddr>)> {
    let kad = shell.swarm.behaviour_mut().kad.as_mut().unwrap();
    kad.store_mut().providers(key).into_iter().map(|record| (record.provider, record.addresses)).collect()
}

#[tokio::test]
async fn heavy_nodes_have_each_other_in_their_tables_and_dial_nobody_by_themselves() {
    let ((mut one, one_id), (mut two, two_id)) = (heavy(1).await, heavy(2).await);
    meet(&mut one, one_id, &mut two).await;
    for (shell, other) in [(&mut one, two_id), (&mut two, one_id)] {
        let table = table(shell);
        assert_eq!(table.iter().map(|(peer, _)| *peer).collect::<Vec<_>>(), [peer_id(other)]);
        let loopback = |address: &Multiaddr| listen::ip_of(address).is_some_and(|ip| ip.is_loopback());
        assert!(table[0].1.iter().all(loopback), "{table:?}");
    }
    // What Kademlia would do with a stranger's word.
    let stranger = DialOpts::peer_id(peer_id(Identity::from_seed([3; 32]).id()))
        .addresses(vec!["/ip4/127.0.0.1/tcp/9".parse().unwrap()])
        .build();
    assert!(matches!(one.swarm.dial(stranger), Err(DialError::Denied { .. })));
}

#[tokio::test]
async fn who_takes_jobs_is_listed_by_others_and_nothing_else_is() {
    let ((mut one, one_id), (mut two, two_id)) = (heavy(1).await, heavy(2).await);
    let broker = provide::record_key(Class::Broker);
    // It offers before it knows anybody, and claims to be where it is not.
    let (offered, offers) =
        watch::channel(Offered { classes: [Class::Broker].into(), document: [7; 3].into() });
    two.offer(offers);
    two.announce(&["/ip4/192.0.2.9/tcp/80".parse().unwrap(), "/dns4/victim.example/tcp/80".parse().unwrap()]);
    meet(&mut one, one_id, &mut two).await;
    both(&mut one, &mut two, "one lists two", |one, _| !listed(one, &broker).is_empty()).await;
    let known = listed(&mut one, &broker);
    assert_eq!(known.iter().map(|(peer, _)| *peer).collect::<Vec<_>>(), [peer_id(two_id)]);
    let loopback = |address: &Multiaddr| listen::ip_of(address).is_some_and(|ip| ip.is_loopback());
    assert!(known[0].1.iter().all(loopback) && known[0].1.len() <= provide::ADDRESSES_MAX, "{known:?}");

    // A table for anything would be everybody's notice board.
    let anything = kad::RecordKey::new(b"anything");
    two.swarm.behaviour_mut().kad.as_mut().unwrap().start_providing(anything.clone()).unwrap();
    let other = Class::Place { kind: jobs::manifest::Kind::Tab, memory_mib: 64 };
    offered.send_replace(Offered { classes: [other].into(), document: [].into() });
    let place = provide::record_key(other);
    both(&mut one, &mut two, "one lists two anew", |one, _| !listed(one, &place).is_empty()).await;
    assert_eq!(listed(&mut one, &anything), []);
    assert_eq!(listed(&mut two, &broker), [], "what is no longer offered is no longer told");
}

#[tokio::test]
async fn where_a_node_is_reached_stands_in_the_table_as_it_changes() {
    let ((mut one, one_id), (mut two, _)) = (heavy(1).await, heavy(2).await);
    let broker = provide::record_key(Class::Broker);
    let (_offered, offers) =
        watch::channel(Offered { classes: [Class::Broker].into(), document: [7; 3].into() });
    two.offer(offers);
    meet(&mut one, one_id, &mut two).await;
    let is_listed = |one: &mut Shell| listed(one, &broker).iter().any(|(_, addresses)| !addresses.is_empty());
    both(&mut one, &mut two, "two's name comes", |one, _| !listed(one, &broker).is_empty()).await;
    assert!(!is_listed(&mut one), "nothing tells yet where it is reached");
    let own = two.swarm.listeners().find(|address| address.to_string().contains("/tcp/")).unwrap().clone();
    for (reached, what) in [(&[own][..], "two is reached"), (&[], "two is reached no longer")] {
        two.announce(reached);
        both(&mut one, &mut two, what, |one, _| is_listed(one) != reached.is_empty()).await;
    }
}

#[tokio::test]
async fn a_peer_that_says_other_addresses_again_and_again_is_known_at_the_last() {
    let (mut shell, _) = heavy(1).await;
    let peer = peer_id(Identity::from_seed([2; 32]).id());
    let at = |port: u16| -> Multiaddr { format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap() };
    for round in 0..10 {
        let said = (1..=behaviour::KAD_ADDRESSES_MAX as u16).map(|number| at(100 * round + number)).collect();
        behaviour::know(shell.swarm.behaviour_mut().kad.as_mut().unwrap(), peer, said);
    }
    let known = table(&mut shell).remove(0).1;
    assert_eq!(known.len(), behaviour::KAD_ADDRESSES_MAX);
    assert!(known.contains(&at(901).with_p2p(peer).unwrap()), "{known:?}");
}

#[test]
fn only_addresses_at_the_peer_itself_are_passed_on() {
    let remote: IpAddr = "192.0.2.1".parse().unwrap();
    for (address, fits) in [
        ("/ip4/192.0.2.1/tcp/1", true),
        ("/ip6/::ffff:192.0.2.1/udp/1/quic-v1", true),
        ("/ip4/192.0.2.2/tcp/1", false),
        ("/ip4/127.0.0.1/tcp/1", false),
        ("/dns4/victim.example/tcp/443/wss", false),
        ("/ip4/192.0.2.1", false),
        ("/ip4/192.0.2.1/tcp/1/p2p-circuit", false),
    ] {
        assert_eq!(is_at(&address.parse().unwrap(), remote), fits, "{address}");
    }
}
