//! Rules: what is answered without asking.

use super::{
    shell::Heading,
    state::{Doing, page},
};
use crate::{testids, words};
use leptos::{ev::SubmitEvent, prelude::*};
use node::{Command, Rule, RuleView};

/// The view.
#[component]
pub(crate) fn Rules() -> impl IntoView {
    let page = page();
    let rules = page.part(|view| view.rules.clone());
    let doing = Doing::new();
    let remove = move |rule: Rule| {
        doing.run(page, Command::RemoveRule { rule }, move |_| page.say("The rule is deleted."));
    };
    let row = move |RuleView { rule, words: text }: RuleView| {
        let label = format!("Delete the rule: {text}");
        view! {
            <li class="rule" data-testid=testids::RULE>
                <span>{text}</span>
                <button
                    type="button"
                    class="quiet danger"
                    aria-label=label
                    data-testid=testids::RULE_REMOVE
                    on:click=move |_| remove(rule.clone())
                >
                    "Delete"
                </button>
            </li>
        }
    };
    view! {
        <Heading text="Rules" />
        <p class="lead">
            "Questions that fit a rule are answered by your node without asking you. All others wait until you decide."
        </p>
        <section class="group">
            <h2>"In force"</h2>
            <Show
                when=move || !rules.get().is_empty()
                fallback=|| view! { <p class="empty">"None. Your node asks you every time."</p> }
            >
                <ul class="rows">
                    {move || rules.get().into_iter().map(row).collect_view()}
                </ul>
            </Show>
            <p class="error" role="alert">
                {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
            </p>
        </section>
        <NewRule />
    }
}

/// The form for another rule.
#[component]
fn NewRule() -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let dataset = RwSignal::new(String::new());
    let proposer = RwSignal::new(String::new());
    let participants = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let names = page.part(|view| view.datasets.iter().map(|set| set.name.clone()).collect::<Vec<_>>());
    let proposers = page.part(|view| {
        let mut known: Vec<_> = view.tasks.iter().map(|task| task.proposal.proposer.to_string()).collect();
        known.sort();
        known.dedup();
        known
    });
    let rule = move || -> Result<Rule, String> {
        let filled =
            |text: RwSignal<String>| Some(text.get().trim().to_owned()).filter(|text| !text.is_empty());
        let proposer =
            filled(proposer).map(|text| text.parse().map_err(|error: keys::NodeIdError| error.to_string()));
        let min = filled(participants)
            .map(|text| text.parse().map_err(|_| String::from("give a whole number of answers")));
        Ok(Rule {
            proposer: proposer.transpose()?,
            dataset: filled(dataset),
            participants_min: min.transpose()?,
            ..Rule::default()
        })
    };
    let sentence = move || {
        let own = page.peek(|view| Some(view.id));
        match (rule(), own) {
            (Ok(rule), own @ Some(_)) => rule.words(own),
            _ => String::new(),
        }
    };
    let allows_all = move || rule() == Ok(Rule::default());
    let add = move |event: SubmitEvent| {
        event.prevent_default();
        let rule = match untrack(rule) {
            Ok(rule) => rule,
            Err(why) => return problem.set(Some(words::sentence(&why))),
        };
        problem.set(None);
        doing.run(page, Command::AddRule { rule }, move |_| {
            page.say("The rule is in force.");
            for text in [dataset, proposer, participants] {
                text.try_set(String::new());
            }
        });
    };
    let option = |name: String| view! { <option value=name></option> };
    view! {
        <section class="card">
            <h2>"A new rule"</h2>
            <form on:submit=add>
                <div class="fields three">
                    <div>
                        <label for="rule-dataset">"About the data"</label>
                        <input id="rule-dataset" type="text" list="rule-datasets" autocomplete="off" placeholder="any"
                            data-testid=testids::RULE_DATASET bind:value=dataset />
                        <datalist id="rule-datasets">{move || names.get().into_iter().map(option).collect_view()}</datalist>
                    </div>
                    <div>
                        <label for="rule-proposer">"From the proposer"</label>
                        <input id="rule-proposer" type="text" list="rule-proposers" autocomplete="off" spellcheck="false"
                            placeholder="anybody" data-testid=testids::RULE_PROPOSER bind:value=proposer />
                        <datalist id="rule-proposers">{move || proposers.get().into_iter().map(option).collect_view()}</datalist>
                    </div>
                    <div>
                        <label for="rule-participants">"With at least so many answers"</label>
                        <input id="rule-participants" type="number" inputmode="numeric" min="3" step="1" placeholder="3"
                            data-testid=testids::RULE_PARTICIPANTS bind:value=participants />
                    </div>
                </div>
                <p class="sentence">{sentence}</p>
                <p class="soft">
                    {move || if allows_all() {
                        "With no field filled in, the rule approves everything that your data can answer."
                    } else {
                        "All that you fill in must hold. Only data that you keep is ever used."
                    }}
                </p>
                <button type="submit" data-testid=testids::RULE_ADD aria-busy=move || doing.aria()>
                    "Add the rule"
                </button>
                <p class="error" role="alert">
                    {move || problem.get().or(doing.error.get().map(|error| words::sentence(&error.to_string())))}
                </p>
            </form>
        </section>
    }
}
