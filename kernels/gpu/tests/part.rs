//! The rounds of a part by a GPU are those by the processor, bit for bit: natively by whichever Vulkan driver there is, and in a browser by WebGPU.

#[macro_use]
mod common;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test_configure!(run_in_dedicated_worker);

use gpu::{Gpu, GpuError};
use graphs::{Numbers, Shape};
use rank::{
    Edges, Graph, Hub, Impossible, OffloadedPart, Options, Part, PartRounds, Teleport, Verdict, assign, solve,
};

fn graph(shape: &Shape, teleport: Option<Teleport>) -> Graph {
    let mut numbers = Numbers::new(5);
    let mut edges = Edges::new();
    edges.nodes(shape.nodes);
    for [from, to] in &shape.edges {
        match teleport {
            None => edges.push(*from, *to).expect("in range"),
            Some(_) => edges.push_weighted(*from, *to, 1 + numbers.next_u64() % 1_000).expect("in range"),
        }
    }
    if let Some(teleport) = teleport {
        edges.stakes((0..shape.nodes).map(|_| u64::from(numbers.below(1_000))).collect());
        edges.teleport(teleport);
    }
    Graph::new(edges).expect("a graph")
}

/// A part on the device and on the processor.
struct Both {
    device: gpu::PartRounds,
    part: OffloadedPart,
    here: PartRounds,
}

impl Both {
    async fn new(gpu: &Gpu, part: Part) -> Self {
        let offloaded = OffloadedPart::new(part.clone());
        let device = gpu.part(&offloaded.input()).await.expect("it fits");
        Self { device, part: offloaded, here: PartRounds::new(part) }
    }

    async fn spread(&mut self, teleport: u64) -> rank::Spread {
        let expected = self.here.spread(teleport).expect("possible");
        self.part.may_spread(teleport).expect("possible");
        let (contributions, dangling) = self.device.spread(teleport).await.expect("the GPU computes");
        let spread = self.part.spread(&contributions, dangling).expect("it adds up");
        assert_eq!(spread, expected);
        spread
    }

    async fn gather(&mut self, ghosts: &[u32]) -> rank::ShardSums {
        let expected = self.here.gather(ghosts).expect("possible");
        self.part.may_gather(ghosts).expect("possible");
        let sums = self.device.gather(ghosts).await.expect("the GPU computes");
        let sums = self.part.gather(sums).expect("it adds up");
        assert_eq!(sums, expected);
        sums
    }
}

async fn agrees(gpu: &Gpu, graph: &Graph, shards: u32) {
    let options = Options { rounds_max: 12, ..Options::default() };
    let owners = assign(graph.nodes(), shards);
    let (mut hub, parts) = Hub::cut(graph, options, owners, shards).expect("it can be cut");
    let mut all = Vec::new();
    for part in parts {
        all.push(Both::new(gpu, part).await);
    }
    while hub.verdict().is_none() {
        let (mut spreads, mut sums) = (Vec::new(), Vec::new());
        for both in &mut all {
            spreads.push(both.spread(hub.teleport()).await);
        }
        let exports: Vec<&[u32]> = spreads.iter().map(|spread| spread.exports.as_slice()).collect();
        for (shard, both) in all.iter_mut().enumerate() {
            let ghosts = hub.ghosts(shard, &exports).expect("possible");
            let of_part = both.gather(&ghosts).await;
            sums.push(rank::ShardSums { dangling: spreads[shard].dangling, ..of_part });
        }
        hub.judge(&sums).expect("possible");
    }
    let mut kept = Vec::new();
    for both in &all {
        kept.push(both.device.kept().await.expect("it is read"));
        assert_eq!(kept.last().map(Vec::as_slice), Some(both.here.kept()));
    }
    let kept: Vec<&[u64]> = kept.iter().map(Vec::as_slice).collect();
    let expected = solve(graph, options);
    assert_eq!(hub.verdict(), Some(expected.verdict));
    assert_eq!(hub.focus(&kept).expect("all mass").digest(), expected.focus.digest());
}

on_device! {
    async fn parts_of_a_graph_give_its_bits() {
        let gpu = Gpu::open().await.expect("a GPU, or Debian's package mesa-vulkan-drivers");
        for shape in [graphs::rmat(9, 8, 3), graphs::uniform(3_000, 9_000, 4)] {
            agrees(&gpu, &graph(&shape, None), 3).await;
            agrees(&gpu, &graph(&shape, Some(Teleport::Stake)), 2).await;
            agrees(&gpu, &graph(&shape, Some(Teleport::Uniform)), 2).await;
        }
        // Most parts have no node.
        agrees(&gpu, &graph(&graphs::cycle(3), None), 8).await;
    }

    async fn pieces_of_a_part_give_the_same_bits() {
        let gpu = Gpu::open_within(8_192).await.expect("a GPU");
        agrees(&gpu, &graph(&graphs::rmat(10, 8, 6), None), 2).await;
    }

    async fn what_cannot_be_is_refused() {
        let gpu = Gpu::open().await.expect("a GPU");
        let graph = graph(&graphs::uniform(100, 600, 9), None);
        let (_, parts) = Hub::cut(&graph, Options::default(), assign(100, 2), 2).expect("it can be cut");
        let part = parts.into_iter().next().expect("two parts");
        let ghosts = part.rows().ghosts as usize;
        let mut both = Both::new(&gpu, part).await;
        assert_eq!(both.part.may_spread(rank::ONE + 1), Err(Impossible::Mass));
        both.spread(rank::ONE).await;
        assert!(matches!(both.part.may_gather(&[]), Err(Impossible::Length { got: 0, .. })));
        assert_eq!(both.part.may_gather(&vec![u32::MAX; ghosts]), Err(Impossible::Mass));
        assert_eq!(both.device.gather(&[]).await, Err(GpuError::Wrong));
        both.gather(&vec![0; ghosts]).await;
        gpu.lose();
        assert!(matches!(both.device.spread(0).await, Err(GpuError::Lost(_))));
        // The next one opens another device.
        agrees(&gpu, &graph, 2).await;
        assert_ne!(solve(&graph, Options { rounds_max: 12, ..Options::default() }).verdict, Verdict::Converged);
    }
}
