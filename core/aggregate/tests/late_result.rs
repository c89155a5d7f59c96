//! A result that one heavy node has must reach another although the third has stopped for good.

use aggregate::{
    Draft, HeavyKey, Persist, Proposal, Received, Report, Scheme, Stage, Tally, differencing::Past,
    message::Pull,
};
use codec::{ContentId, Instant};
use keys::{Identity, NodeId, SealKey};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use store::{Batch, MemoryStore};

const NOW: Instant = Instant::from_unix_ms(1_795_176_000_000);

struct Heavy {
    identity: Identity,
    seal: SealKey,
    store: MemoryStore,
}

fn trio() -> Vec<Heavy> {
    let mut trio: Vec<Heavy> = (1..=3)
        .map(|at| Heavy {
            identity: Identity::from_seed([at; 32]),
            seal: SealKey::from_seed([at + 10; 32]),
            store: MemoryStore::new(),
        })
        .collect();
    trio.sort_by_key(|heavy| heavy.identity.id());
    trio
}

fn persist(tally: &mut Tally, persist: Option<Persist>) -> bool {
    persist.inspect(|persist| tally.persisted(persist.stage)).is_some()
}

/// Exchanges words among `alive` until nothing changes, but leaves out those that `hears` denies.
fn settle(
    now: Instant,
    trio: &[Heavy],
    tallies: &mut [Tally],
    alive: &[usize],
    hears: impl Fn(usize, usize, Pull) -> bool,
) {
    for _ in 0..20 {
        for at in alive {
            while let Some(keys) = tallies[*at].load() {
                tallies[*at].loaded(Some(trio[*at].store.read(&keys)));
            }
            while let Some(step) = tallies[*at].advance(now, &trio[*at].identity, &Past::new()) {
                assert!(persist(&mut tallies[*at], Some(step)));
            }
            for (peer, pull) in tallies[*at].wants() {
                let from = trio.iter().position(|heavy| heavy.identity.id() == peer).unwrap();
                if alive.contains(&from) && hears(*at, from, pull) {
                    let word = tallies[from].publish(pull, &trio[from].identity);
                    tallies[*at].learn(peer, word);
                }
            }
        }
    }
}

#[test]
fn a_result_reaches_who_lacks_the_signature_of_a_dead_heavy_node() {
    let (trio, proposer) = (trio(), Identity::from_seed([9; 32]));
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let heavy: Vec<HeavyKey> =
        trio.iter().map(|heavy| HeavyKey { id: heavy.identity.id(), seal: heavy.seal.public() }).collect();
    let draft = Draft {
        title: "Title".into(),
        purpose: String::new(),
        dataset: "d".into(),
        schema: None,
        query: serde_json::from_str(
            r#"{"kind":"sum","value":{"expr":"f","lower":"0","upper":"9"},"records_max":1}"#,
        )
        .unwrap(),
        scheme: Some(Scheme::Additive64),
        participants_min: 3,
        participants_max: 10,
        deadline: NOW.plus_ms(10_000),
    };
    let proposal = draft.propose(proposer.id(), &heavy, &mut rng).unwrap();
    let envelope = proposal.sign(&proposer);
    let (id, proposal): (ContentId, Proposal) = Proposal::open(&envelope).unwrap();
    let mut tallies = Vec::new();
    for heavy in &trio {
        let (mut tally, step) =
            Tally::accept(id, proposal.clone(), envelope.clone(), &heavy.identity).unwrap();
        persist(&mut tally, Some(step));
        tallies.push(tally);
    }
    for at in 0..3 {
        for other in tallies[at].unaccepted() {
            let signature = tallies[proposal.role(other).unwrap()].acceptance().unwrap();
            tallies[at].accepted_by(other, signature);
        }
    }
    settle(NOW, &trio, &mut tallies, &[0, 1, 2], |_, _, _| true);
    let instance = proposal.instance().unwrap();
    for light in 1..=3 {
        let light = NodeId::from_public_key([light; 32]);
        let report = Report::new(&proposal, &instance, id, light, &[1, 2], &mut rng).unwrap();
        for (at, tally) in tallies.iter_mut().enumerate() {
            let (nonce, public, sealed) = (&report.nonce, &report.public, &report.sealed[at]);
            let received = Received { light, nonce, public, sealed };
            assert_eq!(tally.report(NOW, received, &trio[at].seal), Ok(true));
            let mut batch = Batch::new();
            assert!(tally.segment(&[light], &mut batch));
            trio[at].store.apply(&batch).unwrap();
            tally.reports_persisted(&[light]);
        }
    }

    // Node 0 hears both signatures, node 1 that of node 0, and node 2 stops for good.
    let but_from_2 =
        |at: usize, from: usize, pull: Pull| pull != Pull::Signature || at == 0 || (at == 1 && from == 0);
    settle(proposal.deadline, &trio, &mut tallies, &[0, 1, 2], |_, _, pull| pull != Pull::Signature);
    assert!(tallies.iter().all(|tally| tally.stage() == Stage::Signed));
    let word = tallies[0].publish(Pull::Signature, &trio[0].identity);
    tallies[1].learn(trio[0].identity.id(), word);
    settle(proposal.deadline, &trio, &mut tallies, &[0, 1, 2], but_from_2);
    assert_eq!(tallies[0].stage(), Stage::Done);
    settle(proposal.end(), &trio, &mut tallies, &[0, 1], |_, _, _| true);
    assert_eq!(tallies[1].end(), tallies[0].end(), "through node 0 alone");
    assert!(tallies[1].is_final());
}
