//! What a seed stands for: who takes part, what is asked, and what goes wrong when.

use crate::{
    asks::{self, Ask, DECIMALS, NUMBERS, Row, WORD, WORDS},
    attacker::Malice,
    dice::Dice,
    host::instant,
    liar::Lie,
    report::Options,
};
use aggregate::Proposal;
use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    ops::Range,
};

/// Number of heavy nodes; hosts 0, 1 and 2.
pub(crate) const HEAVY: usize = 3;
/// In a network of more light nodes than this, most have nothing to answer with.
const SMALL: usize = 40;

/// Which troubles a run may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weather {
    /// None: no loss, no crash, clocks in step.
    Calm,
    /// What the seed says: each kind of trouble in about half of all runs.
    Rough,
}

/// How the network between hosts behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Air {
    /// Usual delay of a message, in milliseconds.
    pub(crate) delay_ms: (u64, u64),
    /// How many of a thousand messages take seconds.
    pub(crate) slow: u64,
    /// How many of a thousand messages are lost.
    pub(crate) loss: u64,
    /// How many of a thousand requests arrive twice.
    pub(crate) twice: u64,
}

/// What a light node's person has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Records {
    /// Nothing.
    None,
    /// A file.
    Csv(String),
}

/// A person and their node.
#[derive(Debug)]
pub(crate) struct LightPlan {
    /// When they come, in world time.
    pub(crate) comes_at: u64,
    /// When they leave, and come back.
    pub(crate) away: Option<Range<u64>>,
    pub(crate) records: Records,
    /// The same, as the oracle reads it.
    pub(crate) rows: Vec<Row>,
    /// Whether they answer by hand rather than by rule.
    pub(crate) decides: bool,
    /// Set where the node is no light node at all, but somebody who means ill.
    pub(crate) malice: Option<Malice>,
}

/// Everything that a seed decides before the first event.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) lights: Vec<LightPlan>,
    pub(crate) asks: Vec<Ask>,
    pub(crate) skews_ms: Vec<i64>,
    pub(crate) air: Air,
    /// Times in which one side cannot reach the other.
    pub(crate) partitions: Vec<(Range<u64>, BTreeSet<usize>)>,
    /// Connections that break: when, and between whom.
    pub(crate) breaks: Vec<(u64, usize, usize)>,
    /// Crashes at a set time, with the time down.
    pub(crate) crashes: Vec<(u64, usize, u64)>,
    /// How many of a thousand steps around a commit or a promise a host crashes at, and at how many
    /// in all.
    pub(crate) crash_at_step: (u64, u64),
    /// Commits fail at a host meanwhile.
    pub(crate) full: Vec<(usize, Range<u64>)>,
    /// How long a commit takes.
    pub(crate) commit_ms: (u64, u64),
    /// A heavy node that stops for good.
    pub(crate) dies: Option<(u64, usize)>,
    /// A heavy node that lies, and how.
    pub(crate) lies: Option<(usize, Lie)>,
    /// Whether there is no trouble but people who mean ill.
    pub(crate) is_calm: bool,
    /// When the last trouble is over.
    pub(crate) troubles_end: u64,
    /// When the run ends.
    pub(crate) ends_at: u64,
}

impl Plan {
    pub(crate) fn new(seed: u64, options: &Options) -> Self {
        let Options { nodes, weather, malice, .. } = *options;
        let dice = &mut Dice::new(seed, 1);
        let rough = weather == Weather::Rough;
        let hosts = HEAVY + nodes;
        let asks_count = if nodes < 10 { 1 } else { dice.between(1, 2) };
        let asks: Vec<Ask> = (0..asks_count).map(|_| asks::ask(dice, nodes, options.scheme)).collect();
        let last_deadline = asks.iter().map(|ask| ask.draft.deadline.unix_ms()).max().unwrap_or_default();
        let last_deadline = last_deadline - instant(0).unix_ms();
        let troubles_end = last_deadline + dice.between(0, 20_000);

        // Those that have an answer; the others are there, and idle.
        let asked = if nodes <= SMALL { nodes } else { dice.between(6, SMALL as u64 - 4) as usize };
        let grace_ms = asks.iter().map(|ask| grace_ms(ask.draft.participants_max)).max().unwrap_or_default();
        let dies = rough && options.lie.is_none() && dice.chance(150);
        let lies = rough && !dies && dice.chance(300);
        let rough = rough && dice.chance(850);
        let mut some = |odds: u64| rough && dice.chance(odds);
        let (lossy, slow, twice) = (some(400), some(400), some(500));
        let (parts, breaks, crashes) = (some(250), some(400), some(400));
        let (at_step, full, skewed) = (some(300), some(250), some(600));
        let bad_people = weather == Weather::Rough;

        let skew = |dice: &mut Dice| if skewed { dice.between(0, 6_000).cast_signed() - 3_000 } else { 0 };
        let skews_ms = (0..hosts).map(|_| skew(dice)).collect();
        let mut lights: Vec<LightPlan> =
            (0..nodes).map(|at| light(dice, rough, last_deadline, at < asked)).collect();
        for (at, light) in lights.iter_mut().enumerate() {
            // The first few stay honest, so that something is left to sum.
            let bad = match malice {
                Some(kind) => (at == 4).then_some(kind),
                None => (bad_people && at >= 4 && dice.chance(200))
                    .then(|| *dice.pick(if at < asked { &Malice::REPORTS } else { &Malice::NOISE })),
            };
            if bad.is_some() {
                (light.malice, light.away) = (bad, None);
                light.comes_at = dice.below(5_000);
            }
        }
        let air = Air {
            delay_ms: *dice.pick(&[(1, 5), (5, 40), (20, 200)]),
            slow: if slow { dice.between(1, 50) } else { 0 },
            loss: if lossy { *dice.pick(&[1, 5, 10, 20, 80]) } else { 0 },
            twice: if twice { dice.between(1, 100) } else { 0 },
        };
        let span = |dice: &mut Dice, longest: u64| {
            let from = dice.below(troubles_end);
            from..(from + dice.between(200, longest)).min(troubles_end)
        };
        let any_host = |dice: &mut Dice, odds_of_heavy: u64| {
            let among = if dice.chance(odds_of_heavy) { HEAVY } else { hosts };
            dice.below(among as u64) as usize
        };
        let mut partitions = Vec::new();
        for _ in 0..if parts { dice.between(1, 3) } else { 0 } {
            let when = span(dice, 40_000);
            // One heavy node away from all, or any cut of all hosts.
            let side = if dice.chance(500) {
                BTreeSet::from([dice.below(HEAVY as u64) as usize])
            } else {
                (0..hosts).filter(|_| dice.chance(500)).collect()
            };
            partitions.push((when, side));
        }
        let breaks = (0..if breaks { dice.between(1, nodes as u64) } else { 0 }).map(|_| {
            let heavy = dice.below(HEAVY as u64) as usize;
            (dice.below(troubles_end), heavy, dice.below(hosts as u64) as usize)
        });
        let breaks = breaks.filter(|(_, a, b)| a != b).collect();
        let crashes = (0..if crashes { dice.between(1, 3 + nodes as u64 / 8) } else { 0 }).map(|_| {
            // Half of all crashes are the heavy nodes'.
            let host = any_host(dice, 500);
            let when = span(dice, 30_000);
            (when.start, host, when.end - when.start)
        });
        let crashes = crashes.collect();
        let full = (0..if full { dice.between(1, 4) } else { 0 }).map(|_| {
            let host = any_host(dice, 700);
            (host, span(dice, 15_000))
        });
        let full = full.collect();
        let dies = dies.then(|| (dice.below(last_deadline + 10_000), dice.below(HEAVY as u64) as usize));
        let lies = options.lie.or_else(|| lies.then(|| *dice.pick(&Lie::ALL)));
        let lies = lies.map(|lie| (dice.below(HEAVY as u64) as usize, lie));
        Self {
            lights,
            asks,
            skews_ms,
            air,
            partitions,
            breaks,
            crashes,
            crash_at_step: if at_step { (dice.between(1, 40), dice.between(1, 6)) } else { (0, 0) },
            full,
            commit_ms: *dice.pick(&[(1, 3), (2, 30), (5, 400)]),
            dies,
            lies,
            is_calm: !rough,
            troubles_end,
            // The grace period; and then time for what was signed late to reach everybody.
            ends_at: troubles_end.max(last_deadline + grace_ms) + 60_000,
        }
    }

    /// Whether `a` cannot reach `b` now.
    pub(crate) fn is_cut(&self, now: u64, a: usize, b: usize) -> bool {
        self.partitions
            .iter()
            .any(|(when, side)| when.contains(&now) && side.contains(&a) != side.contains(&b))
    }

    /// Whether `host`'s commits fail now.
    pub(crate) fn is_full(&self, now: u64, host: usize) -> bool {
        self.full.iter().any(|(full, when)| *full == host && when.contains(&now))
    }
}

/// For a person who reads a trace: what goes wrong in it.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let malice: Vec<_> = self.lights.iter().filter_map(|light| light.malice).collect();
        write!(
            f,
            "plan: {:?}, partitions {:?}, {} breaks, crashes {:?} and {:?} at steps, full {:?}, dies {:?}, lies {:?}, \
             malice {malice:?}, heavy clocks {:?}, commits {:?} ms, troubles end at {} and all at {}; asks:",
            self.air,
            self.partitions.iter().map(|(when, side)| (when, side.len())).collect::<Vec<_>>(),
            self.breaks.len(),
            self.crashes,
            self.crash_at_step,
            self.full,
            self.dies,
            self.lies,
            &self.skews_ms[..HEAVY],
            self.commit_ms,
            self.troubles_end,
            self.ends_at,
        )?;
        for Ask { at, via, draft } in &self.asks {
            let deadline = draft.deadline.since_ms(instant(0));
            write!(
                f,
                " at {at} via {via} until {deadline}, {} to {} by {:?}: {:?}",
                draft.participants_min, draft.participants_max, draft.scheme, draft.query
            )?;
        }
        Ok(())
    }
}

/// Longest grace period that a computation of so many participants may have.
const fn grace_ms(participants_max: u32) -> u64 {
    aggregate::proposal::GRACE_MS + 2 * participants_max as u64
}

fn light(dice: &mut Dice, rough: bool, last_deadline: u64, asked: bool) -> LightPlan {
    let count = dice.between(1, 6);
    let mut rows = Vec::new();
    let mut csv = format!("{},{WORD}\n", NUMBERS.join(","));
    for _ in 0..count {
        let mut row = Row { numbers: [None; NUMBERS.len()], word: None };
        for cell in &mut row.numbers {
            let value = match dice.below(10) {
                0 => None,
                1 => Some(dice.below(400_000_000).cast_signed() - 200_000_000),
                _ => Some(dice.below(20_000).cast_signed() - 3_000),
            };
            *cell = value;
            let text = value.map(|value| write_hundredths(dice, value)).unwrap_or_default();
            let _ = write!(csv, "{text},");
        }
        row.word = (!dice.chance(100)).then(|| *dice.pick(&WORDS));
        csv.push_str(row.word.unwrap_or_default());
        csv.push('\n');
        rows.push(row);
    }
    let (records, rows) = match dice.below(20) {
        _ if !asked => (Records::None, Vec::new()),
        0 => (Records::None, Vec::new()),
        1 => {
            let row = Row { numbers: [None; NUMBERS.len()], word: Some(WORDS[0]) };
            (Records::Csv(format!("{},{WORD}\nheavy,old,{}\n", NUMBERS.join(","), WORDS[0])), vec![row])
        }
        _ => (Records::Csv(csv), rows),
    };
    let late = rough && dice.chance(150);
    let away = (rough && dice.chance(80)).then(|| {
        let from = dice.between(5_000, last_deadline);
        from..from + dice.between(1_000, 30_000)
    });
    LightPlan {
        comes_at: if late { dice.below(last_deadline + 5_000) } else { dice.below(3_000) },
        away,
        records,
        rows,
        decides: asked && dice.chance(200),
        malice: None,
    }
}

/// Hundredths in one of the ways that people write numbers.
fn write_hundredths(dice: &mut Dice, value: i64) -> String {
    let plain = query::fixed::format(i128::from(value), DECIMALS as u8);
    match dice.below(4) {
        0 => format!("{value}e-2"),
        1 => format!(" {plain} "),
        2 if value >= 0 => format!("+{plain}0"),
        _ => plain,
    }
}

impl LightPlan {
    /// What an honest answer to `proposal` is, where there is one.
    pub(crate) fn contribution(&self, proposal: &Proposal) -> Option<Vec<u64>> {
        let has_records = self.records != Records::None;
        has_records.then(|| asks::measurement(&self.rows, proposal))?
    }
}
