//! Light and dark: the system's choice, until the person makes their own.

use super::{
    browser::{remember, remembered},
    icon::{Icon, Shape},
};
use crate::testids;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::MediaQueryListEvent;

const KEY: &str = "formix-theme";

/// The button that switches between light and dark.
#[component]
pub(crate) fn ThemeToggle() -> impl IntoView {
    let chosen = remembered(KEY).filter(|theme| theme == "light" || theme == "dark");
    let system_dark = window()
        .match_media("(prefers-color-scheme: dark)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches());
    let dark = RwSignal::new(chosen.as_deref().map_or(system_dark, |theme| theme == "dark"));
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
    let follow = Closure::<dyn Fn(MediaQueryListEvent)>::new(move |event: MediaQueryListEvent| {
        if remembered(KEY).is_none() {
            dark.set(event.matches());
        }
    });
    if let Ok(Some(query)) = window().match_media("(prefers-color-scheme: dark)") {
        query.set_onchange(Some(follow.as_ref().unchecked_ref()));
        // The query and its handler are there as long as the page is.
        let _ = StoredValue::new_local((query, follow));
    }
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
