//! Whatever happens in whatever order, what must hold holds.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Join {
        node: u32,
        slots: u16,
    },
    Leave {
        node: u32,
    },
    Submit {
        by: u32,
        replicas: u8,
        unanimous: bool,
        priority: u8,
        wall_ms: u32,
        deadline_ms: u64,
    },
    /// One of the leases that are out is answered.
    Answer {
        which: usize,
        output: u8,
    },
    Decline {
        which: usize,
    },
    Cancel {
        which: usize,
    },
    Wait {
        ms: u64,
    },
    Disk {
        works: bool,
    },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let node = prop_oneof![6 => 0u32..8, 1 => 10_000u32..10_002];
    prop_oneof![
        4 => (node.clone(), 0u16..3).prop_map(|(node, slots)| Step::Join { node, slots }),
        2 => node.prop_map(|node| Step::Leave { node }),
        6 => (0u32..3, 1u8..4, any::<bool>(), 0u8..3, 1_000u32..20_000, 1u64..60_000).prop_map(
            |(by, replicas, unanimous, priority, wall_ms, deadline_ms)| Step::Submit {
                by, replicas, unanimous, priority, wall_ms, deadline_ms
            }
        ),
        8 => (any::<usize>(), 0u8..3).prop_map(|(which, output)| Step::Answer { which, output }),
        1 => any::<usize>().prop_map(|which| Step::Decline { which }),
        1 => any::<usize>().prop_map(|which| Step::Cancel { which }),
        3 => (0u64..30_000).prop_map(|ms| Step::Wait { ms }),
        1 => any::<bool>().prop_map(|works| Step::Disk { works }),
        1 => Just(Step::Restart),
    ]
}

fn number_of(node: NodeId) -> u32 {
    (0..8).chain(10_000..10_002).find(|number| id(*number) == node).unwrap()
}

fn run(steps: Vec<Step>) {
    let config =
        Config { attempts_max: 5, jobs_each_max: 6, jobs_max: 12, ended_max: 200, ..Config::new(GAS) };
    let mut rig = Rig::new(config);
    let mut nonce = 0;
    let mut acknowledged: BTreeSet<ContentId> = BTreeSet::new();
    let mut told: BTreeMap<ContentId, Arc<Ended>> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Join { node, slots } => {
                let kind = if node >= 10_000 { Kind::Heavy } else { Kind::Tab };
                rig.join(node, advert(kind, slots));
            }
            Step::Leave { node } => rig.leave(node),
            Step::Submit { by, replicas, unanimous, priority, wall_ms, deadline_ms } => {
                nonce += 1;
                let quorum = if unanimous { Quorum::Unanimous } else { Quorum::Majority };
                let deadline = rig.now.plus_ms(deadline_ms);
                let mut job = Manifest { replicas, quorum, priority, deadline, ..manifest(by, nonce) };
                job.limits.wall_ms = wall_ms;
                if let Some(Ok(taken)) = rig.try_submit(by, &job) {
                    acknowledged.insert(taken.job);
                }
            }
            Step::Answer { which, output } => {
                if let Some((node, job)) = nth(rig.leases.keys().copied(), which) {
                    let number = number_of(node);
                    // Judges tell the truth.
                    let output = if number >= 10_000 { 0 } else { output };
                    let document = rig.leases.remove(&(node, job)).unwrap();
                    rig.input(Input::Answered {
                        token: 0,
                        node,
                        receipt: receipt(number, &document, &[output], rig.now),
                    });
                }
            }
            Step::Decline { which } => {
                if let Some((node, job)) = nth(rig.leases.keys().copied(), which) {
                    rig.leases.remove(&(node, job));
                    rig.input(Input::Declined { node, job, why: "no".into() });
                }
            }
            Step::Cancel { which } => {
                let open: Vec<ContentId> = rig.scheduler.open().collect();
                if let Some(job) = nth(open.into_iter(), which) {
                    let by = rig.scheduler.jobs[&job].manifest.submitter;
                    rig.input(Input::Cancel { token: 0, job, by });
                }
            }
            Step::Wait { ms } => rig.wait(ms),
            Step::Disk { works } => rig.disk_works = works,
            Step::Restart => {
                told.append(&mut rig.ended);
                rig = rig.restart();
            }
        }
        rig.check();
        let held: usize = rig.scheduler.held.values().map(BTreeSet::len).sum();
        assert!(rig.scheduler.jobs.len() <= 12 && held <= 12 * 7);
        // What was acknowledged is open or has ended, and what has ended stays as it was told.
        for (job, ended) in told.iter().chain(&rig.ended) {
            let now = rig.scheduler.end_of(*job).expect("a told end is remembered");
            assert_eq!(now.outcome, ended.outcome);
        }
        for job in &acknowledged {
            assert!(rig.scheduler.jobs.contains_key(job) || rig.scheduler.end_of(*job).is_some());
        }
        // No node is credited twice for one job.
        let mut credited: BTreeMap<NodeId, u64> = BTreeMap::new();
        for (_, ended) in rig.scheduler.ended() {
            let mut nodes: Vec<NodeId> = ended.answers.iter().map(|answer| answer.node).collect();
            nodes.sort_unstable();
            assert!(nodes.windows(2).all(|two| two[0] != two[1]));
            nodes.iter().for_each(|node| *credited.entry(*node).or_default() += 1);
        }
        for (node, standing) in rig.scheduler.standings() {
            assert!(standing.agreed + standing.disagreed + standing.unchecked <= credited[&node]);
        }
    }
    // With the disk back, nodes and time enough, everything ends.
    rig.disk_works = true;
    rig.wait(3_600_000);
    assert_eq!(rig.scheduler.open().count(), 0);
    let standings: BTreeMap<NodeId, Standing> = rig.scheduler.standings().collect();
    assert_eq!(replay(rig.scheduler.ended()), standings);
    assert_eq!((rig.scheduler.bytes, rig.scheduler.queue.submitters()), (0, 0));
    assert!(rig.scheduler.held.is_empty() && rig.scheduler.poll_timeout().is_none());
}

fn nth<T>(items: impl Iterator<Item = T>, which: usize) -> Option<T> {
    let mut items: Vec<T> = items.collect();
    let at = which.checked_rem(items.len())?;
    Some(items.swap_remove(at))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn every_order_of_events_keeps_what_must_hold(steps in prop::collection::vec(step(), 1..60)) {
        run(steps);
    }
}
