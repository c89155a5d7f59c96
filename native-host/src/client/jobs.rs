//! Jobs and blobs at a heavy node, from the client's side.

use super::{Api, ApiError, answer, unreachable};
use codec::ContentId;
use jobs::{
    JobView, WorkerView,
    view::{Filter, Page},
};
use keys::Envelope;
use reqwest::{StatusCode, header};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::time;

/// Bytes of a blob that go in one request: an upload that breaks off loses no more.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// How long an upload may go on without becoming longer: another may send the same, in a request of its own.
const GROW_PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at one that does not.
const GROW_PAUSE: Duration = Duration::from_millis(50);
/// Most bytes of jobs in one request.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Most jobs in one request.
const BATCH_MAX: usize = 1_000;

/// A job that a heavy node took.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Submitted {
    pub(crate) id: ContentId,
    /// How many of the nodes there could run it.
    pub(crate) able: u32,
    /// What stands in the way now.
    pub(crate) words: String,
}

/// Why a heavy node does not take a job.
#[derive(Debug, Clone, serde::Deserialize, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct NotTaken {
    pub(crate) detail: String,
    #[serde(default)]
    pub(crate) retry_after_s: Option<u64>,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Line {
    Taken(Submitted),
    Refused { error: NotTaken },
}

impl Api {
    /// How many bytes of a blob are there; `None` where all are.
    async fn blob_missing_from(&self, id: ContentId) -> Result<Option<u64>, ApiError> {
        let url = self.url_of(&format!("api/v1/blobs/{id}"))?;
        let response = self.http.head(url.clone()).send().await.map_err(|error| unreachable(&url, &error))?;
        if response.status().is_success() {
            return Ok(None);
        }
        let offset =
            response.headers().get("upload-offset").and_then(|value| value.to_str().ok()?.parse().ok());
        match offset {
            Some(offset) if response.status() == StatusCode::NOT_FOUND => Ok(Some(offset)),
            _ => {
                Err(ApiError::Strange { url, why: format!("{} to a question for bytes", response.status()) })
            }
        }
    }

    /// Sends a blob, as far as it is not there; `told` is told how many bytes are.
    pub(crate) async fn put_blob(&self, bytes: &[u8], told: impl Fn(u64)) -> Result<ContentId, ApiError> {
        let id = ContentId::of(bytes);
        let url = self.url_of(&format!("api/v1/blobs/{id}"))?;
        let (mut most, mut grew) = (None, Instant::now());
        while let Some(offset) = self.blob_missing_from(id).await? {
            if most.is_none_or(|most| most < offset) {
                (most, grew) = (Some(offset), Instant::now());
            } else if grew.elapsed() > GROW_PATIENCE {
                let why = format!("it takes bytes of {id}, and has no more of them than before");
                return Err(ApiError::Strange { url, why });
            } else {
                time::sleep(GROW_PAUSE).await;
            }
            told(offset);
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let part = &bytes[start..bytes.len().min(start + PART_BYTES)];
            let mut request = self.http.put(url.clone());
            if !part.is_empty() {
                let range = format!("bytes {start}-{}/{}", start + part.len() - 1, bytes.len());
                request = request.header(header::CONTENT_RANGE, range);
            }
            match answer(&url, request.body(part.to_vec()).send().await).await {
                // Another sends the same: the next look says how far it is.
                Ok(_) | Err(ApiError::Refused { status: StatusCode::CONFLICT, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        told(bytes.len() as u64);
        Ok(id)
    }

    /// Submits jobs, as many as one request takes; gives what came of each of those.
    pub(crate) async fn submit(
        &self,
        manifests: &[Envelope],
    ) -> Result<Vec<Result<Submitted, NotTaken>>, ApiError> {
        let mut body = Vec::new();
        let mut count = 0;
        for manifest in manifests.iter().take(BATCH_MAX) {
            let line = manifest.to_json();
            if count > 0 && body.len() + line.len() >= BATCH_BYTES {
                break;
            }
            body.extend(line);
            body.push(b'\n');
            count += 1;
        }
        let url = self.url_of("api/v1/jobs")?;
        let request = self.http.post(url.clone()).header(header::CONTENT_TYPE, "application/x-ndjson");
        let text = answer(&url, request.body(body).send().await).await?;
        let strange = |why: String| ApiError::Strange { url: url.clone(), why };
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let told: Vec<Result<Submitted, NotTaken>> = lines
            .map(|line| match serde_json::from_slice(line) {
                Ok(Line::Taken(taken)) => Ok(Ok(taken)),
                Ok(Line::Refused { error }) => Ok(Err(error)),
                Err(error) => Err(strange(error.to_string())),
            })
            .collect::<Result<_, _>>()?;
        if told.len() == count {
            Ok(told)
        } else {
            Err(strange(format!("{} answers to {count} jobs", told.len())))
        }
    }

    /// A part of the jobs that are known there, the latest first.
    pub(crate) async fn jobs(&self, filter: &Filter, limit: usize) -> Result<Page, ApiError> {
        let mut path = format!("api/v1/jobs?limit={limit}");
        if let Some(submitter) = filter.submitter {
            path += &format!("&submitter={submitter}");
        }
        if let Some(state) = filter.state {
            path += &format!("&state={}", state.name());
        }
        if let Some(after) = filter.after {
            path += &format!("&after={after}");
        }
        self.get(&path).await
    }

    /// One job.
    pub(crate) async fn job(&self, id: ContentId) -> Result<JobView, ApiError> {
        self.get(&format!("api/v1/jobs/{id}")).await
    }

    /// A job's signed manifest.
    pub(crate) async fn manifest(&self, id: ContentId) -> Result<Envelope, ApiError> {
        self.get(&format!("api/v1/jobs/{id}/manifest")).await
    }

    /// A job's receipts.
    pub(crate) async fn receipts(&self, id: ContentId) -> Result<Vec<Envelope>, ApiError> {
        self.get(&format!("api/v1/jobs/{id}/receipts")).await
    }

    /// What a job's guest wrote to `stdout` or `stderr`.
    pub(crate) async fn output(&self, id: ContentId, stream: &str) -> Result<Vec<u8>, ApiError> {
        let url = self.url_of(&format!("api/v1/jobs/{id}/{stream}"))?;
        answer(&url, self.http.get(url.clone()).send().await).await
    }

    /// Why a job has no result yet.
    pub(crate) async fn why(&self, id: ContentId) -> Result<Value, ApiError> {
        self.get(&format!("api/v1/jobs/{id}/why")).await
    }

    /// Takes a job back.
    pub(crate) async fn cancel_job(&self, id: ContentId, cancellation: &Envelope) -> Result<(), ApiError> {
        let path = format!("api/v1/jobs/{id}/cancel");
        self.post::<Value>(&path, cancellation).await.map(|_| ())
    }

    /// The nodes that take jobs.
    pub(crate) async fn workers(&self) -> Result<Vec<WorkerView>, ApiError> {
        self.get("api/v1/workers").await
    }
}
