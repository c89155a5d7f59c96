//! The rounds of interaction nets.

mod room;
pub(crate) mod special;

use crate::{
    device::{Buffer, Device, Dispatch, Fault, Gpu, Groups, lock},
    error::GpuError,
    rank::LOSSES_MAX,
};
use room::Room;
use shaders::ffcm::{
    Input, Kernel, NONE, STATE_WORDS, Solution, State, TAG_BITS, Totals, counts, opcode, special_calls,
    stopped, tag,
};
use special::{Code, Specialize, Specializing};
use std::collections::{BTreeMap, BTreeSet};

/// Most steps between two looks at what the device did; after the last round they do nothing.
const READ_EVERY: u32 = 16;
/// Steps before the first look, when nobody knows how fast the device is.
const FIRST_STEPS: u32 = 2;
/// Pairs that one submission reduces at most, but for those of a single step: drivers take a device away that does not answer for seconds.
const PAIRS_AT_ONCE: u32 = 1 << 23;
/// How long a submission may take before the next one is shorter, in milliseconds.
const SUBMISSION_MS: f64 = 100.0;
/// Room grows by this factor at first, a power of two.
const GROWTH: u32 = 4;
/// Nodes or wires that are read at once.
const PAGE: u32 = 1024;
/// Most pages that are read at once without being asked for.
const AHEAD_MAX: u32 = 1 << 16;

impl Gpu {
    /// Makes the kernels for nets, which else the first [`Gpu::reduce`] does: it takes a driver a while.
    ///
    /// # Errors
    /// [`GpuError`].
    pub async fn prepare_nets(&self) -> Result<(), GpuError> {
        let device = self.device();
        let prepared = match device.begin() {
            Ok(()) => device.prepare_nets().await,
            Err(fault) => Err(fault),
        };
        match prepared {
            // What comes next opens another.
            Ok(()) | Err(Fault::Lost(_)) => Ok(()),
            Err(Fault::Error(error)) => Err(error),
        }
    }

    /// Reduces a net, until no pair is left, or there is no room, or there were as many interactions as there may be. `now_ms` is a clock, in
    /// milliseconds since whenever: how much a device is handed at once goes by how long it takes.
    ///
    /// # Errors
    /// [`GpuError`]; the processor begins anew.
    pub async fn reduce(&self, input: &Input<'_>, now_ms: impl Fn() -> f64) -> Result<Solution, GpuError> {
        let mut losses = 0;
        let mut when = *lock(&self.specialize);
        loop {
            let why = match rounds(&self.device(), input, READ_EVERY >> losses, when, &now_ms).await {
                Ok(solution) => return Ok(solution),
                Err(Fault::Error(error)) => return Err(error),
                Err(Fault::Lost(why)) => why,
            };
            losses += 1;
            if losses > LOSSES_MAX {
                return Err(GpuError::Lost(why));
            }
            // A driver that takes the device away may do so for the code, and would do so again.
            when = Specialize::Never;
            *lock(&self.specialize) = when;
            self.reopen().await?;
        }
    }
}

/// How many steps, of `most`, reduce no more than [`PAIRS_AT_ONCE`] pairs, where each round may have twice those of the one before; one at least.
fn at_once(pairs: u32, pairs_max: u32, most: u32) -> u32 {
    let width = |step: u32| (u64::from(pairs) << step.min(31)).min(u64::from(pairs_max));
    let sums = (0..most).scan(0, |sum, step| {
        *sum += width(step);
        Some(*sum)
    });
    (sums.take_while(|sum| *sum <= u64::from(PAIRS_AT_ONCE)).count() as u32).max(1)
}

/// All rounds on one device, `most` steps at once at most: one that was lost may have been given too much.
async fn rounds(
    device: &Device,
    input: &Input<'_>,
    most: u32,
    specialize: Specialize,
    now_ms: &impl Fn() -> f64,
) -> Result<Solution, Fault> {
    device.begin()?;
    device.prepare_nets().await?;
    let mut room = Room::first(device, input).await?;
    let mut special = Specializing::new(device, input, specialize);
    special.look(input, 0, 0.0).await?;
    let first_ms = now_ms();
    let mut step = steps(device, &room, special.code.as_ref())?;
    let mut state = read_state(device, &room).await?;
    let (mut growth, mut pace) = (GROWTH, FIRST_STEPS.min(most));
    let mut totals = Totals::default();
    while state.0.stopped == stopped::STOPPED_NOT {
        let begun_ms = now_ms();
        device.submit(&step, at_once(state.0.pairs, room.pairs_max(), pace));
        let before = state.0;
        state = read_state(device, &room).await?;
        pace = if now_ms() - begun_ms < SUBMISSION_MS { (2 * pace).min(most) } else { (pace / 2).max(1) };
        totals.add(&before, &state.0);
        if state.0.rounds == before.rounds || state.0.pairs > room.pairs_max() {
            return Err(GpuError::Wrong.into());
        }
        let is_full = state.0.stopped == stopped::STOPPED_FULL;
        let wants_more = state.0.short_of != 0 && (is_full || state.0.stopped == stopped::STOPPED_NOT);
        while wants_more && growth > 1 {
            match room.grown(device, input, &state.0, growth).await {
                Ok(Some((grown, words))) => {
                    room = grown;
                    step = steps(device, &room, special.code.as_ref())?;
                    state = words;
                }
                // As large as may be: pairs wait for each other.
                Ok(None) => {}
                // There may be memory for less.
                Err(Fault::Error(GpuError::NoMemory(_) | GpuError::Refused(_))) => {
                    growth /= 2;
                    continue;
                }
                Err(fault) => return Err(fault),
            }
            break;
        }
        let calls = counts(&state.1)[opcode::SPECIALIZE as usize];
        if state.0.stopped == stopped::STOPPED_NOT && special.look(input, calls, now_ms() - first_ms).await? {
            step = steps(device, &room, special.code.as_ref())?;
        }
    }
    let (state, words) = state;
    // Of a net that did not end nobody asks for the rest, which may fill the device.
    let (nodes, wires) = match state.stopped {
        stopped::STOPPED_DONE => reached(device, &room, input.root, &state).await?,
        _ => Reached::default(),
    };
    let special_defs = special.code.map_or(0, |code| code.defs);
    let special_calls = special_calls(&words);
    Ok(Solution { state, totals, counts: counts(&words), special_defs, special_calls, nodes, wires })
}

/// The state and all its words.
async fn read_state(device: &Device, room: &Room) -> Result<(State, Vec<u32>), Fault> {
    let words = device.read(&room.state, STATE_WORDS.div_ceil(2)).await?;
    let words = words.as_flattened().to_vec();
    Ok((State::from_words(&words), words))
}

/// The dispatches of a step, with definitions as code where there is some.
fn steps(device: &Device, room: &Room, code: Option<&Code>) -> Result<Vec<Dispatch>, Fault> {
    let net = [
        &room.course,
        &room.program,
        &room.state,
        &room.nodes,
        &room.wires,
        &room.free_nodes,
        &room.free_wires,
        &room.pairs[0],
        &room.pairs[1],
    ];
    let told = |at| Groups::Told(room.workgroups.clone(), at);
    let ends = [&room.course, &room.state, &room.workgroups];
    let [wide, narrow] = [0, 1].map(|at| code.map(|code| &code.pipelines[at]));
    Ok(vec![
        device.net_dispatch(Kernel::Wide, wide, told(0), &net)?,
        device.net_dispatch(Kernel::Narrow, narrow, told(12), &net)?,
        device.net_dispatch(Kernel::Settle, None, Groups::Fixed([1, 1]), &ends)?,
    ])
}

type Reached = (BTreeMap<u32, [u32; 4]>, BTreeMap<u32, u32>);

/// What the root leads to. Read in pages, as many at once as are known to be needed; since most results are small, most of the net stays where it is.
async fn reached(device: &Device, room: &Room, root: u32, state: &State) -> Result<Reached, Fault> {
    let (mut nodes, mut wires) = Reached::default();
    let mut pages = [Pages::new(4, state.nodes_fresh), Pages::new(1, state.wires_fresh)];
    let mut open = vec![root << TAG_BITS | tag::VAR];
    let mut missing = Vec::new();
    loop {
        while let Some(port) = open.pop() {
            let at = port >> TAG_BITS;
            let is_node = port & tag::CON != 0;
            if !is_node && port & ((1 << TAG_BITS) - 1) != tag::VAR {
                continue;
            }
            // What is reached twice goes in circles, and so does what it leads to.
            if if is_node { nodes.contains_key(&at) } else { wires.contains_key(&at) } {
                continue;
            }
            match pages[usize::from(!is_node)].get(at)? {
                None => missing.push(port),
                Some(words) if is_node => {
                    let node = [words[0], words[1], words[2], words[3]];
                    nodes.insert(at, node);
                    open.extend([node[1], node[2]]);
                }
                Some(words) => {
                    let waiting = !words[0];
                    wires.insert(at, waiting);
                    open.extend((waiting != NONE).then_some(waiting));
                }
            }
        }
        if missing.is_empty() {
            return Ok((nodes, wires));
        }
        for (pages, buffer) in pages.iter_mut().zip([&room.nodes, &room.wires]) {
            pages.fetch(device, buffer).await?;
        }
        open.append(&mut missing);
    }
}

/// Pages of a buffer.
struct Pages {
    /// Words of a place.
    words: usize,
    /// Places that there are.
    places: u32,
    held: BTreeMap<u32, Vec<u32>>,
    wanted: BTreeSet<u32>,
    /// How often pages were fetched.
    fetches: u32,
}

impl Pages {
    fn new(words: usize, places: u32) -> Self {
        Self { words, places, held: BTreeMap::new(), wanted: BTreeSet::new(), fetches: 0 }
    }

    /// The words of a place; none if its page has yet to be fetched.
    fn get(&mut self, at: u32) -> Result<Option<&[u32]>, Fault> {
        if at >= self.places {
            return Err(GpuError::Wrong.into());
        }
        let Some(page) = self.held.get(&(at / PAGE)) else {
            self.wanted.insert(at / PAGE);
            return Ok(None);
        };
        let first = (at % PAGE) as usize * self.words;
        Ok(page.get(first..first + self.words))
    }

    async fn fetch(&mut self, device: &Device, buffer: &Buffer) -> Result<(), Fault> {
        if self.wanted.is_empty() {
            return Ok(());
        }
        // Each time, pages beside those that are wanted come as well, twice as many: a long list takes few fetches.
        let ahead = (1 << self.fetches.min(20)).min(AHEAD_MAX / self.wanted.len() as u32);
        self.fetches += 1;
        let last = (self.places - 1) / PAGE;
        let wanted: BTreeSet<u32> = std::mem::take(&mut self.wanted)
            .into_iter()
            .flat_map(|page| page.saturating_sub(ahead / 2)..=page.saturating_add(ahead / 2).min(last))
            .filter(|page| !self.held.contains_key(page))
            .collect();
        let size = PAGE as usize * self.words;
        let runs: Vec<_> = wanted.iter().map(|page| [*page as usize * size / 2, size / 2]).collect();
        let read = device.read_runs(buffer, &runs).await?;
        self.held.extend(wanted.into_iter().zip(read.as_flattened().chunks_exact(size).map(<[u32]>::to_vec)));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
