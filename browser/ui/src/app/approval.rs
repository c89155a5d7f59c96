//! Approval: what waits for the person, what is answered without asking, how much may be answered, and all that ever was.

mod ledger;
mod limits;
mod new_rule;
mod queue;
mod rules;

use super::shell::Heading;
use ledger::Ledger;
use leptos::prelude::*;
use limits::Limits;
use new_rule::NewRule;
use queue::Queue;
use rules::Rules;

/// The view.
#[component]
pub(crate) fn Approval() -> impl IntoView {
    view! {
        <Heading text="Approval" />
        <p class="lead">
            "Nothing is answered unless you say so here: question by question, or by rules for those that you never mind."
        </p>
        <Queue />
        <Rules />
        <NewRule />
        <Limits />
        <Ledger />
    }
}
