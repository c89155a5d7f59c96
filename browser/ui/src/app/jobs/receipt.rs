//! Checks a receipt that somebody has, without asking anybody; and runs it again where module and input are there too.

use super::run_once;
use crate::{
    app::{browser, drop::Drop, icon::Shape, shell::Heading, state::page},
    job as words_of,
    route::Route,
    testids, words,
};
use bridge::Checked;
use codec::ContentId;
use leptos::{prelude::*, task::spawn_local};
use web_sys::File;

/// A file that was read.
#[derive(Clone, PartialEq, Default)]
struct Read {
    name: String,
    bytes: Vec<u8>,
}

/// What a second run gave.
#[derive(Clone, PartialEq)]
enum Rerun {
    Same,
    Differs(String),
}

/// The view.
#[component]
pub(crate) fn Receipt() -> impl IntoView {
    let page = page();
    let receipt = RwSignal::new(Read::default());
    let checked = RwSignal::new(None::<Result<Checked, String>>);
    let take = move |file: File| {
        spawn_local(async move {
            let read = browser::read(&file).await;
            let result = match read {
                Ok(bytes) => {
                    // Of several, as a job's view saves them, the first.
                    let bytes = first(&bytes).unwrap_or(bytes);
                    let result = page.handle().check_receipt(bytes.clone()).await;
                    receipt.try_set(Read { name: file.name(), bytes });
                    result
                }
                Err(words) => Err(words),
            };
            page.say(if result.is_ok() { "The receipt holds." } else { "The receipt does not hold." });
            checked.try_set(Some(result));
        });
    };
    let state = move || match checked.get() {
        None => "none",
        Some(Ok(_)) => "verified",
        Some(Err(_)) => "failed",
    };
    view! {
        <p class="back">
            <a href=Route::Jobs.href()>"← Jobs"</a>
        </p>
        <Heading text="Check a receipt" />
        <p class="lead">
            "A receipt is a node’s signed word on what a run of a program gave. Checking it takes no network: the document says it all."
        </p>
        <Drop
            id="receipt"
            shape=Shape::Shield
            accept=".json,application/json"
            hint="A receipt, a DSSE document in JSON."
            testid=testids::RECEIPT_FILE
            on_file=take
        />
        <div aria-live="polite" data-testid=testids::RECEIPT data-checked=state>
            {move || checked.get().map(|result| match result {
                Err(words) => view! {
                    <p class="banner" data-kind="failed">
                        <strong>"This receipt does not hold. "</strong>
                        {words::sentence(&words)}
                    </p>
                }.into_any(),
                Ok(checked) => view! { <Told checked receipt /> }.into_any(),
            })}
        </div>
    }
}

/// The first document of a JSON array; `None` where it is none.
fn first(bytes: &[u8]) -> Option<Vec<u8>> {
    let all: Vec<keys::Envelope> = serde_json::from_slice(bytes).ok()?;
    all.first().map(keys::Envelope::to_json)
}

/// What a receipt says whose signatures hold.
#[component]
fn Told(checked: Checked, receipt: RwSignal<Read>) -> impl IntoView {
    let said = checked;
    let witnessed = match said.witnesses.as_slice() {
        [] => "nobody".to_owned(),
        nodes => {
            words::list(&nodes.iter().map(|node| words_of::node_name(*node, None, None)).collect::<Vec<_>>())
        }
    };
    let pairs = [
        ("Signed by", said.node.to_string()),
        ("Witnessed by", witnessed),
        ("Ended", words::sentence(&said.ending)),
        ("When", browser::local_time(said.started)),
        ("Took", words::work(said.wall_us)),
        ("Used", words_of::used(said.fuel)),
        ("Memory", words::bytes(said.memory_peak_bytes)),
        ("Arguments", said.args.join(" ")),
        ("Module", said.module.to_string()),
        ("Input", said.input.to_string()),
        ("Output", said.output.to_string()),
        ("Error output", said.errors.to_string()),
        ("Job", said.job.to_string()),
        ("For", said.submitter.to_string()),
    ];
    view! {
        <section class="card">
            <h2>"This receipt holds"</h2>
            <p>"Its signer vouches for what it says, and cannot take that back. Whether it is true, a second run tells."</p>
            <dl class="pairs receipt">
                {pairs.map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> }).collect_view()}
            </dl>
        </section>
        <Again input=said.input receipt />
    }
}

/// Runs it again.
#[component]
fn Again(
    /// The input that the receipt speaks of.
    input: ContentId,
    /// The receipt.
    receipt: RwSignal<Read>,
) -> impl IntoView {
    let page = page();
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let (code, given) = (RwSignal::new(None::<Read>), RwSignal::new(None::<Read>));
    let outcome = RwSignal::new(None::<Rerun>);
    // Of a job without an input, nothing is to be chosen.
    let needs_input = input != ContentId::of(b"");
    let take = move |into: RwSignal<Option<Read>>, file: File| {
        spawn_local(async move {
            problem.try_set(None);
            match browser::read(&file).await {
                Ok(bytes) => {
                    into.try_set(Some(Read { name: file.name(), bytes }));
                }
                Err(words) => {
                    problem.try_set(Some(words::sentence(&words)));
                }
            }
        });
    };
    let ready = move || code.with(Option::is_some) && (!needs_input || given.with(Option::is_some));
    let run = move |_| {
        run_once(busy, problem, async move {
            outcome.set(None);
            let bytes = |read: Option<Read>| read.unwrap_or_default().bytes;
            let (code, given) = (bytes(code.get_untracked()), bytes(given.get_untracked()));
            let result = page.handle().rerun(receipt.get_untracked().bytes, code, given).await;
            let told = match result {
                Ok(()) => Rerun::Same,
                Err(words) => Rerun::Differs(words),
            };
            outcome.try_set(Some(told));
            Ok(())
        });
    };
    let hint = |read: RwSignal<Option<Read>>, none: &'static str| {
        Signal::derive(move || {
            read.with(|read| read.as_ref().map_or_else(|| none.into(), |read| read.name.clone()))
        })
    };
    let state = move || match outcome.get() {
        None => "none",
        Some(Rerun::Same) => "same",
        Some(Rerun::Differs(_)) => "differs",
    };
    view! {
        <section class="card" data-testid=testids::RERUN data-outcome=state>
            <h2>"Run it again"</h2>
            <p>"In a sandbox of this browser, with the same program and the same input. It must give the same to the last byte."</p>
            <div class="two">
                <Drop id="rerun-module" shape=Shape::Play label="Choose the module" accept=".wasm,application/wasm"
                    hint=hint(code, "The .wasm file.") testid=testids::RERUN_MODULE
                    on_file=move |file| take(code, file) />
                {needs_input.then(|| view! {
                    <Drop id="rerun-input" shape=Shape::Table label="Choose the input" accept=""
                        hint=hint(given, "What the program read from standard input.") testid=testids::RERUN_INPUT
                        on_file=move |file| take(given, file) />
                })}
            </div>
            <p class="actions">
                <button type="button" data-testid=testids::RERUN_GO disabled=move || !ready()
                    aria-busy=move || busy.get().to_string() on:click=run>
                    "Run it again"
                </button>
            </p>
            <p role="status">
                {move || outcome.get().map(|outcome| match outcome {
                    Rerun::Same => view! { <span>"The same to the last byte: the receipt is true."</span> }.into_any(),
                    Rerun::Differs(words) => view! { <span class="error">{words::sentence(&words)}</span> }.into_any(),
                })}
            </p>
            <p class="error" role="alert">{move || problem.get()}</p>
        </section>
    }
}
