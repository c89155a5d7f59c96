//! What a seed stands for: who takes part, what is asked, and what goes wrong when.

use crate::{attacker::Malice, dice::Dice, host::instant};
use aggregate::{Draft, Proposal, Scheme, proposal::mean_of};
use query::{Reduction, fixed};
use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    ops::Range,
};

/// Number of heavy nodes; hosts 0, 1 and 2.
pub(crate) const HEAVY: usize = 3;
/// Name of the data set that everybody is asked about.
pub(crate) const DATASET: &str = "people";
/// Its fields, and the decimals that their values are written with.
const FIELDS: [&str; 2] = ["mass", "age"];
/// Decimals of the values in the records.
const DECIMALS: u32 = 2;

/// Most milliseconds in which the heavy nodes agree: of 10,000 participants whose proofs are checked.
const GRACE_MS_MAX: u64 = aggregate::proposal::GRACE_MS + 20_000;

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
    /// The values by field, in hundredths, where the records can be summed.
    pub(crate) values: Option<[Vec<Option<i64>>; FIELDS.len()]>,
    /// Whether they answer by hand rather than by rule.
    pub(crate) decides: bool,
    /// Set where the node is no light node at all, but somebody who means ill.
    pub(crate) malice: Option<Malice>,
}

/// A computation to be proposed.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) at: u64,
    /// Through whom: a heavy node's HTTP, or a light node.
    pub(crate) via: usize,
    pub(crate) draft: Draft,
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
    /// Whether there is no trouble but people who mean ill.
    pub(crate) is_calm: bool,
    /// When the last trouble is over.
    pub(crate) troubles_end: u64,
    /// When the run ends.
    pub(crate) ends_at: u64,
}

impl Plan {
    pub(crate) fn new(seed: u64, nodes: usize, weather: Weather, malice: Option<Malice>) -> Self {
        let dice = &mut Dice::new(seed, 1);
        let rough = weather == Weather::Rough;
        let hosts = HEAVY + nodes;
        let asks_count = if nodes < 10 { 1 } else { dice.between(1, 3) };
        let asks: Vec<Ask> = (0..asks_count).map(|_| ask(dice, nodes)).collect();
        let last_deadline = asks.iter().map(|ask| ask.draft.deadline.unix_ms()).max().unwrap_or_default();
        let last_deadline = last_deadline - instant(0).unix_ms();
        let troubles_end = last_deadline + dice.between(0, 20_000);

        let rough = rough && dice.chance(900);
        let mut some = |odds: u64| rough && dice.chance(odds);
        let (lossy, slow, twice) = (some(400), some(400), some(500));
        let (parts, breaks, crashes) = (some(250), some(400), some(400));
        let (at_step, full, dies, skewed) = (some(300), some(250), some(60), some(600));
        let bad_people = some(500);

        let skew = |dice: &mut Dice| if skewed { dice.between(0, 6_000).cast_signed() - 3_000 } else { 0 };
        let skews_ms = (0..hosts).map(|_| skew(dice)).collect();
        let mut lights: Vec<LightPlan> = (0..nodes).map(|_| light(dice, rough, last_deadline)).collect();
        for (at, light) in lights.iter_mut().enumerate() {
            // The first few stay honest, so that something is left to sum.
            let bad = match malice {
                Some(kind) => (at == 4).then_some(kind),
                None => (bad_people && at >= 4 && dice.chance(100)).then(|| *dice.pick(&Malice::ALL)),
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
            is_calm: !rough,
            troubles_end,
            // The grace period; and then time for what was signed late to reach everybody.
            ends_at: troubles_end.max(last_deadline + GRACE_MS_MAX) + 75_000,
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
            "plan: {:?}, partitions {:?}, {} breaks, crashes {:?} and {:?} at steps, full {:?}, dies {:?}, \
             malice {malice:?}, heavy clocks {:?}, commits {:?} ms, troubles end at {} and all at {}; asks:",
            self.air,
            self.partitions.iter().map(|(when, side)| (when, side.len())).collect::<Vec<_>>(),
            self.breaks.len(),
            self.crashes,
            self.crash_at_step,
            self.full,
            self.dies,
            &self.skews_ms[..HEAVY],
            self.commit_ms,
            self.troubles_end,
            self.ends_at,
        )?;
        for Ask { at, via, draft } in &self.asks {
            let deadline = draft.deadline.since_ms(instant(0));
            write!(
                f,
                " at {at} via {via} until {deadline}, {} to {}",
                draft.participants_min, draft.participants_max
            )?;
        }
        Ok(())
    }
}

fn ask(dice: &mut Dice, nodes: usize) -> Ask {
    let at = dice.between(500, 15_000);
    let via = if dice.chance(500) { dice.below(HEAVY as u64) } else { HEAVY as u64 + dice.below(4) };
    let decimals = dice.below(3) as u8;
    let (lower, upper) = *dice.pick(&[("0", "150"), ("-50.5", "99.5"), ("-1000000", "1000000")]);
    let (lower, upper) = if decimals == 0 && lower == "-50.5" { ("-50", "99") } else { (lower, upper) };
    let (few, field) = (dice.chance(850), *dice.pick(&FIELDS));
    let draft = Draft {
        title: "How much is it in all?".into(),
        purpose: "to see that it adds up".into(),
        dataset: DATASET.into(),
        schema: None,
        query: mean_of(field, lower, upper, decimals, 100),
        scheme: Some(Scheme::Additive64),
        participants_min: if few { 3 } else { dice.between(3, nodes.max(4) as u64) as u32 },
        participants_max: if dice.chance(850) {
            10_000
        } else {
            dice.between(nodes as u64 / 2 + 3, 2 * nodes as u64 + 3) as u32
        },
        deadline: instant(at + dice.between(8_000, 50_000)),
    };
    let draft = Draft { participants_max: draft.participants_max.max(draft.participants_min), ..draft };
    Ask { at, via: via as usize, draft }
}

fn light(dice: &mut Dice, rough: bool, last_deadline: u64) -> LightPlan {
    let rows = dice.between(1, 6);
    let mut values: [Vec<Option<i64>>; FIELDS.len()] = Default::default();
    let mut csv = FIELDS.join(",") + "\n";
    for _ in 0..rows {
        for (at, column) in values.iter_mut().enumerate() {
            let value = match dice.below(10) {
                0 => None,
                1 => Some(dice.below(400_000_000).cast_signed() - 200_000_000),
                _ => Some(dice.below(20_000).cast_signed() - 3_000),
            };
            column.push(value);
            let text = value.map(|value| write_hundredths(dice, value)).unwrap_or_default();
            let _ = write!(csv, "{}{text}", if at > 0 { "," } else { "" });
        }
        csv.push('\n');
    }
    let (records, values) = match dice.below(20) {
        0 => (Records::None, None),
        1 => (Records::Csv("mass,age\nheavy,old\n".into()), None),
        _ => (Records::Csv(csv), Some(values)),
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
        values,
        decides: dice.chance(200),
        malice: None,
    }
}

/// Hundredths in one of the ways that people write numbers.
fn write_hundredths(dice: &mut Dice, value: i64) -> String {
    match dice.below(4) {
        0 => format!("{value}e-2"),
        1 => format!(" {} ", fixed::format(i128::from(value), 2)),
        2 if value >= 0 => format!("+{}0", fixed::format(i128::from(value), 2)),
        _ => fixed::format(i128::from(value), 2),
    }
}

impl LightPlan {
    /// What an honest answer to `proposal` is, reckoned apart from the node's own way: the number of records, and the sum of
    /// their values' distances from the lower bound, in units.
    pub(crate) fn contribution(&self, proposal: &Proposal) -> Option<[u64; 2]> {
        let asked = Asked::of(proposal)?;
        let at = FIELDS.iter().position(|field| *field == asked.field)?;
        let present: Vec<i64> = self.values.as_ref()?[at].iter().flatten().copied().collect();
        let sum: i64 = present
            .iter()
            .map(|value| to_decimals(*value, u32::from(asked.decimals)))
            .map(|units| units.clamp(asked.lower, asked.upper) - asked.lower)
            .sum();
        Some([present.len() as u64, sum.cast_unsigned()])
    }
}

/// A proposal's question: the mean of a field in a range of units.
pub(crate) struct Asked<'a> {
    field: &'a str,
    pub(crate) decimals: u8,
    pub(crate) lower: i64,
    upper: i64,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(proposal: &'a Proposal) -> Option<Self> {
        let Reduction::Mean { value } = &proposal.query.reduction else { return None };
        let units = |text: &str| fixed::parse(text, value.decimals).ok();
        let (lower, upper) = (units(&value.lower)?, units(&value.upper)?);
        Some(Self { field: &value.expr, decimals: value.decimals, lower, upper })
    }
}

/// Hundredths as units of fewer decimals, rounded half to even.
fn to_decimals(value: i64, decimals: u32) -> i64 {
    let step = 10i64.pow(DECIMALS - decimals);
    let (whole, rest) = (value.div_euclid(step), value.rem_euclid(step));
    let up = 2 * rest > step || (2 * rest == step && whole.rem_euclid(2) == 1);
    whole + i64::from(up)
}
