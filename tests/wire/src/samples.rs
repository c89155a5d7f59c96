//! Samples of every message variant and document, from fixed keys.

use crate::golden::Entry;
use aggregate::{
    Draft, HeavyKey, Outcome, Proposal, Refusal, RefusalReason, Report, ReportId, Scheme,
    evidence::{EVIDENCE_TYPE, Evidence},
    message::{
        Commitment, Mine, Offer, Pull, Pulled, ReportRefusal, Request, Response, Status, partial_bytes,
    },
    proposal::mean_of,
};
use codec::{ContentId, Instant, encode};
use keys::{Derived, Domain, Envelope, Identity, NodeId, SealKey};
use net::{Hello, LinkRequest, LinkResponse, Protocol, Role};
use node::Descriptor;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// When the samples were made.
pub const NOW: Instant = Instant::from_unix_ms(1_795_176_000_000);

/// A heavy node's keys: `at` from 0 to 2, in the ascending order of their ids.
pub fn heavy(at: usize) -> (Identity, SealKey) {
    let mut all: Vec<(Identity, SealKey)> =
        (1..=3).map(|seed| (Identity::from_seed([seed; 32]), SealKey::from_seed([seed + 100; 32]))).collect();
    all.sort_by_key(|(identity, _)| identity.id());
    all.swap_remove(at)
}

/// Whoever proposes.
pub fn proposer() -> Identity {
    Identity::from_seed([9; 32])
}

/// A light node.
pub fn light() -> Identity {
    Identity::from_seed([20; 32])
}

/// A generator that always gives the same.
pub fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([7; 32])
}

/// The sampled proposal.
pub fn proposal() -> Proposal {
    proposal_of(Scheme::Additive64)
}

/// The sampled proposal with this scheme.
pub fn proposal_of(scheme: Scheme) -> Proposal {
    let heavy: Vec<HeavyKey> = (0..3)
        .map(heavy)
        .map(|(identity, seal)| HeavyKey { id: identity.id(), seal: seal.public() })
        .collect();
    let draft = Draft {
        title: "Body mass".into(),
        purpose: "Wie schwer sind Pinguine? 🐧 \"g\"".into(),
        dataset: "penguins".into(),
        schema: None,
        query: mean_of("Body Mass (g)", "0", "10000.5", 1, 500),
        scheme: Some(scheme),
        participants_min: 3,
        participants_max: 1_000,
        deadline: NOW.plus_ms(60_000),
    };
    draft.propose(proposer().id(), &heavy, &mut rng()).expect("the draft is in order")
}

/// The proposal's document, with the acceptances of the first `accepted` heavy nodes.
pub fn proposed(accepted: usize) -> Envelope {
    let mut envelope = proposal().sign(&proposer());
    (0..accepted).for_each(|at| envelope.sign(&heavy(at).0));
    envelope
}

/// The proposal's id.
pub fn id() -> ContentId {
    ContentId::of(&proposed(0).payload)
}

/// A report of the light node.
pub fn report() -> Report {
    let proposal = proposal();
    let instance = proposal.instance().expect("the sample is in order");
    Report::new(&proposal, &instance, id(), light().id(), &[2, 37_505], &mut rng())
        .expect("the keys are in order")
}

/// What the heavy nodes commit to in the sampled result.
pub fn commitment() -> Commitment {
    Commitment { cohort: 0b111, set: ContentId::of(b"the set"), participants: 3, rejected: 1, sums: vec![] }
}

/// Evidence that a heavy node lied, as its accuser signs it.
pub fn evidence() -> Envelope {
    let (accused, accuser) = (heavy(1).0, heavy(0).0);
    let evidence = Evidence {
        version: 1,
        computation: id(),
        accused: accused.id(),
        accuser: accuser.id(),
        cohort: 0b111,
        set: commitment().set,
        participants: 3,
        rejected: 1,
        commitments: vec![7; 100],
        commit_signature: accused.sign(Domain::Commit, &commitment().bytes(id())).to_vec(),
        sum: vec![9; 68],
        sum_signature: accused
            .sign(Domain::Partial, &partial_bytes(id(), commitment().set, &[9; 68]))
            .to_vec(),
    };
    let mut envelope = Envelope::new(EVIDENCE_TYPE, serde_json::to_vec(&evidence).expect("plain values"));
    envelope.sign(&accuser);
    envelope
}

/// A result, signed by all three.
pub fn result() -> Envelope {
    let plan = proposal().plan().expect("the sample is in order");
    let outcome = Outcome::new(id(), &proposal(), &plan, &commitment(), &[6, 112_515]);
    let mut envelope = outcome.expect("as many totals as there are").envelope();
    (0..3).for_each(|at| envelope.sign(&heavy(at).0));
    envelope
}

/// One refusal for each reason.
pub fn refusals() -> Vec<(&'static str, Envelope)> {
    let (first, other) = (heavy(0).0, heavy(1).0.id());
    let reasons = [
        RefusalReason::NotAccepted { heavy: other, why: "`deadline`: too near".into() },
        RefusalReason::TooFew { participants: 2, participants_min: 3 },
        RefusalReason::Shrunk { participants: 3, held: 9 },
        RefusalReason::Differencing { computation: ContentId::of(b"an earlier one"), differs_by: 2 },
        RefusalReason::FewValues { values: 1, category: Some("Gentoo".into()) },
        RefusalReason::Impossible { why: "total 1 is larger than the participants can reach".into() },
        RefusalReason::HeavyMissing { heavy: vec![other], awaited: "its signature under the result".into() },
        RefusalReason::HeavyDisagrees { heavy: other, about: "the agreed set".into() },
        RefusalReason::HeavyRefused { heavy: other, reason: "too-few".into() },
        RefusalReason::Expired,
    ];
    reasons.into_iter().map(|reason| (reason.code(), Refusal::sign(id(), reason, &first))).collect()
}

/// A heavy node's descriptor.
pub fn descriptor(at: usize) -> Envelope {
    let (identity, seal) = heavy(at);
    let descriptor = Descriptor {
        version: 1,
        id: identity.id(),
        seal: seal.public(),
        addresses: vec![format!("/ip4/192.0.2.{at}/tcp/4804/ws"), format!("/memory/{at}")],
        issued: NOW,
    };
    descriptor.sign(&identity)
}

fn named<T: codec::Wire>(name: &str, value: &T) -> Entry {
    Entry::bytes(name, encode(value))
}

/// Every message on `/formix/link/1`.
pub fn link() -> Vec<Entry> {
    let hello = |role| Hello { role, agent: "formix/0.1.0".into() };
    vec![
        named("LinkRequest::Hello, heavy", &LinkRequest::Hello(hello(Role::Heavy))),
        named("LinkRequest::Hello, light", &LinkRequest::Hello(hello(Role::Light))),
        named("LinkRequest::Ping", &LinkRequest::Ping),
        named("LinkResponse::Hello", &LinkResponse::Hello(hello(Role::Heavy))),
        named("LinkResponse::Pong", &LinkResponse::Pong),
    ]
}

/// Every request on `/formix/aggregate/2`.
pub fn requests() -> Vec<Entry> {
    let (id, report) = (id(), report());
    let sealed = report.sealed[0].clone();
    let pull = |pull| Request::Pull { id, pull };
    let envelope = proposed(1).to_json();
    vec![
        named("Request::Open, from the start", &Request::Open { after: None }),
        named("Request::Open, after an id", &Request::Open { after: Some(id) }),
        named("Request::Proposal", &Request::Proposal { id }),
        named("Request::Report", &Request::Report { id, nonce: report.nonce, public: vec![1, 2], sealed }),
        named("Request::Status", &Request::Status { id }),
        named("Request::Propose", &Request::Propose { envelope: proposed(0).to_json() }),
        named("Request::Accept", &Request::Accept { envelope }),
        named("Request::Pull, Offer", &pull(Pull::Offer { of: 2, from: 32_768 })),
        named("Request::Pull, Verifiers", &pull(Pull::Verifiers { from: 1_024 })),
        named("Request::Pull, Commit", &pull(Pull::Commit)),
        named("Request::Pull, Partial", &pull(Pull::Partial)),
        named("Request::Pull, Signature", &pull(Pull::Signature)),
        named("Request::News", &Request::News { id }),
        named("Request::Nudge", &Request::Nudge { id }),
        named("Request::Withdraw", &Request::Withdraw { id }),
        named("Request::Cancel", &Request::Cancel { envelope: vec![1, 2] }),
        named("Request::Evidence", &Request::Evidence { id }),
    ]
}

/// Every response on `/formix/aggregate/2`.
pub fn responses() -> Vec<Entry> {
    let (id, set) = (id(), ContentId::of(b"the set"));
    let (identity, _) = heavy(0);
    let report = ReportId::of(id, light().id(), &report().nonce, b"");
    let mut entries = vec![
        named("Response::Done", &Response::Done),
        named("Response::Unknown", &Response::Unknown),
        named("Response::Open, none", &Response::Open { ids: vec![], more: false }),
        named("Response::Open, more to come", &Response::Open { ids: vec![id, set], more: true }),
        named("Response::Proposal", &Response::Proposal { envelope: proposed(3).to_json() }),
        named("Response::Acknowledged", &Response::Acknowledged),
    ];
    for refusal in ReportRefusal::ALL {
        entries.push(named(&format!("Response::Refused, {}", refusal.name()), &Response::Refused(refusal)));
    }
    let mine = [Mine::None, Mine::Held, Mine::Counted, Mine::NotHeldByAll, Mine::Rejected, Mine::Unused];
    for mine in mine {
        let status = Status { reports: 7, end: None, mine };
        entries.push(named(&format!("Response::Status, {mine:?}"), &Response::Status(status)));
    }
    let ended = Status { reports: 7, end: Some(result().to_json()), mine: Mine::Counted };
    let words = [
        ("NotYet", Pulled::NotYet),
        (
            "Offer",
            Pulled::Offer(Offer {
                of: 2,
                total: 3,
                from: 2,
                ids: vec![report],
                invalid: vec![0],
                seed: [7; 32],
                signature: identity.sign(Domain::Offer, b"sample"),
            }),
        ),
        ("Verifiers", Pulled::Verifiers { candidates: set, from: 1_024, shares: vec![vec![1, 2], vec![]] }),
        (
            "Commit",
            Pulled::Commit { commitment: commitment(), signature: identity.sign(Domain::Commit, b"sample") },
        ),
        ("Undecided", Pulled::Undecided),
        (
            "Partial",
            Pulled::Partial {
                set,
                sum: vec![u8::MAX, 6],
                signature: identity.sign(Domain::Partial, b"sample"),
            },
        ),
        ("Signature", Pulled::Signature { signature: [0xa5; 64] }),
        ("Refused", Pulled::Refused { envelope: refusals().swap_remove(1).1.to_json() }),
        ("Result", Pulled::Result { envelope: result().to_json() }),
    ];
    entries.extend([
        named("Response::Status, ended", &Response::Status(ended)),
        named("Response::Proposed", &Response::Proposed { id }),
        named("Response::Accepted", &Response::Accepted { signature: [0x5a; 64] }),
        named("Response::NotAccepted", &Response::NotAccepted { why: "`heavy`: …abc".into() }),
    ]);
    entries.extend(
        words
            .into_iter()
            .map(|(name, word)| named(&format!("Response::Pulled, {name}"), &Response::Pulled(word))),
    );
    entries.push(named("Response::Withdrawn", &Response::Withdrawn));
    entries.push(named("Response::Cancelled", &Response::Cancelled));
    let evidence = |envelope| Response::Evidence { envelope };
    entries.push(named("Response::Evidence, none", &evidence(None)));
    entries.push(named("Response::Evidence", &evidence(Some(vec![1, 2]))));
    entries
}

/// Every signed document as it leaves the network, and its payload for people.
pub fn documents() -> Vec<Entry> {
    let mut documents = vec![
        ("proposal", proposed(0)),
        ("proposal, accepted by all three", proposed(3)),
        ("result", result()),
        ("heavy node's descriptor", descriptor(0)),
        ("evidence", evidence()),
    ];
    documents.extend(refusals());
    let entries = documents.into_iter().flat_map(|(name, envelope)| {
        [
            Entry::text(format!("{name}: payload"), envelope.payload.clone()),
            Entry::text(format!("{name}: document"), envelope.to_json()),
        ]
    });
    entries.collect()
}

/// Names, limits and the texts of ids.
pub fn names() -> Vec<Entry> {
    let mut entries: Vec<Entry> = Protocol::ALL
        .iter()
        .map(|protocol| {
            Entry::text(format!("{protocol:?}"), format!("{} {}", protocol.name(), protocol.bytes_max()))
        })
        .collect();
    let ada: NodeId = heavy(0).0.id();
    let (_, seal) = heavy(0);
    entries.extend([
        Entry::text("node id", ada.to_string()),
        Entry::text("sealing key", seal.public().to_string()),
        Entry::text("content id", id().to_string()),
        Entry::text("moment", NOW.plus_ms(250).to_string()),
        Entry::text("frame of 3 bytes", format!("{:02x?}", codec::frame::write(b"abc"))),
        Entry::text(
            "frame of 300 bytes, its first 3",
            format!("{:02x?}", &codec::frame::write(&[0; 300])[..3]),
        ),
        Entry::text(
            "signature in the domain Commit",
            data_encoding::HEXLOWER.encode(&heavy(0).0.sign(Domain::Commit, b"sample")),
        ),
        Entry::text(
            "signature in the domain Partial",
            data_encoding::HEXLOWER.encode(&heavy(0).0.sign(Domain::Partial, b"sample")),
        ),
        Entry::text(
            "signature in the domain Offer",
            data_encoding::HEXLOWER.encode(&heavy(0).0.sign(Domain::Offer, b"sample")),
        ),
        Entry::text(
            "part in a verify key",
            data_encoding::HEXLOWER.encode(&heavy(0).0.derive(Derived::VerifySeed, id().digest())),
        ),
        Entry::text(
            "digest of a set",
            aggregate::message::set_digest(&[ReportId([1; 16]), ReportId([2; 16])]).to_string(),
        ),
        Entry::text(
            "id of a report",
            data_encoding::HEXLOWER.encode(&ReportId::of(id(), light().id(), &[3; 16], b"public").0),
        ),
    ]);
    entries
}
