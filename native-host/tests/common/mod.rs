//! Real `formix` processes in temporary homes. Tests wait for what a process says or serves, always with a deadline.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod guests;

use futures::StreamExt;
use serde_json::Value;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{sleep, timeout},
};

/// Ends a test that waits in vain.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A command of the program under test.
pub fn formix(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_formix"));
    command
        .env_clear()
        .env("FORMIX_HOME", home)
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs a command to its end.
pub async fn run<S: AsRef<OsStr>>(home: &Path, args: impl IntoIterator<Item = S>) -> Output {
    timeout(PATIENCE, formix(home).args(args).output()).await.expect("the command ends").unwrap()
}

/// Runs a command that shall succeed; gives the JSON documents that it prints.
pub async fn run_json(home: &Path, args: &[&str]) -> Vec<Value> {
    let output = run(home, ["--json"].iter().chain(args)).await;
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs a command that shall fail; gives what it says on standard error.
pub async fn run_failing(home: &Path, args: &[&str]) -> String {
    let output = run(home, args).await;
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {words}");
    assert!(!words.contains("panicked"), "{words}");
    words
}

/// A running node.
pub struct Node {
    pub child: Child,
    pub ready: Value,
    lines: Lines<BufReader<ChildStdout>>,
    log: Arc<Mutex<String>>,
}

impl Node {
    /// Starts a node, and waits until it is ready.
    pub async fn start<S: AsRef<OsStr>>(home: &Path, args: impl IntoIterator<Item = S>) -> Self {
        Self::from(formix(home).arg("--json").args(args).spawn().unwrap()).await
    }

    pub async fn from(mut child: Child) -> Self {
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let kept = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok(Some(line)) = stderr.next_line().await {
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let mut node = Self { child, ready: Value::Null, lines, log };
        node.ready = node.event("ready", |event| Some(event.clone())).await;
        node
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the node's log has these words.
    pub async fn logs(&self, words: &str) {
        let reading = async {
            while !self.log().contains(words) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, reading)
            .await
            .unwrap_or_else(|_| panic!("no `{words}` in the log:\n{}", self.log()));
    }

    pub fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    /// Waits for an event of this kind that `pick` takes.
    pub async fn event<T>(&mut self, kind: &str, pick: impl Fn(&Value) -> Option<T>) -> T {
        let found = timeout(PATIENCE, async {
            loop {
                let line = self.lines.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("ended before `{kind}`:\n{}", self.log()));
                let event: Value = serde_json::from_str(&line).unwrap();
                if event["event"] == kind
                    && let Some(found) = pick(&event)
                {
                    return found;
                }
            }
        });
        match found.await {
            Ok(found) => found,
            Err(_) => panic!("no such `{kind}` in time:\n{}", self.log()),
        }
    }

    /// Waits until all three heavy nodes hold a share of `id`, durable.
    pub async fn acknowledged(&mut self, id: &str) {
        self.event("computation", |event| (event["id"] == id && event["acknowledged"] == 3).then_some(()))
            .await;
    }

    /// SIGKILL: the process has no say in it.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM; waits for the end.
    pub async fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").arg(pid).status().await.unwrap().success());
        timeout(PATIENCE, self.child.wait()).await.expect("the node stops").unwrap()
    }

    pub async fn ended(mut self) -> (ExitStatus, String) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("the node ends").unwrap();
        (status, self.log())
    }
}

/// The flags of a heavy node whose ports the system chooses once.
pub const HEAVY: [&str; 3] = ["heavy", "--port", "0"];

/// Three heavy nodes, each with a home of its own, that know each other.
pub struct Network {
    pub heavy: Vec<Option<Node>>,
    homes: Vec<TempDir>,
    urls: Vec<String>,
}

impl Network {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, each with these flags as well.
    pub async fn start_with(flags: &[&str]) -> Self {
        let homes: Vec<TempDir> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        let mut heavy = Vec::new();
        for home in &homes {
            heavy.push(Some(Node::start(home.path(), HEAVY.iter().chain(flags)).await));
        }
        let urls: Vec<String> = heavy.iter().flatten().map(|node| node.url().to_owned()).collect();
        for (at, home) in homes.iter().enumerate() {
            for url in urls.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, url)| url) {
                run_json(home.path(), &["fellow", url]).await;
            }
        }
        let network = Self { heavy, homes, urls };
        for at in 0..3 {
            network.meets(at).await;
        }
        network
    }

    pub fn url(&self, at: usize) -> &str {
        &self.urls[at]
    }

    pub fn home(&self, at: usize) -> &Path {
        self.homes[at].path()
    }

    /// Waits until one heavy node is connected to its two fellows.
    pub async fn meets(&self, at: usize) {
        let both = |view: &Value| {
            let fellows = view["fellows"].as_array().unwrap();
            (fellows.iter().filter(|link| link["up"] == true).count() == 2).then_some(())
        };
        event(&self.urls[at], "peers", both).await;
    }

    /// Kills a heavy node and starts it again, on the same store and addresses.
    pub async fn crash(&mut self, at: usize) {
        let before = self.heavy[at].take().unwrap();
        let addresses = before.ready["addresses"].clone();
        before.kill().await;
        let again = Node::start(self.homes[at].path(), HEAVY).await;
        assert_eq!(again.ready["addresses"], addresses, "the addresses survive");
        self.heavy[at] = Some(again);
    }

    /// Proposes; gives the computation's id.
    pub async fn propose(&self, home: &Path, flags: &[&str]) -> String {
        let mut args =
            vec!["comp", "--host", self.url(0), "--dataset", "penguins", "--field", "mass", "--lower", "0"];
        args.extend(["--upper", "10000"].iter().chain(flags));
        let said = run_json(home, &args).await;
        said[0]["id"].as_str().unwrap().to_owned()
    }

    /// Starts a light node with one record in `penguins`, whose mass is `mass`.
    pub async fn light(&self, home: &Path, mass: u32, flags: &[&str]) -> Node {
        let file = home.join(format!("{mass}.csv"));
        std::fs::write(&file, format!("species,mass\nAdelie,{mass}\n")).unwrap();
        let name = format!("light-{mass}");
        let data = format!("penguins={}", file.display());
        let args = ["light", "--name", &name, "--host", self.url(0), "--data", &data, "--approve", "all"];
        let mut light = Node::start(home, args.iter().chain(flags)).await;
        light.event("links", |event| (event["up"] == 3).then_some(())).await;
        light
    }

    /// Starts a light node that runs other people's jobs, and waits until a heavy node knows.
    pub async fn worker(&self, home: &Path, name: &str, flags: &[&str]) -> Node {
        let args = ["node", "--name", name, "--host", self.url(0)];
        let mut worker = Node::start(home, args.iter().chain(flags)).await;
        let all = |event: &Value| (event["to"].as_array().unwrap().len() == 3).then_some(());
        worker.event("offered", all).await;
        worker
    }

    /// Waits for the computation's end at a heavy node.
    pub async fn end(&self, at: usize, id: &str) -> Value {
        let host = self.urls[at].clone();
        let home = self.homes[at].path();
        let output = run(home, ["--json", "comp", "show", id, "--wait", "--host", &host]).await;
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(text.trim())
            .unwrap_or_else(|_| panic!("no end: {text}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Reads a heavy node's events until `pick` takes one of this kind.
pub async fn event<T>(url: &str, kind: &str, pick: impl Fn(&Value) -> Option<T>) -> T {
    event_of(&format!("{url}/api/v1/events"), kind, pick).await
}

/// Reads the events at `url` until `pick` takes one of this kind.
pub async fn event_of<T>(url: &str, kind: &str, pick: impl Fn(&Value) -> Option<T>) -> T {
    let reading = async {
        let response = reqwest::get(url).await.unwrap().error_for_status().unwrap();
        let mut chunks = response.bytes_stream();
        let mut text = String::new();
        while let Some(chunk) = chunks.next().await {
            text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
            while let Some((block, rest)) = text.split_once("\n\n") {
                let data = block.strip_prefix(&format!("event: {kind}\ndata: "));
                let found = data.and_then(|data| pick(&serde_json::from_str(data).unwrap()));
                text = rest.to_owned();
                if let Some(found) = found {
                    return found;
                }
            }
        }
        panic!("the events of {url} ended before `{kind}`");
    };
    timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("no such `{kind}` from {url} in time"))
}

/// The documents of a computation.
pub async fn documents(url: &str, id: &str) -> Value {
    get(&format!("{url}/api/v1/computations/{id}/documents")).await
}

pub async fn get(url: &str) -> Value {
    reqwest::get(url).await.unwrap().error_for_status().unwrap().json().await.unwrap()
}

/// Waits until something holds.
pub async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it comes to hold in time");
}

/// A node's folder in its home.
pub fn folder(ready: &Value) -> PathBuf {
    ready["folder"].as_str().unwrap().into()
}
