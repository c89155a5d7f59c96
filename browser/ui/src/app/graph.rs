//! Graph: the share of all focus that each node of a graph holds, computed and drawn in this tab.

mod figure;
mod outcome;
mod scene;

use super::{
    browser,
    drop::Drop,
    icon::Shape,
    plot::Plot,
    shell::Heading,
    state::{Page, page},
};
use crate::{
    plot::{Rounds, Step},
    testids, words,
};
use bridge::{Reckoner, Word};
use channel::reckoner::{Drawn, FromReckoner, GraphFacts, Ranked, Ranking, Source, ToReckoner};
use figure::{Drawing, Figure};
use leptos::prelude::*;
use outcome::Outcome;
use std::rc::Rc;
use web_sys::{Blob, File};

/// Nodes of the made-up graph.
const MADE_UP_NODES: u32 = 20_000;
/// Most nodes that are drawn.
const DRAWN_MAX: u32 = 20_000;
/// Nodes that are listed.
const LISTED: u32 = 100;
/// Most rounds; the same as the command line's.
const ROUNDS_MAX: u32 = 2048;

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// Nothing was asked for.
    Idle,
    /// The part of the page that computes is loading, or what was asked for is on its way.
    Starting,
    /// So many bytes, of so many, with so many edges.
    Reading(u64, Option<u64>, u64),
    /// Edges become rows.
    Arranging,
    /// Rounds are done.
    Ranking,
    /// It is ranked.
    Done,
    /// It is not, for this reason.
    Refused(String),
}

/// What the view holds. A copy is a reference.
#[derive(Clone, Copy)]
struct View {
    stage: RwSignal<Stage>,
    /// What the graph is called.
    name: RwSignal<String>,
    facts: RwSignal<Option<GraphFacts>>,
    /// Whether the reckoner has the graph, to rank it again.
    is_held: RwSignal<bool>,
    rounds: RwSignal<Vec<Step>>,
    /// The distance that was asked for.
    goal: RwSignal<f64>,
    ranked: RwSignal<Option<Ranked>>,
    drawn: RwSignal<Option<Drawn>>,
    settled: RwSignal<bool>,
    /// The place of the node that the person looks at.
    chosen: RwSignal<Option<u32>>,
    gpu: RwSignal<bool>,
    alpha: RwSignal<String>,
    epsilon: RwSignal<String>,
    figure: StoredValue<Rc<Figure>, LocalStorage>,
    /// The byte arrays of a drawing that came before there was a canvas.
    parts: StoredValue<Vec<Vec<u8>>, LocalStorage>,
    reckoner: StoredValue<Option<Reckoner>, LocalStorage>,
    page: Page,
}

impl View {
    fn new(page: Page) -> Self {
        Self {
            stage: RwSignal::new(Stage::Idle),
            name: RwSignal::new(String::new()),
            facts: RwSignal::new(None),
            is_held: RwSignal::new(false),
            rounds: RwSignal::new(Vec::new()),
            goal: RwSignal::new(0.0),
            ranked: RwSignal::new(None),
            drawn: RwSignal::new(None),
            settled: RwSignal::new(false),
            chosen: RwSignal::new(None),
            gpu: RwSignal::new(true),
            alpha: RwSignal::new("0.85".into()),
            epsilon: RwSignal::new("1e-6".into()),
            figure: StoredValue::new_local(Rc::default()),
            parts: StoredValue::new_local(Vec::new()),
            reckoner: StoredValue::new_local(None),
            page,
        }
    }

    fn how(self) -> Ranking {
        Ranking {
            gpu: self.gpu.get_untracked(),
            alpha: self.alpha.get_untracked().trim().into(),
            epsilon: self.epsilon.get_untracked().trim().into(),
            rounds_max: ROUNDS_MAX,
            top: LISTED,
            drawn_max: DRAWN_MAX,
            still: browser::matches("(prefers-reduced-motion: reduce)"),
        }
    }

    /// Reads a graph and ranks it.
    fn read(self, name: String, source: Source, file: Option<Blob>) {
        self.name.set(name);
        self.facts.set(None);
        self.is_held.set(false);
        self.ask(ToReckoner::Read { source, how: self.how() }, file);
    }

    fn ask(self, message: ToReckoner, file: Option<Blob>) {
        if let ToReckoner::Read { how, .. } | ToReckoner::Rank(how) = &message {
            // What is typed later is of no round yet.
            self.goal.set(how.epsilon.parse().unwrap_or(0.0));
        }
        self.rounds.set(Vec::new());
        self.ranked.set(None);
        self.drawn.set(None);
        self.chosen.set(None);
        self.stage.set(Stage::Starting);
        if self.reckoner.with_value(Option::is_none) {
            match Reckoner::start(move |word| self.hear(word)) {
                Ok(reckoner) => self.reckoner.set_value(Some(reckoner)),
                Err(words) => return self.stage.set(Stage::Refused(words)),
            }
        }
        self.reckoner.with_value(|reckoner| {
            if let Some(reckoner) = reckoner {
                match file {
                    Some(file) => reckoner.ask_with(message, file),
                    None => reckoner.ask(message, Vec::new()),
                }
            }
        });
    }

    /// Ends what is under way, whatever it does: reading and arranging are not done in slices.
    fn stop(self) {
        self.reckoner.set_value(None);
        let has_graph = self.is_held.get_untracked();
        self.facts.set(None);
        self.is_held.set(false);
        self.stage.set(Stage::Refused(match has_graph {
            true => "it was stopped; choose the graph again".into(),
            false => "it was stopped".into(),
        }));
    }

    fn hear(self, word: Word) {
        // What comes after the view has gone finds nothing to change.
        let (message, parts) = match word {
            Ok(word) => word,
            Err(words) => return self.fail(words),
        };
        match message {
            FromReckoner::Reading { bytes: 0, .. } => drop(self.stage.try_set(Stage::Arranging)),
            FromReckoner::Reading { bytes, of, edges } => {
                self.stage.try_set(Stage::Reading(bytes, of, edges));
            }
            FromReckoner::Read(facts) => {
                self.facts.try_set(Some(facts));
                self.is_held.try_set(true);
                self.stage.try_set(Stage::Ranking);
            }
            FromReckoner::Rounds(rounds) => {
                self.stage.try_set(Stage::Ranking);
                self.rounds.try_update(|steps| {
                    // Where a GPU gave up, the processor begins again.
                    if rounds
                        .first()
                        .is_some_and(|first| steps.last().is_some_and(|last| first.round <= last.round))
                    {
                        steps.clear();
                    }
                    let step = |round: channel::reckoner::Round| Step {
                        round: round.round,
                        change: round.change,
                        bound: round.bound,
                    };
                    steps.extend(rounds.into_iter().map(step));
                });
            }
            FromReckoner::Ranked(ranked) => {
                self.page.say(words::sentence(&format!("{} after {} rounds", ranked.verdict, ranked.rounds)));
                self.ranked.try_set(Some(*ranked));
                self.stage.try_set(Stage::Done);
            }
            FromReckoner::Drawing(drawn) => {
                self.settled.try_set(false);
                self.drawn.try_set(Some(drawn));
                self.parts.try_set_value(parts);
                self.show();
            }
            FromReckoner::Moved { settled } => {
                if let (Some(figure), Some(places)) = (self.figure.try_get_value(), parts.first()) {
                    figure.move_to(places, settled);
                }
                self.settled.try_set(settled);
            }
            FromReckoner::Refused { detail } => drop(self.stage.try_set(Stage::Refused(detail))),
            FromReckoner::Failed { detail } => self.fail(detail),
            FromReckoner::Listening
            | FromReckoner::Reducing(_)
            | FromReckoner::Reduced(_)
            | FromReckoner::Open { .. }
            | FromReckoner::Done => {}
        }
    }

    /// The reckoner is of no more use. What it has said already stays.
    fn fail(self, words: String) {
        self.reckoner.try_set_value(None);
        self.is_held.try_set(false);
        self.stage.try_set(Stage::Refused(words::ended(words, "graph")));
    }

    /// Hands the drawing what came, once both are there.
    fn show(self) {
        let still = browser::matches("(prefers-reduced-motion: reduce)");
        self.drawn.with_untracked(|drawn| {
            if let (Some(drawn), Some(figure)) = (drawn, self.figure.try_get_value()) {
                self.parts.with_value(|parts| figure.hold(drawn, parts, still));
            }
        });
    }

    /// Looks at a node, by its place in π.
    fn choose(self, node: Option<u32>) {
        self.chosen.set(node);
        self.figure.get_value().choose(node);
    }

    /// What there is to say of the node that is looked at.
    fn chosen_words(self) -> String {
        let Some(at) = self.chosen.get() else { return String::new() };
        let place = words::grouped(&(u64::from(at) + 1).to_string());
        self.ranked.with(|ranked| match ranked.as_ref().and_then(|ranked| ranked.top.get(at as usize)) {
            Some(node) => format!("{}, number {place}, holds {}. ", outcome::name_of(node), node.pi),
            None => self.drawn.with(|drawn| {
                let name = drawn.as_ref().and_then(|drawn| drawn.names.get(at as usize).cloned());
                let name = name.unwrap_or_else(|| "This node".into());
                format!("{name} is number {place}. ")
            }),
        })
    }
}

/// The view.
#[component]
pub(crate) fn Graph() -> impl IntoView {
    let view = View::new(page());
    let take =
        move |file: File| view.read(file.name(), Source::File { name: file.name() }, Some(file.into()));
    let crates = move |_| view.read("The crates of this page".into(), Source::Crates, None);
    let made_up = move |_| {
        let name = format!("A made-up graph of {} nodes", words::grouped(&MADE_UP_NODES.to_string()));
        view.read(name, Source::MadeUp { nodes: MADE_UP_NODES }, None);
    };
    view! {
        <Heading text="Graph" />
        <p class="lead">
            "Rank a graph: how much of all attention each of its nodes holds. This tab computes it, on its GPU where there is one, and the file stays here."
        </p>
        <Drop
            id="graph-file"
            shape=Shape::Nodes
            label="Choose a graph"
            accept=".txt,.csv,.tsv,.mtx,.el,.edges,.gz"
            hint="An edge list, CSV or Matrix Market, gzipped or not."
            testid=testids::GRAPH_FILE
            on_file=take
        />
        <div class="examples">
            <p class="soft">"Or take one that is here:"</p>
            <ul>
                <li>
                    <button type="button" class="secondary" data-testid=testids::GRAPH_EXAMPLE data-example="crates" on:click=crates>
                        "The crates of this page"
                    </button>
                    <small>"Real: what this page was built of, each leading to those that it needs, from the project’s Cargo.lock."</small>
                </li>
                <li>
                    <button type="button" class="secondary" data-testid=testids::GRAPH_EXAMPLE data-example="made-up" on:click=made_up>
                        "20,000 nodes that grew"
                    </button>
                    <small>"Made up: each new node links to three before it, likelier to those that many link to."</small>
                </li>
            </ul>
        </div>
        <Options view />
        <Progress view />
        <Show when=move || view.drawn.with(Option::is_some)>
            <Drawing view />
        </Show>
        <Outcome view />
        <Show when=move || view.rounds.with(|rounds| rounds.len() > 1)>
            <section class="card">
                <h2>"Round by round"</h2>
                <Plot id="rounds" draw=move |width| {
                    Rounds { steps: view.rounds.get(), goal: view.goal.get() }.draw(width)
                } />
            </section>
        </Show>
    }
}

/// How it is ranked.
#[component]
fn Options(
    /// What the view holds.
    view: View,
) -> impl IntoView {
    let again = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if view.is_held.get_untracked() {
            view.ask(ToReckoner::Rank(view.how()), None);
        }
    };
    let choose = move |event| view.gpu.set(event_target_value(&event) == "gpu");
    let number =
        move |name: &'static str, label: &'static str, hint: &'static str, value: RwSignal<String>| {
            let (id, below) = (format!("graph-{name}"), format!("graph-{name}-below"));
            view! {
                <div>
                    <label for=id.clone()>{label}</label>
                    <input
                        id=id
                        type="text"
                        autocomplete="off"
                        aria-describedby=below.clone()
                        data-testid=testids::GRAPH_FIELD
                        data-field=name
                        bind:value=value
                    />
                    <small id=below class="hint">{hint}</small>
                </div>
            }
        };
    view! {
        <details class="part">
            <summary>"How it is ranked"</summary>
            <form on:submit=again>
                <div class="fields three">
                    <div>
                        <label for="graph-device">"What computes"</label>
                        <select id="graph-device" data-testid=testids::GRAPH_FIELD data-field="device" on:change=choose>
                            <option value="gpu" selected=move || view.gpu.get()>"The GPU, where there is one"</option>
                            <option value="processor" selected=move || !view.gpu.get()>"This processor"</option>
                        </select>
                        <small class="hint">"The result is the same to the last bit."</small>
                    </div>
                    {number("alpha", "Share that follows edges", "The rest goes to all nodes alike.", view.alpha)}
                    {number("epsilon", "Distance", "From the exact result, at most.", view.epsilon)}
                </div>
                <p class="actions">
                    <button type="submit" class="secondary" data-testid=testids::GRAPH_AGAIN
                        disabled=move || !view.is_held.get()>
                        "Rank it again"
                    </button>
                    <span class="soft">"The formix command line ranks larger ones: `formix rank FILE`."</span>
                </p>
            </form>
        </details>
    }
}

/// How far it is, and the way to stop it.
#[component]
fn Progress(
    /// What the view holds.
    view: View,
) -> impl IntoView {
    let state = move || match view.stage.get() {
        Stage::Idle => "idle",
        Stage::Starting => "starting",
        Stage::Reading(..) => "reading",
        Stage::Arranging => "arranging",
        Stage::Ranking => "ranking",
        Stage::Done => "done",
        Stage::Refused(_) => "refused",
    };
    let is_busy =
        Memo::new(move |_| !matches!(view.stage.get(), Stage::Idle | Stage::Done | Stage::Refused(_)));
    let told = move || match view.stage.get() {
        Stage::Starting => "Starting".into(),
        Stage::Reading(bytes, of, edges) => {
            let of = of.map_or_else(String::new, |of| format!(" of {}", words::bytes(of)));
            format!("Reading: {}{of}, {} so far", words::bytes(bytes), words::count(edges, "edge"))
        }
        Stage::Arranging => "Arranging the edges".into(),
        Stage::Ranking => match view.rounds.with(|rounds| rounds.last().copied()) {
            Some(Step { round, bound: Some(bound), .. }) => {
                format!("Round {round}: within {} of the exact result", crate::plot::scientific(bound))
            }
            _ => "Ranking".into(),
        },
        Stage::Idle | Stage::Done | Stage::Refused(_) => String::new(),
    };
    view! {
        <div data-testid=testids::GRAPH_STATE data-state=state>
            <Show when=move || is_busy.get()>
                <div class="card reckoning-card">
                    <p>
                        <strong>{move || view.name.get()}</strong>
                        <br />
                        <span class="soft numerals" aria-busy="true">{told}</span>
                    </p>
                    <button type="button" class="secondary" data-testid=testids::GRAPH_STOP on:click=move |_| view.stop()>
                        "Stop"
                    </button>
                </div>
            </Show>
            <div role="alert" data-testid=testids::GRAPH_ERROR>
                {move || match view.stage.get() {
                    Stage::Refused(words) => Some(view! {
                        <p class="banner" data-kind="failed">
                            <strong>{move || view.name.get()} ": "</strong>
                            {words::sentence(&words)}
                        </p>
                    }),
                    _ => None,
                }}
            </div>
        </div>
    }
}
