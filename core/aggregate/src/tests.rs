use crate::{
    Draft, HeavyKey, JsonObject, Proposal, ProposalError, Received, Report, ReportId, Scheme,
    differencing::{DIFFERENCE_MIN, Past, RETENTION_MS, Released},
    message::Commitment,
    outcome::{self, VerifyError},
    report,
};
use alloc::{collections::BTreeSet, format, string::ToString, vec::Vec};
use codec::{ContentId, Instant};
use keys::{Identity, NodeId, SealKey};
use query::Query;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub(crate) fn heavy() -> [(Identity, SealKey); 3] {
    let mut heavy = [1, 2, 3].map(|seed| (Identity::from_seed([seed; 32]), SealKey::from_seed([seed; 32])));
    heavy.sort_by_key(|(identity, _)| identity.id());
    heavy
}

pub(crate) fn now() -> Instant {
    Instant::from_unix_ms(1_800_000_000_000)
}

pub(crate) fn query(json: &str) -> Query {
    serde_json::from_str(json).unwrap()
}

/// The mean of `mass`: a measurement of two numbers, count and sum.
pub(crate) fn draft() -> Draft {
    Draft {
        title: "Body mass".into(),
        purpose: "A test".into(),
        dataset: "penguins".into(),
        schema: None,
        query: query(
            r#"{"kind":"mean","value":{"expr":"mass","lower":"0","upper":"10000"},"records_max":1}"#,
        ),
        scheme: Some(Scheme::Additive64),
        participants_min: 3,
        participants_max: 100,
        deadline: now().plus_ms(60_000),
    }
}

pub(crate) fn proposer() -> Identity {
    Identity::from_seed([9; 32])
}

pub(crate) fn propose(draft: &Draft) -> Result<Proposal, ProposalError> {
    let keys = heavy().map(|(identity, seal)| HeavyKey { id: identity.id(), seal: seal.public() });
    draft.propose(proposer().id(), &keys, &mut rng(0))
}

pub(crate) fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

#[test]
fn a_proposal_names_the_field_that_is_wrong() {
    let refused = |change: &dyn Fn(&mut Draft)| {
        let mut draft = draft();
        change(&mut draft);
        propose(&draft).unwrap_err().to_string()
    };
    let mean = |value: &str| query(&format!(r#"{{"kind":"mean","value":{value}}}"#));
    assert!(refused(&|d| d.title = " ".into()).starts_with("`title`"));
    let upside_down = r#"{"expr":"mass","lower":"5","upper":"-6"}"#;
    assert!(refused(&|d| d.query = mean(upside_down)).starts_with("`query.value."));
    let unknown = r#"{"expr":"mass +","lower":"0","upper":"1"}"#;
    assert!(refused(&|d| d.query = mean(unknown)).starts_with("`query.value.expr`"));
    assert!(refused(&|d| d.participants_min = 2).starts_with("`participants_min`: 2 is not within 3"));
    assert!(refused(&|d| d.participants_max = 2).starts_with("`participants_max`"));
    assert!(refused(&|d| d.title = "a\nb".into()).starts_with("`title`: has control characters"));
    let schema = JsonObject::parse(r#"{"type":"object","properties":{"mass":{"type":"nonsense"}}}"#).unwrap();
    assert!(refused(&|d| d.schema = Some(schema.clone())).starts_with("`schema`: "));
    let wide = r#"{"expr":"mass","lower":"0","upper":"9000000000000"}"#;
    let wraps = |d: &mut Draft| {
        (d.query, d.participants_max) = (mean(wide), 1_000_000);
        d.query.records_max = 100_000;
    };
    assert!(refused(&wraps).contains("wrap"), "{}", refused(&wraps));
    let edges: Vec<_> = (0..50).map(|edge| format!("\"{edge}\"")).collect();
    let cells = format!(
        r#"{{"kind":"histogram","value":{{"expr":"mass","lower":"0","upper":"50"}},"edges":[{}]}}"#,
        edges.join(",")
    );
    assert!(refused(&|d| d.query = query(&cells)).starts_with("`participants_min`: a histogram of 51 cells"));
    let proposal = propose(&draft()).unwrap();
    assert!(proposal.check_deadline(now()).is_ok());
    assert!(proposal.check_deadline(now().plus_ms(60_000)).is_err());
    assert!(proposal.check_deadline(Instant::default()).is_err());
}

#[test]
fn what_would_not_fit_a_message_or_a_heavy_node_is_refused_with_the_mend() {
    let values: Vec<_> =
        (0..16).map(|_| r#"{"expr":"mass","lower":"0","upper":"9000000000000"}"#.to_string()).collect();
    let vector = query(&format!(r#"{{"kind":"vector","values":[{}],"records_max":1}}"#, values.join(",")));
    let many = Draft {
        query: vector,
        scheme: Some(Scheme::Prio3),
        participants_min: 100,
        participants_max: 1_000_000,
        ..draft()
    };
    let error = propose(&many).unwrap_err();
    assert!(matches!(error, ProposalError::TooMany { .. }), "{error}");
    let ProposalError::TooMany { participants_max, .. } = error else { return };
    assert!(propose(&Draft { participants_max: participants_max as u32, ..many }).is_ok());
}

#[test]
fn a_proposal_is_read_only_as_its_proposer_signed_it() {
    for scheme in Scheme::ALL {
        let proposal = propose(&Draft { scheme: Some(scheme), ..draft() }).unwrap();
        let envelope = proposal.sign(&proposer());
        let (id, read) = Proposal::open(&envelope).unwrap();
        assert_eq!((id, &read), (ContentId::of(&envelope.payload), &proposal));
        let mut forged = envelope.clone();
        let at = forged.payload.windows(5).position(|w| w == b"10000").unwrap();
        forged.payload[at] = b'9';
        assert!(matches!(Proposal::open(&forged), Err(ProposalError::Envelope(_))));
        assert!(matches!(Proposal::open_accepted(&envelope), Err(ProposalError::Envelope(_))));
        let mut accepted = envelope;
        heavy().iter().for_each(|(identity, _)| accepted.sign(identity));
        assert!(Proposal::open_accepted(&accepted).is_ok());
    }
}

#[test]
fn a_schema_keeps_the_order_of_its_fields_through_every_format() {
    let text = r#"{"type":"object","properties":{"z":{"type":"number","minimum":-0.5},"a":{"enum":[null,true,"é\"",[1,[]]]}}}"#;
    let schema = JsonObject::parse(text).unwrap();
    assert_eq!(schema.as_str(), text);
    assert_eq!(serde_json::to_string(&schema).unwrap(), text);
    // Through a format that is buffered on the way, as a page's commands are.
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(tag = "do")]
    enum Command {
        Propose { draft: Draft },
    }
    let command = Command::Propose { draft: Draft { schema: Some(schema), ..draft() } };
    let json = serde_json::to_string(&command).unwrap();
    let Command::Propose { draft } = serde_json::from_str(&json).unwrap();
    assert_eq!(draft.schema.unwrap().as_str(), text);
    for wrong in ["[1]", "1", "null", "{\"a\":}", "\"{}\""] {
        assert!(JsonObject::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_schema_is_inferred_from_what_the_query_names() {
    let inferred = |json: &str| Draft { query: query(json), ..draft() }.inferred_schema();
    let number = r#"{"anyOf":[{"type":"number"},{"type":"null"}]}"#;
    let text = r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#;
    let json = r#"{"kind":"group","by":"species","categories":["a"],
        "value":{"expr":"`Body Mass (g)` / 1000.0","lower":"0","upper":"9"},
        "where":"sex == 'male' && age > 3 && 'Torgersen' == island && year in [2007, 2008] && size(name) > 1"}"#;
    let expected = format!(
        r#"{{"type":"object","properties":{{"Body Mass (g)":{number},"age":{number},"island":{text},"name":{number},"sex":{text},"species":{text},"year":{number}}}}}"#
    );
    assert_eq!(inferred(json).unwrap().as_str(), expected);
    let nested = r#"{"kind":"sum","value":{"expr":"home.rooms","lower":"0","upper":"9"}}"#;
    assert!(inferred(nested).unwrap_err().to_string().starts_with("`schema`: needed"));
}

#[test]
fn a_share_opens_for_its_heavy_node_its_sender_its_public_share_and_its_computation_only() {
    for scheme in Scheme::ALL {
        let proposal = propose(&Draft { scheme: Some(scheme), ..draft() }).unwrap();
        let instance = proposal.instance().unwrap();
        let (id, light) = (ContentId::of(b"c"), NodeId::from_public_key([4; 32]));
        let report = Report::new(&proposal, &instance, id, light, &[1, 7], &mut rng(1)).unwrap();
        let heavy = heavy();
        let received = |role: usize| Received {
            light,
            nonce: &report.nonce,
            public: &report.public,
            sealed: &report.sealed[role],
        };
        let open = |role: usize, id, received| {
            report::open(&heavy[role].1, role, &proposal, &instance, id, received)
        };
        for role in 0..3 {
            assert_eq!(open(role, id, received(role)).unwrap().len(), instance.input_len(role));
        }
        assert_eq!(open(0, id, received(1)), None);
        assert_eq!(open(0, ContentId::of(b"d"), received(0)), None);
        assert_eq!(open(0, id, Received { light: NodeId::from_public_key([5; 32]), ..received(0) }), None);
        assert_eq!(open(0, id, Received { nonce: &[0; 16], ..received(0) }), None);
        let other = [report.public.as_slice(), b"x"].concat();
        assert_eq!(open(0, id, Received { public: &other, ..received(0) }), None);
        if let Some(last) = other[..report.public.len()].last() {
            let mut changed = report.public.clone();
            *changed.last_mut().unwrap() = last ^ 1;
            assert_eq!(open(0, id, Received { public: &changed, ..received(0) }), None);
            assert_ne!(
                ReportId::of(id, light, &report.nonce, &changed),
                ReportId::of(id, light, &report.nonce, &report.public)
            );
        }
        assert_eq!(report::open(&heavy[0].1, 1, &proposal, &instance, id, received(0)), None);
        assert!(Report::new(&proposal, &instance, id, light, &[1, 7, 1], &mut rng(1)).is_err());
    }
}

#[test]
fn a_result_needs_the_signatures_that_its_scheme_asks_for_and_its_own_proposal() {
    for scheme in Scheme::ALL {
        let proposal = propose(&Draft { scheme: Some(scheme), ..draft() }).unwrap();
        let envelope = proposal.sign(&proposer());
        let id = ContentId::of(&envelope.payload);
        let commitment = Commitment {
            cohort: 0b111,
            set: ContentId::of(b""),
            participants: 3,
            rejected: 1,
            sums: Vec::new(),
        };
        let plan = proposal.plan().unwrap();
        let outcome = outcome::Outcome::new(id, &proposal, &plan, &commitment, &[3, 12]).unwrap();
        assert_eq!((outcome.totals.as_slice(), outcome.rejected), (&["3".into(), "12".into()][..], 1));
        let mut result = outcome.envelope();
        let heavy = heavy();
        result.sign(&heavy[0].0);
        assert!(matches!(outcome::verify(&envelope, &result), Err(VerifyError::Envelope(_))));
        result.sign(&heavy[1].0);
        assert_eq!(outcome::verify(&envelope, &result).is_ok(), scheme == Scheme::Rep64);
        result.sign(&heavy[2].0);
        assert_eq!(outcome::verify(&envelope, &result), Ok(outcome::Verified::Result(outcome)));
        let mut forged = result.clone();
        forged.signatures[2].sig = forged.signatures[1].sig.clone();
        assert!(matches!(outcome::verify(&envelope, &forged), Err(VerifyError::Envelope(_))), "{scheme}");
        let other = propose(&Draft { title: "Other".into(), scheme: Some(scheme), ..draft() }).unwrap();
        let other = other.sign(&proposer());
        assert_eq!(outcome::verify(&other, &result), Err(VerifyError::OtherComputation));
        // A stranger's refusal is none.
        let reason = outcome::RefusalReason::Expired;
        let refusal = outcome::Refusal::sign(id, reason.clone(), &proposer());
        assert_eq!(outcome::verify(&envelope, &refusal), Err(VerifyError::OtherComputation));
        let refusal = outcome::Refusal::sign(id, reason, &heavy[0].0);
        assert!(matches!(outcome::verify(&envelope, &refusal), Ok(outcome::Verified::Refusal(_))));
    }
}

#[test]
fn a_result_that_contradicts_its_proposal_or_itself_is_none_whoever_signed_it() {
    let proposal = propose(&Draft { participants_max: 9, ..draft() }).unwrap();
    let envelope = proposal.sign(&proposer());
    let id = ContentId::of(&envelope.payload);
    let plan = proposal.plan().unwrap();
    let of = |participants| {
        let set = ContentId::of(b"");
        let commitment = Commitment { cohort: 0b111, set, participants, rejected: 0, sums: Vec::new() };
        outcome::Outcome::new(id, &proposal, &plan, &commitment, &[3, 12]).unwrap()
    };
    let verified = |outcome: &outcome::Outcome| {
        let mut result = outcome.envelope();
        heavy().iter().for_each(|(identity, _)| result.sign(identity));
        outcome::verify(&envelope, &result)
    };
    assert_eq!(verified(&of(3)), Ok(outcome::Verified::Result(of(3))));
    let changes: [fn(&mut outcome::Outcome); 3] = [
        |outcome| outcome.totals[1] = "13".into(),
        |outcome| outcome.totals[1] = "012".into(),
        |outcome| outcome.totals.push("0".into()),
    ];
    let changed = changes.iter().map(|change| {
        let mut outcome = of(3);
        change(&mut outcome);
        outcome
    });
    for outcome in changed.chain([of(2), of(10)]) {
        let verified = verified(&outcome);
        assert!(matches!(verified, Err(VerifyError::Contradicts { .. })), "{outcome:?}: {verified:?}");
    }
}

#[test]
fn the_longest_documents_fit_an_envelope() {
    // As many cells as there may be, and totals of so many digits as there may be.
    let edges: Vec<_> = (0..1_500).map(|edge| format!("\"{edge}.000000001\"")).collect();
    let json = format!(
        r#"{{"kind":"histogram","value":{{"expr":"mass","lower":"0","upper":"9000000","decimals":9}},"edges":[{}],"records_max":1000000}}"#,
        edges.join(",")
    );
    let longest = Draft {
        query: query(&json),
        participants_min: 100_000,
        participants_max: 100_000,
        scheme: Some(Scheme::Rep64),
        ..draft()
    };
    let Ok(proposal) = propose(&longest) else { return };
    let (plan, instance) = (proposal.plan().unwrap(), proposal.instance().unwrap());
    let mut envelope = proposal.sign(&proposer());
    heavy().iter().for_each(|(identity, _)| envelope.sign(identity));
    assert!(Proposal::open_accepted(&keys::Envelope::from_json(&envelope.to_json()).unwrap()).is_ok());
    let totals: Vec<u64> = (0..instance.shape().length).map(|_| 999_999_999_999).collect();
    let commitment = Commitment {
        cohort: 0b111,
        set: ContentId::of(b""),
        participants: 100_000,
        rejected: 0,
        sums: Vec::new(),
    };
    let id = ContentId::of(&envelope.payload);
    let outcome = outcome::Outcome::new(id, &proposal, &plan, &commitment, &totals).unwrap();
    let mut result = outcome.envelope();
    heavy().iter().for_each(|(identity, _)| result.sign(identity));
    assert!(keys::Envelope::from_json(&result.to_json()).is_ok(), "{} bytes", result.to_json().len());
}

#[test]
fn groups_that_differ_by_few_people_are_found() {
    let light = |seed: u8| NodeId::from_public_key([seed; 32]);
    let group = |lights: core::ops::Range<u8>| lights.map(light).collect::<Vec<_>>();
    let fields = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let released = |name: &[u8], lights, at| Released {
        computation: ContentId::of(name),
        deadline: now().plus_ms(at),
        dataset: "penguins".into(),
        fields: fields(&["home.zip", "mass"]),
        lights,
    };
    let mut past = Past::new();
    past.remember(now(), released(b"a", group(10..20), 0));
    let this = ContentId::of(b"this");
    let conflict = |past: &Past, dataset: &str, names: &[&str], lights: core::ops::Range<u8>| {
        past.conflict(this, dataset, &fields(names), &group(lights)).map(|(_, by)| by)
    };
    assert_eq!(conflict(&past, "penguins", &["mass"], 10..20), None, "the same again");
    assert_eq!(conflict(&past, "penguins", &["mass"], 10..21), Some(1));
    assert_eq!(conflict(&past, "penguins", &["mass"], 12..20), Some(2));
    assert_eq!(conflict(&past, "penguins", &["mass"], 11..21), Some(2), "one less, one more");
    assert_eq!(conflict(&past, "penguins", &["mass"], 13..20), None);
    assert_eq!(conflict(&past, "penguins", &["mass"], 30..40), None);
    assert_eq!(conflict(&past, "whales", &["mass"], 10..21), None);
    assert_eq!(conflict(&past, "penguins", &["sex"], 10..21), None);
    assert_eq!(conflict(&past, "penguins", &["home"], 10..21), Some(1), "a part of it was asked");
    assert_eq!(conflict(&past, "penguins", &[], 10..21), Some(1), "whole records");
    assert_eq!(past.conflict(ContentId::of(b"a"), "penguins", &fields(&[]), &group(10..21)), None, "itself");
    assert_eq!(DIFFERENCE_MIN, 3);
    past.forget(ContentId::of(b"a"));
    assert_eq!(conflict(&past, "penguins", &["mass"], 10..21), None);
    // What is long past leaves.
    let later = |ms| now().plus_ms(ms);
    past.remember(later(0), released(b"a", group(10..20), 0));
    // One that closes long before its deadline makes nothing older.
    let ahead = later(1 + RETENTION_MS);
    assert_eq!(past.remember(later(1), released(b"b", group(40..50), 1 + RETENTION_MS)), []);
    assert_eq!(conflict(&past, "penguins", &["mass"], 10..21), Some(1));
    assert_eq!(past.remember(ahead, released(b"c", group(60..70), 1 + RETENTION_MS)), [ContentId::of(b"a")]);
    assert_eq!(conflict(&past, "penguins", &["mass"], 10..21), None);
    assert_eq!(conflict(&past, "penguins", &["mass"], 40..51), Some(1));
    // And is itself remembered from when it closed.
    let then = past.get(ContentId::of(b"b")).unwrap().clone();
    assert_eq!(then.deadline, later(1));
    let encoded = codec::encode(&then);
    assert_eq!(codec::decode::<Released>(&encoded), Ok(then));
}
