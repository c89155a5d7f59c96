//! A network on virtual time: 500 nodes of which tabs close mid-job, a fifth lies, and the heavy node crashes. Each run replays from its seed.

use super::*;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const NODES: u32 = 500;
const JUDGES: u32 = 2;
const SUBMITTERS: u32 = 10;

#[derive(Debug, Clone, Copy)]
enum Event {
    Submit { nonce: u32 },
    Finish { node: u32, job: ContentId },
    Vanish { node: u32 },
    Appear { node: u32 },
    Crash,
}

/// How liars lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lies {
    /// Each something of its own.
    Apart,
    /// All the same.
    Together,
}

struct World {
    rig: Rig,
    rng: ChaCha20Rng,
    events: BTreeMap<(Instant, u64), Event>,
    count: u64,
    lies: Lies,
    here: BTreeSet<u32>,
    numbers: BTreeMap<NodeId, u32>,
    /// What each node runs, so that it is begun once.
    runs: BTreeSet<(NodeId, ContentId)>,
    known: BTreeMap<ContentId, Manifest>,
    acknowledged: BTreeSet<ContentId>,
    told: BTreeMap<ContentId, Arc<Ended>>,
    crashes: u32,
    crashes_max: u32,
    jobs: u32,
    quorum: Quorum,
}

fn is_liar(node: u32) -> bool {
    node < NODES && node.is_multiple_of(5)
}

fn truth(job: ContentId) -> ContentId {
    ContentId::of(&[b"truth".as_slice(), job.digest()].concat())
}

impl World {
    fn new(seed: u8, jobs: u32, lies: Lies, quorum: Quorum) -> Self {
        let numbers = (0..NODES).chain((0..JUDGES).map(judge)).map(|number| (id(number), number)).collect();
        let mut world = Self {
            rig: Rig::new(Config { ended_max: 100_000, attempts_max: 40, ..Config::new(GAS) }),
            rng: ChaCha20Rng::from_seed([seed; 32]),
            events: BTreeMap::new(),
            count: 0,
            lies,
            here: BTreeSet::new(),
            numbers,
            runs: BTreeSet::new(),
            known: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            told: BTreeMap::new(),
            crashes: 0,
            crashes_max: 4,
            jobs,
            quorum,
        };
        for node in (0..NODES).chain((0..JUDGES).map(judge)) {
            let in_ms = world.below(5_000);
            world.after(in_ms, Event::Appear { node });
        }
        for nonce in 0..jobs {
            let in_ms = world.below(120_000);
            world.after(in_ms, Event::Submit { nonce });
        }
        for crash in 0..u64::from(world.crashes_max) {
            world.after(20_000 + 30_000 * crash, Event::Crash);
        }
        world
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.rng.next_u64() % limit
    }

    fn after(&mut self, ms: u64, event: Event) {
        self.count += 1;
        self.events.insert((self.rig.now.plus_ms(ms), self.count), event);
    }

    /// Nodes begin what they were handed since.
    fn begin(&mut self) {
        let begun: Vec<(NodeId, ContentId)> =
            self.rig.leases.keys().filter(|lease| !self.runs.contains(*lease)).copied().collect();
        for (node, job) in begun {
            self.runs.insert((node, job));
            let node = self.numbers[&node];
            let takes_ms = 50 + self.below(8_000);
            self.after(takes_ms, Event::Finish { node, job });
        }
    }

    fn appear(&mut self, node: u32) {
        self.here.insert(node);
        let kind = match node {
            NODES.. => Kind::Heavy,
            node if node.is_multiple_of(3) => Kind::Native,
            _ => Kind::Tab,
        };
        self.rig.join(node, advert(kind, if node >= NODES { 50 } else { 1 + (node % 2) as u16 }));
    }

    fn finish(&mut self, node: u32, job: ContentId) {
        if !self.runs.remove(&(id(node), job)) || !self.here.contains(&node) {
            return;
        }
        let Some(document) = self.rig.leases.remove(&(id(node), job)) else { return };
        let manifest = self.known.entry(job).or_insert_with(|| Manifest::open(&document).unwrap().1);
        let mut receipt = receipt_of(node, job, manifest, b"", self.rig.now);
        receipt.output = match (is_liar(node), self.lies) {
            (false, _) => truth(job),
            (true, Lies::Together) => ContentId::of(b"the same lie"),
            (true, Lies::Apart) => ContentId::of(&node.to_le_bytes()),
        };
        let receipt = receipt.sign(&key(node)).unwrap();
        self.rig.input(Input::Answered { token: 0, node: id(node), receipt });
    }

    fn vanish(&mut self, node: u32) {
        if !self.here.remove(&node) {
            return;
        }
        let gone = id(node);
        self.runs.retain(|(other, _)| *other != gone);
        self.rig.leave(node);
        let back_ms = 1_000 + self.below(60_000);
        self.after(back_ms, Event::Appear { node });
    }

    /// The heavy node stops at any moment, with what the disk has; those who are here come back to it. What the disk was still to be given is lost.
    fn crash(&mut self) {
        self.crashes += 1;
        self.told.append(&mut self.rig.ended);
        self.rig = self.rig.restart();
        // What nodes had begun goes on; they hand it in once they are told that it is still theirs.
        let here: Vec<u32> = self.here.iter().copied().collect();
        for node in here {
            let in_ms = 100 + self.below(3_000);
            self.after(in_ms, Event::Appear { node });
        }
    }

    fn step(&mut self) -> bool {
        let Some(((at, _), event)) = self.events.pop_first() else { return false };
        let ms = at.since_ms(self.rig.now);
        self.rig.wait(ms);
        // For half a second before a crash the disk takes nothing, so that something is lost in it.
        let next_crash = self.events.iter().find(|(_, event)| matches!(event, Event::Crash));
        self.rig.disk_works = next_crash.is_none_or(|((crash, _), _)| crash.since_ms(at) > 500);
        match event {
            Event::Submit { nonce } => {
                let by = nonce % SUBMITTERS;
                let asked = Manifest { replicas: 3, quorum: self.quorum, ..manifest(by, nonce) };
                match self.rig.try_submit(by, &asked) {
                    Some(Ok(taken)) => {
                        self.acknowledged.insert(taken.job);
                    }
                    // Not yet acknowledged: who submits asks again, as with any request that went unanswered.
                    _ => self.after(2_000, Event::Submit { nonce }),
                }
            }
            Event::Finish { node, job } => self.finish(node, job),
            Event::Vanish { node } => self.vanish(node),
            Event::Appear { node } => {
                self.appear(node);
                // A third of the tabs closes before long.
                if node < NODES && self.below(3) == 0 {
                    let in_ms = self.below(20_000);
                    self.after(in_ms, Event::Vanish { node });
                }
            }
            Event::Crash => self.crash(),
        }
        self.begin();
        true
    }

    fn run(mut self) -> Self {
        let mut steps = 0;
        while self.step() {
            steps += 1;
            if steps % 500 == 0 {
                self.rig.check();
            }
            let is_done = self.crashes == self.crashes_max
                && self.acknowledged.len() == self.jobs as usize
                && self.rig.scheduler.open().next().is_none();
            if is_done {
                break;
            }
        }
        self.rig.check();
        self.told.append(&mut self.rig.ended);
        assert_eq!(self.crashes, self.crashes_max);
        self
    }

    /// Right results, wrong results, refusals.
    fn count(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        assert_eq!(self.acknowledged.len(), self.jobs as usize, "every job was taken in the end");
        for job in &self.acknowledged {
            let ended = self.rig.scheduler.end_of(*job).expect("every job has ended");
            let at = match &ended.outcome {
                Outcome::Done { claim, is_checked } => {
                    assert!(is_checked);
                    usize::from(claim.output != truth(*job))
                }
                Outcome::Refused(reason) => {
                    assert!(!reason.to_string().is_empty());
                    2
                }
            };
            counts[at] += 1;
        }
        // No credit twice: it is what the receipts give, each once.
        let standings: BTreeMap<NodeId, Standing> = self.rig.scheduler.standings().collect();
        assert_eq!(replay(self.rig.scheduler.ended()), standings);
        for (job, ended) in &self.told {
            assert_eq!(
                self.rig.scheduler.end_of(*job).unwrap().outcome,
                ended.outcome,
                "an end that was told stands"
            );
        }
        counts
    }
}

#[test]
fn five_hundred_nodes_that_vanish_lie_and_crash_give_no_wrong_result() {
    let world = World::new(1, 600, Lies::Apart, Quorum::Majority).run();
    let [right, wrong, refused] = world.count();
    assert_eq!(wrong, 0, "no liar's result is accepted at three replicas");
    assert_eq!((right, refused), (600, 0));
    let mut honest = world.rig.scheduler.standings().filter(|(node, _)| !is_liar(world.numbers[node]));
    assert!(honest.all(|(_, standing)| standing.disagreed == 0), "nobody honest is blamed");
}

#[test]
fn liars_together_never_outvote_a_unanimous_quorum_but_where_all_three_lie() {
    let world = World::new(2, 300, Lies::Together, Quorum::Unanimous).run();
    let [right, wrong, refused] = world.count();
    assert_eq!(right + wrong + refused, 300);
    let all_lie = |job: &&ContentId| {
        let ended = world.rig.scheduler.end_of(**job).unwrap();
        ended.answers.len() == 3 && ended.answers.iter().all(|answer| is_liar(world.numbers[&answer.node]))
    };
    assert_eq!(wrong, world.acknowledged.iter().filter(all_lie).count());
    assert!(wrong * 20 <= right, "{wrong} wrong, {right} right: about one in 125 before liars are found out");
}

#[test]
fn a_seed_gives_the_same_run_twice() {
    let trace = || {
        let world = World::new(3, 60, Lies::Apart, Quorum::Majority).run();
        let ends: Vec<_> = world.rig.scheduler.ended().map(|(job, ended)| (job, ended.clone())).collect();
        (ends, world.rig.now, world.count)
    };
    assert_eq!(trace(), trace());
}
