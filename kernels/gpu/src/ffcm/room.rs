//! A net's buffers: small at first, and larger when pairs wait for room.

use super::{PAGE, read_state};
use crate::{
    device::{Buffer, Device, Fault},
    error::GpuError,
};
use shaders::ffcm::{Input, State, pairs_max, short_of, stopped, workgroups};
use wgpu::BufferUsages;

/// Nodes and wires that there is room for at first.
const FIRST: u32 = 1 << 16;

const STORAGE: BufferUsages =
    BufferUsages::STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);

/// The buffers.
pub(super) struct Room {
    nodes_max: u32,
    wires_max: u32,
    pub(super) course: Buffer,
    pub(super) program: Buffer,
    pub(super) state: Buffer,
    pub(super) nodes: Buffer,
    pub(super) wires: Buffer,
    pub(super) free_nodes: Buffer,
    pub(super) free_wires: Buffer,
    /// The even queue and the odd one.
    pub(super) pairs: [Buffer; 2],
    pub(super) workgroups: Buffer,
}

/// Places and pairs that a buffer of `binding_max` bytes holds, two words of a ring for each wire.
fn most(device: &Device, input: &Input<'_>) -> [u32; 2] {
    let fits = |bytes: u64| {
        let places = u32::try_from(device.binding_max / bytes).unwrap_or(u32::MAX);
        // Whole pages, where there is one.
        if places < PAGE { places } else { places / PAGE * PAGE }
    };
    [input.nodes_max.min(fits(16)), input.wires_max.min(fits(8))]
}

impl Room {
    /// With the net in it, as it is before the first round.
    pub(super) async fn first(device: &Device, input: &Input<'_>) -> Result<Self, Fault> {
        let [nodes_most, wires_most] = most(device, input);
        let [nodes, wires] = [input.nodes.len() as u32, input.wires.len() as u32];
        let program = input.program.len() as u64 * 4;
        if nodes > nodes_most || wires > wires_most || program > device.binding_max {
            return Err(GpuError::NoRoom { nodes_max: nodes_most, wires_max: wires_most }.into());
        }
        // Twice what there is, so that the first rounds find some.
        let [nodes_max, wires_max] = [
            FIRST.max(nodes.saturating_mul(2)).min(nodes_most),
            FIRST.max(wires.saturating_mul(2)).min(wires_most),
        ];
        let program = device.try_make(|| device.holding(input.program, STORAGE)).await?;
        let room = Self::new(device, input, program, [nodes_max, wires_max]).await?;
        device.write(&room.state, &input.first());
        device.write(&room.nodes, input.nodes.as_flattened());
        let empty_is_zero: Vec<u32> = input.wires.iter().map(|port| !port).collect();
        device.write(&room.wires, &empty_is_zero);
        device.write(&room.pairs[0], input.pairs.as_flattened());
        device.write(&room.workgroups, &workgroups(input.pairs.len() as u32, device.groups_max));
        Ok(room)
    }

    async fn new(
        device: &Device,
        input: &Input<'_>,
        program: Buffer,
        [nodes_max, wires_max]: [u32; 2],
    ) -> Result<Self, Fault> {
        let course = input.course(nodes_max, wires_max, device.groups_max).words();
        let pairs = pairs_max(nodes_max, wires_max) as usize;
        // Whole pages, so that they can be read.
        let [nodes, wires] = [nodes_max, wires_max].map(|most| most.next_multiple_of(PAGE) as usize);
        let words = |words: usize| device.zeros(words.div_ceil(2), STORAGE);
        device
            .try_make(|| Self {
                nodes_max,
                wires_max,
                course: device.holding(&course, BufferUsages::UNIFORM),
                program,
                state: words(shaders::ffcm::STATE_WORDS),
                nodes: words(4 * nodes),
                wires: words(wires),
                free_nodes: words(2 * nodes),
                free_wires: words(2 * wires),
                pairs: [words(2 * pairs), words(2 * pairs)],
                workgroups: device.zeros(3, STORAGE | BufferUsages::INDIRECT),
            })
            .await
    }

    /// Most pairs of a round.
    pub(super) fn pairs_max(&self) -> u32 {
        pairs_max(self.nodes_max, self.wires_max)
    }

    /// The same net with so many times the room, and its state, between two rounds. `None` if there is none.
    pub(super) async fn grown(
        &self,
        device: &Device,
        input: &Input<'_>,
        state: &State,
        growth: u32,
    ) -> Result<Option<(Self, (State, Vec<u32>))>, Fault> {
        let [nodes_most, wires_most] = most(device, input);
        let more = |now: u32, most: u32, is_short: bool| {
            if is_short { now.saturating_mul(growth).min(most) } else { now }
        };
        let nodes_max = more(self.nodes_max, nodes_most, state.short_of & short_of::SHORT_OF_NODES != 0);
        let wires_max = more(self.wires_max, wires_most, state.short_of & short_of::SHORT_OF_WIRES != 0);
        if [nodes_max, wires_max] == [self.nodes_max, self.wires_max] {
            return Ok(None);
        }
        let rings = [
            [state.nodes_head, state.nodes_tail, self.nodes_max, state.nodes_fresh],
            [state.wires_head, state.wires_tail, self.wires_max, state.wires_fresh],
        ];
        let adds_up = |[head, tail, most, fresh]: [u32; 4]| {
            head <= tail && tail - head <= most && head < 2 * most && fresh <= most
        };
        if !rings.into_iter().all(adds_up) {
            return Err(GpuError::Wrong.into());
        }
        let room = Self::new(device, input, self.program.clone(), [nodes_max, wires_max]).await?;
        device.copy(&self.nodes, &room.nodes, &[[0, 0, 16 * u64::from(state.nodes_fresh)]]);
        device.copy(&self.wires, &room.wires, &[[0, 0, 4 * u64::from(state.wires_fresh)]]);
        // What is free stands at the beginning of the new rings.
        let free_nodes = unrolled(state.nodes_head, state.nodes_tail, self.nodes_max);
        let free_wires = unrolled(state.wires_head, state.wires_tail, self.wires_max);
        device.copy(&self.free_nodes, &room.free_nodes, &free_nodes);
        device.copy(&self.free_wires, &room.free_wires, &free_wires);
        let queue = state.is_odd as usize & 1;
        device.copy(&self.pairs[queue], &room.pairs[queue], &[[0, 0, 8 * u64::from(state.pairs)]]);
        let [nodes_free, wires_free] =
            [state.nodes_tail - state.nodes_head, state.wires_tail - state.wires_head];
        let (_, mut words) = read_state(device, self).await?;
        let state = State {
            short_of: 0,
            stopped: stopped::STOPPED_NOT,
            nodes_head: 0,
            nodes_ready: nodes_free,
            nodes_tail: nodes_free,
            wires_head: 0,
            wires_ready: wires_free,
            wires_tail: wires_free,
            ..*state
        };
        words.splice(..State::FIELDS.len(), state.words());
        device.write(&room.state, &words);
        device.write(&room.workgroups, &workgroups(state.pairs, device.groups_max));
        Ok(Some((room, (state, words))))
    }
}

/// The part of a ring from `head` to `tail`, as runs of bytes from the old ring to the new.
fn unrolled(head: u32, tail: u32, most: u32) -> Vec<[u64; 3]> {
    let size = 2 * u64::from(most);
    let (head, tail) = (u64::from(head), u64::from(tail));
    let first = size.min(tail).saturating_sub(head);
    let runs = [[head, 0, first], [0, first, (tail - head) - first]];
    runs.map(|run| run.map(|words| 4 * words)).to_vec()
}
