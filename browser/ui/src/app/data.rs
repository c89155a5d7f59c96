//! The person's own records: add, look at, delete.

mod import;
mod record;
mod schema;
mod table;

use super::{
    dialog::Confirm,
    shell::Heading,
    state::{Doing, page},
};
use crate::{testids, words};
use import::Import;
use leptos::prelude::*;
use node::{Command, light::DatasetView};
use schema::SchemaOf;
use table::Table;

/// The view.
#[component]
pub(crate) fn Data() -> impl IntoView {
    let page = page();
    let names = page.part(|view| view.datasets.iter().map(|set| set.name.clone()).collect::<Vec<_>>());
    view! {
        <Heading text="My data" />
        <p class="lead">"Kept in this browser, on this device, not encrypted. No record is ever sent."</p>
        <Import />
        <Show when=move || page.is_known() && names.get().is_empty()>
            <section class="empty">
                <p>"You keep no data yet. A table with one record per line is all it takes."</p>
            </section>
        </Show>
        <For each=move || names.get() key=Clone::clone let:name>
            <Dataset name />
        </For>
    }
}

/// One data set.
#[component]
fn Dataset(
    /// Its name.
    name: String,
) -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let sought = name.clone();
    let set = page.part(move |view| view.datasets.iter().find(|set| set.name == sought).cloned());
    let rows = Memo::new(move |_| set.get().map_or(0, |set| set.rows));
    let unfit = Memo::new(move |_| set.get().map_or(0, |set| set.unfit));
    let schema_given = Memo::new(move |_| set.get().is_some_and(|set| set.schema_given));
    let edits = RwSignal::new(0_u64);
    let fields = Memo::new(move |_| set.get().map(|set: DatasetView| set.fields).unwrap_or_default());
    let question = format!("Delete “{name}”?");
    let remove = {
        let name = name.clone();
        move || doing.run(page, Command::Remove { name: name.clone() }, |_| ())
    };
    let field = |field: vault::FieldView| {
        let kind = if field.numeric { "number" } else { "text" };
        let missing =
            (field.missing > 0).then(|| format!(", {} empty", words::grouped(&field.missing.to_string())));
        view! {
            <li class=if field.numeric { "chip number" } else { "chip" }>
                {field.name.clone()} " " <span class="soft">{kind} {missing}</span>
            </li>
        }
    };
    view! {
        <section class="card dataset" data-testid=testids::DATASET data-name=name.clone() data-rows=move || rows.get().to_string() data-unfit=move || unfit.get().to_string()>
            <header>
                <div>
                    <h2>{name.clone()}</h2>
                    <p class="soft numerals">
                        {move || words::count(rows.get() as u64, "record")} ", " {move || words::count(fields.get().len() as u64, "field")}
                    </p>
                </div>
                <Confirm
                    label="Delete"
                    title=question
                    text="The records are removed from this browser. The file that they came from is not touched, and answers already given stay given."
                    go="Delete it"
                    testids=(testids::REMOVE, testids::REMOVE_CONFIRM)
                    on_go=remove
                />
            </header>
            <ul class="chips" aria-label="Fields">
                {move || fields.get().into_iter().map(field).collect_view()}
            </ul>
            <Table name=name.clone() fields rows unfit edits />
            <SchemaOf name=name.clone() given=schema_given edits />
            <p class="error" role="alert">
                {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
            </p>
        </section>
    }
}
