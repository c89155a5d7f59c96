//! What people and programs write as text.

use super::Target;
use aggregate::{
    Draft, HeavyKey, Outcome, Proposal, RefusalReason, Report, Scheme, evidence, outcome, proposal::mean_of,
};
use codec::{ContentId, Instant};
use jobs::{Capability, capability::OFFERS_MAX};
use keys::{Envelope, Identity, NodeId, SealPublic};
use net::Transport;
use node::{Command, Descriptor, Rule};
use query::fixed;
use std::{net::SocketAddr, str::FromStr};
use vault::Dataset;
use webrtc::{
    certhash::Fingerprint,
    sdp::{self, Ufrag},
};
use wire::samples;

pub(super) const ENVELOPE: Target = Target {
    name: "envelope",
    about: "DSSE envelopes in JSON",
    run: run_envelope,
    seeds: || {
        vec![
            samples::proposed(3).to_json(),
            samples::result().to_json(),
            samples::descriptor(0).to_json(),
            br#"{"payloadType":"a","payload":"_-8=","signatures":[]}"#.to_vec(),
            br#"{"payloadType":"","payload":"","signatures":[{"keyid":"12D3KooW","sig":""}]}"#.to_vec(),
            [b"[".repeat(2_000), b"]".repeat(2_000)].concat(),
        ]
    },
};

fn run_envelope(input: &[u8]) {
    let Ok(envelope) = Envelope::from_json(input) else { return };
    assert_eq!(
        Envelope::from_json(&envelope.to_json()).as_ref(),
        Ok(&envelope),
        "what is written reads back"
    );
    assert!(envelope.signatures.len() <= Envelope::SIGNATURES_MAX);
    let signers: Vec<NodeId> = envelope.signatures.iter().map(|signature| signature.keyid).collect();
    let _ = envelope.verify(&envelope.payload_type, &signers);
    let _ = Proposal::open_accepted(&envelope);
    let _ = Descriptor::open(&envelope);
    let _ = outcome::verify(&samples::proposed(0), &envelope);
    let _ = outcome::verify(&envelope, &samples::result());
}

pub(super) const PROPOSAL: Target = Target {
    name: "proposal",
    about: "a proposal's payload, signed by whom it names",
    run: run_proposal,
    seeds: || {
        let sample = samples::proposed(0).payload;
        let text = String::from_utf8(sample.clone()).expect("JSON");
        vec![
            sample,
            text.replace("\"decimals\":1", "\"decimals\":255").into_bytes(),
            text.replace("10000.5", "9223372036854775807").into_bytes(),
            text.replace("additive64", "rep64").into_bytes(),
            text.replace("additive64", "prio3").into_bytes(),
            text.replace("\"number\"", "\"string\"").into_bytes(),
            text.replace("{\"type\":\"object\"", "{\"type\":[\"object\",1e400]").into_bytes(),
            text.replace("\"records_max\":500", "\"records_max\":0").into_bytes(),
            text.replace("2026-11-20T12:01:00Z", "9999-12-31T23:59:59.999Z").into_bytes(),
        ]
    },
};

fn run_proposal(input: &[u8]) {
    let Ok(mut proposal) = serde_json::from_slice::<Proposal>(input) else { return };
    let signer = samples::proposer();
    proposal.proposer = signer.id();
    let envelope = proposal.sign(&signer);
    let checked = proposal.check();
    let opened = Proposal::open(&envelope);
    assert_eq!(opened.is_ok(), checked.is_ok(), "reading a document checks it");
    let Ok((id, opened)) = opened else { return };
    assert_eq!((id, &opened), (ContentId::of(&envelope.payload), &proposal));
    let _ = proposal.check_deadline(samples::NOW);
    let (plan, instance) = (proposal.plan().expect("checked"), proposal.instance().expect("checked"));
    let values = ["1", "-3.5", "79228162514264337593543950335", "-1000000000000", "0.05", "9007199254740993"];
    let fields: Vec<String> = plan.fields().into_iter().collect();
    let schema = schema::Schema::from_json(proposal.schema.as_str()).expect("checked");
    let records: Vec<schema::Value> = values
        .iter()
        .map(|value| {
            schema.coerce(&fields.iter().map(|field| (field.as_str(), Some(*value))).collect::<Vec<_>>())
        })
        .collect();
    if let Ok(measured) = plan.measure(&records, samples::NOW) {
        let light = samples::light().id();
        let report = Report::new(&opened, &instance, id, light, &measured.vector, &mut samples::rng());
        assert!(report.is_ok(), "what is measured fits the shape that all agreed on");
        let total = Outcome::new(id, &proposal, &plan, &samples::commitment(), &measured.vector);
        let payload = total.expect("as many totals as components").envelope().payload;
        assert!(serde_json::from_slice::<Outcome>(&payload).is_ok(), "the outcome reads back");
    }
}

pub(super) const DRAFT: Target = Target {
    name: "draft",
    about: "what a person fills in to propose",
    run: run_draft,
    seeds: || {
        let draft = Draft {
            title: "Body mass".into(),
            purpose: "a study".into(),
            dataset: "penguins".into(),
            schema: None,
            query: mean_of("mass", "-0.5", "1e3", 2, 100),
            scheme: Some(Scheme::Rep64),
            participants_min: 3,
            participants_max: 100,
            deadline: samples::NOW,
        };
        let least = br#"{"title":"t","dataset":"d","query":{"kind":"sum","value":{"expr":"f","lower":"0","upper":"1"}},"deadline":"2026-11-20T12:00:00Z"}"#;
        let filtered = br#"{"title":"t","dataset":"d","schema":{"type":"object"},"query":{"kind":"group","by":"`a b`","categories":["x"],"where":"c == 'y' && d in [1]"},"scheme":"prio3","deadline":"2026-11-20T12:00:00Z"}"#;
        vec![serde_json::to_vec(&draft).expect("plain values"), least.to_vec(), filtered.to_vec()]
    },
};

fn run_draft(input: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<Draft>(input) else { return };
    let heavy: Vec<HeavyKey> = samples::proposal().heavy;
    if let Ok(proposal) = draft.propose(samples::proposer().id(), &heavy, &mut samples::rng()) {
        assert_eq!(proposal.check(), Ok(()), "a draft gives a proposal in order");
    }
}

pub(super) const OUTCOME: Target = Target {
    name: "outcome",
    about: "an end's payload, signed as it must be",
    run: run_outcome,
    seeds: || {
        let mut seeds = vec![[b"r", samples::result().payload.as_slice()].concat()];
        let refusals = samples::refusals().into_iter();
        seeds.extend(refusals.map(|(_, envelope)| [b"f", envelope.payload.as_slice()].concat()));
        seeds.push([b"e", samples::evidence().payload.as_slice()].concat());
        seeds
    },
};

fn run_outcome(input: &[u8]) {
    let Some((kind, payload)) = input.split_first() else { return };
    let kind = if kind & 1 == 0 { outcome::RESULT_TYPE } else { outcome::REFUSAL_TYPE };
    let mut envelope = Envelope::new(kind, payload.to_vec());
    let signers = if kind == outcome::RESULT_TYPE { 3 } else { 1 };
    (0..signers).for_each(|at| envelope.sign(&samples::heavy(at).0));
    let _ = outcome::verify(&samples::proposed(3), &envelope);
    let mut shown = Envelope::new(evidence::EVIDENCE_TYPE, payload.to_vec());
    shown.sign(&samples::heavy(0).0);
    assert!(evidence::verify(&samples::proposed(3), &shown).is_err(), "nobody lied");
    if let Ok(reason) = serde_json::from_slice::<RefusalReason>(payload) {
        assert!(!reason.to_string().is_empty() && !reason.code().is_empty());
    }
}

pub(super) const DESCRIPTOR: Target = Target {
    name: "descriptor",
    about: "a descriptor's payload, signed by a heavy node",
    run: |input| {
        let mut envelope = Envelope::new(&samples::descriptor(0).payload_type, input.to_vec());
        envelope.sign(&samples::heavy(0).0);
        if let Ok(descriptor) = Descriptor::open(&envelope) {
            assert_eq!(descriptor.id, samples::heavy(0).0.id(), "signed by whom it names");
            let _ = descriptor.addresses.iter().filter_map(|address| Transport::of(address)).count();
        }
    },
    seeds: || vec![samples::descriptor(0).payload, br#"{"version":1}"#.to_vec()],
};

pub(super) const CAPABILITY: Target = Target {
    name: "capability",
    about: "a capability advert's payload, signed by a heavy node",
    run: |input| {
        let sampled = wire::capability::document();
        let mut envelope = Envelope::new(&sampled.payload_type, input.to_vec());
        envelope.sign(&samples::heavy(0).0);
        if let Ok(advert) = Capability::open_at(&envelope, samples::NOW) {
            assert!(advert.classes().count() > 0 && advert.offers.len() <= OFFERS_MAX);
            assert_eq!(advert.node, samples::heavy(0).0.id(), "signed by whom it names");
        }
    },
    seeds: || vec![wire::capability::document().payload, br#"{"version":1}"#.to_vec()],
};

/// What reads, reads back from what it writes.
fn text<T: FromStr + ToString>(input: &str) {
    if let Ok(value) = input.parse::<T>() {
        let written = value.to_string();
        let again = written.parse::<T>().unwrap_or_else(|_| panic!("`{written}` does not read back"));
        assert_eq!(again.to_string(), written, "one text for a value");
    }
}

pub(super) const IDS: Target = Target {
    name: "ids",
    about: "content ids, node ids, sealing keys, moments, addresses",
    run: |input| {
        let _ = NodeId::from_peer_id_bytes(input);
        let Ok(input) = str::from_utf8(input) else { return };
        text::<ContentId>(input);
        text::<NodeId>(input);
        text::<SealPublic>(input);
        text::<Instant>(input);
        let _ = Transport::of(input);
        if let Ok(id) = input.parse::<NodeId>() {
            assert_eq!(NodeId::from_peer_id_bytes(&id.to_peer_id_bytes()), Ok(id));
            assert_eq!(id.short().len(), 6);
        }
        if let Ok(id) = input.parse::<ContentId>() {
            assert_eq!(id.short().len(), 8);
        }
    },
    seeds: || {
        let texts = [
            samples::id().to_string(),
            samples::light().id().to_string(),
            samples::heavy(0).1.public().to_string(),
            samples::NOW.plus_ms(1).to_string(),
            "2016-12-31T23:59:60+23:59".into(),
            "0000-01-01T00:00:00Z".into(),
            "1969-12-31T23:59:59.999999999Z".into(),
            "/ip6/::1/udp/4801/webrtc-direct/certhash/uEiA/p2p/12D3KooW".into(),
            "/dns4/relay.example/tcp/443/wss/p2p-circuit".into(),
        ];
        let mut seeds: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
        seeds.push(samples::light().id().to_peer_id_bytes().to_vec());
        seeds
    },
};

pub(super) const NUMBER: Target = Target {
    name: "number",
    about: "decimal numbers",
    run: |input| {
        let Some((decimals, rest)) = input.split_first() else { return };
        let decimals = decimals % (fixed::DECIMALS_MAX + 1);
        let Ok(text) = str::from_utf8(rest) else { return };
        if let Ok(units) = fixed::parse(text, decimals) {
            let written = fixed::format(i128::from(units), decimals);
            assert_eq!(fixed::parse(&written, decimals), Ok(units), "{written}");
            for count in [1, 2, 3, 7, u64::MAX] {
                let mean = fixed::mean(i128::from(units), count, decimals, 6);
                assert!(mean.is_some_and(|mean| fixed::parse(&mean, 0).is_ok()));
            }
        }
    },
    seeds: || {
        let texts = [
            "\0",
            "\x02-12.345",
            "\x09.5",
            "\x015.",
            "\x003e4",
            "\x091e-400",
            "\x009223372036854775807",
            "\x00-9223372036854775808",
            "\x01+0.05",
            "\x01 1_000 ",
            "\x002147483648e-2147483648",
            "\x000e99999999999",
        ];
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    },
};

pub(super) const TABLE: Target = Target {
    name: "table",
    about: "CSV and JSON files that people import",
    run: run_table,
    seeds: || {
        let files: [&[u8]; 14] = [
            b"a,b\n1,2\n,3\n",
            b"\xef\xbb\xbfa;b\r\n\"x\"\"y\",\"z\n\"\r\n",
            b"[{\"a\":1,\"b\":null},{\"b\":\"NA\"}]",
            b"{\"a\":1.50}\n{\"a\":-2e3}\n",
            b"a\n",
            b"a,a\n1,2",
            b"a,b\n1\n",
            b"a\n1,2\n",
            b"[{\"a\":{}}]",
            b"[{\"a\":[1,{\"b\":1e28}]},\n{\"a\":\"2024-02-29\",\"c\":null}]",
            b"{\"a\":[[]]}\n{\"a\":1e29}\n7",
            b"{\"a\":\"\\ud800\"}",
            b"\"unclosed\n1\n",
            b"a\xff\n1\n",
        ];
        let mut seeds: Vec<Vec<u8>> = files.iter().map(|file| file.to_vec()).collect();
        seeds.push([b",".repeat(400), b"\n".to_vec()].concat());
        seeds
    },
};

fn run_table(input: &[u8]) {
    let read =
        [Dataset::from_file("t", input), Dataset::from_csv("t", input), Dataset::from_json("t", input)];
    for table in read {
        match table {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(table) => check_table(&table),
        }
    }
}

/// A table in order shows itself and keeps.
pub(super) fn check_table(table: &Dataset) {
    assert!(table.rows() > 0 && table.fields().len() <= vault::FIELDS_MAX);
    look_at_table(table);
    assert_eq!(table.describe().len(), table.fields().len());
    let kept = codec::decode::<Dataset>(&codec::encode(table));
    assert_eq!(kept.as_ref(), Ok(table), "what is stored reads back");
}

/// Everything that a table is asked.
pub(super) fn look_at_table(table: &Dataset) {
    let _ = table.describe();
    let _ = table.row(table.rows());
    assert_eq!((0..table.rows()).filter_map(|at| table.row(at)).count(), table.rows());
    for field in table.fields() {
        if let Some(column) = table.column(field) {
            let _ = column.count();
        }
    }
    let rows: usize = table.split(3).iter().map(Dataset::rows).sum();
    assert_eq!(rows, table.rows(), "no row is lost");
    assert_eq!(table.records().len() + table.violations().count(), table.rows(), "no record is lost");
    if let Some(record) = table.record(0) {
        let mut edited = table.clone();
        // A stored table may have names that no import gives.
        if let Ok(violations) = edited.replace(0, record.into_owned()) {
            assert!(table.given_schema().is_some() || violations.is_empty());
        }
        assert!(edited.remove(0).is_ok() && edited.rows() + 1 == table.rows());
    }
}

pub(super) const SDP: Target = Target {
    name: "sdp",
    about: "session descriptions, user fragments, certificate hashes",
    run: run_sdp,
    seeds: || {
        let fingerprint = Fingerprint([0xab; 32]);
        let ufrag = Ufrag::from_random([7; 24]);
        let listener: SocketAddr = "192.0.2.1:4801".parse().expect("an address");
        let answer = sdp::answer(listener, &fingerprint, &ufrag);
        vec![
            answer.clone().into_bytes(),
            answer.replace("\r\n", "\n").into_bytes(),
            b"v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:efgh\r\n".to_vec(),
            ufrag.as_str().as_bytes().to_vec(),
            format!("{0}:{0}", ufrag.as_str()).into_bytes(),
            fingerprint.to_certhash().into_bytes(),
            fingerprint.to_sdp().into_bytes(),
            fingerprint.to_multihash().to_vec(),
            b"a=fingerprint:sha-256 AB:CD".to_vec(),
        ]
    },
};

fn run_sdp(input: &[u8]) {
    if let Ok(fingerprint) = Fingerprint::from_multihash(input) {
        assert_eq!(fingerprint.to_multihash(), input, "one multihash for a fingerprint");
    }
    let Ok(text) = str::from_utf8(input) else { return };
    let _ = sdp::fingerprint(text);
    if let Ok(fingerprint) = Fingerprint::from_certhash(text) {
        assert_eq!(Fingerprint::from_certhash(&fingerprint.to_certhash()), Ok(fingerprint));
    }
    if let Ok(fingerprint) = Fingerprint::from_sdp(text) {
        assert_eq!(Fingerprint::from_sdp(&fingerprint.to_sdp()), Ok(fingerprint));
    }
    let fixed = Ufrag::from_random([1; 24]);
    if let Ok(offer) = sdp::munge_offer(text, &fixed) {
        assert!(offer.contains(fixed.as_str()), "the fragment is in the offer");
    }
    if let Ok(ufrag) = Ufrag::parse(text) {
        assert_eq!(ufrag.as_str(), text);
        assert_eq!(Ufrag::from_stun_username(&format!("{text}:{text}")), Ok(ufrag));
    }
    let _ = Ufrag::from_stun_username(text);
}

pub(super) const COMMAND: Target = Target {
    name: "command",
    about: "what a page or program tells its light node, as JSON",
    run: |input| {
        if let Ok(command) = serde_json::from_slice::<Command>(input) {
            let mut light = super::stores::light(&[]).expect("an empty store");
            super::stores::command(&mut light, command);
        }
    },
    seeds: || {
        let stranger = Identity::from_seed([77; 32]).id();
        let rule = Rule { proposer: Some(stranger), participants_min: Some(5), ..Rule::default() };
        let commands = [
            Command::Network { descriptors: (0..3).map(samples::descriptor).collect() },
            Command::Repin { descriptors: (0..3).map(samples::descriptor).collect() },
            Command::Join,
            Command::Leave,
            Command::Import { name: "t".into(), bytes: b"a\n1\n".to_vec() },
            Command::Remove { name: "t".into() },
            Command::Approve { id: samples::id() },
            Command::Decline { id: samples::id() },
            Command::AddRule { rule: rule.clone() },
            Command::RemoveRule { rule },
        ];
        commands.iter().map(|command| serde_json::to_vec(command).expect("plain values")).collect()
    },
};
