//! Which kind of question is asked.

use super::Filling;
use crate::{form::Template, testids};
use leptos::prelude::*;

/// A small picture of what the answer looks like.
const fn sketch(template: Template) -> &'static str {
    match template {
        Template::Count => "M5 6v12M9 6v12M13 6v12M17 6v12M3 16 19 8",
        Template::Sum => "M17 6H7l6 6-6 6h10",
        Template::Mean => "M4 12h16M7 7.5v.01M12 16.5v.01M17 8v.01M9 16v.01M15 7v.01",
        Template::Spread => "M3 18c5 0 5-12 9-12s4 12 9 12M12 6v12",
        Template::Histogram => "M4 19v-5h4v5zM8 19V9h4v10zM12 19V5h4v14zM16 19v-7h4v7z",
        Template::Group => "M5 5v14M5 7h12M5 12h7M5 17h10",
        Template::Regression => "M4 5v15h16M7 17 19 7",
        Template::Quantile => "M4 12h4M8 8v8h8V8zM12 8v8M16 12h4",
    }
}

/// One tile per kind.
#[component]
pub(super) fn Templates(filling: Filling) -> impl IntoView {
    let tile = move |template: Template| {
        let chosen = move || filling.form.with(|form| form.template == template);
        let choose = move |_| filling.form.update(|form| form.template = template);
        view! {
            <label class="tile" class:chosen=chosen>
                <input type="radio" name="template" class="hidden-input" value=template.name() data-testid=testids::TEMPLATE
                    data-template=template.name() prop:checked=chosen on:change=choose />
                <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
                    <path d=sketch(template) />
                </svg>
                <strong>{template.label()}</strong>
                <span class="soft">{template.explained()}</span>
            </label>
        }
    };
    view! {
        <fieldset class="part">
            <legend>"What do you want to know?"</legend>
            <div class="tiles">{Template::ALL.map(tile).collect_view()}</div>
        </fieldset>
    }
}
