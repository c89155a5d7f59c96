//! From values to pixels, and round numbers to write beside them.

use super::text_px;
use crate::words;

/// A stretch of values and the stretch of pixels that shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// The value at `from`.
    pub lower: f64,
    /// The value at `to`.
    pub upper: f64,
    /// Where it begins, in pixels.
    pub from: f64,
    /// Where it ends, in pixels; less than `from` where values grow upwards.
    pub to: f64,
}

/// A number beside an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where it stands, in pixels.
    pub px: f64,
    /// The number, for people.
    pub label: String,
}

impl Axis {
    /// An axis over `values`; one of no length is given some, so that every value has a place.
    pub fn new(values: (f64, f64), px: (f64, f64)) -> Self {
        let (lower, upper) = match values {
            (lower, upper) if upper > lower => (lower, upper),
            (value, _) => (value - 0.5, value + 0.5),
        };
        Self { lower, upper, from: px.0, to: px.1 }
    }

    /// The pixel of a value. Values beyond the axis stand at its ends.
    pub fn px(&self, value: f64) -> f64 {
        let share = ((value - self.lower) / (self.upper - self.lower)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    /// Round numbers (1, 2 or 5 of a power of ten apart) within the axis: as many as fit, `most` at most.
    pub fn ticks(&self, most: usize) -> Vec<Tick> {
        let mut most = most.max(2);
        loop {
            let ticks = self.ticks_of(self.step(most));
            let widest = ticks.iter().map(|tick| text_px(&tick.label)).fold(0.0, f64::max) + 10.0;
            let upright = self.to < self.from;
            let fits = upright || ticks.len() as f64 * widest <= (self.to - self.from).abs() + widest;
            if fits || most <= 2 {
                return ticks;
            }
            most -= 1;
        }
    }

    /// The smallest round distance that gives at most `most` ticks.
    fn step(&self, most: usize) -> f64 {
        let rough = (self.upper - self.lower) / most as f64;
        let power = 10_f64.powi(rough.log10().floor() as i32);
        let round = [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power);
        round.into_iter().find(|step| *step >= rough * 0.999_999).unwrap_or(10.0 * power)
    }

    fn ticks_of(&self, step: f64) -> Vec<Tick> {
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let (first, last) = ((self.lower / step - 1e-9).ceil(), (self.upper / step + 1e-9).floor());
        // Multiples of the step, each made anew: added up, they would drift.
        let count = (last - first).clamp(-1.0, 100.0) as i64;
        (0..=count)
            .map(|at| {
                let value = (first + at as f64) * step;
                Tick { px: self.px(value), label: short(value, decimals) }
            })
            .collect()
    }
}

/// A number beside an axis: from a million on in words, for there is little room.
fn short(value: f64, decimals: usize) -> String {
    const UNITS: [(f64, &str); 3] = [(1e12, "tn"), (1e9, "bn"), (1e6, "m")];
    match UNITS.iter().find(|(unit, _)| value.abs() >= *unit) {
        Some((unit, name)) => format!("{} {name}", words::plain(&format!("{:.2}", value / unit))),
        // Zero has no sign.
        None => words::plain(&format!("{:.decimals$}", if value == 0.0 { 0.0 } else { value })),
    }
}
