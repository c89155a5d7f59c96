//! One input of the proposal, with its label, its hint and its error.

use super::Filling;
use crate::{
    draft::{Field, Form},
    testids,
};
use leptos::prelude::*;

/// The id of a field's input.
pub(super) fn id(field: Field) -> String {
    format!("propose-{}", field.name())
}

/// The line below an input: the error where there is one, else the hint. Both stand in the same place, so that
/// nothing moves.
#[component]
pub(super) fn Below(filling: Filling, field: Field, hint: &'static str) -> impl IntoView {
    let class = move || if filling.error(field).is_some() { "error" } else { "hint" };
    let testid = move || filling.error(field).map(|_| testids::FIELD_ERROR);
    view! {
        <small id=format!("{}-below", id(field)) class=class data-testid=testid data-field=field.name() aria-live="polite">
            {move || filling.error(field).unwrap_or_else(|| hint.into())}
        </small>
    }
}

/// A line of text or a number.
#[component]
pub(super) fn TextInput(
    /// The form.
    filling: Filling,
    /// Which input.
    field: Field,
    /// Its name for people.
    label: &'static str,
    /// What to know before filling it in.
    hint: &'static str,
    /// Its value in the form.
    get: fn(&Form) -> &String,
    /// Puts a value into the form.
    set: fn(&mut Form, String),
    /// The input's type.
    #[prop(default = "text")]
    kind: &'static str,
    /// Which keyboard a phone shows.
    #[prop(optional, into)]
    inputmode: Option<&'static str>,
    /// Most characters.
    #[prop(optional)]
    maxlength: Option<u32>,
    /// What the browser offers to fill in.
    #[prop(optional, into)]
    suggestions: Option<Signal<Vec<String>>>,
) -> impl IntoView {
    let id = id(field);
    let list = suggestions.map(|_| format!("{id}-list"));
    let below = format!("{id}-below");
    let options = suggestions.map(|suggestions| {
        let option = |name: String| view! { <option value=name></option> };
        view! {
            <datalist id=list.clone()>{move || suggestions.get().into_iter().map(option).collect_view()}</datalist>
        }
    });
    let required = field != Field::Purpose;
    let numeric = (kind == "number").then_some("numeric");
    view! {
        <div>
            <label for=id.clone()>{label}</label>
            <input
                id=id
                type=kind
                list=list
                inputmode=inputmode.or(numeric)
                maxlength=maxlength.map(|max| max.to_string())
                autocomplete="off"
                required=required
                aria-describedby=below
                aria-invalid=move || filling.error(field).map(|_| "true")
                data-testid=testids::FIELD
                data-field=field.name()
                prop:value=move || filling.form.with(|form| get(form).clone())
                on:input=move |event| {
                    let text = event_target_value(&event);
                    filling.form.update(|form| set(form, text));
                    // What was wrong with it may be mended; sending it again tells.
                    if filling.problem.with_untracked(|problem| problem.as_ref().is_some_and(|p| p.field == Some(field))) {
                        filling.problem.set(None);
                    }
                }
            />
            {options}
            <Below filling field hint />
        </div>
    }
}
