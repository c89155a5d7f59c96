//! Meeting the other heavy nodes: each is asked for its signed descriptor at its HTTP address, again and again, since addresses change.

use crate::{
    client::{Api, ApiError},
    drive::Handle,
};
use node::{HeavyInput, HeavyNode};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time;

/// Between two looks at a fellow that answers.
const EVERY: Duration = Duration::from_secs(60);
/// Between two tries at one that does not: from the first, doubling to the last.
const AGAIN_MIN: Duration = Duration::from_millis(250);
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// Most fellows that are looked after.
const FELLOWS_MAX: usize = node::HEAVY_NODES_MAX;

/// Looks after the fellows that the operator named.
#[derive(Clone)]
pub(super) struct Fellows {
    node: Handle<HeavyNode>,
    known: Arc<Mutex<HashSet<String>>>,
}

/// A fellow cannot be added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum FellowError {
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("there are {FELLOWS_MAX} fellows already")]
    TooMany,
}

impl Fellows {
    pub(super) fn new(node: Handle<HeavyNode>) -> Self {
        Self { node, known: Arc::default() }
    }

    /// Looks after the heavy node at `url` from now on.
    pub(super) fn add(&self, url: &str) -> Result<(), FellowError> {
        let api = Api::new(url)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= FELLOWS_MAX {
            return Err(FellowError::TooMany);
        }
        if known.insert(api.url().to_string()) {
            // It ends with the node: then its handle fails.
            tokio::spawn(look_after(api, self.node.clone()));
        }
        Ok(())
    }
}

async fn look_after(api: Api, node: Handle<HeavyNode>) {
    let mut again = AGAIN_MIN;
    let mut told = false;
    loop {
        match api.node().await {
            Ok(envelope) => {
                (again, told) = (AGAIN_MIN, false);
                if node.input(HeavyInput::Fellow { envelope }).await.is_err() {
                    return;
                }
                time::sleep(EVERY).await;
            }
            Err(error) => {
                // Said once, when it has lasted: fellows start one after the other.
                if again > AGAIN_MIN * 8 && !told {
                    tracing::warn!(%error, "a fellow does not answer; trying again");
                    told = true;
                } else {
                    tracing::debug!(%error, "a fellow does not answer");
                }
                time::sleep(again).await;
                again = (again * 2).min(AGAIN_MAX);
            }
        }
    }
}
