//! Parts of other people's graphs: whether this browser holds any, what computes them, and which are here.

use super::set;
use crate::{
    app::{
        lending::{Lending, PARTS_BY, parts_by},
        state::{Doing, page},
    },
    testids, words,
};
use channel::reckoner::{PROCESSOR, PartsBy};
use leptos::prelude::*;
use shards::holder::{Doing as Does, PartView};

/// What the person is told before they agree.
pub(super) const PUBLIC: &str = "Everybody may read who computed: this node’s id and the kind of device, such as “a tab’s processor” or “a tab’s WebGPU”, stand in the heavy nodes’ list of \
holders, and stay in the record of each ranking that this node helped with.";
/// What somebody can do who wants a GPU to compute and has none.
const NO_WEBGPU: &str = "WebGPU is not to be had here, so the processor computes them: try a browser with WebGPU, and see that its settings let it use graphics acceleration.";

/// What a part does now, for people.
const fn doing_of(does: Does) -> &'static str {
    match does {
        Does::Preparing => "Is being made ready",
        Does::Spreading | Does::Gathering => "Computes a round",
        Does::Reading => "Hands its result over",
        Does::Waiting => "Waits for the other parts",
    }
}

/// The choice, what computes, and the parts that are here.
#[component]
pub(super) fn Parts() -> impl IntoView {
    let page = page();
    let lending: Lending = expect_context();
    let doing = Doing::new();
    let given = page.part(|view| view.contribution.settings.graphs);
    let holding = page.part(|view| view.holding.clone());
    let change = move |event| {
        let graphs = event_target_checked(&event);
        set(page, doing, |settings| settings.graphs = graphs, "It holds from now on.");
    };
    let told = move || {
        holding.with(|holding| match &holding.reckoner {
            None => "Nothing computes them now.".to_owned(),
            Some(reckoner) => format!(
                "Computed by {}. {} done so far.",
                reckoner.device,
                words::count(holding.rounds, "round")
            ),
        })
    };
    let lacks_gpu = move || {
        let is_processor =
            holding.with(|holding| holding.reckoner.as_ref().is_some_and(|found| found.device == PROCESSOR));
        is_processor && lending.parts_by.get() == PartsBy::Graphics
    };
    view! {
        <section class="group">
            <h2>"Shared graphs"</h2>
            <label class="check">
                <input
                    type="checkbox"
                    data-testid=testids::CONSENT_GRAPHS
                    prop:checked=move || given.get()
                    on:change=change
                />
                <span>"Hold parts of other people’s graphs, and rank them together with other nodes. " <span class="soft">{PUBLIC}</span></span>
            </label>
            <Show when=move || given.get()>
                <Device />
                <p class="soft">{told}</p>
                <Show when=lacks_gpu>
                    <p class="soft">{NO_WEBGPU}</p>
                </Show>
                <ul class="rows">
                    {move || holding.with(|holding| holding.parts.iter().map(part).collect_view())}
                </ul>
            </Show>
            <p class="error" role="alert">
                {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
            </p>
        </section>
    }
}

/// What computes them, by the person's choice. It holds as soon as it is chosen, and is there again at the next visit.
#[component]
pub(super) fn Device() -> impl IntoView {
    let lending: Lending = expect_context();
    let choose = move |event| {
        if let Some(by) = parts_by(&event_target_value(&event)) {
            lending.parts_by.set(by);
        }
    };
    let option = move |(by, name, label): (PartsBy, &'static str, &'static str)| {
        view! { <option value=name selected=move || lending.parts_by.get() == by>{label}</option> }
    };
    view! {
        <div class="fields">
            <div>
                <label for="parts-by">"What computes parts of graphs"</label>
                <select id="parts-by" data-testid=testids::PARTS_BY on:change=choose>
                    {PARTS_BY.map(option).collect_view()}
                </select>
                <small class="hint">"Automatic is a graphics card where there is one, else the processor. All give the same bits, and keep to the share of the time that a job has. With another choice, the parts that are here go elsewhere."</small>
            </div>
        </div>
    }
}

/// One part.
fn part(part: &PartView) -> impl IntoView + use<> {
    let place = format!("Part {} of {}, {}", part.shard + 1, part.shards, words::bytes(part.bytes));
    view! {
        <li class="rule" data-testid=testids::HELD_PART data-ranking=part.ranking.to_string()
            data-shard=part.shard.to_string() data-rounds=part.rounds.to_string()>
            <span class="row-main">
                <strong>{part.name.clone()}</strong>
                <span class="soft">{place}</span>
            </span>
            <span class="row-end numerals">
                <span>{doing_of(part.doing)}</span>
                <span class="soft">{words::count(part.rounds.into(), "round")}</span>
            </span>
        </li>
    }
}
