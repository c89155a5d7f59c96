use crate::{
    Draft, HeavyKey, Proposal, ProposalError, Report, additive64, contribution,
    contribution::ContributionError,
    fixed,
    outcome::{self, VerifyError},
    report,
};
use alloc::{string::ToString, vec, vec::Vec};
use codec::{ContentId, Instant};
use keys::{Identity, NodeId, SealKey};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

pub(crate) fn heavy() -> [(Identity, SealKey); 3] {
    let mut heavy = [1, 2, 3].map(|seed| (Identity::from_seed([seed; 32]), SealKey::from_seed([seed; 32])));
    heavy.sort_by_key(|(identity, _)| identity.id());
    heavy
}

pub(crate) fn now() -> Instant {
    Instant::from_unix_ms(1_800_000_000_000)
}

pub(crate) fn draft() -> Draft {
    Draft {
        title: "Body mass".into(),
        purpose: "A test".into(),
        dataset: "penguins".into(),
        field: "mass".into(),
        decimals: 0,
        lower: "-5".into(),
        upper: "10000".into(),
        records_max: 100,
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
fn decimals_are_read_exactly() {
    for (text, decimals, units) in [
        ("39.14", 2, 3914),
        ("39.145", 2, 3914),
        ("39.155", 2, 3916),
        ("39.1450001", 2, 3915),
        ("-0.5", 0, 0),
        ("-1.5", 0, -2),
        ("+2.5", 0, 2),
        ("1e3", 1, 10_000),
        ("1.5E-1", 2, 15),
        (".5", 1, 5),
        ("5.", 1, 50),
        ("0.0000000000000000000000000001", 9, 0),
        ("000000000000000000000000000012", 0, 12),
        ("9223372036854775807", 0, i64::MAX),
    ] {
        assert_eq!(fixed::parse(text, decimals), Ok(units), "{text}");
    }
    for text in ["", "-", ".", "1,5", "0x1", "NaN", "inf", "1e", "1e1e1", "--1", "١"] {
        assert_eq!(fixed::parse(text, 2), Err(fixed::ParseError::NotANumber), "{text}");
    }
    assert_eq!(fixed::parse("1e400", 0), Err(fixed::ParseError::TooLarge));
    assert_eq!(fixed::parse("1e2147483647", 9), Err(fixed::ParseError::TooLarge));
    assert_eq!(fixed::parse("1e-2147483648", 9), Ok(0));
    assert_eq!(fixed::format(-5, 2), "-0.05");
    assert_eq!(fixed::mean(10, 4, 0, 6), Some("2.500000".into()));
    assert_eq!(fixed::mean(-1, 3, 0, 2), Some("-0.33".into()));
    assert_eq!(fixed::mean(0, 0, 0, 2), None);
}

#[test]
fn a_proposal_names_the_field_that_is_wrong() {
    let refused = |change: &dyn Fn(&mut Draft)| {
        let mut draft = draft();
        change(&mut draft);
        propose(&draft).unwrap_err().to_string()
    };
    assert!(refused(&|d| d.title = " ".into()).starts_with("`title`"));
    assert!(refused(&|d| d.lower = "x".into()).starts_with("`lower`: `x`: not a decimal number"));
    assert!(refused(&|d| d.upper = "-6".into()).starts_with("`upper_units`: the range is empty"));
    assert!(refused(&|d| d.participants_min = 2).starts_with("`participants_min`: 2 is not within 3"));
    assert!(refused(&|d| d.participants_max = 2).starts_with("`participants_max`"));
    assert!(refused(&|d| d.field = "a\nb".into()).starts_with("`field`: has control characters"));
    assert!(refused(&|d| d.decimals = 10).starts_with("`decimals`"));
    let wraps = |d: &mut Draft| {
        d.upper = "9000000000".into();
        d.decimals = 3;
        d.records_max = 1_000_000;
        d.participants_max = 1_000_000;
    };
    assert!(refused(&wraps).contains("beyond 2^63"));
    let proposal = propose(&draft()).unwrap();
    assert!(proposal.check_deadline(now()).is_ok());
    assert!(proposal.check_deadline(now().plus_ms(60_000)).is_err());
    assert!(proposal.check_deadline(Instant::default()).is_err());
}

#[test]
fn a_proposal_is_read_only_as_its_proposer_signed_it() {
    let proposal = propose(&draft()).unwrap();
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

#[test]
fn a_contribution_clips_counts_and_says_what_is_no_number() {
    let proposal = propose(&draft()).unwrap();
    let values = [Some("20000"), None, Some("-7"), Some("1e99"), Some("-1e99"), Some("3.5")];
    let sum = 10_000 - 5 + 10_000 - 5 + 4;
    assert_eq!(contribution(&proposal, values.into_iter()), Ok(vec![sum as u64, 5]));
    assert_eq!(
        contribution(&proposal, [Some("1"), Some("n/a")].into_iter()),
        Err(ContributionError::NotANumber { record: 2, value: "n/a".into() })
    );
    assert_eq!(
        contribution(&proposal, core::iter::repeat_n(Some("1"), 101)),
        Err(ContributionError::TooManyRecords { max: 100 })
    );
}

#[test]
fn a_share_opens_for_its_heavy_node_its_sender_and_its_computation_only() {
    let proposal = propose(&draft()).unwrap();
    let (id, light) = (ContentId::of(b"c"), NodeId::from_public_key([4; 32]));
    let report = Report::new(&proposal, id, light, &[7, 1], &mut rng(1)).unwrap();
    let heavy = heavy();
    let open = |role: usize, id, light, nonce: &_, sealed: &[u8]| {
        report::open(&heavy[role].1, role, &proposal, id, light, nonce, sealed)
    };
    let shares = [0, 1, 2].map(|role| open(role, id, light, &report.nonce, &report.sealed[role]).unwrap());
    assert_eq!(additive64::unshard(&shares), [7, 1]);
    assert_eq!(open(0, id, light, &report.nonce, &report.sealed[1]), None);
    assert_eq!(open(0, ContentId::of(b"d"), light, &report.nonce, &report.sealed[0]), None);
    let thief = NodeId::from_public_key([5; 32]);
    assert_eq!(open(0, id, thief, &report.nonce, &report.sealed[0]), None);
    assert_eq!(open(0, id, light, &[0; 16], &report.sealed[0]), None);
    assert_eq!(report::open(&heavy[0].1, 1, &proposal, id, light, &report.nonce, &report.sealed[0]), None);
    // Of another length than the computation's vector.
    let long = Report::new(&proposal, id, light, &[7, 1, 1], &mut rng(1)).unwrap();
    assert_eq!(open(0, id, light, &long.nonce, &long.sealed[0]), None);
}

#[test]
fn a_result_needs_the_signatures_of_all_three_and_its_own_proposal() {
    let proposal = propose(&draft()).unwrap();
    let envelope = proposal.sign(&proposer());
    let id = ContentId::of(&envelope.payload);
    let outcome = outcome::Outcome::new(id, &proposal, ContentId::of(b""), 3, &[(-6i64) as u64, 4]);
    assert_eq!((outcome.sum.as_str(), outcome.mean.as_deref()), ("-6", Some("-1.500000")));
    let mut result = outcome.envelope();
    let heavy = heavy();
    result.sign(&heavy[0].0);
    result.sign(&heavy[1].0);
    assert!(matches!(outcome::verify(&envelope, &result), Err(VerifyError::Envelope(_))));
    result.sign(&heavy[2].0);
    assert_eq!(outcome::verify(&envelope, &result), Ok(outcome::Verified::Result(outcome)));
    let other = propose(&Draft { title: "Other".into(), ..draft() }).unwrap().sign(&proposer());
    assert_eq!(outcome::verify(&other, &result), Err(VerifyError::OtherComputation));
    // A stranger's refusal is none.
    let reason = outcome::RefusalReason::Expired;
    let refusal = outcome::Refusal::sign(id, reason.clone(), &proposer());
    assert_eq!(outcome::verify(&envelope, &refusal), Err(VerifyError::OtherComputation));
    let refusal = outcome::Refusal::sign(id, reason, &heavy[0].0);
    assert!(matches!(outcome::verify(&envelope, &refusal), Ok(outcome::Verified::Refusal(_))));
}

#[test]
fn any_two_shares_can_belong_to_any_vector() {
    // The view of heavy nodes 0 and 1 is made here without the input: for every vector there is a third
    // share that fits it, and all are equally likely.
    let seen = additive64::shard(&[42, 1], &mut rng(3));
    for other in [[0, 0], [u64::MAX, 7]] {
        let third: Vec<u64> =
            (0..2).map(|at| other[at].wrapping_sub(seen[0][at]).wrapping_sub(seen[1][at])).collect();
        assert_eq!(additive64::unshard(&[seen[0].clone(), seen[1].clone(), third]), other);
    }
}

proptest! {
    #[test]
    fn sums_of_shares_are_shares_of_sums(vectors in prop::collection::vec(any::<[u64; 2]>(), 1..20), seed: u8) {
        let mut rng = rng(seed);
        let mut sums = [vec![0; 2], vec![0; 2], vec![0; 2]];
        let mut expected = vec![0; 2];
        for vector in &vectors {
            additive64::accumulate(&mut expected, vector);
            for (sum, share) in sums.iter_mut().zip(additive64::shard(vector, &mut rng)) {
                additive64::accumulate(sum, &share);
            }
        }
        prop_assert_eq!(additive64::unshard(&sums), expected);
    }

    #[test]
    fn decimals_survive(units in -(1i64 << 53)..1 << 53, decimals in 0u8..=9) {
        prop_assert_eq!(fixed::parse(&fixed::format(i128::from(units), decimals), decimals), Ok(units));
    }

    #[test]
    fn any_text_is_a_number_or_not(text in "[-+.eE0-9 ]{0,30}", decimals in 0u8..=9) {
        let _ = fixed::parse(&text, decimals);
    }

    #[test]
    fn a_total_of_valid_contributions_never_wraps(count in 1usize..50, value in -1_000_000i64..1_000_000) {
        let proposal = propose(&draft()).unwrap();
        let text = value.to_string();
        let one = contribution(&proposal, core::iter::repeat_n(Some(text.as_str()), count)).unwrap();
        let total = i128::from(one[0] as i64) * i128::from(proposal.participants_max);
        prop_assert!(total.unsigned_abs() < 1 << 63);
        prop_assert_eq!(one[0] as i64, value.clamp(-5, 10_000) * count as i64);
        let _ = rng(0).next_u64();
    }
}
