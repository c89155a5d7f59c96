//! What goes wrong is said: what, where, and how to mend it.

mod common;

use common::{HEAVY, Node, folder, run_failing};
use std::{fs, net::TcpListener, net::UdpSocket, path::Path, process::Stdio};

/// The store of this home's only node.
async fn store(home: &Path) -> std::path::PathBuf {
    let node = Node::start(home, HEAVY).await;
    let path = folder(&node.ready).join("node.db");
    assert!(node.terminate().await.success());
    path
}

#[tokio::test]
async fn a_used_port_is_named() {
    let home = tempfile::tempdir().unwrap();
    // Five ports in a row of which one is taken: HTTP first, then WebRTC, then TCP.
    for (at, what) in [(0, "tcp (HTTP)"), (1, "udp (WebRTC)"), (3, "tcp (TCP)"), (4, "tcp (WebSocket)")] {
        let (tcp, udp);
        let taken = if what.starts_with("udp") {
            udp = UdpSocket::bind("127.0.0.1:0").unwrap();
            udp.local_addr().unwrap().port()
        } else {
            tcp = TcpListener::bind("127.0.0.1:0").unwrap();
            tcp.local_addr().unwrap().port()
        };
        let base = (taken - at).to_string();
        let words = run_failing(home.path(), &["heavy", "--port", &base]).await;
        // Another of the five may be taken by somebody else; then that one is named.
        let ours = format!("port {taken}/{what}");
        assert!(words.contains("is in use by another program"), "{words}");
        assert!(words.contains("--port"), "{words}");
        assert!(words.contains(&ours) || !words.contains(&format!("port {taken}/")), "{words}");
    }
}

#[tokio::test]
async fn a_second_process_on_one_node_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let _first = Node::start(home.path(), HEAVY).await;
    let words = run_failing(home.path(), &HEAVY).await;
    assert!(words.contains("node.db") && words.contains("open in another process"), "{words}");
}

#[tokio::test]
async fn a_damaged_store_is_refused_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = store(home.path()).await;
    fs::write(&path, b"scribble").unwrap();
    let words = run_failing(home.path(), &HEAVY).await;
    assert!(words.contains(&path.display().to_string()) && words.contains("damaged"), "{words}");
    assert!(words.contains("restore it from a copy"), "{words}");
    assert_eq!(fs::read(&path).unwrap(), b"scribble");
}

#[tokio::test]
async fn a_newer_store_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = store(home.path()).await;
    let table: redb::TableDefinition<'_, &str, u32> = redb::TableDefinition::new("format");
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert("version", 1_000).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let words = run_failing(home.path(), &HEAVY).await;
    assert!(words.contains("format 1000") && words.contains("update this software"), "{words}");
}

#[tokio::test]
async fn a_wrong_certificate_or_key_is_named() {
    let home = tempfile::tempdir().unwrap();
    let folder = store(home.path()).await.parent().unwrap().to_owned();
    fs::write(folder.join("webrtc.pem"), "-----BEGIN CERTIFICATE-----\n").unwrap();
    let words = run_failing(home.path(), &HEAVY).await;
    assert!(words.contains("webrtc.pem") && words.contains("delete it"), "{words}");
    fs::write(folder.join("seal.key"), "short\n").unwrap();
    let words = run_failing(home.path(), &HEAVY).await;
    assert!(words.contains("seal.key") && words.contains("restore it"), "{words}");
    // A node that had its keys gets no others.
    for key in ["seal.key", "identity.key"] {
        fs::remove_file(folder.join(key)).unwrap();
        let words = run_failing(home.path(), &HEAVY).await;
        assert!(words.contains(key) && words.contains("restore it"), "{words}");
        assert!(!folder.join(key).exists());
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let node = Node::start(home.path(), ["light", "--host", "http://127.0.0.1:1"]).await;
    let pid = node.child.id().unwrap();
    assert!(node.terminate().await.success());
    let file = home.path().join("large.csv");
    let rows = (0..300_000).map(|row| format!("{row},{pid}\n"));
    fs::write(&file, std::iter::once("row,pid\n".to_owned()).chain(rows).collect::<String>()).unwrap();
    // No file may grow beyond 3 MiB: the system answers a write as it does on a full disk.
    let script = "trap '' XFSZ; ulimit -f 3072; exec \"$@\"";
    let formix = env!("CARGO_BIN_EXE_formix");
    let output = tokio::process::Command::new("bash")
        .args(["-c", script, "bash", formix, "data", "import", "large.csv", "--node", "light"])
        .current_dir(home.path())
        .env("FORMIX_HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("no room left") && !words.contains("panicked"), "{words}");
    let listed = common::run_json(home.path(), &["data", "list"]).await;
    assert_eq!(listed[0]["datasets"], serde_json::json!([]));
}

#[tokio::test]
async fn wrong_usage_is_told_from_failure() {
    let home = tempfile::tempdir().unwrap();
    let output = common::run(home.path(), ["heavy", "--nonsense"]).await;
    assert_eq!(output.status.code(), Some(2));
    let words = run_failing(home.path(), &["stop-node", "nobody"]).await;
    assert!(words.contains("no node of this home is named `nobody`"), "{words}");
    let words = run_failing(home.path(), &["comp", "--host", "http://127.0.0.1:1"]).await;
    assert!(words.contains("no heavy node answers at http://127.0.0.1:1/"), "{words}");
    let words = run_failing(home.path(), &["--json", "stop-node", "nobody"]).await;
    let error: serde_json::Value = serde_json::from_str(words.trim()).unwrap();
    assert!(error["error"].is_string());
}
