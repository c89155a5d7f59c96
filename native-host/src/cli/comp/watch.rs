//! Follows a computation to its end.

use super::stage;
use crate::{
    client::{Api, ApiError, Documents},
    clock,
    output::Out,
};
use anyhow::Result;
use codec::ContentId;
use indicatif::{ProgressBar, ProgressStyle};
use keys::Envelope;
use std::time::Duration;
use tokio::time;

/// Between two looks at how a computation stands.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// Waits until the computation has ended at the host, and gives its documents, with the proposal that this process signed where it
/// signed one: that counts, not the host's word for it.
pub(in crate::cli) async fn watch(
    api: &Api,
    id: ContentId,
    proposed: Option<Envelope>,
    out: &Out,
) -> Result<Documents> {
    let bar = if out.is_fancy() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
        bar.set_style(style);
    }
    let documents = loop {
        match look(api, id, &bar).await {
            Ok(Some(documents)) => break documents,
            Ok(None) => {}
            // The host may be starting again; what it holds is durable.
            Err(error) if error.is_passing() => bar.set_message(error.to_string()),
            Err(error) => return Err(error.into()),
        }
        time::sleep(LOOK_EVERY).await;
    };
    bar.finish_and_clear();
    let proposal = proposed.unwrap_or(documents.proposal);
    Ok(Documents { proposal, ..documents })
}

async fn look(api: &Api, id: ContentId, bar: &ProgressBar) -> Result<Option<Documents>, ApiError> {
    let view = api.computation(id).await?;
    let proposal = &view.proposal;
    let left_ms = proposal.deadline.since_ms(clock::now());
    bar.set_length(u64::from(proposal.participants_min.max(view.reports)));
    bar.set_position(u64::from(view.reports));
    let left = if left_ms > 0 {
        format!("{} s left", left_ms.div_ceil(1_000))
    } else {
        "the heavy nodes agree".into()
    };
    if let Some((checked, all)) = view.progress {
        bar.set_length(u64::from(all));
        bar.set_position(u64::from(checked));
    }
    let needed = proposal.participants_min;
    bar.set_message(format!("{} answers ({needed} needed), {}, {left}", view.reports, stage(&view)));
    if view.result.is_none() && view.refusal.is_none() {
        return Ok(None);
    }
    api.documents(id).await.map(Some)
}
