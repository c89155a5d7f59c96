//! Which data, which numbers of it, and which records count.

use super::{Filling, input::TextInput};
use crate::{
    app::state::page,
    form::{Input, Template},
    testids, words,
};
use leptos::prelude::*;
use query::Per;

/// Everything that the question is about.
#[component]
pub(super) fn Asked(filling: Filling) -> impl IntoView {
    let page = page();
    let datasets = page.part(|view| view.datasets.clone());
    let names = Signal::derive(move || datasets.get().into_iter().map(|set| set.name).collect());
    let known = Memo::new(move |_| {
        let name = filling.form.with(|form| form.text(Input::Dataset).trim().to_owned());
        let set = datasets.get().into_iter().find(|set| set.name == name);
        set.into_iter().flat_map(|set| set.fields).collect::<Vec<_>>()
    });
    let fields = move |numeric: bool| {
        Signal::derive(move || {
            let fields = known.get().into_iter().filter(|field| field.numeric || !numeric);
            fields.map(|field| words::name_in_expression(&field.name)).collect::<Vec<_>>()
        })
    };
    let template = Memo::new(move |_| filling.form.with(|form| form.template));
    let mean_of_groups = Memo::new(move |_| filling.form.with(|form| form.group_mean));
    let asks = move |input: Input| Memo::new(move |_| filling.form.with(|form| form.asks_for(input)));
    let value_label = Signal::derive(move || match template.get() {
        Template::Regression => "What is explained (y)".to_owned(),
        Template::Group => "The average of".into(),
        _ => "The number".into(),
    });
    let value_shown = asks(Input::Value);
    view! {
        <fieldset class="part">
            <legend>"What it is about"</legend>
            <TextInput filling input=Input::Dataset label="In the data named" hint="People need data of exactly this name."
                suggestions=names />
            <Show when=move || template.get() == Template::Group>
                <TextInput filling input=Input::By code=true label="Group by" suggestions=fields(false)
                    hint="A field, such as species, or an expression." />
                <TextInput filling input=Input::Categories label="The groups"
                    hint="With commas between them. All others are counted together." />
                <label class="check">
                    <input type="checkbox" data-testid=testids::FIELD data-field="mean"
                        prop:checked=move || mean_of_groups.get()
                        on:change=move |event| filling.form.update(|form| form.group_mean = event_target_checked(&event)) />
                    <span>"Also the average of a number in each group"</span>
                </label>
            </Show>
            <Show when=move || template.get() == Template::Regression>
                <TextInput filling input=Input::X code=true label="What explains (x)" suggestions=fields(true)
                    hint="A field, or an expression over fields." />
                <Range filling inputs=[Input::XLower, Input::XUpper, Input::XDecimals] />
            </Show>
            <Show when=move || value_shown.get()>
                <TextInput filling input=Input::Value code=true label=value_label suggestions=fields(true)
                    hint="A field, or an expression over fields, such as weight / (height * height)." />
                <Range filling inputs=[Input::Lower, Input::Upper, Input::Decimals] />
                <p class="soft">"The range is public. Choose what is plausible for anybody, not the ends of your own data."</p>
            </Show>
            <Show when=move || template.get() == Template::Histogram><Bins filling /></Show>
            <Show when=move || template.get() == Template::Quantile>
                <TextInput filling input=Input::Probabilities label="Which shares"
                    hint="0.5 is the median: half of all values lie below it. 0.25 and 0.75 are the quarters." />
            </Show>
        </fieldset>
        <Which filling />
    }
}

/// Smallest and largest value, and decimals.
#[component]
fn Range(filling: Filling, inputs: [Input; 3]) -> impl IntoView {
    let [lower, upper, decimals] = inputs;
    let hint = move |wide: &'static str, other: &'static str| {
        Signal::derive(move || {
            let counts_apart =
                filling.form.with(|form| matches!(form.template, Template::Histogram | Template::Quantile));
            String::from(if counts_apart { other } else { wide })
        })
    };
    let suggested = Signal::derive(move || {
        let decimals = filling.form.with(|form| form.decimals(lower, upper));
        decimals.map_or_else(
            || "0 for whole numbers. Left empty: what the range asks for.".into(),
            |decimals| {
                format!("0 for whole numbers. Left empty: {decimals}, so that rounding matters little.")
            },
        )
    });
    view! {
        <div class="fields three">
            <TextInput filling input=lower label="Smallest value" inputmode="decimal"
                hint=hint("Lower ones count as this.", "Lower ones are counted apart.") />
            <TextInput filling input=upper label="Largest value" inputmode="decimal"
                hint=hint("Higher ones count as this.", "Higher ones are counted apart.") />
            <TextInput filling input=decimals optional=true label="Decimals" kind="number" hint=suggested />
        </div>
    }
}

/// Where bins begin and end, with a suggestion.
#[component]
fn Bins(filling: Filling) -> impl IntoView {
    let hint = Signal::derive(move || {
        let (typed, edges) =
            filling.form.with(|form| (!form.text(Input::Edges).trim().is_empty(), form.edges()));
        let bins = words::count(edges.len().saturating_sub(1) as u64, "bin");
        match edges.as_slice() {
            [first, second, .., last] if !typed => format!(
                "Left empty: {bins}, {}, {} … {}.",
                words::plain(first),
                words::plain(second),
                words::plain(last)
            ),
            [_, _, ..] => format!("{bins}. Each takes values from its first number up to the next."),
            _ => "Left empty: about a dozen of one width.".into(),
        }
    });
    view! { <TextInput filling input=Input::Edges optional=true label="Where bins begin and end" hint /> }
}

/// Which records count, and whether a person counts once.
#[component]
fn Which(filling: Filling) -> impl IntoView {
    let per = Memo::new(move |_| filling.form.with(|form| form.per == Per::Person));
    let choice = move |person: bool, label: &'static str, explained: &'static str| {
        let per_name = if person { "person" } else { "record" };
        let choose = move |_| {
            filling.form.update(|form| form.per = if person { Per::Person } else { Per::Record });
        };
        view! {
            <label class="check">
                <input type="radio" name="per" data-testid=testids::FIELD data-field="per" data-per=per_name
                    prop:checked=move || per.get() == person on:change=choose />
                <span>{label} " " <span class="soft">{explained}</span></span>
            </label>
        }
    };
    view! {
        <fieldset class="part">
            <legend>"What counts"</legend>
            {choice(false, "Each record", "A person with ten records counts ten times.")}
            {choice(true, "Each person once", "The expression is over all of a person’s records, such as avg(steps).")}
            <div class="below-choices">
                <TextInput filling input=Input::Filter code=true optional=true label="Only records where"
                    hint="Such as year == 2009 && sex == 'female'. Left empty, all count." />
            </div>
        </fieldset>
    }
}
