//! A data set's schema: the one that was given, or the one that its records suggest.

use crate::{
    app::{
        browser,
        state::{Doing, page},
    },
    testids, words,
};
use leptos::{html::Input, prelude::*, task::spawn_local};
use node::Command;

/// Longest schema file that is read, in bytes: what a data set takes, and room for white space.
const FILE_BYTES_MAX: f64 = 256.0 * 1024.0;

/// The schema, folded away.
#[component]
pub(super) fn SchemaOf(
    /// The data set.
    name: String,
    /// Whether it was given one.
    given: Memo<bool>,
    /// Told of each edit.
    edits: RwSignal<u64>,
) -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let shown = RwSignal::new(String::new());
    let typed = RwSignal::new(String::new());
    let unread = RwSignal::new(None::<String>);
    let file = NodeRef::<Input>::new();
    let asked = name.clone();
    let open = move |_| {
        let name = asked.clone();
        spawn_local(async move {
            let look = page.handle().look(name, 0, 0, false).await;
            shown.try_set(words::spread(&look.schema));
        });
    };
    let looked = open.clone();
    Effect::new(move || {
        // What the records suggest changes with them.
        edits.track();
        given.track();
        page.imports.track();
        looked(());
    });
    let set = {
        let name = name.clone();
        move |schema: Option<String>, said: &'static str| {
            unread.set(None);
            doing.run(page, Command::SetSchema { name: name.clone(), schema }, move |_| {
                edits.update(|edits| *edits += 1);
                typed.try_set(String::new());
                page.say(said);
            });
        }
    };
    let drop_schema = {
        let set = set.clone();
        move |_| set(None, "The schema is taken away.")
    };
    let save = move |_| set(Some(typed.get_untracked()), "The schema holds from now on.");
    let read = move |_| {
        let Some(chosen) = file.get_untracked().and_then(|input| input.files()?.get(0)) else { return };
        if chosen.size() > FILE_BYTES_MAX {
            return unread.set(Some("The file is too large for a schema.".into()));
        }
        spawn_local(async move {
            match browser::read(&chosen).await.map(String::from_utf8) {
                Ok(Ok(text)) => drop(typed.try_set(text)),
                Ok(Err(_)) => drop(unread.try_set(Some("The file is not text.".into()))),
                Err(why) => drop(unread.try_set(Some(words::sentence(&why)))),
            }
        });
    };
    let error = move || unread.get().or(doing.error.get().map(|error| words::sentence(&error.to_string())));
    let id = format!("schema-{}", codec::ContentId::of(name.as_bytes()).short());
    view! {
        <details class="schema-of" data-testid=testids::SCHEMA data-given=move || given.get().to_string()>
            <summary>
                {move || if given.get() { "Schema" } else { "Schema, as the records suggest it" }}
            </summary>
            <pre tabindex="0" aria-label="The schema">{move || shown.get()}</pre>
            <label for=id.clone()>
                "Give it another: JSON Schema, as Pydantic’s " <code>"model_json_schema()"</code> " or schemars write it"
            </label>
            <textarea id=id class="code" rows="5" spellcheck="false" data-testid=testids::SCHEMA_TEXT bind:value=typed></textarea>
            <p><input node_ref=file type="file" accept=".json,application/json" aria-label="A schema file" on:change=read /></p>
            <p class="actions">
                <button type="button" class="secondary" data-testid=testids::SCHEMA_SAVE aria-busy=move || doing.aria()
                    disabled=move || typed.with(|typed| typed.trim().is_empty()) on:click=save>
                    "Use this schema"
                </button>
                <Show when=move || given.get()>
                    <button type="button" class="quiet danger" data-testid=testids::SCHEMA_DROP on:click=drop_schema.clone()>
                        "Take the schema away"
                    </button>
                </Show>
            </p>
            <p class="error" role="alert" data-testid=testids::SCHEMA_ERROR>{error}</p>
        </details>
    }
}
