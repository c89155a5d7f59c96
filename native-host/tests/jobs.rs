//! Jobs go over the network: real heavy nodes hand them to real light nodes, which run real guests.

mod common;

use common::{
    HEAVY, Network, Node, event_of, folder, get,
    guests::{SLOW, guest},
    run, run_failing, run_json,
};
use serde_json::Value;
use std::{fs, path::Path};
use tempfile::TempDir;

/// Reverses its input, and ends with the code that its entry's name says.
const REVERSE: &str = include_str!("../../tests/guests/programs/reverse.wat");
/// Writes without an end.
const FLOODS: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (data (i32.const 0) "\08\00\00\00\00\00\01\00")
    (func (export "_start") (loop $again
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 65544))) (br $again))))"#;

/// A home with a file of words.
fn home() -> (TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let words = home.path().join("words.txt");
    fs::write(&words, "Hello, World").unwrap();
    (home, words.display().to_string())
}

/// Submits a job of one module; gives its id.
async fn submit(home: &Path, url: &str, module: &str, more: &str) -> String {
    let spec = home.join(format!("{}.yaml", Path::new(module).file_stem().unwrap().display()));
    fs::write(&spec, format!("module: {module}\n{more}\n")).unwrap();
    let spec = spec.display().to_string();
    let output = run(home, ["job", "submit", &spec, "--id-only", "--host", url]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Waits until a job is in this state at a heavy node.
async fn reaches(url: &str, id: &str, state: &str) -> Value {
    let url = format!("{url}/api/v1/events?job={id}");
    event_of(&url, "job", |view| (view["state"] == state).then(|| view.clone())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_on_other_peoples_nodes_and_strangers_verify_its_receipts() {
    let network = Network::start().await;
    let (home, words) = home();
    let workers = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut first = network.worker(workers[0].path(), "one", &["--slots", "1"]).await;
    let _second = network.worker(workers[1].path(), "two", &["--slots", "1"]).await;
    let module = guest(home.path(), "reverse.wasm", REVERSE);
    let url = network.url(0);

    let args = ["job", "run", &module, "--stdin", &words, "--replicas", "2", "--on", url];
    let told = run_json(home.path(), &args).await;
    assert_eq!(told[0]["stdout"], "dlroW ,olleH");
    assert_eq!(told[0]["agree"].as_array().unwrap().len(), 2);
    let id = told[0]["job"].as_str().unwrap();
    first.event("ran", |event| (event["job"] == id && event["taken"] == true).then_some(())).await;

    // A stranger, with the receipts alone.
    let stranger = tempfile::tempdir().unwrap();
    let saved = stranger.path().join("receipts").display().to_string();
    let receipts = run_json(stranger.path(), &["job", "receipt", id, "--save", &saved, "--host", url]).await;
    assert_eq!(receipts.len(), 2);
    let heavy = network.heavy[0].as_ref().unwrap().ready["id"].clone();
    let manifest = format!("{saved}/manifest.json");
    for receipt in &receipts {
        assert_eq!((&receipt["agrees"], &receipt["witnesses"][0]), (&Value::from(true), &heavy));
        let file = receipt["file"].as_str().unwrap();
        let verify =
            ["receipt", "verify", file, "--manifest", &manifest, "--module", &module, "--stdin", &words];
        let verified = run_json(stranger.path(), &[verify.as_slice(), &["--rerun"]].concat()).await;
        assert_eq!(verified[0]["rerun"], true);
    }

    // What a person sees of it.
    let output = run(home.path(), ["job", "logs", &id[7..15], "--host", url]).await;
    assert_eq!(output.stdout, b"dlroW ,olleH");
    let shown = run(home.path(), ["job", "describe", id, "--host", url]).await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("done") && shown.contains("2 nodes"), "{shown}");
    let listed = run_json(home.path(), &["job", "list", "--mine", "--state", "done", "--host", url]).await;
    assert_eq!(listed[0]["jobs"][0]["id"], id);
    let nodes = get(&format!("{url}/api/v1/workers")).await;
    let credited = nodes.as_array().unwrap().iter().filter(|node| node["standing"]["agreed"] == 1);
    assert_eq!(credited.count(), 2, "{nodes}");

    // A guest that fails has failed, and its reason is said; its exit code is the command's.
    for (entry, code, reason) in
        [("fails", 7, "exit code 7"), ("aborts", 1, "unreachable"), ("loops", 1, "out-of-fuel")]
    {
        let args =
            ["job", "run", &module, "--stdin", &words, "--entry", entry, "--fuel", "100000", "--on", url];
        let output = run(home.path(), args).await;
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{words}");
        assert!(words.contains(reason), "{words}");
    }
    let floods = guest(home.path(), "floods.wasm", FLOODS);
    let id = submit(home.path(), url, &floods, "limits: {output_bytes: 100000}").await;
    let view = reaches(url, &id, "failed").await;
    assert_eq!(view["result"]["ending"]["trap"]["code"], "output-full");
    assert_eq!(view["result"]["stdout_bytes"], 100_000);
    let output = run(home.path(), ["job", "logs", &id, "--host", url]).await;
    assert_eq!(output.stdout.len(), 100_000);

    let again =
        run(home.path(), ["job", "rerun", told[0]["job"].as_str().unwrap(), "--wait", "--host", url]).await;
    assert_eq!(again.stdout, b"dlroW ,olleH", "{}", String::from_utf8_lossy(&again.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_reduced_to_one_answer() {
    let network = Network::start().await;
    let (home, _) = home();
    let worker = tempfile::tempdir().unwrap();
    let _worker = network.worker(worker.path(), "one", &["--slots", "2"]).await;
    for name in ["primes", "sum"] {
        fs::write(home.path().join(format!("{name}.wasm")), guests::compile(name).unwrap()).unwrap();
    }
    let spec = home.path().join("primes.yaml");
    let text = "name: primes\nmodule: primes.wasm\nargs: [\"{index}00\", \"{next}00\"]\ncount: 4\nreduce: {module: sum.wasm}\n";
    fs::write(&spec, text).unwrap();
    let spec = spec.display().to_string();
    let planned = run_json(home.path(), &["job", "submit", &spec, "--dry-run"]).await;
    assert_eq!(planned.last().unwrap()["jobs"], 5);
    let output = run(home.path(), ["job", "submit", &spec, "--wait", "--host", network.url(1)]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "78", "the primes below 400");
    let jobs = get(&format!("{}/api/v1/jobs?state=done", network.url(1))).await;
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 5);
    let page = get(&format!("{}/api/v1/jobs?limit=2", network.url(1))).await;
    let next =
        get(&format!("{}/api/v1/jobs?limit=3&after={}", network.url(1), page["next"].as_str().unwrap()))
            .await;
    assert_eq!((page["jobs"].as_array().unwrap().len(), next["jobs"].as_array().unwrap().len()), (2, 3));
    assert_eq!(next["next"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_node_that_is_killed_is_done_by_another() {
    let network = Network::start().await;
    let (home, _) = home();
    let module = guest(home.path(), "slow.wasm", SLOW);
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut doomed = network.worker(homes[0].path(), "doomed", &["--slots", "1"]).await;
    let id = submit(home.path(), network.url(0), &module, "").await;
    doomed.event("running", |event| (event["job"] == id.as_str()).then_some(())).await;
    let lost = doomed.ready["id"].clone();
    let other = network.worker(homes[1].path(), "other", &["--slots", "1"]).await;
    doomed.kill().await;
    let view = reaches(network.url(0), &id, "done").await;
    assert_eq!(view["result"]["nodes"], serde_json::json!([other.ready["id"]]));
    assert_eq!(view["receipts"], 1);
    let nodes = get(&format!("{}/api/v1/workers", network.url(0))).await;
    assert!(nodes.as_array().unwrap().iter().all(|node| node["node"] != lost), "{nodes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_ends_after_a_heavy_node_was_killed() {
    let mut network = Network::start().await;
    let (home, _) = home();
    let module = guest(home.path(), "slow.wasm", SLOW);
    let worker = tempfile::tempdir().unwrap();
    // One is killed before anybody has the job, one while it runs.
    let waiting = submit(home.path(), network.url(0), &module, "").await;
    network.crash(0).await;
    assert_eq!(get(&format!("{}/api/v1/jobs/{waiting}", network.url(0))).await["state"], "waiting");
    let mut one = network.worker(worker.path(), "one", &["--slots", "1"]).await;
    one.event("running", |event| (event["job"] == waiting.as_str()).then_some(())).await;
    network.crash(0).await;
    let view = reaches(network.url(0), &waiting, "done").await;
    assert_eq!((&view["receipts"], &view["result"]["agreed"]), (&Value::from(1), &Value::from(1)));
    network.crash(0).await;
    let output = run(home.path(), ["job", "logs", &waiting, "--host", network.url(0)]).await;
    assert_eq!(output.stdout, b"done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_taken_back_is_stopped_and_makes_room() {
    let network = Network::start().await;
    let (home, words) = home();
    let reverse = guest(home.path(), "reverse.wasm", REVERSE);
    let worker = tempfile::tempdir().unwrap();
    let mut one = network.worker(worker.path(), "one", &["--slots", "1"]).await;
    let url = network.url(0);
    let endless = submit(home.path(), url, &reverse, "entry: loops\nlimits: {fuel: 1000000000000}").await;
    one.event("running", |event| (event["job"] == endless.as_str()).then_some(())).await;
    let stranger = tempfile::tempdir().unwrap();
    let refused = run_failing(stranger.path(), &["job", "stop", &endless, "--host", url]).await;
    assert!(refused.contains("only its submitter"), "{refused}");
    run_json(home.path(), &["job", "stop", "--all", "--host", url]).await;
    let view = reaches(url, &endless, "cancelled").await;
    assert_eq!(view["refusal"]["code"], "cancelled");
    // The only slot is free again.
    let output = run(home.path(), ["job", "run", &reverse, "--stdin", &words, "--on", url]).await;
    assert_eq!(output.stdout, b"dlroW ,olleH", "{}", String::from_utf8_lossy(&output.stderr));
    let words = run_failing(home.path(), &["job", "stop", &endless, "--host", url]).await;
    assert!(words.contains("has ended"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_names_what_keeps_each_node_from_a_job() {
    let network = Network::start().await;
    let (home, _) = home();
    let reverse = guest(home.path(), "reverse.wasm", REVERSE);
    let worker = tempfile::tempdir().unwrap();
    let one = network.worker(worker.path(), "one", &["--slots", "1"]).await;
    let url = network.url(0);
    let why = async |more: &str| {
        let id = submit(home.path(), url, &reverse, more).await;
        let why = run_json(home.path(), &["job", "why", &id, "--host", url]).await.remove(0);
        let nodes = why["nodes"].as_array().unwrap().clone();
        let own = nodes.into_iter().find(|node| node["node"] == one.ready["id"]).expect("the node's reason");
        (why, own)
    };
    let (told, own) = why("constraints: {kinds: [tab]}").await;
    assert_eq!((&told["stuck"], &own["code"]), (&Value::from(true), &Value::from("kind")));
    let (_, own) = why("limits: {memory_bytes: 4294967296}").await;
    assert_eq!((&own["code"], &own["gives_bytes"]), (&Value::from("memory"), &Value::from(512 << 20)));
    let id = submit(home.path(), url, &reverse, "constraints: {kinds: [tab]}\nname: for tabs").await;
    let shown = run(home.path(), ["job", "why", &id, "--host", url]).await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("is of a kind that the job does not ask for (native)"), "{shown}");
    assert!(shown.contains("change what it asks for"), "{shown}");

    // Its person sees the settings, and changes them while it runs.
    let started = ["work", "start", "--slots", "1", "--memory", "1024"];
    let shown = run_json(worker.path(), &started).await;
    assert_eq!(shown[0]["contribution"]["settings"]["memory_bytes_max"], 1_u64 << 30);
    let (_, own) = why("limits: {memory_bytes: 2147483648}").await;
    assert_eq!((&own["code"], &own["gives_bytes"]), (&Value::from("memory"), &Value::from(1_u64 << 30)));
    run_json(worker.path(), &["work", "stop"]).await;
    let (_, own) = why("name: paused").await;
    assert_eq!(own["code"], "paused");

    // The offer stays taken back.
    let name = folder(&one.ready);
    assert!(one.terminate().await.success());
    let mut resting =
        Node::start(worker.path(), ["light", "--name", "one", "--no-work", "--host", url]).await;
    assert_eq!(folder(&resting.ready), name);
    resting.event("links", |event| (event["up"] == 3).then_some(())).await;
    let id = submit(home.path(), url, &reverse, "name: for anybody").await;
    let view = get(&format!("{url}/api/v1/jobs/{id}")).await;
    assert_eq!(view["state"], "waiting");
}

/// A signed manifest of a module that nobody has to have.
fn envelope(identity: &keys::Identity, name: &str, more: Value) -> String {
    let now = native_host::clock::now();
    let mut manifest = serde_json::json!({
        "version": 1, "name": name, "submitter": identity.id(), "module": { "id": codec::ContentId::of(b"m") },
        "args": [name], "created": now, "deadline": now.plus_ms(600_000),
        "nonce": format!("{:032x}", u128::from_le_bytes(*codec::ContentId::of(name.as_bytes()).digest().first_chunk().unwrap())),
    });
    manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let manifest: jobs::Manifest = serde_json::from_value(manifest).unwrap();
    String::from_utf8(manifest.sign(identity).unwrap().to_json()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_when_to_come_again_and_many_jobs_go_in_one_request() {
    let home = tempfile::tempdir().unwrap();
    let node =
        Node::start(home.path(), HEAVY.iter().chain(&["--jobs-each-max", "3", "--jobs-max", "5"])).await;
    let http = reqwest::Client::new();
    let post = |kind: &'static str, body: String| {
        http.post(format!("{}/api/v1/jobs", node.url())).header("content-type", kind).body(body).send()
    };
    let module = format!("{}/api/v1/blobs/{}", node.url(), codec::ContentId::of(b"m"));
    let missing =
        post("application/json", envelope(&keys::Identity::from_seed([3; 32]), "x", serde_json::json!({})))
            .await;
    let problem: Value = missing.unwrap().json().await.unwrap();
    assert_eq!(
        (&problem["status"], &problem["errors"][0]["path"]),
        (&Value::from(422), &Value::from("module.id"))
    );
    assert_eq!(http.put(module).body("m").send().await.unwrap().status(), 201);
    let (ada, bob) = (keys::Identity::from_seed([1; 32]), keys::Identity::from_seed([2; 32]));
    let first = envelope(&ada, "first", serde_json::json!({}));
    let taken = post("application/json", first.clone()).await.unwrap();
    assert_eq!(taken.status(), 201);
    let location = taken.headers()["location"].to_str().unwrap().to_owned();
    let told: Value = taken.json().await.unwrap();
    assert_eq!(
        (location, &told["able"]),
        (format!("/api/v1/jobs/{}", told["id"].as_str().unwrap()), &Value::from(0))
    );

    // The same document again is the same job; four more are too many.
    let lines = [first]
        .into_iter()
        .chain((0..4).map(|at| envelope(&ada, &format!("job {at}"), serde_json::json!({}))));
    let lines: Vec<String> = lines.chain(["nonsense".to_owned()]).collect();
    let answer = post("application/x-ndjson", lines.join("\n")).await.unwrap().text().await.unwrap();
    let answers: Vec<Value> = answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0]["id"], told["id"]);
    assert!(answers[1]["id"].is_string() && answers[2]["id"].is_string(), "{answer}");
    assert_eq!(
        (&answers[3]["error"]["status"], &answers[5]["error"]["status"]),
        (&Value::from(429), &Value::from(400))
    );
    let full = post("application/json", envelope(&ada, "more", serde_json::json!({}))).await.unwrap();
    assert_eq!(full.status(), 429);
    let again: u64 = full.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    let problem: Value = full.json().await.unwrap();
    assert_eq!(problem["retry_after_s"], again);
    for at in 0..2 {
        let answer =
            post("application/json", envelope(&bob, &format!("bob {at}"), serde_json::json!({}))).await;
        assert_eq!(answer.unwrap().status(), 201);
    }
    let full = post("application/json", envelope(&bob, "bob more", serde_json::json!({}))).await.unwrap();
    assert_eq!((full.status().as_u16(), full.headers().contains_key("retry-after")), (503, true));

    // What can never run is refused with its field.
    let past = serde_json::json!({ "created": "2020-01-01T00:00:00Z", "deadline": "2020-01-02T00:00:00Z" });
    let never = post("application/json", envelope(&bob, "past", past)).await.unwrap();
    assert_eq!(never.status(), 422);
    let problem: Value = never.json().await.unwrap();
    assert_eq!(problem["errors"][0]["path"], "deadline");
    let metrics = http.get(format!("{}/metrics", node.url())).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("formix_jobs{state=\"waiting\"} 5"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_taken_in_parts_checked_and_dropped_where_they_are_others() {
    let home = tempfile::tempdir().unwrap();
    let node = Node::start(home.path(), HEAVY).await;
    let http = reqwest::Client::new();
    let bytes: Vec<u8> = (0..600_000_u32).flat_map(u32::to_le_bytes).collect();
    let id = codec::ContentId::of(&bytes);
    let url = format!("{}/api/v1/blobs/{id}", node.url());
    let put = |range: Option<&str>, body: &[u8]| {
        let request = http.put(&url).body(body.to_vec());
        range.into_iter().fold(request, |request, range| request.header("content-range", range)).send()
    };
    let offset =
        |response: &reqwest::Response| response.headers()["upload-offset"].to_str().unwrap().to_owned();
    let absent = http.head(&url).send().await.unwrap();
    assert_eq!((absent.status().as_u16(), offset(&absent).as_str()), (404, "0"));
    let part = put(Some("bytes 0-999999/2400000"), &bytes[..1_000_000]).await.unwrap();
    assert_eq!(
        (part.status().as_u16(), offset(&part).as_str()),
        (202, "786432"),
        "what is durable: whole chunks"
    );
    let absent = http.head(&url).send().await.unwrap();
    assert_eq!((absent.status().as_u16(), offset(&absent).as_str()), (404, "786432"));
    let gap = put(Some("bytes 2000000-2399999/2400000"), &bytes[2_000_000..]).await.unwrap();
    assert_eq!((gap.status().as_u16(), offset(&gap).as_str()), (409, "786432"));
    let short = put(Some("bytes 786432-2399999/2400000"), b"short").await.unwrap();
    assert_eq!(short.status(), 400);
    let rest = put(Some("bytes 786432-2399999/2400000"), &bytes[786_432..]).await.unwrap();
    assert_eq!(rest.status(), 201);
    let there = http.head(&url).send().await.unwrap();
    assert_eq!(
        (there.status().as_u16(), there.headers()["content-length"].to_str().unwrap()),
        (200, "2400000")
    );
    assert_eq!(http.get(&url).send().await.unwrap().bytes().await.unwrap(), bytes);
    assert_eq!(put(None, &bytes).await.unwrap().status(), 200);

    let other = format!("{}/api/v1/blobs/{}", node.url(), codec::ContentId::of(b"what it should be"));
    let wrong = http.put(&other).body("what it is").send().await.unwrap();
    assert_eq!(wrong.status(), 422);
    let detail = wrong.json::<Value>().await.unwrap()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("dropped"), "{detail}");
    assert_eq!(http.get(&other).send().await.unwrap().status(), 404);
    let long = http.put(&other).body(vec![0; 17 << 20]).send().await;
    assert!(long.is_err() || long.unwrap().status() == 413);
    // A page of another origin sends nothing here.
    // The connection of a body that was not read is closed.
    let foreign = reqwest::Client::new()
        .put(&url)
        .header("origin", "https://evil.example")
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), 403);
}
