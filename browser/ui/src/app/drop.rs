//! A place for a file: dropped there or chosen.

use super::icon::{Icon, Shape};
use leptos::{ev::DragEvent, html::Input, prelude::*};
use web_sys::{File, FileList};

/// The place.
#[component]
pub(crate) fn Drop(
    /// The id of its input.
    id: &'static str,
    /// What stands above the words.
    shape: Shape,
    /// The words on what chooses a file.
    #[prop(default = "Choose a file".into(), into)]
    label: Signal<String>,
    /// The endings and media types that are offered first.
    accept: &'static str,
    /// What to know about the file.
    #[prop(into)]
    hint: Signal<String>,
    /// Its name for tests.
    testid: &'static str,
    /// What to do with a file.
    on_file: impl Fn(File) + Copy + 'static,
) -> impl IntoView {
    let over = RwSignal::new(false);
    let input = NodeRef::<Input>::new();
    let take = move |files: Option<FileList>| {
        if let Some(file) = files.and_then(|files| files.get(0)) {
            on_file(file);
        }
    };
    let on_change = move |_| {
        if let Some(input) = input.get_untracked() {
            take(input.files());
            // So that the same file, mended, may be chosen again.
            input.set_value("");
        }
    };
    let on_drop = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        take(event.data_transfer().and_then(|transfer| transfer.files()));
    };
    let on_over = move |event: DragEvent| {
        event.prevent_default();
        over.set(true);
    };
    view! {
        <div
            class="drop"
            class:over=move || over.get()
            on:dragover=on_over
            on:dragleave=move |_| over.set(false)
            on:drop=on_drop
        >
            <Icon shape />
            <p>
                <label class="file-button" for=id>
                    {label}
                </label>
                " or drop one here"
            </p>
            <input
                node_ref=input
                id=id
                class="hidden-input"
                type="file"
                accept=accept
                data-testid=testid
                on:change=on_change
            />
            <p class="soft">{hint}</p>
        </div>
    }
}
