//! How answers are protected.

use super::Filling;
use crate::testids;
use leptos::prelude::*;
use vdaf::Scheme;

/// What a scheme is called.
const fn label(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Prio3 => "Every answer is checked",
        Scheme::Rep64 => "Two of three servers are enough",
        Scheme::Additive64 => "The lightest",
    }
}

/// One choice per scheme, the one that fits most questions first.
#[component]
pub(super) fn Schemes(filling: Filling) -> impl IntoView {
    let choice = move |scheme: Scheme| {
        let chosen = move || filling.form.with(|form| form.scheme == scheme.name());
        let choose = move |_| filling.form.update(|form| form.scheme = scheme.name().into());
        view! {
            <label class="check scheme" class:chosen=chosen>
                <input type="radio" name="scheme" value=scheme.name() data-testid=testids::SCHEME
                    data-scheme=scheme.name() prop:checked=chosen on:change=choose />
                <span>
                    <strong>{label(scheme)}</strong> " " <span class="soft">{scheme.name()}</span>
                    <span class="for">{scheme.protects()}</span>
                    <span class="against"><span class="soft">"Not protected: "</span>{scheme.not_protected()}</span>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="part">
            <legend>"How answers are protected"</legend>
            {[Scheme::Prio3, Scheme::Rep64, Scheme::Additive64].map(choice).collect_view()}
        </fieldset>
    }
}
