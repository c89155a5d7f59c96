use super::*;
use libp2p::kad::{ProgressStep, QueryStats};
use std::num::NonZeroUsize;

async fn finder() -> (Finder, QueryId) {
    let mut finder = Finder::new([Class::Broker].into()).await.unwrap();
    let walk = finder.swarm.behaviour_mut().kad.get_providers(provide::record_key(Class::Broker));
    finder.walks.insert(walk);
    (finder, walk)
}

/// A peer on the way names so many providers that nobody knows.
fn answers(finder: &mut Finder, walk: QueryId, count: usize) {
    let providers = (0..count).map(|_| PeerId::random()).collect();
    let found = GetProvidersOk::FoundProviders { key: provide::record_key(Class::Broker), providers };
    let event = kad::Event::OutboundQueryProgressed {
        id: walk,
        result: QueryResult::GetProviders(Ok(found)),
        stats: QueryStats::empty(),
        step: ProgressStep { count: NonZeroUsize::MIN, last: false },
    };
    finder.handle(SwarmEvent::Behaviour(BehaviourEvent::Kad(event)));
}

fn asked(finder: &Finder) -> usize {
    finder.providers.values().filter(|provider| matches!(provider, Provider::Asked)).count()
}

/// The table names a provider that is connected from there.
fn named_at(finder: &mut Finder, address: &str) -> PeerId {
    let peer = PeerId::random();
    finder.reached.insert(peer, address.parse().unwrap());
    finder.named(peer);
    peer
}

#[tokio::test]
async fn one_peer_on_the_way_does_not_fill_what_is_looked_at() {
    let (mut finder, walk) = finder().await;
    answers(&mut finder, walk, 600);
    assert_eq!(finder.providers.len(), EACH_ANSWER_MAX);
    // Nobody is at these, so they take nobody's place.
    (0..4).for_each(|_| answers(&mut finder, walk, EACH_ANSWER_MAX));
    assert_eq!(finder.providers.len(), 5 * EACH_ANSWER_MAX);
    let honest = named_at(&mut finder, "/ip4/198.51.100.1/tcp/1");
    assert!(matches!(finder.providers.get(&honest), Some(Provider::Asked)));
    (0..40).for_each(|_| answers(&mut finder, walk, 600));
    assert_eq!(finder.providers.len(), NAMED_MAX, "there is an end to it all the same");
}

#[tokio::test]
async fn identities_at_one_address_are_few_and_at_many_no_more_than_are_asked() {
    let (mut finder, _) = finder().await;
    for port in 0..3 * EACH_IP_MAX {
        named_at(&mut finder, &format!("/ip4/198.51.100.1/tcp/{port}"));
    }
    assert_eq!(asked(&finder), EACH_IP_MAX);
    for host in 0..2 * FOUND_MAX {
        named_at(&mut finder, &format!("/ip4/203.0.113.{host}/tcp/1"));
    }
    assert_eq!(asked(&finder), FOUND_MAX);
}

#[tokio::test]
async fn a_search_is_as_near_as_where_it_begins() {
    for (bootstrap, expected) in [
        ("/ip4/127.0.0.1/tcp/1", Near::Machine),
        ("/ip4/192.168.0.1/udp/1/quic-v1", Near::Network),
        ("/ip6/2606:4700::1/tcp/1", Near::Internet),
        ("/dns4/localhost/tcp/1", Near::Machine),
        ("http://localhost:4800", Near::Machine),
        ("http://[fd00::1]:4800", Near::Network),
        ("https://198.51.100.1", Near::Internet),
    ] {
        assert_eq!(near(bootstrap).await, expected, "{bootstrap}");
    }
}
