//! The form for a new computation, with what people will read beside it.

mod deadline;
mod input;

use super::{
    browser,
    shell::Heading,
    state::{Page, page},
};
use crate::{
    draft::{Closes, Field, Form, Problem},
    route::Route,
    testids, words,
};
use deadline::Deadline;
use input::TextInput;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use node::{Command, CommandError, Reply};

/// What the inputs hold and what is wrong with them.
#[derive(Clone, Copy)]
pub(super) struct Filling {
    /// The inputs.
    pub(super) form: RwSignal<Form>,
    /// What was refused the last time.
    pub(super) problem: RwSignal<Option<Problem>>,
}

impl Filling {
    /// What is wrong with one input.
    pub(super) fn error(self, field: Field) -> Option<String> {
        self.problem.get().filter(|problem| problem.field == Some(field)).map(|problem| problem.text)
    }
}

/// The view.
#[component]
pub(crate) fn Propose() -> impl IntoView {
    let page = page();
    let filling = Filling { form: RwSignal::new(prefilled(page)), problem: RwSignal::new(None) };
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            spawn_local(propose(page, filling, busy));
        }
    };
    let general =
        move || filling.problem.get().filter(|problem| problem.field.is_none()).map(|problem| problem.text);
    view! {
        <Heading text="Propose" />
        <p class="lead">"Ask everybody on the network for one sum. Each person decides for themselves; you all see only the total."</p>
        <div class="with-aside">
            <form novalidate on:submit=submit>
                <fieldset class="part">
                    <legend>"The question"</legend>
                    <TextInput filling field=Field::Title label="In a few words" hint="Such as: How heavy are our penguins?"
                        get=|form| &form.title set=|form, text| form.title = text maxlength=120 />
                    <TextInput filling field=Field::Purpose label="What it is for" hint="People decide by this. Optional."
                        get=|form| &form.purpose set=|form, text| form.purpose = text maxlength=500 />
                </fieldset>
                <Asked filling />
                <fieldset class="part">
                    <legend>"When there is a total"</legend>
                    <div class="fields">
                        <TextInput filling field=Field::ParticipantsMin label="At least so many people" kind="number"
                            hint="3 or more. More protect each person better."
                            get=|form| &form.participants_min set=|form, text| form.participants_min = text />
                        <Deadline filling />
                    </div>
                </fieldset>
                <Limits filling />
                <p class="error" role="alert" data-testid=testids::PROPOSE_ERROR>{general}</p>
                <p class="actions">
                    <button type="submit" class="big" data-testid=testids::PROPOSE aria-busy=move || busy.get().to_string()>
                        "Propose"
                    </button>
                </p>
            </form>
            <Preview filling />
        </div>
    }
}

/// Which data, which field, which values.
#[component]
fn Asked(filling: Filling) -> impl IntoView {
    let page = page();
    let datasets = page.part(|view| view.datasets.clone());
    let names = Signal::derive(move || datasets.get().into_iter().map(|set| set.name).collect());
    let fields = Signal::derive(move || {
        let name = filling.form.with(|form| form.dataset.trim().to_owned());
        let set = datasets.get().into_iter().find(|set| set.name == name);
        let numeric = set.into_iter().flat_map(|set| set.fields).filter(|field| field.numeric);
        numeric.map(|field| field.name).collect::<Vec<_>>()
    });
    view! {
        <fieldset class="part">
            <legend>"What is added up"</legend>
            <div class="fields">
                <TextInput filling field=Field::Dataset label="In the data named" hint="People need data of exactly this name."
                    suggestions=names get=|form| &form.dataset set=|form, text| form.dataset = text maxlength=64 />
                <TextInput filling field=Field::Field label="The field" hint="A column of numbers."
                    suggestions=fields get=|form| &form.field set=|form, text| form.field = text maxlength=64 />
            </div>
            <div class="fields three">
                <TextInput filling field=Field::Lower label="Smallest value" hint="Lower ones count as this."
                    inputmode="decimal" get=|form| &form.lower set=|form, text| form.lower = text />
                <TextInput filling field=Field::Upper label="Largest value" hint="Higher ones count as this."
                    inputmode="decimal" get=|form| &form.upper set=|form, text| form.upper = text />
                <TextInput filling field=Field::Decimals label="Decimals" kind="number" hint="0 for whole numbers."
                    get=|form| &form.decimals set=|form, text| form.decimals = text />
            </div>
            <p class="soft">"The range is public. Choose what is plausible for anybody, not the ends of your own data."</p>
        </fieldset>
    }
}

/// What most people leave alone.
#[component]
fn Limits(filling: Filling) -> impl IntoView {
    // Opened by an error in it, which would be out of sight otherwise. Only the person closes it.
    let details = NodeRef::<leptos::html::Details>::new();
    Effect::new(move || {
        let wrong = [Field::ParticipantsMax, Field::RecordsMax].map(|field| filling.error(field).is_some());
        if let Some(details) = details.get().filter(|_| wrong.contains(&true)) {
            details.set_open(true);
        }
    });
    view! {
        <details class="part" node_ref=details>
            <summary>"Limits"</summary>
            <div class="fields">
                <TextInput filling field=Field::ParticipantsMax label="At most so many people" kind="number"
                    hint="It closes early when they are reached."
                    get=|form| &form.participants_max set=|form, text| form.participants_max = text />
                <TextInput filling field=Field::RecordsMax label="Records of one person at most" kind="number"
                    hint="People with more cannot answer."
                    get=|form| &form.records_max set=|form, text| form.records_max = text />
            </div>
        </details>
    }
}

/// The proposal in words, as it is typed.
#[component]
fn Preview(filling: Filling) -> impl IntoView {
    let page = page();
    let sentence = move || {
        let form = filling.form.get();
        let closes = match form.deadline(page.now.get()) {
            Ok(deadline) => browser::local_time(deadline),
            Err(_) => "…".into(),
        };
        form.sentence(&closes)
    };
    let title = move || match filling.form.with(|form| form.title.trim().to_owned()) {
        title if title.is_empty() => "Your question".into(),
        title => title,
    };
    view! {
        <aside class="card preview" aria-label="What people will read">
            <p class="soft">"What people will read"</p>
            <h2>{title}</h2>
            <p data-testid=testids::PREVIEW>{sentence}</p>
        </aside>
    }
}

/// The form for a person who keeps data: about the first data set and its first column of numbers.
fn prefilled(page: Page) -> Form {
    let first = page.peek(|view| {
        view.datasets.iter().find_map(|set| {
            let field = set.fields.iter().find(|field| field.numeric)?;
            Some((set.name.clone(), field.name.clone()))
        })
    });
    let (dataset, field) = first.unwrap_or_default();
    Form { dataset, field, ..Form::default() }
}

async fn propose(page: Page, filling: Filling, busy: RwSignal<bool>) {
    filling.problem.set(None);
    let refused = match filling.form.get_untracked().draft(super::state::clock()) {
        Err(problem) => problem,
        Ok(draft) => {
            busy.set(true);
            let result = page.command(Command::Propose { draft: Box::new(draft) }).await;
            busy.try_set(false);
            match result {
                Ok(Reply::Proposed { id }) => return browser::go(Route::Computation(id)),
                Ok(_) => return browser::go(Route::Computations),
                Err(CommandError::Draft { why } | CommandError::NotAccepted { why }) => {
                    Problem::of_refusal(&why)
                }
                Err(error) => Problem { field: None, text: words::sentence(&error.to_string()) },
            }
        }
    };
    let field = refused.field;
    filling.problem.try_set(Some(refused));
    if let Some(field) = field {
        request_animation_frame(move || browser::focus(&input::id(field)));
    }
}

/// Sets when it closes.
pub(super) fn set_closes(form: RwSignal<Form>, closes: Closes) {
    form.update(|form| form.closes = closes);
}
