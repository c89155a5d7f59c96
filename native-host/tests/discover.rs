//! Who takes jobs is found from one address, through the network's hash table.

mod common;

use common::{HEAVY, Node, PATIENCE, run_failing, run_json};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};
use tokio::time::timeout;

/// The address of a node for one transport.
fn address(node: &Node, transport: &str) -> String {
    let addresses = node.ready["addresses"].as_array().unwrap();
    let found = addresses.iter().filter_map(Value::as_str).find(|address| address.contains(transport));
    found.unwrap_or_else(|| panic!("no {transport} in {addresses:?}")).to_owned()
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
    let a = Node::start(homes[0].path(), HEAVY).await;
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
