//! Everything about a computation, for those who want it exactly.

use super::answer::asked;
use crate::{app::browser, words};
use leptos::prelude::*;
use node::TaskView;

/// Who asks for what by when; the document's fields below.
#[component]
pub(super) fn Facts(task: Signal<Option<TaskView>>) -> impl IntoView {
    // Of a known computation, only what it is: that never changes.
    let task = Memo::new_with_compare(
        move |_| task.get(),
        |old, new| {
            old.map(|old| old.as_ref().map(|task| task.id)) == new.map(|new| new.as_ref().map(|task| task.id))
        },
    );
    move || {
        task.get().map(|task| {
            let proposal = &task.proposal;
            let heavy: Vec<_> = proposal.heavy.iter().map(|key| key.id.to_string()).collect();
            let proposer = if task.own { "You".into() } else { format!("…{}", proposal.proposer.short()) };
            let query = words::spread(&serde_json::to_string(&proposal.query).unwrap_or_default());
            let schema = words::spread(proposal.schema.as_str());
            let at_least = words::count(proposal.participants_min.into(), "answer");
            view! {
                <section class="facts">
                    <h2>"The question"</h2>
                    <dl class="pairs">
                        <dt>"Asks for"</dt>
                        <dd>{asked(&task)}</dd>
                        <dt>"Proposed by"</dt>
                        <dd><span class="id" title=proposal.proposer.to_string()>{proposer}</span></dd>
                        <dt>"Needs"</dt>
                        <dd>"at least " {at_least}</dd>
                        <dt>"Closes"</dt>
                        <dd>{browser::local_time(proposal.deadline)}</dd>
                        <dt>"Protected by"</dt>
                        <dd>
                            {proposal.scheme.name()}
                            <details class="scheme-facts">
                                <summary>"What that means"</summary>
                                <p>{proposal.scheme.protects()}</p>
                                <p><strong>"Not protected: "</strong>{proposal.scheme.not_protected()}</p>
                            </details>
                        </dd>
                    </dl>
                    <details>
                        <summary>"Technical details"</summary>
                        <dl class="pairs">
                            <dt>"Computation"</dt>
                            <dd class="id">{task.id.to_string()}</dd>
                            <dt>"Proposer"</dt>
                            <dd class="id">{proposal.proposer.to_string()}</dd>
                            <dt>"Heavy nodes"</dt>
                            <dd class="id">{heavy.into_iter().map(|id| view! { <div>{id}</div> }).collect_view()}</dd>
                            <dt>"Query"</dt>
                            <dd><pre class="json">{query}</pre></dd>
                            <dt>"Schema"</dt>
                            <dd><pre class="json">{schema}</pre></dd>
                            <dt>"Limits"</dt>
                            <dd class="numerals">
                                {format!("{} to {} participants, {} records each", proposal.participants_min, proposal.participants_max, proposal.query.records_max)}
                            </dd>
                            <dt>"Deadline"</dt>
                            <dd class="id">{proposal.deadline.to_string()}</dd>
                            <dt>"Nonce"</dt>
                            <dd class="id">{proposal.nonce.clone()}</dd>
                        </dl>
                    </details>
                </section>
            }
        })
    }
}
