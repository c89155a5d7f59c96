//! Long bodies: few at a time, since each stands in memory as a whole. Those that are no longer than others' are read as those are.

use super::{
    Asker, BODY_BYTES_MAX,
    api::Answer,
    places::{Place, Places},
    problem::Problem,
    propose::too_many,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

/// Longest of these bodies.
pub(super) const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most of them that are read at a time.
pub(super) const AT_ONCE_MAX: usize = 24;
/// Most of them that are read at a time from one network.
const AT_ONCE_EACH_MAX: usize = 6;
/// How long one may take to come.
const WITHIN: Duration = Duration::from_secs(60);

static ROOM: Semaphore = Semaphore::const_new(AT_ONCE_MAX);
static PLACES: LazyLock<Arc<Places>> = LazyLock::new(|| Places::new(AT_ONCE_EACH_MAX));

/// A long body, and its place among those that are in memory.
pub(super) struct Upload {
    pub(super) bytes: Bytes,
    _place: Option<(SemaphorePermit<'static>, Place)>,
}

impl AsRef<[u8]> for Upload {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads the body of `request`, whose route takes [`BYTES_MAX`].
pub(super) async fn read(request: Request, asker: Asker) -> Answer<Upload> {
    let len = request.headers().get(header::CONTENT_LENGTH).and_then(|len| len.to_str().ok()?.parse().ok());
    let place = if len.is_some_and(|len: usize| len <= BODY_BYTES_MAX) {
        None
    } else {
        let place = PLACES.take(asker.0).ok_or_else(too_many)?;
        Some((ROOM.try_acquire().map_err(|_| too_many())?, place))
    };
    match timeout(WITHIN, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(Upload { bytes, _place: place }),
        Ok(Err(rejected)) => Err(Problem::new(rejected.status(), rejected.body_text())),
        Err(_) => {
            let detail = format!(
                "the body did not come within {} seconds; send it in shorter parts",
                WITHIN.as_secs()
            );
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}
