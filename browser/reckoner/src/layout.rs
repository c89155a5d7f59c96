//! Where the nodes of a drawing stand: nodes repel each other, edges pull, and steps are as long as they are in agreement.
//!
//! The forces and the steps are ForceAtlas2's (M. Jacomy, T. Venturini, S. Heymann, M. Bastian, "ForceAtlas2, a continuous graph layout algorithm
//! for handy network visualization", 2014). Repulsion comes from a pyramid of grids: near nodes one by one, far ones as the cell that holds them, larger
//! cells the farther they are; so a step takes time in proportion to the nodes, not to their pairs.
//!
//! ```
//! use reckoner::layout::Layout;
//!
//! let mut layout = Layout::new(4, vec![[0, 1], [1, 2], [2, 3], [3, 0]]);
//! while !layout.is_settled() {
//!     layout.step();
//! }
//! let [a, c] = [layout.places()[0], layout.places()[2]];
//! assert!((a[0] - c[0]).hypot(a[1] - c[1]) > 1.0);
//! ```
//!
//! # Bounds
//! About 40 bytes a node, 8 an edge. It settles after [`STEPS_MAX`] steps at the latest.

/// Most steps of a layout.
pub const STEPS_MAX: u32 = 500;
/// Nodes of a cell that are looked at one by one; of more, their centre stands for all.
const NEAR_MAX: usize = 48;
/// Levels of the pyramid: 4⁸ cells are as many as tens of thousands of nodes need.
const LEVELS_MAX: u32 = 8;
/// How strongly nodes repel; how strongly the middle pulls, the more the farther they are, so that what nothing holds stays in the drawing.
const REPULSION: f32 = 4.0;
const GRAVITY: f32 = 0.15;
/// Nodes are never nearer than this, as far as forces go.
const NEAREST: f32 = 0.1;
/// It stands still once nodes move by less than this part of the drawing in a step.
const STILL: f32 = 2e-5;

/// Where nodes are, and whither they go.
#[derive(Debug, Clone)]
pub struct Layout {
    places: Vec<[f32; 2]>,
    edges: Vec<[u32; 2]>,
    /// One, and one more for each edge.
    masses: Vec<f32>,
    forces: Vec<[f32; 2]>,
    forces_before: Vec<[f32; 2]>,
    speed: f32,
    efficiency: f32,
    steps: u32,
    is_still: bool,
    grids: Grids,
}

impl Layout {
    /// So many nodes, the first in the middle, with edges between them. Edges that name no node are left out.
    pub fn new(nodes: u32, mut edges: Vec<[u32; 2]>) -> Self {
        edges.retain(|[a, b]| *a < nodes && *b < nodes);
        let mut masses = vec![1.0; nodes as usize];
        edges.iter().flatten().for_each(|end| masses[*end as usize] += 1.0);
        // A sunflower's seeds: evenly spread, and the same each time.
        let golden = std::f32::consts::PI * (3.0 - 5_f32.sqrt());
        let seed = |at: u32| {
            let (radius, angle) = (6.0 * (at as f32 + 0.5).sqrt(), at as f32 * golden);
            [radius * angle.cos(), radius * angle.sin()]
        };
        let zeros = vec![[0.0; 2]; nodes as usize];
        Self {
            places: (0..nodes).map(seed).collect(),
            edges,
            masses,
            forces: zeros.clone(),
            forces_before: zeros,
            speed: 1.0,
            efficiency: 1.0,
            steps: 0,
            is_still: nodes < 2,
            grids: Grids::default(),
        }
    }

    /// Where each node is.
    pub fn places(&self) -> &[[f32; 2]] {
        &self.places
    }

    /// Whether nothing is to be gained by another step.
    pub fn is_settled(&self) -> bool {
        self.is_still || self.steps >= STEPS_MAX
    }

    /// Moves every node once.
    pub fn step(&mut self) {
        if self.is_settled() {
            return;
        }
        self.steps += 1;
        std::mem::swap(&mut self.forces, &mut self.forces_before);
        self.grids.build(&self.places, &self.masses);
        for at in 0..self.places.len() {
            let [x, y] = self.places[at];
            let mass = self.masses[at];
            let [pushed_x, pushed_y] = self.grids.push(at, &self.places, &self.masses);
            let pull = -GRAVITY * mass;
            let push = REPULSION * mass;
            self.forces[at] = [pushed_x * push + x * pull, pushed_y * push + y * pull];
        }
        for [a, b] in &self.edges {
            let (a, b) = (*a as usize, *b as usize);
            for axis in [0, 1] {
                let apart = self.places[b][axis] - self.places[a][axis];
                self.forces[a][axis] += apart;
                self.forces[b][axis] -= apart;
            }
        }
        self.follow();
    }

    /// Goes where the forces point: far where they agree with those of the step before, hardly where they swing.
    fn follow(&mut self) {
        let count = self.places.len() as f32;
        let swing = |now: &[f32; 2], before: &[f32; 2]| (now[0] - before[0]).hypot(now[1] - before[1]);
        let (mut swinging, mut traction) = (0.0_f32, 0.0_f32);
        for ((now, before), mass) in self.forces.iter().zip(&self.forces_before).zip(&self.masses) {
            swinging += mass * swing(now, before);
            traction += mass * 0.5 * (now[0] + before[0]).hypot(now[1] + before[1]);
        }
        let (swinging, traction) = (swinging.max(1e-9), traction.max(1e-9));
        let estimate = 0.05 * count.sqrt();
        let mut tolerance = (estimate * traction / (count * count)).min(10.0).max(estimate.sqrt());
        if swinging / traction > 2.0 {
            if self.efficiency > 0.05 {
                self.efficiency *= 0.5;
            }
            tolerance = tolerance.max(1.0);
        }
        let target = tolerance * self.efficiency * traction / swinging;
        if swinging > tolerance * traction {
            if self.efficiency > 0.05 {
                self.efficiency *= 0.7;
            }
        } else if self.speed < 1_000.0 {
            self.efficiency *= 1.3;
        }
        self.speed += (target - self.speed).min(0.5 * self.speed);
        // The last steps are ever shorter, so that it comes to rest.
        let left = 1.0 - self.steps as f32 / STEPS_MAX as f32;
        let calm = (left * 4.0).min(1.0);
        let (mut moved, mut reach) = (0.0_f32, NEAREST);
        for (place, ((now, before), mass)) in
            self.places.iter_mut().zip(self.forces.iter().zip(&self.forces_before).zip(&self.masses))
        {
            let mut factor = calm * self.speed / (1.0 + (self.speed * mass * swing(now, before)).sqrt());
            let length = now[0].hypot(now[1]);
            // One step leads nobody out of the drawing.
            factor = factor.min(self.grids.side.max(10.0) * 0.1 / length.max(1e-9));
            place[0] += now[0] * factor;
            place[1] += now[1] * factor;
            moved += length * factor;
            reach = reach.max(place[0].abs()).max(place[1].abs());
        }
        self.is_still = moved / count < STILL * reach;
    }
}

/// All mass of a square, and where its centre is.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    mass: f32,
    at: [f32; 2],
}

/// Grids over all nodes, each with four cells for one of the grid above it.
#[derive(Debug, Clone, Default)]
struct Grids {
    /// The finest has 2^`levels` cells a side.
    levels: u32,
    corner: [f32; 2],
    side: f32,
    /// The coarsest first.
    cells: Vec<Cell>,
    /// The finest grid's cell of each node.
    cell_of: Vec<u32>,
    /// Nodes by their cells: those of cell `c` stand at `starts[c]..starts[c + 1]`.
    starts: Vec<u32>,
    nodes: Vec<u32>,
}

/// The first cell of a level: before it come 1, 4, 16 and so on.
const fn first(level: u32) -> usize {
    ((1_usize << (2 * level)) - 1) / 3
}

impl Grids {
    fn build(&mut self, places: &[[f32; 2]], masses: &[f32]) {
        let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
        for place in places {
            for axis in 0..2 {
                low[axis] = low[axis].min(place[axis]);
                high[axis] = high[axis].max(place[axis]);
            }
        }
        self.corner = low;
        self.side = (high[0] - low[0]).max(high[1] - low[1]).max(NEAREST) * 1.001;
        // About two nodes a cell.
        self.levels = (places.len().max(1).ilog2() / 2).clamp(1, LEVELS_MAX);
        let (cells, finest) = (first(self.levels + 1), first(self.levels));
        self.cells.clear();
        self.cells.resize(cells, Cell::default());
        self.starts.clear();
        self.starts.resize(cells - finest + 1, 0);
        self.cell_of.clear();
        let last = (1_u32 << self.levels) - 1;
        let scale = (1_u32 << self.levels) as f32 / self.side;
        for (place, mass) in places.iter().zip(masses) {
            let slot = |axis: usize| (((place[axis] - self.corner[axis]) * scale) as u32).min(last);
            let cell = slot(1) << self.levels | slot(0);
            self.cell_of.push(cell);
            self.starts[cell as usize + 1] += 1;
            let cell = &mut self.cells[finest + cell as usize];
            cell.mass += mass;
            cell.at[0] += mass * place[0];
            cell.at[1] += mass * place[1];
        }
        for at in 1..self.starts.len() {
            self.starts[at] += self.starts[at - 1];
        }
        self.nodes.resize(places.len(), 0);
        let mut next = self.starts.clone();
        for (node, cell) in (0..).zip(&self.cell_of) {
            let slot = &mut next[*cell as usize];
            self.nodes[*slot as usize] = node;
            *slot += 1;
        }
        for level in (0..self.levels).rev() {
            let below = first(level + 1);
            for cell in 0..1_usize << (2 * level) {
                let (x, y) = (cell & ((1 << level) - 1), cell >> level);
                let mut whole = Cell::default();
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    let child = self.cells[below + ((2 * y + dy) << (level + 1) | (2 * x + dx))];
                    whole.mass += child.mass;
                    whole.at[0] += child.at[0];
                    whole.at[1] += child.at[1];
                }
                self.cells[first(level) + cell] = whole;
            }
        }
        for cell in self.cells.iter_mut().filter(|cell| cell.mass > 0.0) {
            cell.at = [cell.at[0] / cell.mass, cell.at[1] / cell.mass];
        }
    }

    /// What pushes a node of mass 1 there: Σ mass · direction / distance.
    fn push(&self, node: usize, places: &[[f32; 2]], masses: &[f32]) -> [f32; 2] {
        let from = places[node];
        let mut push = [0.0; 2];
        let mut add = |mass: f32, at: [f32; 2]| {
            let apart = [from[0] - at[0], from[1] - at[1]];
            let strength = mass / (apart[0] * apart[0] + apart[1] * apart[1]).max(NEAREST);
            push[0] += apart[0] * strength;
            push[1] += apart[1] * strength;
        };
        let own = self.cell_of[node];
        let (mut x, mut y) = (own & ((1 << self.levels) - 1), own >> self.levels);
        let around = |at: u32, most: u32| at.saturating_sub(1)..=(at + 1).min(most);
        let last = (1_u32 << self.levels) - 1;
        for row in around(y, last) {
            for column in around(x, last) {
                let cell = (row << self.levels | column) as usize;
                let range = self.starts[cell] as usize..self.starts[cell + 1] as usize;
                if range.len() > NEAR_MAX {
                    let Cell { mass, at } = self.cells[first(self.levels) + cell];
                    add(mass, at);
                    continue;
                }
                for other in &self.nodes[range] {
                    if *other as usize != node {
                        add(masses[*other as usize], places[*other as usize]);
                    }
                }
            }
        }
        // Of each grid, what is near on the coarser one and not on this.
        for level in (2..=self.levels).rev() {
            let last = (1_u32 << level) - 1;
            let reach = |at: u32| {
                let of_parents = around(at >> 1, last >> 1);
                2 * of_parents.start()..=2 * of_parents.end() + 1
            };
            for row in reach(y) {
                for column in reach(x) {
                    if row.abs_diff(y) > 1 || column.abs_diff(x) > 1 {
                        let Cell { mass, at } = self.cells[first(level) + (row << level | column) as usize];
                        if mass > 0.0 {
                            add(mass, at);
                        }
                    }
                }
            }
            (x, y) = (x >> 1, y >> 1);
        }
        push
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(nodes: u32, edges: Vec<[u32; 2]>) -> Layout {
        let mut layout = Layout::new(nodes, edges);
        while !layout.is_settled() {
            layout.step();
        }
        assert!(layout.places().iter().flatten().all(|at| at.is_finite()));
        layout
    }

    fn mean_distance(layout: &Layout, pairs: impl Iterator<Item = [u32; 2]>) -> f32 {
        let (mut sum, mut count) = (0.0, 0.0);
        for [a, b] in pairs {
            let [a, b] = [layout.places[a as usize], layout.places[b as usize]];
            sum += (a[0] - b[0]).hypot(a[1] - b[1]);
            count += 1.0;
        }
        sum / count
    }

    #[test]
    fn neighbours_stand_near_each_other() {
        // A grid of 30 by 30.
        let at = |x: u32, y: u32| y * 30 + x;
        let mut edges = Vec::new();
        for y in 0..30 {
            for x in 0..30 {
                edges.extend((x < 29).then(|| [at(x, y), at(x + 1, y)]));
                edges.extend((y < 29).then(|| [at(x, y), at(x, y + 1)]));
            }
        }
        let layout = settled(900, edges.clone());
        let far = (0..450).map(|node| [node, node + 450]);
        let (near, far) = (mean_distance(&layout, edges.into_iter()), mean_distance(&layout, far));
        assert!(near * 4.0 < far, "{near} {far}");
    }

    #[test]
    fn what_is_far_pushes_as_its_parts_would() {
        let layout = Layout::new(2_000, Vec::new());
        let mut grids = Grids::default();
        grids.build(&layout.places, &layout.masses);
        for node in (0..2_000).step_by(97) {
            let [x, y] = grids.push(node, &layout.places, &layout.masses);
            let mut exact = [0.0_f32; 2];
            for (other, place) in layout.places.iter().enumerate().filter(|(other, _)| *other != node) {
                let apart = [layout.places[node][0] - place[0], layout.places[node][1] - place[1]];
                let strength =
                    layout.masses[other] / (apart[0] * apart[0] + apart[1] * apart[1]).max(NEAREST);
                exact = [exact[0] + apart[0] * strength, exact[1] + apart[1] * strength];
            }
            let off = (x - exact[0]).hypot(y - exact[1]);
            // Of all that pushes, whatever cancels out.
            assert!(off < 0.02 * 2_000.0 / layout.grids.side.max(100.0), "{node}: {x} {y} for {exact:?}");
        }
    }

    #[test]
    fn odd_graphs_stand_too() {
        assert!(Layout::new(0, Vec::new()).is_settled());
        assert!(Layout::new(1, vec![[0, 7]]).is_settled());
        settled(2, Vec::new());
        settled(3, vec![[0, 1]]);
        // A star, whose middle is pulled by all.
        settled(500, (1..500).map(|node| [0, node]).collect());
        // Nothing but pairs.
        settled(400, (0..200).map(|node| [2 * node, 2 * node + 1]).collect());
    }
}
