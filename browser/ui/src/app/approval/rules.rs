//! The rules in force.

use crate::{
    app::state::{Doing, page},
    testids, words,
};
use leptos::prelude::*;
use node::{Command, RuleView};
use privacy::Verdict;

/// The rules, in the order in which they are tried.
#[component]
pub(super) fn Rules() -> impl IntoView {
    let page = page();
    let rules = page.part(|view| view.rules.clone());
    let doing = Doing::new();
    let remove = move |rule: &RuleView| {
        let command = Command::RemoveRule { rule: rule.rule.clone() };
        doing.run(page, command, move |_| page.say("The rule is deleted."));
    };
    let row = move |rule: RuleView| {
        let label = format!("Delete the rule: {}", rule.words);
        let declines = rule.rule.verdict == Verdict::Decline;
        view! {
            <li class="rule" data-testid=testids::RULE>
                <span>
                    {declines.then(|| view! { <span class="tag" data-phase="no-total">"Declines"</span> " " })}
                    {rule.words.clone()}
                </span>
                <button
                    type="button"
                    class="quiet danger"
                    aria-label=label
                    data-testid=testids::RULE_REMOVE
                    on:click=move |_| remove(&rule)
                >
                    "Delete"
                </button>
            </li>
        }
    };
    view! {
        <section class="group">
            <h2>"Rules"</h2>
            <Show
                when=move || !rules.get().is_empty()
                fallback=|| view! { <p class="empty">"None. Your node asks you every time."</p> }
            >
                <ul class="rows">{move || rules.get().into_iter().map(row).collect_view()}</ul>
                <p class="soft">"The first rule that fits answers. One that declines beats all that answer."</p>
            </Show>
            <p class="error" role="alert">
                {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
            </p>
        </section>
    }
}
