//! The first screen: what this is for a stranger, and the dashboard of a node that joined.

mod dashboard;
mod welcome;

use super::state::page;
use dashboard::Dashboard;
use leptos::prelude::*;
use welcome::Welcome;

/// The first screen.
#[component]
pub(crate) fn Home() -> impl IntoView {
    let page = page();
    let joined = page.part(|view| view.joined);
    move || match (page.is_known(), joined.get()) {
        (true, true) => view! { <Dashboard /> }.into_any(),
        // The words are there before the node is, so that nothing moves when it comes.
        _ => view! { <Welcome /> }.into_any(),
    }
}
