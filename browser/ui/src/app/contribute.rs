//! Contribute: lending this browser to other people's jobs, with consent, caps and a clear view of what runs and for whom.

mod caps;
mod consent;
mod guests;
mod parts;
mod past;

use super::{
    dialog::Confirm,
    lending::{Held, Lending},
    ring::Ring,
    shell::Heading,
    state::{Doing, Page, page},
};
use crate::{route::Route, testids, words};
use caps::Caps;
use consent::Consent;
use guests::Guests;
use jobs::worker::Contribution;
use leptos::prelude::*;
use node::Command;
use parts::Parts;
use past::Past;

/// The view.
#[component]
pub(crate) fn Contribute() -> impl IntoView {
    let page = page();
    let on = page.part(|view| view.contribution.settings.on);
    let known = page.part(|_| true);
    view! {
        <Heading text="Contribute" />
        <p class="lead">
            "Lend this browser to other people’s jobs while the tab is open. Nothing runs until you say yes, and you see what runs and for whom."
        </p>
        {move || match (known.get(), on.get()) {
            (false, _) => None,
            (true, false) => Some(view! { <Consent /> }.into_any()),
            (true, true) => Some(view! { <State /> <Guests /> <Parts /> <Caps /> }.into_any()),
        }}
        <Show when=move || known.get()>
            <Past />
        </Show>
    }
}

/// Sets what is lent.
fn set(page: Page, doing: Doing, change: impl FnOnce(&mut Contribution), said: &'static str) {
    let mut settings = page.peek(|view| view.contribution.settings);
    change(&mut settings);
    doing.run(page, Command::Contribute(settings), move |_| page.say(said));
}

/// How it stands, and the way to pause or end it.
#[component]
fn State() -> impl IntoView {
    let page = page();
    let lending: Lending = expect_context();
    let doing = Doing::new();
    let running = page.part(|view| view.contribution.running.len());
    let offered = page.part(|view| view.contribution.offered.len());
    let joined = page.part(|view| view.joined);
    let state = move || match (lending.held.get(), joined.get(), offered.get(), running.get()) {
        (Some(_), ..) => "held",
        (_, false, ..) | (_, _, 0, 0) => "apart",
        (.., 0) => "ready",
        _ => "working",
    };
    let heading = move || match state() {
        "held" => "Paused",
        "apart" => "Not connected",
        "ready" => "Ready for the next job",
        _ => "At work",
    };
    let explained = move || match (lending.held.get(), state()) {
        (Some(Held::Paused), _) => "You have paused it. What ran was given back to the network.",
        (Some(Held::Battery), _) => "This device runs on its battery. It goes on when you plug it in.",
        (Some(Held::InUse), _) => {
            "Somebody uses this page. It goes on a minute after the last touch, or in the background."
        }
        (None, "apart") => {
            "No heavy node knows of the offer yet. Your node tells them as soon as it is connected."
        }
        (None, "ready") => "Heavy nodes know that this browser takes jobs.",
        (None, _) => "Other people’s jobs run in this browser now.",
    };
    let filled = Signal::derive(move || match state() {
        "working" => 3,
        "ready" => 2,
        _ => 0,
    });
    let paused = move || lending.paused.get();
    let stop = move || set(page, doing, |settings| settings.on = false, "This browser is no longer lent.");
    view! {
        <section class="card lending" data-testid=testids::LENDING data-state=state>
            <Ring filled class="ring medium" />
            <div>
                <div aria-live="polite">
                    <h2>{heading}</h2>
                    <p class="soft">{explained}</p>
                </div>
                <Show when=move || !joined.get()>
                    <p>"Your node has left the network. " <a href=Route::Home.href()>"Join again"</a> "."</p>
                </Show>
                <p class="actions">
                    <button
                        type="button"
                        class="secondary"
                        data-testid=testids::PAUSE
                        data-paused=move || paused().to_string()
                        on:click=move |_| lending.paused.update(|paused| *paused = !*paused)
                    >
                        {move || if paused() { "Go on" } else { "Pause" }}
                    </button>
                    <Confirm
                        label="Stop contributing"
                        title="Stop contributing?"
                        text="Jobs that run here are given back to the network, and no more are taken. The list of what ran stays."
                        go="Stop"
                        testids=(testids::STOP_LENDING, testids::STOP_LENDING_CONFIRM)
                        on_go=stop
                    />
                </p>
                <p class="error" role="alert">
                    {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
                </p>
            </div>
        </section>
    }
}
