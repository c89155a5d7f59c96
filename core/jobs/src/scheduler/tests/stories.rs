//! Why: each node's reason, what can never run, and what is left after a restart.

use super::*;

#[test]
fn each_node_s_reason_is_told_as_data_and_in_words() {
    let mut rig = Rig::new(Config::new(GAS));
    let asks = Manifest {
        limits: Limits { memory_bytes: 1 << 30, fuel: 5_000, wall_ms: 60_000, ..Limits::default() },
        constraints: Constraints {
            kinds: vec![Kind::Tab],
            except: vec![id(7)],
            agreed_min: 1,
            ..Constraints::default()
        },
        ..manifest(1, 1)
    };
    let tab = || advert(Kind::Tab, 1);
    rig.join(1, advert(Kind::Native, 1));
    rig.join(2, Advert { memory_bytes_max: 1 << 20, ..tab() });
    rig.join(3, Advert { fuel_max: 10, ..tab() });
    rig.join(4, Advert { wall_ms_max: 10, ..tab() });
    rig.join(5, Advert { gas: "other-2".into(), ..tab() });
    rig.join(6, tab());
    rig.join(7, tab());
    let job = rig.submit(1, &asks);
    // Its linear memory, and what comes on top: stack, table, module and output.
    let needs_bytes = (1 << 30) + (44 << 20);
    let expected = [
        (1, Reason::Kind { kind: Kind::Native }, "of a kind that the job does not ask for (native)"),
        (
            2,
            Reason::Memory { needs_bytes, gives_bytes: 1 << 20 },
            "gives 1 MiB of memory, and the job may use 1068",
        ),
        (3, Reason::Fuel { needs: 5_000, gives: 10 }, "gives 10 fuel"),
        (4, Reason::Wall { needs_ms: 60_000, gives_ms: 10 }, "gives a job 10 ms"),
        (5, Reason::Gas { gas: "other-2".into() }, "another gas schedule (other-2)"),
        (6, Reason::Record { needs: 1, has: 0 }, "has agreed with others 0 times"),
        (7, Reason::Excepted, "one of the nodes that the job excepts"),
    ];
    for (number, reason, words) in &expected {
        assert_eq!(rig.reason(job, *number), *reason);
        assert!(reason.to_string().contains(words), "{reason}");
    }
    let why = rig.scheduler.why(job).unwrap();
    assert_eq!(why.stage, Stage::Waiting { wanted: 1, running: 0, answered: 0, replicas: 1 });
    assert!(why.is_stuck());
    assert!(
        why.to_string().contains("none that is here can run it")
            && why.to_string().contains("and 2 other reasons")
    );
    let json = serde_json::to_value(&why).unwrap();
    let of_two = json["nodes"].as_array().unwrap().iter().find(|pair| pair[0] == id(2).to_string()).unwrap();
    assert_eq!(
        of_two[1],
        serde_json::json!({"code": "memory", "needs_bytes": needs_bytes, "gives_bytes": 1 << 20})
    );
    assert_eq!(json["stage"]["code"], "waiting");
}

#[test]
fn busy_and_paused_nodes_say_so_and_a_running_job_says_where() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    rig.join(2, advert(Kind::Tab, 0));
    let first = rig.submit(1, &manifest(1, 1));
    let second = rig.submit(1, &manifest(1, 2));
    assert_eq!(rig.reason(first, 1), Reason::RunsIt);
    assert_eq!(rig.scheduler.why(first).unwrap().stage, Stage::Running { running: 1, answered: 0 });
    assert_eq!(rig.reason(second, 1), Reason::Busy { slots: 1 });
    assert_eq!(rig.reason(second, 2), Reason::Paused);
    assert!(!rig.scheduler.why(second).unwrap().is_stuck());
    rig.tab(2);
    assert!(rig.has(2, second), "it goes on when the person does");
    assert_eq!(rig.scheduler.why(ContentId::of(b"")), None);
}

#[test]
fn what_no_node_can_ever_run_is_refused_at_once_and_what_none_can_now_is_said() {
    let config = Config { limits_max: Limits { memory_bytes: 1 << 31, ..Limits::MAX }, ..Config::new(GAS) };
    let mut rig = Rig::new(config);
    rig.tab(1);
    let mut huge = manifest(1, 1);
    huge.limits.memory_bytes = 1 << 32;
    let error = rig.refused(1, &huge);
    assert!(matches!(error, SubmitError::Never { field: "limits.memory_bytes", .. }));
    assert!(error.to_string().starts_with("no node can ever run this: `limits.memory_bytes`"), "{error}");
    let heavy = Constraints { kinds: vec![Kind::Heavy], ..Constraints::default() };
    let taken = rig.try_submit(1, &Manifest { constraints: heavy, ..manifest(1, 2) }).unwrap().unwrap();
    assert_eq!(taken.able, 0);
    assert!(taken.words.contains("none that is here can run it"), "{}", taken.words);
    let past =
        Manifest { created: Instant::from_unix_ms(0), deadline: Instant::from_unix_ms(1), ..manifest(1, 3) };
    assert!(matches!(rig.refused(1, &past), SubmitError::Manifest(_)));
}

#[test]
fn nodes_are_named_and_a_distrusted_one_cannot_be_waited_for() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.join(judge(1), advert(Kind::Heavy, 8));
    (1..=2).for_each(|number| rig.tab(number));
    for nonce in 0..3 {
        let job = rig.submit(1, &Manifest { replicas: 2, ..manifest(1, nonce) });
        rig.answer(1, job, b"lie").unwrap();
        rig.answer(2, job, b"out").unwrap();
        rig.answer(judge(1), job, b"out").unwrap();
    }
    assert!(rig.scheduler.standing(id(1)).is_distrusted());
    let only =
        |nodes| Manifest { constraints: Constraints { nodes, ..Constraints::default() }, ..manifest(1, 9) };
    assert!(matches!(
        rig.refused(1, &only(vec![id(1)])),
        SubmitError::Never { field: "constraints.nodes", .. }
    ));
    let job = rig.submit(1, &only(vec![id(1), id(5)]));
    assert_eq!(rig.reason(job, 1), Reason::Distrusted { disagreed: 3 });
    assert_eq!(rig.reason(job, 2), Reason::NotListed);
    rig.tab(5);
    assert!(rig.has(5, job));
}

#[test]
fn after_a_restart_everything_acknowledged_is_there() {
    let mut rig = Rig::new(Config::new(GAS));
    (1..=2).for_each(|number| rig.tab(number));
    let done = rig.submit(1, &Manifest { replicas: 2, ..manifest(1, 1) });
    rig.answer(1, done, b"out").unwrap();
    rig.answer(2, done, b"out").unwrap();
    let half = rig.submit(1, &Manifest { replicas: 2, ..manifest(1, 2) });
    rig.answer(1, half, b"out").unwrap();
    let waiting = rig.submit(2, &Manifest { replicas: 7, priority: 3, ..manifest(2, 3) });
    let lease = rig.leases[&(id(2), half)].clone();
    let mut again = rig.restart();
    again.check();
    assert_eq!(again.scheduler.open().collect::<Vec<_>>().len(), 2);
    assert_eq!(again.scheduler.end_of(done), rig.scheduler.end_of(done));
    let standings = |rig: &Rig| rig.scheduler.standings().collect::<Vec<_>>();
    assert_eq!(standings(&again), standings(&rig));
    assert_eq!(again.submit(1, &Manifest { replicas: 2, ..manifest(1, 1) }), done, "and is no second job");
    // The node is handed again what it held, and its answer counts.
    again.tab(2);
    assert!(again.has(2, half));
    assert_eq!(again.hand_in(2, receipt(2, &lease, b"out", again.now)), Ok(()));
    assert_eq!(again.result(half), (ContentId::of(b"out"), true));
    assert!(again.scheduler.why(waiting).is_some());
    assert_eq!(again.hand_in(1, receipt(1, &lease, b"out", again.now)), Err(AnswerError::Twice));
}

#[test]
fn a_damaged_store_is_told_by_its_key() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.submit(1, &manifest(1, 1));
    for at in 0..rig.store.list(STORE_PREFIX).len() {
        let mut entries = rig.store.list(STORE_PREFIX);
        entries[at].value.truncate(3);
        let error = Scheduler::restore(Config::new(GAS), &entries, start()).unwrap_err();
        assert!(error.to_string().contains(&data_encoding::HEXLOWER.encode(&entries[at].key)), "{error}");
    }
}

#[test]
fn ended_jobs_and_standings_are_forgotten_beyond_their_bounds() {
    let config = Config { ended_max: 3, standings_max: 2, ..Config::new(GAS) };
    let mut rig = Rig::new(config);
    let mut jobs = Vec::new();
    for number in 1..=5 {
        rig.tab(number);
        let job = rig.submit(1, &manifest(1, number));
        rig.answer(number, job, b"").unwrap();
        rig.leave(number);
        jobs.push(job);
    }
    assert_eq!(rig.scheduler.ended().map(|(job, _)| job).collect::<Vec<_>>(), jobs[2..]);
    let mut left: Vec<NodeId> = vec![id(4), id(5)];
    left.sort_unstable();
    assert_eq!(rig.scheduler.standings().map(|(node, _)| node).collect::<Vec<_>>(), left);
    let ids = 2;
    assert_eq!(rig.store.list(STORE_PREFIX).len(), 8 + ids, "and on the disk too");
}

#[test]
fn nodes_are_looked_at_once_for_all_jobs_of_an_array() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.join(1, advert(Kind::Native, 1));
    let tabs = |nonce| Manifest {
        constraints: Constraints { kinds: vec![Kind::Tab], ..Constraints::default() },
        ..manifest(1, nonce)
    };
    let words = |rig: &mut Rig, manifest: &Manifest| rig.try_submit(1, manifest).unwrap().unwrap().words;
    let first = words(&mut rig, &tabs(1));
    assert!(first.contains("1 × is of a kind"), "{first}");
    rig.join(2, advert(Kind::Native, 1));
    assert_eq!(words(&mut rig, &tabs(2)), first, "a moment later the same is said");
    // What asks for more, or is further, is told its own.
    assert!(words(&mut rig, &Manifest { replicas: 2, ..tabs(3) }).contains("2 × is of a kind"));
    rig.wait(250);
    assert!(words(&mut rig, &tabs(4)).contains("2 × is of a kind"));
}
