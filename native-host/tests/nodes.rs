//! The command line over a home of nodes.

mod common;

use common::{HEAVY, Network, Node, folder, formix, run, run_failing, run_json};
use std::{fs, path::Path, process::Stdio};

#[tokio::test(flavor = "multi_thread")]
async fn up_brings_three_nodes_together_and_stops_with_its_starter() {
    let home = tempfile::tempdir().unwrap();
    let ready_file = home.path().join("ready.json");
    let mut command = formix(home.path());
    command.args(["--json", "up", "--port", "0", "--while-stdin", "--ready-file", "ready.json"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let stdin = child.stdin.take();
    let up = Node::from(child).await;
    let nodes = up.ready["nodes"].as_array().unwrap().clone();
    assert_eq!(nodes.len(), 3);
    let written: serde_json::Value = serde_json::from_slice(&fs::read(&ready_file).unwrap()).unwrap();
    assert_eq!(written, up.ready);
    for node in &nodes {
        let status = common::get(&format!("{}/api/v1/status", node["url"].as_str().unwrap())).await;
        assert_eq!(status["fellows"].as_array().unwrap().len(), 2);
    }
    let view = run_json(home.path(), &["view"]).await;
    let names: Vec<&str> =
        view[0]["nodes"].as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["up-1", "up-2", "up-3"]);
    assert_eq!(view[0]["heavy"].as_array().unwrap().len(), 3);
    drop(stdin);
    let (status, log) = up.ended().await;
    assert!(status.success(), "{log}");
    let view = run_json(home.path(), &["view", "--host", nodes[0]["url"].as_str().unwrap()]).await;
    assert!(view[0]["nodes"].as_array().unwrap().iter().all(|node| node["running"] == false));
    assert!(view[0]["heavy"][0]["error"].is_string());
}

#[tokio::test]
async fn addresses_survive_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let first = Node::start(home.path(), HEAVY).await;
    let ready = first.ready.clone();
    assert!(first.terminate().await.success());
    // The system may have lent a port to somebody meanwhile, who gives it back.
    let lent =
        std::net::TcpListener::bind(ready["url"].as_str().unwrap().trim_start_matches("http://")).unwrap();
    let returned = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        drop(lent);
    });
    let second = Node::start(home.path(), HEAVY).await;
    assert!(returned.is_finished());
    for field in ["id", "url", "addresses", "folder"] {
        assert_eq!(second.ready[field], ready[field], "{field}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let node = Node::start(home.path(), HEAVY).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = folder(&node.ready);
    assert_eq!(mode(&folder), 0o700);
    for name in ["identity.key", "seal.key", "webrtc.pem", "node.db", "ports.json"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&home.path().join("network.db")), 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_in_the_background_start_answer_and_stop() {
    let network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    let _stops = StopsAll(home.path());
    let host = network.url(0);
    let made =
        run_json(home.path(), &["new-node", "--light", "--", "--host", host, "--approve", "ask"]).await;
    assert_eq!(made[0]["name"], "light");
    let heavy = run_json(home.path(), &["new-node", "--heavy", "--name", "h"]).await;
    assert!(heavy[0]["url"].is_string());
    let words = run_failing(home.path(), &["new-node", "--light", "--name", "light"]).await;
    assert!(words.contains("is running already"), "{words}");

    // Records go in while it runs.
    fs::write(home.path().join("penguins.csv"), "species,mass\nAdelie,100\nGentoo,200\n").unwrap();
    let said = run_json(home.path(), &["data", "import", "penguins.csv"]).await;
    assert_eq!((&said[0]["dataset"], &said[0]["rows"]), (&"penguins".into(), &2.into()));
    fs::write(home.path().join("bad.csv"), "species,mass\nAdelie\n").unwrap();
    let words = run_failing(home.path(), &["data", "import", "bad.csv"]).await;
    assert!(words.contains("row 1 (line 2)") && words.contains("`mass` is missing"), "{words}");

    let mut two = network.light(home.path(), 10, &[]).await;
    let mut three = network.light(home.path(), 20, &[]).await;
    let id = network.propose(home.path(), &["--deadline", "60s", "--max-participants", "3"]).await;
    two.acknowledged(&id).await;
    three.acknowledged(&id).await;
    // The node hears of it from the heavy nodes; until then there is nothing to approve.
    let approve = ["comp", "approve", &id, "--node", made[0]["id"].as_str().unwrap()];
    let approving = async {
        loop {
            let told = run(home.path(), approve).await;
            if told.status.success() {
                return;
            }
            let words = String::from_utf8_lossy(&told.stderr).into_owned();
            assert!(words.contains("there is no computation"), "{words}");
        }
    };
    tokio::time::timeout(common::PATIENCE, approving).await.expect("the node hears of the computation");
    assert_eq!(network.end(0, &id).await["result"]["answer"]["result"]["sum"], "330");

    let stopped = run_json(home.path(), &["stop-node", "light"]).await;
    assert_eq!(stopped[0]["stopped"][0], made[0]["id"]);
    let words = run_failing(home.path(), &["stop-node", "light"]).await;
    assert!(words.contains("is not running"), "{words}");
    // Records go in and out while it does not.
    run_json(home.path(), &["data", "import", "penguins.csv", "--name", "more", "--node", "light"]).await;
    let listed = run_json(home.path(), &["data", "list", "--node", "light"]).await;
    assert_eq!(listed[0]["datasets"].as_array().unwrap().len(), 2);
    run_json(home.path(), &["data", "remove", "more", "--node", "light"]).await;
    let listed = run_json(home.path(), &["data", "list", "--node", "light"]).await;
    assert_eq!(listed[0]["datasets"][0]["name"], "penguins");
    let id = &heavy[0]["id"].as_str().unwrap()[20..];
    run_json(home.path(), &["stop-node", id]).await;
    run_json(home.path(), &["stop-node", "--all"]).await;
}

/// Stops a home's nodes in the background, also when the test fails.
struct StopsAll<'a>(&'a Path);

impl Drop for StopsAll<'_> {
    fn drop(&mut self) {
        let formix = std::process::Command::new(env!("CARGO_BIN_EXE_formix"))
            .args(["--home".as_ref(), self.0.as_os_str(), "stop-node".as_ref(), "--all".as_ref()])
            .status();
        assert!(formix.unwrap().success() || std::thread::panicking());
    }
}

#[tokio::test]
async fn shells_are_completed() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = run(home.path(), ["completions", shell]).await;
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("stop-node"), "{shell}");
    }
}
