//! Adding a file: dropped or chosen, named, taken or refused with the place of the error.

use crate::{
    app::{
        browser,
        drop::Drop,
        icon::Shape,
        state::{Doing, page},
    },
    testids, words,
};
use leptos::prelude::*;
use node::{Command, CommandError, Reply};
use vault::{IMPORT_BYTES_MAX, ImportError, NAME_CHARS_MAX};
use web_sys::File;

/// Where files go.
#[component]
pub(super) fn Import() -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    // The file itself waits for its name; its bytes stay where they are until then.
    let chosen = RwSignal::new_local(None::<File>);
    let name = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let done = RwSignal::new(None::<String>);

    let take = move |file: File| {
        done.set(None);
        problem.set(None);
        doing.error.set(None);
        let len = file.size() as usize;
        if len > IMPORT_BYTES_MAX {
            // Not even read: the tab would hold all of it.
            problem.set(Some(ImportError::TooLarge { len }.to_string()));
            return;
        }
        name.set(words::stem(&file.name()));
        chosen.set(Some(file));
        request_animation_frame(|| browser::focus("dataset-name"));
    };
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(file) = chosen.get_untracked() else { return };
        let name = name.get_untracked().trim().to_owned();
        let told = name.clone();
        problem.set(None);
        let command = async move {
            let bytes = browser::read(&file).await.map_err(|why| CommandError::Import { why })?;
            Ok(Command::Import { name, bytes })
        };
        doing.run_made(page, command, move |reply| {
            page.imports.update(|imports| *imports += 1);
            chosen.try_set(None);
            if let Reply::Imported { rows } = reply {
                let text = format!("Added {} as “{told}”.", words::count(rows as u64, "record"));
                page.say(text.clone());
                done.try_set(Some(text));
            }
        });
    };
    let error = move || {
        let refused = doing.error.get().map(|error| error.to_string());
        problem.get().or(refused).map(|why| words::sentence(&why))
    };
    let replaces = page.part(|view| view.datasets.iter().map(|set| set.name.clone()).collect::<Vec<_>>());
    let naming = move || {
        let file = chosen.with(|chosen| chosen.as_ref().map(File::name)).unwrap_or_default();
        let taken = move || replaces.with(|names| names.iter().any(|known| *known == name.get().trim()));
        view! {
            <form class="card naming" on:submit=add>
                <label for="dataset-name">"What is the data in " <strong>{file}</strong> " called?"</label>
                <div class="with-button">
                    <input
                        id="dataset-name"
                        type="text"
                        required
                        autocomplete="off"
                        maxlength=NAME_CHARS_MAX.to_string()
                        aria-describedby="dataset-name-hint"
                        data-testid=testids::DATASET_NAME
                        bind:value=name
                    />
                    <button type="submit" data-testid=testids::IMPORT aria-busy=move || doing.aria()>
                        "Add"
                    </button>
                    <button type="button" class="secondary" on:click=move |_| chosen.set(None)>
                        "Cancel"
                    </button>
                </div>
                <small id="dataset-name-hint">
                    {move || if taken() {
                        "You keep data of this name already; this file takes its place."
                    } else {
                        "Questions ask for data by name: use the one that your group has agreed on."
                    }}
                </small>
            </form>
        }
    };
    view! {
        <Drop
            id="file"
            shape=Shape::Table
            accept=".csv,.json,.jsonl,.ndjson,.tsv,.txt,text/csv,application/json"
            hint="CSV with a header line, or JSON records. Up to 16 MiB."
            testid=testids::FILE
            on_file=take
        />
        <Show when=move || chosen.with(Option::is_some)>{naming}</Show>
        <div role="alert" data-testid=testids::IMPORT_ERROR>
            {move || error().map(|text| view! {
                <p class="banner" data-kind="failed">
                    <strong>"Not added. "</strong>
                    {text}
                </p>
            })}
        </div>
        <p class="done">{move || done.get()}</p>
    }
}
