//! What the benches share and add up.

use vdaf::{Instance, Scheme, Shape};

/// The shape of a name: `histogram-256`, `sum-64`, `vector-1000x16`.
#[must_use]
pub(crate) fn shape(name: &str) -> Option<Shape> {
    let (kind, size) = name.split_once('-')?;
    Some(match kind {
        "histogram" => Shape { length: size.parse().ok()?, bits: 1, one_hot: true },
        "sum" => Shape { length: 1, bits: size.parse().ok()?, one_hot: false },
        "vector" => {
            let (length, bits) = size.split_once('x')?;
            Shape { length: length.parse().ok()?, bits: bits.parse().ok()?, one_hot: false }
        }
        _ => return None,
    })
}

/// The scheme of a name.
#[must_use]
pub(crate) fn scheme(name: &str) -> Option<Scheme> {
    Scheme::ALL.into_iter().find(|scheme| scheme.name() == name)
}

/// The instance of these names for as many participants as its totals take, up to 10,000; `None` where there is none.
#[must_use]
pub(crate) fn instance(scheme: &str, shape: &str) -> Option<Instance> {
    let (scheme, shape) = (self::scheme(scheme)?, self::shape(shape)?);
    [10_000, 1].into_iter().find_map(|participants| Instance::new(scheme, shape, participants).ok())
}

/// The `number`th measurement of a shape: spread over what the shape allows, and known without being kept.
#[must_use]
pub(crate) fn measurement(shape: Shape, number: u64) -> Vec<u64> {
    let length = u64::from(shape.length);
    let spread = |at: u64| (number + at).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if shape.one_hot {
        let hot = spread(0) % length;
        return (0..length).map(|at| u64::from(at == hot)).collect();
    }
    (0..length).map(|at| spread(at) & shape.value_max()).collect()
}
