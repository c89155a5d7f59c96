//! A data set's records, one part at a time, and the way to each.

use super::record::{Editor, Open};
use crate::{app::state::page, testids, words};
use leptos::{prelude::*, task::spawn_local};
use node::RecordView;
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
    /// How many of them do not fit its schema.
    unfit: Memo<usize>,
    /// Told of each edit.
    edits: RwSignal<u64>,
) -> impl IntoView {
    let page = page();
    let from = RwSignal::new(0_usize);
    let only_unfit = RwSignal::new(false);
    let shown = RwSignal::new(Vec::<RecordView>::new());
    let loading = RwSignal::new(true);
    let open = RwSignal::new(None::<Open>);
    let label = format!("Records of {name}");
    let asked = StoredValue::new(0_u64);
    // Where the last of them is mended, all are shown again.
    let filtered = Memo::new(move |_| only_unfit.get() && unfit.get() > 0);
    let total = Memo::new(move |_| if filtered.get() { unfit.get() } else { rows.get() });
    let of = name.clone();
    Effect::new(move || {
        // Read again when another file takes the data set's place.
        let (total, unfit) = (total.get(), filtered.get());
        // A shorter one may end before the part that is shown.
        let last_part = total.saturating_sub(1) / PER_PART * PER_PART;
        if from.get() > last_part {
            return from.set(last_part);
        }
        let first = from.get();
        fields.track();
        page.imports.track();
        edits.track();
        let name = of.clone();
        loading.set(true);
        asked.update_value(|asked| *asked += 1);
        let mine = asked.get_value();
        spawn_local(async move {
            let part = page.handle().look(name, first, PER_PART.min(total), unfit).await;
            // A later press has asked for another part by now, or the view is gone.
            if asked.try_get_value() == Some(mine) {
                shown.try_set(part.records);
                loading.try_set(false);
            }
        });
    });
    let last = move || (from.get() + PER_PART).min(total.get());
    let range = move || {
        let number = |n: usize| words::grouped(&n.to_string());
        match total.get() {
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
    let row = move |record: RecordView| {
        let number = words::grouped(&(record.row + 1).to_string());
        let fits = record.violations.is_empty();
        let whole = Open::of(&record);
        let columns = record.cells.len() + 1;
        let violations = (!fits).then(|| {
            let why = |why: &String| view! { <li>{words::sentence(why)}</li> };
            view! {
                <tr class="violations">
                    <td colspan=columns.to_string()>
                        <ul>{record.violations.iter().map(why).collect_view()}</ul>
                    </td>
                </tr>
            }
        });
        view! {
            <tr class=if fits { "" } else { "unfit" } data-testid=testids::RECORD data-row=record.row.to_string() data-fits=fits.to_string()>
                {record.cells.into_iter().enumerate().map(cell).collect_view()}
                <td class="act">
                    <button type="button" class="quiet" aria-label=format!("Edit record {number}") data-testid=testids::RECORD_EDIT
                        on:click=move |_| open.set(Some(whole.clone()))>
                        "Edit"
                    </button>
                </td>
            </tr>
            {violations}
        }
    };
    let add = move |_| {
        let names: Vec<String> =
            fields.with_untracked(|fields| fields.iter().map(|field| field.name.clone()).collect());
        open.set(Some(Open::empty(&names)));
    };
    view! {
        <div class="table-scroll" role="region" aria-label=label tabindex="0">
            <table data-testid=testids::ROWS aria-busy=move || loading.get().to_string()>
                <thead>
                    <tr>
                        {move || fields.get().into_iter().enumerate().map(head).collect_view()}
                        <th scope="col"><span class="hidden">"Edit"</span></th>
                    </tr>
                </thead>
                <tbody>{move || shown.get().into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
        <div class="under-table">
            <button type="button" class="quiet" data-testid=testids::RECORD_ADD on:click=add>
                "Add a record"
            </button>
            <Show when=move || { unfit.get() > 0 }>
                <label class="check">
                    <input type="checkbox" data-testid=testids::ONLY_UNFIT
                        prop:checked=move || only_unfit.get()
                        on:change=move |event| only_unfit.set(event_target_checked(&event)) />
                    <span>
                        "Only the " {move || words::grouped(&unfit.get().to_string())} " that do not fit the schema"
                    </span>
                </label>
            </Show>
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
                    disabled=move || { last() >= total.get() }
                    on:click=move |_| from.update(|from| *from += PER_PART)
                >
                    "Next"
                </button>
            </div>
        </div>
        <Editor name open edits />
    }
}
