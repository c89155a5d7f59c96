//! The host that serves the page, asked over HTTP.

use std::fmt;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{Either, select};
use gloo::net::http::{Request, Response};
use gloo::timers::future::sleep;
use serde::Deserialize;
use wasm_bindgen::JsValue;
use web_sys::File;

/// Where the host's interface is, on the page's own origin.
const API: &str = "/api/v1";
/// How long the host may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long it may take to take a file or to give one.
const PATIENCE_WITH_FILES: Duration = Duration::from_secs(300);

/// Why the host did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostError {
    /// The status of its answer; 0 where there was none.
    pub status: u16,
    /// What is wrong, in words for a person.
    pub words: String,
    /// The field that is wrong, where it is one.
    pub field: Option<String>,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for HostError {}

/// A problem document (RFC 9457), as far as it is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
    field: Option<String>,
}

/// Bytes at a path of the host's interface, such as `/jobs`.
///
/// # Errors
/// [`HostError`].
pub async fn get(path: &str) -> Result<Vec<u8>, HostError> {
    let answer = send(Request::get(&format!("{API}{path}")).build(), PATIENCE).await?;
    let bytes = within(PATIENCE_WITH_FILES, answer.binary()).await?;
    bytes.map_err(|_| silent("this page’s host broke off its answer"))
}

/// Posts a document of a media type, and gives the answer.
///
/// # Errors
/// [`HostError`].
pub async fn post(path: &str, media_type: &str, document: &[u8]) -> Result<Vec<u8>, HostError> {
    let body = js_sys::Uint8Array::from(document);
    let request = Request::post(&format!("{API}{path}")).header("content-type", media_type).body(body);
    let answer = send(request, PATIENCE).await?;
    answer.binary().await.map_err(|_| silent("this page’s host broke off its answer"))
}

/// Has the host keep a file under its content id.
///
/// # Errors
/// [`HostError`].
pub async fn put(id: codec::ContentId, file: &File) -> Result<(), HostError> {
    let url = format!("{API}/blobs/{id}");
    let request =
        Request::put(&url).header("content-type", "application/octet-stream").body(JsValue::from(file));
    send(request, PATIENCE_WITH_FILES).await.map(drop)
}

async fn send(request: Result<Request, gloo::net::Error>, patience: Duration) -> Result<Response, HostError> {
    let request = request.map_err(|error| silent(&error.to_string()))?;
    let answer =
        within(patience, request.send()).await?.map_err(|_| silent("this page’s host does not answer"))?;
    if answer.ok() {
        return Ok(answer);
    }
    let problem = answer.binary().await.unwrap_or_default();
    let problem: Problem = serde_json::from_slice(&problem).unwrap_or_default();
    let words = match (problem.detail, problem.title) {
        (detail, _) if !detail.is_empty() => detail,
        (_, title) if !title.is_empty() => title,
        _ => format!("this page’s host answered {} {}", answer.status(), answer.status_text()),
    };
    Err(HostError { status: answer.status(), words, field: problem.field })
}

async fn within<T>(patience: Duration, what: impl Future<Output = T>) -> Result<T, HostError> {
    match select(Box::pin(what), sleep(patience).boxed_local()).await {
        Either::Left((done, _)) => Ok(done),
        Either::Right(_) => Err(silent("this page’s host does not answer in time")),
    }
}

fn silent(words: &str) -> HostError {
    HostError { status: 0, words: words.into(), field: None }
}
