//! What the views of jobs ask for.

use bridge::{FromWorker, JobsAnswer, JobsAsk, Signed};
use channel::{FromRunner, ToRunner};
use wasm_bindgen_futures::spawn_local;

use crate::documents;
use crate::runtime::Runtime;
use crate::worker::send;

/// How long the second run of a job may take, in milliseconds.
const RERUN_MS_MAX: u32 = 30 * 60 * 1_000;

fn answer(answer: JobsAnswer, parts: &[Vec<u8>]) {
    send(&FromWorker::Jobs(answer), parts);
}

pub(crate) fn handle(runtime: &Runtime, ask: JobsAsk, parts: Vec<Vec<u8>>) {
    match ask {
        JobsAsk::Sign { token, manifest } => {
            let signed = match parts.as_slice() {
                [module, input] => runtime.sign_job(*manifest, module, input),
                _ => Err("module and input are needed".into()),
            };
            reply_signed(token, signed);
        }
        JobsAsk::Cancel { token, job } => reply_signed(token, Ok(runtime.sign_cancel(job))),
        JobsAsk::Lend { share_percent, hold, graphs } => runtime.lend(share_percent, hold, graphs),
        JobsAsk::Receipt { token, job } => {
            let receipt = runtime.look(|node| node.receipt(job)).map(|envelope| envelope.to_json());
            answer(JobsAnswer::Receipt { token }, receipt.as_slice());
        }
        JobsAsk::Check { token } => check(token, &parts),
        JobsAsk::Rerun { token } => {
            let runners = runtime.runners();
            spawn_local(async move {
                let result = match runners.ask(&ToRunner::Rerun, &parts, RERUN_MS_MAX).await {
                    Ok((FromRunner::Reran { result }, _)) => result,
                    Ok(_) => Err("the runner answered something else".into()),
                    Err(why) => Err(why),
                };
                answer(JobsAnswer::Reran { token, result }, &[]);
            });
        }
    }
}

/// Answers without a node.
pub(crate) fn decline(ask: JobsAsk, parts: &[Vec<u8>], detail: String) {
    match ask {
        // Documents need no node to be checked.
        JobsAsk::Check { token } => check(token, parts),
        JobsAsk::Sign { token, .. } | JobsAsk::Cancel { token, .. } => reply_signed(token, Err(detail)),
        JobsAsk::Receipt { token, .. } => answer(JobsAnswer::Receipt { token }, &[]),
        JobsAsk::Rerun { token } => answer(JobsAnswer::Reran { token, result: Err(detail) }, &[]),
        JobsAsk::Lend { .. } => {}
    }
}

fn reply_signed(token: u64, signed: Result<(Signed, Vec<u8>), String>) {
    match signed {
        Ok((signed, document)) => answer(JobsAnswer::Signed { token, result: Ok(signed) }, &[document]),
        Err(why) => answer(JobsAnswer::Signed { token, result: Err(why) }, &[]),
    }
}

fn check(token: u64, parts: &[Vec<u8>]) {
    let result = match parts {
        [document] => documents::check_receipt(document).map(Box::new),
        _ => Err("a receipt is needed".into()),
    };
    answer(JobsAnswer::Checked { token, result }, &[]);
}
