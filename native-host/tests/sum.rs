//! A private sum over real processes.

mod common;

use aggregate::{Verified, outcome};
use common::{Network, documents, run, run_failing, run_json};
use keys::Envelope;
use serde_json::Value;

fn envelope(document: &Value) -> Envelope {
    Envelope::from_json(document.to_string().as_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_heavy_processes_and_lights_over_every_transport_give_the_exact_sum() {
    let network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    let masses = [3_750, 3_800, 3_250, 5_700];
    let mut lights = Vec::new();
    for (mass, transport) in masses.iter().zip(["quic", "tcp", "webrtc", "websocket"]) {
        lights.push(network.light(home.path(), *mass, &["--transport", transport]).await);
    }
    let id = network.propose(home.path(), &["--deadline", "80s", "--max-participants", "5"]).await;
    for light in &mut lights {
        light.acknowledged(&id).await;
    }
    // One that joins late is told too, and closes the computation.
    lights.push(network.light(home.path(), 4_675, &[]).await);

    for at in 0..3 {
        let end = network.end(at, &id).await;
        assert_eq!(end["result"]["answer"]["result"]["sum"], "21175", "{end}");
        assert_eq!(end["result"]["answer"]["result"]["mean"], "4235.000000");
        assert_eq!(end["result"]["participants"], 5);
    }
    let documents = documents(network.url(2), &id).await;
    let (proposal, end) = (envelope(&documents["proposal"]), envelope(&documents["end"]));
    let Ok(Verified::Result(result)) = outcome::verify(&proposal, &end) else { panic!("no signed result") };
    assert_eq!(result.figure("sum").as_deref(), Some("21175"));

    let view = common::get(&format!("{}/api/v1/status", network.url(0))).await;
    assert_eq!(view["counters"]["reports_acknowledged"], 5);
    let metrics = reqwest::get(format!("{}/metrics", network.url(0))).await.unwrap().text().await.unwrap();
    for line in [
        "formix_reports_total{outcome=\"acknowledged\"} 5",
        "formix_lights{transport=\"webrtc-direct\"} 1",
        "formix_computations{stage=\"done\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }

    // The documents verify without a network, and not once they are changed.
    let file = home.path().join("sum.json");
    std::fs::write(&file, documents.to_string()).unwrap();
    let said = run_json(home.path(), &["comp", "verify", file.to_str().unwrap()]).await;
    assert_eq!(said[0]["result"]["answer"]["result"]["sum"], "21175");
    let mut forged = documents.clone();
    forged["end"]["signatures"][1]["sig"] = forged["end"]["signatures"][0]["sig"].clone();
    std::fs::write(&file, forged.to_string()).unwrap();
    let words = run_failing(home.path(), &["comp", "verify", file.to_str().unwrap()]).await;
    assert!(words.contains("the signature of 12D3KooW"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_participants_end_in_a_signed_refusal() {
    let network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    let _light = network.light(home.path(), 3_000, &[]).await;
    let flags =
        ["comp", "--host", network.url(1), "--dataset", "penguins", "--field", "mass", "--lower", "0"];
    let more = ["--upper", "10000", "--deadline", "3s", "--wait", "--json"];
    let output = run(home.path(), flags.iter().chain(&more)).await;
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let end: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(end["event"], "refusal");
    assert_eq!(end["refusal"]["reason"]["code"], "too-few", "{end}");
}
