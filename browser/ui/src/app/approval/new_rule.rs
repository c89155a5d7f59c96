//! A new rule, clicked together.

use crate::{
    app::state::{Doing, Page, page},
    consent::{Purposes, RuleForm, RuleInput, RuleProblem},
    testids, words,
};
use leptos::{ev::SubmitEvent, prelude::*};
use node::Command;
use query::Kind;
use vdaf::Scheme;

/// What the page knows of to choose from.
#[derive(Clone, Default, PartialEq)]
struct Known {
    datasets: Vec<String>,
    proposers: Vec<keys::NodeId>,
    purposes: Vec<String>,
    /// Digests of schemas, and the data set that they were seen with.
    schemas: Vec<(codec::ContentId, String)>,
    own: Option<keys::NodeId>,
}

/// Most things to choose from in one list.
const CHOICES_MAX: usize = 200;

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort();
    items.dedup();
    items.truncate(CHOICES_MAX);
    items
}

fn known(page: Page) -> Memo<Known> {
    page.part(|view| {
        let asked = || view.tasks.iter().map(|task| &task.question);
        Known {
            datasets: sorted(
                view.datasets
                    .iter()
                    .map(|set| set.name.clone())
                    .chain(asked().map(|ask| ask.dataset.clone())),
            ),
            proposers: sorted(asked().map(|ask| ask.proposer)),
            purposes: sorted(asked().map(|ask| ask.purpose.clone()).filter(|purpose| !purpose.is_empty())),
            schemas: sorted(asked().map(|ask| (ask.schema, ask.dataset.clone()))),
            own: Some(view.id),
        }
    })
}

/// A list to choose from. The first choice is no condition; values are places in the list.
#[component]
fn Choice(
    /// Its name in the page and in tests.
    name: &'static str,
    /// Its name for people.
    label: &'static str,
    /// The choice that is no condition.
    any: &'static str,
    /// The others.
    #[prop(into)]
    choices: Signal<Vec<String>>,
    /// Which is chosen, from 0; `None` for no condition.
    #[prop(into)]
    chosen: Signal<Option<usize>>,
    /// Chooses.
    choose: impl Fn(Option<usize>) + 'static,
) -> impl IntoView {
    let id = format!("rule-{name}");
    let option = move |(at, label): (usize, String)| {
        view! { <option value=at.to_string() selected=move || chosen.get() == Some(at)>{label}</option> }
    };
    view! {
        <div>
            <label for=id.clone()>{label}</label>
            <select id=id data-testid=testids::RULE_FIELD data-field=name
                on:change=move |event| choose(event_target_value(&event).parse().ok())>
                <option value="" selected=move || chosen.get().is_none()>{any}</option>
                {move || choices.get().into_iter().enumerate().map(option).collect_view()}
            </select>
        </div>
    }
}

/// The form.
#[component]
pub(super) fn NewRule() -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let form = RwSignal::new(RuleForm { answers: "1".into(), days: "7".into(), ..RuleForm::default() });
    let problem = RwSignal::new(None::<RuleProblem>);
    let known = known(page);
    let sentence = move || match form.with(RuleForm::rule) {
        Ok(rule) => rule.words(known.with(|known| known.own)),
        Err((_, why)) => why,
    };
    let add = move |event: SubmitEvent| {
        event.prevent_default();
        match form.with_untracked(RuleForm::rule) {
            Err(wrong) => problem.set(Some(wrong)),
            Ok(rule) => {
                problem.set(None);
                doing.run(page, Command::AddRule { rule }, move |_| {
                    page.say("The rule is in force.");
                    form.try_set(RuleForm { answers: "1".into(), days: "7".into(), ..RuleForm::default() });
                });
            }
        }
    };
    let error = move || {
        let refused = doing.error.get().map(|error| words::sentence(&error.to_string()));
        problem.get().map(|(_, why)| why).or(refused)
    };
    view! {
        <details class="card new-rule">
            <summary data-testid=testids::RULE_NEW>"Make a rule"</summary>
            <form novalidate on:submit=add>
                <Conditions form known />
                <HowOften form problem />
                <p class="sentence" aria-live="polite" data-testid=testids::RULE_WORDS>{sentence}</p>
                <p class="soft">
                    {move || if form.with(RuleForm::answers_all) {
                        "With nothing chosen, the rule answers everything that your data can answer."
                    } else {
                        "All that you choose must hold. Only data that you keep is ever used, and your limits hold whatever the rules say."
                    }}
                </p>
                <button type="submit" data-testid=testids::RULE_ADD aria-busy=move || doing.aria()>
                    "Add the rule"
                </button>
                <p class="error" role="alert">{error}</p>
            </form>
        </details>
    }
}

/// What the rule is about.
#[component]
fn Conditions(form: RwSignal<RuleForm>, known: Memo<Known>) -> impl IntoView {
    let place = |list: &[String], of: &Option<String>| {
        of.as_ref().and_then(|of| list.iter().position(|item| item == of))
    };
    let verdict = move |declines: bool, label: &'static str| {
        view! {
            <label class="check">
                <input type="radio" name="verdict" data-testid=testids::RULE_FIELD
                    data-field=if declines { "decline" } else { "answer" }
                    prop:checked=move || form.with(|form| form.declines == declines)
                    on:change=move |_| form.update(|form| form.declines = declines) />
                <span>{label}</span>
            </label>
        }
    };
    let proposers = move || {
        known.with(|known| {
            let name = |id: &keys::NodeId| match known.own == Some(*id) {
                true => "you".to_owned(),
                false => format!("…{}", id.short()),
            };
            known.proposers.iter().map(name).collect::<Vec<_>>()
        })
    };
    let schemes = || Scheme::ALL.map(|scheme| scheme.name().to_owned()).to_vec();
    let kinds = || Kind::ALL.map(|kind| kind.name().to_owned()).to_vec();
    let schemas = move || {
        known.with(|known| {
            let name = |(id, dataset): &(codec::ContentId, String)| format!("{dataset}, …{}", id.short());
            known.schemas.iter().map(name).collect::<Vec<_>>()
        })
    };
    let item = |list: Vec<String>, at: Option<usize>| at.and_then(|at| list.into_iter().nth(at));
    view! {
        <fieldset>
            <legend class="hidden">"What the rule does"</legend>
            {verdict(false, "Answer without asking me")}
            {verdict(true, "Decline without asking me")}
        </fieldset>
        <div class="fields three">
            <Choice name="dataset" label="About the data" any="any"
                choices=Signal::derive(move || known.with(|known| known.datasets.clone()))
                chosen=Signal::derive(move || known.with(|known| form.with(|form| place(&known.datasets, &form.dataset))))
                choose=move |at| form.update(|form| form.dataset = item(known.with_untracked(|known| known.datasets.clone()), at)) />
            <Choice name="proposer" label="Proposed by" any="anybody" choices=Signal::derive(proposers)
                chosen=Signal::derive(move || known.with(|known| {
                    let proposer = form.with(|form| form.proposer);
                    known.proposers.iter().position(|id| Some(*id) == proposer)
                }))
                choose=move |at| {
                    let proposer = known.with_untracked(|known| at.and_then(|at| known.proposers.get(at).copied()));
                    form.update(|form| form.proposer = proposer);
                } />
            <Choice name="kind" label="That compute" any="anything" choices=Signal::derive(kinds)
                chosen=Signal::derive(move || form.with(|form| place(&kinds(), &form.kind)))
                choose=move |at| form.update(|form| form.kind = item(kinds(), at)) />
            <Choice name="scheme" label="Protected by" any="any scheme" choices=Signal::derive(schemes)
                chosen=Signal::derive(move || form.with(|form| place(&schemes(), &form.scheme)))
                choose=move |at| form.update(|form| form.scheme = item(schemes(), at)) />
            <Choice name="schema" label="With the schema" any="any" choices=Signal::derive(schemas)
                chosen=Signal::derive(move || known.with(|known| {
                    let schema = form.with(|form| form.schema);
                    known.schemas.iter().position(|(id, _)| Some(*id) == schema)
                }))
                choose=move |at| {
                    let schema = known.with_untracked(|known| at.and_then(|at| known.schemas.get(at).map(|(id, _)| *id)));
                    form.update(|form| form.schema = schema);
                } />
            <div>
                <label for="rule-participants">"With at least so many people"</label>
                <input id="rule-participants" type="number" inputmode="numeric" min="3" step="1" placeholder="3"
                    data-testid=testids::RULE_FIELD data-field=RuleInput::Participants.name()
                    prop:value=move || form.with(|form| form.participants.clone())
                    on:input=move |event| form.update(|form| form.participants = event_target_value(&event)) />
            </div>
        </div>
        <PurposeChoice form known />
    }
}

/// Which purposes: any, one that was seen, or all that begin alike.
#[component]
fn PurposeChoice(form: RwSignal<RuleForm>, known: Memo<Known>) -> impl IntoView {
    const BEGINS: &str = "those that begin with…";
    let choices = Signal::derive(move || {
        let mut choices = vec![BEGINS.to_owned()];
        choices.extend(known.with(|known| known.purposes.clone()));
        choices
    });
    let chosen = Signal::derive(move || match form.with(|form| form.purposes.clone()) {
        Purposes::Any => None,
        Purposes::Begins => Some(0),
        Purposes::Is(text) => {
            choices.get().iter().skip(1).position(|choice| *choice == text).map(|at| at + 1)
        }
    });
    let choose = move |at: Option<usize>| {
        let purposes = match at {
            None => Purposes::Any,
            Some(0) => Purposes::Begins,
            Some(at) => choices.get_untracked().into_iter().nth(at).map_or(Purposes::Any, Purposes::Is),
        };
        form.update(|form| form.purposes = purposes);
    };
    let begins = Memo::new(move |_| form.with(|form| form.purposes == Purposes::Begins));
    view! {
        <div class="fields">
            <Choice name="purpose" label="For the purpose" any="any" choices chosen choose />
            <Show when=move || begins.get()>
                <div>
                    <label for="rule-begins">"Begins with"</label>
                    <input id="rule-begins" type="text" autocomplete="off" maxlength="500"
                        data-testid=testids::RULE_FIELD data-field=RuleInput::Begins.name()
                        prop:value=move || form.with(|form| form.begins.clone())
                        on:input=move |event| form.update(|form| form.begins = event_target_value(&event)) />
                </div>
            </Show>
        </div>
    }
}

/// How often the rule answers.
#[component]
fn HowOften(form: RwSignal<RuleForm>, problem: RwSignal<Option<RuleProblem>>) -> impl IntoView {
    let limited = Memo::new(move |_| form.with(|form| form.limited && !form.declines));
    let answers = Memo::new(move |_| form.with(|form| !form.declines));
    let number = move |input: RuleInput,
                       label: &'static str,
                       get: fn(&RuleForm) -> &String,
                       set: fn(&mut RuleForm, String)| {
        let id = format!("rule-{}", input.name());
        view! {
            <div>
                <label for=id.clone()>{label}</label>
                <input id=id type="number" inputmode="numeric" min="1" step="1"
                    aria-invalid=move || problem.get().filter(|(wrong, _)| *wrong == input).map(|_| "true")
                    data-testid=testids::RULE_FIELD data-field=input.name()
                    prop:value=move || form.with(|form| get(form).clone())
                    on:input=move |event| form.update(|form| set(form, event_target_value(&event))) />
            </div>
        }
    };
    view! {
        <Show when=move || answers.get()>
            <label class="check">
                <input type="checkbox" data-testid=testids::RULE_FIELD data-field="limited"
                    prop:checked=move || form.with(|form| form.limited)
                    on:change=move |event| form.update(|form| form.limited = event_target_checked(&event)) />
                <span>"Only so often; after that, ask me"</span>
            </label>
        </Show>
        <Show when=move || limited.get()>
            <div class="fields three">
                {number(RuleInput::Answers, "Answers at most", |form| &form.answers, |form, text| form.answers = text)}
                {number(RuleInput::Days, "In so many days", |form| &form.days, |form, text| form.days = text)}
                <label class="check">
                    <input type="checkbox" data-testid=testids::RULE_FIELD data-field="each_proposer"
                        prop:checked=move || form.with(|form| form.each_proposer)
                        on:change=move |event| form.update(|form| form.each_proposer = event_target_checked(&event)) />
                    <span>"Each proposer counted apart"</span>
                </label>
            </div>
        </Show>
    }
}
