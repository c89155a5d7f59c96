//! Every corpus once more, and a fixed number of mutations of each.

use fuzz::{TARGETS, corpus, mutate::Mutator, target};

/// Mutations of a target whose input is read and no more.
const MANY: usize = 3_000;
/// Mutations of a target that verifies signatures or restores a machine.
const SOME: usize = 300;
/// Mutations of a target that takes a machine through a whole course.
const FEW: usize = 60;

fn survives(name: &str, mutations: usize) {
    let target = target(name).expect("a target of that name");
    let inputs = corpus(name).expect("its corpus");
    assert!(!inputs.is_empty(), "the corpus of {name} is empty");
    for (file, input) in &inputs {
        eprintln!("corpus/{name}/{file}");
        (target.run)(input);
    }
    let mut mutator = Mutator::new(0, inputs.into_iter().map(|(_, input)| input));
    for at in 0..mutations {
        let input = mutator.next_input();
        // Shown when the next line panics.
        eprintln!("mutation {at}");
        (target.run)(&input);
    }
}

macro_rules! targets {
    ($($test:ident, $name:literal, $mutations:expr;)*) => {
        $(
            #[test]
            fn $test() {
                survives($name, $mutations);
            }
        )*

        #[test]
        fn no_target_is_left_out() {
            let tested = [$($name),*];
            for target in TARGETS {
                assert!(tested.contains(&target.name), "add a test of `{}`", target.name);
            }
        }
    };
}

targets! {
    frame, "frame", MANY;
    link, "link", MANY;
    request, "request", MANY;
    response, "response", MANY;
    webrtc_frame, "webrtc-frame", MANY;
    webrtc_stream, "webrtc-stream", MANY;
    envelope, "envelope", SOME;
    proposal, "proposal", SOME;
    query, "query", MANY;
    draft, "draft", MANY;
    outcome, "outcome", SOME;
    descriptor, "descriptor", SOME;
    capability, "capability", SOME;
    ids, "ids", MANY;
    number, "number", MANY;
    table, "table", MANY;
    graph, "graph", MANY;
    graph_changes, "graph-changes", SOME;
    schema, "schema", MANY;
    record, "record", SOME;
    expression, "expression", MANY;
    module, "module", MANY;
    book, "book", MANY;
    terms, "terms", SOME;
    block, "block", SOME;
    block_records, "block-records", SOME;
    shares, "shares", MANY;
    sdp, "sdp", MANY;
    command, "command", SOME;
    table_record, "table-record", MANY;
    tally_records, "tally-records", SOME;
    light_records, "light-records", SOME;
    heavy_records, "heavy-records", SOME;
    heavy_node, "heavy-node", FEW;
    light_node, "light-node", FEW;
    tally, "tally", FEW;
    jobs_request, "jobs-request", MANY;
    jobs_response, "jobs-response", MANY;
    broker, "broker", SOME;
    worker, "worker", SOME;
    job_records, "job-records", SOME;
    rank_part, "rank-part", MANY;
    shards_letters, "shards-letters", MANY;
    shards_coordinator, "shards-coordinator", SOME;
    shards_holder, "shards-holder", SOME;
    ranking_records, "ranking-records", SOME;
}
