//! `formix new-node` and `formix stop-node`: nodes in the background.

use crate::{
    control::{self, Ask, ControlError},
    home::{Home, Kind, NodeRecord},
    output::Out,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::time;

/// How long a node may take to start, or to stop.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Bytes of a log's end that are shown when a node does not start.
const LOG_TAIL: usize = 2_000;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("kind"))]
pub(super) struct NewNodeArgs {
    /// A heavy node; the system chooses its ports unless `-- --port` says otherwise
    #[arg(long, group = "kind")]
    heavy: bool,
    /// A light node [default]
    #[arg(long, group = "kind")]
    light: bool,
    /// Its name [default: the first free one]
    #[arg(long)]
    name: Option<String>,
    /// Handed to `formix heavy` or `formix light`
    #[arg(last = true, value_name = "FLAGS")]
    flags: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct StopNodeArgs {
    /// Its name, or a part of its id
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    node: Option<String>,
    /// Every node of this home that runs
    #[arg(long)]
    all: bool,
}

pub(super) async fn new_node(args: NewNodeArgs, home: &Home, out: &Out) -> Result<()> {
    let kind = if args.heavy { Kind::Heavy } else { Kind::Light };
    let name = match args.name {
        Some(name) => name,
        None => home.free_name(kind.name())?,
    };
    let record = home.node(kind, &name)?;
    let folder = home.folder(record.id);
    if control::ask(&folder, &Ask::Status).await.is_ok() {
        bail!("the node `{name}` is running already");
    }
    let log = folder.join("node.log");
    let mut child = spawn(home, &record, &args.flags, &log)?;
    let ready = started(&mut child, &folder, &log).await.with_context(|| format!("the node `{name}`"))?;
    out.event(&ready, || {
        let url = ready["url"].as_str().map_or_else(String::new, |url| format!("\nPage and API: {url}"));
        format!("{kind} node `{name}` {} runs in the background.{url}\nLog: {}", record.id, log.display())
    });
    Ok(())
}

fn spawn(home: &Home, record: &NodeRecord, flags: &[OsString], log: &Path) -> Result<Child> {
    let file = File::create(log).with_context(|| log.display().to_string())?;
    let program = std::env::current_exe().context("where this program is")?;
    let mut command = Command::new(program);
    command.arg(record.kind.name()).args(["--json", "--name", &record.name, "--home"]).arg(home.path());
    let says_port = flags.iter().any(|flag| flag.to_string_lossy().starts_with("--port"));
    if record.kind == Kind::Heavy && !says_port {
        command.args(["--port", "0"]);
    }
    command
        .args(flags)
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        // Ctrl-C at this terminal is not for it.
        .process_group(0);
    command.spawn().context("starting the node's process")
}

async fn started(child: &mut Child, folder: &Path, log: &Path) -> Result<Value> {
    let deadline = time::Instant::now() + PATIENCE;
    loop {
        if let Ok(ready) = control::ask(folder, &Ask::Status).await {
            return Ok(ready);
        }
        if let Some(status) = child.try_wait()? {
            let text = fs::read_to_string(log).unwrap_or_default();
            let tail = text.char_indices().rev().nth(LOG_TAIL).map_or(0, |(at, _)| at);
            bail!("did not start ({status}):\n{}", text[tail..].trim_end());
        }
        if time::Instant::now() > deadline {
            bail!("does not answer after {} seconds; see {}", PATIENCE.as_secs(), log.display());
        }
        time::sleep(LOOK_EVERY).await;
    }
}

pub(super) async fn stop_node(args: StopNodeArgs, home: &Home, out: &Out) -> Result<()> {
    let nodes = match &args.node {
        Some(text) => vec![home.find(text)?],
        None => home.nodes()?,
    };
    let mut stopped = Vec::new();
    for node in &nodes {
        match stop(&home.folder(node.id)).await {
            Ok(()) => stopped.push(node),
            Err(ControlError::NotRunning) if args.all => {}
            Err(error) => return Err(error).with_context(|| format!("node `{}`", node.name)),
        }
    }
    let ids: Vec<_> = stopped.iter().map(|node| node.id).collect();
    out.event(&json!({ "stopped": ids }), || match stopped.as_slice() {
        [] => "No node was running.".into(),
        stopped => {
            let names: Vec<&str> = stopped.iter().map(|node| node.name.as_str()).collect();
            format!("Stopped: {}", names.join(", "))
        }
    });
    Ok(())
}

/// Stops a node, and waits until it no longer answers.
async fn stop(folder: &Path) -> Result<(), ControlError> {
    control::ask(folder, &Ask::Stop).await?;
    let gone = async {
        while !matches!(control::ask(folder, &Ask::Status).await, Err(ControlError::NotRunning)) {
            time::sleep(LOOK_EVERY).await;
        }
    };
    time::timeout(PATIENCE, gone).await.map_err(|_| ControlError::Silent)
}
