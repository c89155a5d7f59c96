//! One native light node: the machine that a tab runs, over QUIC, TCP, WebRTC or WebSocket.

mod person;
mod report;

use crate::{
    AGENT,
    client::Api,
    clock, control,
    disk::RedbStore,
    drive::{Handle, Owner, Pump, commit_histogram},
    guests::{self, Guests},
    heavy::{Background, Rewrite, Rewriter},
    home::{self, Home},
    output::Out,
    reckon::{self, Reckoning},
    secrets,
    stop::Stop,
    swarm::{Reach, Shell},
};
use anyhow::{Context, Result, bail};
use jobs::{Contribution, manifest::Kind};
use keys::Envelope;
use libp2p::Multiaddr;
use net::Transport;
use node::{Command, CommandError, LightConfig, LightInput, LightNode, LightOutput, LightView, Reply, Rule};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{oneshot, watch},
    time,
};

/// Between two looks at what the host says of its network; addresses may change.
const NETWORK_EVERY: Duration = Duration::from_secs(60);
const NETWORK_AGAIN_MIN: Duration = Duration::from_millis(250);
const NETWORK_AGAIN_MAX: Duration = Duration::from_secs(20);

/// What a light node is started with.
#[derive(Debug, Clone)]
pub(crate) struct LightOptions {
    pub(crate) name: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) data: Vec<(String, PathBuf)>,
    /// The rules to set; `None` leaves those that are stored.
    pub(crate) rules: Option<Vec<Rule>>,
    /// Whether to ask the person at the terminal.
    pub(crate) asks: bool,
    pub(crate) transports: Vec<Transport>,
    /// Whether it listens so that direct connections take the place of relayed ones.
    pub(crate) punches: bool,
    /// What is given to other people's jobs; `None` leaves what is stored.
    pub(crate) work: Option<Work>,
    /// `None` for a node that sends what it means to.
    pub(crate) rewriter: Option<Rewriter>,
}

/// What a light node gives to other people's jobs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    Nothing,
    Slots {
        slots: u16,
        /// Whether parts of graphs are held as well; `None` leaves what is stored.
        graphs: Option<bool>,
    },
}

/// A running light node, for those who want something of it.
#[derive(Clone)]
pub(crate) struct Light {
    node: Handle<LightNode>,
    waiting: Arc<Waiting>,
    tokens: Arc<AtomicU64>,
}

type Waiting = Mutex<HashMap<u64, oneshot::Sender<Result<Reply, CommandError>>>>;

impl Light {
    /// Has the node do something, and waits until it is done.
    pub(crate) async fn command(&self, command: Command) -> Result<Reply> {
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(token, sender);
        self.node.input(LightInput::Command { token, command }).await?;
        Ok(answer.await.context("the node is stopping")??)
    }

    pub(crate) async fn view(&self) -> Result<LightView> {
        Ok(self.node.look(LightNode::view).await?)
    }
}

struct LightOwner {
    guests: Guests,
    reckoning: Reckoning,
    rewrite: Option<Rewrite>,
    waiting: Arc<Waiting>,
    changes: watch::Sender<u64>,
}

impl Owner<LightNode> for LightOwner {
    fn notice(&mut self, _: &LightNode, notice: LightOutput) {
        match notice {
            LightOutput::Reply { token, result } => {
                let sender = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&token);
                if let Some(sender) = sender {
                    // Who asked may have gone.
                    let _ = sender.send(result);
                }
            }
            LightOutput::Run(task) => self.guests.run(task),
            LightOutput::Stop { job } => self.guests.stop(job),
            LightOutput::Reckon(task) => self.reckoning.handle(task),
            LightOutput::Changed => self.changes.send_modify(|changes| *changes += 1),
            other => tracing::error!(?other, "the shell does not know this output"),
        }
    }

    fn sends(&mut self, output: net::Output) -> net::Output {
        match &mut self.rewrite {
            Some(rewrite) => rewrite(output),
            None => output,
        }
    }

    fn addresses(&mut self, _: Vec<Multiaddr>) -> Vec<Multiaddr> {
        Vec::new()
    }
}

/// Runs a light node until `stop`.
pub(crate) async fn run(home: &Home, options: LightOptions, out: &Out, stop: Stop) -> Result<()> {
    let record = home.node(home::Kind::Light, &options.name)?;
    let folder = home.folder(record.id);
    let hosts = options.hosts.iter().map(|url| Api::new(url)).collect::<Result<Vec<_>, _>>()?;
    let store_path = folder.join("node.db");
    let in_store = || format!("the store {}", store_path.display());
    let store = RedbStore::open(&store_path).with_context(in_store)?;
    let entries = store.scan_now(b"").with_context(in_store)?;
    let identity = secrets::identity(&folder)?;
    let reach = Reach { punches: options.punches, ..Reach::default() };
    let mut shell = Shell::new(&identity, None, AGENT, reach).await?;
    if options.punches {
        shell.listen_to_punch();
    }
    let transports = options.transports.clone();
    let rewrite = options.rewriter.map(|rewriter| rewriter(&identity));
    let config = LightConfig { identity, agent: AGENT.into(), transports, seed: rand::random() };
    let node = LightNode::new(config, &entries, clock::now()).with_context(in_store)?;
    drop(entries);

    let waiting = Arc::<Waiting>::default();
    let (changes, changed) = watch::channel(0);
    let slots = guests::slots();
    let (guests, results) = Guests::new(slots);
    let (reckoning, answers) = Reckoning::start().context("threads for parts of graphs")?;
    let owner = LightOwner { guests, reckoning, rewrite, waiting: Arc::clone(&waiting), changes };
    let pump = Pump { node, shell, store, owner, commits: commit_histogram() };
    let (handle, task) = pump.start(stop.watch());
    handle.input(LightInput::Executor(Some(guests::executor(Kind::Native, slots)))).await?;
    handle.input(LightInput::Reckoner(Some(reckon::reckoner()))).await?;
    // They end with the node: then its handle fails.
    tokio::spawn(results.pass_on(handle.clone()));
    tokio::spawn(answers.pass_on(handle.clone(), LightInput::Reckoned));
    let light = Light { node: handle, waiting, tokens: Arc::default() };

    let ready = json!({
        "event": "ready", "kind": "light", "id": record.id, "name": record.name,
        "pid": std::process::id(), "folder": folder,
    });
    let control =
        Background(tokio::spawn(serve_control(&folder, light.clone(), stop.clone(), ready.clone())?));
    let prepared = prepare(&light, &options).await;
    if let Err(error) = prepared {
        stop.stop();
        task.await.context("the node's task")?;
        return Err(error);
    }
    out.event(&ready, || format!("Light node `{}` {} is up. Stop it with Ctrl-C.", record.name, record.id));

    let hosts = Background(tokio::spawn(follow_network(light.clone(), hosts)));
    let telling = Background(tokio::spawn(report::tell(light.clone(), changed.clone(), *out)));
    let asking = options.asks.then(|| Background(tokio::spawn(person::ask(light.clone(), changed))));
    task.await.context("the node's task")?;
    drop((control, hosts, telling, asking));
    tracing::info!("the node has stopped");
    Ok(())
}

async fn prepare(light: &Light, options: &LightOptions) -> Result<()> {
    for (name, path) in &options.data {
        let rows = import(light, name, path).await?;
        tracing::info!(name, rows, "imported {}", path.display());
    }
    if let Some(rules) = options.rules.clone() {
        for rule in light.view().await?.rules.into_iter().map(|view| view.rule) {
            if !rules.contains(&rule) {
                light.command(Command::RemoveRule { rule }).await.context("removing a rule")?;
            }
        }
        for rule in rules {
            light.command(Command::AddRule { rule }).await.context("adding a rule")?;
        }
    }
    match options.work {
        None => {}
        Some(Work::Nothing) => drop(light.command(Command::Pause).await.context("giving nothing")?),
        Some(Work::Slots { slots, graphs }) => {
            let before = light.view().await?.contribution.settings;
            let graphs = graphs.unwrap_or(before.graphs);
            let contribution = Contribution { on: true, slots, graphs, ..before };
            light.command(Command::Contribute(contribution)).await.context("giving to jobs")?;
        }
    }
    light.command(Command::Join).await.context("joining")?;
    Ok(())
}

/// Imports a file; gives the number of records.
async fn import(light: &Light, name: &str, path: &Path) -> Result<usize> {
    let bytes = read_import(path)?;
    let imported = light.command(Command::Import { name: name.into(), bytes }).await;
    match imported.with_context(|| path.display().to_string())? {
        Reply::Imported { rows } => Ok(rows),
        other => bail!("{}: an unexpected answer: {other:?}", path.display()),
    }
}

/// Reads a file that is to be imported.
pub(crate) fn read_import(path: &Path) -> Result<Vec<u8>> {
    let place = || path.display().to_string();
    let len = std::fs::metadata(path).with_context(place)?.len();
    if len > vault::IMPORT_BYTES_MAX as u64 {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        return Err(vault::ImportError::TooLarge { len }).with_context(place);
    }
    std::fs::read(path).with_context(place)
}

/// Learns from the hosts who the network's heavy nodes are, the first that answers, again and again.
async fn follow_network(light: Light, hosts: Vec<Api>) {
    let mut again = NETWORK_AGAIN_MIN;
    let mut told = false;
    loop {
        let mut found: Option<Vec<Envelope>> = None;
        for host in &hosts {
            match host.network().await {
                Ok(descriptors) => {
                    found = Some(descriptors);
                    break;
                }
                Err(error) if told => tracing::debug!(%error, "a host does not answer"),
                Err(error) => tracing::warn!(%error, "a host does not answer; trying again"),
            }
        }
        // One that has not met its fellows yet would have too few pinned.
        let complete = found.as_ref().is_some_and(|descriptors| descriptors.len() >= 3);
        if let Some(descriptors) = found.filter(|_| complete) {
            if let Err(error) = light.command(Command::Network { descriptors }).await {
                tracing::error!(error = format!("{error:#}"), "the host's heavy nodes are not taken");
            }
            (again, told) = (NETWORK_AGAIN_MIN, false);
            time::sleep(NETWORK_EVERY).await;
        } else {
            // Said once: hosts start, and meet, one after the other.
            told = true;
            time::sleep(again).await;
            again = (again * 2).min(NETWORK_AGAIN_MAX);
        }
    }
}

fn serve_control(
    folder: &Path,
    light: Light,
    stop: Stop,
    ready: Value,
) -> Result<impl Future<Output = ()> + use<>, control::ControlError> {
    control::serve(folder, move |ask| {
        let (light, stop, ready) = (light.clone(), stop.clone(), ready.clone());
        async move {
            let answer = match ask {
                control::Ask::Status => Ok(ready),
                control::Ask::Stop => {
                    stop.stop();
                    Ok(Value::Null)
                }
                control::Ask::View => light.view().await.and_then(|view| Ok(serde_json::to_value(view)?)),
                control::Ask::Command { command } => {
                    light.command(command).await.and_then(|reply| Ok(serde_json::to_value(reply)?))
                }
                control::Ask::Import { name, path } => import(&light, &name, &path)
                    .await
                    .and_then(|rows| Ok(serde_json::to_value(Reply::Imported { rows })?)),
                control::Ask::Fellow { .. } => bail_answer("a light node has no fellows"),
            };
            answer.map_err(|error: anyhow::Error| format!("{error:#}"))
        }
    })
}

fn bail_answer(why: &'static str) -> Result<Value> {
    bail!(why)
}
