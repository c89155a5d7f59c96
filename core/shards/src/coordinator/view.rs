//! What a coordinator shows.

use super::{
    Coordinator, Ended, Ranking, State,
    run::{Run, Who},
};
use crate::order::{Facts, Written};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};
use keys::NodeId;
use rank::{Alpha, decimal};
use serde::{Deserialize, Serialize};

/// Digits behind the point of what is shown of distances.
const DIGITS: u32 = 15;

/// How far a ranking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RankingState {
    /// Others are before it.
    Waiting,
    /// Its graph is being cut.
    Cutting,
    /// Its parts are at holders, or wait for them.
    Running,
    /// There is a π.
    Done,
    /// There is none, and there will be none.
    Refused,
}

/// A ranking as a heavy node shows it to anyone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankingView {
    /// Its id.
    pub id: ContentId,
    /// Its name, in its submitter's words.
    pub name: String,
    /// How the file is written.
    pub written: Written,
    /// α as a decimal.
    pub alpha: String,
    /// ε as a decimal.
    pub epsilon: String,
    /// When it came.
    pub submitted: Instant,
    /// When it is given up.
    pub deadline: Instant,
    /// How far it is.
    pub state: RankingState,
    /// What is done now, what is waited for, or why there is no π.
    pub words: String,
    /// What the graph is like, once it is cut.
    pub graph: Option<Facts>,
    /// Rounds done.
    pub rounds: u32,
    /// By how much the last round changed π at most, as a decimal.
    pub change: Option<String>,
    /// How far π is from the exact one at most, as a decimal.
    pub bound: Option<String>,
    /// The parts, while they are at holders.
    pub shards: Vec<ShardView>,
    /// Holders that others took the place of.
    pub replaced: u32,
    /// Who said something else than what is believed.
    pub liars: Vec<NodeId>,
    /// [`rank::Focus::digest`], once there is a π.
    pub digest: Option<ContentId>,
    /// Bytes of π that are kept: those of the oldest make room for others.
    pub pi_bytes: u64,
    /// π, and how it came about.
    pub result: Option<Ended>,
}

/// A part as a heavy node shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardView {
    /// How many nodes it has.
    pub nodes: u32,
    /// How many edges lead to them.
    pub edges: u32,
    /// Who holds it.
    pub holders: Vec<HoldView>,
}

/// A part at a holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// The light node; `None` for the heavy node itself.
    pub node: Option<NodeId>,
    /// On what, in its own words; empty while the part is on its way.
    pub device: String,
    /// Rounds that it has done.
    pub rounds: u32,
}

impl Coordinator {
    /// A ranking that is known here.
    pub fn ranking(&self, id: ContentId) -> Option<RankingView> {
        self.rankings.get(&id).map(|ranking| self.view(id, ranking))
    }

    /// The rankings that are known here, the latest first; without their parts and results.
    pub fn rankings(&self) -> Vec<RankingView> {
        let short = |(id, ranking): (&ContentId, &Ranking)| RankingView {
            shards: Vec::new(),
            result: None,
            ..self.view(*id, ranking)
        };
        let mut views: Vec<RankingView> = self.rankings.iter().map(short).collect();
        views.sort_by_key(|view| (core::cmp::Reverse(view.submitted), view.id));
        views
    }

    /// The light nodes that offer to hold parts, each with what it computes on.
    pub fn holders(&self) -> Vec<(NodeId, String)> {
        let offers = self.desk.peers.iter().filter_map(|(id, peer)| Some((*id, peer.advert.as_ref()?)));
        offers.map(|(id, advert)| (id, advert.device.clone())).collect()
    }

    /// What is done now, what is waited for, or why there is no π.
    pub(super) fn why(&self, ranking: &Ranking) -> String {
        match (&ranking.state, ranking.record.outcome.as_ref().map(|outcome| &outcome.result)) {
            (State::Storing(_), _) => "it is being stored".into(),
            (State::Waiting, _) => "others are before it".into(),
            (State::Trying | State::Cutting, _) => "its graph is being read and cut".into(),
            (State::Running(run), _) => self.doing(run),
            (State::Ending, _) => "what came of it is being stored".into(),
            (State::Ended, Some(Ok(ended))) => ended.message.clone(),
            (State::Ended, Some(Err(why))) => why.clone(),
            (State::Ended, None) => String::new(),
        }
    }

    fn doing(&self, run: &Run) -> String {
        let lacking = (0..run.parts.len()).filter(|shard| run.lacks(*shard)).count();
        if lacking > 0 && !run.alone {
            let offers = self.holders().len();
            return format!("{lacking} parts wait for light nodes that hold them; {offers} offer to");
        }
        let checked = if run.is_strict { ", all of it checked here, since holders lied alike" } else { "" };
        let (bytes, bytes_max) = (run.unsent_bytes, self.desk.letters_bytes_max / 2);
        let waits = match bytes {
            0 => String::new(),
            _ if bytes > bytes_max => format!(
                "; it goes no further: {bytes} bytes are to be sent to a holder, where at most {bytes_max} may wait for one; have it cut into more parts, or rank it on one machine"
            ),
            _ => {
                format!("; {bytes} bytes for a holder wait until holders have taken in what was sent before")
            }
        };
        format!("round {}{checked}{waits}", run.rounds() + 1)
    }

    fn view(&self, id: ContentId, ranking: &Ranking) -> RankingView {
        let order = &ranking.record.order;
        let is_ended = matches!(ranking.state, State::Ended);
        let outcome = ranking.record.outcome.as_ref().filter(|_| is_ended);
        let result = outcome.and_then(|outcome| outcome.result.as_ref().ok());
        let run = match &ranking.state {
            State::Running(run) => Some(run),
            _ => None,
        };
        let report = run.map(|run| run.hub.report()).or_else(|| result.map(Ended::report));
        let liars = run.map(|run| run.liars.iter().copied().collect());
        RankingView {
            id,
            name: order.name.clone(),
            written: order.written,
            alpha: Alpha::of_parts(order.alpha).to_string(),
            epsilon: decimal(order.epsilon, DIGITS),
            submitted: ranking.record.submitted,
            deadline: ranking.record.deadline(),
            state: match (&ranking.state, outcome) {
                (State::Storing(_) | State::Waiting, _) => RankingState::Waiting,
                (State::Trying | State::Cutting, _) => RankingState::Cutting,
                (State::Running(_) | State::Ending, _) => RankingState::Running,
                (State::Ended, _) if result.is_some() => RankingState::Done,
                (State::Ended, _) => RankingState::Refused,
            },
            words: self.why(ranking),
            graph: run.map(|run| run.facts).or_else(|| result.map(|result| result.graph)),
            rounds: report.map_or(0, |report| report.rounds),
            change: report.filter(|report| report.rounds > 0).map(|report| decimal(report.change, DIGITS)),
            bound: report
                .filter(|report| report.bound < u64::MAX)
                .map(|report| decimal(report.bound, DIGITS)),
            shards: run.map_or_else(Vec::new, |run| shards(run)),
            replaced: run.map_or_else(|| result.map_or(0, |result| result.replaced), |run| run.replaced),
            liars: liars.or_else(|| result.map(|result| result.liars.clone())).unwrap_or_default(),
            digest: result.map(|result| result.digest),
            pi_bytes: if is_ended { ranking.record.pi_bytes } else { 0 },
            result: result.cloned(),
        }
    }
}

fn shards(run: &Run) -> Vec<ShardView> {
    let holders = |shard: usize| {
        let holds = run.holds.values().filter(move |hold| hold.shard == shard);
        holds.map(|hold| HoldView {
            node: match hold.who {
                Who::Own => None,
                Who::Peer(peer) => Some(peer),
            },
            device: hold.device.clone(),
            rounds: hold.step.saturating_sub(1) / 2,
        })
    };
    let parts = run.parts.iter().enumerate();
    parts
        .map(|(shard, part)| ShardView {
            nodes: part.nodes,
            edges: part.edges,
            holders: holders(shard).collect(),
        })
        .collect()
}
