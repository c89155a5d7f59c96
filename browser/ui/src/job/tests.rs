use super::*;
use jobs::{
    Ending,
    view::{LeaseView, RefusalView, ResultView},
};
use keys::Identity;

const NOW: Instant = Instant::from_unix_ms(1_800_000_000_000);

fn ada() -> NodeId {
    Identity::from_seed([1; 32]).id()
}

#[test]
fn the_form_as_it_is_asks_for_a_job_that_a_node_takes() {
    let form = JobForm { args: "2\n\n1000 \n".into(), asked: Asked::Tabs, ..JobForm::default() };
    let manifest = form.manifest(ada(), NOW, "out/primes.wasm").unwrap();
    assert_eq!((manifest.name.as_str(), manifest.args.join("|").as_str()), ("primes", "primes|2|1000 "));
    assert_eq!((manifest.limits, manifest.constraints.kinds), (Limits::default(), vec![Kind::Tab]));
    assert_eq!(manifest.deadline.since_ms(NOW), 3_600_000);
}

#[test]
fn what_is_wrong_is_said_at_its_input() {
    for (field, text) in [
        (Field::Fuel, "0"),
        (Field::Fuel, "1000000001"),
        (Field::Memory, "4097"),
        (Field::Wall, "-1"),
        (Field::Deadline, "1.5"),
        (Field::Deadline, ""),
    ] {
        let mut form = JobForm::default();
        *form.text(field) = text.into();
        let (wrong, words) = form.manifest(ada(), NOW, "a.wasm").unwrap_err();
        assert_eq!(
            (wrong, words.starts_with("A whole number from 1 to ")),
            (field, true),
            "{field:?} {text:?}"
        );
    }
    let long = JobForm { name: "a".repeat(NAME_CHARS_MAX + 1), ..JobForm::default() };
    assert_eq!(long.manifest(ada(), NOW, "a.wasm").unwrap_err().0, Field::Name);
    assert_eq!(JobForm::default().manifest(ada(), NOW, "").unwrap_err().0, Field::Name);
}

#[test]
fn a_job_says_in_a_line_where_it_stands() {
    let begun = JobView {
        id: ContentId::of(b"job"),
        name: "primes".into(),
        submitter: ada(),
        state: JobState::Waiting,
        submitted: NOW,
        deadline: NOW.plus_ms(60_000),
        ended: None,
        replicas: 2,
        leases: Vec::new(),
        why: None,
        result: None,
        receipts: 0,
        refusal: None,
    };
    let now = NOW.plus_ms(12_000);
    assert_eq!(line(&begun, now), "No node has it yet.");
    assert_eq!(
        line(&JobView { why: Some("every node is busy".into()), ..begun.clone() }, now),
        "Every node is busy."
    );
    let lease = LeaseView { node: ada(), kind: Some(Kind::Tab), since: NOW.plus_ms(2_000), until: NOW };
    let running = JobView { state: JobState::Running, leases: vec![lease], ..begun.clone() };
    assert_eq!(line(&running, now), "On 1 node for 10 s.");
    let ended = |state, ending| {
        let id = ContentId::of(b"");
        let result = ResultView {
            ending,
            stdout: id,
            stdout_bytes: Some(0),
            stderr: id,
            stderr_bytes: Some(0),
            fuel: 9,
            gas: "gas".into(),
            agreed: 2,
            nodes: vec![ada()],
            judged: false,
        };
        line(&JobView { state, result: Some(result), ..begun.clone() }, now)
    };
    assert_eq!(ended(JobState::Done, Ending::Exit(0)), "2 nodes ran it and agree on every byte.");
    assert_eq!(ended(JobState::Failed, Ending::Exit(3)), "Failed: the guest ended with exit code 3.");
    assert_eq!(node_name(ada(), Some(Kind::Tab), Some(ada())), "this browser");
    assert!(node_name(ada(), Some(Kind::Tab), None).starts_with("a tab (…"));
    let refusal = RefusalView { code: "deadline".into(), words: "no node had it in time".into() };
    let refused = JobView { state: JobState::Refused, refusal: Some(refusal), ..begun };
    assert_eq!(
        (label(refused.state), line(&refused, now).as_str()),
        ("No result", "No node had it in time.")
    );
}

#[test]
fn what_a_host_shows_is_held_against_its_name_and_the_receipts() {
    let (named, other) = (ContentId::of(b"out"), ContentId::of(b"else"));
    assert_eq!(check_stream(b"out", named), Ok(()));
    assert!(check_stream(b"else", named).is_err_and(|words| words.contains("not shown")));
    assert_eq!(compare_streams((named, other), Some((named, other))), None);
    assert_eq!(compare_streams((named, other), None), None, "a job without a result shows none");
    assert!(compare_streams((other, named), Some((named, other))).is_some());
}
