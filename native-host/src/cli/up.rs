//! `formix up`: three heavy nodes on this machine, each a process of its own.

use super::{Common, LogFormat, PORT, page, stop};
use crate::{
    client::Api,
    control::{self, Ask},
    home::Home,
    output::Out,
    secrets::write_private,
    stop::Stop,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, ChildStdin, Command},
    time,
};

/// How many heavy nodes a computation needs.
const NODES: u16 = 3;
/// Between the first ports of two nodes.
const STEP: u16 = 10;
/// How long the nodes may take until they know each other.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  formix up\n  formix up --port 0 --json --ready-file ready.json\n\n\
    Three heavy nodes of one person give no privacy against that person: for a real network, each operator runs `formix heavy`.")]
pub(super) struct UpArgs {
    /// The first port of the first node; the others follow 10 and 20 above. 0: the system chooses them
    /// once, and the nodes keep them
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// The address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "IP")]
    listen: IpAddr,
    /// The folder of the built page [default: FORMIX_PAGE, or `dist` where it is found]
    #[arg(long, value_name = "DIR")]
    page: Option<PathBuf>,
    /// Write the ready message to this file too, once the network stands
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// The nodes' names begin with this
    #[arg(long, default_value = "up")]
    name: String,
    /// Stop when standard input ends
    #[arg(long, hide = true)]
    while_stdin: bool,
}

struct Node {
    name: String,
    child: Child,
    /// The node stops when this closes. Held apart from the child, whose `wait` would close it.
    stdin: Option<ChildStdin>,
    ready: Value,
}

pub(super) async fn up(args: UpArgs, common: &Common, home: &Home, out: &Out) -> Result<()> {
    let stop = stop(args.while_stdin)?;
    let page = page::find(args.page.clone())?;
    if page.is_none() {
        tracing::warn!("no built page was found; `cargo xtask page` builds it");
    }
    let mut nodes = Vec::new();
    for at in 0..NODES {
        nodes.push(start(&args, common, home, page.as_ref(), at)?);
    }
    let running = tokio::select! {
        running = introduce(&mut nodes, home) => running,
        () = stop.wait() => Err(anyhow::anyhow!("stopped before the network stood")),
    };
    if let Err(error) = running {
        end(&mut nodes).await;
        return Err(error);
    }
    let listed: Vec<&Value> = nodes.iter().map(|node| &node.ready).collect();
    let ready = json!({ "event": "ready", "kind": "up", "pid": std::process::id(), "nodes": listed });
    if let Some(path) = &args.ready_file
        && let Err(error) = write_private(path, ready.to_string().as_bytes())
    {
        end(&mut nodes).await;
        return Err(error).with_context(|| path.display().to_string());
    }
    out.event(&ready, || {
        let pages: String = nodes
            .iter()
            .map(|node| format!("\n  {}  ({})", node.ready["url"].as_str().unwrap_or_default(), node.name))
            .collect();
        let note = if page.is_some() { "" } else { "\nNo page is built yet: `cargo xtask page` builds it." };
        format!("Three heavy nodes are up. Open any of these:{pages}{note}\nStop with Ctrl-C.")
    });
    watch(&mut nodes, &stop).await?;
    end(&mut nodes).await;
    Ok(())
}

fn start(args: &UpArgs, common: &Common, home: &Home, page: Option<&PathBuf>, at: u16) -> Result<Node> {
    let name = format!("{}-{}", args.name, at + 1);
    let port = if args.port == 0 { Some(0) } else { args.port.checked_add(STEP * at) };
    let port =
        port.with_context(|| format!("--port {}: there is no room for three nodes above", args.port))?;
    let mut flags: Vec<OsString> = vec!["heavy".into(), "--json".into(), "--while-stdin".into()];
    let mut flag = |name: &str, value: OsString| flags.extend([name.into(), value]);
    flag("--name", (&name).into());
    flag("--port", port.to_string().into());
    flag("--listen", args.listen.to_string().into());
    flag("--home", home.path().into());
    if let Some(page) = page {
        flag("--page", page.into());
    }
    if let Some(filter) = &common.log {
        flag("--log", filter.into());
    }
    if common.log_format == LogFormat::Json {
        flag("--log-format", "json".into());
    }
    let program = std::env::current_exe().context("where this program is")?;
    let mut child = Command::new(program)
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    if let Some(stderr) = child.stderr.take() {
        let prefix = if common.log_format == LogFormat::Json { String::new() } else { format!("[{name}] ") };
        tokio::spawn(forward(stderr, prefix));
    }
    Ok(Node { name, stdin: child.stdin.take(), child, ready: Value::Null })
}

async fn forward(from: impl AsyncRead + Unpin, prefix: String) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("{prefix}{line}");
    }
}

/// Waits until each node is up, tells each of the others, and waits until all are connected.
async fn introduce(nodes: &mut [Node], home: &Home) -> Result<()> {
    for node in nodes.iter_mut() {
        let stdout = node.child.stdout.take().context("the node's output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = lines.next_line().await.with_context(|| node.name.clone())?;
        let Some(line) = line else {
            let status = node.child.wait().await?;
            bail!("{} did not start ({status}); its message is above", node.name);
        };
        node.ready = serde_json::from_str(&line).with_context(|| format!("{} says `{line}`", node.name))?;
        // Nothing more is said there; but a full pipe would stop the node.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    }
    for node in nodes.iter() {
        let folder = home.folder(home.find(&node.name)?.id);
        for other in nodes.iter().filter(|other| other.name != node.name) {
            let url = other.ready["url"].as_str().unwrap_or_default().to_owned();
            control::ask(&folder, &Ask::Fellow { url }).await.with_context(|| node.name.clone())?;
        }
    }
    let met = async {
        for node in nodes.iter() {
            let api = Api::new(node.ready["url"].as_str().unwrap_or_default())?;
            while !knows_all(&api.status().await.unwrap_or_default()) {
                time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    };
    let waited = time::timeout(PATIENCE, met).await;
    waited.map_err(|_| anyhow::anyhow!("the nodes did not find each other within {PATIENCE:?}"))?
}

fn knows_all(status: &Value) -> bool {
    let fellows = status["fellows"].as_array().map(Vec::as_slice).unwrap_or_default();
    fellows.iter().filter(|link| link["up"] == true).count() + 1 >= usize::from(NODES)
}

/// Stays until it is time to stop, or no node is left.
async fn watch(nodes: &mut [Node], stop: &Stop) -> Result<()> {
    let mut left = nodes.len();
    let (ended, mut ends) = tokio::sync::mpsc::channel(nodes.len().max(1));
    let mut waits = Vec::new();
    for node in nodes.iter_mut() {
        waits.push(async { (node.name.clone(), node.child.wait().await) });
    }
    let waiting = async {
        futures::future::join_all(waits.into_iter().map(|wait| async {
            // The receiver lives as long as this future.
            let _ = ended.send(wait.await).await;
        }))
        .await;
    };
    tokio::pin!(waiting);
    let mut all_ended = false;
    while left > 0 {
        tokio::select! {
            () = stop.wait() => return Ok(()),
            () = &mut waiting, if !all_ended => all_ended = true,
            Some((name, status)) = ends.recv() => {
                left -= 1;
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                tracing::error!("{name} has ended ({status}); it is not started again");
            }
        }
    }
    bail!("every node has ended")
}

/// Closes the nodes' standard input, on which they stop, and waits for them.
async fn end(nodes: &mut [Node]) {
    for node in nodes.iter_mut() {
        drop(node.stdin.take());
    }
    for node in nodes.iter_mut() {
        // What does not stop in time is ended when the child is dropped.
        let _ = time::timeout(Duration::from_secs(10), node.child.wait()).await;
    }
}
