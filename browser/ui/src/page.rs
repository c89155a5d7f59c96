//! Mounts the page into the document.

use leptos::prelude::*;

/// Reports panics on the console and mounts the root view into `body`.
pub(crate) fn start() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(Root);
}

/// The root view.
#[component]
fn Root() -> impl IntoView {
    view! {
        <main class="container">
            <h1>"Formix"</h1>
        </main>
    }
}
