//! Runs a job on this machine, and signs its receipt.

use super::{
    follow::{ending_status, write},
    plan::Signed,
    run::RunArgs,
};
use crate::{
    clock, guests,
    home::Home,
    output::Out,
    secrets::{self, write_private},
};
use anyhow::{Context, Result};
use codec::ContentId;
use data_encoding::BASE64;
use jobs::{Ending, Finished, Manifest, Times, manifest::Blob, ran::Of};
use keys::{Envelope, Identity};
use serde_json::json;
use std::{path::Path, process::ExitCode};

pub(super) async fn run(
    args: &RunArgs,
    module: Vec<u8>,
    input: Vec<u8>,
    home: &Home,
    out: &Out,
) -> Result<ExitCode> {
    let identity = signer(home, args.node.as_deref())?;
    let given = ContentId::of(&input);
    let manifest = args.manifest(ContentId::of(&module), &identity)?;
    let job = Signed::new(&Manifest { input: Blob::Id(given), ..manifest }, &identity)?;
    if let Some(path) = &args.manifest {
        save(path, &job.envelope)?;
    }
    let started = clock::now();
    let invocation = job.manifest.invocation(job.id, identity.id(), started);
    // A guest computes for as long as its fuel lasts: not on a thread that serves others.
    let running = tokio::task::spawn_blocking(move || guests::run(&invocation, &module, &input));
    let finished = running.await??;
    let times = Times { started, ended: clock::now(), wall_us: finished.wall_us, cpu_us: finished.cpu_us };
    let of = Of {
        job: job.id,
        manifest: &job.manifest,
        input: given,
        node: identity.id(),
        gas: executor::GAS_SCHEDULE,
        times,
    };
    let receipt = finished.ran.receipt(&of).sign(&identity).context("the receipt")?;
    if let Some(path) = &args.receipt {
        save(path, &receipt)?;
    }
    tell(job.id, &finished, &receipt, out)?;
    Ok(ending_status(&finished.ran.ending))
}

fn signer(home: &Home, node: Option<&str>) -> Result<Identity> {
    match node {
        None => Ok(home.proposer()?),
        Some(text) => Ok(secrets::known_identity(&home.folder(home.find(text)?.id))?),
    }
}

/// Writes a signed document to a file.
pub(super) fn save(path: &Path, document: &Envelope) -> Result<()> {
    let bytes = [document.to_json().as_slice(), b"\n"].concat();
    write_private(path, &bytes).with_context(|| path.display().to_string())
}

fn tell(job: ContentId, finished: &Finished, receipt: &Envelope, out: &Out) -> Result<()> {
    let ran = &finished.ran;
    if out.json {
        out.line(
            &json!({
                "event": "ran", "job": job, "success": ran.ending.is_success(), "ending": ran.ending,
                "stdout": String::from_utf8(ran.stdout.clone()).ok(), "stdout_base64": BASE64.encode(&ran.stdout),
                "stderr": String::from_utf8_lossy(&ran.stderr), "fuel": ran.fuel, "gas": executor::GAS_SCHEDULE,
                "memory_peak_bytes": ran.memory_peak_bytes, "wall_us": finished.wall_us, "cpu_us": finished.cpu_us,
                "receipt": receipt,
            })
            .to_string(),
        );
        return Ok(());
    }
    write(&ran.stdout, &ran.stderr)?;
    if !matches!(ran.ending, Ending::Exit(_)) {
        eprintln!("error: {}", ran.ending);
    }
    Ok(())
}
