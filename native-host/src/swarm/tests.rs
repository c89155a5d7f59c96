use super::*;
use libp2p::swarm::DialError;
use std::net::Ipv4Addr;

async fn heavy(seed: u8) -> (Shell, NodeId) {
    let identity = Identity::from_seed([seed; 32]);
    let mut shell = Shell::new(&identity, None, "test", true).await.unwrap();
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

#[tokio::test]
async fn heavy_nodes_have_each_other_in_their_tables_and_dial_nobody_by_themselves() {
    let ((mut one, one_id), (mut two, two_id)) = (heavy(1).await, heavy(2).await);
    // A listener tells its addresses to those who ask who it is.
    let address = one.addresses().find(|address| address.to_string().contains("/tcp/")).unwrap().to_string();
    two.apply(Output::Dial { peer: one_id, address });
    let met = async {
        while table(&mut one).is_empty() || table(&mut two).is_empty() {
            tokio::select! {
                event = one.swarm.select_next_some() => one.handle(event),
                event = two.swarm.select_next_some() => two.handle(event),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), met).await.expect("each learns of the other");
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
