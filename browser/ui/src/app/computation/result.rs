//! A result, its signatures checked in this page, and what to keep of it.

use super::numbers::{Numbers, SaveNumbers};
use crate::{
    app::{
        browser,
        icon::{Icon, Shape},
        state::page,
    },
    form::Form,
    route::Route,
    testids, words,
};
use aggregate::{Proposal, message::Mine};
use keys::{Envelope, NodeId};
use leptos::{prelude::*, task::spawn_local};
use node::{TaskView, light::End};

/// The result.
#[component]
pub(super) fn Total(task: Signal<Option<TaskView>>) -> impl IntoView {
    let result = Memo::new(move |_| {
        let task = task.get()?;
        match task.end {
            Some(End::Result { outcome, mine, document }) => {
                Some((outcome, mine, document, task.document, task.proposal))
            }
            _ => None,
        }
    });
    move || {
        result.get().map(|(outcome, mine, document, signed, proposal)| {
            let name = format!("formix-{}", outcome.computation.short());
            let heavy = heavy(&proposal);
            let again = format!("{}?{}", Route::Propose.href(), Form::of_proposal(&proposal).link());
            let lost: Vec<NodeId> = heavy.iter().copied().filter(|id| !outcome.cohort.contains(id)).collect();
            let counted = words::count(outcome.participants.into(), "answer");
            view! {
                <section class="card total">
                    <h2 class="hidden">"The result"</h2>
                    <Numbers query=proposal.query.clone() answer=outcome.answer.clone() rejected=outcome.rejected />
                    <p>{of_mine(mine)}</p>
                    <SaveNumbers name=name.clone() query=proposal.query answer=outcome.answer />
                </section>
                <section class="card">
                    <h2>"How you know"</h2>
                    <Signatures heavy proposal=signed.clone() end=document.clone() />
                    {(!lost.is_empty()).then(|| view! {
                        <p>{format!(
                            "Heavy node {} was lost on the way. The other two hold enough for the exact result.",
                            words::list(&lost.iter().map(|id| format!("…{}", id.short())).collect::<Vec<_>>())
                        )}</p>
                    })}
                    <p class="soft">"All of them name the same set of " {counted} ", by this digest:"</p>
                    <p class="id" data-testid=testids::SET>{outcome.set.to_string()}</p>
                    <p class="soft">{format!("Protected by {}. {}", outcome.scheme.name(), outcome.scheme.protects())}</p>
                    <Download name=format!("{name}.json") proposal=signed end=document />
                    <p class="actions">
                        <a role="button" class="quiet" href=again data-testid=testids::AGAIN>"Propose the same again"</a>
                    </p>
                </section>
            }
        })
    }
}

/// The three heavy nodes that the proposal names.
pub(super) fn heavy(proposal: &Proposal) -> Vec<NodeId> {
    proposal.heavy.iter().map(|key| key.id).collect()
}

/// What became of this node's own answer.
fn of_mine(mine: Mine) -> &'static str {
    match mine {
        Mine::Counted => "Your answer is among them.",
        Mine::NotHeldByAll => {
            "Your answer is not among them: it had not reached all three heavy nodes when they closed."
        }
        Mine::Held => "Your answer was received; whether it is among them was not told.",
        Mine::Rejected => {
            "Your answer is not among them: the heavy nodes could not prove it valid. Reload the page; if it happens again, somebody tampers with it."
        }
        Mine::Unused => "Your answer was not used.",
        _ => "You did not answer this one.",
    }
}

/// What checking a document beside its proposal gave, in the worker: how many of the heavy nodes this node does not trust, or
/// what is wrong. Nothing while it goes on.
pub(super) type Checked = RwSignal<Option<Result<usize, String>>>;

/// Has a document checked.
pub(super) fn checked(proposal: &Envelope, said: &Envelope) -> Checked {
    let page = page();
    let checked = Checked::new(None);
    let documents = (proposal.to_json(), said.to_json());
    spawn_local(async move {
        let result = page.handle().verify(documents.0, documents.1).await;
        checked.try_set(Some(result.map(|strangers| strangers.len())));
    });
    checked
}

/// A check in one word, for the style sheet and for tests.
pub(super) fn state(checked: Checked) -> &'static str {
    checked.with(|checked| match checked {
        None => "checking",
        Some(Ok(_)) => "verified",
        Some(Err(_)) => "failed",
    })
}

/// Signed documents by their names, in the form that the heavy nodes serve.
pub(super) fn documents(named: &[(&str, &Envelope)]) -> String {
    let part = |(name, envelope): &(&str, &Envelope)| {
        format!("\"{name}\":{}", String::from_utf8(envelope.to_json()).unwrap_or_default())
    };
    let parts: Vec<String> = named.iter().map(part).collect();
    words::spread(&format!("{{{}}}", parts.join(","))) + "\n"
}

/// The signers, and what checking their signatures here gave.
#[component]
pub(super) fn Signatures(
    /// Whose signatures count: the proposal's heavy nodes.
    heavy: Vec<NodeId>,
    /// The signed proposal.
    proposal: Envelope,
    /// The signed end.
    end: Envelope,
) -> impl IntoView {
    let checked = checked(&proposal, &end);
    let signers: Vec<_> = heavy
        .into_iter()
        .map(|id| (id, end.signatures.iter().any(|signature| signature.keyid == id)))
        .collect();
    let many = signers.iter().filter(|(_, signed)| *signed).count();
    let words = move || match (checked.get(), many) {
        (None, _) => "Checking the signatures in this page…".to_owned(),
        (Some(Ok(0)), 1) => "Its signature was checked in this page and fits.".into(),
        (Some(Ok(0)), many) => format!("{many} signatures, checked in this page. All fit."),
        (Some(Ok(_)), _) => {
            "The signatures fit, but not all of these heavy nodes are among those that you trust.".into()
        }
        (Some(Err(why)), _) => format!("A signature does not fit: {why}. Do not trust this."),
    };
    let signer = move |(id, signed): (NodeId, bool)| {
        let mark = move || match checked.get().filter(|_| signed) {
            None => None,
            Some(Ok(_)) => Some(view! { <Icon shape=Shape::Check /> }),
            Some(Err(_)) => Some(view! { <Icon shape=Shape::Cross /> }),
        };
        let unsigned = (!signed).then(|| view! { <span class="soft">" has not signed this"</span> });
        view! {
            <li>
                <span class="mark">{mark}</span>
                <span>"Heavy node " <span class="id" title=id.to_string()>"…" {id.short()}</span> {unsigned}</span>
            </li>
        }
    };
    view! {
        <div data-testid=testids::SIGNATURES data-checked=move || state(checked)>
            <p aria-live="polite">{words}</p>
            <ul class="signers">{signers.into_iter().map(signer).collect_view()}</ul>
        </div>
    }
}

/// Saves the signed documents.
#[component]
pub(super) fn Download(
    /// The file's name.
    name: String,
    /// The signed proposal.
    proposal: Envelope,
    /// The signed end.
    end: Envelope,
) -> impl IntoView {
    let save = move |_| {
        // A browser that saves nothing says so itself.
        let _ = browser::save(
            &name,
            "application/json",
            documents(&[("proposal", &proposal), ("end", &end)]).as_bytes(),
        );
    };
    view! {
        <p class="actions">
            <button type="button" class="secondary with-icon" data-testid=testids::DOWNLOAD on:click=save>
                <Icon shape=Shape::Save />
                "Save the signed documents"
            </button>
            <span class="soft">"Anybody can check them, without this network."</span>
        </p>
    }
}
