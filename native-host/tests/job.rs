//! A job is run from the command line, and its receipt checked by a stranger.

mod common;

use common::{formix, run, run_failing, run_json};
use serde_json::Value;
use std::{fs, path::Path, path::PathBuf};

/// Reverses its input, and ends with the code that its entry's name says.
const REVERSE: &str = include_str!("../../tests/guests/programs/reverse.wat");

/// Module and input in a home.
fn files(home: &Path) -> [String; 2] {
    let path = |name: &str| -> PathBuf { home.join(name) };
    fs::write(path("reverse.wasm"), wat::parse_str(REVERSE).unwrap()).unwrap();
    fs::write(path("words.txt"), "Hello, World").unwrap();
    ["reverse.wasm", "words.txt"].map(|name| path(name).display().to_string())
}

#[tokio::test]
async fn a_guest_runs_and_its_receipt_verifies() {
    let home = tempfile::tempdir().unwrap();
    let [module, words] = files(home.path());
    let receipt = home.path().join("receipt.json").display().to_string();
    let manifest = home.path().join("manifest.json").display().to_string();
    let args = ["job", "run", &module, "--stdin", &words, "--receipt", &receipt, "--manifest", &manifest];
    let output = run(home.path(), args).await;
    assert!(output.status.success());
    assert_eq!(output.stdout, b"dlroW ,olleH", "what the guest wrote, and nothing else");
    let stdout = home.path().join("out.txt").display().to_string();
    fs::write(&stdout, &output.stdout).unwrap();

    // Elsewhere, by somebody who has only the files.
    let stranger = tempfile::tempdir().unwrap();
    let verify = ["receipt", "verify", &receipt, "--module", &module, "--stdin", &words, "--stdout", &stdout];
    let told = run(stranger.path(), verify.iter().copied().chain(["--manifest", &manifest, "--rerun"])).await;
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.starts_with("Receipt verified.") && told.contains("run again here"), "{told}");

    let wrong = run_failing(stranger.path(), &["receipt", "verify", &receipt, "--stdout", &words]).await;
    assert!(wrong.contains("not the standard output of this receipt"), "{wrong}");
    let lacks =
        run_failing(stranger.path(), &["receipt", "verify", &receipt, "--rerun", "--module", &module]).await;
    assert!(lacks.contains("--stdin"), "{lacks}");
    let forged = fs::read_to_string(&receipt).unwrap().replacen("\"sig\":\"", "\"sig\":\"AA", 1);
    fs::write(&receipt, forged).unwrap();
    let wrong = run_failing(stranger.path(), &["receipt", "verify", &receipt]).await;
    assert!(wrong.contains("does not verify") || wrong.contains("DSSE"), "{wrong}");
}

#[tokio::test]
async fn a_failed_entry_point_is_not_reported_as_success() {
    let home = tempfile::tempdir().unwrap();
    let [module, words] = files(home.path());
    let failed = run(home.path(), ["job", "run", &module, "--stdin", &words, "--entry", "fails"]).await;
    assert_eq!((failed.status.code(), failed.stdout.as_slice()), (Some(7), b"dlroW ,olleH".as_slice()));
    for (entry, expected) in [("loops", "out-of-fuel"), ("is_not_there", "no-entry")] {
        let words =
            run_failing(home.path(), &["job", "run", &module, "--entry", entry, "--fuel", "100000"]).await;
        assert!(words.contains(expected), "{words}");
    }
    let words = run_failing(home.path(), &["job", "run", &words]).await;
    assert!(words.contains("module-invalid"), "{words}");
}

#[tokio::test]
async fn programs_read_what_came_of_it_as_json() {
    let home = tempfile::tempdir().unwrap();
    let [module, words] = files(home.path());
    let told = run_json(home.path(), &["job", "run", &module, "one", "--stdin", &words]).await;
    let [ran] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((&ran["event"], &ran["success"]), (&Value::from("ran"), &Value::from(true)));
    assert_eq!((&ran["stdout"], &ran["ending"]["exit"]), (&Value::from("dlroW ,olleH"), &Value::from(0)));
    assert!(ran["fuel"].as_u64().unwrap() > 0 && ran["receipt"]["signatures"].as_array().unwrap().len() == 1);
    // A loop has the same end and the same fuel, and is told on standard output too.
    let output = formix(home.path())
        .args(["--json", "job", "run", &module, "--entry", "loops", "--fuel", "5000"])
        .output()
        .await
        .unwrap();
    let ran: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&ran["success"], &ran["ending"]["trap"]["code"]),
        (&Value::from(false), &Value::from("out-of-fuel"))
    );
    assert_eq!(ran["fuel"], 5000);
    assert!(!output.status.success());
}
