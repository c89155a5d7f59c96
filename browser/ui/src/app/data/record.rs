//! One record, to look at whole, to mend and to delete.

use crate::{
    app::state::{Doing, page},
    testids, words,
};
use leptos::{html::Dialog, prelude::*};
use node::{Command, RecordView, Reply};

/// The record that is open: its row, or none for one that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    row: Option<usize>,
    text: String,
    violations: Vec<String>,
}

impl Open {
    /// A record that is there.
    pub(super) fn of(record: &RecordView) -> Self {
        Self {
            row: Some(record.row),
            text: words::spread(&record.json),
            violations: record.violations.clone(),
        }
    }

    /// An empty one with these fields.
    pub(super) fn empty(fields: &[String]) -> Self {
        let field = |name: &String| format!("{}:null", serde_json::to_string(name).unwrap_or_default());
        let json = format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","));
        Self { row: None, text: words::spread(&json), violations: Vec::new() }
    }
}

/// The dialog with the record that is open. It closes once that is kept or deleted.
#[component]
pub(super) fn Editor(
    /// The data set.
    name: String,
    /// Which is open.
    open: RwSignal<Option<Open>>,
    /// Told of each edit.
    edits: RwSignal<u64>,
) -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let dialog = NodeRef::<Dialog>::new();
    let text = RwSignal::new(String::new());
    let violations = RwSignal::new(Vec::<String>::new());
    Effect::new(move || {
        let (Some(dialog), opened) = (dialog.get(), open.get()) else { return };
        match opened {
            Some(record) => {
                text.set(record.text);
                violations.set(record.violations);
                doing.error.set(None);
                // Refused only where it is open already.
                let _ = dialog.show_modal();
            }
            None => dialog.close(),
        }
    });
    let row = move || open.with(|open| open.as_ref().and_then(|open| open.row));
    let is_new = move || open.with(|open| open.as_ref().is_some_and(|open| open.row.is_none()));
    let title = move || match row() {
        Some(row) => format!("Record {}", words::grouped(&(row + 1).to_string())),
        None => "A new record".into(),
    };
    let (save_name, remove_name) = (name.clone(), name);
    let save = move |_| {
        let row = untrack(row);
        let command = Command::PutRecord { name: save_name.clone(), row, record: text.get_untracked() };
        doing.run(page, command, move |reply| {
            edits.update(|edits| *edits += 1);
            let left = match reply {
                Reply::Edited { violations } => violations,
                _ => Vec::new(),
            };
            page.say(if left.is_empty() {
                "The record is kept."
            } else {
                "The record is kept, and does not fit."
            });
            open.try_set(None);
        });
    };
    let remove = move |_| {
        let Some(row) = untrack(row) else { return };
        let command = Command::RemoveRecord { name: remove_name.clone(), row };
        doing.run(page, command, move |_| {
            edits.update(|edits| *edits += 1);
            page.say("The record is deleted.");
            open.try_set(None);
        });
    };
    view! {
        <dialog node_ref=dialog aria-label=title on:close=move |_| open.set(None)>
            <article class="record">
                <h2>{title}</h2>
                <Show when=move || !violations.with(Vec::is_empty)>
                    <p class="error">"It does not fit the schema, so nothing counts it:"</p>
                    <ul class="error">
                        {move || violations.get().into_iter().map(|why| view! { <li>{words::sentence(&why)}</li> }).collect_view()}
                    </ul>
                </Show>
                <textarea class="code" rows="10" spellcheck="false" aria-label="The record in JSON"
                    data-testid=testids::RECORD_TEXT bind:value=text></textarea>
                <p class="error" role="alert" data-testid=testids::RECORD_ERROR>
                    {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
                </p>
                <footer class="actions">
                    <button type="button" class="secondary" on:click=move |_| open.set(None)>"Cancel"</button>
                    <button type="button" class="quiet danger" hidden=is_new data-testid=testids::RECORD_REMOVE on:click=remove>
                        "Delete it"
                    </button>
                    <button type="button" data-testid=testids::RECORD_SAVE aria-busy=move || doing.aria() on:click=save>
                        "Keep it"
                    </button>
                </footer>
            </article>
        </dialog>
    }
}
