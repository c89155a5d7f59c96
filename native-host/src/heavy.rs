//! One heavy node: its store, its swarm, its HTTP, until it is told to stop.

mod fellows;
mod offer;
mod owner;

use crate::{
    AGENT, clock, control,
    disk::RedbStore,
    drive::{Handle, Pump, commit_histogram},
    guests::{self, Guests},
    home::{self, Home},
    http::{self, Parts, Public, Site},
    output::Out,
    reckon::{Combining, Cutting, Reckoning},
    secrets,
    stop::Stop,
    swarm::{ListenError, Offered, Ports, Reach, Shell, announced},
};
use anyhow::{Context, Result};
use fellows::Fellows;
use jobs::{broker, manifest::Kind};
use keys::Identity;
use libp2p::Multiaddr;
use net::{Limits, Transport};
use node::{HeavyConfig, HeavyInput, HeavyNode};
use offer::Offerer;
use owner::{Beside, HeavyOwner, Speaker};
use sd_notify::NotifyState;
use serde_json::{Value, json};
use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{net::TcpListener, sync::watch};

/// Gives what is sent in place of each thing that a heavy node is about to send.
pub type Rewrite = Box<dyn FnMut(net::Output) -> net::Output + Send>;

/// Makes the [`Rewrite`] of the heavy node with this identity.
pub type Rewriter = fn(&Identity) -> Rewrite;

/// What a heavy node is started with.
#[derive(Debug, Clone)]
pub(crate) struct HeavyOptions {
    pub(crate) name: String,
    pub(crate) listen: IpAddr,
    /// The first of five ports; 0 for ports that the system chooses once and the node keeps.
    pub(crate) port: u16,
    pub(crate) external: Vec<IpAddr>,
    pub(crate) announce: Vec<Multiaddr>,
    pub(crate) fellows: Vec<String>,
    /// The HTTP address to give out; `None` for that at the first address of the node.
    pub(crate) url: Option<String>,
    /// What it does to be reached, and to have others reached.
    pub(crate) reach: Reach,
    /// Relays that it is reached through as well.
    pub(crate) relays: Vec<Multiaddr>,
    pub(crate) page: Option<PathBuf>,
    pub(crate) allow_hosts: Vec<String>,
    pub(crate) allow_origins: Vec<String>,
    /// Most bytes of reports that it keeps on its disk.
    pub(crate) reports_bytes_max: u64,
    /// Guests of jobs that it runs itself at a time: to settle disputes, and where a job asks for heavy nodes.
    pub(crate) judge: u16,
    /// Most jobs without an end, in all and of one submitter.
    pub(crate) jobs_max: u32,
    pub(crate) jobs_each_max: u32,
    /// `None` for a node that sends what it means to.
    pub(crate) rewriter: Option<Rewriter>,
}

/// Runs a heavy node until `stop`.
pub(crate) async fn run(home: &Home, options: HeavyOptions, out: &Out, stop: Stop) -> Result<()> {
    let record = home.node(home::Kind::Heavy, &options.name)?;
    let folder = home.folder(record.id);
    let store_path = folder.join("node.db");
    // The key is made before the store: a node that has a store had one, and others sealed to it.
    let is_new = !store_path.try_exists().with_context(|| store_path.display().to_string())?;
    let seal = if is_new { secrets::seal(&folder)? } else { secrets::known_seal(&folder)? };
    let in_store = || format!("the store {}", store_path.display());
    let store = RedbStore::open(&store_path).with_context(in_store)?;
    let identity = secrets::identity(&folder)?;
    let certificate = secrets::certificate(&folder)?;

    let ports = ports(&folder, options.port)?;
    if options.port == 0 {
        ports.wait(options.listen).await?;
    }
    let http = bind_http(options.listen, ports.http).await?;
    let mut shell = Shell::new(&identity, Some(certificate), AGENT, options.reach).await?;
    let mut ports = shell.listen(options.listen, ports).await?;
    options.relays.iter().try_for_each(|relay| shell.reserve(relay)).context("--relay")?;
    ports.http = http.local_addr().context("the HTTP socket")?.port();
    if options.port == 0 {
        keep_ports(&folder, ports)?;
    }

    let speaker = Speaker { identity: identity.clone(), seal: seal.public(), options: options.clone() };
    let addresses = announced(shell.addresses(), &options.external, &options.announce);
    let (descriptor, addresses) = speaker.describe(&addresses);
    let public = Arc::new(Public::new(descriptor, addresses));

    let (offered, offers) = watch::channel(Offered::default());
    shell.offer(offers);
    let offerer = Offerer {
        identity: identity.clone(),
        options: options.clone(),
        public: Arc::clone(&public),
        http: ports.http,
    };

    let mut entries = Vec::new();
    for prefix in node::HEAVY_PREFIXES {
        entries.extend(store.scan_now(prefix).with_context(in_store)?);
    }
    let config = HeavyConfig {
        identity,
        seal,
        agent: AGENT.into(),
        transports: vec![
            Transport::Quic,
            Transport::Tcp,
            Transport::WebrtcDirect,
            Transport::Websocket,
            Transport::Relay,
        ],
        limits: Limits::default(),
        kept_bytes_max: options.reports_bytes_max,
        jobs: jobs(&options),
        seed: rand::random(),
    };
    let node = HeavyNode::new(config, &entries, clock::now()).with_context(in_store)?;
    drop(entries);
    for view in node.computations().into_iter().filter_map(|id| node.computation(id)) {
        public.keep_view(&node, Arc::new(view));
    }
    let commits = commit_histogram();
    let (guests, results) = Guests::new(options.judge);
    let (reckoning, answers) = Reckoning::start().context("threads for parts of graphs")?;
    let (cutting, cuts) = Cutting::new(store.clone());
    let (combining, combined) = Combining::new();
    let beside = Beside { guests, reckoning, cutting, combining };
    let owner = HeavyOwner::new(Arc::clone(&public), speaker, beside);
    let checked = shell.checked();
    let pump = Pump { node, shell, store: store.clone(), owner, commits: commits.clone() };
    let (handle, task) = pump.start(stop.watch());

    let url = url(options.listen, ports.http);
    let fellows = Fellows::new(handle.clone());
    options.fellows.iter().try_for_each(|url| fellows.add(url))?;
    // They end with the node: then its handle fails.
    tokio::spawn(results.pass_on(handle.clone()));
    tokio::spawn(answers.pass_on(handle.clone(), HeavyInput::Reckoned));
    tokio::spawn(combined.pass_on(handle.clone(), HeavyInput::Combined));
    tokio::spawn(cuts.pass_on(handle.clone(), |(ranking, result)| HeavyInput::Cut { ranking, result }));
    let teller = {
        let (public, handle) = (Arc::clone(&public), handle.clone());
        let tell = async move {
            tokio::join!(public.hub.tell_peers(handle.clone()), public.hub.tell_jobs(handle));
        };
        Background(tokio::spawn(tell))
    };
    let offering = Background(tokio::spawn(offerer.keep_offering(handle.clone(), offered)));
    let site = Site::new(Parts {
        public: Arc::clone(&public),
        node: handle.clone(),
        store,
        commits,
        page: options.page.clone(),
        allow_hosts: options.allow_hosts.clone(),
        allow_origins: options.allow_origins.clone(),
        started: clock::now(),
        stop: stop.watch(),
        checked,
    });
    let ready = json!({
        "event": "ready", "kind": "heavy", "id": record.id, "name": record.name, "url": url,
        "addresses": public.addresses(), "pid": std::process::id(), "folder": folder,
    });
    let control = serve_control(&folder, handle, fellows, stop.clone(), ready.clone())?;
    let serving = tokio::spawn(http::serve(http, site));
    tracing::info!(id = %record.id, %url, "a heavy node is up");
    out.event(&ready, || {
        let addresses = public.addresses();
        let listed: String =
            addresses.iter().map(|address| format!("\n  {address}/p2p/{}", record.id)).collect();
        format!(
            "Heavy node `{}` {} is up.\nPage and API: {url}\nAddresses:{listed}\nStop it with Ctrl-C.",
            record.name, record.id
        )
    });
    tell_systemd(NotifyState::Ready);

    task.await.context("the node's task")?;
    tell_systemd(NotifyState::Stopping);
    tracing::info!("the node has stopped; what was acknowledged is stored");
    drop((control, teller, offering));
    // HTTP ends by itself once its clients have their answers; a client that holds on is left.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(3), serving).await;
    Ok(())
}

/// How much a node takes on of jobs.
fn jobs(options: &HeavyOptions) -> broker::Config {
    let mut config = broker::Config::new(executor::GAS_SCHEDULE);
    config.scheduler.jobs_max = options.jobs_max;
    config.scheduler.jobs_each_max = options.jobs_each_max;
    config.executor = (options.judge > 0).then(|| guests::executor(Kind::Heavy, options.judge));
    config
}

/// Tells the service manager that started this process, where one did.
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd was not told how the node stands");
    }
}

/// Aborts its task when it is dropped.
pub(crate) struct Background(pub(crate) tokio::task::JoinHandle<()>);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn serve_control(
    folder: &Path,
    handle: Handle<HeavyNode>,
    fellows: Fellows,
    stop: Stop,
    ready: Value,
) -> Result<Background> {
    let serving = control::serve(folder, move |ask| {
        let (handle, fellows, stop, ready) = (handle.clone(), fellows.clone(), stop.clone(), ready.clone());
        async move {
            match ask {
                control::Ask::Status => Ok(ready),
                control::Ask::Stop => {
                    stop.stop();
                    Ok(Value::Null)
                }
                control::Ask::Fellow { url } => {
                    fellows.add(&url).map(|()| Value::Null).map_err(|error| error.to_string())
                }
                control::Ask::View => {
                    let view = handle.look(HeavyNode::view).await.map_err(|error| error.to_string())?;
                    serde_json::to_value(view).map_err(|error| error.to_string())
                }
                _ => Err("a heavy node keeps no records; ask a light node".into()),
            }
        }
    })?;
    Ok(Background(tokio::spawn(serving)))
}

/// The address that people open.
fn url(ip: IpAddr, port: u16) -> String {
    let ip = match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, port))
}

async fn bind_http(ip: IpAddr, port: u16) -> Result<TcpListener, ListenError> {
    TcpListener::bind(SocketAddr::new(ip, port))
        .await
        .map_err(|error| ListenError::of(&error, "HTTP", ip, port, "tcp"))
}

fn ports(folder: &Path, base: u16) -> Result<Ports> {
    let asked = Ports::from_base(base)
        .with_context(|| format!("--port {base}: the node needs this port and the four above it"))?;
    if base != 0 {
        return Ok(asked);
    }
    let path = folder.join("ports.json");
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
            format!(
                "{}: not the ports of a node; delete it: then the system chooses new ones",
                path.display()
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(asked),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Keeps the ports that the system chose, so that the node has the same addresses when it starts again.
fn keep_ports(folder: &Path, ports: Ports) -> Result<()> {
    let path = folder.join("ports.json");
    let bytes = serde_json::to_vec(&ports)?;
    secrets::write_private(&path, &bytes).with_context(|| path.display().to_string())
}
