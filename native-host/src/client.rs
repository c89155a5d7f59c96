//! The HTTP API of heavy nodes, from the client's side.

pub(crate) mod jobs;
pub(crate) mod rankings;

use crate::near::{self, Near, NoNearer};
use codec::ContentId;
use keys::{Envelope, NodeId};
use node::{ComputationView, Descriptor};
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url, header, redirect::Policy};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);

/// A heavy node did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ApiError {
    #[error("`{0}` is no HTTP address; write it like http://127.0.0.1:4800")]
    Url(String),
    #[error(
        "{0} leads to this machine or its own network, and who was asked for it is further away; it is not gone to"
    )]
    TooNear(Url),
    #[error("no heavy node answers at {url}: {why}")]
    Unreachable { url: Url, why: String },
    #[error("{url} refused ({status}): {detail}")]
    Refused {
        url: Url,
        status: StatusCode,
        detail: Box<str>,
        /// After how many seconds it may be tried again, where the node says so.
        retry_after_s: Option<u32>,
    },
    #[error("{url} does not answer like a heavy node: {why}")]
    Strange { url: Url, why: String },
}

impl ApiError {
    /// After how long the node says that it may be tried again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after_s, .. } => {
                retry_after_s.map(|after| Duration::from_secs(after.into()))
            }
            _ => None,
        }
    }

    /// Whether there is no such thing at the node.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if matches!(*status, StatusCode::NOT_FOUND | StatusCode::GONE))
    }

    /// Whether trying again may help.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => status.is_server_error(),
            _ => false,
        }
    }
}

/// One heavy node's API.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    base: Url,
    http: Client,
}

#[derive(serde::Deserialize)]
struct Network {
    heavy: Vec<Envelope>,
}

/// A computation's signed documents.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Documents {
    pub(crate) proposal: Envelope,
    pub(crate) end: Option<Envelope>,
    /// That a heavy node lied, where another found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) evidence: Option<Envelope>,
}

#[derive(serde::Deserialize)]
struct Accepted {
    id: ContentId,
}

impl Api {
    /// The API at `url`, a heavy node's HTTP address.
    pub(crate) fn new(url: &str) -> Result<Self, ApiError> {
        Self::with(base(url)?, client())
    }

    /// The same at an address that a stranger gave: one that is no nearer than `least`, whatever its name stands for and wherever it sends
    /// who asks.
    pub(crate) fn told(url: &str, least: Near) -> Result<Self, ApiError> {
        let base = base(url)?;
        let ip = base.host_str().and_then(near::literal);
        if ip.is_some_and(|ip| Near::of(ip) < least) {
            return Err(ApiError::TooNear(base));
        }
        Self::with(base, client().redirect(Policy::none()).dns_resolver(Arc::new(NoNearer(least))))
    }

    fn with(base: Url, client: ClientBuilder) -> Result<Self, ApiError> {
        let http = client
            .build()
            .map_err(|error| ApiError::Unreachable { url: base.clone(), why: crate::swarm::words(&error) })?;
        Ok(Self { base, http })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &Url {
        &self.base
    }

    /// The node's signed descriptor.
    pub(crate) async fn node(&self) -> Result<Envelope, ApiError> {
        self.get("api/v1/node").await
    }

    /// Checks that the node which answers here is this one, by its own word.
    ///
    /// # Errors
    /// [`ApiError::Strange`] where it is another.
    pub(crate) async fn is_of(&self, id: NodeId) -> Result<(), ApiError> {
        let strange = |why: String| ApiError::Strange { url: self.base.clone(), why };
        let there = Descriptor::open(&self.node().await?).map_err(|error| strange(error.to_string()))?.id;
        if there == id {
            Ok(())
        } else {
            Err(strange(format!("{there} is there, and {id} gave it for its own address")))
        }
    }

    /// The signed descriptors of the network's heavy nodes.
    pub(crate) async fn network(&self) -> Result<Vec<Envelope>, ApiError> {
        self.get::<Network>("api/v1/network").await.map(|network| network.heavy)
    }

    /// How the node stands.
    pub(crate) async fn status(&self) -> Result<Value, ApiError> {
        self.get("api/v1/status").await
    }

    /// The computations with the latest deadlines, or all.
    pub(crate) async fn computations(&self, limit: Option<u16>) -> Result<Vec<ComputationView>, ApiError> {
        let limit = limit.map_or_else(String::new, |limit| format!("?limit={limit}"));
        self.get(&format!("api/v1/computations{limit}")).await
    }

    /// One computation.
    pub(crate) async fn computation(&self, id: ContentId) -> Result<ComputationView, ApiError> {
        self.get(&format!("api/v1/computations/{id}")).await
    }

    /// One computation's documents.
    pub(crate) async fn documents(&self, id: ContentId) -> Result<Documents, ApiError> {
        self.get(&format!("api/v1/computations/{id}/documents")).await
    }

    /// Proposes.
    pub(crate) async fn propose(&self, proposal: &Envelope) -> Result<ContentId, ApiError> {
        let accepted: Accepted = self.post("api/v1/computations", proposal).await?;
        Ok(accepted.id)
    }

    /// Takes a proposal back.
    pub(crate) async fn cancel(&self, id: ContentId, cancellation: &Envelope) -> Result<(), ApiError> {
        let path = format!("api/v1/computations/{id}/cancel");
        self.post::<Accepted>(&path, cancellation).await.map(|_| ())
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, document: &Envelope) -> Result<T, ApiError> {
        let url = self.url_of(path)?;
        let request = self.http.post(url.clone()).header(header::CONTENT_TYPE, "application/json");
        read(url, request.body(document.to_json()).send().await).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let url = self.url_of(path)?;
        read(url.clone(), self.http.get(url).send().await).await
    }

    fn url_of(&self, path: &str) -> Result<Url, ApiError> {
        self.base.join(path).map_err(|_| ApiError::Url(self.base.to_string()))
    }
}

/// What a heavy node's addresses begin with.
fn base(url: &str) -> Result<Url, ApiError> {
    let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let bad = || ApiError::Url(url.into());
    let mut base: Url = with_scheme.parse().map_err(|_| bad())?;
    if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
        return Err(bad());
    }
    base.set_query(None);
    base.set_fragment(None);
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    Ok(base)
}

fn client() -> ClientBuilder {
    Client::builder()
        .connect_timeout(CONNECT_PATIENCE)
        .timeout(PATIENCE)
        .user_agent(crate::AGENT)
        // A proxy in the environment is not for a node on this machine or in this network.
        .no_proxy()
}

async fn read<T: DeserializeOwned>(url: Url, sent: reqwest::Result<Response>) -> Result<T, ApiError> {
    let body = answer(&url, sent).await?;
    serde_json::from_slice(&body).map_err(|error| ApiError::Strange { url, why: error.to_string() })
}

/// The body of an answer that is no refusal.
async fn answer(url: &Url, sent: reqwest::Result<Response>) -> Result<Vec<u8>, ApiError> {
    let unreachable = |error: reqwest::Error| unreachable(url, &error);
    let mut response = sent.map_err(unreachable)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            let why = format!("more than {ANSWER_BYTES_MAX} bytes");
            return Err(ApiError::Strange { url: url.clone(), why });
        }
    }
    let status = response.status();
    if !status.is_success() {
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        let detail = problem["detail"].as_str().unwrap_or("without a reason").into();
        let retry_after_s = problem["retry_after_s"].as_u64().and_then(|after| u32::try_from(after).ok());
        return Err(ApiError::Refused { url: url.clone(), status, detail, retry_after_s });
    }
    Ok(body)
}

fn unreachable(url: &Url, error: &reqwest::Error) -> ApiError {
    ApiError::Unreachable { url: url.clone(), why: reason(error) }
}

/// The innermost cause, which says most.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
