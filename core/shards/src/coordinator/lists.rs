//! What is put together beside the loop: what parts are to gather, and π.

use super::{
    COMBINES_MAX, Desk,
    run::{Round, Run},
};
use crate::{
    combine::{Combine, CombineError, Combined, FocusMade, Made},
    letter::Ask,
    message::About,
};
use alloc::{
    format,
    sync::{Arc, Weak},
    vec::Vec,
};

/// Lists that are put together at a time: each may be as long as the graph has nodes. One place is left for π.
const LISTS_MAX: usize = COMBINES_MAX - 1;

/// What a part is to gather in a step.
#[derive(Debug)]
pub(super) enum List {
    /// It is being put together under this number.
    Making(u64),
    /// It is here, until holders were asked.
    Here(Arc<[u8]>),
    /// It is here as long as some letter has it: the part's other holder is asked the same.
    Lent(Weak<[u8]>),
}

/// π once all parts have told what they keep.
#[derive(Debug)]
pub(super) enum End {
    /// It is being put together under this number.
    Making(u64),
    Here(FocusMade),
}

impl Run {
    /// What a part is asked for in a step, as far as that is known yet.
    pub(super) fn task(&mut self, desk: &mut Desk, shard: usize, step: u32) -> Option<Ask> {
        if step == 0 {
            let about = About {
                ranking: self.ranking,
                name: self.name.clone(),
                shard: shard as u32,
                shards: self.parts.len() as u32,
            };
            return Some(Ask::Begin { about, part: Arc::clone(&self.parts[shard].bytes) });
        }
        if step >= self.last_step() {
            let is_asked = self.hub.verdict().is_some() && step == self.last_step();
            return is_asked.then_some(Ask::Kept);
        }
        let round = self.log.get((step as usize - 1) / 2)?;
        if step % 2 == 1 {
            return Some(Ask::Spread { teleport: round.teleport });
        }
        let known = match self.lists.get(&(shard, step)) {
            Some(List::Making(_)) => return None,
            Some(List::Here(list)) => Some(Arc::clone(list)),
            Some(List::Lent(list)) => list.upgrade(),
            None => None,
        };
        if let Some(ghosts) = known {
            return Some(Ask::Gather { ghosts });
        }
        let spreads = round.spreads.iter().cloned().collect::<Option<Vec<_>>>()?;
        let hub = self.hub.clone();
        let number = desk.combine(LISTS_MAX, |number| Combine::list(number, hub, shard, spreads))?;
        self.lists.insert((shard, step), List::Making(number));
        None
    }

    /// Whether a part can be asked for a step, once what that needs is put together and has room.
    pub(super) fn is_known(&self, step: u32) -> bool {
        let is_told = |round: &Round| step % 2 == 1 || round.spreads.iter().all(Option::is_some);
        match (step as usize).checked_sub(1) {
            None => true,
            Some(_) if step >= self.last_step() => self.hub.verdict().is_some() && step == self.last_step(),
            Some(before) => self.log.get(before / 2).is_some_and(is_told),
        }
    }

    /// Something is put together.
    pub(super) fn combined(&mut self, desk: &mut Desk, combined: Combined) {
        let Combined { number, result } = combined;
        let list = self.lists.iter().find(|(_, list)| matches!(list, List::Making(at) if *at == number));
        let list = list.map(|(at, _)| *at);
        let is_end = matches!(self.end, Some(End::Making(at)) if at == number);
        // Nobody waits any more for what was begun before all began anew.
        if list.is_none() && !is_end {
            return;
        }
        match (result, list) {
            (Ok(Made::List(made)), Some(at)) => drop(self.lists.insert(at, List::Here(made))),
            (Ok(Made::Focus(made)), None) => self.end = Some(End::Here(made)),
            (Err(CombineError::Incredible), _) => self.start_over(desk),
            (Err(CombineError::Broken(why)), _) => {
                self.failure = Some(format!("this heavy node cannot put together what parts said: {why}"));
            }
            (Ok(_), _) => {}
        }
    }

    /// π, which is put together once all parts have told what they keep; `None` before.
    pub(super) fn focus(&mut self, desk: &mut Desk) -> Option<FocusMade> {
        if self.end.is_none() {
            let kept = self.kept.iter().cloned().collect::<Option<Vec<_>>>()?;
            let hub = self.hub.clone();
            let number = desk.combine(COMBINES_MAX, |number| Combine::focus(number, hub, kept))?;
            self.end = Some(End::Making(number));
        }
        match self.end.take()? {
            End::Here(made) => Some(made),
            making @ End::Making(_) => {
                self.end = Some(making);
                None
            }
        }
    }
}
