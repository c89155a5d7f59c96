//! How near a computation came to its end, round by round, on a logarithmic scale.

use super::{Anchor, Axis, Drawing, LINE, Table, Tick, Width, text_px};
use crate::words;

/// Most stretches of a line: more are not seen.
const STRETCHES_MAX: usize = 160;
/// Most rows of the table.
const ROWS_MAX: usize = 40;
/// Powers of ten between which all is drawn. A round that changes nothing but rounding needs no room, nor does what says nothing of π.
const POWERS: (i32, i32) = (-12, 12);

/// What is known after a round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Which round, from 1 on.
    pub round: u32,
    /// By how much it changed what is computed.
    pub change: f64,
    /// How far that is from the exact at most, where that is known.
    pub bound: Option<f64>,
}

/// Rounds, and where they are to lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounds {
    /// In order.
    pub steps: Vec<Step>,
    /// The bound that ends it; what is no positive finite number is not drawn.
    pub goal: f64,
}

impl Rounds {
    /// Draws it: the bound as a thick line, the change as a thin one, the goal across.
    pub fn draw(&self, width: Width) -> Drawing {
        let (top, bottom) = (12.0 + LINE, 12.0 + LINE + 200.0);
        let mut drawing =
            Drawing::new("How near π is, round by round".into(), width, bottom + 2.0 * LINE + 10.0);
        drawing.table = self.table();
        let (low, high) = self.decades();
        let upright = Axis::new((f64::from(low), f64::from(high)), (bottom, top));
        let apart = (f64::from(high - low) / 6.0).ceil().max(1.0) as i32;
        let ticks: Vec<Tick> = (low..=high)
            .filter(|power| power % apart == 0)
            .map(|power| Tick { px: upright.px(power.into()), label: format!("10{}", raised(power)) })
            .collect();
        let margin = ticks.iter().map(|tick| text_px(&tick.label)).fold(0.0, f64::max) + 14.0;
        let last = self.steps.last().map_or(1, |step| step.round.max(2));
        let across = Axis::new((1.0, last.into()), (margin, drawing.width - 8.0));
        drawing.left_axis(&ticks, (margin, drawing.width - 8.0));
        let whole: Vec<Tick> = across.ticks(6).into_iter().filter(|tick| !tick.label.contains('.')).collect();
        drawing.bottom_axis(&across, &whole, bottom, "Round");
        drawing.text((margin, LINE - 4.0), Anchor::Start, "name", "Distance from the exact π, at most");
        let at = |round: u32, value: f64| {
            let power = value.max(f64::MIN_POSITIVE).log10().clamp(low.into(), high.into());
            (across.px(round.into()), upright.px(power))
        };
        if is_drawn(&self.goal) {
            let (_, y) = at(1, self.goal);
            drawing.line((margin, y), (drawing.width - 8.0, y), "goal");
        }
        let changes =
            self.steps.iter().filter(|step| is_drawn(&step.change)).map(|step| at(step.round, step.change));
        polyline(&mut drawing, changes.collect(), "change");
        let bounds = self
            .steps
            .iter()
            .filter_map(|step| Some(at(step.round, step.bound.filter(|bound| !bound.is_nan())?)));
        polyline(&mut drawing, bounds.collect(), "fit");
        drawing.description = self.description();
        drawing.caption =
            "The thick line is the distance that is known to hold, the thin one how much a round changed; the dashes are where it ends.".into();
        drawing
    }

    /// The powers of ten between which all stands.
    fn decades(&self) -> (i32, i32) {
        let values = self.steps.iter().flat_map(|step| [Some(step.change), step.bound]).flatten();
        let logs = values.chain([self.goal]).filter(is_drawn).map(f64::log10);
        let (low, high) =
            logs.fold((0.0, -1.0), |(low, high): (f64, f64), log| (low.min(log), high.max(log)));
        let low = (low.floor() as i32).clamp(POWERS.0, -1);
        (low, (high.ceil() as i32).clamp(low + 1, POWERS.1))
    }

    fn table(&self) -> Table {
        let every = self.steps.len().div_ceil(ROWS_MAX).max(1);
        let shown = self.steps.iter().enumerate();
        let shown = shown.filter(|(at, _)| at % every == 0 || at + 1 == self.steps.len());
        let row = |step: &Step| {
            let bound = step.bound.map_or_else(|| "not known".into(), scientific);
            vec![words::grouped(&step.round.to_string()), scientific(step.change), bound]
        };
        Table {
            head: vec!["Round".into(), "Change".into(), "Distance, at most".into()],
            rows: shown.map(|(_, step)| row(step)).collect(),
        }
    }

    fn description(&self) -> String {
        let Some(last) = self.steps.last() else { return "No round yet.".into() };
        let rounds = words::count(last.round.into(), "round");
        match last.bound {
            Some(bound) => {
                format!("After {rounds} π is within {} of the exact one.", scientific(bound))
            }
            None => format!("After {rounds} nothing is known of how near π is."),
        }
    }
}

/// Whether a value has a place on a logarithmic scale.
fn is_drawn(value: &f64) -> bool {
    *value > 0.0 && value.is_finite()
}

/// A line through points, of no more stretches than are seen.
fn polyline(drawing: &mut Drawing, points: Vec<(f64, f64)>, class: &'static str) {
    let every = points.len().div_ceil(STRETCHES_MAX).max(1);
    let mut shown: Vec<(f64, f64)> = points.iter().copied().step_by(every).collect();
    // Where it ends is what matters.
    if !points.len().wrapping_sub(1).is_multiple_of(every) {
        shown.extend(points.last());
    }
    shown.windows(2).for_each(|ends| drawing.line(ends[0], ends[1], class));
}

/// A number as people write small ones: `9.8·10⁻⁷`.
pub fn scientific(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".into();
    }
    let mut power = value.abs().log10().floor() as i32;
    let mut digits = value / 10_f64.powi(power);
    if digits.abs() >= 9.95 {
        (power, digits) = (power + 1, digits / 10.0);
    }
    match power {
        -2..=3 => words::rounded(&format!("{value:.6}"), 3),
        _ => format!("{digits:.1}·10{}", raised(power)),
    }
}

/// A whole number in small raised digits.
fn raised(power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    power.to_string().chars().map(digit).collect()
}
