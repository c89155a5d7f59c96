//! When a computation closes: in some minutes, or at a day and time.

use super::{
    Filling,
    input::{Below, id},
    set_closes,
};
use crate::{
    app::{browser, state::clock},
    draft::{Closes, Field},
    testids,
};
use leptos::prelude::*;

/// The two ways to say it.
#[component]
pub(super) fn Deadline(filling: Filling) -> impl IntoView {
    let form = filling.form;
    let at_moment = Memo::new(move |_| form.with(|form| matches!(form.closes, Closes::At(_))));
    let invalid = move || filling.error(Field::Deadline).map(|_| "true");
    let switch = move |event| {
        let closes = if event_target_value(&event) == "at" {
            // A day from now, as something to start from.
            Closes::At(browser::parse_local(&browser::to_local_input(clock().plus_ms(86_400_000))))
        } else {
            Closes::InMinutes("10".into())
        };
        filling.problem.set(None);
        set_closes(form, closes);
    };
    let minutes = move || match form.get().closes {
        Closes::InMinutes(text) => text,
        Closes::At(_) => String::new(),
    };
    let moment = move || match form.get().closes {
        Closes::At(Some(moment)) => browser::to_local_input(moment),
        _ => String::new(),
    };
    let below = format!("{}-below", id(Field::Deadline));
    let below_too = below.clone();
    view! {
        <div>
            <label for=id(Field::Deadline)>"It closes"</label>
            <div class="joined">
                <select aria-label="How the deadline is given" data-testid=testids::FIELD data-field="deadline_kind" on:change=switch>
                    <option value="in">"in minutes"</option>
                    <option value="at">"at"</option>
                </select>
                <Show
                    when=move || at_moment.get()
                    fallback=move || view! {
                        <input id=id(Field::Deadline) type="number" inputmode="decimal" min="0.1" step="any" required
                            aria-describedby=below.clone() aria-invalid=invalid
                            data-testid=testids::FIELD data-field="deadline"
                            prop:value=minutes
                            on:input=move |event| set_closes(form, Closes::InMinutes(event_target_value(&event))) />
                    }
                >
                    <input id=id(Field::Deadline) type="datetime-local" required
                        aria-describedby=below_too.clone() aria-invalid=invalid
                        data-testid=testids::FIELD data-field="deadline"
                        prop:value=moment
                        on:change=move |event| set_closes(form, Closes::At(browser::parse_local(&event_target_value(&event)))) />
                </Show>
            </div>
            <Below filling field=Field::Deadline hint="By the heavy nodes’ clocks, up to 90 days ahead." />
        </div>
    }
}
