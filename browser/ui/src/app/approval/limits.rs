//! How much may be answered at most, by whatever rule.

use crate::{
    app::state::{Doing, page},
    consent::{self, Counted, RuleInput, RuleProblem},
    testids, words,
};
use leptos::{ev::SubmitEvent, prelude::*};
use node::Command;
use privacy::{Limit, LimitUse};

/// The limits, how far each is used, and a new one.
#[component]
pub(super) fn Limits() -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let limits = page.part(|view| view.ledger.limits.clone());
    let set = move |limits: Vec<Limit>, said: &'static str| match privacy::Limits::new(limits) {
        Ok(limits) => doing.run(page, Command::SetLimits { limits }, move |_| page.say(said)),
        Err(error) => page.say(words::sentence(&error.to_string())),
    };
    let all = move || limits.get_untracked().into_iter().map(|standing| standing.limit).collect::<Vec<_>>();
    let remove = move |limit: &Limit| {
        let rest = all().into_iter().filter(|other| other != limit).collect();
        set(rest, "The limit is deleted.");
    };
    let row = move |standing: LimitUse| {
        let in_words = words::sentence(&standing.words);
        let label = format!("Delete the limit: {in_words}");
        let (max, used) = (standing.limit.answers, standing.used);
        let limit = standing.limit.clone();
        view! {
            <li class="rule" data-testid=testids::LIMIT data-used=used.to_string() data-max=max.to_string()>
                <span class="row-main">
                    <span>{in_words.clone()}</span>
                    <span class="soft">{consent::used(&standing)}</span>
                    <progress aria-label=in_words max=max.max(1).to_string()
                        prop:value=used.min(u64::from(max.max(1))) as f64></progress>
                </span>
                <button type="button" class="quiet danger" aria-label=label data-testid=testids::LIMIT_REMOVE
                    on:click=move |_| remove(&limit)>
                    "Delete"
                </button>
            </li>
        }
    };
    view! {
        <section class="group">
            <h2>"Limits"</h2>
            <p class="soft">
                "Many results about the same thing can say much about you, even if each alone does not. Over a limit, nothing is answered, by rule or by hand."
            </p>
            <Show
                when=move || !limits.get().is_empty()
                fallback=|| view! { <p class="empty">"None. Whatever you or a rule approves is answered."</p> }
            >
                <ul class="rows">{move || limits.get().into_iter().map(row).collect_view()}</ul>
            </Show>
            <NewLimit on_add=move |limit| {
                let mut limits = all();
                limits.push(limit);
                set(limits, "The limit holds from now on.");
            } />
            <p class="error" role="alert">
                {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
            </p>
        </section>
    }
}

/// The form for a new limit.
#[component]
fn NewLimit(
    /// What to do with it.
    on_add: impl Fn(Limit) + Copy + 'static,
) -> impl IntoView {
    let page = page();
    let fields = page.part(|view| {
        let sets = view.datasets.iter();
        sets.flat_map(|set| set.fields.iter().map(|field| (set.name.clone(), field.name.clone())))
            .take(FIELDS_MAX)
            .collect::<Vec<_>>()
    });
    let counted = RwSignal::new(Counted::EachField);
    let (answers, days) = (RwSignal::new("10".to_owned()), RwSignal::new("30".to_owned()));
    let problem = RwSignal::new(None::<RuleProblem>);
    let choose = move |event| {
        counted.set(match event_target_value(&event).as_str() {
            "each-proposer" => Counted::EachProposer,
            "all" => Counted::All,
            value => {
                match value.parse().ok().and_then(|at: usize| fields.get_untracked().into_iter().nth(at)) {
                    Some((dataset, field)) => Counted::Field(dataset, field),
                    None => Counted::EachField,
                }
            }
        });
    };
    let add = move |event: SubmitEvent| {
        event.prevent_default();
        match consent::limit(&counted.get_untracked(), &answers.get_untracked(), &days.get_untracked()) {
            Ok(limit) => {
                problem.set(None);
                on_add(limit);
            }
            Err(wrong) => problem.set(Some(wrong)),
        }
    };
    let wrong =
        move |input: RuleInput| move || problem.get().filter(|(wrong, _)| *wrong == input).map(|_| "true");
    let option = |(at, (dataset, field)): (usize, (String, String))| {
        view! { <option value=at.to_string()>{format!("the field {field} of {dataset}")}</option> }
    };
    view! {
        <details class="card new-rule">
            <summary>"Set a limit"</summary>
            <form novalidate on:submit=add>
                <div class="fields three">
                    <div>
                        <label for="limit-of">"Answers about"</label>
                        <select id="limit-of" data-testid=testids::LIMIT_FIELD data-field="of" on:change=choose>
                            <option value="each-field">"each field by itself"</option>
                            <option value="each-proposer">"each proposer by themselves"</option>
                            <option value="all">"everything together"</option>
                            {move || fields.get().into_iter().enumerate().map(option).collect_view()}
                        </select>
                    </div>
                    <div>
                        <label for="limit-answers">"At most"</label>
                        <input id="limit-answers" type="number" inputmode="numeric" min="0" step="1" bind:value=answers
                            aria-invalid=wrong(RuleInput::Answers) data-testid=testids::LIMIT_FIELD data-field="answers" />
                    </div>
                    <div>
                        <label for="limit-days">"In so many days"</label>
                        <input id="limit-days" type="number" inputmode="numeric" min="1" max="366" step="1" bind:value=days
                            placeholder="ever" aria-invalid=wrong(RuleInput::Days)
                            data-testid=testids::LIMIT_FIELD data-field="days" />
                    </div>
                </div>
                <button type="submit" data-testid=testids::LIMIT_ADD>"Set the limit"</button>
                <p class="error" role="alert">{move || problem.get().map(|(_, why)| why)}</p>
            </form>
        </details>
    }
}

/// Most fields to choose from.
const FIELDS_MAX: usize = 200;
