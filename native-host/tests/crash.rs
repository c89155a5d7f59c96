//! Processes that are killed while they work.

mod common;

use common::{Network, Node, documents, folder};

#[tokio::test(flavor = "multi_thread")]
async fn each_heavy_node_is_killed_midway_and_nothing_acknowledged_is_lost() {
    let mut network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut lights = vec![network.light(home.path(), 1_000, &[]).await];
    let id = network.propose(home.path(), &["--deadline", "85s", "--max-participants", "4"]).await;
    lights[0].acknowledged(&id).await;
    let mut sum = 1_000;
    for (at, mass) in [(0, 2_000), (1, 3_000), (2, 4_000)] {
        network.crash(at).await;
        let mut light = network.light(home.path(), mass, &[]).await;
        light.acknowledged(&id).await;
        lights.push(light);
        sum += mass;
    }
    for at in 0..3 {
        let end = network.end(at, &id).await;
        assert_eq!(end["result"]["answer"]["result"]["sum"], sum.to_string(), "{end}");
        assert_eq!(end["result"]["participants"], 4);
    }
    // The end is durable too.
    let before = documents(network.url(0), &id).await;
    network.crash(0).await;
    assert_eq!(documents(network.url(0), &id).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_light_node_that_is_killed_keeps_its_records_and_its_answer() {
    let network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut first = network.light(home.path(), 1_000, &[]).await;
    let id = network.propose(home.path(), &["--deadline", "80s", "--max-participants", "3"]).await;
    first.acknowledged(&id).await;
    first.kill().await;
    let args = ["light", "--name", "light-1000", "--host", network.url(0)];
    let mut first = Node::start(home.path(), args).await;
    let _second = network.light(home.path(), 2_000, &[]).await;
    let _third = network.light(home.path(), 3_000, &[]).await;
    let sum = first
        .event("computation", |event| event["result"]["answer"]["result"]["sum"].as_str().map(str::to_owned))
        .await;
    assert_eq!(sum, "6000", "counted once");
    assert!(folder(&first.ready).join("node.db").is_file());
}
