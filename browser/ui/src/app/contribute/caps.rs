//! How much is lent, and when.

use super::set;
use crate::{
    app::{
        lending::{Lending, SHARES},
        state::{Doing, page},
    },
    testids, words,
};
use leptos::prelude::*;

/// Mebibytes of memory for one job that are offered.
const MEMORY_MIB: [u64; 5] = [128, 256, 512, 1024, 2048];
/// Minutes for one job that are offered.
const MINUTES: [u32; 5] = [2, 10, 30, 120, 1440];

/// The caps. Each holds as soon as it is chosen.
#[component]
pub(super) fn Caps() -> impl IntoView {
    let page = page();
    let lending: Lending = expect_context();
    let doing = Doing::new();
    let settings = page.part(|view| view.contribution.settings);
    // While nothing may run, the node knows of no executor; the browser's cores are there all the same.
    let slots_max = window().navigator().hardware_concurrency().clamp(1.0, 256.0) as u16;
    let memory_max = page.part(|view| {
        view.contribution.executor.as_ref().map_or(u64::MAX, |executor| executor.memory_bytes_max)
    });
    let number = |event| event_target_value(&event).parse::<u64>().ok();
    let said = "It holds from now on.";
    let choose_slots = move |event| {
        if let Some(slots) = number(event) {
            set(page, doing, |settings| settings.slots = slots as u16, said);
        }
    };
    let choose_memory = move |event| {
        if let Some(mib) = number(event) {
            set(page, doing, |settings| settings.memory_bytes_max = mib << 20, said);
        }
    };
    let choose_wall = move |event| {
        if let Some(minutes) = number(event) {
            set(page, doing, |settings| settings.wall_ms_max = minutes as u32 * 60_000, said);
        }
    };
    let choose_share = move |event| {
        if let Some(share) = number(event) {
            lending.share.set(share as u8);
        }
    };
    let slots = {
        let option = move |slots: u16| {
            let chosen = move || settings.with(|settings| settings.slots == slots);
            view! { <option value=slots.to_string() selected=chosen>{words::count(slots.into(), "core")}</option> }
        };
        (1..=slots_max).map(option).collect_view()
    };
    let share = |share: u8| {
        let label = if share == 100 { "all the time".to_owned() } else { format!("{share} % of the time") };
        view! { <option value=share.to_string() selected=move || lending.share.get() == share>{label}</option> }
    };
    let memory = move || {
        let option = move |mib: u64| {
            let chosen = move || settings.with(|settings| settings.memory_bytes_max == mib << 20);
            let label = if mib < 1024 { format!("{mib} MiB") } else { format!("{} GiB", mib / 1024) };
            view! { <option value=mib.to_string() selected=chosen>{label}</option> }
        };
        let fits = move |mib: &u64| mib << 20 <= memory_max.get() || *mib == MEMORY_MIB[0];
        MEMORY_MIB.into_iter().filter(fits).map(option).collect_view()
    };
    let minutes = move |minutes: u32| {
        let chosen = move || settings.with(|settings| settings.wall_ms_max == minutes * 60_000);
        view! { <option value=minutes.to_string() selected=chosen>{words::span(u64::from(minutes) * 60_000)}</option> }
    };
    let battery_words = move || match lending.plugged.get() {
        Some(true) => "It is plugged in now.",
        Some(false) => "It runs on its battery now.",
        None => "This browser does not tell whether it is.",
    };
    view! {
        <section class="card">
            <h2>"How much"</h2>
            <div class="fields">
                <div>
                    <label for="lent-slots">"Processor cores"</label>
                    <select id="lent-slots" data-testid=testids::LENT data-field="slots" on:change=choose_slots>{slots}</select>
                    <small class="hint">"One job runs on each."</small>
                </div>
                <div>
                    <label for="lent-share">"Of each core"</label>
                    <select id="lent-share" data-testid=testids::LENT data-field="share" on:change=choose_share>
                        {SHARES.map(share).collect_view()}
                    </select>
                    <small class="hint">"From the next job on, and the next round of a graph."</small>
                </div>
                <div>
                    <label for="lent-memory">"Memory for a job"</label>
                    <select id="lent-memory" data-testid=testids::LENT data-field="memory" on:change=choose_memory>{memory}</select>
                    <small class="hint">"Jobs that may use more go elsewhere."</small>
                </div>
                <div>
                    <label for="lent-wall">"Time for a job"</label>
                    <select id="lent-wall" data-testid=testids::LENT data-field="wall" on:change=choose_wall>
                        {MINUTES.map(minutes).collect_view()}
                    </select>
                    <small class="hint">"At its end the job is stopped."</small>
                </div>
            </div>
            <label class="check">
                <input type="checkbox" data-testid=testids::LENT data-field="plugged"
                    disabled=move || lending.plugged.get().is_none() bind:checked=lending.plugged_only />
                <span>"Only while this device is plugged in. " <span class="soft">{battery_words}</span></span>
            </label>
            <label class="check">
                <input type="checkbox" data-testid=testids::LENT data-field="idle" bind:checked=lending.idle_only />
                <span>
                    "Only while nobody uses this page. "
                    <span class="soft">"A page cannot see what else you do on this device."</span>
                </span>
            </label>
            <p class="error" role="alert">
                {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
            </p>
        </section>
    }
}
