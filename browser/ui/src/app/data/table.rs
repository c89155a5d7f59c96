//! A data set's records, one part at a time.

use crate::{app::state::page, testids, words};
use leptos::{prelude::*, task::spawn_local};
use vault::FieldView;

/// Records in one part.
const PER_PART: usize = 10;

/// The records and their paging. The table keeps its height from part to part.
#[component]
pub(super) fn Table(
    /// The data set.
    name: String,
    /// Its fields.
    fields: Memo<Vec<FieldView>>,
    /// How many records it has.
    rows: Memo<usize>,
) -> impl IntoView {
    let page = page();
    let from = RwSignal::new(0_usize);
    let shown = RwSignal::new(Vec::<Vec<Option<String>>>::new());
    let loading = RwSignal::new(true);
    let label = format!("Records of {name}");
    let asked = StoredValue::new(0_u64);
    Effect::new(move || {
        // Read again when another file takes the data set's place.
        let total = rows.get();
        // A shorter one may end before the part that is shown.
        let last_part = total.saturating_sub(1) / PER_PART * PER_PART;
        if from.get() > last_part {
            return from.set(last_part);
        }
        let first = from.get();
        fields.track();
        page.imports.track();
        let name = name.clone();
        loading.set(true);
        asked.update_value(|asked| *asked += 1);
        let mine = asked.get_value();
        spawn_local(async move {
            let part = page.handle().rows(name, first, PER_PART.min(total)).await;
            // A later press has asked for another part by now, or the view is gone.
            if asked.try_get_value() == Some(mine) {
                shown.try_set(part);
                loading.try_set(false);
            }
        });
    });
    let last = move || (from.get() + PER_PART).min(rows.get());
    let range = move || {
        let number = |n: usize| words::grouped(&n.to_string());
        match rows.get() {
            0 => "No records".to_owned(),
            total => format!("{}–{} of {}", number(from.get() + 1), number(last()), number(total)),
        }
    };
    let numeric = move |at: usize| fields.with(|fields| fields.get(at).is_some_and(|field| field.numeric));
    let cell = move |(at, cell): (usize, Option<String>)| {
        let class = if numeric(at) { "numerals number" } else { "" };
        match cell {
            Some(text) => view! { <td class=class>{text}</td> }.into_any(),
            None => {
                view! { <td class=class><span class="soft" aria-label="empty">"—"</span></td> }.into_any()
            }
        }
    };
    let head = move |(at, field): (usize, FieldView)| {
        view! { <th scope="col" class=if numeric(at) { "number" } else { "" }>{field.name}</th> }
    };
    view! {
        <div class="table-scroll" role="region" aria-label=label tabindex="0">
            <table data-testid=testids::ROWS aria-busy=move || loading.get().to_string()>
                <thead>
                    <tr>{move || fields.get().into_iter().enumerate().map(head).collect_view()}</tr>
                </thead>
                <tbody>
                    {move || {
                        let row = |row: Vec<Option<String>>| view! {
                            <tr>{row.into_iter().enumerate().map(cell).collect_view()}</tr>
                        };
                        shown.get().into_iter().map(row).collect_view()
                    }}
                </tbody>
            </table>
        </div>
        <div class="paging">
            <button
                type="button"
                class="quiet"
                data-testid=testids::ROWS_PREVIOUS
                disabled=move || from.get() == 0
                on:click=move |_| from.update(|from| *from = from.saturating_sub(PER_PART))
            >
                "Previous"
            </button>
            <span class="numerals soft" aria-live="polite" data-testid=testids::ROWS_RANGE>
                {range}
            </span>
            <button
                type="button"
                class="quiet"
                data-testid=testids::ROWS_NEXT
                disabled=move || { last() >= rows.get() }
                on:click=move |_| from.update(|from| *from += PER_PART)
            >
                "Next"
            </button>
        </div>
    }
}
