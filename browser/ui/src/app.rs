//! The views, and what they share. Exists only in a browser.

mod approval;
mod banners;
mod browser;
mod computation;
mod computations;
mod contribute;
mod data;
mod dialog;
mod drop;
mod home;
mod icon;
mod jobs;
mod lending;
mod network;
mod plot;
mod propose;
mod ring;
mod shell;
mod state;
mod theme;

/// Reports panics on the console, mounts the page into the document and starts the node.
pub fn start() {
    console_error_panic_hook::set_once();
    if let Some(placeholder) = leptos::prelude::document().get_element_by_id("starting") {
        placeholder.remove();
    }
    leptos::mount::mount_to_body(shell::Shell);
}
