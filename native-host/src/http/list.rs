//! `GET /api/v1/computations`: all, or page by page.

use super::{
    Site,
    api::{Answer, id, unknown},
    problem::Problem,
};
use axum::{
    Json,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use node::{ComputationView, heavy::COMPUTATIONS_MAX};

/// Which part of the list is wanted.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Page {
    /// Most computations of the answer.
    limit: Option<usize>,
    /// The last computation of the page before.
    after: Option<String>,
}

pub(super) async fn computations(State(site): State<Site>, Query(page): Query<Page>) -> Answer<Response> {
    let Page { limit, after } = page;
    if limit.is_none() && after.is_none() {
        return Ok(([(header::CONTENT_TYPE, "application/json")], site.public.list()).into_response());
    }
    let limit = limit.unwrap_or(COMPUTATIONS_MAX);
    if !(1..=COMPUTATIONS_MAX).contains(&limit) {
        let detail = format!("`limit`: {limit} is not within 1 to {COMPUTATIONS_MAX}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let views = site.public.views();
    let start = match after {
        None => 0,
        Some(after) => {
            let after = id(&after)?;
            views.iter().position(|view| view.id == after).ok_or_else(unknown)? + 1
        }
    };
    let part = views.get(start..).unwrap_or_default();
    let shown: Vec<&ComputationView> = part.iter().take(limit).map(AsRef::as_ref).collect();
    let next = shown.last().filter(|_| part.len() > limit);
    let next =
        next.map(|last| format!("</api/v1/computations?limit={limit}&after={}>; rel=\"next\"", last.id));
    let mut response = Json(&shown).into_response();
    if let Some(next) = next.and_then(|next| next.parse().ok()) {
        response.headers_mut().insert(header::LINK, next);
    }
    Ok(response)
}
