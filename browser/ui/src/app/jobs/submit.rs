//! The form for a new job.

use super::{own_id, run_once};
use crate::{
    app::{
        browser,
        drop::Drop,
        icon::Shape,
        state::{Page, clock, page},
    },
    job::{Asked, FILE_BYTES_MAX, Field, JobForm, NAME_CHARS_MAX},
    route::Route,
    testids, words,
};
use bridge::host;
use jobs::manifest::REPLICAS_MAX;
use leptos::prelude::*;
use web_sys::File;

/// The media type of a signed document.
pub(super) const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// A file that was chosen; its bytes stay where they are until the job is sent.
type Chosen = RwSignal<Option<File>, LocalStorage>;

/// What the form holds.
#[derive(Clone, Copy)]
struct Filling {
    form: RwSignal<JobForm>,
    module: Chosen,
    input: Chosen,
    wrong: RwSignal<Option<(Field, String)>>,
    problem: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
}

/// The form: a module first, and the rest once there is one.
#[component]
pub(super) fn Submit() -> impl IntoView {
    let page = page();
    let filling = Filling {
        form: RwSignal::new(JobForm::default()),
        module: RwSignal::new_local(None),
        input: RwSignal::new_local(None),
        wrong: RwSignal::new(None),
        problem: RwSignal::new(None),
        busy: RwSignal::new(false),
    };
    let take = move |chosen: Chosen, file: File| {
        filling.problem.set(None);
        if file.size() as usize > FILE_BYTES_MAX {
            let size = words::bytes(file.size() as u64);
            return filling.problem.set(Some(format!("{} has {size}; up to 16 MiB are taken.", file.name())));
        }
        chosen.set(Some(file));
    };
    let take_module = move |file: File| {
        if !file.name().to_lowercase().ends_with(".wasm") {
            let text = format!("{} is no .wasm file. Compile the program for wasm32-wasip1.", file.name());
            return filling.problem.set(Some(text));
        }
        take(filling.module, file);
        request_animation_frame(|| browser::focus("job-name"));
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        run_once(filling.busy, filling.problem, send(page, filling));
    };
    view! {
        <Drop
            id="job-module"
            shape=Shape::Play
            label="Choose a .wasm file"
            accept=".wasm,application/wasm"
            hint="A WASI command, as rustc makes for wasm32-wasip1. Up to 16 MiB."
            testid=testids::JOB_MODULE
            on_file=take_module
        />
        <Show when=move || filling.module.with(Option::is_some)>
            <form class="card" novalidate on:submit=submit>
                <Inputs filling on_input=move |file| take(filling.input, file) />
            </form>
        </Show>
        <div role="alert" data-testid=testids::JOB_ERROR>
            {move || filling.problem.get().map(|text| view! {
                <p class="banner" data-kind="failed">
                    <strong>"Not submitted. "</strong>
                    {text}
                </p>
            })}
        </div>
    }
}

/// Everything besides the module.
#[component]
fn Inputs(
    /// The form.
    filling: Filling,
    /// What to do with the input file.
    on_input: impl Fn(File) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let file = move |chosen: Chosen| chosen.with(|file| file.as_ref().map(File::name)).unwrap_or_default();
    let size = move |chosen: Chosen| chosen.with(|file| file.as_ref().map_or(0, |file| file.size() as u64));
    let input_hint = move || match filling.input.with(Option::is_some) {
        true => format!("{}, {}.", file(filling.input), words::bytes(size(filling.input))),
        false => "What the program reads from standard input. It may stay empty. Up to 16 MiB.".into(),
    };
    let choose = move |event| {
        let replicas = event_target_value(&event).parse().unwrap_or(1);
        filling.form.update(|form| form.replicas = replicas);
    };
    let choose_nodes = move |event| {
        let asked = match event_target_value(&event).as_str() {
            "tabs" => Asked::Tabs,
            "native" => Asked::Native,
            _ => Asked::Any,
        };
        filling.form.update(|form| form.asked = asked);
    };
    let replicas = move |count: u8| {
        let label = match count {
            1 => "1 node; nobody checks it".to_owned(),
            count => format!("{count} nodes, compared"),
        };
        let chosen = move || filling.form.with(|form| form.replicas == count);
        view! { <option value=count.to_string() selected=chosen>{label}</option> }
    };
    view! {
        <h2>{move || file(filling.module)} " " <span class="soft numerals">{move || words::bytes(size(filling.module))}</span></h2>
        <div class="fields">
            <Text filling field=Field::Name label="What it does" hint="For whoever runs it; the file’s name where it stays empty." />
            <div>
                <label for="job-replicas">"Run it on"</label>
                <select id="job-replicas" data-testid=testids::JOB_FIELD data-field="replicas" on:change=choose>
                    {(1..=REPLICAS_MAX).map(replicas).collect_view()}
                </select>
                <small class="hint">"A result counts when most of them agree."</small>
            </div>
        </div>
        <div>
            <label for="job-args">"Arguments"</label>
            <textarea
                id="job-args"
                class="code args"
                rows="3"
                spellcheck="false"
                autocapitalize="off"
                aria-describedby="job-args-below"
                data-testid=testids::JOB_FIELD
                data-field="args"
                prop:value=move || filling.form.with(|form| form.args.clone())
                on:input=move |event| filling.form.update(|form| form.args = event_target_value(&event))
            ></textarea>
            <small id="job-args-below" class="hint">"One on each line."</small>
        </div>
        <Drop
            id="job-input"
            shape=Shape::Table
            label="Choose an input"
            accept=""
            hint=Signal::derive(input_hint)
            testid=testids::JOB_INPUT
            on_file=on_input
        />
        <details class="part">
            <summary>"Limits"</summary>
            <div class="fields">
                <div>
                    <label for="job-nodes">"Nodes"</label>
                    <select id="job-nodes" data-testid=testids::JOB_FIELD data-field="nodes" on:change=choose_nodes>
                        <option value="any">"Any that lends itself"</option>
                        <option value="tabs">"Browser tabs alone"</option>
                        <option value="native">"Native processes alone"</option>
                    </select>
                    <small class="hint">"Heavy nodes run none of it, unless answers differ."</small>
                </div>
                <Text filling field=Field::Deadline label="Give up after, in minutes" hint="When nobody had it until then." numeric=true />
                <Text filling field=Field::Fuel label="Fuel, in millions" hint="About an instruction each; 2,000 are some seconds." numeric=true />
                <Text filling field=Field::Memory label="Memory, in MiB" hint="Of the program." numeric=true />
                <Text filling field=Field::Wall label="Minutes on one node" hint="Fetching included." numeric=true />
            </div>
        </details>
        <p class="actions">
            <button type="submit" data-testid=testids::JOB_SUBMIT aria-busy=move || filling.busy.get().to_string()>
                "Sign and submit"
            </button>
            <button type="button" class="secondary" on:click=move |_| filling.module.set(None)>
                "Cancel"
            </button>
            <span class="soft">"Whoever runs it can read program, arguments and input."</span>
        </p>
    }
}

/// A line of text or a number.
#[component]
fn Text(
    /// The form.
    filling: Filling,
    /// Which input.
    field: Field,
    /// Its name for people.
    label: &'static str,
    /// What to know before filling it in.
    hint: &'static str,
    /// Whether it holds a number.
    #[prop(optional)]
    numeric: bool,
) -> impl IntoView {
    let id = format!("job-{}", field.name());
    let below = format!("{id}-below");
    let wrong = Memo::new(move |_| {
        filling
            .wrong
            .with(|wrong| wrong.as_ref().filter(|(at, _)| *at == field).map(|(_, words)| words.clone()))
    });
    let class = move || if wrong.with(Option::is_some) { "error" } else { "hint" };
    let testid = move || wrong.with(Option::is_some).then_some(testids::JOB_FIELD_ERROR);
    view! {
        <div>
            <label for=id.clone()>{label}</label>
            <input
                id=id
                type="text"
                autocomplete="off"
                inputmode=numeric.then_some("numeric")
                maxlength=NAME_CHARS_MAX.to_string()
                aria-describedby=below.clone()
                aria-invalid=move || wrong.with(Option::is_some).then_some("true")
                data-testid=testids::JOB_FIELD
                data-field=field.name()
                prop:value=move || filling.form.get().text(field).clone()
                on:input=move |event| filling.form.update(|form| *form.text(field) = event_target_value(&event))
            />
            <small id=below class=class data-testid=testid data-field=field.name() aria-live="polite">
                {move || wrong.get().unwrap_or_else(|| hint.into())}
            </small>
        </div>
    }
}

/// Signs the job in the worker, hands the host the files that it lacks, and then the job.
async fn send(page: Page, filling: Filling) -> Result<(), String> {
    let (Some(module), Some(id)) = (filling.module.get_untracked(), own_id(page)) else { return Ok(()) };
    let input = filling.input.get_untracked();
    let asked = filling.form.with_untracked(|form| form.manifest(id, clock(), &module.name()));
    let manifest = match asked {
        Ok(manifest) => manifest,
        Err((field, words)) => {
            filling.wrong.set(Some((field, words)));
            request_animation_frame(move || browser::focus(&format!("job-{}", field.name())));
            return Ok(());
        }
    };
    filling.wrong.set(None);
    let code = browser::read(&module).await?;
    let given = match &input {
        Some(file) => browser::read(file).await?,
        None => Vec::new(),
    };
    let (signed, document) = page.handle().sign_job(manifest, code, given).await?;
    for (id, file) in signed.blobs.iter().zip([Some(module), input].into_iter().flatten()) {
        host::put(*id, &file).await.map_err(|error| error.to_string())?;
    }
    let said = |error: host::HostError| match error.field {
        Some(field) if !error.words.contains(&field) => format!("{field}: {}", error.words),
        _ => error.words,
    };
    host::post("/jobs", ENVELOPE, &document).await.map_err(said)?;
    page.say("The job is submitted.");
    browser::go(Route::Job(signed.job));
    Ok(())
}
