//! What is protected and what is not, without flattery.

use crate::app::icon::{Icon, Shape};
use leptos::prelude::*;

/// The honest notes.
#[component]
pub(super) fn Limits() -> impl IntoView {
    let protected = [
        (
            "Your answer, against any one or two heavy nodes",
            "Two that put their shares together still see noise. It takes all three.",
        ),
        (
            "Your records, against everybody",
            "They are read in this tab, and only their sum goes into the shares.",
        ),
        (
            "The total, against a heavy node that lies or stops",
            "All three must sign the same total. If one does not, there is a signed reason, and no total.",
        ),
        (
            "What you were told was saved",
            "A heavy node says that it has your share only once it would survive a crash.",
        ),
    ];
    let open = [
        (
            "All three heavy nodes together",
            "If the people who run them conspire, they can put every answer back together.",
        ),
        (
            "Three heavy nodes run by one operator",
            "Then there is nobody to conspire with: you trust that one operator with your answer. A test network on one machine is just that.",
        ),
        (
            "What the total itself tells",
            "It is published exactly. Somebody who knows all answers but yours can subtract them. Ask for many participants.",
        ),
        ("Who takes part", "The heavy nodes see that your node has answered, and your network address."),
        (
            "Made-up numbers",
            "A person can answer with numbers that they invented, within the range of the question.",
        ),
        (
            "The host of this page",
            "It serves the code that runs here. If it serves other code, nothing above holds.",
        ),
    ];
    let item = |shape: Shape| {
        move |(what, why): (&'static str, &'static str)| {
            view! {
                <li>
                    <Icon shape />
                    <div>
                        <strong>{what}</strong>
                        <p>{why}</p>
                    </div>
                </li>
            }
        }
    };
    view! {
        <section class="limits">
            <h2>"What is protected, and what is not"</h2>
            <div class="two">
                <div>
                    <h3>"Protected"</h3>
                    <ul class="notes good">{protected.map(item(Shape::Shield)).collect_view()}</ul>
                </div>
                <div>
                    <h3>"Not protected"</h3>
                    <ul class="notes">{open.map(item(Shape::Cross)).collect_view()}</ul>
                </div>
            </div>
        </section>
    }
}
