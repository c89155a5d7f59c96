//! One bar per group and measure: how many, and what they are on average.

use super::{Anchor, Axis, Drawing, LINE, Table, Width, place, shortened, text_px};
use crate::words;

/// One thing that is known of each group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// Its number for each group, a decimal; `None` where there is none, as the mean of nobody.
    pub values: Vec<Option<String>>,
}

/// Groups, each with the same measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bars {
    /// What it shows.
    pub title: String,
    /// What the groups are.
    pub by: String,
    /// The groups' names.
    pub groups: Vec<String>,
    /// What is known of each: one or two of them find room side by side.
    pub measures: Vec<Measure>,
}

/// Height of a bar, in pixels.
const THICK: f64 = 18.0;

impl Bars {
    /// Draws it: the groups below each other, the measures side by side, each on a scale of its own.
    pub fn draw(&self, width: Width) -> Drawing {
        let mut drawing = Drawing::new(self.title.clone(), width, 0.0);
        drawing.table = self.table();
        drawing.description = self.description();
        let widest = self.groups.iter().map(|group| text_px(group)).fold(0.0, f64::max);
        // On a phone a group's name has a line of its own.
        let (names, name_line) = match width {
            Width::Wide => ((widest + 14.0).clamp(60.0, 190.0), 0.0),
            Width::Narrow => (0.0, LINE),
        };
        let row = THICK + name_line + 14.0;
        let top = LINE + 12.0;
        drawing.height = top + row * self.groups.len() as f64 + 4.0;
        let gap = 26.0;
        let panels = self.measures.len().max(1) as f64;
        let panel = (drawing.width - names - gap * (panels - 1.0)) / panels;

        for (at, group) in self.groups.iter().enumerate() {
            let y = top + row * at as f64;
            let (place, room) = match width {
                Width::Wide => ((names - 10.0, y + THICK - 4.0), names - 12.0),
                Width::Narrow => ((0.0, y + LINE - 5.0), drawing.width),
            };
            let anchor = if name_line > 0.0 { Anchor::Start } else { Anchor::End };
            drawing.text(place, anchor, "label", shortened(group, room));
        }
        for (at, measure) in self.measures.iter().enumerate() {
            let left = names + (panel + gap) * at as f64;
            drawing.text((left, LINE - 4.0), Anchor::Start, "name", shortened(&measure.name, panel));
            let class = if at == 0 && self.measures.len() > 1 { "bar second" } else { "bar" };
            self.draw_measure(&mut drawing, measure, class, (left, left + panel), (top + name_line, row));
        }
        drawing
    }

    fn draw_measure(
        &self,
        drawing: &mut Drawing,
        measure: &Measure,
        class: &'static str,
        (left, right): (f64, f64),
        (top, row): (f64, f64),
    ) {
        let texts: Vec<Option<String>> =
            measure.values.iter().map(|value| value.as_deref().map(words::plain)).collect();
        let room = texts.iter().flatten().map(|text| text_px(text)).fold(0.0, f64::max) + 8.0;
        let values = || measure.values.iter().flatten().map(|value| place(value));
        let (lowest, highest) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
        // Bars begin at zero: a bar that begins elsewhere tells what is not so.
        let highest = if lowest < 0.0 { highest } else { highest.max(f64::MIN_POSITIVE) };
        let axis = Axis::new((lowest, highest), (left, (right - room).max(left + 1.0)));
        let zero = axis.px(0.0);
        for (at, text) in texts.iter().enumerate() {
            let (y, group) = (top + row * at as f64, self.groups.get(at).map_or("", String::as_str));
            let Some((text, value)) = text.as_ref().zip(measure.values[at].as_deref()) else {
                drawing.text((zero + 6.0, y + THICK - 4.0), Anchor::Start, "tick", "—");
                continue;
            };
            let end = axis.px(place(value));
            drawing.rect((zero, end), (y, y + THICK), class, format!("{group}: {text}"));
            drawing.text((zero.max(end) + 6.0, y + THICK - 4.0), Anchor::Start, "count", text.clone());
        }
        let bottom = top + row * texts.len().saturating_sub(1) as f64 + THICK;
        drawing.line((zero, top - 4.0), (zero, bottom + 4.0), "axis");
    }

    fn table(&self) -> Table {
        let head = std::iter::once(self.by.clone()).chain(self.measures.iter().map(|m| m.name.clone()));
        let row = |(at, group): (usize, &String)| {
            let cells = self.measures.iter().map(|measure| match measure.values.get(at) {
                Some(Some(value)) => words::plain(value),
                _ => "—".into(),
            });
            std::iter::once(group.clone()).chain(cells).collect()
        };
        Table { head: head.collect(), rows: self.groups.iter().enumerate().map(row).collect() }
    }

    fn description(&self) -> String {
        let of = words::count(self.groups.len() as u64, "group");
        let leader = |measure: &Measure| {
            let best =
                measure.values.iter().enumerate().filter_map(|(at, value)| Some((at, value.as_ref()?)));
            let best = best.max_by(|a, b| place(a.1).total_cmp(&place(b.1)))?;
            let group = self.groups.get(best.0)?;
            Some(format!(" {}: highest for {group}, {}.", measure.name, words::plain(best.1)))
        };
        std::iter::once(format!("{of}.")).chain(self.measures.iter().filter_map(leader)).collect()
    }
}
