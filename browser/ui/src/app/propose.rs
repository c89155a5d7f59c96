//! The form for a new computation, with what people will read beside it.

mod asked;
mod deadline;
mod input;
mod preview;
mod schemes;
mod templates;

use super::{
    browser,
    shell::Heading,
    state::{Page, clock, page},
};
use crate::{
    form::{Form, Input, Problem},
    route::Route,
    testids,
};
use asked::Asked;
use bridge::Tried;
use deadline::Deadline;
use input::TextInput;
use leptos::{ev::SubmitEvent, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use node::{Command, CommandError, Reply};
use preview::Preview;
use schemes::Schemes;
use std::time::Duration;
use templates::Templates;

/// How long a person pauses before what they typed is looked at.
const PAUSE: Duration = Duration::from_millis(300);

/// What the inputs hold, what is wrong with them, and what the node says of them.
#[derive(Clone, Copy)]
pub(super) struct Filling {
    /// The inputs.
    pub(super) form: RwSignal<Form>,
    /// What was refused the last time.
    problem: RwSignal<Option<Problem>>,
    /// What the node says of a form without gaps.
    pub(super) trial: RwSignal<Option<Tried>>,
}

impl Filling {
    /// What is wrong with one input.
    pub(super) fn problem_of(self, input: Input) -> Option<Problem> {
        self.problem.get().filter(|problem| problem.input == Some(input))
    }

    /// The person typed into an input: what was wrong with it may be mended.
    pub(super) fn typed(self, input: Input, text: &str) {
        self.form.update(|form| form.set(input, text));
        self.mended(input);
    }

    /// What was wrong with an input may be mended.
    pub(super) fn mended(self, input: Input) {
        if self.problem.with_untracked(|problem| problem.as_ref().is_some_and(|p| p.input == Some(input))) {
            self.problem.set(None);
        }
    }
}

/// The view.
#[component]
pub(crate) fn Propose() -> impl IntoView {
    let page = page();
    let filling = Filling {
        form: RwSignal::new(filled_in(page)),
        problem: RwSignal::new(None),
        trial: RwSignal::new(None),
    };
    follow_address(page, filling);
    follow_typing(page, filling);
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            spawn_local(propose(page, filling, busy));
        }
    };
    let general =
        move || filling.problem.get().filter(|problem| problem.input.is_none()).map(|problem| problem.text);
    view! {
        <Heading text="Propose" />
        <p class="lead">"Ask everybody on the network. Each person decides for themselves; you all see only what comes out for all of them together."</p>
        <div class="with-aside">
            <form id="propose" novalidate on:submit=submit>
                <Templates filling />
                <fieldset class="part">
                    <legend>"The question"</legend>
                    <TextInput filling input=Input::Title label="In a few words" hint="Such as: How heavy are our penguins?" />
                    <TextInput filling input=Input::Purpose optional=true label="What it is for" hint="People decide by this. Optional." />
                </fieldset>
                <Asked filling />
                <fieldset class="part">
                    <legend>"When there is a result"</legend>
                    <div class="fields">
                        <TextInput filling input=Input::ParticipantsMin label="At least so many people" kind="number"
                            hint="3 or more. More protect each person better." />
                        <Deadline filling />
                    </div>
                </fieldset>
                <Schemes filling />
                <Limits filling />
            </form>
            <Preview filling />
            // On a phone, what people will read comes before the button that sends it.
            <div class="propose-actions">
                <p class="error" role="alert" data-testid=testids::PROPOSE_ERROR>{general}</p>
                <p class="actions">
                    <button type="submit" form="propose" class="big" data-testid=testids::PROPOSE aria-busy=move || busy.get().to_string()>
                        "Propose"
                    </button>
                </p>
            </div>
        </div>
    }
}

/// What most people leave alone.
#[component]
fn Limits(filling: Filling) -> impl IntoView {
    // Opened by an error in it, which would be out of sight otherwise. Only the person closes it.
    let details = NodeRef::<leptos::html::Details>::new();
    Effect::new(move || {
        let wrong =
            [Input::ParticipantsMax, Input::RecordsMax].map(|input| filling.problem_of(input).is_some());
        if let Some(details) = details.get().filter(|_| wrong.contains(&true)) {
            details.set_open(true);
        }
    });
    view! {
        <details class="part" node_ref=details>
            <summary>"Limits"</summary>
            <div class="fields">
                <TextInput filling input=Input::ParticipantsMax label="At most so many people" kind="number"
                    hint="It closes early when they are reached." />
                <TextInput filling input=Input::RecordsMax label="Records of one person at most" kind="number"
                    hint="People with more cannot answer." />
            </div>
        </details>
    }
}

/// The form that the address tells of; without one, for a person who keeps data, about the first data set and its
/// first column of numbers.
fn filled_in(page: Page) -> Form {
    if let Some(link) = browser::hash().strip_prefix(PREFIX) {
        return Form::of_link(link);
    }
    let first = page.peek(|view| {
        view.datasets.iter().find_map(|set| {
            let field = set.fields.iter().find(|field| field.numeric)?;
            Some((set.name.clone(), crate::words::name_in_expression(&field.name)))
        })
    });
    let (dataset, field) = first.unwrap_or_default();
    Form::default().with(Input::Dataset, &dataset).with(Input::Value, &field)
}

/// What stands before a link in the address.
const PREFIX: &str = "#/propose?";

/// Keeps the address and the form alike: an address that somebody pastes fills in the form, and the form as it is
/// typed is in the address.
fn follow_address(page: Page, filling: Filling) {
    let changed = window_event_listener(leptos::ev::hashchange, move |_| {
        let hash = browser::hash();
        let link = hash.strip_prefix(PREFIX).unwrap_or_default();
        if Route::of(&hash) == Route::Propose && link != filling.form.with_untracked(Form::link) {
            filling.problem.set(None);
            filling.form.set(if link.is_empty() { filled_in(page) } else { Form::of_link(link) });
        }
    });
    on_cleanup(move || changed.remove());
}

/// Looks at what was typed once the person pauses.
fn follow_typing(page: Page, filling: Filling) {
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    let untouched = filling.form.get_untracked();
    Effect::new(move || {
        let form = filling.form.get();
        stop();
        let is_new = form != untouched;
        let look = move || {
            if is_new {
                browser::show_address(&format!("{PREFIX}{}", form.link()));
            }
            spawn_local(look(page, filling, form));
        };
        timer.set_value(set_timeout_with_handle(look, PAUSE).ok());
    });
    on_cleanup(stop);
}

/// Asks the node what it thinks of the form. What it says of gaps is passed over.
async fn look(page: Page, filling: Filling, form: Form) {
    let (filled, gaps) = form.filled();
    let checked = match filled.draft(clock()) {
        Ok(draft) => {
            page.handle().try_out(draft).await.map_err(|why| Problem::of_refusal(&why, form.template))
        }
        Err(problem) => Err(problem),
    };
    // The person has typed on meanwhile, or is gone.
    if filling.form.try_with_untracked(|now| *now == form) != Some(true) {
        return;
    }
    match checked {
        Ok(trial) => {
            filling.problem.try_set(None);
            filling.trial.try_set(Some(trial).filter(|_| gaps.is_empty()));
        }
        Err(problem) => {
            filling.trial.try_set(None);
            let about_gap = match problem.input {
                Some(input) => gaps.contains(&input),
                None => !gaps.is_empty(),
            };
            if !about_gap {
                filling.problem.try_set(Some(problem));
            }
        }
    }
}

async fn propose(page: Page, filling: Filling, busy: RwSignal<bool>) {
    filling.problem.set(None);
    let form = filling.form.get_untracked();
    let refused = match form.draft(clock()) {
        Err(problem) => problem,
        Ok(draft) => {
            busy.set(true);
            let result = page.command(Command::Propose { draft: Box::new(draft) }).await;
            busy.try_set(false);
            match result {
                Ok(Reply::Proposed { id }) => return browser::go(Route::Computation(id)),
                Ok(_) => return browser::go(Route::Computations),
                Err(CommandError::Draft { why } | CommandError::NotAccepted { why }) => {
                    Problem::of_refusal(&why, form.template)
                }
                Err(error) => Problem::general(&error.to_string()),
            }
        }
    };
    let input = refused.input;
    filling.problem.try_set(Some(refused));
    if let Some(input) = input {
        request_animation_frame(move || browser::focus(&input::id(input)));
    }
}
