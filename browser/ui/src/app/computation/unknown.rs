//! A computation that this node has not heard of.

use crate::{
    app::{
        shell::{Heading, links_up},
        state::{Doing, page},
    },
    route::Route,
    testids, words,
};
use leptos::prelude::*;
use node::Command;
use std::time::Duration;

/// How long a heavy node may take to tell of a computation that it knows.
const PATIENCE: Duration = Duration::from_secs(8);

/// Why it is not here, and what can be done.
#[component]
pub(super) fn Unknown() -> impl IntoView {
    let page = page();
    let left = Memo::new(move |_| page.is_known() && !page.joined());
    view! {
        <Show when=move || left.get() fallback=|| view! { <Looking /> }>
            <NotJoined />
        </Show>
    }
}

/// Nobody tells a node of anything that is not connected.
#[component]
fn NotJoined() -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    view! {
        <Heading text="Join to see this computation" />
        <p class="lead">
            "Your node is not part of the network, so nobody has told it of this computation. Joining tells the heavy nodes that it is here, and nothing else until you or a rule of yours says yes."
        </p>
        <p class="actions">
            <button
                type="button"
                class="big"
                data-testid=testids::JOIN
                aria-busy=move || doing.aria()
                on:click=move |_| doing.run(page, Command::Join, |_| ())
            >
                "Join"
            </button>
        </p>
        <p class="error" role="alert">
            {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
        </p>
    }
}

/// Waits for a heavy node's word, for a while.
#[component]
fn Looking() -> impl IntoView {
    let page = page();
    let up = links_up(page);
    let late = RwSignal::new(false);
    if let Ok(timer) = set_timeout_with_handle(move || late.set(true), PATIENCE) {
        on_cleanup(move || timer.clear());
    }
    let words = move || match (late.get(), up.get()) {
        (false, _) => ("Looking for this computation", "It appears as soon as a heavy node tells of it."),
        (true, 0) => (
            "Not connected yet",
            "No heavy node can be reached, so nobody tells of this computation. Your node tries again by itself.",
        ),
        (true, _) => (
            "This computation is unknown here",
            "No heavy node tells of it. It may have ended some time ago, or its address is not complete.",
        ),
    };
    view! {
        <Heading text=Signal::derive(move || words().0.to_owned()) />
        <p class="lead" aria-busy=move || (!late.get()).to_string()>
            {move || words().1}
        </p>
        <Show when=move || late.get()>
            <p class="actions">
                <a role="button" class="secondary" href=Route::Computations.href()>
                    "All computations"
                </a>
            </p>
        </Show>
    }
}
