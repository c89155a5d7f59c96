//! The rounds of π.

use crate::{
    device::{Buffer, Device, Dispatch, Fault, Gpu},
    error::GpuError,
};
use shaders::{
    pair::number,
    rank::{Arranged, Input, Judge, Kernel, LOG_ROUNDS, Solution, State, Sums, cut},
};
use std::ops::Range;
use wgpu::BufferUsages;

/// How often a device may be lost in one solve.
pub const LOSSES_MAX: u32 = 3;
/// After so many rounds the device's sums are read. It stops by itself when π is near, so a few more cost nothing but dispatches that do nothing.
const READ_EVERY: u32 = 16;
/// Edges and nodes that one submission visits, or one round: drivers take a device away that does not answer for seconds.
const VISITS_MAX: u64 = 1 << 27;

const _: () = assert!(READ_EVERY <= LOG_ROUNDS);

const STORAGE: BufferUsages = BufferUsages::STORAGE;
/// What is read back, and written or cleared between rounds.
const READABLE: BufferUsages = STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);

/// What is known of a solve, whichever device does it.
#[derive(Debug, Default)]
struct Progress {
    /// Rounds whose sums the judge has taken in.
    judged: u32,
    /// After how many rounds the judge has ended it.
    end: Option<u32>,
}

impl Gpu {
    /// Does the rounds of a solve, until `judge` says that one was the last.
    ///
    /// # Errors
    /// [`GpuError`]; the judge has then seen some rounds, and begins anew elsewhere.
    pub async fn rank(&self, input: &Input<'_>, judge: &mut impl Judge) -> Result<Solution, GpuError> {
        if input.nodes() == 0 {
            return Ok(Solution { kept: Vec::new(), teleport: State::first(0).teleport() });
        }
        let mut progress = Progress::default();
        let mut losses = 0;
        loop {
            let why = match rounds(&self.device(), input, judge, &mut progress).await {
                Ok(solution) => return Ok(solution),
                Err(Fault::Error(error)) => return Err(error),
                Err(Fault::Lost(why)) => why,
            };
            losses += 1;
            if losses > LOSSES_MAX {
                return Err(GpuError::Lost(why));
            }
            self.reopen().await?;
        }
    }
}

/// Does all rounds on one device. Those that the judge has seen already, on a device that was lost or past the end, it is not told again.
async fn rounds(
    device: &Device,
    input: &Input<'_>,
    judge: &mut impl Judge,
    progress: &mut Progress,
) -> Result<Solution, Fault> {
    device.begin()?;
    let arranged = cut(input, device.binding_max).map_err(GpuError::from)?;
    let spans = arranged.iter().map(|arranged| arranged.part.spans).sum();
    let mut course = input.course(spans);
    course.rounds_max = progress.end.unwrap_or(course.rounds_max);
    let held = device.try_make(|| Held::new(device, input, &arranged, spans)).await?;
    device.write(&held.course, &course.words());
    let visits = input.sources.len() as u64 + u64::from(input.nodes());
    let at_once = (VISITS_MAX / visits).clamp(1, u64::from(READ_EVERY)) as u32;
    let mut done = 0;
    loop {
        let mut left = READ_EVERY;
        while left > 0 {
            device.submit(&held.round, left.min(at_once));
            left -= left.min(at_once);
        }
        let words = device.read(&held.state, State::FIELDS.len().div_ceil(2)).await?;
        let state = State::from_words(words.as_flattened());
        let history = device.read(&held.history, 4 * LOG_ROUNDS as usize).await?;
        if state.rounds <= done || state.rounds > done + READ_EVERY {
            return Err(GpuError::Wrong.into());
        }
        for round in done.max(progress.judged)..state.rounds {
            if progress.end.is_some() {
                break;
            }
            let sums = Sums::read(&history, round).ok_or(GpuError::Wrong)?;
            let is_last = judge.round(sums).map_err(|_| GpuError::Wrong)?;
            progress.judged = round + 1;
            progress.end = is_last.then_some(round + 1);
        }
        done = state.rounds;
        match progress.end {
            Some(end) if done == end => return held.solution(device, state).await,
            // It went on, since only the judge knows all the reasons to end: again, and up to there.
            Some(end) if done > end => {
                if course.rounds_max == end {
                    return Err(GpuError::Wrong.into());
                }
                course.rounds_max = end;
                device.write(&held.course, &course.words());
                held.restart(device, input);
                done = 0;
            }
            _ if state.is_over != 0 => return Err(GpuError::Wrong.into()),
            _ => {}
        }
    }
}

/// A solve's buffers.
struct Held {
    /// The dispatches of a round.
    round: Vec<Dispatch>,
    /// What each part's rows kept, and which they are.
    kept: Vec<(Buffer, Range<usize>)>,
    course: Buffer,
    state: Buffer,
    history: Buffer,
}

impl Held {
    fn new(device: &Device, input: &Input<'_>, arranged: &[Arranged], spans: u32) -> Self {
        let course =
            device.holding(&input.course(spans).words(), BufferUsages::UNIFORM | BufferUsages::COPY_DST);
        let history = device.zeros(4 * LOG_ROUNDS as usize, READABLE);
        let shared = Shared::new(device, input, &input.first(), input.nodes(), spans);
        let (mut round, mut gathers, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for arranged in arranged {
            let piece = Piece::new(device, input, arranged, &shared);
            round.push(piece.spread);
            gathers.extend(piece.gather);
            kept.push((piece.kept.0, arranged.rows()));
        }
        round.append(&mut gathers);
        let Shared { state, partials, .. } = shared;
        round.push(device.dispatch(Kernel::Judge, 1, &[&course, &partials, &state, &history]));
        Self { round, kept, course, state, history }
    }

    /// As before the first round.
    fn restart(&self, device: &Device, input: &Input<'_>) {
        device.write(&self.state, &input.first().words());
        for (kept, rows) in &self.kept {
            device.clear(kept);
            device.write(kept, begun(input, rows));
        }
    }

    async fn solution(&self, device: &Device, state: State) -> Result<Solution, Fault> {
        let mut kept = Vec::with_capacity(self.kept.iter().map(|(_, rows)| rows.len()).sum());
        for (own, rows) in &self.kept {
            kept.extend(device.read(own, rows.len()).await?.into_iter().map(number));
        }
        Ok(Solution { kept, teleport: state.teleport() })
    }
}

/// What rows have before the first round, where they have something: the low and the high word of each.
fn begun<'a>(input: &Input<'a>, rows: &Range<usize>) -> &'a [u32] {
    bytemuck::cast_slice(input.begun.get(rows.clone()).unwrap_or_default())
}

/// What all pieces of a graph, or of a part of one, read and write.
pub(crate) struct Shared {
    pub(crate) state: Buffer,
    pub(crate) partials: Buffer,
    pub(crate) contributions: Buffer,
    jumps: Buffer,
    /// Of blocks' blocks there is one, whose total nobody needs.
    unread: Buffer,
}

impl Shared {
    /// For so many slots and spans.
    pub(crate) fn new(device: &Device, input: &Input<'_>, state: &State, slots: u32, spans: u32) -> Self {
        Self {
            state: device.holding(&state.words(), READABLE | BufferUsages::UNIFORM),
            partials: device.zeros(4 * spans as usize, READABLE),
            contributions: device.zeros((slots as usize).div_ceil(2), READABLE),
            jumps: device.holding(bytemuck::cast_slice(input.jumps), STORAGE),
            unread: device.zeros(1, STORAGE),
        }
    }
}

/// As many rows as a device binds at once: the dispatches of a round's two halves, and what rows keep.
pub(crate) struct Piece {
    pub(crate) spread: Dispatch,
    pub(crate) gather: [Dispatch; 4],
    /// With how many rows there are.
    pub(crate) kept: (Buffer, usize),
}

impl Piece {
    pub(crate) fn new(device: &Device, input: &Input<'_>, arranged: &Arranged, shared: &Shared) -> Self {
        let Arranged { part, edges, starts, tile_rows } = arranged;
        let Shared { state, partials, contributions, jumps, unread } = shared;
        let rows = arranged.rows();
        let of_part = device.holding(&part.words(), BufferUsages::UNIFORM);
        let own = device.zeros(rows.len(), READABLE);
        device.write(&own, begun(input, &rows));
        let order = device.holding(&input.order[rows.clone()], STORAGE);
        let outs = device.holding(&input.outs[rows.clone()], STORAGE);
        let starts = device.holding(starts, STORAGE);
        let tile_rows = device.holding(tile_rows, STORAGE);
        let sources = device.holding(&input.sources[edges.clone()], STORAGE);
        let shares = device.holding(input.shares.get(edges.clone()).unwrap_or_default(), STORAGE);
        let sums = device.zeros(rows.len() + 1, STORAGE);
        let [of_tiles, of_blocks] = arranged.levels();
        let tiles = device.zeros(of_tiles.count as usize, STORAGE);
        let blocks = device.zeros(of_blocks.count as usize, STORAGE);
        let tile_level = device.holding(&of_tiles.words(), BufferUsages::UNIFORM);
        let block_level = device.holding(&of_blocks.words(), BufferUsages::UNIFORM);
        let spread = device.dispatch(
            Kernel::Spread,
            part.spans,
            &[&of_part, state, &own, &order, &outs, jumps, contributions, partials],
        );
        let gather = [
            device.dispatch(
                Kernel::Gather,
                part.tiles,
                &[&of_part, state, &starts, &tile_rows, &sources, &shares, contributions, &sums, &tiles],
            ),
            device.dispatch(Kernel::Scan, of_blocks.count, &[&tile_level, state, &tiles, &blocks]),
            device.dispatch(Kernel::Scan, 1, &[&block_level, state, &blocks, unread]),
            device.dispatch(
                Kernel::Keep,
                part.spans,
                &[&of_part, state, &starts, &sums, &tiles, &blocks, &own, partials],
            ),
        ];
        Self { spread, gather, kept: (own, rows.len()) }
    }
}
