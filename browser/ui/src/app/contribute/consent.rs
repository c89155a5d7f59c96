//! What the person agrees to before anything runs.

use super::{
    parts::{Device, PUBLIC},
    set,
};
use crate::{
    app::state::{Doing, page},
    route::Route,
    testids, words,
};
use leptos::prelude::*;

/// The question, in words, and the two steps of saying yes.
#[component]
pub(super) fn Consent() -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let agreed = RwSignal::new(false);
    let graphs = RwSignal::new(false);
    let joined = page.part(|view| view.joined);
    let start = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if agreed.get_untracked() && joined.get_untracked() {
            let graphs = graphs.get_untracked();
            let change = move |settings: &mut jobs::worker::Contribution| {
                (settings.on, settings.graphs) = (true, graphs)
            };
            set(page, doing, change, "This browser takes jobs from now on.");
        }
    };
    view! {
        <section data-testid=testids::LENDING data-state="off">
            <div class="two">
                <section class="card">
                    <h2>"What would run here"</h2>
                    <ul class="ticks">
                        <li>"Programs that strangers submit: WebAssembly of any purpose, one job at a time unless you allow more."</li>
                        <li>"With your processor, memory and electricity, up to the caps that you set."</li>
                        <li>"What they need is fetched from the heavy nodes, up to 64 MiB a file; what they write goes back there."</li>
                        <li>"Each run is signed with your node’s name, which everybody may see."</li>
                    </ul>
                </section>
                <section class="card">
                    <h2>"What they cannot do"</h2>
                    <ul class="locks">
                        <li>"See anything of yours: no data, no files, no network, no clock, no screen."</li>
                        <li>"Slow this page down: they run on threads of their own, which can be ended at any moment."</li>
                        <li>"Stay: nothing of them is kept but the receipts, and the list of what ran."</li>
                    </ul>
                </section>
            </div>
            <form class="card consent" on:submit=start>
                <label class="check">
                    <input type="checkbox" data-testid=testids::CONSENT bind:checked=agreed />
                    <span>"I agree that this browser runs other people’s programs in this sandbox."</span>
                </label>
                <label class="check">
                    <input type="checkbox" data-testid=testids::CONSENT_GRAPHS bind:checked=graphs />
                    <span>
                        "Also ranking shared graphs: it holds parts of them and computes their rounds. "
                        <span class="soft">"Arithmetic of Formix’s own, no programs of others. You may leave it out. "{PUBLIC}</span>
                    </span>
                </label>
                <Show when=move || graphs.get()>
                    <Device />
                </Show>
                <p class="actions">
                    <button
                        type="submit"
                        data-testid=testids::LEND
                        disabled=move || !agreed.get() || !joined.get()
                        aria-busy=move || doing.aria()
                    >
                        "Start contributing"
                    </button>
                    <span class="soft">"Loads the sandbox, about half a megabyte. Stop whenever you like."</span>
                </p>
                <Show when=move || !joined.get()>
                    <p>
                        "Jobs come from the network: "
                        <a href=Route::Home.href()>"join it first"</a>
                        "."
                    </p>
                </Show>
                <p class="error" role="alert">
                    {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
                </p>
            </form>
        </section>
    }
}
