//! A straight line through values that nobody sees.

use super::{Axis, Drawing, LINE, Table, Width, place, text_px};
use crate::words;

/// One of the two things that a line relates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// What it is.
    pub name: String,
    /// Smallest value that was asked for, a decimal number.
    pub lower: String,
    /// Largest.
    pub upper: String,
    /// Its mean, where that is known.
    pub mean: Option<String>,
}

/// The line `y = slope · x + intercept` that lies closest to all answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// What it begins from.
    pub x: Variable,
    /// What it tells.
    pub y: Variable,
    /// Rise of `y` for one more of `x`, a decimal number.
    pub slope: String,
    /// `y` where `x` is zero.
    pub intercept: String,
    /// Share of the variation of `y` that the line explains, where that is known.
    pub r_squared: Option<String>,
}

impl Fit {
    /// The equation, for people.
    pub fn equation(&self) -> String {
        let intercept = match self.intercept.strip_prefix('-') {
            Some(size) => format!("\u{2212} {}", words::plain(size)),
            None => format!("+ {}", words::plain(&self.intercept)),
        };
        format!("{} = {} × {} {intercept}", self.y.name, words::plain(&self.slope), self.x.name)
    }

    /// Draws it over the ranges that were asked for.
    pub fn draw(&self, width: Width) -> Drawing {
        let title = format!("{} by {}", self.y.name, self.x.name);
        let (top, bottom) = (12.0 + LINE, 12.0 + LINE + 230.0);
        let mut drawing = Drawing::new(title, width, bottom + 2.0 * LINE + 10.0);
        drawing.table = self.table();
        let range = |variable: &Variable| (place(&variable.lower), place(&variable.upper));
        let upright = Axis::new(range(&self.y), (bottom, top));
        let ticks = upright.ticks(5);
        let margin = ticks.iter().map(|tick| text_px(&tick.label)).fold(0.0, f64::max) + 14.0;
        let across = Axis::new(range(&self.x), (margin, drawing.width - 8.0));
        drawing.left_axis(&ticks, (margin, drawing.width - 8.0));
        drawing.bottom_axis(&across, &across.ticks(6), bottom, &self.x.name);
        drawing.text((margin, LINE - 4.0), super::Anchor::Start, "name", self.y.name.clone());
        if let Some((from, to)) = self.visible(&across, &upright) {
            drawing.line(from, to, "fit");
        }
        if let (Some(x), Some(y)) = (&self.x.mean, &self.y.mean) {
            let at = (across.px(place(x)), upright.px(place(y)));
            let tip = format!("The means: {}, {}", words::plain(x), words::plain(y));
            drawing.rect((at.0 - 4.0, at.0 + 4.0), (at.1 - 4.0, at.1 + 4.0), "means", tip);
        }
        let rises = if self.slope.starts_with('-') { "falls" } else { "rises" };
        drawing.description = format!(
            "A straight line that {rises} to the right: for each 1 more of {}, {} {rises} by {}.",
            self.x.name,
            self.y.name,
            words::plain(self.slope.trim_start_matches('-'))
        );
        drawing.caption = "No points are drawn, since nobody has any: the line comes from sums alone.".into();
        if self.x.mean.is_some() && self.y.mean.is_some() {
            drawing.caption.push_str(" The square marks both means.");
        }
        drawing
    }

    /// The part of the line within both ranges, in pixels.
    fn visible(&self, across: &Axis, upright: &Axis) -> Option<((f64, f64), (f64, f64))> {
        let (slope, intercept) = (place(&self.slope), place(&self.intercept));
        let (mut from, mut to) = (across.lower, across.upper);
        if slope != 0.0 {
            let at = |y: f64| (y - intercept) / slope;
            let (one, other) = (at(upright.lower), at(upright.upper));
            from = from.max(one.min(other));
            to = to.min(one.max(other));
        } else if !(upright.lower..=upright.upper).contains(&intercept) {
            return None;
        }
        let end = |x: f64| (across.px(x), upright.px(slope * x + intercept));
        (from < to).then(|| (end(from), end(to)))
    }

    fn table(&self) -> Table {
        let row = |name: &str, value: &str| vec![name.into(), words::plain(value)];
        let mut rows = vec![row("Slope", &self.slope), row("Intercept", &self.intercept)];
        rows.extend(self.r_squared.as_ref().map(|share| row("R²", share)));
        for variable in [&self.x, &self.y] {
            rows.extend(variable.mean.as_ref().map(|mean| row(&format!("Mean of {}", variable.name), mean)));
            let range = format!("{} to {}", words::plain(&variable.lower), words::plain(&variable.upper));
            rows.push(vec![format!("Range of {}", variable.name), range]);
        }
        Table { head: vec!["Measure".into(), "Value".into()], rows }
    }
}
