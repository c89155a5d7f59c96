//! What stands before every handler: the `Host` that is asked, the origin that asks, and the headers of every response.

use super::{Site, header, problem::Problem};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header as names},
    middleware::Next,
    response::{IntoResponse, Response},
};

pub(super) async fn guard(State(site): State<Site>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(names::ORIGIN).cloned();
    let allowed = origin.as_ref().is_some_and(|origin| {
        site.allow_origins.iter().any(|known| known == "*" || known.as_bytes() == origin.as_bytes())
    });
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(names::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if let Err(problem) = check(&site, &request, allowed) {
        problem.into_response()
    } else if preflight && allowed {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in [
        header("x-content-type-options", "nosniff"),
        header("referrer-policy", "no-referrer"),
        header("x-frame-options", "DENY"),
        header("cross-origin-opener-policy", "same-origin"),
        header("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, value);
    }
    headers
        .entry(names::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.entry(names::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    let policy = if allowed { "cross-origin" } else { "same-origin" };
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static(policy));
    if !site.allow_origins.is_empty() {
        headers.insert(names::VARY, HeaderValue::from_static("origin, accept-encoding"));
    }
    if let Some(origin) = origin.filter(|_| allowed) {
        headers.insert(names::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let told = HeaderValue::from_static("link, location, retry-after, upload-offset");
        headers.insert(names::ACCESS_CONTROL_EXPOSE_HEADERS, told);
        if preflight {
            headers.insert(names::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT"));
            headers.insert(
                names::ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static("content-type, content-range"),
            );
            headers.insert(names::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
    }
    response
}

fn check(site: &Site, request: &Request, origin_allowed: bool) -> Result<(), Problem> {
    let host = host(request.headers(), request.uri());
    let name = host.map(host_name);
    // A name that is not this host's may have been bound to its address by a stranger's page; an address cannot be.
    let is_own = |name: &str| {
        let name = name.trim_end_matches('.');
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<std::net::IpAddr>().is_ok()
            || site.allow_hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    };
    if !name.is_some_and(is_own) {
        return Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this host answers to its IP addresses and to localhost; start it with --allow-host to serve another name",
        ));
    }
    if request.method().is_safe() || origin_allowed {
        return Ok(());
    }
    // A browser says which page sends; only this host's own may, unless others are allowed.
    let Some(origin) = request.headers().get(names::ORIGIN) else { return Ok(()) };
    let own = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    if own.is_some() && own == host {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "a page of another origin may not send here; start the node with --allow-origin to let it",
    ))
}

fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    headers
        .get(names::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// The name or IP address in `host:port`, without brackets.
fn host_name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::host_name;

    #[test]
    fn a_host_is_told_from_its_port() {
        for (host, name) in [
            ("localhost:4800", "localhost"),
            ("localhost", "localhost"),
            ("[::1]:4800", "::1"),
            ("[::1]", "::1"),
        ] {
            assert_eq!(host_name(host), name);
        }
    }
}
