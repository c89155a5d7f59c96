//! The page: files of one folder, or a word on how to get them.

use super::{Site, problem::Problem};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use keys::Envelope;
use libp2p::{Multiaddr, multiaddr::Protocol};
use node::{Descriptor, HeavyNode};
use std::{fmt::Write as _, path::Path};
use tower::ServiceExt;
use tower_http::services::ServeDir;

const NO_PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Formix</title>\
<h1>This heavy node is running</h1>\
<p>It has no page to serve: none was built where it looked. Build one with <code>cargo xtask page</code> and start the node \
again, or say where it is with <code>--page DIR</code>.</p>\
<p>The API is at <a href=\"/api/v1/status\">/api/v1/status</a>.</p>";

pub(super) async fn page(State(site): State<Site>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method");
        return ([(header::ALLOW, "GET, HEAD")], problem).into_response();
    }
    let path = request.uri().path().to_owned();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    // A path without an extension is a view of the page; anything else is a file or nothing.
    let is_view = !name.contains('.');
    let Some(folder) = &site.page else {
        return if path == "/" { html(NO_PAGE.into(), &[]) } else { nothing() };
    };
    let mut response = files(folder, request).await;
    if response.status() == StatusCode::NOT_FOUND && is_view {
        let index = Request::builder().uri("/index.html").body(Body::empty());
        response = match index {
            Ok(index) => files(folder, index).await,
            Err(_) => return nothing(),
        };
    }
    if response.status() == StatusCode::NOT_FOUND {
        return nothing();
    }
    // A worker takes its policy from its own script, not from the page that starts it. By name and not by
    // type: a 304 has no type, and a browser takes over the headers that it has.
    if is_view || name.ends_with(".html") || name.ends_with(".js") {
        let Ok(policy) = policy(&site).await else { return Problem::stopping().into_response() };
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if is_fingerprinted(&name) && response.status().is_success() {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, forever);
    }
    response
}

fn nothing() -> Response {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path").into_response()
}

async fn files(folder: &Path, request: Request) -> Response {
    let files = ServeDir::new(folder).precompressed_br().precompressed_gzip();
    match files.oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

fn html(text: String, connect: &[String]) -> Response {
    let mut response = axum::response::Html(text).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy_for(connect));
    response
}

async fn policy(site: &Site) -> Result<HeaderValue, crate::drive::Stopped> {
    let mut heavy = site.node.look(HeavyNode::fellows).await?;
    heavy.push(site.public.descriptor());
    let mut connect: Vec<String> = heavy.iter().flat_map(sockets).collect();
    connect.sort();
    connect.dedup();
    Ok(policy_for(&connect))
}

/// What the page may do: run this host's code, and connect to the WebSockets of the heavy nodes.
/// WebRTC is not a policy's matter.
fn policy_for(connect: &[String]) -> HeaderValue {
    let mut policy = String::from(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'none'; connect-src 'self'",
    );
    for socket in connect {
        let _ = write!(policy, " {socket}");
    }
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The WebSocket origins of a heavy node.
fn sockets(envelope: &Envelope) -> Vec<String> {
    let addresses = Descriptor::open(envelope).map(|descriptor| descriptor.addresses).unwrap_or_default();
    addresses.iter().filter_map(|address| socket(&address.parse().ok()?)).collect()
}

fn socket(address: &Multiaddr) -> Option<String> {
    let (mut host, mut port, mut secure, mut tls) = (None, None, None, false);
    for part in address {
        match part {
            Protocol::Ip4(ip) => host = Some(ip.to_string()),
            Protocol::Ip6(ip) => host = Some(format!("[{ip}]")),
            Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => {
                // A name is a stranger's text: nothing else may get into the policy.
                let plain =
                    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
                host = plain.then(|| name.into_owned());
            }
            Protocol::Tcp(number) => port = Some(number),
            Protocol::Tls => tls = true,
            Protocol::Ws(_) => secure = Some(tls),
            Protocol::Wss(_) => secure = Some(true),
            _ => {}
        }
    }
    let scheme = if secure? { "wss" } else { "ws" };
    Some(format!("{scheme}://{}:{}", host?, port?))
}

/// Whether a file's name carries a digest of its bytes: `name-0123456789abcdef.css`.
fn is_fingerprinted(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.rsplit_once('-').is_some_and(|(_, digest)| {
        digest.len() == 16 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fingerprinted_files_are_kept_for_ever() {
        assert!(is_fingerprinted("style-82564d035a560b7d.css"));
        assert!(is_fingerprinted("ui_bindings-782b2f26d97e51d9.js"));
        for name in ["worker.js", "index.html", "style-82564d035a560b7.css", "a-82564D035A560B7D.css", "-"] {
            assert!(!is_fingerprinted(name), "{name}");
        }
    }

    #[test]
    fn websockets_are_named_by_origin() {
        for (address, origin) in [
            ("/ip4/127.0.0.1/tcp/4804/ws", Some("ws://127.0.0.1:4804")),
            ("/ip6/::1/tcp/4804/ws", Some("ws://[::1]:4804")),
            ("/dns4/node.example/tcp/443/wss", Some("wss://node.example:443")),
            ("/dns4/node.example/tcp/443/tls/ws", Some("wss://node.example:443")),
            ("/ip4/127.0.0.1/tcp/4803", None),
            ("/ip4/127.0.0.1/udp/4802/quic-v1", None),
        ] {
            assert_eq!(socket(&address.parse().unwrap()).as_deref(), origin, "{address}");
        }
        let injected = Multiaddr::from(std::net::Ipv4Addr::LOCALHOST)
            .replace(0, |_| Some(Protocol::Dns("a; script-src *".into())))
            .unwrap()
            .with(Protocol::Tcp(1))
            .with(Protocol::Ws("/".into()));
        assert_eq!(socket(&injected), None);
    }
}
