//! What an end leaves in the store.

use super::super::{Leftovers, PIECE_BYTES, PIECE_ENTRIES, SHARES_PREFIX, record};
use super::*;
use store::Change;

/// A light node of many.
fn one(at: u32) -> NodeId {
    let mut key = [7; 32];
    key[..4].copy_from_slice(&at.to_be_bytes());
    NodeId::from_public_key(key)
}

/// A computation at one heavy node with `reports` in segments of `each`, of which the first `withdrawn` are taken back, and that has just ended
/// for want of fellows. Shares are a byte: only their keys matter here.
fn ended(reports: u32, each: usize, withdrawn: u32) -> Trio {
    let mut trio = Trio::open(&Draft { participants_max: reports.max(3), ..draft() });
    let mut entries = Batch::new();
    for (segment, at) in (0..).zip((0..reports).step_by(each)) {
        let lights = at..reports.min(at + each as u32);
        let reports = lights.map(|at| {
            let mut nonce = [0; 16];
            nonce[..4].copy_from_slice(&at.to_be_bytes());
            (one(at), crate::ReportId::of(trio.id, one(at), &nonce, b""))
        });
        let reports: Vec<_> = reports.collect();
        for at in 0..reports.len() as u32 {
            entries.put(record::share_key(trio.id, super::super::Place { segment, at }), [1]);
        }
        entries.put(record::segment_key(trio.id, segment), codec::encode(&record::Segment { reports }));
    }
    trio.stores[0].apply(&entries).unwrap();
    trio.restart(0);
    for at in 0..withdrawn {
        let mut batch = Batch::new();
        assert_eq!(trio.tallies[0].withdraw(trio.now, one(at), &mut batch), Ok(true));
        trio.stores[0].apply(&batch).unwrap();
    }
    trio.close();
    loop {
        let persist = trio.tallies[0].advance(trio.now, &trio.keys[0].0, &trio.past).unwrap();
        assert!(persist.batch.changes().len() < 10, "the end itself is small");
        trio.stores[0].apply(&persist.batch).unwrap();
        trio.tallies[0].persisted(persist.stage);
        if trio.tallies[0].end().is_some() {
            return trio;
        }
        trio.give_up();
    }
}

/// Keys of all that lies in the store of the first.
fn kept(trio: &Trio) -> Vec<Vec<u8>> {
    trio.stores[0].list(b"").into_iter().map(|entry| entry.key).collect()
}

/// What lies in the store once all is deleted: the proposal and the end.
fn rest(trio: &Trio) -> Vec<Vec<u8>> {
    [record::PROPOSAL, record::END].map(|kind| record::key(trio.id, kind)).into()
}

fn delete(trio: &Trio, leftovers: &mut Leftovers, pieces: usize) {
    for _ in 0..pieces {
        let Some(piece) = leftovers.piece() else { return };
        trio.stores[0].apply(&piece).unwrap();
        leftovers.deleted();
    }
}

#[test]
fn no_piece_deletes_more_than_it_may() {
    for (reports, each, withdrawn) in [(20_000, 9_000, 5_000), (9_000, 1, 4_500), (5, 5, 5), (1, 1, 0)] {
        let mut trio = ended(reports, each, withdrawn);
        let report = trio.tallies[0].report_bytes();
        let mut leftovers = trio.tallies[0].take_leftovers().unwrap();
        assert!(trio.tallies[0].take_leftovers().is_none(), "once");
        assert_eq!(trio.tallies[0].kept_bytes(), 0);
        let mut bytes = u64::from(reports - withdrawn) * report;
        assert_eq!(leftovers.bytes(), bytes);
        while let Some(piece) = leftovers.piece() {
            assert!(piece.changes().len() <= PIECE_ENTRIES);
            assert!(piece.changes().all(|change| matches!(change, Change::Delete(_))));
            let is_share =
                |change: &&Change| matches!(change, Change::Delete(key) if key.starts_with(SHARES_PREFIX));
            let freed = piece.changes().filter(is_share).count() as u64 * report;
            assert!(freed <= PIECE_BYTES);
            assert_eq!(leftovers.bytes(), bytes, "not before it is durable");
            trio.stores[0].apply(&piece).unwrap();
            assert_eq!(leftovers.deleted(), freed);
            bytes -= freed;
            assert_eq!(leftovers.bytes(), bytes);
        }
        assert_eq!((bytes, kept(&trio)), (0, rest(&trio)));
    }
}

#[test]
fn a_piece_of_large_shares_has_few_of_them() {
    let mut trio = ended(2_000, 600, 100);
    let mut leftovers = trio.tallies[0].take_leftovers().unwrap();
    leftovers.each = PIECE_BYTES / 10 - 1;
    let mut pieces = 0;
    while let Some(piece) = leftovers.piece() {
        trio.stores[0].apply(&piece).unwrap();
        assert!(leftovers.deleted() <= PIECE_BYTES);
        pieces += 1;
    }
    assert_eq!((pieces, kept(&trio)), (190, rest(&trio)));
}

#[test]
fn a_kill_between_two_pieces_leaves_an_end_that_is_deleted_on() {
    for cut in 0..6 {
        let mut trio = ended(13_000, 3_000, 2_000);
        let end = trio.tallies[0].end().unwrap().to_json();
        let fates = trio.tallies[0].status(one(12_999)).mine;
        let mut leftovers = trio.tallies[0].take_leftovers().unwrap();
        delete(&trio, &mut leftovers, cut);
        let shares = trio.stores[0].list(SHARES_PREFIX).len() as u64;
        trio.restart(0);
        let tally = &mut trio.tallies[0];
        assert!(tally.is_final() && tally.load().is_none() && tally.unaccepted().is_empty());
        assert_eq!((tally.end().unwrap().to_json(), tally.reports()), (end, 11_000), "cut {cut}");
        assert_eq!(tally.status(one(12_999)).mine, fates);
        assert_eq!((tally.kept_bytes(), tally.poll_timeout().is_some()), (0, false));
        assert!(tally.advance(trio.now, &trio.keys[0].0, &trio.past).is_none(), "it is not resumed");
        let each = tally.report_bytes();
        if let Some(mut leftovers) = trio.tallies[0].take_leftovers() {
            assert!(leftovers.bytes() >= shares * each, "all that is in the store counts");
            assert!(!leftovers.is_forgotten());
            delete(&trio, &mut leftovers, usize::MAX);
        }
        assert_eq!(kept(&trio), rest(&trio), "cut {cut}");
    }
}

#[test]
fn a_kill_between_two_pieces_does_not_bring_back_what_was_forgotten() {
    // Forgotten before the end's leftovers are gone, after so many pieces; and killed after so many more.
    for (before, cut) in [(0, 0), (0, 1), (0, 3), (1, 0), (2, 1), (9, 0)] {
        let mut trio = ended(13_000, 3_000, 2_000);
        let mut leftovers = trio.tallies[0].take_leftovers();
        delete(&trio, leftovers.as_mut().unwrap(), before);
        let leftovers = leftovers.filter(|leftovers| leftovers.bytes() > 0);
        let envelope = trio.tallies[0].envelope().clone();
        let spare = Tally::new(trio.id, trio.proposal.clone(), envelope, trio.keys[0].0.id()).unwrap();
        let tally = core::mem::replace(&mut trio.tallies[0], spare);
        let mut batch = Batch::new();
        let leftovers = tally.forget(leftovers, &mut batch);
        assert!(batch.changes().len() < 10);
        trio.stores[0].apply(&batch).unwrap();
        let Some(mut leftovers) = leftovers else {
            assert!(kept(&trio).is_empty());
            continue;
        };
        delete(&trio, &mut leftovers, cut);
        trio.restart(0);
        assert!(trio.tallies[0].end().is_none());
        let mut leftovers = trio.tallies[0].take_leftovers().unwrap();
        assert!(leftovers.is_forgotten());
        delete(&trio, &mut leftovers, usize::MAX);
        assert!(kept(&trio).is_empty(), "{before} pieces, then {cut}");
    }
}
