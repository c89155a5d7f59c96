//! What is protected and what is not, without flattery.

use crate::app::icon::{Icon, Shape};
use leptos::prelude::*;

/// The honest notes.
#[component]
pub(super) fn Limits() -> impl IntoView {
    let protected = [
        (
            "Your answer, against heavy nodes",
            "With prio3 and additive64 even two that put their shares together see random numbers; with rep64 any one alone does. They learn nothing about an answer beyond the result.",
        ),
        (
            "Your records, against everybody",
            "They are read in this tab. What goes into the shares are the numbers that you see before you approve.",
        ),
        (
            "Your answer, on its way",
            "Who carries it sees sealed shares: which node sends them to whom, not what they hold.",
        ),
        (
            "The result, against numbers out of range",
            "With prio3 each answer carries a proof that it lies within what was asked. One that does not is left out, unseen.",
        ),
        (
            "The result, against a heavy node that lies or stops",
            "With rep64 one that lies about its sum is named, by evidence that anybody can check; one that stops is not missed.",
        ),
        (
            "Which heavy nodes you trust",
            "Those that the host named first. Others that it names later are refused until you say otherwise.",
        ),
    ];
    let open = [
        (
            "All three heavy nodes together",
            "If the people who run them conspire, they can put an answer back together and read it. With rep64 two of them can.",
        ),
        (
            "Three heavy nodes run by one operator",
            "Then there is nobody to conspire with: you trust that one operator with your answer. A test network on one machine is just that.",
        ),
        (
            "A heavy node that lies about its sum",
            "With prio3 and additive64 nobody notices as long as the sum stays possible: the result would be wrong, and signed by all three. The heavy node still learns nothing about an answer.",
        ),
        (
            "A heavy node that leaves answers out",
            "A result over less than two thirds of what an honest heavy node holds is refused. Within that, a dishonest one shapes who is in it.",
        ),
        (
            "A heavy node that stops",
            "With prio3 and additive64 there is no result then, and a signed reason that names it.",
        ),
        (
            "What the results themselves tell",
            "They are published exactly. Heavy nodes refuse one whose people are nearly those of an earlier one about the same fields, and your limits bound how much you answer; but no noise hides who knows everybody else’s numbers from yours.",
        ),
        (
            "Few participants, or many that one person made up",
            "The threshold counts identities, not people. Whoever gives all answers but yours can read yours from the result.",
        ),
        ("Who takes part", "The heavy nodes see that your node has answered, and your network address."),
        (
            "Made-up numbers",
            "A person can answer with numbers that they invented, within the range of the question; and out of it where no proof is asked for.",
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
