//! What a stranger reads: what this is, what is shared, what never leaves.

use crate::{
    app::{
        icon::{Icon, Shape},
        ring::Ring,
        state::{Doing, page},
    },
    route::Route,
    testids, words,
};
use leptos::prelude::*;
use node::Command;

/// What a stranger reads.
#[component]
pub(super) fn Welcome() -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let join = move |_| doing.run(page, Command::Join, |_| ());
    view! {
        <div class="welcome">
            <section class="hero">
                <div>
                <h1 id="heading" tabindex="-1">
                    "Add up what nobody wants to show"
                </h1>
                <p class="lead">
                    "Formix finds what many people’s private numbers say together: totals, averages, distributions. Your records stay in this browser tab. Only the result comes out, and only when enough people took part."
                </p>
                <p class="actions">
                    <button
                        type="button"
                        class="big"
                        data-testid=testids::JOIN
                        aria-busy=move || doing.aria()
                        disabled=move || !page.is_known()
                        on:click=join
                    >
                        "Join"
                    </button>
                    <span class="soft">"No account. Leave whenever you like."</span>
                </p>
                <p class="error" role="alert">
                    {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
                </p>
                </div>
                <Figure />
            </section>
            <ol class="steps" aria-label="How it works">
                <li>
                    <div class="sketch">
                        <Icon shape=Shape::Table />
                    </div>
                    <h2>"Your records stay"</h2>
                    <p>"You drop a file into this tab. It is kept in your browser, for your eyes."</p>
                </li>
                <li>
                    <div class="sketch">
                        <Ring filled=3 class="ring sketch-ring open" />
                    </div>
                    <h2>"Your answer is split"</h2>
                    <p>
                        "When you say yes to a question, your numbers are cut into three sealed shares that each look like noise. Three separate servers get one each."
                    </p>
                </li>
                <li>
                    <div class="sketch">
                        <span class="sigma" aria-hidden="true">
                            "Σ"
                        </span>
                    </div>
                    <h2>"Everybody sees the result"</h2>
                    <p>"The servers add up their shares and put the sums together. What appears is the result for everybody, signed."</p>
                </li>
            </ol>
            <div class="two">
                <section class="card">
                    <h2>"What is shared"</h2>
                    <ul class="ticks">
                        <li>"That your node is online, and its address, with the three servers."</li>
                        <li>"For each question that you approve: three sealed shares, one per server."</li>
                        <li>"That you have answered. Never what."</li>
                    </ul>
                </section>
                <section class="card">
                    <h2>"What never leaves this tab"</h2>
                    <ul class="locks">
                        <li>"Your records, in whole or in part."</li>
                        <li>"Your own numbers, except in shares that say nothing one by one."</li>
                        <li>"Anything at all, until you or a rule of yours says yes."</li>
                    </ul>
                </section>
            </div>
            <p class="soft">
                "Without joining, this tab also " <a href=Route::Graph.href()>"ranks a graph"</a> " and " <a href=Route::Machine.href()>"runs a program of nets"</a> "."
            </p>
            <p class="soft">
                "It has limits, and you should know them: " <a href=Route::Network.href()>"what is protected and what is not"</a> "."
            </p>
        </div>
    }
}

/// The idea without words: a table, three shares on their ways, one sum.
#[component]
fn Figure() -> impl IntoView {
    let share = |x: u32, dash: &'static str| {
        view! {
            <circle class="node" cx=x cy="150" r="26" />
            <circle class="share" cx=x cy="150" r="12" pathLength="360" stroke-dasharray="84 276" stroke-dashoffset=dash />
        }
    };
    let cell = |x1: u32, x2: u32, y: u32, mine: bool| {
        view! { <line class=if mine { "cell mine" } else { "cell" } x1=x1 x2=x2 y1=y y2=y /> }
    };
    let rows = [28, 43, 58].map(|y| {
        view! { {cell(103, 122, y, false)} {cell(136, 152, y, false)} {cell(166, 178, y, true)} }
    });
    view! {
        <svg class="figure" viewBox="0 0 280 290" aria-hidden="true" focusable="false">
            <path class="way" d="M140 76 C140 105 50 95 50 122M140 76V122M140 76 C140 105 230 95 230 122" />
            <path class="way" d="M50 178 C50 210 140 198 140 226M140 178V226M230 178 C230 210 140 198 140 226" />
            <rect class="sheet" x="88" y="10" width="104" height="66" rx="8" />
            {rows}
            {share(50, "102")}
            {share(140, "-18")}
            {share(230, "-138")}
            <circle class="sum" cx="140" cy="252" r="27" />
            <text class="sum-sign" x="140" y="261">
                "Σ"
            </text>
        </svg>
    }
}
