//! What the person's own node signs for jobs, and what it checks of them.

use bridge::{Checked, Signed};
use codec::{ContentId, Instant};
use jobs::{Manifest, Receipt, manifest::Blob};
use keys::{Envelope, Identity};

/// Signs the job `manifest` with this module and this input, made at `now`. Gives what it is called and the document, in JSON.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn sign_job(
    mut manifest: Manifest,
    module: &[u8],
    input: &[u8],
    signer: &Identity,
    now: Instant,
    nonce: [u8; 16],
) -> Result<(Signed, Vec<u8>), String> {
    manifest.submitter = signer.id();
    manifest.created = now;
    manifest.nonce = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
    let module = ContentId::of(module);
    manifest.module = Blob::Id(module);
    let mut blobs = vec![module];
    if !input.is_empty() {
        let input = ContentId::of(input);
        manifest.input = Blob::Id(input);
        blobs.push(input);
    }
    let envelope = manifest.sign(signer).map_err(|error| error.to_string())?;
    Ok((Signed { job: ContentId::of(&envelope.payload), blobs }, envelope.to_json()))
}

/// Checks a receipt, a DSSE document in JSON.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn check_receipt(document: &[u8]) -> Result<Checked, String> {
    let envelope = Envelope::from_json(document).map_err(|error| error.to_string())?;
    let (receipt, witnesses) = Receipt::open(&envelope).map_err(|error| error.to_string())?;
    Ok(Checked {
        job: receipt.job,
        submitter: receipt.submitter,
        node: receipt.node,
        witnesses,
        ending: receipt.ending.to_string(),
        args: receipt.invocation.args,
        module: receipt.module,
        input: receipt.input,
        output: receipt.output,
        errors: receipt.errors,
        fuel: receipt.fuel,
        memory_peak_bytes: receipt.memory_peak_bytes,
        wall_us: receipt.wall_us,
        started: receipt.started,
    })
}
