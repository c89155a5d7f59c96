//! The ledger: what was answered, and how much of it counts.
//!
//! Keys: `l/` and `c` for the counts; `l/`, `e` and a number for each answer, so that one more answer
//! writes no other anew. Each value begins with the version of its form.

use crate::{
    Limit, LimitReached, Limits, Of, Question, Subject,
    counts::{Counted, Counts, Room, day, first_day},
    question::{NAME_CHARS_MAX, cut, overlap},
};
use alloc::{boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant, Wire};
use keys::NodeId;
use store::{Batch, Entry, StoreError, VALUE_BYTES_MAX};

/// Most answers whose details are kept; the oldest make room. Their counts stay.
pub const ENTRIES_MAX: usize = 4_096;
/// Prefix of every key that a ledger stores under.
pub const STORE_PREFIX: &[u8] = b"l/";

const COUNTS_KEY: &[u8] = b"l/c";
const ENTRY_PREFIX: &[u8] = b"l/e";
/// Version of the stored form.
const VERSION: u8 = 1;

/// Who said yes.
#[derive(
    Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum By {
    /// The person.
    Person,
    /// A rule of theirs.
    Rule {
        /// [`crate::Rule::id`].
        rule: ContentId,
        /// The rule in plain words.
        words: String,
    },
}

/// What became of an answer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fate {
    /// Given; what comes of it is not known.
    Given,
    /// It is in a result.
    Counted,
    /// It is in no result. It stays spent: its shares have left the device.
    NotCounted,
    /// Taken back before the set of answers was frozen; it counts for nothing.
    Withdrawn,
}

/// One answer.
#[derive(
    Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
pub struct LedgerEntry {
    /// When.
    pub at: Instant,
    /// To what.
    pub question: Question,
    /// Who said yes.
    pub by: By,
    /// What became of it.
    pub fate: Fate,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Stored<T> {
    version: u8,
    value: T,
}

impl Wire for Stored<LedgerEntry> {
    const BYTES_MAX: usize = 1024 * 1024;
}
impl Wire for Stored<Counts> {
    const BYTES_MAX: usize = VALUE_BYTES_MAX;
}

fn read<T>(bytes: &[u8], what: &str) -> Result<T, StoreError>
where
    Stored<T>: Wire,
{
    match bytes.first() {
        Some(version) if *version > VERSION => {
            Err(StoreError::Newer { found: u32::from(*version), known: u32::from(VERSION) })
        }
        _ => codec::decode::<Stored<T>>(bytes)
            .map(|stored| stored.value)
            .map_err(|error| StoreError::Corrupt { detail: format!("{what} of the ledger: {error}") }),
    }
}

/// How many answers count for something, ever.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Use {
    /// For what.
    pub about: Subject,
    /// Answers.
    pub answers: u64,
}

/// How far a limit is used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LimitUse {
    /// The limit.
    pub limit: Limit,
    /// The limit in plain words.
    pub words: String,
    /// What has used most of it; none where nothing has.
    pub about: Option<Subject>,
    /// Answers of that which count within the limit's window.
    pub used: u64,
}

/// All that one person's node has answered. See the crate's documentation for how to drive it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    counts: Counts,
    entries: BTreeMap<u64, LedgerEntry>,
    numbers: BTreeMap<ContentId, u64>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

impl Ledger {
    /// An empty ledger.
    pub const fn new() -> Self {
        Self { counts: Counts::new(), entries: BTreeMap::new(), numbers: BTreeMap::new() }
    }

    /// The ledger that `entries`, all entries under [`STORE_PREFIX`], tell of.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where an entry cannot be what this software wrote; [`StoreError::Newer`]
    /// where a later version wrote it.
    pub fn restore<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt { detail: format!("{what} of the ledger") };
        let mut ledger = Self::new();
        let mut counted = false;
        for entry in entries {
            if entry.key == COUNTS_KEY {
                ledger.counts = read(&entry.value, "the counts")?;
                counted = true;
                if !ledger.counts.is_sound() {
                    return Err(corrupt("the order of the counts"));
                }
                continue;
            }
            let number = entry.key.strip_prefix(ENTRY_PREFIX).and_then(|number| number.try_into().ok());
            let number = u64::from_be_bytes(number.ok_or_else(|| corrupt("a key"))?);
            let entry: LedgerEntry = read(&entry.value, "an answer")?;
            ledger.numbers.insert(entry.question.computation, number);
            ledger.entries.insert(number, entry);
        }
        if !counted && !ledger.entries.is_empty() {
            return Err(corrupt("the lack of counts"));
        }
        Ok(ledger)
    }

    // Getters.

    /// The answers whose details are kept, the oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &LedgerEntry> + ExactSizeIterator {
        self.entries.values()
    }

    /// The answer to a computation, where its details are kept.
    pub fn entry(&self, computation: ContentId) -> Option<&LedgerEntry> {
        self.entries.get(self.numbers.get(&computation)?)
    }

    /// How many answers count for a subject, ever.
    pub fn answers(&self, about: &Subject) -> u64 {
        self.counts.of(about).total()
    }

    /// How many answers count, for each attribute and proposer that any counts for, and in all.
    pub fn uses(&self) -> Vec<Use> {
        let subjects = core::iter::once(Subject::All).chain(self.counts.subjects());
        subjects.map(|about| Use { answers: self.answers(&about), about }).collect()
    }

    /// How far each of `limits` is used.
    pub fn standing(&self, now: Instant, limits: &Limits) -> Vec<LimitUse> {
        let subjects: Vec<Subject> = self.counts.subjects().collect();
        let standing = |limit: &Limit| {
            let within = |about: &Subject| self.counts.of(about).since(first_day(now, limit.days));
            let fullest = match &limit.of {
                Of::All => Some((within(&Subject::All), Subject::All)),
                Of::Attribute { dataset, field } => {
                    let about = Subject::Attribute { dataset: dataset.clone(), field: field.clone() };
                    Some((within(&about), about))
                }
                each => {
                    let each = subjects.iter().filter(|subject| match subject {
                        Subject::Attribute { .. } => *each == Of::EachAttribute,
                        Subject::Proposer { .. } => *each == Of::EachProposer,
                        Subject::All => false,
                    });
                    each.map(|about| (within(about), about.clone())).max_by_key(|(used, _)| *used)
                }
            };
            let (used, about) = fullest.filter(|(used, _)| *used > 0).unzip();
            LimitUse { limit: limit.clone(), words: limit.words(), about, used: used.unwrap_or(0) }
        };
        limits.iter().map(standing).collect()
    }

    /// Whether one more answer, to `question`, stays within `limits`.
    ///
    /// # Errors
    /// [`LimitReached`] for the first that it would not.
    pub fn allows(
        &self,
        now: Instant,
        limits: &Limits,
        question: &Question,
    ) -> Result<(), Box<LimitReached>> {
        let attribute = |field: &str| Subject::Attribute {
            dataset: cut(&question.dataset, NAME_CHARS_MAX).into(),
            field: field.into(),
        };
        let attributes = question.attributes();
        for limit in limits {
            let subjects = match &limit.of {
                Of::All => Vec::from([Subject::All]),
                Of::EachProposer => Vec::from([Subject::Proposer { id: question.proposer }]),
                Of::EachAttribute => attributes.iter().map(|field| attribute(field)).collect(),
                Of::Attribute { dataset, field } => {
                    let read = attributes.iter().any(|read| overlap(read, field));
                    let concerned = dataset == cut(&question.dataset, NAME_CHARS_MAX) && read;
                    concerned.then(|| attribute(field)).into_iter().collect()
                }
            };
            for about in subjects {
                let days = self.counts.of(&about);
                let used = days.since(first_day(now, limit.days));
                if used >= u64::from(limit.answers) {
                    let again = days.again(limit.answers, limit.days);
                    return Err(Box::new(LimitReached { limit: limit.clone(), about, used, again }));
                }
            }
        }
        Ok(())
    }

    /// How many answers `rule` gave from day `days` ago on, to `proposer` alone where one is given; and
    /// when there are fewer than `answers`.
    pub(crate) fn of_rule(
        &self,
        now: Instant,
        rule: ContentId,
        proposer: Option<NodeId>,
        answers: u32,
        days: u32,
    ) -> (u64, Option<Instant>) {
        let given = self.counts.of_rule(rule, proposer);
        (given.since(first_day(now, Some(days))), given.again(answers, Some(days)))
    }

    // What happens.

    /// Notes an answer within `limits`, and adds to `batch` what makes it durable.
    ///
    /// # Errors
    /// [`LimitReached`]; then nothing is noted and nothing may be answered.
    pub fn spend(
        &mut self,
        now: Instant,
        limits: &Limits,
        question: &Question,
        by: By,
        batch: &mut Batch,
    ) -> Result<(), Box<LimitReached>> {
        self.allows(now, limits, question)?;
        self.note(now, question, by, batch);
        Ok(())
    }

    /// Notes an answer that was given whatever the limits are now, such as one from before there was a
    /// ledger.
    pub fn note(&mut self, now: Instant, question: &Question, by: By, batch: &mut Batch) {
        self.note_within(now, question, by, batch, Room::FULL, ENTRIES_MAX);
    }

    pub(crate) fn note_within(
        &mut self,
        now: Instant,
        question: &Question,
        by: By,
        batch: &mut Batch,
        room: Room,
        entries_max: usize,
    ) {
        counted(question, &by, |answer| self.counts.add(day(now), answer, room));
        let entry = LedgerEntry { at: now, question: question.clipped(), by, fate: Fate::Given };
        let number = self.entries.last_key_value().map_or(0, |(last, _)| last.saturating_add(1));
        // A computation is answered once more only after a withdrawal, whose entry gives way.
        if let Some(before) = self.numbers.insert(question.computation, number) {
            self.drop_entry(before, batch);
        }
        batch.put(entry_key(number), codec::encode(&Stored { version: VERSION, value: entry.clone() }));
        self.entries.insert(number, entry);
        while self.entries.len() > entries_max {
            let Some(oldest) = self.entries.keys().next().copied() else { break };
            self.drop_entry(oldest, batch);
        }
        self.put_counts(batch);
    }

    /// Takes an answer back that is in no agreed set and cannot come into one any more: it counts for
    /// nothing. False where there is no such answer, or its end is known.
    pub fn withdraw(&mut self, computation: ContentId, batch: &mut Batch) -> bool {
        let Some(entry) = self.set_fate(computation, Fate::Withdrawn, batch) else { return false };
        counted(&entry.question, &entry.by, |answer| self.counts.remove(day(entry.at), answer));
        self.put_counts(batch);
        true
    }

    /// Notes that an answer's computation ended, and whether the result has the answer in it. False where
    /// there is no such answer, or that was known.
    pub fn ended(&mut self, computation: ContentId, counted: bool, batch: &mut Batch) -> bool {
        let fate = if counted { Fate::Counted } else { Fate::NotCounted };
        self.set_fate(computation, fate, batch).is_some()
    }

    fn set_fate(&mut self, computation: ContentId, fate: Fate, batch: &mut Batch) -> Option<LedgerEntry> {
        let number = *self.numbers.get(&computation)?;
        let entry = self.entries.get_mut(&number).filter(|entry| entry.fate == Fate::Given)?;
        entry.fate = fate;
        let entry = entry.clone();
        batch.put(entry_key(number), codec::encode(&Stored { version: VERSION, value: entry.clone() }));
        Some(entry)
    }

    fn drop_entry(&mut self, number: u64, batch: &mut Batch) {
        batch.delete(entry_key(number));
        if let Some(entry) = self.entries.remove(&number)
            && self.numbers.get(&entry.question.computation) == Some(&number)
        {
            self.numbers.remove(&entry.question.computation);
        }
    }

    fn put_counts(&self, batch: &mut Batch) {
        let stored = Stored { version: VERSION, value: self.counts.clone() };
        batch.put(COUNTS_KEY, codec::encode(&stored));
    }
}

/// Calls `then` with what an answer to `question` counts for.
fn counted(question: &Question, by: &By, then: impl FnOnce(Counted<'_>)) {
    let rule = match by {
        By::Rule { rule, .. } => Some(*rule),
        By::Person => None,
    };
    let attributes = question.attributes();
    let dataset = cut(&question.dataset, NAME_CHARS_MAX);
    then(Counted { dataset, attributes: &attributes, proposer: question.proposer, rule });
}

fn entry_key(number: u64) -> Vec<u8> {
    [ENTRY_PREFIX, &number.to_be_bytes()].concat()
}
