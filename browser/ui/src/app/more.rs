//! In place of the views of jobs, in the program that has none: it has the page load the one that has.
//!
//! Most people who come to answer one question never go there, so they need not wait for those views. Who did once gets them at once from then on:
//! the page's loader (`tests/xtask/src/page.rs`) looks for the same word in the browser's storage.

use super::{browser, shell::Heading, state::page};
use leptos::prelude::*;

/// Loads the page again, with those views.
#[component]
pub(crate) fn More() -> impl IntoView {
    browser::remember(browser::WANTS_JOBS, "goes");
    // Where the browser keeps nothing, the loader sees it in the address, as long as that is written as the loader knows it: else the page would load
    // again and again.
    let (location, href) = (window().location(), page().route.get_untracked().href());
    let loads = location.set_hash(&href).is_ok() && location.reload().is_ok();
    let words = match loads {
        true => "Loading this part of the page.",
        false => "Please reload the page: this part of it was not loaded yet.",
    };
    view! {
        <Heading text="Formix" />
        <p aria-busy=loads.to_string()>{words}</p>
    }
}
