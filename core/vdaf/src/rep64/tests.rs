use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

#[wasm_bindgen_test(unsupported = test)]
fn packed_numbers_come_back() {
    for total_max in [1, 2, 255, 256, 1 << 40, i64::MAX as u64] {
        for length in [1, 2, 3, 4, 5, 11, 12, 13, 251, 252, 253, 600] {
            let packing = Packing::new(length, total_max);
            let numbers: Vec<u64> = (0..length as u64)
                .map(|at| {
                    if at % 3 == 0 {
                        total_max
                    } else {
                        at.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (total_max + 1)
                    }
                })
                .collect();
            let packed = packing.pack(&numbers);
            assert_eq!(packed.len(), packing.scalars());
            assert_eq!(packing.unpack(&packed), Ok(numbers), "{packing:?}");
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn what_overflows_its_scalar_is_refused() {
    let packing = Packing::new(5, i64::MAX as u64);
    let mut packed = packing.pack(&[0; 5]);
    // Above the slots of a full scalar, and above those that the last one uses.
    packed[0] = -Scalar::ONE;
    assert_eq!(packing.unpack(&packed), Err(3));
    packed[0] = Scalar::ZERO;
    packed[1] = Scalar::from(1u128 << 63);
    assert_eq!(packing.unpack(&packed), Err(4));
}

#[wasm_bindgen_test(unsupported = test)]
fn generators_are_distinct_and_fixed() {
    let generators = Generators::new(Packing::new(12, i64::MAX as u64));
    let encoded: Vec<_> = generators.points().map(|point| point.compress().to_bytes()).collect();
    assert_eq!(encoded.len(), 4);
    for (at, point) in encoded.iter().enumerate() {
        assert!(!encoded[..at].contains(point));
    }
    assert_eq!(
        data_encoding::HEXLOWER.encode(&encoded[0]),
        "34a83225087e08925d93dcf707244c6e75698e3895cda55f3f9d029324971368"
    );
}

/// Generators of which it is known how they are related, so that the commitments can be opened to anything. Nothing else
/// tells them from real ones: both are a set of group elements.
fn with_trapdoor(packing: Packing) -> (Generators, Vec<Scalar>) {
    let trapdoor: Vec<Scalar> = (0..packing.scalars() as u64).map(|at| Scalar::from(at + 77)).collect();
    let values = trapdoor.iter().map(|scalar| RISTRETTO_BASEPOINT_POINT * scalar).collect();
    (Generators { packing, blind: RISTRETTO_BASEPOINT_POINT, values }, trapdoor)
}

fn opening(length: usize, rng: &mut ChaCha20Rng) -> Opening {
    Opening { scalars: (0..length).map(|_| random(rng)).collect(), blinding: random(rng) }
}

/// Two light nodes change places. For each heavy node there is randomness of theirs under which it sees the very same bytes,
/// in each report and in all sums that are ever published: so it sees nothing but what the total says.
#[wasm_bindgen_test(unsupported = test)]
fn one_heavy_node_sees_the_same_when_inputs_change_places() {
    let packing = Packing::new(9, i64::MAX as u64);
    let (generators, trapdoor) = with_trapdoor(packing);
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    let inputs = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [0, i64::MAX as u64 - 2, 1 << 40, 7, 0, 0, 0, 1, 10]];
    for role in 0..SHARES {
        let (next, missing) = ((role + 1) % SHARES, (role + 2) % SHARES);
        let drawn: [[Opening; SHARES]; 2] =
            core::array::from_fn(|_| core::array::from_fn(|_| opening(packing.scalars(), &mut rng)));
        // The component that this heavy node does not hold is what the other two leave over.
        let components = |report: usize, input: usize| {
            let mut components = drawn[report].clone();
            for (at, packed) in packing.pack(&inputs[input]).into_iter().enumerate() {
                components[missing].scalars[at] =
                    packed - components[role].scalars[at] - components[next].scalars[at];
            }
            components
        };
        let worlds = [[0, 1], [1, 0]].map(|order| {
            let mut sums: [[Opening; 2]; SHARES] =
                core::array::from_fn(|_| core::array::from_fn(|_| Opening::zero(packing.scalars())));
            let mut seen = Vec::new();
            for report in 0..2 {
                let mut split = components(report, order[report]);
                let first = components(report, report);
                for (at, trapdoor) in trapdoor.iter().enumerate() {
                    let moved = first[missing].scalars[at] - split[missing].scalars[at];
                    split[missing].blinding += moved * trapdoor;
                }
                let (public, shares) = generators.split(split);
                let mut total = Opening::zero(packing.scalars());
                for (role, share) in shares.iter().enumerate() {
                    let output = generators.output(generators.state(role, &public, share).unwrap()).unwrap();
                    total.add(&output[0]);
                    sums[role].iter_mut().zip(&output).for_each(|(sum, output)| sum.add(output));
                }
                assert_eq!(total.unpack(packing).as_deref(), Ok(inputs[order[report]].as_slice()));
                seen.push((public, shares[role].clone()));
            }
            let mut published = Vec::new();
            sums.iter().flatten().for_each(|sum| sum.encode(&mut published));
            (seen, published)
        });
        assert_eq!(worlds[0], worlds[1]);
    }
}
