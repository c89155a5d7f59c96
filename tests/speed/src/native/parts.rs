//! What one report costs a heavy node, piece by piece; and what it costs `prio` as published.

use super::{
    clock::{Spent, timed},
    figure::Figure,
};
use crate::measurement;
use anyhow::{Context as _, Result};
use prio::{
    codec::{Encode as _, ParameterizedDecode as _},
    vdaf::{
        Aggregator as _, Client as _,
        prio3::{Prio3, Prio3InputShare, optimal_chunk_length},
    },
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use std::hint::black_box;
use vdaf::{Instance, SHARES, Sharded};

const SCHEMES: [&str; 3] = ["prio3", "additive64", "rep64"];
const SHAPE: &str = "histogram-256";
/// As long as a computation's own.
const CONTEXT: [u8; 51] = [5; 51];
/// As long as a report's own.
const ASSOCIATED: [u8; 152] = [7; 152];
const INFO: &[u8] = b"formix/report/2/0";
const KEY: [u8; 32] = [3; 32];
const NONCE: [u8; 16] = [1; 16];
/// Times that a piece is done for one value.
const TIMES: u32 = 200;

/// Measures every piece `runs` times.
pub(crate) fn measure(runs: usize) -> Result<Vec<Figure>> {
    let mut figures = vec![open(runs)?];
    for scheme in SCHEMES {
        let instance = measurement::instance(scheme, SHAPE).context("no such instance")?;
        figures.extend(verify(scheme, &instance, runs)?);
    }
    figures.push(published(runs)?);
    Ok(figures)
}

/// Microseconds of processor time of one `work`, `runs` times.
fn time(runs: usize, mut work: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    work()?;
    let mut values = Vec::with_capacity(runs);
    for _ in 0..runs {
        let mut spent = Spent::default();
        timed(&mut spent, || (0..TIMES).try_for_each(|_| work()))?;
        values.push(spent.processor * 1e6 / f64::from(TIMES));
    }
    Ok(values)
}

fn open(runs: usize) -> Result<Figure> {
    let key = super::seal_key(1);
    let mut rng = ChaCha20Rng::from_seed([2; 32]);
    let instance = measurement::instance("prio3", SHAPE).context("no such instance")?;
    let sealed = keys::seal(&key.public(), INFO, &ASSOCIATED, &vec![9; instance.input_len(0)], &mut rng)?;
    let values = time(runs, || {
        black_box(key.open(INFO, &ASSOCIATED, &sealed)?);
        Ok(())
    })?;
    Ok(Figure::new("aggregate.heavy.open_us", "µs", values))
}

fn shard(instance: &Instance) -> Result<Sharded> {
    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    let measurement = measurement::measurement(instance.shape(), 1);
    Ok(instance.shard(&CONTEXT, &NONCE, &measurement, &mut rng)?)
}

/// Verification at the leader and at a helper, each with merging and adding up.
fn verify(scheme: &str, instance: &Instance, runs: usize) -> Result<Vec<Figure>> {
    let sharded = shard(instance)?;
    let init = |role: usize| {
        instance.verify_init(&KEY, &CONTEXT, role, &NONCE, &sharded.public, &sharded.inputs[role])
    };
    let mut others = Vec::with_capacity(SHARES);
    for role in 0..SHARES {
        others.push(init(role)?.1.unwrap_or_default());
    }
    let mut figures = Vec::new();
    for (role, who) in [(0, "leader"), (1, "helper")] {
        let mut sum = instance.empty(role)?;
        let values = time(runs, || {
            let (state, share) = init(role)?;
            let message = match share {
                Some(_) => instance.verifier_merge(&CONTEXT, [&others[0], &others[1], &others[2]])?,
                None => Vec::new(),
            };
            let output = instance.verify_next(&CONTEXT, state, &message)?;
            if sum.reports() == instance.participants_max() {
                sum = instance.empty(role)?;
            }
            Ok(sum.accumulate(&output)?)
        })?;
        figures.push(Figure::new(format!("aggregate.heavy.verify_us.{scheme}.{who}"), "µs", values));
    }
    Ok(figures)
}

/// The same verification at a helper by `prio` alone, over its own field.
fn published(runs: usize) -> Result<Figure> {
    let length = measurement::shape(SHAPE).context("no such shape")?.length as usize;
    let vdaf = Prio3::new_histogram(3, length, optimal_chunk_length(length))?;
    let (public, inputs) = vdaf.shard(&CONTEXT, &7, &NONCE)?;
    let encoded = inputs[1].get_encoded()?;
    let mut shares = Vec::with_capacity(SHARES);
    for (role, input) in inputs.iter().enumerate() {
        shares.push(vdaf.verify_init(&KEY, &CONTEXT, role, &(), &NONCE, &public, input)?.1);
    }
    let values = time(runs, || {
        let input = Prio3InputShare::get_decoded_with_param(&(&vdaf, 1), &encoded)?;
        let (state, _) = vdaf.verify_init(&KEY, &CONTEXT, 1, &(), &NONCE, &public, &input)?;
        let message = vdaf.verifier_shares_to_message(&CONTEXT, &(), shares.clone())?;
        black_box(vdaf.verify_next(&CONTEXT, state, message)?);
        Ok(())
    })?;
    Ok(Figure::new("prio.verify_us.helper", "µs", values))
}
