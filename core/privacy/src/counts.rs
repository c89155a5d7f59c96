//! Counts that are never forgotten, only made coarser.

use crate::{Subject, WINDOW_DAYS_MAX, question::overlap};
use alloc::{collections::BTreeMap, string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant};
use keys::NodeId;

/// Most attributes that are counted apart.
pub const ATTRIBUTES_MAX: usize = 1_024;
/// Most proposers that are counted apart.
pub const PROPOSERS_MAX: usize = 2_048;
/// Most rules, and pairs of rule and proposer, that are counted apart.
pub const RULE_COUNTS_MAX: usize = 1_024;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// The UTC day of a moment, from 1970-01-01.
pub(crate) fn day(at: Instant) -> u32 {
    // A moment ends with the year 9999, before day 2^22.
    u32::try_from(at.unix_ms() / DAY_MS).unwrap_or(u32::MAX)
}

/// The first day of a window of `days` that ends today.
pub(crate) fn first_day(now: Instant, days: Option<u32>) -> u32 {
    days.map_or(0, |days| day(now).saturating_sub(days.saturating_sub(1)))
}

/// Answers by day, the days ascending, none of them empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Days(Vec<(u32, u32)>);

impl Days {
    fn add(&mut self, day: u32, count: u32) {
        match self.0.binary_search_by_key(&day, |(at, _)| *at) {
            Ok(at) => self.0[at].1 = self.0[at].1.saturating_add(count),
            Err(at) => self.0.insert(at, (day, count)),
        }
        self.compact();
    }

    /// Takes one answer of `day` back; false where that day is not told apart any more.
    fn remove(&mut self, day: u32) -> bool {
        let Ok(at) = self.0.binary_search_by_key(&day, |(at, _)| *at) else { return false };
        self.0[at].1 = self.0[at].1.saturating_sub(1);
        if self.0[at].1 == 0 {
            self.0.remove(at);
        }
        true
    }

    /// Makes one of all days that lie before the longest window: the latest of them, so that they count
    /// for as long as any of them may.
    fn compact(&mut self) {
        let horizon = self.last().saturating_sub(WINDOW_DAYS_MAX);
        let old = self.0.iter().take_while(|(day, _)| *day < horizon).count();
        if old > 1 {
            let sum = self.0[..old].iter().fold(0, |sum: u32, (_, count)| sum.saturating_add(*count));
            self.0[old - 1].1 = sum;
            self.0.drain(..old - 1);
        }
    }

    fn last(&self) -> u32 {
        self.0.last().map_or(0, |(day, _)| *day)
    }

    fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(day, count)| self.add(*day, *count));
    }

    /// Answers from day `first` on, also those that lie ahead of a clock that was set back.
    pub(crate) fn since(&self, first: u32) -> u64 {
        self.0.iter().filter(|(day, _)| *day >= first).map(|(_, count)| u64::from(*count)).sum()
    }

    /// All answers.
    pub(crate) fn total(&self) -> u64 {
        self.since(0)
    }

    /// When a window of `days` holds fewer than `answers`, where that comes by waiting.
    pub(crate) fn again(&self, answers: u32, days: Option<u32>) -> Option<Instant> {
        let days = days?;
        let mut left = self.total();
        for (day, count) in &self.0 {
            left -= u64::from(*count);
            if left < u64::from(answers) {
                let free = u64::from(*day) + u64::from(days);
                return Some(Instant::from_unix_ms(free * DAY_MS));
            }
        }
        None
    }

    fn is_sound(&self) -> bool {
        self.0.is_sorted_by(|(a, _), (b, _)| a < b) && self.0.iter().all(|(_, count)| *count > 0)
    }
}

/// Counts of one kind: apart as long as there is room, then those that were longest not used together.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Class<K: Ord> {
    apart: BTreeMap<K, Days>,
    together: Days,
}

impl<K: Ord + Clone> Class<K> {
    const fn new() -> Self {
        Self { apart: BTreeMap::new(), together: Days(Vec::new()) }
    }

    fn add(&mut self, key: K, day: u32, max: usize) {
        if !self.apart.contains_key(&key) && self.apart.len() >= max {
            let idle = self.apart.iter().min_by_key(|(_, days)| days.last()).map(|(key, _)| key.clone());
            if let Some(days) = idle.and_then(|idle| self.apart.remove(&idle)) {
                self.together.merge(&days);
            }
        }
        self.apart.entry(key).or_default().add(day, 1);
    }

    fn remove(&mut self, key: &K, day: u32) {
        let Some(days) = self.apart.get_mut(key) else {
            // It is one of those together, but whose day this is there, nobody knows.
            return;
        };
        days.remove(day);
        if days.0.is_empty() {
            self.apart.remove(key);
        }
    }

    /// What counts for one of them.
    fn of(&self, key: &K) -> Days {
        self.of_all(self.apart.get(key).into_iter())
    }

    /// What counts for several of them as if they were one.
    fn of_all<'a>(&'a self, apart: impl Iterator<Item = &'a Days>) -> Days {
        let mut days = self.together.clone();
        apart.for_each(|apart| days.merge(apart));
        days
    }

    fn is_sound(&self) -> bool {
        self.together.is_sound() && self.apart.values().all(Days::is_sound)
    }
}

/// Who is counted for one answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted<'a> {
    pub(crate) dataset: &'a str,
    pub(crate) attributes: &'a [&'a str],
    pub(crate) proposer: NodeId,
    pub(crate) rule: Option<ContentId>,
}

/// How many are counted apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) attributes: usize,
    pub(crate) proposers: usize,
    pub(crate) rules: usize,
}

impl Room {
    pub(crate) const FULL: Self =
        Self { attributes: ATTRIBUTES_MAX, proposers: PROPOSERS_MAX, rules: RULE_COUNTS_MAX };
}

/// All counts of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Counts {
    all: Days,
    /// By data set and field.
    attributes: Class<(String, String)>,
    proposers: Class<NodeId>,
    /// By rule, and by rule and proposer.
    rules: Class<(ContentId, Option<NodeId>)>,
}

impl Counts {
    pub(crate) const fn new() -> Self {
        Self { all: Days(Vec::new()), attributes: Class::new(), proposers: Class::new(), rules: Class::new() }
    }

    pub(crate) fn add(&mut self, day: u32, answer: Counted<'_>, room: Room) {
        self.all.add(day, 1);
        for field in answer.attributes {
            self.attributes.add((answer.dataset.into(), (*field).into()), day, room.attributes);
        }
        self.proposers.add(answer.proposer, day, room.proposers);
        if let Some(rule) = answer.rule {
            self.rules.add((rule, None), day, room.rules);
            self.rules.add((rule, Some(answer.proposer)), day, room.rules);
        }
    }

    pub(crate) fn remove(&mut self, day: u32, answer: Counted<'_>) {
        self.all.remove(day);
        for field in answer.attributes {
            self.attributes.remove(&(answer.dataset.into(), (*field).into()), day);
        }
        self.proposers.remove(&answer.proposer, day);
        if let Some(rule) = answer.rule {
            self.rules.remove(&(rule, None), day);
            self.rules.remove(&(rule, Some(answer.proposer)), day);
        }
    }

    /// What counts for `subject`. Answers about fields that overlap count for each other; one that read
    /// several of them counts several times.
    pub(crate) fn of(&self, subject: &Subject) -> Days {
        match subject {
            Subject::All => self.all.clone(),
            Subject::Attribute { dataset, field } => {
                let apart = self.attributes.apart.range((dataset.clone(), String::new())..);
                let apart = apart.take_while(|((of, _), _)| of == dataset);
                let apart = apart.filter(|((_, other), _)| overlap(field, other));
                self.attributes.of_all(apart.map(|(_, days)| days))
            }
            Subject::Proposer { id } => self.proposers.of(id),
        }
    }

    /// What `rule` has answered, to `proposer` alone where one is given.
    pub(crate) fn of_rule(&self, rule: ContentId, proposer: Option<NodeId>) -> Days {
        self.rules.of(&(rule, proposer))
    }

    /// All that is counted apart.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Subject> {
        let attributes = self
            .attributes
            .apart
            .keys()
            .map(|(dataset, field)| Subject::Attribute { dataset: dataset.clone(), field: field.clone() });
        let proposers = self.proposers.apart.keys().map(|id| Subject::Proposer { id: *id });
        attributes.chain(proposers)
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.all.is_sound()
            && self.attributes.is_sound()
            && self.proposers.is_sound()
            && self.rules.is_sound()
    }
}
