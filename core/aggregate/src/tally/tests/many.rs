//! More reports than one slice or one message holds.

use super::*;
use alloc::format;
use keys::seal;

/// As many as several slices have.
const MANY: u32 = 1_300;

fn light_at(at: u32) -> NodeId {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&at.to_be_bytes());
    NodeId::from_public_key(key)
}

fn many(scheme: Scheme, count: u32) -> Trio {
    let mut trio = Trio::open(&Draft { participants_max: 10_000, ..draft_of(scheme) });
    for at in 0..count {
        let report = trio.made(light_at(at), 3, (at % 251) as u8);
        trio.send(light_at(at), &report, &[0, 1, 2]);
    }
    trio
}

#[test]
fn many_reports_are_checked_in_slices() {
    for scheme in Scheme::ALL {
        let mut trio = many(scheme, MANY);
        trio.close();
        // No step does more than a slice.
        let mut steps = 0;
        let persist = trio.advance(0).unwrap();
        trio.tallies[0].persisted(persist.stage);
        while trio.tallies[0].has_work() {
            assert!(trio.advance(0).is_none());
            let due = trio.tallies[0].poll_timeout().map(|(at, _)| at);
            assert!(!trio.tallies[0].has_work() || due == Some(Instant::default()), "the next at once");
            steps += 1;
        }
        assert!(scheme != Scheme::Rep64 || steps > 2, "{steps} steps");
        trio.settle();
        for role in 0..3 {
            assert_eq!(trio.sum(role), (format!("{}", 3 * MANY), MANY), "{scheme}");
        }
    }
}

#[test]
fn one_that_restarts_late_gets_verifier_shares_that_the_others_have_long_used() {
    let mut trio = many(Scheme::Prio3, MANY);
    trio.close();
    // 0 hears no verifier share of 1 after the first few, while the others finish.
    trio.settle_where(
        &[0, 1, 2],
        |by, _, pull| by != 0 || !matches!(pull, Pull::Verifiers { from } if from > 0),
        |_, _| {},
    );
    assert_eq!(trio.tallies[0].stage(), Stage::Verifying);
    assert_eq!(trio.tallies[1].stage(), Stage::Committed);
    assert!(trio.tallies[0].progress().is_some_and(|(done, of)| done < of && of == MANY));
    trio.restart(0);
    trio.restart(1);
    trio.settle();
    for role in 0..3 {
        assert_eq!(trio.sum(role), (format!("{}", 3 * MANY), MANY));
    }
}

#[test]
fn reports_that_are_stored_together_come_back_together() {
    let mut trio = Trio::open(&draft_of(Scheme::Prio3));
    let mut lights = Vec::new();
    for at in 0..20 {
        let report = trio.made(light_at(at), 1, at as u8);
        let (nonce, public, sealed) = (&report.nonce, &report.public, &report.sealed[0]);
        let received = Received { light: light_at(at), nonce, public, sealed };
        assert_eq!(trio.tallies[0].report(trio.now, received, &trio.keys[0].1), Ok(true));
        lights.push(light_at(at));
    }
    let mut batch = Batch::new();
    assert!(trio.tallies[0].segment(&lights, &mut batch));
    trio.stores[0].apply(&batch).unwrap();
    trio.tallies[0].reports_persisted(&lights);
    trio.restart(0);
    assert_eq!(trio.tallies[0].reports(), 20);
    assert_eq!(trio.stores[0].list(super::super::SHARES_PREFIX).len(), 20);
    // A share sealed for nobody's role opens nowhere.
    let sealed = seal(&trio.keys[0].1.public(), b"other", b"", b"x", &mut rng(1)).unwrap();
    let received = Received { light: light(9), nonce: &[0; 16], public: &[], sealed: &sealed };
    let answer = trio.tallies[0].report(trio.now, received, &trio.keys[0].1);
    assert_eq!(answer, Err(ReportRefusal::Malformed));
}
