//! The views, and what they share. Exists only in a browser.

mod approval;
mod banners;
mod browser;
mod computation;
mod computations;
#[cfg(feature = "jobs")]
mod contribute;
mod data;
mod dialog;
mod drop;
#[cfg(feature = "jobs")]
mod graph;
mod home;
mod icon;
#[cfg(feature = "jobs")]
mod jobs;
#[cfg(feature = "jobs")]
mod lending;
#[cfg(feature = "jobs")]
mod machine;
#[cfg(not(feature = "jobs"))]
mod more;
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
