//! The numbers of a result: the one that was asked for, the others, a plot, and how exact they are.

use crate::{
    answer::{self, Figure, Shown},
    app::{
        browser,
        icon::{Icon, Shape},
        plot::Plot,
    },
    testids, words,
};
use leptos::prelude::*;
use query::{Answer, Query};

/// What came out.
#[component]
pub(super) fn Numbers(
    /// What was asked.
    query: Query,
    /// What the totals say.
    answer: Answer,
    /// Reports whose proofs did not hold.
    rejected: u32,
) -> impl IntoView {
    let Shown { headline, equation, figures, plot } = answer::show(&query, &answer);
    let participants = Figure {
        key: "participants".into(),
        name: "Answers".into(),
        value: words::grouped(&answer.participants.to_string()),
        plus_minus: None,
    };
    let headline = headline.map(|figure| {
        let off = figure.plus_minus.map(|off| view! { <span class="off numerals">" ± " {off}</span> });
        view! {
            <p class="headline-name">{figure.name}</p>
            <p class="sum numerals" data-testid=testids::FIGURE data-figure=figure.key>
                {figure.value}
                {off}
            </p>
        }
    });
    let equation = equation
        .map(|equation| view! { <p class="equation numerals" data-testid=testids::EQUATION>{equation}</p> });
    let plot = plot.map(|plot| {
        let name = plot.name();
        view! { <Plot id=name draw=move |width| plot.draw(width) /> }
    });
    let figure = |figure: Figure| {
        let off = figure.plus_minus.map(|off| view! { <span class="off">" ± " {off}</span> });
        view! {
            <div>
                <dt>{figure.name}</dt>
                <dd data-testid=testids::FIGURE data-figure=figure.key>{figure.value} {off}</dd>
            </div>
        }
    };
    let rejected_words = (rejected > 0).then(|| {
        let text = format!(
            "{} left out: their proofs did not hold, so they were not within what was asked.",
            words::count(rejected.into(), "answer")
        );
        view! { <p data-testid=testids::REJECTED data-rejected=rejected.to_string()>{text}</p> }
    });
    let doubts = answer.doubts.iter().map(|doubt| {
        view! { <p class="error" data-testid=testids::DOUBT>{words::sentence(doubt)}</p> }
    });
    view! {
        {headline}
        {equation}
        {plot}
        <dl class="figures numerals">
            {std::iter::once(participants).chain(figures).map(figure).collect_view()}
        </dl>
        {rejected_words}
        {doubts.collect_view()}
        <p class="soft" data-testid=testids::ROUNDING>{words::sentence(&answer.rounding.words)}</p>
    }
}

/// Saves the numbers, all digits of them.
#[component]
pub(super) fn SaveNumbers(
    /// The files' name, without an ending.
    name: String,
    /// What was asked.
    query: Query,
    /// What the totals say.
    answer: Answer,
) -> impl IntoView {
    let csv_name = format!("{name}.csv");
    let json_name = format!("{name}-answer.json");
    let json_answer = answer.clone();
    // A browser that saves nothing says so itself.
    let csv = move |_| {
        let _ = browser::save(&csv_name, "text/csv", answer::csv(&query, &answer).as_bytes());
    };
    let json = move |_| {
        if let Ok(text) = serde_json::to_string(&json_answer) {
            let _ = browser::save(&json_name, "application/json", (words::spread(&text) + "\n").as_bytes());
        }
    };
    view! {
        <p class="actions">
            <button type="button" class="secondary with-icon" data-testid=testids::SAVE_CSV on:click=csv>
                <Icon shape=Shape::Save />
                "CSV"
            </button>
            <button type="button" class="secondary with-icon" data-testid=testids::SAVE_JSON on:click=json>
                <Icon shape=Shape::Save />
                "JSON"
            </button>
        </p>
    }
}
