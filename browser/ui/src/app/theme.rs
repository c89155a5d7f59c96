//! Light and dark: the system's choice, until the person makes their own.

use super::{
    browser::{follow_media, remember, remembered},
    icon::{Icon, Shape},
};
use crate::testids;
use leptos::prelude::*;

const KEY: &str = "formix-theme";

/// The button that switches between light and dark.
#[component]
pub(crate) fn ThemeToggle() -> impl IntoView {
    let chosen = remembered(KEY).filter(|theme| theme == "light" || theme == "dark");
    let dark = RwSignal::new(chosen.as_deref() == Some("dark"));
    let name = |dark: bool| if dark { "dark" } else { "light" };
    let apply = move |dark: bool| {
        if let Some(root) = document().document_element() {
            // An attribute of a plain name is never refused.
            let _ = root.set_attribute("data-theme", name(dark));
        }
    };
    // Without a choice of the person's, the style sheet follows the system by itself.
    if chosen.is_some() {
        apply(dark.get_untracked());
    }
    // Until the person chooses, the button follows the system too.
    follow_media("(prefers-color-scheme: dark)", move |matches| {
        if remembered(KEY).is_none() {
            dark.set(matches);
        }
    });
    let switch = move |_| {
        dark.update(|dark| *dark = !*dark);
        remember(KEY, name(dark.get_untracked()));
        apply(dark.get_untracked());
    };
    let label = move || if dark.get() { "Switch to light colours" } else { "Switch to dark colours" };
    view! {
        <button
            type="button"
            class="quiet icon-button"
            aria-label=label
            title=label
            data-testid=testids::THEME
            data-theme-now=move || name(dark.get())
            on:click=switch
        >
            {move || view! { <Icon shape=if dark.get() { Shape::Sun } else { Shape::Moon } /> }}
        </button>
    }
}
