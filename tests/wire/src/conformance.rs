//! One hash per type over thousands of generated values, each of which must also read back.

use crate::{
    golden::Entry,
    samples::{descriptor, heavy, id, light, proposal, proposal_of, proposer, rng},
};
use aggregate::{
    Outcome, Proposal, Received, Refusal, RefusalReason, Report, ReportId, Scheme,
    message::{Commitment, Mine, Offer, Pull, Pulled, ReportRefusal, Request, Response, Status},
    proposal::mean_of,
};
use codec::{ContentId, Instant, Wire, decode, encode};
use data_encoding::HEXLOWER;
use keys::{Envelope, NodeId, SealKey};
use net::{Hello, LinkRequest, LinkResponse, Role};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use sha2::{Digest, Sha256};
use std::fmt::Debug;
use vault::Dataset;
use webrtc::{
    certhash::Fingerprint,
    frame::{self, Flag, Frame},
};

/// Values generated per type.
const VALUES: usize = 4_000;
/// The same, of documents that are signed.
const SIGNED: usize = 200;

struct Source(ChaCha20Rng);

impl Source {
    fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64() % limit
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    fn some_bytes(&mut self, most: u64) -> Vec<u8> {
        let mut bytes = vec![0; self.below(most + 1) as usize];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Small, large and border values alike.
    fn number(&mut self) -> u64 {
        match self.below(4) {
            0 => self.below(3),
            1 => u64::MAX - self.below(3),
            2 => 1 << self.below(64),
            _ => self.0.next_u64(),
        }
    }

    fn text(&mut self, most: u64) -> String {
        const LETTERS: [char; 12] = ['a', 'Z', '0', ' ', '"', '\\', ',', '/', 'é', '中', '🐧', '\u{301}'];
        (0..self.below(most + 1)).map(|_| LETTERS[self.below(12) as usize]).collect()
    }

    fn content(&mut self) -> ContentId {
        ContentId::from_digest(self.bytes())
    }

    fn contents(&mut self) -> Vec<ContentId> {
        (0..self.below(5)).map(|_| self.content()).collect()
    }

    fn report_ids(&mut self) -> Vec<ReportId> {
        (0..self.below(5)).map(|_| ReportId(self.bytes())).collect()
    }

    fn hello(&mut self) -> Hello {
        let role = if self.below(2) == 0 { Role::Heavy } else { Role::Light };
        Hello { role, agent: self.text(64) }
    }

    fn pull(&mut self) -> Pull {
        match self.below(5) {
            0 => Pull::Offer { of: self.below(3) as u8, from: self.number() as u32 },
            4 => Pull::Verifiers { from: self.number() as u32 },
            1 => Pull::Commit,
            2 => Pull::Partial,
            _ => Pull::Signature,
        }
    }

    fn request(&mut self) -> Request {
        let id = self.content();
        match self.below(10) {
            0 => Request::Open { after: (self.below(2) == 0).then_some(id) },
            1 => Request::Proposal { id },
            2 => Request::Report {
                id,
                nonce: self.bytes(),
                public: self.some_bytes(50),
                sealed: self.some_bytes(200),
            },
            3 => Request::Status { id },
            4 => Request::Propose { envelope: self.some_bytes(200) },
            5 => Request::Accept { envelope: self.some_bytes(200) },
            6 => Request::Pull { id, pull: self.pull() },
            7 => Request::News { id },
            8 => Request::Nudge { id },
            _ => Request::Withdraw { id },
        }
    }

    fn pulled(&mut self) -> Pulled {
        let (set, number) = (self.content(), self.number() as u32);
        match self.below(9) {
            0 => Pulled::NotYet,
            1 => Pulled::Offer(Offer {
                of: self.below(256) as u8,
                total: number,
                from: self.number() as u32,
                ids: self.report_ids(),
                invalid: (0..self.below(3)).map(|_| self.number() as u32).collect(),
                seed: self.bytes(),
                signature: self.bytes(),
            }),
            2 => Pulled::Commit { commitment: self.commitment(), signature: self.bytes() },
            3 => Pulled::Partial { set, sum: self.some_bytes(40), signature: self.bytes() },
            6 => Pulled::Undecided,
            7 => Pulled::Verifiers {
                candidates: set,
                from: number,
                shares: (0..self.below(4)).map(|_| self.some_bytes(20)).collect(),
            },
            4 => Pulled::Signature { signature: self.bytes() },
            5 => Pulled::Refused { envelope: self.some_bytes(100) },
            _ => Pulled::Result { envelope: self.some_bytes(100) },
        }
    }

    fn commitment(&mut self) -> Commitment {
        Commitment {
            cohort: self.below(256) as u8,
            set: self.content(),
            participants: self.number() as u32,
            rejected: self.number() as u32,
            sums: self.some_bytes(100),
        }
    }

    fn status(&mut self) -> Status {
        let mine = [Mine::None, Mine::Held, Mine::Counted, Mine::NotHeldByAll, Mine::Rejected, Mine::Unused];
        let end = (self.below(2) == 0).then(|| self.some_bytes(100));
        Status { reports: self.number() as u32, end, mine: mine[self.below(6) as usize] }
    }

    fn response(&mut self) -> Response {
        match self.below(12) {
            0 => Response::Done,
            1 => Response::Unknown,
            2 => Response::Open { ids: self.contents(), more: self.below(2) == 0 },
            3 => Response::Proposal { envelope: self.some_bytes(200) },
            4 => Response::Acknowledged,
            5 => Response::Refused(ReportRefusal::ALL[self.below(ReportRefusal::ALL.len() as u64) as usize]),
            6 => Response::Status(self.status()),
            7 => Response::Proposed { id: self.content() },
            8 => Response::Accepted { signature: self.bytes() },
            9 => Response::NotAccepted { why: self.text(60) },
            10 => Response::Pulled(self.pulled()),
            _ => Response::Withdrawn,
        }
    }

    fn dataset(&mut self) -> Dataset {
        let mut csv = String::from("id,value,note\n");
        for row in 0..=self.below(5) {
            let note = self.text(8).replace('"', "\"\"");
            csv += &format!("{row},{},\"{note}\"\n", self.number().cast_signed());
        }
        Dataset::from_csv("records", csv.as_bytes()).expect("a table in order")
    }

    fn proposal(&mut self) -> Proposal {
        let mut proposal = proposal();
        proposal.title = self.text(20) + "x";
        proposal.purpose = self.text(100);
        let (below, above) = (self.below(1_000_000), self.below(1_000_000) + 1);
        let decimals = self.below(3) as u8;
        proposal.query = mean_of("Body Mass (g)", &format!("-{below}"), &above.to_string(), decimals, 500);
        proposal.scheme = Scheme::ALL[self.below(3) as usize];
        proposal.deadline = Instant::from_unix_ms(self.number());
        proposal.nonce = HEXLOWER.encode(&self.bytes::<16>());
        proposal
    }
}

/// A hash over as many values as `count` says, each written by `next` and checked by it.
fn hashed(name: &str, count: usize, mut next: impl FnMut(&mut Source) -> Vec<u8>) -> Entry {
    let mut source = Source(rng());
    let mut hash = Sha256::new();
    for _ in 0..count {
        let bytes = next(&mut source);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Entry::text(name, format!("{count} values, sha256 {}", HEXLOWER.encode(&hash.finalize())))
}

fn wire<T: Wire + PartialEq + Debug>(name: &str, mut value: impl FnMut(&mut Source) -> T) -> Entry {
    hashed(name, VALUES, |source| {
        let value = value(source);
        let bytes = encode(&value);
        assert_eq!(decode::<T>(&bytes).as_ref(), Ok(&value), "{name} reads back");
        bytes
    })
}

fn text<T: std::str::FromStr + ToString + PartialEq + Debug>(
    name: &str,
    mut value: impl FnMut(&mut Source) -> T,
) -> Entry {
    hashed(name, VALUES, |source| {
        let value = value(source);
        let text = value.to_string();
        assert!(text.parse::<T>().is_ok_and(|read| read == value), "{name} `{text}` reads back");
        text.into_bytes()
    })
}

fn document(name: &str, mut envelope: impl FnMut(&mut Source) -> Envelope) -> Entry {
    hashed(name, SIGNED, |source| {
        let envelope = envelope(source);
        let json = envelope.to_json();
        assert_eq!(Envelope::from_json(&json).as_ref(), Ok(&envelope), "{name} reads back");
        json
    })
}

/// One hash per type.
pub fn conformance() -> Vec<Entry> {
    let flags = [None, Some(Flag::Fin), Some(Flag::StopSending), Some(Flag::Reset), Some(Flag::FinAck)];
    vec![
        wire("LinkRequest", |source| match source.below(3) {
            0 => LinkRequest::Ping,
            _ => LinkRequest::Hello(source.hello()),
        }),
        wire("LinkResponse", |source| match source.below(3) {
            0 => LinkResponse::Pong,
            _ => LinkResponse::Hello(source.hello()),
        }),
        wire("Request", Source::request),
        wire("Response", Source::response),
        wire("Dataset", Source::dataset),
        text("ContentId", Source::content),
        text("NodeId", |source| NodeId::from_public_key(source.bytes())),
        text("SealPublic", |source| SealKey::from_seed(source.bytes()).public()),
        text("Instant", |source| Instant::from_unix_ms(source.number())),
        hashed("frame", VALUES, |source| {
            let body = source.some_bytes(700);
            let framed = codec::frame::write(&body);
            let mut reader = codec::frame::Reader::new(700);
            reader.push(&framed);
            assert_eq!(reader.next_frame(), Ok(Some(body)), "a frame reads back");
            framed
        }),
        hashed("webrtc frame", VALUES, |source| {
            let payload = source.some_bytes(700);
            let credit = (source.below(2) == 0).then(|| source.number());
            let frame = Frame { flag: flags[source.below(5) as usize], credit, payload: &payload };
            let bytes = frame.encode();
            assert_eq!(frame::decode(&bytes), Ok(Some((frame, bytes.len()))), "a frame reads back");
            bytes
        }),
        hashed("certificate hash", VALUES, |source| {
            let fingerprint = Fingerprint(source.bytes());
            let (certhash, sdp) = (fingerprint.to_certhash(), fingerprint.to_sdp());
            assert_eq!(Fingerprint::from_certhash(&certhash), Ok(fingerprint), "a multihash reads back");
            assert_eq!(Fingerprint::from_sdp(&sdp), Ok(fingerprint), "an SDP attribute reads back");
            (certhash + &sdp).into_bytes()
        }),
        hashed("Report", SIGNED, |source| {
            let proposal = proposal_of(Scheme::ALL[source.below(3) as usize]);
            let instance = proposal.instance().expect("in order");
            let vector = [source.below(500), source.below(1 << 20)];
            let report = Report::new(&proposal, &instance, id(), light().id(), &vector, &mut source.0);
            let report = report.expect("sealed");
            let (nonce, public) = (&report.nonce, &report.public);
            for (role, sealed) in report.sealed.iter().enumerate() {
                let received = Received { light: light().id(), nonce, public, sealed };
                let opened =
                    aggregate::report::open(&heavy(role).1, role, &proposal, &instance, id(), received);
                assert!(opened.is_some(), "it opens");
            }
            [nonce.as_slice(), public, &report.sealed.concat()].concat()
        }),
        document("proposal", |source| source.proposal().sign(&proposer())),
        document("result", |source| {
            let totals = [source.below(1 << 20), source.below(1 << 40)];
            let (proposal, commitment) = (source.proposal(), source.commitment());
            let plan = proposal.plan().expect("in order");
            let outcome = Outcome::new(id(), &proposal, &plan, &commitment, &totals);
            let mut envelope = outcome.expect("two totals").envelope();
            (0..3).for_each(|at| envelope.sign(&heavy(at).0));
            envelope
        }),
        document("refusal", |source| {
            let reason = match source.below(3) {
                0 => RefusalReason::NotAccepted { heavy: heavy(1).0.id(), why: source.text(40) },
                1 => RefusalReason::TooFew {
                    participants: source.number() as u32,
                    participants_min: source.number() as u32,
                },
                _ => RefusalReason::HeavyMissing { heavy: vec![heavy(2).0.id()], awaited: source.text(20) },
            };
            Refusal::sign(source.content(), reason, &heavy(0).0)
        }),
        document("descriptor", |source| descriptor(source.below(3) as usize)),
    ]
}
