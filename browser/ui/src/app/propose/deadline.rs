//! When a computation closes: in some minutes, or at a day and time.

use super::{
    Filling,
    input::{Below, id},
};
use crate::{
    app::{browser, state::clock},
    form::{Closes, Input},
    testids,
};
use leptos::prelude::*;

/// The two ways to say it.
#[component]
pub(super) fn Deadline(filling: Filling) -> impl IntoView {
    let form = filling.form;
    let set_closes = move |closes| {
        filling.mended(Input::Deadline);
        form.update(|form| form.closes = closes);
    };
    let at_moment = Memo::new(move |_| form.with(|form| matches!(form.closes, Closes::At(_))));
    let invalid = move || filling.problem_of(Input::Deadline).map(|_| "true");
    let switch = move |event| {
        set_closes(if event_target_value(&event) == "at" {
            // A day from now, as something to start from.
            Closes::At(browser::parse_local(&browser::to_local_input(clock().plus_ms(86_400_000))))
        } else {
            Closes::InMinutes("10".into())
        });
    };
    let minutes = move || match form.get().closes {
        Closes::InMinutes(text) => text,
        Closes::At(_) => String::new(),
    };
    let moment = move || match form.get().closes {
        Closes::At(Some(moment)) => browser::to_local_input(moment),
        _ => String::new(),
    };
    let below = format!("{}-below", id(Input::Deadline));
    let below_too = below.clone();
    view! {
        <div>
            <label for=id(Input::Deadline)>"It closes"</label>
            <div class="joined">
                <select aria-label="How the deadline is given" data-testid=testids::FIELD data-field="deadline_kind"
                    prop:value=move || if at_moment.get() { "at" } else { "in" } on:change=switch>
                    <option value="in">"in minutes"</option>
                    <option value="at">"at"</option>
                </select>
                <Show
                    when=move || at_moment.get()
                    fallback=move || view! {
                        <input id=id(Input::Deadline) type="number" inputmode="decimal" min="0.1" step="any" required
                            aria-describedby=below.clone() aria-invalid=invalid
                            data-testid=testids::FIELD data-field="deadline"
                            prop:value=minutes
                            on:input=move |event| set_closes(Closes::InMinutes(event_target_value(&event))) />
                    }
                >
                    <input id=id(Input::Deadline) type="datetime-local" required
                        aria-describedby=below_too.clone() aria-invalid=invalid
                        data-testid=testids::FIELD data-field="deadline"
                        prop:value=moment
                        on:change=move |event| set_closes(Closes::At(browser::parse_local(&event_target_value(&event)))) />
                </Show>
            </div>
            <Below filling input=Input::Deadline hint="By the heavy nodes’ clocks, up to 90 days ahead." />
        </div>
    }
}
