//! What a store gives back: written by an earlier build, by a damaged disk, or by somebody else.

use super::{Target, join, parts, texts};
use aggregate::{STORE_PREFIX, Scheme, Tally, differencing::Past, message::Pull};
use codec::{Instant, decode};
use net::{Limits, Transport};
use node::{
    Command, HeavyConfig, HeavyInput, HeavyNode, HeavyOutput, LightConfig, LightInput, LightNode, LightOutput,
};
use schema::Schema;
use std::collections::BTreeMap;
use store::{Entry, StoreError};
use vault::Dataset;
use wire::{samples, stored};

/// Most outputs after one input: more is an endless loop.
pub(super) const OUTPUTS_MAX: usize = 10_000;

pub(super) fn light(entries: &[Entry]) -> Result<LightNode, StoreError> {
    let config = LightConfig {
        identity: samples::light(),
        agent: "fuzz".into(),
        transports: vec![Transport::Memory],
        seed: [3; 32],
    };
    LightNode::new(config, entries, samples::NOW)
}

pub(super) fn heavy(entries: &[Entry]) -> Result<HeavyNode, StoreError> {
    let (identity, seal) = samples::heavy(0);
    let config = HeavyConfig {
        identity,
        seal,
        agent: "fuzz".into(),
        transports: vec![Transport::Memory],
        limits: Limits::default(),
        kept_bytes_max: node::KEPT_BYTES_MAX,
        jobs: jobs::broker::Config::new("test-1"),
        seed: [3; 32],
    };
    HeavyNode::new(config, entries, samples::NOW)
}

/// Gives a light node a command, and stores what it wants stored.
pub(super) fn command(light: &mut LightNode, command: Command) {
    light.handle_input(samples::NOW, LightInput::Command { token: 1, command });
    let (mut outputs, mut replies) = (0, 0);
    while let Some(output) = light.poll_output() {
        outputs += 1;
        assert!(outputs < OUTPUTS_MAX, "an endless answer");
        match output {
            LightOutput::Store { ticket, batch } => {
                assert_eq!(batch.check(), Ok(()), "what is stored fits a store");
                light.handle_input(samples::NOW, LightInput::Stored { ticket, result: Ok(()) });
            }
            LightOutput::Reply { .. } => replies += 1,
            _ => {}
        }
    }
    assert_eq!(replies, 1, "a command is answered once");
}

/// Entries from parts: a key, then its value.
pub(super) fn entries(input: &[u8]) -> Vec<Entry> {
    let mut parts = parts(input).into_iter();
    let mut entries: Vec<Entry> = Vec::new();
    while let Some(key) = parts.next() {
        let value = parts.next().unwrap_or_default().to_vec();
        entries.push(Entry { key: key.to_vec(), value });
    }
    // As a store hands them out.
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    entries.dedup_by(|a, b| a.key == b.key);
    entries
}

/// Sampled records of these steps, the last of a key winning.
fn records(steps: &[&str]) -> Vec<u8> {
    records_of(stored(), steps)
}

/// Those of `sampled` that were written in these steps.
pub(super) fn records_of(sampled: Vec<wire::golden::Entry>, steps: &[&str]) -> Vec<u8> {
    let mut all: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for entry in sampled {
        let Some((step, key)) = entry.name.rsplit_once(", ") else { continue };
        if steps.contains(&step) {
            let digits = key.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap_or_default());
            let key: Vec<u8> = digits.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
            all.retain(|(known, _)| *known != key);
            all.push((key, entry.bytes));
        }
    }
    join(all.iter().flat_map(|(key, value)| [key.as_slice(), value.as_slice()]))
}

const STEPS: [&str; 6] = ["open", "reports", "closed", "committed", "signed", "done"];

/// The records of these of [`STEPS`] in a computation with `scheme`.
fn steps(scheme: Scheme, names: &[&str]) -> Vec<u8> {
    let names: Vec<String> = names.iter().map(|name| format!("heavy, {scheme}, {name}")).collect();
    records(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn computations() -> Vec<Vec<u8>> {
    let mut seeds = vec![records(&["heavy, refused"])];
    for scheme in Scheme::ALL {
        seeds.extend((1..=5).map(|most| steps(scheme, &STEPS[..most])));
        seeds.push(steps(scheme, &STEPS[5..]));
        seeds.push(steps(scheme, &["proposed"]));
        // An end whose reports are not all deleted, and one that is forgotten.
        seeds.push(steps(scheme, &["open", "reports", "done"]));
        seeds.push(steps(scheme, &["open", "reports", "forgotten"]));
        // Reports, a commitment or an end without a proposal.
        seeds.push(steps(scheme, &STEPS[1..2]));
    }
    // A segment whose number is far beyond how many there are.
    let segment = [b"t/".as_slice(), samples::id().digest(), &[1]].concat();
    let mut far = steps(Scheme::Additive64, &STEPS[..2]);
    let at = far.windows(segment.len()).position(|key| key == segment).expect("a segment's key");
    far[at + segment.len()..][..4].copy_from_slice(&[0xff, 0xff, 0xff, 0xf0]);
    seeds.push(far);
    seeds
}

pub(super) const TABLE_RECORD: Target = Target {
    name: "table-record",
    about: "a stored data set",
    run: |input| {
        if let Ok(table) = decode::<Dataset>(input) {
            texts::look_at_table(&table);
        }
    },
    seeds: || {
        let table = Dataset::from_csv("t", b"a,b\n1,2\n,x\n").expect("a table");
        let schema = Schema::from_json(r#"{"properties":{"a":{"type":"integer"}}}"#).expect("a schema");
        let nested = Dataset::from_json("n", br#"[{"a":[1,{"b":null}]},{"a":-1.50}]"#).expect("records");
        let checked = Dataset::from_file_with("c", br#"[{"a":"x"},{}]"#, &schema).expect("records");
        let typed = Dataset::from_file_with("y", b"a,b\n1,2\n,x\n", &schema).expect("a table");
        // No fields, and cells that make no whole row.
        vec![
            codec::encode(&nested),
            codec::encode(&checked),
            codec::encode(&typed),
            codec::encode(&table),
            [1, 0, 0, 0, b't', 0, 0, 0, 0, 1, 0, 0, 0, 0].into(),
            [0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0].into(),
        ]
    },
};

pub(super) const TALLY_RECORDS: Target = Target {
    name: "tally-records",
    about: "the stored records of computations, and what follows from them",
    run: run_tally_records,
    seeds: computations,
};

fn by_key(entries: &[Entry]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect()
}

fn run_tally_records(input: &[u8]) {
    let (identity, _) = samples::heavy(0);
    let mut entries = entries(input);
    let store = by_key(&entries);
    entries.retain(|entry| entry.key.starts_with(STORE_PREFIX));
    let Ok(mut tallies) = Tally::restore(&entries, &identity) else { return };
    for tally in &mut tallies {
        delete_leftovers(tally);
        let (deadline, end) = (tally.proposal().deadline, tally.proposal().end());
        for now in [samples::NOW, deadline, end] {
            let mut steps = 0;
            loop {
                while let Some(keys) = tally.load() {
                    tally.loaded(Some(keys.iter().map(|key| store.get(key).cloned()).collect()));
                }
                let step = tally.advance(now, &identity, &Past::new());
                // Checking is done in slices, and the next one is due at once.
                let is_due = tally.poll_timeout().is_some_and(|(due, _)| due == Instant::default());
                if let Some(step) = &step {
                    assert_eq!(step.batch.check(), Ok(()), "what is stored fits a store");
                    tally.persisted(step.stage);
                    delete_leftovers(tally);
                } else if !is_due {
                    break;
                }
                steps += 1;
                assert!(steps < 20, "an endless advance");
            }
            let ids = [0, 1, 2, 255].map(|of| Pull::Offer { of, from: 0 });
            let shares = Pull::Verifiers { from: 0 };
            for pull in ids.into_iter().chain([shares, Pull::Commit, Pull::Partial, Pull::Signature]) {
                let _ = tally.publish(pull, &identity);
            }
            let _ = (tally.wants(), tally.unaccepted(), tally.status(samples::light().id()));
            let _ = tally.poll_timeout();
        }
    }
}

fn delete_leftovers(tally: &mut Tally) {
    let Some(mut leftovers) = tally.take_leftovers() else { return };
    while let Some(piece) = leftovers.piece() {
        assert_eq!(piece.check(), Ok(()), "what is deleted are keys");
        leftovers.deleted();
    }
    assert_eq!(leftovers.bytes(), 0, "all is deleted");
}

pub(super) const LIGHT_RECORDS: Target = Target {
    name: "light-records",
    about: "a light node's store",
    run: |input| {
        let Ok(mut light) = light(&entries(input)) else { return };
        let _ = light.view();
        for _ in 0..20 {
            let Some((due, _)) = light.poll_timeout() else { break };
            light.handle_timeout(due);
            let mut outputs = 0;
            while let Some(output) = light.poll_output() {
                outputs += 1;
                assert!(outputs < OUTPUTS_MAX, "an endless answer");
                if let LightOutput::Store { ticket, batch } = output {
                    assert_eq!(batch.check(), Ok(()), "what is stored fits a store");
                    light.handle_input(due, LightInput::Stored { ticket, result: Ok(()) });
                }
            }
        }
        let _ = light.view();
    },
    seeds: || {
        let all = ["light, network", "light, rules", "light, data", "light, joined", "light, answered"];
        let mut seeds: Vec<Vec<u8>> = (1..=all.len()).map(|most| records(&all[..most])).collect();
        seeds.push(records(&["light, ended"]));
        seeds.push(join([b"d/".as_slice(), b"", b"c/", b"\0", b"settings", b"{}"]));
        seeds.push(join([b"stranger".as_slice(), b"1"]));
        seeds
    },
};

pub(super) const HEAVY_RECORDS: Target = Target {
    name: "heavy-records",
    about: "a heavy node's store",
    run: |input| {
        let entries = entries(input);
        let store = by_key(&entries);
        let Ok(mut heavy) = heavy(&entries) else { return };
        for _ in 0..20 {
            let Some((due, _)) = heavy.poll_timeout() else { break };
            heavy.handle_timeout(due);
            let mut outputs = 0;
            while let Some(output) = heavy.poll_output() {
                outputs += 1;
                assert!(outputs < OUTPUTS_MAX, "an endless answer");
                match output {
                    HeavyOutput::Store { ticket, batch } => {
                        assert_eq!(batch.check(), Ok(()), "what is stored fits a store");
                        heavy.handle_input(due, HeavyInput::Stored { ticket, result: Ok(()) });
                    }
                    HeavyOutput::Load { ticket, keys } => {
                        let result = Ok(keys.iter().map(|key| store.get(key).cloned()).collect());
                        heavy.handle_input(due, HeavyInput::Loaded { ticket, result });
                    }
                    _ => {}
                }
            }
        }
        let _ = (heavy.view(), heavy.fellows());
        for id in heavy.computations() {
            let _ = (heavy.computation(id), heavy.documents(id));
        }
    },
    seeds: || {
        let mut seeds = computations();
        seeds.push(records(&["heavy, fellow", "heavy, additive64, done"]));
        seeds
    },
};
