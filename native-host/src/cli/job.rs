//! `formix job`: runs WASM jobs on this machine.

use super::receipt::read;
use crate::{
    clock,
    home::Home,
    output::Out,
    secrets::{self, write_private},
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use codec::ContentId;
use data_encoding::{BASE64, HEXLOWER};
use jobs::{
    Ending, Invocation, Limits, Manifest, Ran, Times,
    manifest::{Blob, Constraints, ENTRY, Quorum, VERSION},
    ran::Of,
};
use keys::{Envelope, Identity};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time,
};

/// Milliseconds that a manifest made here gives a job: it is run at once, and the document wants a deadline.
const DEADLINE_MS: u64 = 24 * 3_600 * 1_000;
/// Most bytes of standard input.
const INPUT_BYTES_MAX: u64 = 1 << 30;

#[derive(Debug, Subcommand)]
pub(super) enum JobCommand {
    /// Run a WASI command here, in the sandbox, and sign a receipt
    #[command(after_help = "Examples:\n  \
        formix job run reverse.wasm --stdin words.txt\n  \
        formix job run primes.wasm 1 1000 --receipt receipt.json\n  \
        formix job run tool.wasm --env LANG=C -- --verbose\n\n\
        The exit status is the guest's own; 1 where it failed in another way.")]
    Run(Box<RunArgs>),
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A WebAssembly module: a WASI preview 1 command (target wasm32-wasip1)
    file: PathBuf,
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
    receipt: Option<PathBuf>,
    /// Write the signed manifest to this file
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Which node of this home signs: its name, or a part of its id [default: who proposes from this home]
    #[arg(long)]
    node: Option<String>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.into(), value.into()))
}

pub(super) async fn job(what: JobCommand, home: &Home, out: &Out) -> Result<ExitCode> {
    match what {
        JobCommand::Run(args) => run(*args, home, out).await,
    }
}

async fn run(args: RunArgs, home: &Home, out: &Out) -> Result<ExitCode> {
    let identity = signer(home, args.node.as_deref())?;
    let limits = Limits { fuel: args.fuel, memory_bytes: args.memory << 20, ..Limits::default() };
    let module = read(&args.file, limits.module_bytes)?;
    let input = input(args.stdin.as_deref())?;
    let given = ContentId::of(&input);
    let manifest = manifest(&args, limits, &module, &input, &identity);
    let document = manifest.sign(&identity).context("the job")?;
    let (job, manifest) = Manifest::open(&document)?;
    if let Some(path) = &args.manifest {
        save(path, &document)?;
    }
    let started = clock::now();
    let invocation = manifest.invocation(job, identity.id(), started);
    // A guest computes for as long as its fuel lasts: not on a thread that serves others.
    let (ran, times) =
        tokio::task::spawn_blocking(move || timed(&invocation, &module, &input, started)).await??;
    let of = Of {
        job,
        manifest: &manifest,
        input: given,
        node: identity.id(),
        gas: executor::GAS_SCHEDULE,
        times,
    };
    let receipt = ran.receipt(&of).sign(&identity).context("the receipt")?;
    if let Some(path) = &args.receipt {
        save(path, &receipt)?;
    }
    tell(job, &ran, times, &receipt, out)?;
    Ok(status(&ran.ending))
}

fn signer(home: &Home, node: Option<&str>) -> Result<Identity> {
    match node {
        None => Ok(home.proposer()?),
        Some(text) => Ok(secrets::known_identity(&home.folder(home.find(text)?.id))?),
    }
}

fn input(path: Option<&Path>) -> Result<Vec<u8>> {
    match path {
        None => Ok(Vec::new()),
        Some(path) if path == Path::new("-") => {
            let mut bytes = Vec::new();
            io::stdin().lock().take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes).context("standard input")?;
            if bytes.len() as u64 > INPUT_BYTES_MAX {
                bail!("standard input: more than {INPUT_BYTES_MAX} bytes");
            }
            Ok(bytes)
        }
        Some(path) => read(path, INPUT_BYTES_MAX),
    }
}

fn manifest(args: &RunArgs, limits: Limits, module: &[u8], input: &[u8], identity: &Identity) -> Manifest {
    let name: String =
        args.file.file_stem().unwrap_or_default().to_string_lossy().chars().take(120).collect();
    let created = clock::now();
    let mut env = args.env.clone();
    env.sort();
    Manifest {
        version: VERSION,
        submitter: identity.id(),
        module: Blob::Id(ContentId::of(module)),
        input: Blob::Id(ContentId::of(input)),
        entry: args.entry.clone(),
        args: std::iter::once(name.clone()).chain(args.args.iter().cloned()).collect(),
        name,
        env,
        limits,
        replicas: 1,
        quorum: Quorum::Majority,
        constraints: Constraints::default(),
        created,
        deadline: created.plus_ms(DEADLINE_MS),
        priority: 0,
        deterministic: true,
        nonce: HEXLOWER.encode(&rand::random::<[u8; 16]>()),
    }
}

fn timed(
    invocation: &Invocation,
    module: &[u8],
    input: &[u8],
    started: codec::Instant,
) -> Result<(Ran, Times)> {
    let (wall, cpu) = (time::Instant::now(), clock_gettime(ClockId::ThreadCPUTime));
    let ran = executor::run(invocation, module, input)?;
    let (wall, end) = (wall.elapsed(), clock_gettime(ClockId::ThreadCPUTime));
    let cpu_us = (end.tv_sec - cpu.tv_sec) * 1_000_000 + (end.tv_nsec - cpu.tv_nsec) / 1_000;
    let times = Times {
        started,
        ended: clock::now(),
        wall_us: wall.as_micros() as u64,
        cpu_us: u64::try_from(cpu_us).ok(),
    };
    Ok((ran, times))
}

fn save(path: &Path, document: &Envelope) -> Result<()> {
    let bytes = [document.to_json().as_slice(), b"\n"].concat();
    write_private(path, &bytes).with_context(|| path.display().to_string())
}

fn tell(job: ContentId, ran: &Ran, times: Times, receipt: &Envelope, out: &Out) -> Result<()> {
    if out.json {
        out.line(
            &json!({
                "event": "ran", "job": job, "success": ran.ending.is_success(), "ending": ran.ending,
                "stdout": String::from_utf8(ran.stdout.clone()).ok(), "stdout_base64": BASE64.encode(&ran.stdout),
                "stderr": String::from_utf8_lossy(&ran.stderr), "fuel": ran.fuel, "gas": executor::GAS_SCHEDULE,
                "memory_peak_bytes": ran.memory_peak_bytes, "wall_us": times.wall_us, "cpu_us": times.cpu_us,
                "receipt": receipt,
            })
            .to_string(),
        );
        return Ok(());
    }
    let written = |result: io::Result<()>| match result {
        // Who listened has gone, as in `formix job run … | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("writing what the guest wrote"),
    };
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(&ran.stdout).and_then(|()| stdout.flush()))?;
    written(io::stderr().lock().write_all(&ran.stderr))?;
    if !matches!(ran.ending, Ending::Exit(_)) {
        eprintln!("error: {}", ran.ending);
    }
    Ok(())
}

/// The guest's exit code where this system has it, and 1 for any other failure.
fn status(ending: &Ending) -> ExitCode {
    match ending {
        Ending::Exit(code) => u8::try_from(*code).map_or(ExitCode::FAILURE, ExitCode::from),
        _ => ExitCode::FAILURE,
    }
}
