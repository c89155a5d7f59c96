//! `formix job run`: one module, from flags.

use super::{
    follow::{self, Checked},
    hand, here,
    plan::{self, Bytes, Plan, Signed},
    reach::{Host, Hosts},
};
use crate::{
    cli::{HOST, propose::moment, receipt::read},
    client::Api,
    home::Home,
    output::Out,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use codec::ContentId;
use data_encoding::BASE64;
use jobs::{
    JobView, Limits, Manifest,
    blobs::BLOB_BYTES_MAX,
    manifest::{Blob, Constraints, ENTRY},
};
use keys::{Identity, NodeId};
use serde_json::json;
use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What a job is given: one that is run here ends at once, and the document wants a deadline.
const DEADLINE: &str = "1day";
/// Most bytes of standard input of a job that is run here.
const INPUT_BYTES_MAX: u64 = 1 << 30;

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A WebAssembly module: a WASI preview 1 command (target wasm32-wasip1)
    pub(super) file: PathBuf,
    /// The guest's arguments; those that begin with `-` after `--`
    args: Vec<String>,
    /// What the guest reads from standard input; `-` for this program's own [default: nothing]
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
    /// A variable of the guest's environment; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// The exported function to call
    #[arg(long, default_value = ENTRY, value_name = "NAME")]
    entry: String,
    /// The most fuel that the guest may use: about one unit an instruction
    #[arg(long, default_value_t = Limits::default().fuel)]
    fuel: u64,
    /// The most memory that the guest may use, in MiB
    #[arg(long, default_value_t = Limits::default().memory_bytes >> 20, value_name = "MIB")]
    memory: u64,
    /// Write the signed receipt to this file
    #[arg(long, value_name = "FILE")]
    pub(super) receipt: Option<PathBuf>,
    /// Write the signed manifest to this file
    #[arg(long, value_name = "FILE")]
    pub(super) manifest: Option<PathBuf>,
    /// Which node of this home signs a run here: its name, or a part of its id [default: who proposes from this home]
    #[arg(long, conflicts_with_all = ["replicas", "on", "bootstrap"])]
    pub(super) node: Option<String>,
    /// Have so many nodes of a network run it, and compare what they give
    #[arg(long, value_name = "COUNT", help_heading = "On a network", value_parser = clap::value_parser!(u8).range(1..=7))]
    replicas: Option<u8>,
    /// Where: the HTTP address of a heavy node [default: http://127.0.0.1:4800], or the id of a node that shall run it; repeatable
    #[arg(long, value_name = "URL|NODE", help_heading = "On a network")]
    on: Vec<String>,
    /// Find who takes it, beginning at the multiaddr or the HTTP address of any heavy node; another takes it where one is lost
    #[arg(long, value_name = "ADDR", help_heading = "On a network")]
    bootstrap: Option<String>,
    /// When it is given up: from now, as in `10m`, or a moment
    #[arg(long, default_value = DEADLINE, help_heading = "On a network")]
    deadline: String,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.into(), value.into()))
}

pub(super) async fn run(args: RunArgs, home: &Home, out: &Out) -> Result<ExitCode> {
    if args.replicas.is_some() || !args.on.is_empty() || args.bootstrap.is_some() {
        return away(args, home, out).await;
    }
    let limits = args.limits();
    let module = read(&args.file, limits.module_bytes)?;
    let input = input(args.stdin.as_deref(), INPUT_BYTES_MAX)?;
    here::run(&args, module, input, home, out).await
}

impl RunArgs {
    fn limits(&self) -> Limits {
        Limits { fuel: self.fuel, memory_bytes: self.memory << 20, ..Limits::default() }
    }

    /// The manifest of what the flags say, but for its input.
    pub(super) fn manifest(&self, module: ContentId, identity: &Identity) -> Result<Manifest> {
        let name = plan::stem(&self.file);
        let mut env = self.env.clone();
        env.sort();
        Ok(Manifest {
            entry: self.entry.clone(),
            args: std::iter::once(name.clone()).chain(self.args.iter().cloned()).collect(),
            env,
            limits: self.limits(),
            ..plan::manifest(&name, Blob::Id(module), identity, moment(&self.deadline).context("--deadline")?)
        })
    }
}

fn input(path: Option<&Path>, most: u64) -> Result<Vec<u8>> {
    match path {
        None => Ok(Vec::new()),
        Some(path) if path == Path::new("-") => {
            let mut bytes = Vec::new();
            io::stdin().lock().take(most + 1).read_to_end(&mut bytes).context("standard input")?;
            if bytes.len() as u64 > most {
                bail!("standard input: more than {most} bytes");
            }
            Ok(bytes)
        }
        Some(path) => read(path, most),
    }
}

/// On the nodes of a network.
async fn away(args: RunArgs, home: &Home, out: &Out) -> Result<ExitCode> {
    let mut nodes: Vec<NodeId> = Vec::new();
    let mut host: Option<&str> = None;
    for on in &args.on {
        match on.parse() {
            Ok(node) => nodes.push(node),
            Err(_) if args.bootstrap.is_some() => {
                bail!("--on {on}: with --bootstrap the heavy node is found; leave the address out")
            }
            Err(_) if host.is_none() => host = Some(on),
            Err(_) => bail!("--on {on}: one heavy node takes the job; name no other address"),
        }
    }
    let identity = home.proposer()?;
    let module = read(&args.file, args.limits().module_bytes)?;
    let mut plan = Plan::default();
    let id = ContentId::of(&module);
    plan.blobs.insert(id, Bytes::Here(module));
    let named = u8::try_from(nodes.len()).unwrap_or(u8::MAX).max(1);
    let manifest = Manifest {
        input: plan.here(input(args.stdin.as_deref(), BLOB_BYTES_MAX)?).context("standard input")?,
        replicas: args.replicas.unwrap_or(named),
        constraints: Constraints { nodes, ..Constraints::default() },
        ..args.manifest(id, &identity)?
    };
    let job = Signed::new(&manifest, &identity)?;
    plan.jobs.push(job);
    let hosts = match &args.bootstrap {
        Some(bootstrap) => Hosts::found(bootstrap, &plan).await?,
        None => Hosts::named(host.unwrap_or(HOST))?,
    };
    let at_one = async |host: &Host, plan: &Plan| {
        hand::hand_in(host, plan, out).await?;
        let job = plan.jobs.first().context("no job")?;
        let views = follow::wait(host, &[job.id], follow::work(&plan.jobs), out).await?;
        let view = views.first().context("the job is gone")?;
        let checked = follow::check(&host.api, view, &job.manifest).await?;
        if let Some(path) = &args.manifest {
            here::save(path, &job.envelope)?;
        }
        if let (Some(path), Some(receipt)) = (&args.receipt, checked.receipts.first()) {
            here::save(path, receipt)?;
        }
        tell(&host.api, view, &checked, out).await?;
        Ok(follow::status(view))
    };
    hosts.at_one(plan, &identity, out, at_one).await
}

async fn tell(api: &Api, view: &JobView, checked: &Checked, out: &Out) -> Result<()> {
    let Some(result) = &view.result else {
        if out.json {
            out.line(&json!({ "event": "ran", "job": view.id, "success": false, "view": view }).to_string());
        } else {
            eprintln!("error: {}", follow::headline(view));
        }
        return Ok(());
    };
    let gone = "the heavy node no longer keeps what the guest wrote";
    let stdout = follow::output(api, view, "stdout").await?.context(gone)?;
    let stderr = follow::output(api, view, "stderr").await?.context(gone)?;
    if out.json {
        let value = json!({
            "event": "ran", "job": view.id, "success": result.ending.is_success(), "ending": result.ending,
            "stdout": String::from_utf8(stdout.clone()).ok(), "stdout_base64": BASE64.encode(&stdout),
            "stderr": String::from_utf8_lossy(&stderr), "fuel": result.fuel, "gas": result.gas,
            "agree": checked.agree, "judged": result.judged, "receipts": checked.receipts,
        });
        out.line(&value.to_string());
        return Ok(());
    }
    follow::write(&stdout, &stderr)?;
    if !result.ending.is_success() {
        eprintln!("error: {}", result.ending);
    }
    if out.is_fancy() {
        eprintln!(
            "{} nodes agree; `formix job receipt {}` checks it again",
            checked.agree.len(),
            view.id.short()
        );
    }
    Ok(())
}
