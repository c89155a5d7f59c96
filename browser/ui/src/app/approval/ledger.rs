//! All that was ever answered.

use crate::{
    app::{
        browser,
        state::{Page, page},
    },
    consent,
    route::Route,
    testids, words,
};
use leptos::prelude::*;
use privacy::{By, LedgerEntry, Subject, Use};

/// Counts by field, and the latest answers.
#[component]
pub(super) fn Ledger() -> impl IntoView {
    let page = page();
    let ledger =
        page.part(|view| (view.ledger.latest.clone(), view.ledger.entries, view.ledger.uses.clone()));
    let none = move || ledger.with(|(latest, ..)| latest.is_empty());
    let more = move || {
        ledger.with(|(latest, entries, _)| {
            (*entries > latest.len()).then(|| {
                format!("The last {} of {} answers.", latest.len(), words::grouped(&entries.to_string()))
            })
        })
    };
    view! {
        <section class="group" data-testid=testids::LEDGER>
            <h2>"All that you have answered"</h2>
            <Show
                when=move || !none()
                fallback=|| view! { <p class="empty">"Nothing yet. Each answer is noted here before it leaves."</p> }
            >
                <ByField uses=Signal::derive(move || ledger.with(|(.., uses)| uses.clone())) />
                <div class="table-scroll" role="region" aria-label="Answers" tabindex="0">
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">"When"</th>
                                <th scope="col">"What"</th>
                                <th scope="col">"About"</th>
                                <th scope="col">"Said yes"</th>
                                <th scope="col">"Became"</th>
                            </tr>
                        </thead>
                        <tbody>
                            {move || ledger.with(|(latest, ..)| latest.iter().map(|entry| row(page, entry)).collect_view())}
                        </tbody>
                    </table>
                </div>
                <p class="soft">{more}</p>
            </Show>
        </section>
    }
}

fn row(page: Page, entry: &LedgerEntry) -> impl IntoView + use<> {
    let question = &entry.question;
    let own = page.peek(|view| Some(view.id)) == Some(question.proposer);
    let proposer =
        if own { "asked by you".to_owned() } else { format!("asked by …{}", question.proposer.short()) };
    let by = match &entry.by {
        By::Person => ("You".to_owned(), None),
        By::Rule { words, .. } => ("A rule".into(), Some(words.clone())),
        _ => ("—".into(), None),
    };
    view! {
        <tr data-testid=testids::LEDGER_ENTRY data-id=question.computation.to_string() data-fate=consent::fate(entry.fate)>
            <td>{browser::local_time(entry.at)}</td>
            <td class="wrap">
                <a href=Route::Computation(question.computation).href()>{words::sentence(&question.words)}</a>
                <span class="soft line">{proposer} {(!question.purpose.is_empty()).then(|| format!(", for: {}", question.purpose))}</span>
            </td>
            <td class="wrap">{question.dataset.clone()} <span class="soft line">{question.fields.join(", ")}</span></td>
            <td title=by.1>{by.0}</td>
            <td>{consent::fate(entry.fate)}</td>
        </tr>
    }
}

/// How many answers each field has gone into.
#[component]
fn ByField(uses: Signal<Vec<Use>>) -> impl IntoView {
    let chip = |one: Use| {
        let name = match &one.about {
            Subject::Attribute { dataset, field } if field.is_empty() => dataset.clone(),
            Subject::Attribute { dataset, field } => format!("{dataset}.{field}"),
            _ => return None,
        };
        Some(view! {
            <li class="chip" data-testid=testids::LEDGER_USE data-about=name.clone() data-answers=one.answers.to_string()>
                {name.clone()} " " <span class="soft">{words::count(one.answers, "answer")}</span>
            </li>
        })
    };
    view! {
        <ul class="chips" aria-label="Answers by field">
            {move || uses.get().into_iter().filter_map(chip).collect_view()}
        </ul>
    }
}
