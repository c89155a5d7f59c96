//! No result, and the signed reason.

use super::result::{Download, Signatures, heavy};
use crate::{testids, words};
use aggregate::RefusalReason;
use leptos::prelude::*;
use node::{TaskView, light::End};

/// Why there is no result.
#[component]
pub(super) fn NoTotal(task: Signal<Option<TaskView>>) -> impl IntoView {
    let refusal = Memo::new(move |_| {
        let task = task.get()?;
        match task.end {
            Some(End::Refusal { reason, text, document, .. }) => {
                Some((task.id, reason, text, document, task.document, heavy(&task.proposal)))
            }
            _ => None,
        }
    });
    move || {
        refusal.get().map(|(id, reason, text, document, proposal, heavy)| {
            view! {
                <section class="card" data-testid=testids::REFUSAL>
                    <h2>"There is no result"</h2>
                    <p class="reason">{in_words(&reason, &text)}</p>
                    <p>{consequence(&reason)}</p>
                </section>
                <section class="card">
                    <h2>"How you know"</h2>
                    <Signatures heavy proposal=proposal.clone() end=document.clone() />
                    <p class="soft">{words::sentence(&text)}</p>
                    <Download name=format!("formix-{}.json", id.short()) proposal end=document />
                </section>
            }
        })
    }
}

/// What has been learned by then, and what may still come.
const fn consequence(reason: &RefusalReason) -> &'static str {
    match reason {
        RefusalReason::TooFew { .. }
        | RefusalReason::NotAccepted { .. }
        | RefusalReason::Shrunk { .. }
        | RefusalReason::Differencing { .. }
        | RefusalReason::Cancelled
        | RefusalReason::Expired => {
            "Nothing was added up, and nobody learned anything about anybody’s numbers."
        }
        // Its sums may be on their way to the others already.
        _ => "No result is signed. One may still come.",
    }
}

/// The reason for a stranger. The node's own words stand below, with the names.
fn in_words(reason: &RefusalReason, text: &str) -> String {
    match reason {
        RefusalReason::TooFew { participants, participants_min } => format!(
            "Too few people answered: {} of the {} needed. A result over so few would say too much about each of them.",
            words::grouped(&participants.to_string()),
            words::grouped(&participants_min.to_string())
        ),
        RefusalReason::HeavyMissing { heavy, .. } => format!(
            "{} of the three heavy nodes did not answer in time, and this scheme needs all three.",
            heavy.len()
        ),
        RefusalReason::HeavyDisagrees { .. } => {
            "The three heavy nodes did not agree with each other, and this scheme needs all three.".into()
        }
        RefusalReason::Shrunk { participants, held } => format!(
            "Of {} that a heavy node holds, only {} reached all three. A result that leaves out so many could say too much about the rest.",
            words::count((*held).into(), "answer"),
            words::grouped(&participants.to_string())
        ),
        RefusalReason::Differencing { differs_by, .. } => format!(
            "The people who answered are almost those of an earlier question about the same fields: they differ by {}. Both results together would tell about these few.",
            differs_by
        ),
        RefusalReason::FewValues { values, category } => format!(
            "Only {} {} counted{}. Their total would tell what they are, so it is not published.",
            words::count((*values).into(), "value"),
            if *values == 1 { "was" } else { "were" },
            category.as_ref().map(|category| format!(" in “{category}”")).unwrap_or_default()
        ),
        RefusalReason::Impossible { .. } => {
            "The sums cannot be right: no honest answers within the range add up to them. Somebody sent numbers that they should not.".into()
        }
        RefusalReason::NotAccepted { .. } => "A heavy node did not accept the question.".into(),
        RefusalReason::HeavyRefused { .. } => "A heavy node gave up, and this scheme needs all three.".into(),
        RefusalReason::Cancelled => "Whoever asked took the question back before it closed.".into(),
        RefusalReason::Expired => "A heavy node was not running when it was time to add up.".into(),
        _ => words::sentence(text),
    }
}
