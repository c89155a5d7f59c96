use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::*;

#[test]
fn every_scheme_gives_the_sum() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    for scheme in Scheme::ALL {
        let instance = Instance::new(scheme, Shape { length: 5, bits: 8, one_hot: false }, 10).unwrap();
        let mut sums = [0, 1, 2].map(|role| instance.empty(role).unwrap());
        for n in 0..3u8 {
            let measurement = [u64::from(n), 1, 255, 0, 7];
            let report = instance.shard(b"c", &[n; 16], &measurement, &mut rng).unwrap();
            let verified = [0, 1, 2].map(|role| {
                instance
                    .verify_init(&[3; 32], b"c", role, &[n; 16], &report.public, &report.inputs[role])
                    .unwrap()
            });
            let message = match &verified {
                [(_, Some(a)), (_, Some(b)), (_, Some(c))] => {
                    instance.verifier_merge(b"c", [a, b, c]).unwrap()
                }
                _ => Vec::new(),
            };
            for (sum, (state, _)) in sums.iter_mut().zip(verified) {
                sum.accumulate(&instance.verify_next(b"c", state, &message).unwrap()).unwrap();
            }
        }
        let [a, b, c] = &sums;
        assert_eq!(instance.unshard([Some(a), Some(b), Some(c)], 3), Ok(vec![3, 3, 765, 0, 21]), "{scheme}");
    }
}
