//! Shares of measurements, as light nodes and fellows send them.

use super::{Target, join, parts};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use std::sync::OnceLock;
use vdaf::{Commitments, Instance, SHARES, Scheme, Shape, Sharded, VerifyError};

pub(super) const SHARES_AND_SUMS: Target = Target {
    name: "shares",
    about: "vdaf's input and public shares, verifier shares and messages, aggregates and commitments",
    run,
    seeds,
};

const KEY: [u8; 32] = [3; 32];
const NONCE: [u8; 16] = [4; 16];
const CONTEXT: &[u8] = b"fuzz";
const SHAPES: [Shape; 3] = [
    Shape { length: 5, bits: 1, one_hot: true },
    Shape { length: 3, bits: 9, one_hot: false },
    Shape { length: 1, bits: 40, one_hot: false },
];

/// One scheme and shape, with an honest report and what the heavy nodes say of it.
struct Course {
    instance: Instance,
    sharded: Sharded,
    /// By role; empty where there are none.
    verifiers: [Vec<u8>; SHARES],
    message: Vec<u8>,
}

fn courses() -> &'static [Course] {
    static COURSES: OnceLock<Vec<Course>> = OnceLock::new();
    COURSES.get_or_init(|| {
        let every = Scheme::ALL.into_iter().flat_map(|scheme| SHAPES.map(|shape| (scheme, shape)));
        every.map(|(scheme, shape)| course(scheme, shape)).collect()
    })
}

fn course(scheme: Scheme, shape: Shape) -> Course {
    let instance = Instance::new(scheme, shape, 100).expect("small");
    let measurement: Vec<u64> = (0..shape.length).map(|at| u64::from(at == 0)).collect();
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    let sharded = instance.shard(CONTEXT, &NONCE, &measurement, &mut rng).expect("it fits");
    let verifiers = [0, 1, 2].map(|role| {
        let (_, share) = init(&instance, role, &sharded.public, &sharded.inputs[role]).expect("honest");
        share.unwrap_or_default()
    });
    let shares = verifiers.each_ref().map(Vec::as_slice);
    let message = match instance.verifier_merge(CONTEXT, shares) {
        Err(VerifyError::Misused) => Vec::new(),
        merged => merged.expect("honest"),
    };
    Course { instance, sharded, verifiers, message }
}

fn init(
    instance: &Instance,
    role: usize,
    public: &[u8],
    input: &[u8],
) -> Result<(vdaf::State, Option<Vec<u8>>), VerifyError> {
    instance.verify_init(&KEY, CONTEXT, role, &NONCE, public, input)
}

/// Which course, which role, what the parts are; then the parts.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (at, course) in (0..).zip(courses()) {
        for role in 0..SHARES as u8 {
            let input = &course.sharded.inputs[usize::from(role)];
            let mut sum = course.instance.empty(role.into()).expect("a role");
            let (state, _) =
                init(&course.instance, role.into(), &course.sharded.public, input).expect("honest");
            let output = course.instance.verify_next(CONTEXT, state, &course.message).expect("honest");
            sum.accumulate(&output).expect("the first");
            seeds.push([[at, role, 0].as_slice(), &join([course.sharded.public.as_slice(), input])].concat());
            seeds.push([[at, role, 3].as_slice(), &sum.encode()].concat());
        }
        if !course.message.is_empty() {
            seeds.push(
                [[at, 0, 1].as_slice(), &join(course.verifiers.each_ref().map(Vec::as_slice))].concat(),
            );
            seeds.push([[at, 1, 2].as_slice(), &course.message].concat());
        }
        if course.instance.scheme().names_liars() {
            let mut commitments = Commitments::empty();
            commitments.add(&course.sharded.public).expect("honest");
            seeds.push([[at, 0, 4].as_slice(), &commitments.encode()].concat());
        }
    }
    seeds
}

fn run(input: &[u8]) {
    let Some(([at, role, what], rest)) = input.split_first_chunk::<3>() else { return };
    let course = &courses()[usize::from(*at) % courses().len()];
    let role = usize::from(*role) % (SHARES + 1);
    match what % 5 {
        0 => report(course, role, rest),
        1 => merge(course, rest),
        2 => message(course, role, rest),
        3 => aggregate(course, role, rest),
        _ => commitments(course, rest),
    }
}

/// A report that is none of ours gets no further than its first or its last look.
fn report(course: &Course, role: usize, rest: &[u8]) {
    let parts = parts(rest);
    let [public, input] = [0, 1].map(|at| parts.get(at).copied().unwrap_or_default());
    let Ok((state, share)) = init(&course.instance, role, public, input) else { return };
    let honest = public == course.sharded.public && input == course.sharded.inputs[role];
    let mut sum = course.instance.empty(role).expect("a role");
    let output = match share {
        None => course.instance.verify_next(CONTEXT, state, &[]),
        Some(share) => {
            assert_eq!(share.len(), course.instance.verifier_share_len());
            let mut shares = course.verifiers.each_ref().map(Vec::as_slice);
            shares[role] = &share;
            let merged = course.instance.verifier_merge(CONTEXT, shares);
            merged.and_then(|message| course.instance.verify_next(CONTEXT, state, &message))
        }
    };
    // Without proofs, or where just a commitment of another's differs, others may pass too.
    assert!(output.is_ok() || !honest, "{output:?}");
    if let Ok(output) = output {
        assert!(
            honest || course.instance.scheme() != Scheme::Prio3 || public != course.sharded.public,
            "forged"
        );
        sum.accumulate(&output).expect("the first");
        assert_eq!(sum.encode().len(), course.instance.aggregate_len());
    }
}

fn merge(course: &Course, rest: &[u8]) {
    let parts = parts(rest);
    let shares = [0, 1, 2].map(|at| parts.get(at).copied().unwrap_or_default());
    if let Ok(message) = course.instance.verifier_merge(CONTEXT, shares) {
        assert_eq!(message.len(), course.instance.verifier_message_len());
    }
}

fn message(course: &Course, role: usize, rest: &[u8]) {
    let role = role % SHARES;
    let (public, input) = (&course.sharded.public, &course.sharded.inputs[role]);
    let (state, _) = init(&course.instance, role, public, input).expect("honest");
    let output = course.instance.verify_next(CONTEXT, state, rest);
    assert_eq!(output.is_ok(), rest == course.message, "the one message that fits is taken");
}

fn aggregate(course: &Course, role: usize, rest: &[u8]) {
    let Ok(aggregate) = course.instance.decode_aggregate(role, rest) else { return };
    assert_eq!(aggregate.encode(), rest, "a second encoding of an aggregate");
    let others = [0, 1, 2].map(|other| course.instance.empty(other).expect("a role"));
    let all = [0, 1, 2].map(|at| Some(if at == role { &aggregate } else { &others[at] }));
    let reports = aggregate.reports();
    let _ = course.instance.unshard(all, reports);
    let _ = course.instance.unshard(all, 0);
    let _ = course.instance.check_aggregate(&Commitments::empty(), &aggregate);
}

fn commitments(course: &Course, rest: &[u8]) {
    let mut sum = Commitments::empty();
    assert_eq!(sum.add(rest).is_ok(), sum.reports() == 1, "what is refused changes nothing");
    let Ok(commitments) = Commitments::decode(rest) else { return };
    assert_eq!(commitments.encode(), rest, "a second encoding of a sum of commitments");
    if let Ok(none) = course.instance.empty(0) {
        let _ = course.instance.check_aggregate(&commitments, &none);
    }
}
