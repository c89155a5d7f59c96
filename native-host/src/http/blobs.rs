//! `/api/v1/blobs/{id}`: the bytes of modules, inputs and outputs, by content id.
//!
//! A part says where it stands with `Content-Range`; `Upload-Offset` says how much is here, so that an upload which broke off goes on from there.

use super::{
    Asker, Site,
    api::{Answer, id, look},
    problem::Problem,
    propose::commit,
    uploads,
};
use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use codec::ContentId;
use node::HeavyInput;
use serde_json::json;
use std::sync::Arc;

/// How many bytes of a blob are here.
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

fn none() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "this heavy node does not have these bytes, or not all of them")
}

/// Bytes that anybody checks against their name, and may keep.
pub(super) fn bytes(bytes: Arc<[u8]>) -> Response {
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    let mut response = passing(bytes);
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    response
}

/// Bytes under a name that does not say which they are: a job that is forgotten has none.
pub(super) fn passing(bytes: Arc<[u8]>) -> Response {
    let kind = HeaderValue::from_static("application/octet-stream");
    // Never shown as a page of this host, whatever they say.
    let saved = HeaderValue::from_static("attachment");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, saved)];
    (headers, Body::from(Bytes::from_owner(bytes))).into_response()
}

/// A blob that is whole; the empty one always is.
pub(super) async fn whole(site: &Site, id: ContentId) -> Answer<Option<Arc<[u8]>>> {
    if id == ContentId::of(b"") {
        return Ok(Some(Arc::from([])));
    }
    look(site, move |node| node.blob(id)).await
}

pub(super) async fn get(State(site): State<Site>, Path(text): Path<String>) -> Answer<Response> {
    whole(&site, id(&text)?).await?.map(bytes).ok_or_else(none)
}

pub(super) async fn head(
    State(site): State<Site>,
    Extension(Asker(ip)): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<Response> {
    let id = id(&text)?;
    let progress = look(&site, move |node| node.blob_progress(id, Some(ip))).await?;
    Ok(match progress {
        Some(progress) if progress.is_whole() => {
            ([(header::CONTENT_LENGTH, progress.len)], StatusCode::OK).into_response()
        }
        _ if id == ContentId::of(b"") => ([(header::CONTENT_LENGTH, 0)], StatusCode::OK).into_response(),
        other => {
            let have = other.map_or(0, |progress| progress.have);
            ([(UPLOAD_OFFSET, have)], none()).into_response()
        }
    })
}

pub(super) async fn put(
    State(site): State<Site>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Answer<Response> {
    let id = id(&text)?;
    let range = headers.get(header::CONTENT_RANGE).map(range).transpose()?;
    let from = Some(asker.0);
    let before = look(&site, move |node| node.blob_progress(id, from)).await?;
    let was_whole = before.is_some_and(|progress| progress.is_whole());
    let upload = uploads::read(request, asker).await?;
    let given = upload.bytes.len() as u64;
    let Range { first, len } = match range {
        None => Range { first: 0, len: given },
        Some((range, last)) if range.first.checked_add(given) == last.checked_add(1) => range,
        Some((range, last)) => {
            let detail = format!(
                "`content-range` speaks of {} bytes, and the body has {given}",
                last.saturating_add(1).saturating_sub(range.first)
            );
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
    };
    let bytes = upload.bytes.to_vec();
    let input = |token| HeavyInput::PutBlob { token, from, id, len, offset: first, bytes };
    let progress = match commit(&site, &site.public.puts, input).await? {
        Ok(progress) => progress,
        Err(error) => {
            let have = look(&site, move |node| node.blob_progress(id, from))
                .await?
                .map_or(0, |progress| progress.have);
            return Ok(([(UPLOAD_OFFSET, have)], Problem::blob(error)).into_response());
        }
    };
    let status = match (progress.is_whole(), was_whole) {
        (false, _) => StatusCode::ACCEPTED,
        (true, false) => StatusCode::CREATED,
        (true, true) => StatusCode::OK,
    };
    let told = json!({ "id": id, "have": progress.have, "bytes": progress.len });
    Ok((status, [(UPLOAD_OFFSET, progress.have)], Json(told)).into_response())
}

/// Where a part stands in the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: u64,
    len: u64,
}

/// `bytes FIRST-LAST/LENGTH`; gives the last byte with it.
fn range(value: &HeaderValue) -> Answer<(Range, u64)> {
    let parsed = value.to_str().ok().and_then(|text| {
        let (part, len) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = part.split_once('-')?;
        let (first, last, len) = (first.parse().ok()?, last.parse().ok()?, len.parse().ok()?);
        (first <= last && last < len).then_some((Range { first, len }, last))
    });
    parsed.ok_or_else(|| {
        let detail = "`content-range`: write it as `bytes FIRST-LAST/LENGTH`, as in `bytes 0-1023/4096`";
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_by_those_who_can_check_them_alone() {
        let kept = |response: Response| response.headers().contains_key(header::CACHE_CONTROL);
        assert!(kept(bytes(Arc::from(*b"out"))) && !kept(passing(Arc::from(*b"out"))));
        assert_eq!(passing(Arc::from(*b"out")).headers()[header::CONTENT_DISPOSITION], "attachment");
    }

    #[test]
    fn ranges_are_read() {
        let read = |text: &str| range(&HeaderValue::from_str(text).unwrap()).ok();
        assert_eq!(read("bytes 0-1023/4096"), Some((Range { first: 0, len: 4096 }, 1023)));
        for wrong in [
            "bytes 0-1023",
            "bytes 5-4/9",
            "bytes 0-9/9",
            "bytes */9",
            "0-1/2",
            "bytes 0-1/*",
            "bytes -1-1/2",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
