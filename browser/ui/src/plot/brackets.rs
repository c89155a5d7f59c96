//! Quantiles, each known to lie between two values.

use super::{Anchor, Axis, Drawing, LINE, Table, Width, place};
use crate::words;

/// One quantile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bracket {
    /// Share of the answers that lie below it: a decimal number from 0 to 1.
    pub probability: String,
    /// It is at least this.
    pub lower: String,
    /// It is at most this.
    pub upper: String,
}

/// Quantiles of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brackets {
    /// What the values are.
    pub value: String,
    /// Smallest value that was asked for, a decimal number.
    pub lower: String,
    /// Largest.
    pub upper: String,
    /// The quantiles.
    pub quantiles: Vec<Bracket>,
}

impl Bracket {
    /// What it is, for a stranger.
    pub fn name(&self) -> String {
        let plain = self.probability.trim_end_matches('0').trim_end_matches('.');
        match plain {
            "0.5" => "Median".into(),
            "0.25" => "Lower quarter".into(),
            "0.75" => "Upper quarter".into(),
            _ => format!("{} % are below", words::plain(&percent(plain))),
        }
    }

    fn between(&self) -> String {
        format!("{} to {}", words::plain(&self.lower), words::plain(&self.upper))
    }
}

/// A share as a percentage: the decimal point two digits further.
fn percent(share: &str) -> String {
    let (whole, fraction) = share.split_once('.').unwrap_or((share, ""));
    let padded = format!("{fraction:0<2}");
    let (cents, rest) = padded.split_at(padded.char_indices().nth(2).map_or(padded.len(), |(at, _)| at));
    let digits = format!("{whole}{cents}");
    let trimmed = digits.trim_start_matches('0');
    let whole = if trimmed.is_empty() { "0" } else { trimmed };
    if rest.is_empty() { whole.into() } else { format!("{whole}.{rest}") }
}

impl Brackets {
    /// Draws it.
    pub fn draw(&self, width: Width) -> Drawing {
        let row = 2.0 * LINE + 10.0;
        let bottom = 6.0 + row * self.quantiles.len() as f64;
        let title = format!("Quantiles of {}", self.value);
        let mut drawing = Drawing::new(title, width, bottom + 2.0 * LINE + 10.0);
        let axis = Axis::new((place(&self.lower), place(&self.upper)), (6.0, drawing.width - 6.0));
        let ticks = axis.ticks(6);
        for tick in &ticks {
            drawing.line((tick.px, 6.0), (tick.px, bottom), "grid");
        }
        for (at, quantile) in self.quantiles.iter().enumerate() {
            let y = 6.0 + row * at as f64;
            drawing.text((6.0, y + LINE - 5.0), Anchor::Start, "label", quantile.name());
            let text = quantile.between();
            drawing.text((drawing.width - 6.0, y + LINE - 5.0), Anchor::End, "count", text.clone());
            let line = y + LINE + 9.0;
            drawing.line((axis.from, line), (axis.to, line), "grid");
            let (left, right) = (axis.px(place(&quantile.lower)), axis.px(place(&quantile.upper)));
            // One that is known well is still to be seen.
            let (left, right) = if right - left < 4.0 { (left - 2.0, left + 2.0) } else { (left, right) };
            drawing.rect(
                (left, right),
                (line - 7.0, line + 7.0),
                "bar",
                format!("{}: {text}", quantile.name()),
            );
        }
        drawing.bottom_axis(&axis, &ticks, bottom, &self.value);
        drawing.description = self
            .quantiles
            .iter()
            .map(|quantile| format!("{}: {}. ", quantile.name(), quantile.between()))
            .collect::<String>()
            .trim_end()
            .into();
        drawing.caption =
            "Each lies somewhere within its bar. Ask again over a smaller range to know it closer.".into();
        drawing.table = Table {
            head: vec!["Quantile".into(), "At least".into(), "At most".into()],
            rows: self
                .quantiles
                .iter()
                .map(|q| vec![q.name(), words::plain(&q.lower), words::plain(&q.upper)])
                .collect(),
        };
        drawing
    }
}
