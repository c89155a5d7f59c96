//! HTTP of one heavy node: problems, headers, the page.

mod common;

use common::{HEAVY, Node};
use reqwest::{Client, Method, Response, StatusCode, header};
use serde_json::Value;
use std::{fs, path::Path};

async fn node(home: &Path, flags: &[&str]) -> Node {
    Node::start(home, HEAVY.iter().chain(flags)).await
}

/// Checks that a response is a problem document; gives its detail.
async fn problem(response: Response, status: StatusCode) -> String {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status.as_u16());
    assert_eq!(problem["title"], status.canonical_reason().unwrap());
    problem["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_error_is_a_problem_document() {
    let home = tempfile::tempdir().unwrap();
    let node = node(home.path(), &[]).await;
    let at = |path: &str| format!("{}{path}", node.url());
    let http = Client::new();
    let get = |path: &str| http.get(at(path)).send();
    problem(get("/api/v1/nothing").await.unwrap(), StatusCode::NOT_FOUND).await;
    problem(get("/nothing.txt").await.unwrap(), StatusCode::NOT_FOUND).await;
    let detail = problem(get("/api/v1/computations/x").await.unwrap(), StatusCode::BAD_REQUEST).await;
    assert!(detail.contains("bafkrei"), "{detail}");
    let unknown = codec::ContentId::of(b"unknown");
    let path = format!("/api/v1/computations/{unknown}");
    problem(get(&path).await.unwrap(), StatusCode::NOT_FOUND).await;
    problem(get(&format!("{path}/documents")).await.unwrap(), StatusCode::NOT_FOUND).await;

    let wrong = http.request(Method::DELETE, at("/api/v1/node")).send().await.unwrap();
    assert!(wrong.headers().contains_key(header::ALLOW));
    problem(wrong, StatusCode::METHOD_NOT_ALLOWED).await;
    problem(http.post(at("/index.html")).send().await.unwrap(), StatusCode::METHOD_NOT_ALLOWED).await;

    let post = |kind: &'static str, body: String| {
        http.post(at("/api/v1/computations")).header(header::CONTENT_TYPE, kind).body(body).send()
    };
    problem(post("text/plain", "{}".into()).await.unwrap(), StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    let detail = problem(post("application/json", "{".into()).await.unwrap(), StatusCode::BAD_REQUEST).await;
    assert!(detail.contains("line 1"), "{detail}");
    problem(post("application/json", " ".repeat(600_000)).await.unwrap(), StatusCode::PAYLOAD_TOO_LARGE)
        .await;
    let unsigned =
        r#"{"payloadType":"application/vnd.formix.proposal+json","payload":"e30=","signatures":[]}"#;
    problem(post("application/json", unsigned.into()).await.unwrap(), StatusCode::UNPROCESSABLE_ENTITY).await;
}

#[tokio::test]
async fn foreign_names_and_origins_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let node =
        node(home.path(), &["--allow-origin", "https://friend.example", "--allow-host", "own.example"]).await;
    let url = format!("{}/api/v1/status", node.url());
    let http = Client::new();
    let rebound = http.get(&url).header(header::HOST, "evil.example").send().await.unwrap();
    problem(rebound, StatusCode::MISDIRECTED_REQUEST).await;
    for host in ["localhost:1", "own.example", "[::1]:4800", "203.0.113.7:4800"] {
        let response = http.get(&url).header(header::HOST, host).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{host}");
        assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    }
    let stranger = http.get(&url).header(header::ORIGIN, "https://evil.example").send().await.unwrap();
    assert!(!stranger.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let friend = http.get(&url).header(header::ORIGIN, "https://friend.example").send().await.unwrap();
    assert_eq!(friend.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://friend.example");

    let url = format!("{}/api/v1/computations", node.url());
    let post = |origin: &str| {
        http.post(&url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ORIGIN, origin)
            .body("{")
            .send()
    };
    problem(post("https://evil.example").await.unwrap(), StatusCode::FORBIDDEN).await;
    problem(post("https://friend.example").await.unwrap(), StatusCode::BAD_REQUEST).await;
    problem(post(node.url()).await.unwrap(), StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn the_page_comes_compressed_cached_and_under_a_strict_policy() {
    let home = tempfile::tempdir().unwrap();
    let dist = home.path().join("page");
    fs::create_dir(&dist).unwrap();
    let script = "app-0123456789abcdef.wasm";
    for (name, bytes) in [
        ("index.html", &b"<!doctype html><title>page</title>"[..]),
        (script, b"\0asm"),
        ("app-0123456789abcdef.wasm.br", b"brotli"),
        ("app-0123456789abcdef.wasm.gz", b"gzip"),
        ("worker.js", b"0"),
    ] {
        fs::write(dist.join(name), bytes).unwrap();
    }
    let node = node(home.path(), &["--page", "page"]).await;
    let http = Client::new();
    let get = |path: &str, encoding: &str| {
        let request = http.get(format!("{}/{path}", node.url()));
        request.header(header::ACCEPT_ENCODING, encoding.to_owned()).send()
    };
    for path in ["", "index.html", "computations/some"] {
        let page = get(path, "identity").await.unwrap();
        let headers = page.headers().clone();
        assert_eq!(headers[header::CONTENT_TYPE], "text/html", "{path}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        let websocket = node.ready["addresses"].as_array().unwrap().iter().find_map(|address| {
            let port = address.as_str().unwrap().strip_prefix("/ip4/127.0.0.1/tcp/")?.strip_suffix("/ws")?;
            Some(format!("ws://127.0.0.1:{port}"))
        });
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                 font-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
                 connect-src 'self' {}",
                websocket.unwrap()
            )
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        assert!(page.text().await.unwrap().contains("<title>page"));
    }
    for (encoding, bytes) in [("br", "brotli"), ("gzip", "gzip"), ("identity", "\0asm")] {
        let wasm = get(script, encoding).await.unwrap();
        assert_eq!(wasm.headers()[header::CONTENT_TYPE], "application/wasm");
        assert_eq!(wasm.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        let got = wasm.headers().get(header::CONTENT_ENCODING).map(|got| got.to_str().unwrap().to_owned());
        assert_eq!(got.as_deref(), Some(encoding).filter(|encoding| *encoding != "identity"));
        assert_eq!(wasm.text().await.unwrap(), bytes);
    }
    let worker = get("worker.js", "identity").await.unwrap();
    assert_eq!(worker.headers()[header::CACHE_CONTROL], "no-cache");
    let outside = get("..%2fnetwork.db", "identity").await.unwrap();
    problem(outside, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_node_says_who_it_is() {
    let home = tempfile::tempdir().unwrap();
    let node = node(home.path(), &["--announce", "/dns4/own.example/tcp/443/wss"]).await;
    let envelope: keys::Envelope =
        serde_json::from_value(common::get(&format!("{}/api/v1/node", node.url())).await).unwrap();
    let descriptor = node::Descriptor::open(&envelope).unwrap();
    assert_eq!(descriptor.id.to_string(), node.ready["id"].as_str().unwrap());
    assert!(descriptor.addresses.contains(&"/dns4/own.example/tcp/443/wss".to_owned()));
    assert_eq!(descriptor.addresses.len(), 5);
    let network = common::get(&format!("{}/api/v1/network", node.url())).await;
    assert_eq!(network["heavy"].as_array().unwrap().len(), 1);
    assert_eq!(common::get(&format!("{}/healthz", node.url())).await["status"], "ok");
    assert!(node.terminate().await.success());
}
