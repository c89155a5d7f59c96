//! A light node's side: it takes parts from the heavy nodes that it trusts, has them computed beside it, and tells what came of it.

use crate::{
    message::{
        About, Advert, DEVICE_BYTES_MAX, Done, Heard, LETTER_BYTES_MAX, NAME_BYTES_MAX, Piece, Task,
        WHY_BYTES_MAX, Word, WorkId, shortened,
    },
    order::cost_bytes,
    post::Post,
};
use alloc::{
    collections::{BTreeMap, VecDeque},
    string::String,
    vec::Vec,
};
use codec::{ContentId, Instant, decode, encode};
use keys::NodeId;
use rank::Part;
use serde::{Deserialize, Serialize};

/// Most parts at a time, whatever is lent.
pub const PARTS_MAX: u16 = 64;
/// Most letters to one heavy node that wait. One that makes more of them than it takes gets no answers.
const LETTERS_MAX: usize = 4 * PARTS_MAX as usize;
/// Bytes of letters that wait for one heavy node, besides as many as its parts have, after which there are no more.
const LETTERS_BYTES: u64 = 1 << 20;

/// Bytes of a letter besides its part or list.
const AROUND_BYTES: u64 = 1_024;

/// What computes beside a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reckoner {
    /// What it is, for people.
    pub device: String,
    /// Parts that it can hold at a time.
    pub parts_max: u16,
    /// Most bytes of all of them, as [`Advert::bytes_max`] counts them.
    pub bytes_max: u64,
}

/// What a person gives to other people's rankings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lending {
    /// Parts at a time; no more than what computes can hold.
    pub parts: u16,
    /// Most bytes of all of them.
    pub bytes_max: u64,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// What computes beside this node; `None` where nothing does any more.
    Reckoner(Option<Reckoner>),
    /// What the person gives from now on.
    Lend(Option<Lending>),
    /// A heavy node that is trusted is there, authenticated by the owner.
    Up {
        /// Which.
        heavy: NodeId,
    },
    /// It is gone.
    Down {
        /// Which.
        heavy: NodeId,
    },
    /// What came of [`Output::Ask`].
    Reply {
        /// Whom it asked.
        heavy: NodeId,
        /// The answer; `None` where there is none.
        heard: Option<Heard>,
    },
    /// What came of [`Output::Do`].
    Done(Done),
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Ask a heavy node, and say what it answered with [`Input::Reply`]. One such is under way for each.
    Ask {
        /// Which.
        heavy: NodeId,
        /// What.
        piece: Piece,
    },
    /// Have this computed, and say what came of it with [`Input::Done`].
    Do(Task),
    /// What [`Holder::view`] shows has changed.
    Changed,
}

/// What a part does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// It is being made ready.
    Preparing,
    /// Its nodes contribute.
    Spreading,
    /// Its nodes gather.
    Gathering,
    /// What it keeps is being read.
    Reading,
    /// Other parts are waited for.
    Waiting,
}

/// A part that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartView {
    /// The ranking that it is part of.
    pub ranking: ContentId,
    /// Its name, in its submitter's words.
    pub name: String,
    /// Which part.
    pub shard: u32,
    /// Of how many.
    pub shards: u32,
    /// The heavy node that asked.
    pub heavy: NodeId,
    /// Bytes of it, as it came.
    pub bytes: u64,
    /// Rounds done.
    pub rounds: u32,
    /// What it does now.
    pub doing: Doing,
    /// Since when it is here.
    pub since: Instant,
}

/// A holder as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HolderView {
    /// What computes here; `None` where nothing does.
    pub reckoner: Option<Reckoner>,
    /// Whether heavy nodes are told of it.
    pub is_lent: bool,
    /// The parts that are here now.
    pub parts: Vec<PartView>,
    /// Rounds done for others since the start.
    pub rounds: u64,
    /// Slices of π handed over since the start.
    pub slices: u64,
}

#[derive(Debug)]
struct Heavy {
    post: Post,
    /// What it was last told.
    told: Option<Advert>,
    /// This node's names of what it calls otherwise.
    works: BTreeMap<WorkId, WorkId>,
}

#[derive(Debug)]
struct Held {
    heavy: NodeId,
    /// What the heavy node calls it.
    name: WorkId,
    about: About,
    bytes: u64,
    /// What it takes of what is lent.
    cost: u64,
    rounds: u32,
    doing: Doing,
    since: Instant,
}

/// The holder of one light node.
#[derive(Debug, Default)]
pub struct Holder {
    reckoner: Option<Reckoner>,
    lending: Option<Lending>,
    heavy: BTreeMap<NodeId, Heavy>,
    works: BTreeMap<WorkId, Held>,
    count: u64,
    rounds: u64,
    slices: u64,
    changed: bool,
    outputs: VecDeque<Output>,
}

impl Holder {
    /// Takes what happened.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Reckoner(reckoner) => {
                // Parts that it held are gone with the one before.
                self.give_up();
                self.reckoner = reckoner;
                self.changed = true;
            }
            Input::Lend(lending) => {
                self.changed = self.changed || self.lending != lending;
                self.lending = lending;
                // Heavy nodes are told so, and take it that nothing of theirs is here any more.
                if self.advert().is_none() {
                    self.give_up();
                }
            }
            Input::Up { heavy } => {
                self.forget(heavy);
                let post = Post::new(now);
                self.heavy.insert(heavy, Heavy { post, told: None, works: BTreeMap::new() });
            }
            Input::Down { heavy } => {
                self.forget(heavy);
                self.heavy.remove(&heavy);
            }
            Input::Reply { heavy, heard } => {
                if let Some(heavy) = self.heavy.get_mut(&heavy) {
                    heavy.post.answered(now, heard);
                }
            }
            Input::Done(done) => self.done(done),
        }
        self.settle(now);
    }

    /// Takes a piece of a letter of a heavy node that is up, authenticated by the owner; gives the answer to it.
    pub fn hear(&mut self, now: Instant, heavy: NodeId, piece: Piece) -> Heard {
        let bytes_max = self.letter_bytes_max(heavy);
        let Some(from) = self.heavy.get_mut(&heavy) else { return Heard::Refused };
        let (heard, letter) = from.post.take(piece, bytes_max);
        if let Some(Ok(task)) = letter.map(|letter| decode::<Task>(&letter)) {
            self.task(now, heavy, task);
        }
        self.settle(now);
        heard
    }

    /// How long a letter of a heavy node may be: no longer than those about its parts are, or than what is left for another part while letters of others
    /// come in.
    fn letter_bytes_max(&self, heavy: NodeId) -> u64 {
        let of_heavy = self.works.values().filter(|held| held.heavy == heavy).map(|held| held.bytes);
        let others =
            self.heavy.iter().filter(|(id, _)| **id != heavy).map(|(_, other)| other.post.incoming_len());
        let left = self.left().saturating_sub(others.sum());
        let bytes = of_heavy.max().unwrap_or(0).max(left).saturating_add(AROUND_BYTES);
        bytes.min(LETTER_BYTES_MAX as u64)
    }

    /// How much of what is lent no part takes.
    fn left(&self) -> u64 {
        let taken = self.works.values().fold(0_u64, |taken, held| taken.saturating_add(held.cost));
        self.advert().map_or(0, |advert| advert.bytes_max).saturating_sub(taken)
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.settle(now);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Holder::handle_timeout`] has something to do, and what.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let due = self.heavy.values().filter_map(|heavy| heavy.post.poll_timeout()).min();
        due.map(|due| (due, "write to a heavy node again"))
    }

    /// What is here, and what came of it.
    pub fn view(&self) -> HolderView {
        let part = |held: &Held| PartView {
            ranking: held.about.ranking,
            name: held.about.name.clone(),
            shard: held.about.shard,
            shards: held.about.shards,
            heavy: held.heavy,
            bytes: held.bytes,
            rounds: held.rounds,
            doing: held.doing,
            since: held.since,
        };
        HolderView {
            reckoner: self.reckoner.clone(),
            is_lent: self.advert().is_some(),
            parts: self.works.values().map(part).collect(),
            rounds: self.rounds,
            slices: self.slices,
        }
    }

    /// What is offered to every heavy node.
    fn advert(&self) -> Option<Advert> {
        let (reckoner, lending) = (self.reckoner.as_ref()?, self.lending?);
        let parts = reckoner.parts_max.min(lending.parts).min(PARTS_MAX);
        let bytes_max = reckoner.bytes_max.min(lending.bytes_max);
        let device = shortened(reckoner.device.clone(), DEVICE_BYTES_MAX);
        (parts > 0 && bytes_max > 0).then_some(Advert { device, parts, bytes_max })
    }

    /// Tells heavy nodes what changed, and passes pieces on.
    fn settle(&mut self, now: Instant) {
        let advert = self.advert();
        for (id, heavy) in &mut self.heavy {
            if heavy.told != advert {
                heavy.told.clone_from(&advert);
                heavy.post.write(encode(&Word::Offer(advert.clone())));
            }
            if let Some(piece) = heavy.post.next(now) {
                self.outputs.push_back(Output::Ask { heavy: *id, piece });
            }
        }
        if core::mem::take(&mut self.changed) {
            self.outputs.push_back(Output::Changed);
        }
    }

    fn task(&mut self, now: Instant, heavy: NodeId, task: Task) {
        let name = task.work();
        let Some(from) = self.heavy.get(&heavy) else { return };
        let work = from.works.get(&name).copied();
        match (task, work) {
            (Task::Drop { .. }, Some(work)) => self.drop_work(work),
            (Task::Begin { about, part, .. }, None) => match self.cost(&part) {
                Err(why) => self.answer(heavy, None, Done::Failed { work: name, why: why.into() }),
                Ok(cost) => self.begin(now, heavy, name, about, part, cost),
            },
            (task, Some(work)) => {
                let Some(held) = self.works.get_mut(&work) else { return };
                // A heavy node asks one thing at a time; what computes here relies on it.
                if held.doing != Doing::Waiting {
                    return;
                }
                held.doing = match &task {
                    Task::Spread { .. } => Doing::Spreading,
                    Task::Gather { .. } => Doing::Gathering,
                    Task::Kept { .. } => Doing::Reading,
                    Task::Begin { .. } | Task::Drop { .. } => return,
                };
                self.outputs.push_back(Output::Do(task.named(work)));
            }
            (Task::Drop { .. }, None) => {}
            (_, None) => {
                let why = "no such part is here".into();
                self.answer(heavy, None, Done::Failed { work: name, why });
            }
        }
    }

    /// What a part takes of what is lent, or why it is not taken.
    fn cost(&self, part: &[u8]) -> Result<u64, &'static str> {
        let advert = self.advert().ok_or("nothing is lent here now")?;
        if self.works.len() >= usize::from(advert.parts) {
            return Err("all places are taken");
        }
        let footprint_bytes = Part::footprint_bytes_of(part).ok_or("it is no part of a graph")?;
        let cost = cost_bytes(footprint_bytes, part.len());
        if cost > self.left() { Err("there is no room for so large a part") } else { Ok(cost) }
    }

    fn begin(
        &mut self,
        now: Instant,
        heavy: NodeId,
        name: WorkId,
        mut about: About,
        part: Vec<u8>,
        cost: u64,
    ) {
        self.count += 1;
        let work = WorkId(self.count);
        about.name = shortened(about.name, NAME_BYTES_MAX);
        if let Some(from) = self.heavy.get_mut(&heavy) {
            from.works.insert(name, work);
        }
        let held = Held {
            heavy,
            name,
            about: about.clone(),
            bytes: part.len() as u64,
            cost,
            rounds: 0,
            doing: Doing::Preparing,
            since: now,
        };
        self.works.insert(work, held);
        self.changed = true;
        self.outputs.push_back(Output::Do(Task::Begin { work, about, part }));
    }

    fn done(&mut self, done: Done) {
        let Some(held) = self.works.get_mut(&done.work()) else { return };
        let is_asked = match &done {
            Done::Ready { .. } => held.doing == Doing::Preparing,
            Done::Spread { .. } => held.doing == Doing::Spreading,
            Done::Sums { .. } => held.doing == Doing::Gathering,
            Done::Kept { .. } => held.doing == Doing::Reading,
            Done::Failed { .. } => true,
        };
        if !is_asked {
            return;
        }
        let (heavy, name) = (held.heavy, held.name);
        held.doing = Doing::Waiting;
        self.changed = true;
        match &done {
            Done::Sums { .. } => {
                held.rounds += 1;
                self.rounds += 1;
            }
            Done::Kept { .. } => self.slices += 1,
            Done::Failed { work, .. } => {
                let work = *work;
                self.works.remove(&work);
                if let Some(heavy) = self.heavy.get_mut(&heavy) {
                    heavy.works.remove(&name);
                }
            }
            Done::Ready { .. } | Done::Spread { .. } => {}
        }
        let done = match done {
            Done::Failed { work, why } => Done::Failed { work, why: shortened(why, WHY_BYTES_MAX) },
            Done::Ready { work, device } => Done::Ready { work, device: shortened(device, DEVICE_BYTES_MAX) },
            done => done,
        };
        self.answer(heavy, Some(name), done.named(name));
    }

    /// Tells a heavy node what came of a task; what is told of a part is taken back once that is.
    fn answer(&mut self, heavy: NodeId, name: Option<WorkId>, done: Done) {
        let held = self.works.values().filter(|held| held.heavy == heavy).map(|held| held.bytes);
        let bytes_max = held.fold(LETTERS_BYTES, u64::saturating_add);
        if let Some(heavy) = self.heavy.get_mut(&heavy)
            && heavy.post.waiting() < LETTERS_MAX
            && heavy.post.bytes() < bytes_max
        {
            let letter = encode(&Word::Done(done));
            match name {
                Some(name) => heavy.post.write_about(name, letter),
                None => heavy.post.write(letter),
            }
        }
    }

    fn drop_work(&mut self, work: WorkId) {
        let Some(held) = self.works.remove(&work) else { return };
        if let Some(heavy) = self.heavy.get_mut(&held.heavy) {
            heavy.works.remove(&held.name);
            heavy.post.take_back(held.name);
        }
        self.changed = true;
        self.outputs.push_back(Output::Do(Task::Drop { work }));
    }

    /// Gives everything back. Heavy nodes that have parts here are told that nothing is offered, which is no failure, and what is offered from now on after
    /// that.
    fn give_up(&mut self) {
        let works: Vec<(WorkId, NodeId)> =
            self.works.iter().map(|(work, held)| (*work, held.heavy)).collect();
        for (work, heavy) in works {
            self.drop_work(work);
            if let Some(heavy) = self.heavy.get_mut(&heavy)
                && heavy.told.take().is_some()
            {
                heavy.post.write(encode(&Word::Offer(None)));
            }
        }
    }

    /// A heavy node's parts are nobody's any more.
    fn forget(&mut self, heavy: NodeId) {
        let of = |(work, held): (&WorkId, &Held)| (held.heavy == heavy).then_some(*work);
        let works: Vec<WorkId> = self.works.iter().filter_map(of).collect();
        works.into_iter().for_each(|work| self.drop_work(work));
    }
}
