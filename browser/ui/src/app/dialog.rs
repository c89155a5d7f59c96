//! Asking before something that cannot be undone: the browser's own modal dialog.

use leptos::{html::Dialog, prelude::*};

/// A button that opens a dialog with the consequence in words, and a button in it that goes ahead.
#[component]
pub(crate) fn Confirm(
    /// The words on the button that opens it.
    #[prop(into)]
    label: String,
    /// The question.
    #[prop(into)]
    title: String,
    /// What follows, in full sentences.
    #[prop(into)]
    text: String,
    /// The words on the button that goes ahead.
    #[prop(into)]
    go: String,
    /// The classes of the button that opens it.
    #[prop(default = "quiet danger")]
    class: &'static str,
    /// Names for tests: of the button that opens it, and of the one that goes ahead.
    testids: (&'static str, &'static str),
    /// What to do when the dialog opens.
    #[prop(optional, into)]
    on_open: Option<Callback<()>>,
    /// Whether it may go ahead.
    #[prop(default = true.into(), into)]
    ready: Signal<bool>,
    /// What to do.
    on_go: impl Fn() + 'static,
    /// What stands below the text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            // Refused only where it is open already.
            let _ = dialog.show_modal();
        }
        if let Some(on_open) = on_open {
            on_open.run(());
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let spoken = title.clone();
    view! {
        <button type="button" class=class data-testid=testids.0 on:click=open>
            {label}
        </button>
        <dialog node_ref=dialog aria-label=spoken>
            <article>
                <h2>{title}</h2>
                <p>{text}</p>
                {children.map(|children| children())}
                <footer class="actions">
                    <button type="button" class="secondary" on:click=move |_| close()>
                        "Keep it as it is"
                    </button>
                    <button
                        type="button"
                        class="danger-fill"
                        data-testid=testids.1
                        disabled=move || !ready.get()
                        on:click=move |_| {
                            close();
                            on_go();
                        }
                    >
                        {go}
                    </button>
                </footer>
            </article>
        </dialog>
    }
}
