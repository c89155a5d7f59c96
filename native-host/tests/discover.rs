//! Who takes jobs is found from one address, through the network's hash table.

mod common;

use common::{
    HEAVY, Network, Node, PATIENCE, formix, get,
    guests::{SLOW, guest},
    run_failing, run_json,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::{sleep, timeout},
};

/// The address of a node for one transport.
fn address(node: &Node, transport: &str) -> String {
    let addresses = node.ready["addresses"].as_array().unwrap();
    let found = addresses.iter().filter_map(Value::as_str).find(|address| address.contains(transport));
    found.unwrap_or_else(|| panic!("no {transport} in {addresses:?}")).to_owned()
}

/// What has a heavy node tell in its log whom it lists.
const LISTS: [&str; 2] = ["--log", "info,native_host=debug"];

/// What it tells then.
fn listed(node: &Node) -> String {
    format!("a provider is listed provider={}", node.ready["id"].as_str().unwrap())
}

fn ids(said: &Value, list: &str) -> BTreeSet<String> {
    let nodes = said[list].as_array().unwrap();
    nodes.iter().map(|node| node["node"].as_str().unwrap().to_owned()).collect()
}

/// Looks from `bootstrap` until these are found, and gives all that is said then.
async fn found(home: &Path, bootstrap: &str, nodes: &[&Node]) -> Value {
    let wanted: BTreeSet<String> =
        nodes.iter().map(|node| node.ready["id"].as_str().unwrap().to_owned()).collect();
    let looking = async {
        loop {
            let said = run_json(home, &["workers", "--bootstrap", bootstrap]).await.remove(0);
            if ids(&said, "workers") == wanted {
                return said;
            }
        }
    };
    timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("not just these from {bootstrap}: {wanted:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn from_one_address_the_others_are_found_and_a_killed_one_is_told_apart() {
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let client = homes[3].path();
    let a = Node::start(homes[0].path(), HEAVY.iter().chain(&LISTS)).await;
    // They know of it, and it was never told of them.
    let flags: Vec<&str> = HEAVY.into_iter().chain(["--fellow", a.url()]).collect();
    let b = Node::start(homes[1].path(), &flags).await;
    let c = Node::start(homes[2].path(), &flags).await;

    let bootstrap = address(&a, "/tcp/");
    let said = found(client, &bootstrap, &[&a, &b, &c]).await;
    assert_eq!(ids(&said, "lost"), BTreeSet::new());
    for worker in said["workers"].as_array().unwrap() {
        let node = [&a, &b, &c].into_iter().find(|node| node.ready["id"] == worker["node"]).unwrap();
        assert_eq!(worker["url"], node.ready["url"]);
        assert_eq!(worker["advert"]["node"], worker["node"]);
        assert_eq!(worker["addresses"].as_array().unwrap().len(), 1);
    }

    let killed = b.ready["id"].as_str().unwrap().to_owned();
    a.logs(&listed(&b)).await;
    b.kill().await;
    // By another transport, and by HTTP.
    for bootstrap in [address(&a, "/quic-v1"), a.url().to_owned()] {
        let said = found(client, &bootstrap, &[&a, &c]).await;
        assert_eq!(ids(&said, "lost"), [killed.clone()].into());
    }

    // Without the first, the search begins at another.
    let bootstrap = address(&c, "/tcp/");
    a.kill().await;
    found(client, &bootstrap, &[&c]).await;
    c.kill().await;
    let words = run_failing(client, &["workers", "--bootstrap", &bootstrap]).await;
    assert!(words.contains("nobody answers at"), "{words}");
    let words = run_failing(client, &["workers", "--bootstrap", "somewhere"]).await;
    assert!(words.contains("no address to start from"), "{words}");
}

/// The parts of Show 7 that are processes of their own: three heavy nodes that hand out jobs, a fourth that only knows one of them, and
/// two light nodes that work.
#[tokio::test(flavor = "multi_thread")]
async fn who_knows_one_address_gets_a_job_done_and_again_when_a_worker_and_a_heavy_node_are_killed() {
    // None of the heavy nodes runs a guest itself.
    let network = Network::start_with(&["--judge", "0"]).await;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let flags = HEAVY.into_iter().chain(["--judge", "0", "--fellow", network.url(0)]);
    let bootstrap = Node::start(homes[0].path(), flags).await;
    let client = homes[1].path();
    let spec = client.join("slow.yaml");
    fs::write(&spec, format!("module: {}\n", guest(client, "slow.wasm", SLOW))).unwrap();
    let address = address(&bootstrap, "/tcp/");
    let submit = ["job", "submit", spec.to_str().unwrap(), "--wait", "--bootstrap", &address];
    let words = run_failing(client, &submit).await;
    assert!(words.contains("nobody who is found") && words.contains("has a place"), "{words}");

    let one = network.worker(homes[2].path(), "one", &["--slots", "1"]).await;
    let two = network.worker(homes[3].path(), "two", &["--slots", "1"]).await;
    let offers = async {
        let look = ["workers", "--bootstrap", &address, "--kind", "native"];
        while ids(&run_json(client, &look).await[0], "workers").len() < 3 {
            sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, offers).await.expect("the heavy nodes say what their workers offer");

    let mut submitting = formix(client).arg("--json").args(submit).spawn().unwrap();
    let mut said = BufReader::new(submitting.stdout.take().unwrap()).lines();
    let mut next = async || {
        let line = timeout(PATIENCE, said.next_line()).await.expect("the client goes on").unwrap();
        serde_json::from_str::<Value>(&line.expect("the client has more to say")).unwrap()
    };
    let taken = next().await;
    let (id, host) = (taken["id"].as_str().unwrap().to_owned(), taken["host"].as_str().unwrap().to_owned());
    assert_ne!(host.trim_end_matches('/'), bootstrap.url(), "it was found, and not there");
    // The node that runs it dies, and then the heavy node that has the job.
    let job = format!("{host}api/v1/jobs/{id}");
    let runs = |node: &Node| {
        let (job, node) = (job.clone(), node.ready["id"].clone());
        async move {
            while !get(&job).await["leases"].as_array().unwrap().iter().any(|lease| lease["node"] == node) {
                sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    };
    let (first, mut second) = tokio::select! {
        () = runs(&one) => (one, two),
        () = runs(&two) => (two, one),
        () = sleep(PATIENCE) => panic!("nobody runs the job"),
    };
    first.kill().await;
    second.event("running", |event| (event["job"] == id.as_str()).then_some(())).await;
    let mut heavy = network.heavy;
    let at = heavy.iter().flatten().position(|node| host.trim_end_matches('/') == node.url()).unwrap();
    heavy.swap_remove(at).unwrap().kill().await;

    let left = next().await;
    assert_eq!((&left["event"], &left["host"]), (&json!("left"), &taken["host"]));
    let again = next().await;
    assert_eq!(again["event"], "submitted");
    assert_ne!((&again["host"], &again["id"]), (&taken["host"], &taken["id"]));
    let ended = next().await;
    assert_eq!(ended["view"]["id"], again["id"]);
    assert_eq!(ended["view"]["state"], "done");
    assert_eq!(ended["view"]["result"]["nodes"], json!([second.ready["id"]]));
    assert_eq!(ended["agree"], json!([second.ready["id"]]));
    assert!(timeout(PATIENCE, submitting.wait()).await.expect("the client ends").unwrap().success());
}
