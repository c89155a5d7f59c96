//! `formix receipt`: what a stranger checks about a job.

use crate::output::Out;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use codec::ContentId;
use executor::rerun;
use jobs::{Manifest, Receipt};
use keys::{Envelope, NodeId};
use serde_json::json;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// Most bytes of a file that is held against a receipt.
const FILE_BYTES_MAX: u64 = 1 << 30;

#[derive(Debug, Subcommand)]
pub(super) enum ReceiptCommand {
    /// Check a receipt's signatures, and that it speaks of the files that are given; without a network
    #[command(after_help = "Examples:\n  \
        formix receipt verify receipt.json\n  \
        formix receipt verify receipt.json --stdout out.txt\n  \
        formix receipt verify receipt.json --rerun --module reverse.wasm --stdin words.txt")]
    Verify(Box<VerifyArgs>),
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The receipt
    file: PathBuf,
    /// The signed manifest that it must be about
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// The module that must have been run
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// What the guest must have been given [default with --rerun: nothing]
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
    /// What the guest must have written to standard output
    #[arg(long, value_name = "FILE")]
    stdout: Option<PathBuf>,
    /// What the guest must have written to standard error
    #[arg(long, value_name = "FILE")]
    stderr: Option<PathBuf>,
    /// Who must have run it
    #[arg(long, value_name = "ID")]
    by: Option<NodeId>,
    /// Run the module again, and compare everything that does not hang on the machine
    #[arg(long, requires = "module")]
    rerun: bool,
}

pub(super) async fn receipt(what: ReceiptCommand, out: &Out) -> Result<()> {
    match what {
        ReceiptCommand::Verify(args) => verify(*args, out).await,
    }
}

/// A file's bytes, where it has at most `most`.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let place = || path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path).with_context(place)?.take(most + 1).read_to_end(&mut bytes).with_context(place)?;
    if bytes.len() as u64 > most {
        bail!("{}: more than {most} bytes", path.display());
    }
    Ok(bytes)
}

fn envelope(path: &Path) -> Result<Envelope> {
    let bytes = read(path, Envelope::BYTES_MAX as u64)?;
    Envelope::from_json(bytes.trim_ascii()).with_context(|| path.display().to_string())
}

async fn verify(args: VerifyArgs, out: &Out) -> Result<()> {
    let (receipt, witnesses) =
        Receipt::open(&envelope(&args.file)?).context("the receipt does not verify")?;
    if let Some(by) = args.by.filter(|by| *by != receipt.node) {
        bail!("the receipt is of {}, not of {by}", receipt.node);
    }
    if let Some(path) = &args.manifest {
        let (job, manifest) = Manifest::open(&envelope(path)?).with_context(|| path.display().to_string())?;
        receipt.follows(job, &manifest).context("the receipt is about another job")?;
    }
    let module = given(args.module.as_deref(), receipt.module, "module")?;
    let input = given(args.stdin.as_deref(), receipt.input, "standard input")?;
    given(args.stdout.as_deref(), receipt.output, "standard output")?;
    given(args.stderr.as_deref(), receipt.errors, "standard error")?;
    if args.rerun {
        if input.is_none() && receipt.input != ContentId::of(b"") {
            bail!("the guest was given something to read: name it with --stdin");
        }
        let (module, input, receipt) =
            (module.unwrap_or_default(), input.unwrap_or_default(), receipt.clone());
        tokio::task::spawn_blocking(move || rerun(&receipt, &module, &input)).await??;
    }
    let value = json!({
        "event": "verified", "job": receipt.job, "node": receipt.node, "submitter": receipt.submitter, "witnesses": witnesses,
        "success": receipt.ending.is_success(), "receipt": receipt, "rerun": args.rerun,
    });
    out.event(&value, || words(&receipt, &witnesses, args.rerun));
    Ok(())
}

/// The bytes of a file that the receipt must speak of.
fn given(path: Option<&Path>, meant: ContentId, what: &str) -> Result<Option<Vec<u8>>> {
    let Some(path) = path else { return Ok(None) };
    let bytes = read(path, FILE_BYTES_MAX)?;
    let found = ContentId::of(&bytes);
    if found != meant {
        bail!(
            "{}: not the {what} of this receipt: its content id is {found}, and the receipt says {meant}",
            path.display()
        );
    }
    Ok(Some(bytes))
}

fn words(receipt: &Receipt, witnesses: &[NodeId], was_rerun: bool) -> String {
    let cpu = receipt.cpu_us.map(|us| format!(", {us} µs of processor time")).unwrap_or_default();
    let mut words = format!(
        "Receipt verified.\n  run by      {}\n  for         {}\n  ended       {}\n  module      {}\n  input       {}\n  \
         output      {}\n  fuel        {} ({})\n  memory      {} KiB at most\n  time        {} for {} µs{cpu}",
        receipt.node,
        receipt.submitter,
        receipt.ending,
        receipt.module,
        receipt.input,
        receipt.output,
        receipt.fuel,
        receipt.gas,
        receipt.memory_peak_bytes.div_ceil(1024),
        receipt.started,
        receipt.wall_us,
    );
    for witness in witnesses {
        words += &format!("\n  witnessed   {witness}");
    }
    words += if was_rerun {
        "\n  run again here: ending, output, fuel and peak memory are the same"
    } else {
        "\n  its node's word; `--rerun --module FILE` checks it"
    };
    words
}
