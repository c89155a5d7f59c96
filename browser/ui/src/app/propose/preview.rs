//! Beside the form: what people will read, what this node itself would answer, and what it costs.

use super::Filling;
use crate::{
    app::{
        browser,
        icon::{Icon, Shape},
        state::page,
    },
    form::Input,
    testids, words,
};
use bridge::Tried;
use leptos::prelude::*;
use std::time::Duration;

/// How long the button says that it has copied.
const COPIED: Duration = Duration::from_secs(3);

/// The proposal in words, as it is typed.
#[component]
pub(super) fn Preview(filling: Filling) -> impl IntoView {
    let page = page();
    let closes = move || {
        filling.form.with(|form| match form.deadline(page.now.get()) {
            Ok(deadline) => browser::local_time(deadline),
            Err(_) => "…".into(),
        })
    };
    let sentence = move || {
        let asked = filling.trial.with(|trial| trial.as_ref().map(|tried| tried.trial.words.clone()));
        filling.form.with(|form| form.sentence(asked.as_deref(), &closes()))
    };
    let title = move || match filling.form.with(|form| form.text(Input::Title).trim().to_owned()) {
        title if title.is_empty() => "Your question".into(),
        title => title,
    };
    view! {
        <div class="aside">
            <aside class="card preview" aria-label="What people will read">
                <p class="soft">"What people will read"</p>
                <h2>{title}</h2>
                <p data-testid=testids::PREVIEW>{sentence}</p>
            </aside>
            {move || filling.trial.get().map(|tried| view! { <Facts tried /> })}
            <CopyLink />
        </div>
    }
}

/// What this node would answer, what an answer costs, how exact the result is.
#[component]
fn Facts(tried: Tried) -> impl IntoView {
    let Tried { trial, work_us } = tried;
    let own = match trial.own {
        Ok(lines) => {
            let line = |line: node::Line| {
                view! { <dt>{words::quoted(&line.label)}</dt><dd>{words::plain(&line.value)}</dd> }
            };
            view! {
                <dl class="pairs" data-testid=testids::OWN>{lines.into_iter().map(line).collect_view()}</dl>
            }
            .into_any()
        }
        Err(why) => view! { <p class="soft" data-testid=testids::OWN>{words::sentence(&why)}</p> }.into_any(),
    };
    let upload = words::bytes(trial.report_bytes);
    view! {
        <section class="card aside-facts" aria-label="Before you propose">
            <h3>"Your own answer would be"</h3>
            {own}
            <h3>"What it costs each person"</h3>
            <p class="soft" data-testid=testids::COST>
                {format!("{upload} to send, and {} of work in the tab.", words::work(work_us))}
            </p>
            <h3>"How exact it is"</h3>
            <p class="soft" data-testid=testids::ROUNDING>{words::sentence(&trial.rounding)}</p>
        </section>
    }
}

/// Copies the address, which holds the form.
#[component]
fn CopyLink() -> impl IntoView {
    let copied = RwSignal::new(false);
    let page = page();
    let copy = move |_| {
        if browser::copy_address().is_some() {
            copied.set(true);
            page.say("The link is copied.");
            let over = move || {
                copied.try_set(false);
            };
            set_timeout(over, COPIED);
        }
    };
    view! {
        <p class="copy">
            <button type="button" class="quiet with-icon" data-testid=testids::COPY_LINK on:click=copy>
                <Icon shape=Shape::Link />
                {move || if copied.get() { "Copied" } else { "Copy a link to this form" }}
            </button>
        </p>
    }
}
