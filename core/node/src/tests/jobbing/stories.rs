//! What becomes of jobs.

use super::*;

#[test]
fn a_job_runs_on_a_light_node_and_ends_with_a_receipt_that_the_heavy_node_witnessed() {
    let mut world = World::working(1);
    let manifest = world.manifest("reverse", b"hello");
    let taken = world.try_submit(&manifest).unwrap();
    assert_eq!((taken.able, taken.words.as_str()), (1, ""));
    let job = taken.job;
    assert_eq!(world.job(job).state, JobState::Running);
    world.run_ms(1_000);
    assert_eq!(world.output(job), b"olleh");
    let view = world.job(job);
    let result = view.result.unwrap();
    assert_eq!((result.agreed, result.nodes.as_slice(), result.judged), (1, &[World::light(10)][..], false));
    assert_eq!((result.stdout_bytes, result.stderr_bytes, view.receipts), (Some(5), Some(0), 1));
    let [document] = world.broker().receipts(job).try_into().unwrap();
    let (receipt, witnesses) = Receipt::open(&document).unwrap();
    receipt.follows(job, &manifest).unwrap();
    assert_eq!((receipt.node, witnesses), (World::light(10), vec![World::light(1)]));
    // Who ran it sees it, and has the same document.
    let mine = world.contribution(10);
    assert_eq!((mine.credit.jobs, mine.credit.fuel, mine.running.len()), (1, receipt.fuel, 0));
    let past = &mine.history[0];
    assert_eq!((past.job, past.name.as_str(), past.submitter), (job, "reverse", submitter().id()));
    assert!(past.is_taken && past.ending == "done");
    let Some(Node::Light(light)) = world.nodes.get(&World::light(10)) else { panic!() };
    assert_eq!(light.receipt(job), Some(document));
    // It keeps that over a start.
    world.run_ms(2_000);
    world.restart_light(10);
    assert_eq!(world.contribution(10).history, mine.history);
    assert_eq!(world.contribution(10).credit, mine.credit);
}

#[test]
fn a_failed_entry_point_is_reported_as_failed() {
    let mut world = World::working(1);
    let mut jobs = Vec::new();
    for entry in ["fails", "aborts", "is_not_there"] {
        let manifest = Manifest { entry: entry.into(), ..world.manifest("reverse", b"hello") };
        jobs.push((world.submit(&manifest), entry));
    }
    world.run_ms(2_000);
    for (job, entry) in jobs {
        let view = world.job(job);
        assert_eq!(view.state, JobState::Failed, "{entry}");
        assert!(!view.result.unwrap().ending.is_success());
    }
    assert!(world.contribution(10).history.iter().all(|past| past.is_taken && past.ending != "done"));
}

#[test]
fn a_tab_closed_mid_job_is_rescheduled_without_double_credit() {
    let mut world = World::working(2);
    world.guests.takes_ms.insert("long", 3_000);
    let manifest = world.manifest("long", b"hello");
    let job = world.submit(&manifest);
    let first = world.runner(job).expect("somebody runs it");
    world.run_ms(1_000);
    world.kill(World::light(first));
    let second = world.runner(job).expect("another runs it");
    assert_ne!(first, second);
    // The first is back, and would take it up again.
    world.restart_light(first);
    world.run_ms(10_000);
    assert_eq!(world.output(job), b"olleh");
    assert_eq!(world.job(job).result.unwrap().nodes, [World::light(second)]);
    assert_eq!((world.contribution(first).credit.jobs, world.contribution(second).credit.jobs), (0, 1));
    assert_eq!(world.guests.begun.len(), 2);
}

#[test]
fn a_light_node_that_lies_is_outvoted_at_three_replicas() {
    let mut world = World::working(3);
    world.guests.liars.insert(World::light(11));
    let manifest = Manifest { replicas: 3, ..world.manifest("reverse", b"hello") };
    let job = world.submit(&manifest);
    assert_eq!(world.job(job).leases.len(), 3);
    world.run_ms(5_000);
    assert_eq!(world.output(job), b"olleh");
    let view = world.job(job);
    let result = view.result.unwrap();
    assert_eq!((result.agreed, result.judged), (2, false));
    assert!(!result.nodes.contains(&World::light(11)));
    let standing =
        |seed| world.broker().workers().into_iter().find(|w| w.node == World::light(seed)).unwrap().standing;
    assert_eq!((standing(10).agreed, standing(11).disagreed), (1, 1));
    assert_eq!(world.broker().blob(ContentId::of(b"a lie")), None, "lies are not kept");
}

#[test]
fn a_dispute_is_settled_by_the_heavy_node_itself() {
    let mut world = World::working(2);
    world.guests.liars.insert(World::light(10));
    let manifest = Manifest { replicas: 2, ..world.manifest("reverse", b"hello") };
    let job = world.submit(&manifest);
    world.run_ms(5_000);
    assert_eq!(world.output(job), b"olleh");
    let view = world.job(job);
    let result = view.result.unwrap();
    assert!(result.judged && result.nodes.contains(&World::light(1)));
    assert_eq!(view.receipts, 3);
}

#[test]
fn a_heavy_node_that_starts_anew_goes_on_with_its_jobs() {
    let mut world = World::working(2);
    world.guests.takes_ms.insert("long", 8_000);
    let manifest = world.manifest("long", b"hello");
    let job = world.submit(&manifest);
    world.run_ms(1_000);
    world.kill(World::light(1));
    world.run_ms(1_000);
    world.restart_heavy(1);
    // The light nodes find it again; who runs the job goes on with it.
    world.run_ms(20_000);
    assert_eq!(world.output(job), b"olleh");
    assert_eq!(world.guests.begun.len(), 1);
    // Also after it has ended.
    world.kill(World::light(1));
    world.restart_heavy(1);
    assert_eq!(world.output(job), b"olleh");
    assert_eq!(world.broker().receipts(job).len(), 1);
    assert_eq!(world.broker().jobs(&Filter::default(), 10).jobs.len(), 1);
}

#[test]
fn a_short_job_is_not_stuck_behind_a_long_one_while_nodes_are_free() {
    let mut world = World::working(1);
    world.guests.takes_ms.insert("long", 15_000);
    let manifest = world.manifest("long", b"a");
    let long = world.submit(&manifest);
    // It takes the short one ahead, not knowing yet that the first is long.
    let manifest = world.manifest("short", b"b");
    let short = world.submit(&manifest);
    assert_eq!(world.job(short).state, JobState::Running);
    world.add_light(11);
    world.contribute(11);
    world.run_ms(1_000);
    assert_eq!(world.output(short), b"b");
    assert_eq!(world.job(short).result.unwrap().nodes, [World::light(11)]);
    assert_eq!(world.job(long).state, JobState::Running);
    // And the next does not even get there.
    let manifest = world.manifest("shorter", b"c");
    let shorter = world.submit(&manifest);
    world.run_ms(50);
    assert_eq!(world.output(shorter), b"c");
}

#[test]
fn volunteers_see_what_runs_and_for_whom_with_caps_and_pause() {
    let mut world = World::new(1);
    let light = World::light(10);
    let Some(Node::Light(node)) = world.nodes.get_mut(&light) else { panic!() };
    node.handle_input(world.now, LightInput::Executor(Some(executor(Kind::Tab))));
    world.run_ms(1_000);
    // Off until the person says yes: the heavy node does not even hear of it.
    let is_known = |world: &World| world.broker().workers().iter().any(|worker| worker.node == light);
    assert!(!is_known(&world) && !world.contribution(10).settings.on);
    world.guests.takes_ms.insert("long", 5_000);
    let manifest = world.manifest("long", b"hello");
    let job = world.submit(&manifest);
    world.run_ms(1_000);
    assert_eq!(world.job(job).state, JobState::Waiting);
    assert!(world.job(job).why.unwrap().contains("none that is here can run it"));
    let reason = |world: &World| {
        let nodes = world.broker().why(job).unwrap().nodes;
        nodes.into_iter().find(|(node, _)| *node == light).unwrap().1
    };
    // A cap that is too small.
    let small = Contribution { on: true, memory_bytes_max: 1 << 20, ..Contribution::default() };
    world.command(light, Command::Contribute(small)).unwrap();
    world.run_ms(100);
    assert!(matches!(reason(&world), Reason::Memory { gives_bytes: 1_048_576, .. }));
    world.contribute(10);
    world.run_ms(100);
    let [running] = world.contribution(10).running.try_into().unwrap();
    assert_eq!((running.job, running.name.as_str(), running.submitter), (job, "long", submitter().id()));
    // Paused, it stops at once, and gives the job back; the choice survives a start.
    world.command(light, Command::Pause).unwrap();
    world.run_ms(100);
    assert!(world.runner(job).is_none() && world.contribution(10).running.is_empty());
    world.run_ms(1_000);
    assert_eq!(reason(&world), Reason::Paused);
    world.restart_light(10);
    world.run_ms(10_000);
    assert!(!world.contribution(10).settings.on);
    assert_eq!(world.job(job).state, JobState::Waiting);
    world.contribute(10);
    world.run_ms(10_000);
    assert_eq!(world.output(job), b"olleh");
}

#[test]
fn an_array_is_reduced_by_a_job_that_reads_its_outputs() {
    let mut world = World::working(2);
    let parts: Vec<Manifest> = ["ab", "cd", "ef"]
        .iter()
        .map(|text| Manifest { name: (*text).into(), ..world.manifest("part", text.as_bytes()) })
        .collect();
    let ids: Vec<ContentId> =
        parts.iter().map(|part| Manifest::open(&part.sign(&submitter()).unwrap()).unwrap().0).collect();
    let reduce = Manifest { input: Blob::Outputs(ids.clone()), ..world.manifest("reduce", b"") };
    assert_eq!(
        world.try_submit(&reduce),
        Err(SubmitError::Missing { field: "input.outputs", id: ids[0] }),
        "parts come first"
    );
    assert_eq!(parts.iter().map(|part| world.submit(part)).collect::<Vec<_>>(), ids);
    let job = world.submit(&reduce);
    assert!(world.job(job).why.unwrap().contains("of which 3 have not ended"));
    world.run_ms(2_000);
    // Each is reversed, and then all of them together.
    assert_eq!(world.output(job), b"efcdab");
    let [document] = world.broker().receipts(job).try_into().unwrap();
    let (receipt, _) = Receipt::open(&document).unwrap();
    assert_eq!(receipt.input, ContentId::of(b"badcfe"));
    receipt.follows(job, &reduce).unwrap();
    // One that reads the output of a job which fails is refused.
    let fails = Manifest { entry: "fails".into(), ..world.manifest("part", b"") };
    let failed = world.submit(&fails);
    let reads = Manifest { input: Blob::Outputs(vec![ids[0], failed]), ..world.manifest("reduce", b"") };
    let refused = world.submit(&reads);
    let reads = Manifest { input: Blob::Outputs(vec![refused]), ..world.manifest("again", b"") };
    let too = world.submit(&reads);
    world.run_ms(2_000);
    for job in [refused, too] {
        let view = world.job(job);
        assert_eq!((view.state, view.refusal.unwrap().code.as_str()), (JobState::Refused, "input"));
    }
}

#[test]
fn a_submitter_cancels_and_nobody_else() {
    let mut world = World::working(1);
    world.guests.takes_ms.insert("long", 15_000);
    let manifest = world.manifest("long", b"a");
    let job = world.submit(&manifest);
    for (token, by) in [(1_001, Identity::from_seed([98; 32])), (1_002, submitter())] {
        let envelope = Cancellation::sign(job, &by);
        world.heavy_input(World::light(1), HeavyInput::CancelJob { token, envelope });
    }
    let cancelled = &world.guests.cancelled;
    assert_eq!(cancelled[&1_001], Err(CancellationError::Refused(CancelError::NotYours)));
    assert_eq!(cancelled[&1_002], Ok(job));
    world.run_ms(1_000);
    assert_eq!(world.job(job).state, JobState::Cancelled);
    assert!(world.runner(job).is_none(), "it runs on nowhere");
}
