//! The golden files against what is encoded now, and what is read now against the golden files.

use aggregate::{
    Proposal, SHARES_PREFIX, STORE_PREFIX, Stage, Tally, Verified,
    message::{Request, Response},
    outcome,
};
use codec::{Wire, decode, encode};
use data_encoding::HEXLOWER;
use keys::Envelope;
use net::{LinkRequest, LinkResponse, Transport};
use node::{Descriptor, HeavyConfig, HeavyNode, LightConfig, LightNode, TaskState, light::End};
use store::Entry as Record;
use wire::{
    answers::answers,
    conformance::conformance,
    golden::{Entry, check, differences, read},
    samples, stored,
};

#[test]
fn link_messages_are_frozen() {
    check("link.txt", "Messages on /formix/link/1: borsh, in hexadecimal digits.", &samples::link());
}

#[test]
fn aggregate_requests_are_frozen() {
    check(
        "requests.txt",
        "Requests on /formix/aggregate/2: borsh, in hexadecimal digits.",
        &samples::requests(),
    );
}

#[test]
fn aggregate_responses_are_frozen() {
    check(
        "responses.txt",
        "Responses on /formix/aggregate/2: borsh, in hexadecimal digits.",
        &samples::responses(),
    );
}

#[test]
fn documents_are_frozen() {
    check(
        "documents.txt",
        "Signed documents: payloads, and the DSSE envelopes around them.",
        &samples::documents(),
    );
}

#[test]
fn answers_are_frozen() {
    check(
        "answers.txt",
        "What totals say: query, totals, answer, layout, and a quantile's next round.",
        &answers(),
    );
}

#[test]
fn names_are_frozen() {
    check("names.txt", "Names, limits, and the texts of ids.", &samples::names());
}

#[test]
fn stored_records_are_frozen() {
    check("stored.txt", "Stored records: when written, key, and value in hexadecimal digits.", &stored());
}

#[test]
fn generated_values_are_frozen() {
    check("conformance.txt", "One hash per type over generated values.", &conformance());
}

fn decodes<T: Wire>(file: &str, prefix: &str) {
    for entry in read(file, false).into_iter().filter(|entry| entry.name.starts_with(prefix)) {
        let value: T = decode(&entry.bytes).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        assert_eq!(encode(&value), entry.bytes, "{}", entry.name);
    }
}

#[test]
fn golden_messages_are_read() {
    decodes::<LinkRequest>("link.txt", "LinkRequest");
    decodes::<LinkResponse>("link.txt", "LinkResponse");
    decodes::<Request>("requests.txt", "Request");
    decodes::<Response>("responses.txt", "Response");
}

/// The first bytes of golden entries whose names begin with `prefix`: the variants' tags.
fn tags(file: &str, prefix: &str, at: usize) -> Vec<u8> {
    let entries = read(file, false).into_iter().filter(|entry| entry.name.starts_with(prefix));
    let mut tags: Vec<u8> = entries.map(|entry| entry.bytes[at]).collect();
    tags.dedup();
    tags
}

/// Whether any value of `T` begins with `head`: every field of every message can be all zeros.
fn exists<T: Wire>(head: &[u8]) -> bool {
    (0..400).any(|zeros| decode::<T>(&[head, &vec![0; zeros]].concat()).is_ok())
}

#[test]
fn no_variant_lacks_a_golden_entry() {
    fn whole<T: Wire>(file: &str, prefix: &str, head: &[u8]) {
        let tags = tags(file, prefix, head.len());
        let next = tags.len() as u8;
        assert_eq!(tags, (0..next).collect::<Vec<_>>(), "{prefix}: a variant's tag, each once, in order");
        assert!(exists::<T>(&[head, &[next - 1]].concat()), "{prefix}: the last tag is a variant's");
        assert!(!exists::<T>(&[head, &[next]].concat()), "{prefix}: add the new variant to the samples");
    }
    whole::<LinkRequest>("link.txt", "LinkRequest", &[]);
    whole::<LinkResponse>("link.txt", "LinkResponse", &[]);
    whole::<Request>("requests.txt", "Request", &[]);
    whole::<Response>("responses.txt", "Response", &[]);
    let refused = encode(&Response::Refused(aggregate::message::ReportRefusal::Unknown))[0];
    whole::<Response>("responses.txt", "Response::Refused", &[refused]);
    let pulled = encode(&Response::Pulled(aggregate::message::Pulled::NotYet))[0];
    whole::<Response>("responses.txt", "Response::Pulled", &[pulled]);
}

#[test]
fn golden_documents_verify() {
    let entries = read("documents.txt", true);
    let open = |name: &str| {
        let entry = entries.iter().find(|entry| entry.name == format!("{name}: document")).expect(name);
        Envelope::from_json(&entry.bytes).expect(name)
    };
    let proposal = open("proposal, accepted by all three");
    Proposal::open_accepted(&proposal).expect("accepted by all three");
    Proposal::open(&open("proposal")).expect("signed by its proposer");
    Descriptor::open(&open("heavy node's descriptor")).expect("signed by its node");
    let Ok(Verified::Result(total)) = outcome::verify(&proposal, &open("result")) else { panic!("a result") };
    let figures = ["sum", "mean"].map(|name| total.figure(name));
    assert_eq!(figures, [Some("11251.5".into()), Some("1875.2500000".into())]);
    for (code, _) in samples::refusals() {
        let Ok(Verified::Refusal(refusal)) = outcome::verify(&proposal, &open(code)) else {
            panic!("{code}")
        };
        assert_eq!(refusal.reason.code(), code);
    }
}

/// The golden records that a step, and those before it, have left.
fn records(steps: &[&str]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for Entry { name, bytes, .. } in read("stored.txt", false) {
        let (step, key) = name.rsplit_once(", ").expect("step and key");
        if steps.contains(&step) {
            let key = HEXLOWER.decode(key.as_bytes()).expect("hexadecimal digits");
            records.retain(|record| record.key != key);
            records.push(Record { key, value: bytes });
        }
    }
    records.sort_by(|a, b| a.key.cmp(&b.key));
    assert!(!records.is_empty(), "no record of {steps:?}");
    records
}

#[test]
fn golden_records_of_a_computation_are_read() {
    let (identity, _) = samples::heavy(0);
    let restore = |steps: &[&str]| {
        let (shares, records): (Vec<Record>, Vec<Record>) =
            records(steps).into_iter().partition(|record| record.key.starts_with(SHARES_PREFIX));
        assert!(records.iter().all(|record| record.key.starts_with(STORE_PREFIX)));
        assert_eq!(shares.len(), if steps.iter().any(|step| step.ends_with("reports")) { 3 } else { 0 });
        Tally::restore(&records, &identity).expect("records of an earlier build").remove(0)
    };
    for scheme in aggregate::Scheme::ALL {
        let step = |name: &str| format!("heavy, {scheme}, {name}");
        let all = ["open", "reports", "closed", "committed", "signed"].map(step);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let stages = [Stage::Open, Stage::Open, Stage::Closed, Stage::Committed, Stage::Signed];
        assert_eq!(restore(&[&step("proposed")]).stage(), Stage::Proposed);
        for (at, stage) in stages.into_iter().enumerate() {
            let tally = restore(&all[..=at]);
            assert_eq!((tally.stage(), tally.reports()), (stage, if at == 0 { 0 } else { 3 }));
        }
        if scheme == aggregate::Scheme::Prio3 {
            assert_eq!(restore(&[&all[..3], &[&step("verifying")]].concat()).stage(), Stage::Closed);
        }
        let done = restore(&[&step("done")]);
        let end = done.end().expect("an end");
        let Ok(Verified::Result(total)) = outcome::verify(done.envelope(), end) else { panic!("a result") };
        assert_eq!((total.participants, total.figure("sum").as_deref()), (3, Some("9.3")));
        for (last, is_forgotten) in [("done", false), ("forgotten", true)] {
            let mut tally = restore(&["open", "reports", last].map(step).each_ref().map(String::as_str));
            let leftovers = tally.take_leftovers().expect("shares are not deleted");
            assert_eq!(leftovers.is_forgotten(), is_forgotten);
            assert_eq!((leftovers.bytes(), tally.end().is_some()), (3 * tally.report_bytes(), !is_forgotten));
        }
    }
    let cancelled = restore(&["heavy, cancelled"]);
    assert!(cancelled.cancellation().is_some() && cancelled.end().is_some());
    let refused = restore(&["heavy, refused"]);
    assert!(matches!(outcome::verify(refused.envelope(), refused.end().unwrap()), Ok(Verified::Refusal(_))));
}

#[test]
fn golden_records_of_nodes_are_read() {
    let (identity, seal) = samples::heavy(0);
    let config = HeavyConfig {
        identity,
        seal,
        agent: String::new(),
        transports: vec![Transport::Memory],
        limits: net::Limits::default(),
        kept_bytes_max: node::KEPT_BYTES_MAX,
        jobs: jobs::broker::Config::new("test-1"),
        seed: [0; 32],
    };
    let steps = ["heavy, fellow", "heavy, additive64, done"];
    let heavy = HeavyNode::new(config, &records(&steps), samples::NOW).expect("records of an earlier build");
    assert_eq!((heavy.fellows().len(), heavy.computations().len()), (1, 1));

    let light = |steps: &[&str]| {
        let config = LightConfig {
            identity: samples::light(),
            agent: String::new(),
            transports: vec![Transport::Memory],
            seed: [0; 32],
        };
        LightNode::new(config, &records(steps), samples::NOW).expect("records of an earlier build").view()
    };
    let view = light(&["light, network", "light, rules", "light, data", "light, joined", "light, answered"]);
    assert!(view.joined);
    assert_eq!((view.heavy.len(), view.rules.len(), view.datasets[0].rows), (3, 1, 2));
    assert_eq!(view.tasks[0].state, TaskState::Answered);
    let view = light(&["light, answered", "light, ended"]);
    assert!(matches!(&view.tasks[0].end, Some(End::Result { .. })));
}

#[test]
fn a_difference_is_shown_entry_by_entry() {
    let golden = [Entry::bytes("a", [1, 2, 3]), Entry::bytes("b", [4])];
    let now = [Entry::bytes("a", [1, 9, 3]), Entry::bytes("c", [5])];
    assert_eq!(
        differences(&golden, &now),
        "! a differs from byte 1 on\n-    010203\n+    010903\n- b is gone\n+ c is new\n"
    );
    assert_eq!(differences(&golden, &golden), "");
}
