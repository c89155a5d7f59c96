//! Parts of other people's graphs: whether this browser holds any, and which.

use super::set;
use crate::{
    app::state::{Doing, page},
    testids, words,
};
use leptos::prelude::*;
use shards::holder::{Doing as Does, PartView};

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
                <span>"Hold parts of other people’s graphs, and rank them together with other nodes."</span>
            </label>
            <Show when=move || given.get()>
                <p class="soft">{told}</p>
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
