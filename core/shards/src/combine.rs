//! What takes a heavy node as long as its graph is large: putting together what all parts said. It is done beside the loop that everybody waits for.

use crate::{
    letter::Ask,
    message::{WHY_BYTES_MAX, shortened},
};
use alloc::{string::String, sync::Arc, vec::Vec};
use codec::ContentId;
use rank::{Hub, Incredible, SLICE_NODES, Spread};

/// Nodes of the greatest mass that are kept at hand.
const TOP: usize = 100;

/// Something to put together: [`Combine::run`] does it, on a thread that nobody waits for.
#[derive(Debug, Clone)]
pub struct Combine {
    number: u64,
    hub: Hub,
    what: What,
}

/// What came of a [`Combine`].
#[derive(Debug)]
pub struct Combined {
    pub(crate) number: u64,
    pub(crate) result: Result<Made, CombineError>,
}

#[derive(Debug, Clone)]
enum What {
    /// What a part is to gather, of what all parts said in a round.
    List { shard: usize, spreads: Vec<Arc<Spread>> },
    /// π, of what all parts keep in the end.
    Focus { kept: Vec<Arc<Vec<u64>>> },
}

#[derive(Debug)]
pub(crate) enum Made {
    /// The list of [`crate::Task::Gather`], as it is shared.
    List(Arc<[u8]>),
    Focus(FocusMade),
}

/// π as it is kept.
#[derive(Debug)]
pub(crate) struct FocusMade {
    pub(crate) digest: ContentId,
    pub(crate) top: Vec<(u32, u64)>,
    /// Its slices, as they are stored.
    pub(crate) slices: Vec<Vec<u8>>,
}

#[derive(Debug)]
pub(crate) enum CombineError {
    /// What parts said is not of one graph.
    Incredible,
    /// It was not done to its end, and why, for people.
    Broken(String),
}

impl From<Incredible> for CombineError {
    fn from(Incredible: Incredible) -> Self {
        Self::Incredible
    }
}

/// Two are alike if they are the same one.
impl PartialEq for Combine {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Combine {
    pub(crate) fn list(number: u64, hub: Hub, shard: usize, spreads: Vec<Arc<Spread>>) -> Self {
        Self { number, hub, what: What::List { shard, spreads } }
    }

    pub(crate) fn focus(number: u64, hub: Hub, kept: Vec<Arc<Vec<u64>>>) -> Self {
        Self { number, hub, what: What::Focus { kept } }
    }

    /// Does it.
    pub fn run(&self) -> Combined {
        Combined { number: self.number, result: self.made() }
    }

    /// What to say where that did not come to its end, and why, for people, of which the first 300 bytes are kept: its ranking fails then.
    pub fn broken(&self, why: String) -> Combined {
        let why = shortened(why, WHY_BYTES_MAX);
        Combined { number: self.number, result: Err(CombineError::Broken(why)) }
    }

    fn made(&self) -> Result<Made, CombineError> {
        match &self.what {
            What::List { shard, spreads } => {
                let exports: Vec<&[u32]> = spreads.iter().map(|spread| spread.exports.as_slice()).collect();
                Ok(Made::List(Ask::list(&self.hub.ghosts(*shard, &exports)?)))
            }
            What::Focus { kept } => {
                let kept: Vec<&[u64]> = kept.iter().map(|kept| kept.as_slice()).collect();
                let focus = self.hub.focus(&kept)?;
                let slice =
                    |slice: &[u64]| slice.iter().flat_map(|units| units.to_le_bytes()).collect::<Vec<u8>>();
                let slices = focus.values().chunks(SLICE_NODES).map(slice).collect();
                Ok(Made::Focus(FocusMade { digest: focus.digest(), top: focus.top(TOP), slices }))
            }
        }
    }
}
