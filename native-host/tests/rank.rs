//! `formix rank`: files to π, on any number of threads and shards, and while a graph changes.

mod common;

use common::{Network, formix, get, run, run_failing, run_json, until};
use graphs::Numbers;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path, process::Stdio};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// Node 2 is pointed to by all.
const GRAPH: &str = "# from to\n0 1\n1 2\n2 0\n3 2\n3 2\n";

async fn solved(home: &Path, args: &[&str]) -> Value {
    let mut said = run_json(home, &[&["rank"], args].concat()).await;
    assert_eq!(said.len(), 1);
    said.remove(0)
}

#[tokio::test]
async fn a_graph_is_ranked_alike_however_it_is_computed() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("graph.txt"), GRAPH).unwrap();
    let said = solved(home, &["graph.txt"]).await;
    assert_eq!((&said["nodes"], &said["edges"], &said["edges_listed"]), (&4.into(), &4.into(), &5.into()));
    assert_eq!((&said["verdict"], &said["top"][0]["node"]), (&"converged".into(), &2.into()));
    let units: u64 = said["top"].as_array().unwrap().iter().map(|top| top["units"].as_u64().unwrap()).sum();
    assert_eq!(units, 1 << 58);
    for args in [["--threads", "2"], ["--shards", "3"], ["--shards", "64"]] {
        assert_eq!(solved(home, &["graph.txt", args[0], args[1]]).await["digest"], said["digest"]);
    }
    fs::write(home.join("stakes.csv"), "node,stake\n0,1\n1,1\n2,98\n").unwrap();
    let staked =
        solved(home, &["graph.txt", "--stakes", "stakes.csv", "--teleport", "stake", "--top", "1"]).await;
    assert!(staked["digest"] != said["digest"] && staked["top"].as_array().unwrap().len() == 1, "{staked}");
    let old = solved(home, &["graph.txt", "--method", "cyberank"]).await;
    assert_eq!(old["top"][0]["node"], 2);
    let output = run(home, ["rank", "graph.txt"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("4 nodes, 4 edges (5 listed), 0 dangling\nconverged after"), "{text}");
}

#[tokio::test]
async fn a_gpu_gives_the_same_and_without_one_the_processor_does() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("graph.txt"), GRAPH).unwrap();
    let by_processor = solved(home, &["graph.txt"]).await;
    assert_eq!((&by_processor["device"], &by_processor["gpu_error"]), (&"processor".into(), &Value::Null));
    let by_gpu = solved(home, &["graph.txt", "--device", "gpu"]).await;
    assert_eq!((&by_gpu["digest"], &by_gpu["report"]), (&by_processor["digest"], &by_processor["report"]));
    assert!(by_gpu["gpu_error"].is_null() && by_gpu["device"] != "processor", "{by_gpu}");
    // The loader of Vulkan's drivers looks here alone, and finds none.
    let mut hidden = formix(home);
    hidden.env("VK_DRIVER_FILES", home.join("none.json")).env("VK_ICD_FILENAMES", home.join("none.json"));
    let output = hidden.args(["--json", "rank", "graph.txt", "--device", "gpu"]).output().await.unwrap();
    let without: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&without["digest"], &without["device"]), (&by_processor["digest"], &"processor".into()));
    assert!(without["gpu_error"].as_str().unwrap().contains("there is no GPU to compute on"), "{without}");
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("graph.txt"), GRAPH).unwrap();
    fs::write(home.join("bad.csv"), "0,1,1\n1,0,NaN\n").unwrap();
    let cases: [(&[&str], &str); 8] = [
        (&["rank"], "name the file of a graph"),
        (&["rank", "none.txt"], "reading none.txt"),
        (&["rank", "bad.csv"], "line 2: the weight is not a finite number"),
        (&["rank", "graph.txt", "--device", "gpu", "--shards", "2"], "--device gpu goes with --method pi"),
        (&["rank", "graph.txt", "--alpha", "1"], "--alpha 1 is too large"),
        (&["rank", "graph.txt", "--eps", "x"], "--eps x is not a number"),
        (&["rank", "graph.txt", "--nodes", "3"], "line 5: an id is above 2"),
        (&["rank", "graph.txt", "--teleport", "stake"], "give --stakes FILE"),
    ];
    for (args, expected) in cases {
        let said = run_failing(home, args).await;
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    let slow = run(home, ["rank", "graph.txt", "--alpha", "0.99999", "--eps", "0.01", "--json"]).await;
    let said: Value = serde_json::from_slice(&slow.stdout).unwrap();
    assert_eq!((slow.status.code(), &said["verdict"]), (Some(3), &"gap-too-small".into()), "{said}");
}

#[tokio::test]
async fn changes_are_applied_as_they_come() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("graph.txt"), GRAPH).unwrap();
    let mut watch = formix(home)
        .args(["--json", "rank", "watch", "graph.txt", "--eps", "1e-9"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let changes = "+ 0 3\n- 1 2\n\n# and now\n+ 4 3\n";
    watch.stdin.take().unwrap().write_all(changes.as_bytes()).await.unwrap();
    let output = watch.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let said: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sizes: Vec<_> = said.iter().map(|said| (said["nodes"].as_u64(), said["edges"].as_u64())).collect();
    assert_eq!(sizes, [(Some(4), Some(4)), (Some(4), Some(4)), (Some(5), Some(5))]);
    fs::write(home.join("after.txt"), "0 1\n0 3\n2 0\n3 2\n4 3\n").unwrap();
    let cold = solved(home, &["after.txt"]).await;
    let units = |said: &Value| -> Vec<(u64, u64)> {
        let mut all: Vec<_> = said["top"]
            .as_array()
            .unwrap()
            .iter()
            .map(|top| (top["node"].as_u64().unwrap(), top["units"].as_u64().unwrap()))
            .collect();
        all.sort_unstable();
        all
    };
    let away: u64 = units(&cold).iter().zip(units(&said[2])).map(|(a, b)| a.1.abs_diff(b.1)).sum();
    assert!(away < (1 << 58) / 900_000, "{away}");
    fs::write(home.join("deltas.txt"), "+ 0\n").unwrap();
    let wrong = run_failing(home, &["rank", "watch", "graph.txt", "--deltas", "deltas.txt"]).await;
    assert!(wrong.contains("deltas.txt, line 1: expected `+ from to`"), "{wrong}");
}

/// Light nodes of the network hold its parts; the digest is the one of this machine, also where one of them is killed on the way.
#[tokio::test(flavor = "multi_thread")]
async fn light_nodes_of_a_network_give_the_digest_of_one_machine() {
    let network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let edges: String = (0..20_000_u64)
        .map(|at| format!("{} {}\n", at * at % 1_999, at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 53))
        .collect();
    fs::write(home.join("graph.txt"), edges).unwrap();
    let here = solved(home, &["graph.txt"]).await;
    let homes = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let mut nodes = Vec::new();
    for (at, home) in homes.iter().enumerate() {
        nodes.push(network.worker(home.path(), &format!("light{at}"), &["--slots", "1", "--graphs"]).await);
    }
    let url = network.url(0);
    until(|| async { get(&format!("{url}/api/v1/holders")).await.as_array().unwrap().len() == 3 }).await;
    // Everybody may read who they are and what computes there.
    let holders = get(&format!("{url}/api/v1/holders")).await;
    let named: BTreeSet<&str> =
        holders.as_array().unwrap().iter().filter_map(|holder| holder["node"].as_str()).collect();
    assert_eq!(named.len(), 3, "{holders}");
    let device = format!("processor, {}", std::env::consts::ARCH);
    for holder in holders.as_array().unwrap() {
        assert_eq!(holder["device"], device.as_str(), "{holders}");
    }
    let there = solved(home, &["graph.txt", "--on", url]).await;
    for field in ["digest", "report", "top", "verdict", "nodes", "edges"] {
        assert_eq!(there[field], here[field], "{field}");
    }
    assert_eq!((&there["shards"], &there["liars"]), (&3.into(), &Value::Array(Vec::new())));
    for shard in there["computed"].as_array().unwrap() {
        let holders = shard["holders"].as_array().unwrap();
        assert!(holders.len() == 2 && holders.iter().all(|holder| holder["node"].is_string()), "{there}");
    }
    let pi = format!("{url}/api/v1/rankings/{}/pi", there["ranking"].as_str().unwrap());
    let pi = reqwest::get(pi).await.unwrap().bytes().await.unwrap();
    let units: u64 = pi.as_chunks::<8>().0.iter().map(|units| u64::from_le_bytes(*units)).sum();
    assert_eq!((pi.len() as u64, units), (8 * here["nodes"].as_u64().unwrap(), 1 << 58));
    let listed = get(&format!("{url}/api/v1/rankings")).await;
    assert_eq!(listed["rankings"][0]["digest"], here["digest"]);

    // Another α is another ranking; one node is killed while it is under way.
    let alpha = ["graph.txt", "--alpha", "0.99", "--eps", "1e-4"];
    let here = solved(home, &alpha).await;
    let far = [&alpha[..], &["--on", url, "--shards", "5"]].concat();
    let (there, ()) = tokio::join!(solved(home, &far), async {
        until(|| async {
            get(&format!("{url}/api/v1/rankings")).await["rankings"][0]["rounds"].as_u64() > Some(3)
        })
        .await;
        nodes[0].child.kill().await.unwrap();
    });
    assert_eq!((&there["digest"], &there["report"]), (&here["digest"], &here["report"]));
    // Another took its place, or the heavy node did its steps until it was known to be gone.
    let mut holders =
        there["computed"].as_array().unwrap().iter().flat_map(|shard| shard["holders"].as_array().unwrap());
    assert!(
        there["replaced"].as_u64() > Some(0) || holders.any(|holder| holder["node"].is_null()),
        "{there}"
    );

    let wrong = run_failing(home, &["rank", "graph.txt", "--on", url, "--alpha", "2"]).await;
    assert!(wrong.contains("`alpha`: `2` is too large"), "{wrong}");
}

/// What was taken is durable: a heavy node that is killed begins again, and its light nodes come back by themselves.
#[tokio::test(flavor = "multi_thread")]
async fn a_ranking_outlives_the_heavy_node_that_took_it() {
    let mut network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let edges: String = (0..9_000_u64).map(|at| format!("{} {}\n", at * at % 997, at * 31 % 1_009)).collect();
    fs::write(home.join("graph.txt"), edges).unwrap();
    let precise = ["graph.txt", "--alpha", "0.99", "--eps", "1e-4"];
    let here = solved(home, &precise).await;
    let homes = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let _first = network.worker(homes[0].path(), "one", &["--slots", "1"]).await;
    let _second = network.worker(homes[1].path(), "two", &["--slots", "1"]).await;
    let url = network.url(0).to_owned();
    let far = [&precise[..], &["--on", &url, "--shards", "4"]].concat();
    let rounds = || async { get(&format!("{url}/api/v1/rankings")).await["rankings"][0]["rounds"].as_u64() };
    let (there, ()) = tokio::join!(solved(home, &far), async {
        until(|| async { rounds().await > Some(2) }).await;
        network.crash(0).await;
    });
    assert_eq!((&there["digest"], &there["report"]), (&here["digest"], &here["report"]));
}

#[tokio::test]
async fn weights_are_programs_and_what_is_wrong_with_one_stops_no_other() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let deltas = "@trust(a b) =\n  (+ (* a a) b)\n@loop = λx. (@loop x)\n+ 0 1 @trust(3 4)\n+ 0 2 @turst(3 4)\n+ 0 3 @loop(1)\n+ 1 0 *2 0.5\n\n- 7 8\n";
    fs::write(home.join("deltas.txt"), deltas).unwrap();
    let args = ["rank", "watch", "--state", "state", "--deltas", "deltas.txt", "--threads", "2"];
    let said = run_json(home, &args).await;
    assert_eq!(said.len(), 3);
    assert_eq!(
        (&said[1]["edges"], &said[1]["changes"], &said[1]["way"]),
        (&2.into(), &2.into(), &"warm".into())
    );
    let refused = said[1]["refused"].as_array().unwrap();
    assert_eq!((&refused[0]["line"], &refused[0]["reason"]), (&5.into(), &"unread".into()));
    assert!(
        refused[0]["message"]
            .as_str()
            .unwrap()
            .contains("1:1: nothing is named `@turst`: did you mean `@trust`?")
    );
    assert_eq!((&refused[1]["line"], &refused[1]["reason"]), (&6.into(), &"too-much".into()));
    assert_eq!((&said[2]["refused"][0]["line"], &said[2]["way"]), (&9.into(), &"none".into()));
    // The state goes on, and what it has is left out.
    let again = run_json(home, &[&args[..], &["--resume"]].concat()).await;
    assert_eq!((again.len(), &again[0]["restored"], &again[0]["record"]), (1, &2.into(), &said[2]["record"]));
    let alone = run(home, ["rank", "watch", "--state", "other", "--deltas", "deltas.txt"]).await;
    let (text, words) = (String::from_utf8(alone.stdout).unwrap(), String::from_utf8(alone.stderr).unwrap());
    assert!(text.contains(said[2]["record"].as_str().unwrap()), "one thread or two: {text}");
    assert!(
        words.contains("deltas.txt, line 5: refused:") && words.contains("\n  @turst(3 4)\n  ^"),
        "{words}"
    );
    let wrong = run_failing(home, &["rank", "watch", "--state", "state", "--alpha", "0.5"]).await;
    assert!(wrong.contains("goes by other settings"), "{wrong}");
    fs::write(home.join("book.txt"), "+ 0 1\n\n# and\n@a = 1\n@b = (@a @c)\n").unwrap();
    let wrong = run_failing(home, &["rank", "watch", "--state", "third", "--deltas", "book.txt"]).await;
    assert!(
        wrong.contains("book.txt, line 5: the block's definitions: 2:10: nothing is named `@c`"),
        "{wrong}"
    );
}

/// How many random blocks a GPU takes.
const RANDOM_BLOCKS: usize = 16;

/// Random blocks; some of their weights are no number, or take too much, and one block is so large that π is solved anew.
fn random_blocks() -> String {
    const TERMS: [&str; 6] =
        ["@square(N)", "(@sum N)", "! &{a b} = @square(N); (+ a (* b 2))", "λx. x", "@loop(1)", "(- N N)"];
    let mut numbers = Numbers::new(12);
    let mut deltas = String::new();
    for block in 0..RANDOM_BLOCKS {
        deltas += "@square(x) = (* x x)\n@sum(n) = ~ n { 0: 0 1+p: (+ p @sum(p)) }\n@loop = λx. (@loop x)\n";
        for _ in 0..if block % 8 == 7 { 11_000 } else { 1 + numbers.below(9) } {
            let (from, to) = (numbers.below(400), numbers.below(400));
            deltas += &match numbers.below(8) {
                0 | 1 => format!("- {from} {to}\n"),
                2 => format!("+ {from} {to} *3 0.5\n"),
                _ => {
                    let term = TERMS[numbers.below(if block % 8 == 7 { 3 } else { 6 }) as usize];
                    format!("+ {from} {to} {}\n", term.replace('N', &(1 + numbers.below(20)).to_string()))
                }
            };
        }
        deltas += "\n";
    }
    deltas
}

#[tokio::test]
async fn a_watch_by_a_gpu_leaves_the_same_state_and_without_one_the_processor_does() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("deltas.txt"), random_blocks()).unwrap();
    let watch = |state| {
        ["rank", "watch", "--weight-interactions", "2000", "--deltas", "deltas.txt", "--state", state]
    };
    let here = run_json(home, &watch("here")).await;
    let there = run_json(home, &[&watch("there")[..], &["--device", "gpu"]].concat()).await;
    assert_eq!((here.len(), there.len()), (RANDOM_BLOCKS + 1, RANDOM_BLOCKS + 1));
    let (mut weighed, mut solved, mut refused) = (0, 0, 0);
    for (here, there) in here.iter().zip(&there) {
        for key in [
            "height",
            "record",
            "digest",
            "top",
            "refused",
            "interactions",
            "way",
            "pushes",
            "rounds",
            "bound",
        ] {
            assert_eq!(here[key], there[key], "{key} of {}", here["height"]);
        }
        let is_gpu = |device: &Value| device.as_str().is_some_and(|name| name != "processor");
        weighed += u32::from(there["weights_on"] == json!(["processor"]));
        solved += u32::from(is_gpu(&there["solved_on"]));
        refused += here["refused"].as_array().unwrap().len();
        assert!(there["gpu_error"].is_null() && !is_gpu(&here["solved_on"]), "{there}");
    }
    // Their nets end soon.
    println!(
        "{weighed} blocks weighed by the processor and {solved} solved by a GPU; {refused} changes refused"
    );
    assert!(weighed > 12 && solved >= 4 && refused > 10, "{weighed}, {solved}, {refused}");
    // The processor goes on with what the GPU left, and where there is none it does all, and says so.
    let mut hidden = formix(home);
    hidden.env("VK_DRIVER_FILES", home.join("none.json")).env("VK_ICD_FILENAMES", home.join("none.json"));
    hidden.arg("--json").args(watch("there")).args(["--resume", "--device", "gpu"]);
    let output = hidden.output().await.unwrap();
    let restored: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(restored["record"], here[RANDOM_BLOCKS]["record"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("the processor computes, not a GPU: there is no GPU"), "{words}");
    let mut hidden = formix(home);
    hidden.env("VK_DRIVER_FILES", home.join("none.json")).env("VK_ICD_FILENAMES", home.join("none.json"));
    let output =
        hidden.arg("--json").args(watch("without")).args(["--device", "gpu"]).output().await.unwrap();
    let last: Value =
        serde_json::from_str(String::from_utf8(output.stdout).unwrap().lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["record"], &last["weights_on"]),
        (&here[RANDOM_BLOCKS]["record"], &json!(["processor"]))
    );
    assert!(last["gpu_error"].as_str().unwrap().contains("there is no GPU"), "{last}");
}

/// A net that ends soon, one that is long and narrow, one that is wide, one that is wide beside a weight that takes too much, and so is cut down to it.
const WEIGHTS: &str = "\
@tree(n) = ~ n { 0: 1 1+p: !&{a b} = p; (+ @tree(a) @tree(b)) }
@count(n m) = ~ n { 0: m 1+p: @count(p (+ m 1)) }
@loop = λx. (@loop x)
";

#[tokio::test]
async fn a_watch_hands_wide_nets_to_a_gpu_and_names_all_that_took_part() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let blocks = [
        "+ 0 1 @tree(3)\n",
        "+ 1 2 @count(30000 1)\n",
        "+ 2 0 @tree(13)\n+ 2 1 λx. x\n",
        "+ 0 3 @tree(13)\n+ 3 0 @loop(1)\n",
    ];
    let deltas: String = blocks.iter().map(|block| format!("{WEIGHTS}{block}\n")).collect();
    fs::write(home.join("deltas.txt"), deltas).unwrap();
    let watch = ["rank", "watch", "--weight-interactions", "400000", "--deltas", "deltas.txt", "--state"];
    let here = run_json(home, &[&watch[..], &["here"]].concat()).await;
    let there = run_json(home, &[&watch[..], &["there", "--device", "gpu"]].concat()).await;
    for (here, there) in here.iter().zip(&there) {
        for key in ["height", "record", "digest", "refused", "interactions"] {
            assert_eq!(here[key], there[key], "{key} of {}", here["height"]);
        }
        assert!(there["gpu_error"].is_null(), "{there}");
    }
    let on: Vec<Vec<&str>> = there[1..]
        .iter()
        .map(|block| block["weights_on"].as_array().unwrap().iter().map(|by| by.as_str().unwrap()).collect())
        .collect();
    println!("{on:?}");
    let [short, narrow, wide, both] = &on[..] else { panic!("{on:?}") };
    assert_eq!((&short[..], &narrow[..]), (&["processor"][..], &["processor"][..]));
    assert!(wide.len() == 1 && wide[0] != "processor", "{wide:?}");
    assert_eq!((both.len(), both[0]), (2, wide[0]), "{both:?}");
    assert!(both.contains(&"processor"), "the loop alone is narrow: {both:?}");
    assert_eq!(there[4]["refused"][0]["reason"], "too-much");
}

#[tokio::test]
async fn a_watch_that_is_killed_goes_on_to_the_same_bits() {
    const BLOCKS: u64 = 1_000;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut deltas = String::new();
    for at in 0..BLOCKS {
        let (from, to) = (at * 7 % 61, at * at % 53);
        deltas += &format!("@f(x) = (+ (* x x) {at})\n+ {from} {to} @f({})\n- {to} {}\n\n", at % 9, at % 31);
    }
    fs::write(home.join("deltas.txt"), deltas).unwrap();
    let whole = run_json(home, &["rank", "watch", "--state", "whole", "--deltas", "deltas.txt"]).await;
    let args = ["--json", "rank", "watch", "--state", "killed", "--deltas", "deltas.txt", "--resume"];
    let (mut kills, mut told) = (0, 0);
    while kills < 6 {
        let mut watch = formix(home).args(args).spawn().unwrap();
        let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
        let mut ended = false;
        for _ in 0..30 + 10 * kills {
            let Some(line) = lines.next_line().await.unwrap() else {
                ended = true;
                break;
            };
            let said: Value = serde_json::from_str(&line).unwrap();
            if let Some(restored) = said["restored"].as_u64() {
                assert!(restored >= told, "block {told} was told, and {restored} is the last that is there");
            }
            told = said["height"].as_u64().or(said["restored"].as_u64()).unwrap();
        }
        if ended {
            break;
        }
        // SIGKILL.
        watch.kill().await.unwrap();
        kills += 1;
    }
    assert!(kills >= 3, "it was killed midway");
    let rest = run_json(home, &args[1..]).await;
    let (last, expected) = (rest.last().unwrap(), whole.last().unwrap());
    assert_eq!((&last["height"], &last["record"]), (&BLOCKS.into(), &expected["record"]));
    assert_eq!((&last["digest"], &last["top"]), (&expected["digest"], &expected["top"]));
}
