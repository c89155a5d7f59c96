//! Draws a [`Drawing`]: an image with words for who sees it, and a table for who does not.

use super::state::page;
use crate::{
    plot::{Drawing, Mark, Table, Width},
    testids,
};
use leptos::prelude::*;

/// A plot with its caption and, folded away, its table.
#[component]
pub(crate) fn Plot(
    /// A name that no other plot of the view has.
    id: &'static str,
    /// Draws it at a width.
    draw: impl Fn(Width) -> Drawing + Send + Sync + 'static,
) -> impl IntoView {
    let page = page();
    move || {
        let drawing = draw(if page.narrow.get() { Width::Narrow } else { Width::Wide });
        let (title_id, description_id) = (format!("{id}-title"), format!("{id}-description"));
        let (width, height) = (drawing.width, drawing.height.ceil());
        let caption = (!drawing.caption.is_empty())
            .then(|| view! { <figcaption class="soft">{drawing.caption.clone()}</figcaption> });
        view! {
            <figure class="plot" data-testid=testids::PLOT data-plot=id>
                <svg
                    role="img"
                    aria-labelledby=title_id.clone()
                    aria-describedby=description_id.clone()
                    viewBox=format!("0 0 {width} {height}")
                    width=width.to_string()
                    height=height.to_string()
                    focusable="false"
                >
                    <title id=title_id.clone()>{drawing.title.clone()}</title>
                    <desc id=description_id.clone()>{drawing.description.clone()}</desc>
                    {drawing.marks.into_iter().map(mark).collect_view()}
                </svg>
                {caption}
                <InCells title=drawing.title table=drawing.table />
            </figure>
        }
    }
}

fn mark(mark: Mark) -> AnyView {
    // Tenths of a pixel are more than a screen shows.
    let px = |length: f64| format!("{:.1}", length);
    match mark {
        Mark::Rect { x, y, width, height, class, tip } => view! {
            <rect class=class x=px(x) y=px(y) width=px(width) height=px(height) rx="2">
                <title>{tip}</title>
            </rect>
        }
        .into_any(),
        Mark::Line { from, to, class } => view! {
            <line class=class x1=px(from.0) y1=px(from.1) x2=px(to.0) y2=px(to.1) />
        }
        .into_any(),
        Mark::Text { at, anchor, class, text } => view! {
            <text class=class x=px(at.0) y=px(at.1) text-anchor=anchor.name()>
                {text}
            </text>
        }
        .into_any(),
    }
}

/// The same numbers as a table.
#[component]
fn InCells(title: String, table: Table) -> impl IntoView {
    let head = |(at, name): (usize, String)| {
        let class = if at == 0 { "" } else { "number" };
        view! { <th scope="col" class=class>{name}</th> }
    };
    let row = |cells: Vec<String>| {
        let mut cells = cells.into_iter();
        let name = cells.next().unwrap_or_default();
        let cells = cells.map(|cell| view! { <td class="number">{cell}</td> }).collect_view();
        view! { <tr><th scope="row">{name}</th>{cells}</tr> }
    };
    view! {
        <details class="cells">
            <summary>"The same as a table"</summary>
            <div class="table-scroll" role="region" aria-label=format!("{title}, as a table") tabindex="0">
                <table data-testid=testids::PLOT_TABLE>
                    <thead>
                        <tr>{table.head.into_iter().enumerate().map(head).collect_view()}</tr>
                    </thead>
                    <tbody>{table.rows.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </details>
    }
}
