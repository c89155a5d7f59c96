//! `formix comp`: every kind of question by flags, what is wrong with them, and cancellation.

mod common;

use common::{Network, formix, get, run, run_failing, run_json};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// A schema as Pydantic writes it.
const SCHEMA: &str = r#"{"type":"object","required":["species","mass","flipper"],"properties":{
    "species":{"enum":["Adelie","Gentoo"]},
    "mass":{"type":"integer","minimum":2000,"maximum":7000},
    "flipper":{"type":"number"}}}"#;

/// What `comp propose` says with these flags of a data set `penguins` with [`SCHEMA`].
async fn propose(network: &Network, home: &Path, flags: &[&str]) -> Vec<Value> {
    let schema = home.join("schema.json");
    fs::write(&schema, SCHEMA).unwrap();
    let given = [
        "comp",
        "propose",
        "--host",
        network.url(0),
        "--dataset",
        "penguins",
        "--deadline",
        "1h",
        "--schema",
    ];
    let args: Vec<&str> =
        given.into_iter().chain([schema.to_str().unwrap()]).chain(flags.iter().copied()).collect();
    run_json(home, &args).await
}

/// The query that a proposal with these flags asks, without what is the same in all.
async fn query(network: &Network, home: &Path, flags: &[&str]) -> Value {
    let flags = [flags, &["--min-participants", "40"]].concat();
    let said = propose(network, home, &flags).await;
    let id = said[0]["id"].as_str().unwrap();
    let shown = run_json(home, &["comp", "show", id, "--host", network.url(0)]).await;
    run_json(home, &["comp", "cancel", id, "--host", network.url(0)]).await;
    shown[0]["proposal"]["query"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_question_is_asked_by_flags() {
    let network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mass = json!({ "expr": "mass", "lower": "2000", "upper": "7000", "decimals": 0 });
    let flipper = json!({ "expr": "flipper", "lower": "170", "upper": "235.5", "decimals": 1 });
    let by_flags: [(&[&str], Value); 9] = [
        (&["--kind", "count"], json!({ "kind": "count" })),
        (&["--value", "mass"], json!({ "kind": "mean", "value": mass })),
        // As many decimals as the range asks for, where the schema does not say that there are none.
        (
            &[
                "--kind",
                "regression",
                "--x",
                "flipper",
                "--x-lower",
                "170",
                "--x-upper",
                "235.5",
                "--y",
                "mass",
            ],
            json!({ "kind": "regression", "x": { "expr": "flipper", "lower": "170", "upper": "235.5", "decimals": 3 }, "y": mass }),
        ),
        (
            &[
                "--kind",
                "variance",
                "--field",
                "flipper",
                "--lower",
                "170",
                "--upper",
                "235.5",
                "--decimals",
                "1",
            ],
            json!({ "kind": "variance", "value": flipper }),
        ),
        (
            &[
                "--kind",
                "regression",
                "--x",
                "flipper",
                "--x-lower",
                "170",
                "--x-upper",
                "235.5",
                "--x-decimals",
                "1",
                "--y",
                "mass",
            ],
            json!({ "kind": "regression", "x": flipper, "y": mass }),
        ),
        (
            &["--kind", "histogram", "--value", "mass", "--bins", "5"],
            json!({ "kind": "histogram", "value": mass, "edges": ["2000", "3000", "4000", "5000", "6000", "7000"] }),
        ),
        (
            &["--kind", "group", "--by", "species", "--value", "mass"],
            json!({ "kind": "group", "by": "species", "categories": ["Adelie", "Gentoo"], "value": mass }),
        ),
        (
            &[
                "--kind",
                "vector",
                "--value",
                "mass",
                "--value",
                "flipper",
                "--lower",
                "2000",
                "--lower",
                "170",
                "--upper",
                "7000",
                "--upper",
                "235.5",
                "--decimals",
                "0",
                "--decimals",
                "1",
            ],
            json!({ "kind": "vector", "values": [mass, flipper] }),
        ),
        (
            &["--kind", "quantile", "--value", "mass", "--probabilities", "0.25,0.5", "--bins", "8"],
            json!({ "kind": "quantile", "value": mass, "probabilities": ["0.25", "0.5"], "bins": 8 }),
        ),
    ];
    for (flags, mut expected) in by_flags {
        expected["per"] = "record".into();
        expected["records_max"] = 1_000.into();
        assert_eq!(query(&network, home, flags).await, expected, "{flags:?}");
    }
    let flags = [
        "--value",
        "avg(mass)",
        "--lower",
        "0",
        "--upper",
        "9000",
        "--per",
        "person",
        "--where",
        "species == 'Gentoo'",
    ];
    let found = query(&network, home, &flags).await;
    assert_eq!((&found["per"], &found["where"]), (&json!("person"), &json!("species == 'Gentoo'")));

    // Nothing is proposed, and everything said.
    let before = get(&format!("{}/api/v1/computations", network.url(0))).await;
    let plan = propose(&network, home, &["--value", "mass", "--scheme", "rep64", "--dry-run"]).await;
    assert_eq!(plan[0]["scheme"], "rep64");
    assert!(plan[0]["words"].as_str().unwrap().starts_with("the mean of `mass`"), "{}", plan[0]);
    assert!(plan[0]["protects"].is_string() && plan[0]["not_protected"].is_string());
    assert_eq!(before, get(&format!("{}/api/v1/computations", network.url(0))).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_question_is_refused_with_the_place() {
    let network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    let schema = home.path().join("schema.json");
    fs::write(&schema, SCHEMA).unwrap();
    let given = ["comp", "propose", "--host", network.url(0), "--deadline", "1h", "--dataset", "penguins"];
    let with_schema = ["--schema", schema.to_str().unwrap()];
    let cases: [(&[&str], &[&str]); 12] = [
        (
            &["--value", "mas", "--lower", "0", "--upper", "1"],
            &["`query.value.expr`", "did you mean `mass`", "character 0"],
        ),
        (&["--value", "mass", "--where", "species = 'Gentoo'"], &["`query.where`"]),
        (&["--value", "flipper"], &["smallest value of `flipper` is not known", "--lower is missing"]),
        (
            &["--value", "mass", "--lower", "7000", "--upper", "2000"],
            &["`query.value.upper`", "must be larger"],
        ),
        (&["--value", "mass", "--by", "species"], &["--by does not belong to a mean"]),
        (&["--kind", "count", "--lower", "1"], &["--lower does not belong to a count"]),
        (&["--value", "mass", "--value", "flipper"], &["--value is given 2 times"]),
        (&["--kind", "group", "--by", "species"], &["`participants_min`"]),
        (
            &["--kind", "histogram", "--value", "mass", "--edges", "3000,2500"],
            &["`query.edges.1`", "ascending"],
        ),
        (&["--value", "mass", "--wait", "--rounds", "2"], &["--rounds belongs to --kind quantile"]),
        (&["--value", "mass", "--title", "a\nb"], &["`title`", "control characters"]),
        (&["--value", "mass", "--min-participants", "2"], &["`participants_min`", "2 is not within 3"]),
    ];
    for (flags, expected) in cases {
        let args: Vec<&str> = given.iter().chain(&with_schema).chain(flags).copied().collect();
        let words = run_failing(home.path(), &args).await;
        for part in expected {
            assert!(words.contains(part), "{flags:?}: {words}");
        }
    }
    let args: Vec<&str> = given.iter().chain(&["--kind", "median", "--value", "mass"]).copied().collect();
    assert_eq!(run(home.path(), &args).await.status.code(), Some(2));
    fs::write(&schema, r#"{"type":"object","properties":{"mass":{"type":"nmber"}}}"#).unwrap();
    let args: Vec<&str> = given.iter().chain(&with_schema).chain(&["--value", "mass"]).copied().collect();
    let words = run_failing(home.path(), &args).await;
    assert!(words.contains("schema.json") && words.contains("/properties/mass"), "{words}");

    // The same by HTTP: the place in a list, for programs.
    let draft = json!({ "title": "x", "dataset": "penguins", "deadline": "2099-01-01T00:00:00Z",
        "query": { "kind": "mean", "value": { "expr": "mas +", "lower": "0", "upper": "1" } } });
    let url = format!("{}/api/v1/computations/check", network.url(0));
    let sent = reqwest::Client::new().post(&url).json(&draft).send().await.unwrap();
    assert_eq!(sent.status(), 422);
    let problem: Value = sent.json().await.unwrap();
    assert_eq!(problem["errors"][0]["path"], "query.value.expr");
    assert!(problem["errors"][0]["position"].is_u64(), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_proposer_cancels_and_all_heavy_nodes_refuse() {
    let network = Network::start().await;
    let (home, stranger) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut light = network.light(home.path(), 3_000, &[]).await;
    let id = network.propose(home.path(), &["--deadline", "1h", "--scheme", "rep64"]).await;
    light.acknowledged(&id).await;
    let words = run_failing(home.path(), &["comp", "result", &id, "--host", network.url(0)]).await;
    assert!(words.contains("has not ended: it is open"), "{words}");
    let words = run_failing(stranger.path(), &["comp", "cancel", &id, "--host", network.url(0)]).await;
    assert!(words.contains("who proposed it, can cancel it"), "{words}");

    let said = run_json(home.path(), &["comp", "cancel", &id, "--host", network.url(1)]).await;
    assert_eq!(said[0]["event"], "cancelled");
    for at in 0..3 {
        let end = network.end(at, &id).await;
        assert_eq!(end["refusal"]["reason"]["code"], "cancelled", "{end}");
    }
    // Again is no error, and what is saved verifies offline.
    run_json(home.path(), &["comp", "cancel", &id, "--host", network.url(0)]).await;
    let file = home.path().join("end.json");
    let saved = ["comp", "result", &id, "--host", network.url(0), "--save", file.to_str().unwrap()];
    assert_eq!(run(home.path(), saved).await.status.code(), Some(3));
    let output = run(home.path(), ["comp", "verify", file.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("its proposer cancelled it") && text.contains("signed by …"), "{text}");
    // By its parts; and a part alone proves nothing.
    let documents: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let (proposal, end) = (home.path().join("p.json"), home.path().join("e.json"));
    fs::write(&proposal, documents["proposal"].to_string()).unwrap();
    fs::write(&end, documents["end"].to_string()).unwrap();
    let (proposal, end) = (proposal.to_str().unwrap(), end.to_str().unwrap());
    assert_eq!(
        run(home.path(), ["comp", "verify", end, "--proposal", proposal]).await.status.code(),
        Some(3)
    );
    let words = run_failing(home.path(), &["comp", "verify", end]).await;
    assert!(words.contains("a refusal alone proves nothing"), "{words}");
    let words =
        run_failing(home.path(), &["comp", "verify", "--evidence", end, "--proposal", proposal]).await;
    assert!(words.contains("the evidence does not verify"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn quantiles_are_found_in_rounds_and_results_are_tables() {
    let network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    let masses = [2_600, 3_100, 3_400, 3_900, 4_500, 5_200, 5_900, 6_100];
    let mut lights = Vec::new();
    for mass in masses {
        lights.push(network.light(home.path(), mass, &["--transport", "tcp"]).await);
    }
    let all = masses.len().to_string();
    let flags = [
        "comp",
        "propose",
        "--host",
        network.url(0),
        "--dataset",
        "penguins",
        "--kind",
        "quantile",
        "--value",
        "mass",
        "--lower",
        "2000",
        "--upper",
        "7000",
        "--bins",
        "2",
        "--tolerance",
        "700",
        "--min-participants",
        &all,
        "--max-participants",
        &all,
        "--records-max",
        "1",
        "--deadline",
        "60s",
        "--wait",
    ];
    let said = run_json(home.path(), &flags).await;
    let results: Vec<&Value> = said.iter().filter(|event| event["event"] == "result").collect();
    assert!(results.len() > 1, "{said:?}");
    let number = |text: &Value| text.as_str().unwrap().parse::<i64>().unwrap();
    let found = &results.last().unwrap()["result"]["answer"]["result"]["quantiles"][0];
    let (least, most) = (number(&found["at_least"]), number(&found["at_most"]));
    assert!(least <= 3_900 && 3_900 <= most && most - least <= 700, "{found}");

    let id = results[0]["id"].as_str().unwrap();
    let output = formix(home.path())
        .args(["comp", "result", id, "--host", network.url(0)])
        .env("NO_COLOR", "1")
        .output();
    let text = String::from_utf8(output.await.unwrap().stdout).unwrap();
    for part in [
        "at least",
        "rounding:",
        "signed by all three heavy nodes: …",
        "protected (prio3):",
        "not protected:",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    let listed = run_json(home.path(), &["comp", "list", "--limit", "1", "--host", network.url(0)]).await;
    assert_eq!(listed[0].as_array().unwrap().len(), 1);
}
