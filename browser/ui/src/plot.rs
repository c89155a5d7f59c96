//! Plots: where each mark stands, in words as well as in pixels.
//!
//! A plot is a plain [`Drawing`]: marks for the eye, a title and a description for screen readers, and a table
//! that says the same in cells. One component draws all of them, so a new plot is a new function here. Numbers
//! come as decimal text, are shown as they are, and become floating point only to find their pixels.

use crate::words;

mod axis;
mod bars;
mod brackets;
mod histogram;
mod line;
mod rounds;

pub use axis::{Axis, Tick};
pub use bars::{Bars, Measure};
pub use brackets::{Bracket, Brackets};
pub use histogram::{Bin, Histogram};
pub use line::{Fit, Variable};
pub use rounds::{Rounds, Step, scientific};

/// How wide a plot is drawn, in pixels of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Beside other columns on a desk.
    Wide,
    /// On a phone.
    Narrow,
}

impl Width {
    /// The width in pixels.
    pub const fn px(self) -> f64 {
        match self {
            Self::Wide => 600.0,
            Self::Narrow => 312.0,
        }
    }
}

/// Where a text begins, ends or has its middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Begins at its place.
    Start,
    /// Has its middle there.
    Middle,
    /// Ends there.
    End,
}

impl Anchor {
    /// SVG's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// One mark. Lengths are pixels from the drawing's upper left corner; `class` is the style sheet's.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A bar.
    Rect {
        /// Left edge.
        x: f64,
        /// Upper edge.
        y: f64,
        /// Width.
        width: f64,
        /// Height.
        height: f64,
        /// What it is drawn as.
        class: &'static str,
        /// What a pointer that rests on it tells.
        tip: String,
    },
    /// A straight line.
    Line {
        /// From here.
        from: (f64, f64),
        /// To here.
        to: (f64, f64),
        /// What it is drawn as.
        class: &'static str,
    },
    /// A text of one line.
    Text {
        /// Where it is anchored, on its base line.
        at: (f64, f64),
        /// Which part of it stands there.
        anchor: Anchor,
        /// What it is drawn as.
        class: &'static str,
        /// The words.
        text: String,
    },
}

/// The same numbers in cells. The first cell of each row names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The columns' names.
    pub head: Vec<String>,
    /// The rows, a cell per column.
    pub rows: Vec<Vec<String>>,
}

/// A plot, ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// What it shows, in a few words.
    pub title: String,
    /// What somebody who looks at it sees first, in sentences.
    pub description: String,
    /// What stands below it for everybody; may be empty.
    pub caption: String,
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
    /// The marks, the hindmost first.
    pub marks: Vec<Mark>,
    /// The same in cells.
    pub table: Table,
}

/// Height of a line of small text, in pixels.
const LINE: f64 = 18.0;
/// Mean width of a character of small text, in pixels: a little more than what fonts need for digits.
const CHAR: f64 = 7.4;

/// Room that a small text takes, in pixels.
fn text_px(text: &str) -> f64 {
    text.chars().count() as f64 * CHAR
}

/// As much of `text` as there is room for.
fn shortened(text: &str, px: f64) -> String {
    let most = (px / CHAR).max(1.0) as usize;
    if text.chars().count() <= most {
        return text.into();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// A decimal number as a place on an axis. What is no number stands at zero: the text beside it still tells.
fn place(decimal: &str) -> f64 {
    words::number(decimal).unwrap_or(0.0)
}

impl Drawing {
    fn new(title: String, width: Width, height: f64) -> Self {
        Self {
            title,
            description: String::new(),
            caption: String::new(),
            width: width.px(),
            height,
            marks: Vec::new(),
            table: Table::default(),
        }
    }

    fn rect(&mut self, x: (f64, f64), y: (f64, f64), class: &'static str, tip: String) {
        let (left, right, top, bottom) = (x.0.min(x.1), x.0.max(x.1), y.0.min(y.1), y.0.max(y.1));
        self.marks.push(Mark::Rect {
            x: left,
            y: top,
            width: right - left,
            height: bottom - top,
            class,
            tip,
        });
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &'static str) {
        self.marks.push(Mark::Line { from, to, class });
    }

    fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &'static str, text: impl Into<String>) {
        self.marks.push(Mark::Text { at, anchor, class, text: text.into() });
    }

    /// An axis along the bottom: a line, its ticks with their numbers, and its name.
    fn bottom_axis(&mut self, axis: &Axis, ticks: &[Tick], y: f64, name: &str) {
        self.line((axis.from, y), (axis.to, y), "axis");
        for tick in ticks {
            self.line((tick.px, y), (tick.px, y + 4.0), "axis");
            let half = text_px(&tick.label) / 2.0;
            let x = tick.px.min(self.width - half).max(half);
            self.text((x, y + LINE), Anchor::Middle, "tick", tick.label.clone());
        }
        self.text(((axis.from + axis.to) / 2.0, y + 2.0 * LINE + 2.0), Anchor::Middle, "name", name);
    }

    /// Lines across the plot at the ticks of an upright axis, with their numbers on the left.
    fn left_axis(&mut self, ticks: &[Tick], x: (f64, f64)) {
        for tick in ticks {
            self.line((x.0, tick.px), (x.1, tick.px), "grid");
            self.text((x.0 - 8.0, tick.px + 4.0), Anchor::End, "tick", tick.label.clone());
        }
    }
}

#[cfg(test)]
mod tests;
