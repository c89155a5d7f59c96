//! The next round of finding quantiles.

use crate::{Answer, CELLS_MAX, Figures, PROBABILITIES_MAX, Query, Reduction, edges, fixed};
use alloc::{collections::BTreeSet, vec::Vec};

impl Query {
    /// The query of the next round: cells only where the answer's quantiles lie, the same number in all. `None` where each
    /// quantile is found to the unit, lies outside the range, or where the answer is none to this query.
    ///
    /// Each round stands for itself: it counts all values again, so that people may come and go between
    /// rounds. Where that moves a quantile out of the cells, the round after looks again at all that lies on that side.
    pub fn refine(&self, answer: &Answer) -> Option<Self> {
        let Reduction::Quantile { value, probabilities, bins, edges } = &self.reduction else { return None };
        let Figures::Quantile { quantiles, .. } = &answer.result else { return None };
        let read = |text: &str| fixed::parse_whole(text, value.decimals).ok().flatten();
        let (lower, end) = (read(&value.lower)?, read(&value.upper)?.checked_add(1)?);
        // Half-open ranges of units: those to be cut, and those found.
        let (mut wide, mut found) = (BTreeSet::new(), BTreeSet::new());
        for quantile in quantiles {
            let least = quantile.at_least.as_deref().map_or(Some(lower), read)?;
            let most = quantile.at_most.as_deref().map_or(Some(end - 1), read)?;
            let (from, to) = (least.max(lower), most.checked_add(1)?.min(end));
            if quantile.rank.is_none() || from >= to {
                continue;
            }
            let ranges = if to - from > 1 { &mut wide } else { &mut found };
            ranges.insert((from, to));
        }
        if wide.is_empty() {
            return None;
        }
        // With two edges left for each quantile that is found, and for each gap.
        let cells = (*bins).min(CELLS_MAX - 4 * PROBABILITIES_MAX);
        let parts = u32::try_from(wide.len()).ok().map(|ranges| (cells / ranges).max(2))?;
        let mut next: BTreeSet<i64> = found.into_iter().flat_map(|(from, to)| [from, to]).collect();
        for (from, to) in wide {
            let width = u32::try_from(to - from).unwrap_or(u32::MAX);
            next.extend(edges::cut(from, to, parts.min(width)));
        }
        let next: Vec<_> = next.into_iter().map(|edge| fixed::format(edge.into(), value.decimals)).collect();
        if next == *edges {
            // The same round again would say the same.
            return None;
        }
        let reduction = Reduction::Quantile {
            value: value.clone(),
            probabilities: probabilities.clone(),
            bins: *bins,
            edges: next,
        };
        Some(Self { reduction, ..self.clone() })
    }
}
