//! One input of the proposal, with its label, its hint and its error.

use super::Filling;
use crate::{form::Input, testids};
use leptos::prelude::*;

/// The id of an input.
pub(super) fn id(input: Input) -> String {
    format!("propose-{}", input.name())
}

/// The line below an input: the error where there is one, else the hint. Both stand in the same place, so that
/// nothing moves but for an expression's caret.
#[component]
pub(super) fn Below(
    /// The form.
    filling: Filling,
    /// Which input.
    input: Input,
    /// What to know before filling it in.
    #[prop(into)]
    hint: Signal<String>,
) -> impl IntoView {
    let problem = Memo::new(move |_| filling.problem_of(input));
    let class = move || if problem.with(Option::is_some) { "error" } else { "hint" };
    let testid = move || problem.with(Option::is_some).then_some(testids::FIELD_ERROR);
    let caret = move || problem.get().and_then(|problem| problem.caret);
    view! {
        <small id=format!("{}-below", id(input)) class=class data-testid=testid data-field=input.name() aria-live="polite">
            {move || problem.get().map_or_else(|| hint.get(), |problem| problem.text)}
        </small>
        // The words above say what is wrong; where it is, a person who sees finds here.
        {move || caret().map(|caret| view! { <pre class="caret" aria-hidden="true">{caret}</pre> })}
    }
}

/// A line of text or a number.
#[component]
pub(super) fn TextInput(
    /// The form.
    filling: Filling,
    /// Which input.
    input: Input,
    /// Its name for people.
    #[prop(into)]
    label: Signal<String>,
    /// What to know before filling it in.
    #[prop(into)]
    hint: Signal<String>,
    /// The input's type.
    #[prop(default = "text")]
    kind: &'static str,
    /// Which keyboard a phone shows.
    #[prop(optional, into)]
    inputmode: Option<&'static str>,
    /// Whether it holds an expression.
    #[prop(optional)]
    code: bool,
    /// Whether it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// What the browser offers to fill in.
    #[prop(optional, into)]
    suggestions: Option<Signal<Vec<String>>>,
) -> impl IntoView {
    let id = id(input);
    let list = suggestions.map(|_| format!("{id}-list"));
    let below = format!("{id}-below");
    let options = suggestions.map(|suggestions| {
        let option = |name: String| view! { <option value=name></option> };
        view! {
            <datalist id=list.clone()>{move || suggestions.get().into_iter().map(option).collect_view()}</datalist>
        }
    });
    let numeric = (kind == "number").then_some("numeric");
    let invalid = Memo::new(move |_| filling.problem_of(input).is_some());
    view! {
        <div>
            <label for=id.clone()>{label}</label>
            <input
                id=id
                type=kind
                class=if code { "code" } else { "" }
                list=list
                inputmode=inputmode.or(numeric)
                maxlength=input.chars_max().to_string()
                autocomplete="off"
                autocapitalize=code.then_some("off")
                spellcheck=code.then_some("false")
                required=!optional
                aria-describedby=below
                aria-invalid=move || invalid.get().then_some("true")
                data-testid=testids::FIELD
                data-field=input.name()
                prop:value=move || filling.form.with(|form| form.text(input).to_owned())
                on:input=move |event| filling.typed(input, &event_target_value(&event))
            />
            {options}
            <Below filling input hint />
        </div>
    }
}
