//! What is protected and what is not, without flattery.

use crate::app::icon::{Icon, Shape};
use leptos::prelude::*;

/// The honest notes.
#[component]
pub(super) fn Limits() -> impl IntoView {
    let protected = [
        (
            "Your answer, against any one or two heavy nodes",
            "Even two that put their shares together see random numbers. They learn nothing about an answer beyond the total.",
        ),
        (
            "Your records, against everybody",
            "They are read in this tab, and only their sum goes into the shares.",
        ),
        (
            "Your answer, on its way",
            "Who carries it sees sealed shares: which node sends them to whom, not what they hold.",
        ),
        (
            "Which heavy nodes you trust",
            "Those that the host named first. Others that it names later are refused until you say otherwise.",
        ),
    ];
    let open = [
        (
            "All three heavy nodes together",
            "If the people who run them conspire, they can add the shares of one answer and read it.",
        ),
        (
            "Three heavy nodes run by one operator",
            "Then there is nobody to conspire with: you trust that one operator with your answer. A test network on one machine is just that.",
        ),
        (
            "A heavy node that lies about its sum",
            "Nobody notices: the total would be wrong, and signed by all three. The heavy node still learns nothing about an answer.",
        ),
        (
            "A heavy node that leaves answers out",
            "A total over less than two thirds of what an honest heavy node holds is refused. Within that, a dishonest one shapes who is in it.",
        ),
        ("A heavy node that stops", "Then there is no total, and a signed reason that names it."),
        (
            "What the total itself tells",
            "It is published exactly. Do not answer two questions that differ only by you.",
        ),
        (
            "Few participants, or many that one person made up",
            "The threshold counts identities, not people. Whoever gives all answers but yours can read yours from the total.",
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
        (
            "Your device",
            "Your records are kept unencrypted in this browser’s storage. Whoever can use this device can read them.",
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
