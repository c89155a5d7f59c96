//! Shares that lie in the store and are read back.

use super::super::SHARES_PREFIX;
use super::*;

/// Four reports of 2 each at all three, who have closed.
fn closed(scheme: Scheme) -> Trio {
    let mut trio = Trio::open(&draft_of(scheme));
    for seed in 1..=4 {
        trio.report(seed, 2, &[0, 1, 2]);
    }
    trio.close();
    trio
}

fn shares(trio: &Trio, role: usize) -> Vec<Vec<u8>> {
    trio.stores[role].list(SHARES_PREFIX).into_iter().map(|entry| entry.key).collect()
}

#[test]
fn a_share_is_in_the_store_until_the_end_and_no_longer_in_memory() {
    for scheme in Scheme::ALL {
        let mut trio = closed(scheme);
        assert_eq!(shares(&trio, 0).len(), 4);
        let memory = alloc::format!("{:?}", trio.tallies[0].shares);
        assert!(memory.contains("fresh: {}, here: []"), "{memory}");
        trio.settle();
        assert_eq!(trio.sum(0), ("8".into(), 4));
        assert_eq!(shares(&trio, 0).len(), 0);
    }
}

#[test]
fn a_share_that_is_taken_back_leaves_the_store_at_once() {
    let mut trio = Trio::open(&draft());
    trio.report(1, 2, &[0]);
    trio.report(2, 2, &[0]);
    let mut batch = Batch::new();
    assert_eq!(trio.tallies[0].withdraw(trio.now, light(1), &mut batch), Ok(true));
    trio.stores[0].apply(&batch).unwrap();
    assert_eq!(shares(&trio, 0).len(), 1);
    assert_eq!(trio.tallies[0].kept_bytes(), trio.tallies[0].report_bytes());
    trio.restart(0);
    assert_eq!(trio.tallies[0].reports(), 1);
}

#[test]
fn what_cannot_be_read_is_asked_for_again() {
    for scheme in Scheme::ALL {
        let mut trio = closed(scheme);
        // Up to where 0 first reads.
        let keys = loop {
            if let Some(keys) = trio.tallies[0].load() {
                break keys;
            }
            let persist = trio.tallies[0].advance(trio.now, &trio.keys[0].0, &trio.past);
            if let Some(persist) = persist {
                trio.stores[0].apply(&persist.batch).unwrap();
                trio.tallies[0].persisted(persist.stage);
            }
            for role in [1, 2] {
                trio.step(role);
            }
            for (by, of) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
                let heavy = trio.proposal.heavy[of].id;
                let wants = trio.tallies[by].wants().into_iter().find(|(peer, _)| *peer == heavy);
                if let Some((_, pull)) = wants {
                    let word = trio.tallies[of].publish(pull, &trio.keys[of].0);
                    trio.tallies[by].learn(heavy, word);
                }
            }
        };
        assert_eq!(keys.len(), 4);
        assert!(trio.tallies[0].advance(trio.now, &trio.keys[0].0, &trio.past).is_none());
        assert!(!trio.tallies[0].has_work(), "the store is awaited");
        assert_ne!(trio.tallies[0].poll_timeout().map(|(at, _)| at), Some(Instant::default()));
        trio.tallies[0].loaded(None);
        assert_eq!(trio.tallies[0].load(), Some(keys));
        trio.tallies[0].loaded(None);
        trio.settle();
        assert_eq!(trio.sum(0), ("8".into(), 4), "{scheme}");
    }
}

#[test]
fn a_share_that_the_store_lost_or_mixed_up_is_in_no_sum() {
    for scheme in Scheme::ALL {
        for is_lost in [true, false] {
            let mut trio = closed(scheme);
            let keys = shares(&trio, 0);
            let mut batch = Batch::new();
            if is_lost {
                batch.delete(keys[1].clone());
            } else {
                let other = trio.stores[0].read(&keys[..1]).remove(0).unwrap();
                batch.put(keys[1].clone(), other);
            }
            trio.stores[0].apply(&batch).unwrap();
            trio.settle();
            if scheme.names_liars() || scheme == Scheme::Prio3 {
                for role in 0..3 {
                    assert_eq!(trio.sum(role), ("6".into(), 3), "{scheme}");
                }
            } else {
                assert!(matches!(trio.reason(0), RefusalReason::Impossible { .. }), "{scheme}");
            }
        }
    }
}
