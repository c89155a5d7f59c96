//! How many answers fall between which values.

use super::{Anchor, Axis, Drawing, LINE, Table, Tick, Width, place, text_px};
use crate::words;

/// A bin: from its lower edge up to, and without, its upper edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bin {
    /// Lower edge, a decimal number.
    pub lower: String,
    /// Upper edge.
    pub upper: String,
    /// How many fall into it.
    pub count: u64,
}

/// Bins side by side, ascending and without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// What the values are.
    pub value: String,
    /// What is counted: `record` or `person`.
    pub counted: String,
    /// The bins.
    pub bins: Vec<Bin>,
    /// How many are below the first edge.
    pub below: u64,
    /// How many are at the last edge or above.
    pub above: u64,
}

/// Height of the tallest bar, in pixels.
const TALL: f64 = 190.0;
/// Width of a bar for what is below or above all bins.
const OUTSIDE: f64 = 34.0;
/// Most bins whose counts are written on them and whose edges are the ticks.
const FEW: usize = 24;

impl Histogram {
    /// Draws it.
    pub fn draw(&self, width: Width) -> Drawing {
        let mut drawing = Drawing::new(format!("Histogram of {}", self.value), width, 0.0);
        drawing.table = self.table();
        drawing.description = self.description();
        let edges = self.edges();
        let widths: Vec<f64> = edges.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let narrowest = widths.iter().copied().filter(|w| *w > 0.0).fold(f64::INFINITY, f64::min);
        let even = widths.iter().all(|w| (w - narrowest).abs() <= narrowest * 1e-6);
        // Where bins differ in width, areas are what can be compared.
        let height_of = |at: usize, count: u64| match even {
            true => count as f64,
            false => count as f64 * narrowest / widths[at].max(narrowest),
        };
        let heights: Vec<f64> =
            self.bins.iter().enumerate().map(|(at, bin)| height_of(at, bin.count)).collect();
        let outside = [self.below, self.above].map(|count| count as f64);
        let tallest = heights.iter().chain(&outside).copied().fold(1.0, f64::max);

        let (top, bottom) = (LINE + 6.0, LINE + 6.0 + TALL);
        drawing.height = bottom + 2.0 * LINE + 10.0;
        let upright = Axis::new((0.0, tallest), (bottom, top));
        let pad_left = if self.below > 0 { OUTSIDE + 24.0 } else { 0.0 };
        let pad_right = if self.above > 0 { OUTSIDE + 24.0 } else { 0.0 };
        let ends = (edges.first().copied().unwrap_or(0.0), edges.last().copied().unwrap_or(1.0));

        // Counts stand on their bars where there is room for each, else beside the plot.
        let widest = self.bins.iter().map(|bin| text_px(&counted(bin.count))).fold(0.0, f64::max);
        let across = drawing.width - 12.0 - pad_left - pad_right;
        let slot = across / self.bins.len().max(1) as f64;
        let written = even && self.bins.len() <= FEW && slot > widest + 2.0;
        let ticks = upright.ticks(4);
        let margin = match written {
            true => 6.0,
            false => ticks.iter().map(|tick| text_px(&tick.label)).fold(0.0, f64::max) + 12.0,
        };
        let axis = Axis::new(ends, (margin + pad_left, drawing.width - 6.0 - pad_right));
        if !written && even {
            drawing.left_axis(&ticks, (margin, drawing.width - 6.0));
        }
        for (at, bin) in self.bins.iter().enumerate() {
            let (left, right) = (axis.px(edges[at]), axis.px(edges[at + 1]));
            let gap = if right - left > 6.0 { 1.0 } else { 0.0 };
            let y = upright.px(heights[at]);
            let tip = format!("{}: {}", self.span(bin), words::count(bin.count, &self.counted));
            drawing.rect((left + gap / 2.0, right - gap / 2.0), (y, bottom), "bar", tip);
            if written {
                drawing.text(((left + right) / 2.0, y - 5.0), Anchor::Middle, "count", counted(bin.count));
            }
        }
        self.draw_outside(&mut drawing, &upright, margin, written);
        drawing.bottom_axis(&axis, &self.ticks(&axis), bottom, &self.value);
        if !even {
            drawing.caption =
                "The bins differ in width: a bar’s area, not its height, tells how many.".into();
        }
        drawing
    }

    fn draw_outside(&self, drawing: &mut Drawing, upright: &Axis, margin: f64, written: bool) {
        let (right, bottom) = (drawing.width - 6.0, upright.from);
        let sides = [
            (self.below, (margin, margin + OUTSIDE), "less", self.bins.first().map(|bin| &bin.lower)),
            (self.above, (right - OUTSIDE, right), "more", self.bins.last().map(|bin| &bin.upper)),
        ];
        for (count, x, label, edge) in sides.into_iter().filter(|(count, ..)| *count > 0) {
            let y = upright.px(count as f64);
            let than = edge.map(|edge| words::plain(edge)).unwrap_or_default();
            let whole = if label == "less" { "less than" } else { "or more" };
            let tip = match label {
                "less" => format!("{whole} {than}: {}", words::count(count, &self.counted)),
                _ => format!("{than} {whole}: {}", words::count(count, &self.counted)),
            };
            drawing.rect(x, (y, bottom), "bar outside", tip);
            let middle = (x.0 + x.1) / 2.0;
            drawing.text((middle, bottom + LINE), Anchor::Middle, "tick", label);
            if written {
                drawing.text((middle, y - 5.0), Anchor::Middle, "count", counted(count));
            }
        }
    }

    /// The edges of all bins, as places.
    fn edges(&self) -> Vec<f64> {
        let first = self.bins.first().map(|bin| place(&bin.lower));
        first.into_iter().chain(self.bins.iter().map(|bin| place(&bin.upper))).collect()
    }

    /// The bins' own edges where they are few, as many as fit; else round numbers.
    fn ticks(&self, axis: &Axis) -> Vec<Tick> {
        if self.bins.is_empty() || self.bins.len() > FEW {
            return axis.ticks(6);
        }
        let first = self.bins[0].lower.as_str();
        let texts: Vec<&str> =
            std::iter::once(first).chain(self.bins.iter().map(|bin| bin.upper.as_str())).collect();
        let labels: Vec<String> = texts.iter().map(|text| words::plain(text)).collect();
        let widest = labels.iter().map(|label| text_px(label)).fold(0.0, f64::max) + 8.0;
        let mut every = 1;
        let tick = |at: usize| Tick { px: axis.px(place(texts[at])), label: labels[at].clone() };
        loop {
            let ticks: Vec<Tick> = (0..texts.len()).step_by(every).map(tick).collect();
            let crowded = ticks.windows(2).any(|pair| pair[1].px - pair[0].px < widest);
            if !crowded || ticks.len() <= 2 {
                return ticks;
            }
            every += 1;
        }
    }

    fn span(&self, bin: &Bin) -> String {
        format!("{} to {}", words::plain(&bin.lower), words::plain(&bin.upper))
    }

    fn table(&self) -> Table {
        let mut rows = Vec::new();
        let row = |name: String, count: u64| vec![name, counted(count)];
        if let Some(first) = self.bins.first().filter(|_| self.below > 0) {
            rows.push(row(format!("less than {}", words::plain(&first.lower)), self.below));
        }
        rows.extend(self.bins.iter().map(|bin| row(self.span(bin), bin.count)));
        if let Some(last) = self.bins.last().filter(|_| self.above > 0) {
            rows.push(row(format!("{} or more", words::plain(&last.upper)), self.above));
        }
        let noun = match self.counted.as_str() {
            "person" => "People",
            _ => "Records",
        };
        Table { head: vec![self.value.clone(), noun.into()], rows }
    }

    fn description(&self) -> String {
        let total = self.bins.iter().map(|bin| bin.count).sum::<u64>() + self.below + self.above;
        let most = self.bins.iter().max_by_key(|bin| bin.count).filter(|bin| bin.count > 0);
        let of = format!("{} in {} bins.", words::count(total, &self.counted), self.bins.len());
        match most {
            Some(bin) => format!("{of} Most, {}, are from {}.", counted(bin.count), self.span(bin)),
            None => of,
        }
    }
}

fn counted(count: u64) -> String {
    words::grouped(&count.to_string())
}
