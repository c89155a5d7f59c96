//! Machine: a program of the focus-flow compute machine, reduced in this tab.

use super::{
    shell::Heading,
    state::{Page, page},
};
use crate::{
    machine::{EXAMPLES, Example, pace},
    testids, words,
};
use bridge::{Reckoner, Word};
use channel::reckoner::{FromReckoner, Outcome, Reduced, Reducing, ToReckoner};
use leptos::{ev::KeyboardEvent, prelude::*};
use std::time::Duration;

/// How long a reckoner may take to answer that it stops, before it is ended.
const STOP: Duration = Duration::from_millis(1_500);
/// Interactions after which a run gives up, where the person says nothing else.
const INTERACTIONS_MAX: u64 = 1_000_000_000;

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// Nothing was run.
    Idle,
    /// It runs.
    Running(Reduced),
    /// It has ended.
    Ended(Box<Outcome>),
    /// It did not run, for this reason.
    Refused(String),
}

/// What the view holds. A copy is a reference.
#[derive(Clone, Copy)]
struct View {
    text: RwSignal<String>,
    /// `auto`, `lazy`, `strict` or `collapse`.
    mode: RwSignal<String>,
    gpu: RwSignal<bool>,
    limit: RwSignal<String>,
    stage: RwSignal<Stage>,
    /// How many runs there were: what is late belongs to another.
    runs: RwSignal<u32>,
    reckoner: StoredValue<Option<Reckoner>, LocalStorage>,
    page: Page,
}

impl View {
    fn is_running(self) -> bool {
        self.stage.with(|stage| matches!(stage, Stage::Running(_)))
    }

    fn load(self, example: &Example) {
        self.text.set(example.text());
        self.mode.set(if example.collapse.is_some() { "collapse" } else { "auto" }.into());
    }

    fn run(self) {
        let limit = self.limit.get_untracked().replace([',', ' ', '_'], "");
        let Some(interactions_max) = limit.parse().ok().filter(|most| *most > 0) else {
            return self.stage.set(Stage::Refused("the limit of interactions is no whole number".into()));
        };
        let mode = self.mode.get_untracked();
        let how = Reducing {
            lazy: match mode.as_str() {
                "lazy" | "collapse" => Some(true),
                "strict" => Some(false),
                _ => None,
            },
            collapse: (mode == "collapse").then_some(100),
            interactions_max,
            gpu: self.gpu.get_untracked(),
        };
        self.runs.update(|runs| *runs += 1);
        self.stage.set(Stage::Running(Reduced { interactions: 0, ms: 0.0 }));
        if self.reckoner.with_value(Option::is_none) {
            match Reckoner::start(move |word| self.hear(word)) {
                Ok(reckoner) => self.reckoner.set_value(Some(reckoner)),
                Err(words) => return self.stage.set(Stage::Refused(words)),
            }
        }
        self.ask(ToReckoner::Reduce { text: self.text.get_untracked(), how });
    }

    fn ask(self, message: ToReckoner) {
        self.reckoner.with_value(|reckoner| {
            if let Some(reckoner) = reckoner {
                reckoner.ask(message, Vec::new());
            }
        });
    }

    /// Stops it: it says what it did. One that does not answer is ended.
    fn stop(self) {
        self.ask(ToReckoner::Stop);
        let run = self.runs.get_untracked();
        set_timeout(
            move || {
                let is_same = self.runs.try_get_untracked() == Some(run);
                if is_same
                    && self.stage.try_with_untracked(|stage| matches!(stage, Stage::Running(_))) == Some(true)
                {
                    self.reckoner.set_value(None);
                    self.stage.set(Stage::Refused("it was ended, since it did not stop by itself".into()));
                }
            },
            STOP,
        );
    }

    fn hear(self, word: Word) {
        // What comes after the view has gone finds nothing to change.
        let stage = match word {
            Ok((FromReckoner::Reducing(reduced), _)) => Stage::Running(reduced),
            Ok((FromReckoner::Reduced(outcome), _)) => {
                self.page.say(if outcome.stopped { "Stopped." } else { "The program has ended." });
                Stage::Ended(outcome)
            }
            Ok((FromReckoner::Refused { detail }, _)) => Stage::Refused(detail),
            Ok((FromReckoner::Failed { detail }, _)) | Err(detail) => {
                self.reckoner.try_set_value(None);
                Stage::Refused(words::ended(detail, "program"))
            }
            Ok(_) => return,
        };
        self.stage.try_set(stage);
    }
}

/// The view.
#[component]
pub(crate) fn Machine() -> impl IntoView {
    let view = View {
        text: RwSignal::new(EXAMPLES[0].text()),
        mode: RwSignal::new("auto".into()),
        gpu: RwSignal::new(false),
        limit: RwSignal::new(words::grouped(&INTERACTIONS_MAX.to_string())),
        stage: RwSignal::new(Stage::Idle),
        runs: RwSignal::new(0),
        reckoner: StoredValue::new_local(None),
        page: page(),
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !view.is_running() {
            view.run();
        }
    };
    let key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) && !view.is_running() {
            event.prevent_default();
            view.run();
        }
    };
    let choose = move |event| {
        let id = event_target_value(&event);
        if let Some(example) = EXAMPLES.iter().find(|example| example.id == id) {
            view.load(example);
        }
    };
    let option = |example: &Example| view! { <option value=example.id>{example.title}</option> };
    let source = move || {
        let example = view.text.with(|text| EXAMPLES.iter().find(|example| example.text() == *text));
        example.map_or_else(|| "Your own.".into(), |example| format!("From {}.", example.source))
    };
    let choose_device = move |event| view.gpu.set(event_target_value(&event) == "gpu");
    let choose_mode = move |event| view.mode.set(event_target_value(&event));
    let mode = move |name: &'static str, label: &'static str| {
        view! { <option value=name selected=move || view.mode.with(|mode| mode == name)>{label}</option> }
    };
    view! {
        <Heading text="Machine" />
        <p class="lead">
            "Run a program of interaction nets in this tab: a book of nets as HVM2 writes them, or of terms as HVM3 does. Each interaction is counted, and is the same on every machine."
        </p>
        <form class="card" on:submit=submit>
            <div class="fields">
                <div>
                    <label for="machine-example">"Examples"</label>
                    <select id="machine-example" data-testid=testids::MACHINE_FIELD data-field="example" on:change=choose>
                        {EXAMPLES.iter().map(option).collect_view()}
                    </select>
                    <small class="hint">{source}</small>
                </div>
                <div>
                    <label for="machine-mode">"How it is reduced"</label>
                    <select id="machine-mode" data-testid=testids::MACHINE_FIELD data-field="mode" on:change=choose_mode>
                        {mode("auto", "Terms lazily, nets strictly")}
                        {mode("lazy", "Lazily: what the result asks for")}
                        {mode("strict", "Strictly: everything")}
                        {mode("collapse", "Lazily, each term of a superposition")}
                    </select>
                    <small class="hint">"The result and the counts are the same on every device."</small>
                </div>
            </div>
            <label for="machine-text">"Program"</label>
            <textarea
                id="machine-text"
                class="code program"
                rows="14"
                spellcheck="false"
                autocapitalize="off"
                autocomplete="off"
                wrap="off"
                aria-describedby="machine-keys"
                data-testid=testids::MACHINE_TEXT
                bind:value=view.text
                on:keydown=key
            ></textarea>
            <small id="machine-keys" class="hint">"Control and Enter run it."</small>
            <div class="fields">
                <div>
                    <label for="machine-limit">"Give up after so many interactions"</label>
                    <input id="machine-limit" type="text" inputmode="numeric" autocomplete="off"
                        data-testid=testids::MACHINE_FIELD data-field="limit" bind:value=view.limit />
                </div>
                <div>
                    <label for="machine-device">"What computes"</label>
                    <select id="machine-device" data-testid=testids::MACHINE_FIELD data-field="device" on:change=choose_device>
                        <option value="processor">"This processor, one thread"</option>
                        <option value="gpu">"The GPU, where there is one, for nets"</option>
                    </select>
                </div>
            </div>
            <p class="actions">
                <button type="submit" data-testid=testids::MACHINE_RUN disabled=move || view.is_running()>"Run"</button>
                <button type="button" class="secondary" data-testid=testids::MACHINE_STOP
                    disabled=move || !view.is_running() on:click=move |_| view.stop()>
                    "Stop"
                </button>
                <Running view />
            </p>
        </form>
        {move || match view.stage.get() {
            Stage::Idle | Stage::Running(_) => None,
            Stage::Refused(words) => Some(view! { <Refused words /> }.into_any()),
            Stage::Ended(outcome) => Some(view! { <Ended outcome=*outcome /> }.into_any()),
        }}
    }
}

/// How far it is.
#[component]
fn Running(
    /// What the view holds.
    view: View,
) -> impl IntoView {
    let told = move || {
        view.stage.with(|stage| match stage {
            Stage::Running(Reduced { interactions: 0, .. }) => "Running".into(),
            Stage::Running(reduced) => format!(
                "{}, {}",
                words::count(reduced.interactions, "interaction"),
                pace(reduced.interactions, reduced.ms)
            ),
            _ => String::new(),
        })
    };
    view! { <span class="soft numerals" aria-busy=move || view.is_running().to_string()>{told}</span> }
}

/// Why it did not run, with the line that the caret points into where there is one.
#[component]
fn Refused(words: String) -> impl IntoView {
    let is_placed = words.contains('\n');
    view! {
        <section class="card" role="alert" data-testid=testids::MACHINE_ERROR>
            <h2>"It did not run"</h2>
            {match is_placed {
                true => view! { <pre class="caret" tabindex="0" aria-label="What is wrong, and where">{words}</pre> }.into_any(),
                false => view! { <p class="error">{words::sentence(&words)}</p> }.into_any(),
            }}
        </section>
    }
}

/// What came of it.
#[component]
fn Ended(outcome: Outcome) -> impl IntoView {
    let Outcome { mode, device, gpu_error, results, is_cut, opcodes, reduced, trouble, stopped } = outcome;
    let heading = match (stopped, &trouble) {
        (true, _) => "Stopped",
        (_, Some(_)) => "Something went wrong",
        (_, None) => "Result",
    };
    let none = results.is_empty();
    let result = results.join("\n");
    let row = |(name, count): (String, u64)| {
        view! {
            <tr data-testid=testids::MACHINE_OPCODE data-opcode=name.clone() data-count=count.to_string()>
                <th scope="row"><code>{name.clone()}</code></th>
                <td class="number">{words::grouped(&count.to_string())}</td>
            </tr>
        }
    };
    let all = words::grouped(&reduced.interactions.to_string());
    view! {
        <section
            class="card"
            data-testid=testids::MACHINE_OUTCOME
            data-interactions=reduced.interactions.to_string()
            data-mode=mode.clone()
            data-stopped=stopped.to_string()
        >
            <h2>{heading}</h2>
            {trouble.map(|words| view! { <p class="error" data-testid=testids::MACHINE_TROUBLE>{words::sentence(&words)}</p> })}
            {(!none).then(|| view! {
                <pre class="json result" tabindex="0" aria-label="The result" data-testid=testids::MACHINE_RESULT>{result}</pre>
            })}
            {is_cut.then(|| view! { <p class="soft">"It is longer; this is where it was cut."</p> })}
            <dl class="figures">
                <div><dt>"Interactions"</dt><dd class="numerals">{all}</dd></div>
                <div><dt>"Took"</dt><dd class="numerals">{words::work((reduced.ms * 1_000.0) as u64)}</dd></div>
                <div><dt>"Reduced"</dt><dd>{if mode == "lazy" { "lazily" } else { "strictly" }}</dd></div>
            </dl>
            <p class="soft numerals">
                {words::upper_first(&pace(reduced.interactions, reduced.ms))} ", by "
                <span data-testid=testids::MACHINE_DEVICE>{device}</span>
                "."
                {gpu_error.map(|error| view! { <span>" Not by a GPU: " {words::sentence(&error)}</span> })}
            </p>
        </section>
        <section class="card">
            <h2>"Interactions by kind"</h2>
            <div class="table-scroll" role="region" aria-label="Interactions by kind" tabindex="0">
                <table>
                    <thead><tr><th scope="col">"Opcode"</th><th scope="col" class="number">"Interactions"</th></tr></thead>
                    <tbody>{opcodes.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}
