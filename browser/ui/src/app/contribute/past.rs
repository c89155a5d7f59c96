//! What ran here, and what came of it.

use crate::{
    app::{
        browser,
        state::{Page, page},
    },
    job as words_of, testids, words,
};
use codec::ContentId;
use jobs::worker::PastView;
use leptos::{prelude::*, task::spawn_local};

/// Rows that are shown before somebody asks for all: while jobs are tiny, all of them are others a moment later.
const SHOWN: usize = 20;

/// The credit and the list; nothing where nothing ever ran.
#[component]
pub(super) fn Past() -> impl IntoView {
    let page = page();
    let history = page.part(|view| view.contribution.history.clone());
    let some = Memo::new(move |_| history.with(|history| !history.is_empty()));
    let all = RwSignal::new(false);
    let hides = move || !all.get() && history.with(|history| history.len() > SHOWN);
    let rows = move || {
        let shown = if all.get() { usize::MAX } else { SHOWN };
        history.with(|history| history.iter().take(shown).map(|past| row(page, past)).collect_view())
    };
    view! {
        <Show when=move || some.get()>
            <Credit />
            <section class="group">
                <h2>"What ran here"</h2>
                <div class="table-scroll" role="region" aria-label="What ran here" tabindex="0">
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">"When"</th>
                                <th scope="col">"What"</th>
                                <th scope="col">"How it ended"</th>
                                <th scope="col">"Took"</th>
                                <th scope="col">"Receipt"</th>
                            </tr>
                        </thead>
                        <tbody>
                            {rows}
                        </tbody>
                    </table>
                </div>
                <Show when=hides>
                    <button type="button" class="quiet" on:click=move |_| all.set(true)>"Show all"</button>
                </Show>
            </section>
        </Show>
    }
}

fn row(page: Page, past: &PastView) -> impl IntoView + use<> {
    let job = past.job;
    let label = format!("Save the receipt of {}", past.name);
    let save = past.is_taken.then(|| {
        view! {
            <button type="button" class="quiet" aria-label=label data-testid=testids::PAST_RECEIPT
                on:click=move |_| spawn_local(save(page, job))>
                "Save"
            </button>
        }
    });
    view! {
        <tr data-testid=testids::PAST data-id=job.to_string() data-taken=past.is_taken.to_string()>
            <td>{browser::local_time(past.at)}</td>
            <td class="wrap">
                {past.name.clone()}
                <span class="soft line">"For " {words_of::node_name(past.submitter, None, page.peek(|view| Some(view.id)))}</span>
            </td>
            <td class="wrap">{words::sentence(&past.ending)}</td>
            <td>{words::work(past.wall_us)} <span class="soft line">{words_of::used(past.fuel)}</span></td>
            <td class="act">{save}</td>
        </tr>
    }
}

async fn save(page: Page, job: ContentId) {
    match page.handle().receipt(job).await {
        Some(document) => {
            let name = format!("receipt-{}.json", job.short());
            // A browser that does not save has told the person itself.
            let _ = browser::save(&name, "application/json", &document);
        }
        None => page.say("The receipt is no longer here."),
    }
}

/// What came of it in all.
#[component]
fn Credit() -> impl IntoView {
    let page = page();
    let credit = page.part(|view| view.contribution.credit);
    let count = move |pick: fn(&jobs::worker::Credit) -> u64| {
        move || credit.with(|credit| words::grouped(&pick(credit).to_string()))
    };
    view! {
        <section class="card" data-testid=testids::CREDIT data-jobs=move || credit.with(|credit| credit.jobs.to_string())>
            <h2>"What this browser has done"</h2>
            <dl class="figures numerals">
                <div><dt>"Jobs"</dt><dd>{count(|credit| credit.jobs)}</dd></div>
                <div><dt>"Fuel"</dt><dd>{count(|credit| credit.fuel)}</dd></div>
                <div><dt>"Agreed with others"</dt><dd>{count(|credit| credit.agreed)}</dd></div>
                <div><dt>"Differed"</dt><dd>{count(|credit| credit.disagreed)}</dd></div>
                <div><dt>"Not compared"</dt><dd>{count(|credit| credit.unchecked)}</dd></div>
            </dl>
            <p class="soft">"Credit is fuel of answers that agreed with others’. It is no money, and nobody can hand it on."</p>
        </section>
    }
}
