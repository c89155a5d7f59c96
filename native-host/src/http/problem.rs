//! Problem documents (RFC 9457): what every error is answered with.

use aggregate::ProposalError;
use axum::{
    Json,
    body::to_bytes,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jobs::{ManifestError, blobs::BlobError, scheduler::SubmitError};

const MEDIA_TYPE: &str = "application/problem+json";
/// Longest words of the framework that are passed on, in bytes.
const DETAIL_BYTES_MAX: usize = 500;

/// An error as the client gets it.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    /// Where the request is wrong, as far as that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    /// After how many seconds trying again may help; `Retry-After` says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Fault {
    /// The place in the document, such as `query.value.expr`.
    path: String,
    /// What is wrong there, and what would be right.
    problem: String,
    /// In an expression: the character, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<usize>,
}

impl Fault {
    fn of(error: &ProposalError) -> Option<Self> {
        let at = |path: &str| Some((path.to_owned(), None));
        let (path, position) = match error {
            ProposalError::Field { field, .. } => at(field),
            ProposalError::Schema(_) => at("schema"),
            ProposalError::Query(error) => Some((error.path.clone(), error.position())),
            ProposalError::Leak(_) => at("participants_min"),
            ProposalError::Scheme(_) => at("scheme"),
            ProposalError::TooLarge { .. } => at("query"),
            ProposalError::TooMany { .. } => at("participants_max"),
            ProposalError::Deadline { .. } => at("deadline"),
            _ => None,
        }?;
        let words = error.to_string();
        // The words begin with the place.
        let problem = words.strip_prefix(&format!("`{path}`: ")).map_or_else(|| words.clone(), str::to_owned);
        Some(Self { path, problem, position })
    }
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_s: None,
        }
    }

    /// The same, with when trying again may help.
    pub(super) fn again_after(self, ms: u64) -> Self {
        Self { retry_after_s: Some(ms.div_ceil(1_000).max(1)), ..self }
    }

    /// The proposal is readable, and not acceptable.
    pub(super) fn proposal(error: &ProposalError) -> Self {
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string());
        Self { errors: Fault::of(error).into_iter().collect(), ..problem }
    }

    /// A job is not taken.
    pub(super) fn submit(error: &SubmitError) -> Self {
        let status = match error {
            SubmitError::FullForYou { .. }
            | SubmitError::TooVaried { .. }
            | SubmitError::HeldForYou { .. } => StatusCode::TOO_MANY_REQUESTS,
            SubmitError::Full { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let fault = match error {
            SubmitError::Manifest(
                ManifestError::Malformed { field, detail: problem } | ManifestError::Field { field, problem },
            ) => Some((field.clone(), problem.clone())),
            SubmitError::Never { field, problem } => Some(((*field).to_owned(), problem.clone())),
            SubmitError::Missing { field, .. } => Some(((*field).to_owned(), "not here".into())),
            _ => None,
        };
        let errors = fault.map(|(path, problem)| Fault { path, problem, position: None });
        let problem = Self { errors: errors.into_iter().collect(), ..Self::new(status, error.to_string()) };
        error.retry_ms().into_iter().fold(problem, Self::again_after)
    }

    /// Bytes are not taken.
    pub(super) fn blob(error: BlobError) -> Self {
        let status = match error {
            BlobError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            BlobError::Offset { .. } => StatusCode::CONFLICT,
            BlobError::FullForYou => StatusCode::TOO_MANY_REQUESTS,
            BlobError::Full => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let problem = Self::new(status, error.to_string());
        error.retry_ms().into_iter().fold(problem, Self::again_after)
    }

    /// The node's task has ended.
    pub(super) fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the node is stopping; try again soon")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let again = self.retry_after_s.map(HeaderValue::from);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(again) = again {
            response.headers_mut().insert(header::RETRY_AFTER, again);
        }
        response
    }
}

pub(super) async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path")
}

pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method; see `Allow`")
}

/// Turns the framework's own errors into problem documents.
pub(super) async fn in_every_error(response: Response) -> Response {
    let status = response.status();
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes() == MEDIA_TYPE.as_bytes());
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let words = to_bytes(body, DETAIL_BYTES_MAX).await.unwrap_or_default();
    let detail = String::from_utf8(words.to_vec()).unwrap_or_default();
    let mut problem = Problem::new(status, detail).into_response();
    for (name, value) in &parts.headers {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH | header::CONTENT_ENCODING) {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    problem
}
