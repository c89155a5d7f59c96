//! A heavy node's side: it takes rankings, cuts their graphs, hands parts out, believes what is vouched for, and keeps π.

use crate::{
    combine::{Combine, Combined},
    letter::Letter,
    message::{Advert, Done, Heard, Piece, Task, Word, WorkId},
    order::{CHUNK_BYTES, Cut, GRAPH_BYTES_MAX, GraphFile, Order, OrderError},
    post::Post,
};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet, VecDeque},
    format,
    string::String,
    vec::Vec,
};
use codec::{ContentId, Instant, decode, encode};
use core::{fmt, net::IpAddr};
use keys::NodeId;
use store::{Batch, Entry};

mod ended;
mod home;
mod left;
mod lists;
mod run;
mod seats;
mod tries;
mod view;

use ended::Record;
pub use ended::{Ended, HolderDone, Outcome, ShardDone};
use run::Run;
pub use tries::TRIES_MAX;
pub use view::{HoldView, RankingState, RankingView, ShardView};

/// What the keys of all that is known of rankings begin with.
pub const STORE_PREFIX: &[u8] = b"rank/";
/// What the keys of graphs and of π begin with, which are read where they are needed.
pub const DATA_PREFIX: &[u8] = b"rank-data/";
/// Most bytes of a letter of a node of which nothing is awaited.
pub const UNASKED_BYTES_MAX: u64 = 1_024;
/// Most bytes in memory for letters that wait for peers to take them in, where nobody says otherwise; half of it for those to one peer. A graph's parts, which
/// letters share, are not among them. Twice the longest letter there can be fits in: [`crate::NODES_MAX`] nodes of other parts, four bytes each.
pub const LETTERS_BYTES_MAX: u64 = 256 << 20;
/// Most nodes that offer to hold parts.
pub const HOLDERS_MAX: usize = 1_024;
/// Most that is put together at a time, whatever becomes of the rankings that it is for.
pub const COMBINES_MAX: usize = 4;
/// Most rankings that are kept; the oldest that have ended make room.
pub const RANKINGS_MAX: usize = 256;
/// Most rankings without an end.
pub const OPEN_MAX: usize = 16;
/// Most rankings without an end that came from one network since the start.
pub const OPEN_EACH_MAX: usize = 4;
/// Most bytes of π that are kept, of all rankings together, where nobody says otherwise; that of the oldest makes room, and its digest stays.
pub const PI_BYTES_MAX: u64 = 4 << 30;

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// A peer is gone.
    Down {
        /// Which.
        peer: NodeId,
    },
    /// What came of [`Output::Ask`].
    Reply {
        /// Whom it asked.
        peer: NodeId,
        /// The answer; `None` where there is none.
        heard: Option<Heard>,
    },
    /// Somebody wants a ranking.
    Submit {
        /// To answer by.
        token: u64,
        /// Where it comes from, where the shell tells.
        from: Option<IpAddr>,
        /// What.
        order: Order,
        /// The graph's file.
        graph: GraphFile,
    },
    /// A batch is durable.
    Stored {
        /// Which.
        ticket: u64,
    },
    /// What came of [`Output::Cut`].
    Cut {
        /// Which ranking.
        ranking: ContentId,
        /// The parts, or why there are none.
        result: Result<Box<Cut>, String>,
    },
    /// What came of [`Output::Do`].
    Done(Done),
    /// What came of [`Output::Combine`].
    Combined(Combined),
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Ask a peer, and say what it answered with [`Input::Reply`]. One such is under way for each.
    Ask {
        /// Which.
        peer: NodeId,
        /// What.
        piece: Piece,
    },
    /// Make this durable, and say so with [`Input::Stored`].
    Store {
        /// To tell by.
        ticket: u64,
        /// What.
        batch: Batch,
    },
    /// The answer to [`Input::Submit`].
    Submitted {
        /// Whose.
        token: u64,
        /// The ranking, durable here, or why it is not taken.
        result: Result<ContentId, SubmitError>,
    },
    /// Read a graph's file, which lies under these keys one after another, and cut it ([`crate::cut`]); say what came of it with [`Input::Cut`], also
    /// where the ranking has ended since. One is cut at a time.
    Cut {
        /// Which ranking's.
        ranking: ContentId,
        /// How.
        order: Box<Order>,
        /// Where it lies.
        keys: Vec<Vec<u8>>,
    },
    /// Have this computed beside this node, and say what came of it with [`Input::Done`].
    Do(Task),
    /// Have this put together beside this node ([`Combine::run`]), and say what came of it with [`Input::Combined`], also where the ranking has ended
    /// since. At most [`COMBINES_MAX`] such are under way.
    Combine(Combine),
    /// A ranking has begun or ended, for whoever watches.
    Changed {
        /// Which.
        ranking: ContentId,
    },
}

/// Why a ranking is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitError {
    /// The order is none.
    Order(OrderError),
    /// The file is empty, or longer than [`GRAPH_BYTES_MAX`].
    Graph {
        /// Bytes given.
        len: usize,
    },
    /// Too many of this network have no end yet.
    FullForYou,
    /// Too many have no end yet.
    Full,
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(error) => error.fmt(f),
            Self::Graph { len } => {
                write!(f, "the graph's file has {len} bytes, where 1 to {GRAPH_BYTES_MAX} are taken; gzip it")
            }
            Self::FullForYou => {
                write!(f, "{OPEN_EACH_MAX} rankings from your network have no end yet; wait for one")
            }
            Self::Full => write!(f, "{OPEN_MAX} rankings have no end yet here; try again later"),
        }
    }
}

impl core::error::Error for SubmitError {}

/// Stored bytes are not as a coordinator wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreError;

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a ranking's record is not as it was written")
    }
}

impl core::error::Error for RestoreError {}

/// A peer, and what it takes.
#[derive(Debug)]
struct Peer {
    post: Post,
    advert: Option<Advert>,
    /// Where it is, as far as that tells it from others.
    home: Option<u64>,
}

/// What a run has around it.
#[derive(Debug)]
struct Desk {
    peers: BTreeMap<NodeId, Peer>,
    /// Names of parts at holders that were given out.
    works: u64,
    /// How much was asked to be put together.
    combines: u64,
    /// What of it is under way, also for rankings that have ended since: nobody stops it.
    combining: BTreeSet<u64>,
    /// What nobody outside knows, for lots.
    seed: [u8; 32],
    letters_bytes_max: u64,
    /// When this was first heard of anything.
    began: Option<Instant>,
    outputs: VecDeque<Output>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            peers: BTreeMap::new(),
            works: 0,
            combines: 0,
            combining: BTreeSet::new(),
            seed: [0; 32],
            letters_bytes_max: LETTERS_BYTES_MAX,
            began: None,
            outputs: VecDeque::new(),
        }
    }
}

impl Desk {
    /// Writes a letter about a part.
    fn write(&mut self, peer: NodeId, work: WorkId, letter: Letter) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.post.write_about(work, letter);
        }
    }

    /// How many bytes more of letters may wait.
    fn room(&self) -> u64 {
        let waiting: u64 = self.peers.values().map(|peer| peer.post.kept_bytes()).sum();
        self.letters_bytes_max.saturating_sub(waiting)
    }

    /// How many of these for one peer.
    fn room_of(&self, peer: NodeId) -> u64 {
        let waiting = self.peers.get(&peer).map_or(0, |peer| peer.post.kept_bytes());
        (self.letters_bytes_max / 2).saturating_sub(waiting)
    }

    /// Has something put together, unless as much as this is under way already; gives its number.
    fn combine(&mut self, most: usize, what: impl FnOnce(u64) -> Combine) -> Option<u64> {
        if self.combining.len() >= most {
            return None;
        }
        self.combines += 1;
        self.combining.insert(self.combines);
        self.outputs.push_back(Output::Combine(what(self.combines)));
        Some(self.combines)
    }

    /// Has a peer forget a part, and forgets what was to be said of it.
    fn drop_work(&mut self, peer: NodeId, work: WorkId) {
        self.take_back(peer, work);
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.post.write(encode(&Task::Drop { work }));
        }
    }

    /// Whether a peer may have all that was said of a part, or have it soon.
    fn may_have(&self, peer: NodeId, work: WorkId) -> bool {
        self.peers.get(&peer).is_some_and(|peer| !peer.post.keeps(work))
    }

    /// Forgets what was to be said of a part.
    fn take_back(&mut self, peer: NodeId, work: WorkId) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.post.take_back(work);
        }
    }
}

#[derive(Debug)]
struct Ranking {
    record: Record,
    /// How often its graph was about to be cut since a cut of it last ended.
    tries: u8,
    /// Where it came from, if it came since the start.
    from: Option<u64>,
    state: State,
}

/// What a batch makes durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    Order,
    /// That a graph is about to be cut.
    Try,
    /// That it is cut.
    Tried,
    End,
}

#[derive(Debug)]
enum State {
    /// Not durable yet; these wait for it.
    Storing(Vec<u64>),
    Waiting,
    /// That its graph is about to be cut is not durable yet.
    Trying,
    Cutting,
    Running(Box<Run>),
    /// How it ended is not durable yet.
    Ending,
    Ended,
}

impl State {
    /// Whether it ends where its time is over: what is not durable yet does once it is.
    const fn is_patient(&self) -> bool {
        matches!(self, Self::Waiting | Self::Trying | Self::Cutting | Self::Running(_))
    }
}

/// The coordinator of one heavy node.
#[derive(Debug)]
pub struct Coordinator {
    desk: Desk,
    rankings: BTreeMap<ContentId, Ranking>,
    /// Those that wait for their turn, the earliest first.
    queue: VecDeque<ContentId>,
    /// The one whose turn it is.
    current: Option<ContentId>,
    /// The one that is being cut: maybe still so after its end, since nobody stops a cut.
    cutting: Option<ContentId>,
    /// What follows each batch under way.
    storing: BTreeMap<u64, (ContentId, Stored)>,
    tickets: u64,
    pi_bytes_max: u64,
}

impl Default for Coordinator {
    /// One that knows of nothing.
    fn default() -> Self {
        Self {
            desk: Desk::default(),
            rankings: BTreeMap::new(),
            queue: VecDeque::new(),
            current: None,
            cutting: None,
            storing: BTreeMap::new(),
            tickets: 0,
            pi_bytes_max: PI_BYTES_MAX,
        }
    }
}

impl Coordinator {
    /// A coordinator with what its store holds under [`STORE_PREFIX`]. What had no end begins anew; but a graph whose cut never ended is not cut for ever: see [`TRIES_MAX`].
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(entries: &[Entry], now: Instant) -> Result<Self, RestoreError> {
        let mut coordinator = Self::default();
        let mut tries = Vec::new();
        for entry in entries {
            if let Some(count) = tries::count(entry)? {
                tries.push(count);
                continue;
            }
            let id = entry.key.strip_prefix(STORE_PREFIX).and_then(|key| key.try_into().ok());
            let id = id.map(ContentId::from_digest).ok_or(RestoreError)?;
            let record: Record = decode(&entry.value).map_err(|_| RestoreError)?;
            if record.order.check().is_err() || record.chunks as usize > GRAPH_BYTES_MAX / CHUNK_BYTES {
                return Err(RestoreError);
            }
            let state = if record.outcome.is_some() { State::Ended } else { State::Waiting };
            coordinator.rankings.insert(id, Ranking { record, tries: 0, from: None, state });
        }
        for (id, count) in tries {
            coordinator.rankings.get_mut(&id).ok_or(RestoreError)?.tries = count;
        }
        let waits = |(id, ranking): (&ContentId, &Ranking)| {
            matches!(ranking.state, State::Waiting).then_some((ranking.record.submitted, *id, ranking.tries))
        };
        let mut queue: Vec<(Instant, ContentId, u8)> =
            coordinator.rankings.iter().filter_map(waits).collect();
        queue.sort_unstable();
        let (fatal, queue): (Vec<_>, Vec<_>) = queue.into_iter().partition(|(.., tries)| *tries >= TRIES_MAX);
        coordinator.queue = queue.into_iter().map(|(_, id, _)| id).collect();
        for (_, id, _) in fatal {
            coordinator.end(now, id, &Outcome::refused(now, tries::refusal()), Vec::new());
        }
        coordinator.settle(now);
        Ok(coordinator)
    }

    /// The same that draws lots by what nobody outside knows.
    #[must_use]
    pub fn with_seed(mut self, seed: [u8; 32]) -> Self {
        self.desk.seed = seed;
        self
    }

    /// The same with room for so many bytes of π, in place of [`PI_BYTES_MAX`].
    #[must_use]
    pub fn with_pi_bytes_max(self, pi_bytes_max: u64) -> Self {
        Self { pi_bytes_max, ..self }
    }

    /// The same with room for so many bytes of letters that wait, in place of [`LETTERS_BYTES_MAX`]. A ranking whose letters do not fit into half of it gets
    /// no further.
    #[must_use]
    pub fn with_letters_bytes_max(mut self, letters_bytes_max: u64) -> Self {
        self.desk.letters_bytes_max = letters_bytes_max;
        self
    }

    /// Bytes in memory of letters that wait for peers, of letters that are not all here yet, and of answers that nothing is believed of yet. Parts of graphs
    /// and what is believed of them have bounds of their own.
    pub fn letters_bytes(&self) -> u64 {
        let posts = self.desk.peers.values().map(|peer| peer.post.kept_bytes() + peer.post.incoming_bytes());
        posts.sum::<u64>() + self.run().map_or(0, Run::answers_bytes)
    }

    /// Takes what happened.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Down { peer } => {
                self.desk.peers.remove(&peer);
                self.running(|run, desk| run.gone(now, desk, peer));
            }
            Input::Reply { peer, heard } => {
                if let Some(peer) = self.desk.peers.get_mut(&peer) {
                    peer.post.answered(now, heard);
                }
            }
            Input::Submit { token, from, order, graph } => self.submit(now, token, from, order, graph),
            Input::Stored { ticket } => self.stored(ticket),
            Input::Cut { ranking, result } => self.begin(now, ranking, result),
            Input::Done(done) => self.running(|run, desk| run.done(now, desk, None, done)),
            Input::Combined(combined) => {
                self.desk.combining.remove(&combined.number);
                self.running(|run, desk| run.combined(desk, combined));
            }
        }
        self.settle(now);
    }

    /// Takes a piece of a peer's letter, authenticated by the owner, with the address that it is connected from, where the shell tells; gives the answer to it.
    pub fn hear(&mut self, now: Instant, from: NodeId, at: Option<IpAddr>, piece: Piece) -> Heard {
        if !self.desk.peers.contains_key(&from) && !self.make_room() {
            return Heard::Refused;
        }
        let awaited = self.run().map_or(0, |run| run.awaited_bytes(from));
        let peer = self.desk.peers.entry(from).or_insert_with(|| Peer {
            post: Post::new(now),
            advert: None,
            home: None,
        });
        peer.home = at.and_then(home::of);
        let (heard, letter) = peer.post.take(piece, awaited.max(UNASKED_BYTES_MAX));
        match letter.map(|letter| decode::<Word>(&letter)) {
            None => {}
            Some(Ok(Word::Offer(advert))) => {
                peer.advert = advert.map(Advert::shortened);
                if peer.advert.is_none() {
                    self.running(|run, desk| run.withdrawn(desk, from));
                }
            }
            Some(Ok(Word::Done(done))) => self.running(|run, desk| run.done(now, desk, Some(from), done)),
            // It is of another version, or worse: nothing that it holds will come to an end.
            Some(Err(_)) => self.running(|run, desk| run.broken(now, desk, from)),
        }
        self.settle(now);
        heard
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.running(|run, desk| run.due(now, desk));
        self.settle(now);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.desk.outputs.pop_front()
    }

    /// When [`Coordinator::handle_timeout`] has something to do, and what.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let post = self.desk.peers.values().filter_map(|peer| peer.post.poll_timeout()).min();
        let holds =
            self.run().and_then(|run| run.poll_timeout(&self.desk)).map(|due| (due, "a holder is late"));
        let patient = self.rankings.values().filter(|ranking| ranking.state.is_patient());
        let patience = patient.map(|ranking| ranking.record.deadline()).min();
        let patience = patience.map(|due| (due, "a ranking takes too long"));
        [post.map(|due| (due, "write to a holder again")), holds, patience].into_iter().flatten().min()
    }

    fn run(&self) -> Option<&Run> {
        match &self.rankings.get(&self.current?)?.state {
            State::Running(run) => Some(run),
            _ => None,
        }
    }

    fn running(&mut self, what: impl FnOnce(&mut Run, &mut Desk)) {
        let current = self.current.and_then(|current| self.rankings.get_mut(&current));
        if let Some(Ranking { state: State::Running(run), .. }) = current {
            what(run, &mut self.desk);
        }
    }

    fn open(&self) -> impl Iterator<Item = &Ranking> {
        self.rankings.values().filter(|ranking| !matches!(ranking.state, State::Ended))
    }

    /// Whether one more peer may write; who offers nothing makes room.
    fn make_room(&mut self) -> bool {
        if self.desk.peers.len() < HOLDERS_MAX {
            return true;
        }
        let idle = self.desk.peers.iter().find(|(_, peer)| peer.advert.is_none()).map(|(id, _)| *id);
        idle.is_some_and(|idle| self.desk.peers.remove(&idle).is_some())
    }

    // Rankings.

    fn submit(&mut self, now: Instant, token: u64, from: Option<IpAddr>, order: Order, graph: GraphFile) {
        let from = from.map(home::network);
        let id = order.id(graph.id);
        let answer = match self.rankings.get_mut(&id) {
            // What failed is tried again, and so is what is not kept whole.
            Some(Ranking { state: State::Ended, record, .. }) if !record.is_whole() => None,
            Some(Ranking { state: State::Storing(tokens), .. }) if tokens.len() < OPEN_MAX => {
                tokens.push(token);
                return;
            }
            Some(Ranking { state: State::Storing(_), .. }) => Some(Err(SubmitError::Full)),
            Some(_) => Some(Ok(id)),
            None => None,
        };
        let refused = || {
            order.check().map_err(SubmitError::Order)?;
            if graph.len == 0 || graph.len > GRAPH_BYTES_MAX {
                return Err(SubmitError::Graph { len: graph.len });
            }
            let of_network = self.open().filter(|ranking| from.is_some() && ranking.from == from).count();
            if of_network >= OPEN_EACH_MAX {
                return Err(SubmitError::FullForYou);
            }
            if self.open().count() >= OPEN_MAX { Err(SubmitError::Full) } else { Ok(()) }
        };
        if let Some(result) = answer.or_else(|| refused().err().map(Err)) {
            self.desk.outputs.push_back(Output::Submitted { token, result });
            return;
        }
        let chunks = graph.chunks.len() as u32;
        let record = Record { order, chunks, submitted: now, outcome: None, pi_bytes: 0 };
        let mut batch = self.forget_oldest();
        batch.delete_under(data_key(id, b""));
        for (at, chunk) in (0..).zip(graph.chunks) {
            batch.put(graph_key(id, at), chunk);
        }
        batch.put(key(id), encode(&record));
        self.rankings.insert(id, Ranking { record, tries: 0, from, state: State::Storing([token].into()) });
        self.store(id, Stored::Order, batch);
    }

    fn store(&mut self, id: ContentId, stored: Stored, batch: Batch) {
        self.tickets += 1;
        self.storing.insert(self.tickets, (id, stored));
        self.desk.outputs.push_back(Output::Store { ticket: self.tickets, batch });
    }

    fn stored(&mut self, ticket: u64) {
        let Some((id, stored)) = self.storing.remove(&ticket) else { return };
        if matches!(stored, Stored::Order | Stored::End) {
            self.desk.outputs.push_back(Output::Changed { ranking: id });
        }
        let Some(ranking) = self.rankings.get_mut(&id) else { return };
        if stored == Stored::Try && matches!(ranking.state, State::Trying) {
            return self.cut(id);
        }
        if stored == Stored::End && matches!(ranking.state, State::Ending) {
            ranking.state = State::Ended;
        }
        if stored == Stored::Order
            && let State::Storing(tokens) = &mut ranking.state
        {
            let tokens = core::mem::take(tokens);
            ranking.state = State::Waiting;
            self.queue.push_back(id);
            for token in tokens {
                self.desk.outputs.push_back(Output::Submitted { token, result: Ok(id) });
            }
        }
    }

    /// Makes room for one more.
    fn forget_oldest(&mut self) -> Batch {
        let mut batch = Batch::new();
        if self.rankings.len() >= RANKINGS_MAX {
            let ended = self.rankings.iter().filter(|(_, ranking)| matches!(ranking.state, State::Ended));
            // What failed goes before any π, or whoever sends what is no graph would empty the list.
            let has_pi = |record: &Record| matches!(&record.outcome, Some(Outcome { result: Ok(_), .. }));
            let oldest = ended.min_by_key(|(_, ranking)| (has_pi(&ranking.record), ranking.record.submitted));
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.rankings.remove(&oldest);
                batch.delete(key(oldest));
                batch.delete_under(data_key(oldest, b""));
            }
        }
        batch
    }

    /// Makes room for so many bytes of π.
    fn forget_pi(&mut self, bytes: u64) -> Batch {
        let mut batch = Batch::new();
        let mut kept: u64 = self.rankings.values().map(|ranking| ranking.record.pi_bytes).sum();
        while kept + bytes > self.pi_bytes_max {
            let has_pi = self.rankings.iter_mut().filter(|(_, ranking)| ranking.record.pi_bytes > 0);
            let Some((id, ranking)) = has_pi.min_by_key(|(_, ranking)| ranking.record.submitted) else {
                break;
            };
            kept -= ranking.record.pi_bytes;
            ranking.record.pi_bytes = 0;
            batch.delete_under(data_key(*id, b"p/"));
            batch.put(key(*id), encode(&ranking.record));
        }
        batch
    }

    fn begin(&mut self, now: Instant, id: ContentId, result: Result<Box<Cut>, String>) {
        if self.cutting == Some(id) {
            self.cutting = None;
        }
        let Some(ranking) = self.rankings.get_mut(&id) else { return };
        if !matches!(ranking.state, State::Cutting) {
            return;
        }
        match result {
            Ok(cut) => {
                let run = Run::new(now, id, &ranking.record.order, *cut);
                ranking.state = State::Running(Box::new(run));
                self.desk.outputs.push_back(Output::Changed { ranking: id });
                self.forget_tries(id);
            }
            Err(why) => self.end(
                now,
                id,
                &Outcome::refused(now, format!("its graph is not taken: {why}")),
                Vec::new(),
            ),
        }
    }

    /// Keeps how it ended, with the slices of π where there is one.
    fn end(&mut self, now: Instant, id: ContentId, outcome: &Outcome, pi: Vec<Vec<u8>>) {
        let Some(ranking) = self.rankings.get_mut(&id) else { return };
        if let State::Running(run) = &mut ranking.state {
            run.leave(&mut self.desk);
        }
        ranking.state = State::Ending;
        ranking.record.outcome = Some(outcome.clone());
        let pi_bytes = pi.iter().map(|slice| slice.len() as u64).sum();
        let mut batch = self.forget_pi(pi_bytes);
        let Some(ranking) = self.rankings.get_mut(&id) else { return };
        ranking.record.pi_bytes = pi_bytes;
        batch.delete_under(data_key(id, b"g/"));
        if core::mem::take(&mut ranking.tries) > 0 {
            batch.delete(tries::key(id));
        }
        for (at, slice) in (0..).zip(pi) {
            batch.put(slice_key(id, at), slice);
        }
        batch.put(key(id), encode(&ranking.record));
        self.store(id, Stored::End, batch);
        self.queue.retain(|waiting| *waiting != id);
        if self.current == Some(id) {
            self.current = None;
        }
        self.settle(now);
    }

    /// Forgets what came of letters that nobody awaits any more: who lost its parts would have this node keep it.
    fn forget_incoming(&mut self) {
        let long = self.desk.peers.iter().filter(|(_, peer)| peer.post.incoming_len() > UNASKED_BYTES_MAX);
        let awaited = |peer| self.run().map_or(0, |run| run.awaited_bytes(peer));
        let unawaited = long.filter(|(id, peer)| peer.post.incoming_len() > awaited(**id)).map(|(id, _)| *id);
        for id in unawaited.collect::<Vec<_>>() {
            if let Some(peer) = self.desk.peers.get_mut(&id) {
                peer.post.forget_incoming();
            }
        }
    }

    /// Has the one that runs wait behind all others, to begin anew.
    fn put_off(&mut self, now: Instant) {
        self.running(|run, desk| run.leave(desk));
        if let Some(id) = self.current.take()
            && let Some(ranking) = self.rankings.get_mut(&id)
        {
            ranking.state = State::Waiting;
            self.queue.push_back(id);
            self.desk.outputs.push_back(Output::Changed { ranking: id });
        }
        self.settle(now);
    }

    /// Goes on as far as it gets, and passes pieces on.
    fn settle(&mut self, now: Instant) {
        self.desk.began.get_or_insert(now);
        let late = |(id, ranking): (&ContentId, &Ranking)| {
            (ranking.state.is_patient() && ranking.record.deadline() <= now).then_some(*id)
        };
        if let Some(id) = self.rankings.iter().find_map(late) {
            let why = self.rankings.get(&id).map_or_else(String::new, |ranking| self.why(ranking));
            return self.end(now, id, &Outcome::refused(now, format!("its time is over: {why}")), Vec::new());
        }
        if self.current.is_none()
            && self.cutting.is_none()
            && let Some(id) = self.queue.pop_front()
        {
            self.current = Some(id);
            self.try_to_cut(id);
        }
        let mut ended = None;
        self.running(|run, desk| ended = run.settle(now, desk));
        if let Some((outcome, pi)) = ended
            && let Some(current) = self.current
        {
            return self.end(now, current, &outcome, pi);
        }
        if !self.queue.is_empty() && self.run().is_some_and(|run| run.yields(now)) {
            return self.put_off(now);
        }
        self.forget_incoming();
        for (id, peer) in &mut self.desk.peers {
            if let Some(piece) = peer.post.next(now) {
                self.desk.outputs.push_back(Output::Ask { peer: *id, piece });
            }
        }
    }
}

fn key(id: ContentId) -> Vec<u8> {
    [STORE_PREFIX, id.digest()].concat()
}

fn data_key(id: ContentId, what: &[u8]) -> Vec<u8> {
    [DATA_PREFIX, id.digest(), b"/", what].concat()
}

fn graph_key(id: ContentId, at: u32) -> Vec<u8> {
    data_key(id, &[b"g/".as_slice(), &at.to_be_bytes()].concat())
}

/// Where slice `at` of a ranking's π lies: [`rank::SLICE_NODES`] nodes, eight bytes a node, little-endian.
pub fn slice_key(id: ContentId, at: u32) -> Vec<u8> {
    data_key(id, &[b"p/".as_slice(), &at.to_be_bytes()].concat())
}
