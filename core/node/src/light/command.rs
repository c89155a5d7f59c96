//! What a person can ask of their node.

use super::{
    DATASET_PREFIX, Descriptor, DescriptorError, Draft, Effect, LightNode, NETWORK_KEY, Part, Purpose,
    Request, SETTINGS_KEY, Settings, TaskState,
};
use aggregate::HeavyKey;
use alloc::{
    boxed::Box,
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};
use core::fmt;
use jobs::Contribution;
use keys::{Envelope, NodeId};
use privacy::{Limits, Rule};
use store::Batch;

/// Something that a person, or a program for them, wants of the node.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Command {
    /// The host says that these are its network's heavy nodes. The first time they are pinned; later
    /// only their addresses may change.
    Network {
        /// Signed descriptors.
        descriptors: Vec<Envelope>,
    },
    /// Pins these heavy nodes in place of those pinned before. Computations under way through others
    /// get no further shares and no end.
    Repin {
        /// Signed descriptors, at least three.
        descriptors: Vec<Envelope>,
    },
    /// Connects to the heavy nodes, now and after each start.
    Join,
    /// Disconnects and stays so.
    Leave,
    /// Imports a file as a data set, in place of one of the same name.
    Import {
        /// The data set's name.
        name: String,
        /// The file: CSV or JSON.
        bytes: Vec<u8>,
    },
    /// Gives a data set a schema, or takes it away. Its records stay as they are; those that do not fit are told.
    SetSchema {
        /// The data set.
        name: String,
        /// The JSON Schema; `None` for the one that the records suggest.
        schema: Option<String>,
    },
    /// Puts a record in place of another, or adds it at the end. One that does not fit the schema is kept as well.
    PutRecord {
        /// The data set.
        name: String,
        /// In place of which, from 0; `None` for the end.
        row: Option<usize>,
        /// The record: a JSON object.
        record: String,
    },
    /// Removes a record.
    RemoveRecord {
        /// The data set.
        name: String,
        /// Which, from 0.
        row: usize,
    },
    /// Deletes a data set.
    Remove {
        /// Its name.
        name: String,
    },
    /// Answers a computation.
    Approve {
        /// Which.
        id: ContentId,
    },
    /// Does not answer a computation.
    Decline {
        /// Which.
        id: ContentId,
    },
    /// Takes an answer back, until the computation closes. It cannot be answered again.
    Withdraw {
        /// Which.
        id: ContentId,
    },
    /// Adds a rule by which computations are answered or declined without asking; those that wait, too.
    AddRule {
        /// The rule.
        rule: Rule,
    },
    /// Removes a rule. Answers that it made stay made.
    RemoveRule {
        /// The rule.
        rule: Rule,
    },
    /// Sets how much may be answered, in place of the limits before. What was answered stays counted.
    SetLimits {
        /// The limits; none allow everything.
        limits: Limits,
    },
    /// Somebody watches this computation, known or not yet, in place of the one before: how it stands is
    /// asked every second. Not kept over a start.
    Watch {
        /// Which; none to watch no longer.
        id: Option<ContentId>,
    },
    /// Gives this much to other people's jobs from now on, in place of what was given before. Jobs that run are handed back where nothing
    /// is given any more.
    Contribute(Contribution),
    /// Gives nothing to other people's jobs until the next [`Command::Contribute`], the rest of the settings staying as they are.
    Pause,
    /// Proposes a computation in this node's name.
    Propose {
        /// What.
        draft: Box<Draft>,
    },
}

/// What a command gave.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reply {
    /// Done, durably.
    Done,
    /// The file is imported, durably.
    Imported {
        /// Number of records.
        rows: usize,
    },
    /// The record is kept, durably.
    Edited {
        /// How it does not fit the data set's schema.
        violations: Vec<String>,
    },
    /// The proposal is durable at a heavy node.
    Proposed {
        /// The computation.
        id: ContentId,
    },
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CommandError {
    /// The host names other heavy nodes, or other keys of theirs, than those pinned here.
    NotPinned {
        /// Which, and what that may mean.
        why: String,
    },
    /// The heavy nodes given are not taken.
    Network {
        /// Why.
        why: String,
    },
    /// The schema is not taken.
    Schema {
        /// Why, with the place.
        why: String,
    },
    /// The records are not changed.
    Edit {
        /// Why.
        why: String,
    },
    /// The file is not imported.
    Import {
        /// Why, with row, column and field.
        why: String,
    },
    /// No more data sets or rules fit.
    TooMany {
        /// `data sets` or `rules`.
        what: String,
        /// Allowed.
        max: usize,
    },
    /// There is no data set of this name.
    NoDataset {
        /// The name.
        name: String,
    },
    /// There is no such computation here.
    NoComputation,
    /// The computation was answered before.
    AlreadyAnswered,
    /// The computation was not answered, so there is nothing to take back.
    NotAnswered,
    /// The answer to the computation was taken back; that is final.
    Withdrawn,
    /// The computation has closed; its answers cannot be taken back any more.
    TooLate,
    /// One more answer would be over a limit of the person's.
    LimitReached {
        /// Which, how it is reached, and when it allows another.
        why: String,
    },
    /// The rule is not taken.
    Rule {
        /// Why.
        why: String,
    },
    /// The computation's deadline has passed.
    Closed,
    /// The records at hand do not fit the computation.
    CannotAnswer {
        /// Why.
        why: String,
    },
    /// The proposal is not in order.
    Draft {
        /// Why, with the field.
        why: String,
    },
    /// Three heavy nodes make a network, and fewer are known.
    TooFewHeavyNodes {
        /// Known.
        known: usize,
    },
    /// No heavy node is connected, or it did not answer.
    NoHeavyNode,
    /// The heavy node did not accept the proposal.
    NotAccepted {
        /// Its words.
        why: String,
    },
    /// The node's storage failed.
    Storage {
        /// Why.
        detail: String,
    },
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPinned { why }
            | Self::Network { why }
            | Self::Import { why }
            | Self::Schema { why }
            | Self::Edit { why }
            | Self::CannotAnswer { why }
            | Self::LimitReached { why }
            | Self::Rule { why }
            | Self::Draft { why } => f.write_str(why),
            Self::TooMany { what, max } => write!(f, "there are {max} {what} already; delete one first"),
            Self::NoDataset { name } => {
                write!(f, "you have no data named `{name}`; add it under that name to answer")
            }
            Self::NoComputation => f.write_str("there is no such computation here"),
            Self::AlreadyAnswered => {
                f.write_str("already answered; until the deadline the answer can be withdrawn")
            }
            Self::NotAnswered => f.write_str("not answered, so there is nothing to withdraw"),
            Self::Withdrawn => f.write_str("the answer was withdrawn, and cannot be given again"),
            Self::TooLate => f.write_str("too late: the computation has closed"),
            Self::Closed => f.write_str("the computation's deadline has passed"),
            Self::TooFewHeavyNodes { known } => {
                write!(f, "three heavy nodes make a network, and {known} are known here; try again soon")
            }
            Self::NoHeavyNode => f.write_str("no heavy node is connected, or it did not answer; try again"),
            Self::NotAccepted { why } => write!(f, "the heavy node did not accept the proposal: {why}"),
            Self::Storage { detail } => f.write_str(detail),
        }
    }
}

impl core::error::Error for CommandError {}

impl LightNode {
    pub(super) fn command(&mut self, now: Instant, token: u64, command: Command) {
        self.changed = true;
        let refused = match command {
            Command::Network { descriptors } => self.network(now, token, self.heavy.clone(), &descriptors),
            Command::Repin { descriptors } => self.network(now, token, BTreeMap::new(), &descriptors),
            Command::Join => {
                self.choose(token, |settings| settings.joined = true);
                Ok(())
            }
            Command::Leave => {
                self.choose(token, |settings| settings.joined = false);
                Ok(())
            }
            Command::Import { name, bytes } => self.import(token, &name, &bytes),
            Command::SetSchema { name, schema } => self.set_schema(token, &name, schema.as_deref()),
            Command::PutRecord { name, row, record } => self.put_record(token, &name, row, &record),
            Command::RemoveRecord { name, row } => self.remove_record(token, &name, row),
            Command::Remove { name } if !self.datasets.contains_key(&name) => {
                Err(CommandError::NoDataset { name })
            }
            Command::Remove { name } => {
                let mut batch = Batch::new();
                batch.delete(dataset_key(&name));
                self.queue.push(Part { batch, effect: Effect::Remove { token, name }, retry: false });
                Ok(())
            }
            Command::Approve { id } => self.approve(now, token, id),
            Command::Withdraw { id } => self.withdraw(now, token, id),
            Command::Decline { id } => match self.tasks.get_mut(&id) {
                None => Err(CommandError::NoComputation),
                Some(task) if task.report.is_some() => Err(CommandError::AlreadyAnswered),
                Some(task) => {
                    task.state = TaskState::Declined;
                    self.save(id, Effect::Reply { token, reply: Reply::Done });
                    Ok(())
                }
            },
            Command::AddRule { rule } => self.add_rule(token, rule),
            Command::SetLimits { limits } => {
                self.set_limits(token, limits);
                Ok(())
            }
            Command::RemoveRule { rule } => {
                self.choose(token, |settings| settings.rules.retain(|other| *other != rule));
                Ok(())
            }
            Command::Watch { id } => {
                self.watched = id;
                if let Some(task) = id.and_then(|id| self.tasks.get_mut(&id)) {
                    task.status_at = now;
                    // Also what was not asked in time, or in the run of the node before.
                    task.seek_evidence();
                    let id = task.id;
                    self.look_after(now, id);
                }
                self.reply(token, Ok(Reply::Done));
                Ok(())
            }
            Command::Contribute(contribution) => {
                self.choose(token, |settings| settings.contribution = contribution);
                Ok(())
            }
            Command::Pause => {
                self.choose(token, |settings| settings.contribution.on = false);
                Ok(())
            }
            Command::Propose { draft } => self.propose(now, token, &draft),
        };
        if let Err(error) = refused {
            self.reply(token, Err(error));
        }
    }

    /// The settings, with what is still being stored, so that no choice undoes another.
    pub(super) fn chosen(&self) -> &Settings {
        self.choosing.as_ref().unwrap_or(&self.settings)
    }

    /// Stores changed settings; they hold once they are durable.
    pub(super) fn choose(&mut self, token: u64, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.chosen().clone();
        change(&mut settings);
        self.choosing = Some(settings.clone());
        let mut batch = Batch::new();
        batch.put(SETTINGS_KEY, serde_json::to_vec(&settings).expect("plain values always serialise"));
        self.queue.push(Part { batch, effect: Effect::Settings { token, settings }, retry: false });
    }

    /// Settings are durable: they hold from now on.
    pub(super) fn set(&mut self, now: Instant, token: u64, settings: Settings) {
        self.unsettled = true;
        if self.choosing.as_ref() == Some(&settings) {
            self.choosing = None;
        }
        let (joins, leaves) =
            (settings.joined && !self.settings.joined, !settings.joined && self.settings.joined);
        self.settings = settings;
        let contribution = self.settings.contribution;
        self.worker_input(now, jobs::worker::Input::Contribute(contribution));
        self.lend(now, contribution);
        if joins {
            self.dial(now);
        }
        if leaves {
            self.heavy.keys().for_each(|id| self.endpoint.unwant(*id));
        }
        self.reply(token, Ok(Reply::Done));
    }

    /// Heavy nodes are pinned durably.
    pub(super) fn pin(&mut self, now: Instant, token: u64, heavy: BTreeMap<NodeId, (Descriptor, Envelope)>) {
        let gone: Vec<NodeId> = self.heavy.keys().copied().filter(|id| !heavy.contains_key(id)).collect();
        gone.into_iter().for_each(|id| self.endpoint.unwant(id));
        self.heavy = heavy;
        if self.settings.joined {
            self.dial(now);
        }
        self.reply(token, Ok(Reply::Done));
    }

    /// Pins `descriptors` on top of `pinned`, which may only change their addresses.
    fn network(
        &mut self,
        now: Instant,
        token: u64,
        pinned: BTreeMap<NodeId, (Descriptor, Envelope)>,
        descriptors: &[Envelope],
    ) -> Result<(), CommandError> {
        let heavy = merge(now, pinned, descriptors).map_err(|error| match error {
            DescriptorError::NotPinned { .. } | DescriptorError::OtherKey(_) => {
                CommandError::NotPinned { why: error.to_string() }
            }
            _ => CommandError::Network { why: error.to_string() },
        })?;
        // A host that has not met the others yet names fewer; pinning these would shut the others out.
        if heavy.len() < HEAVY {
            return Err(CommandError::TooFewHeavyNodes { known: heavy.len() });
        }
        if heavy == self.heavy {
            self.reply(token, Ok(Reply::Done));
            return Ok(());
        }
        let envelopes: Vec<&Envelope> = heavy.values().map(|(_, envelope)| envelope).collect();
        let mut batch = Batch::new();
        batch.put(NETWORK_KEY, serde_json::to_vec(&envelopes).expect("documents always serialise"));
        self.queue.push(Part { batch, effect: Effect::Network { token, heavy }, retry: false });
        Ok(())
    }

    fn propose(&mut self, now: Instant, token: u64, draft: &Draft) -> Result<(), CommandError> {
        // The three of smallest ids: every node of a network names the same ones.
        let heavy: Vec<HeavyKey> =
            self.heavy.values().map(|(descriptor, _)| descriptor.key()).take(HEAVY).collect();
        if heavy.len() < HEAVY {
            return Err(CommandError::TooFewHeavyNodes { known: heavy.len() });
        }
        let proposal = self
            .with_own_schema(draft)
            .propose(self.identity.id(), &heavy, &mut self.rng)
            .and_then(|proposal| proposal.check_deadline(now).map(|()| proposal))
            .map_err(|error| CommandError::Draft { why: error.to_string() })?;
        let envelope = proposal.sign(&self.identity).to_json();
        self.proposing.insert(token, (envelope, heavy.iter().map(|key| key.id).collect()));
        self.propose_to_next(now, token);
        Ok(())
    }

    /// Puts a proposal to the next of its heavy nodes that is up; says so where none is left.
    pub(super) fn propose_to_next(&mut self, now: Instant, token: u64) {
        while let Some((envelope, left)) = self.proposing.get_mut(&token) {
            let Some(heavy) = left.pop() else {
                self.proposing.remove(&token);
                return self.reply(token, Err(CommandError::NoHeavyNode));
            };
            let request = Request::Propose { envelope: envelope.clone() };
            if self.ask(now, heavy, &request, Purpose::Propose { token }) {
                return;
            }
        }
    }
}

/// Heavy nodes of a computation.
const HEAVY: usize = aggregate::HEAVY;

fn merge(
    now: Instant,
    mut heavy: BTreeMap<NodeId, (Descriptor, Envelope)>,
    descriptors: &[Envelope],
) -> Result<BTreeMap<NodeId, (Descriptor, Envelope)>, DescriptorError> {
    if descriptors.len() > crate::HEAVY_NODES_MAX {
        return Err(DescriptorError::TooMany);
    }
    let is_pinned = !heavy.is_empty();
    for envelope in descriptors {
        let descriptor = Descriptor::open_at(envelope, now)?;
        match heavy.get(&descriptor.id) {
            Some((known, _)) if known.seal != descriptor.seal => {
                return Err(DescriptorError::OtherKey(descriptor.id));
            }
            None if is_pinned => return Err(DescriptorError::NotPinned { found: descriptor.id }),
            Some((known, _)) if known.issued >= descriptor.issued => {}
            _ => {
                let mut envelope = envelope.clone();
                // A stranger's signatures are not carried along.
                envelope.signatures.retain(|signature| signature.keyid == descriptor.id);
                heavy.insert(descriptor.id, (descriptor, envelope));
            }
        }
    }
    Ok(heavy)
}

pub(super) fn dataset_key(name: &str) -> Vec<u8> {
    // A name of 64 characters in any script fits a key.
    [DATASET_PREFIX, ContentId::of(name.as_bytes()).digest()].concat()
}
