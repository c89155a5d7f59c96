//! π by a GPU is π by the processor, bit for bit: natively by whichever Vulkan driver there is, and in a browser by WebGPU.
//!
//! Without a GPU, Debian's package `mesa-vulkan-drivers` has a driver that computes on the processor.

#[macro_use]
mod common;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test_configure!(run_in_dedicated_worker);

use gpu::{Gpu, GpuError, LOSSES_MAX};
use graphs::gallery;
use rank::{
    Alone, Alpha, Epsilon, Graph, Near, Offloaded, Options, Ranking, Solves as _, Teleport, Verdict, solve,
};
use shaders::rank::{Impossible, Judge, Sums};

/// There a dispatch on the processor takes milliseconds, so some tests do less.
const IN_BROWSER: bool = cfg!(target_arch = "wasm32");

async fn by_gpu(gpu: &Gpu, graph: &Graph, options: Options) -> Ranking {
    let mut solve = Offloaded::new(graph, options);
    let solution = gpu.rank(&solve.input(), &mut solve).await.expect("the GPU computes");
    solve.finish(&solution).expect("all mass")
}

async fn agrees(gpu: &Gpu, graph: &Graph, options: Options, name: &str) {
    let expected = solve(graph, options);
    let got = by_gpu(gpu, graph, options).await;
    assert_eq!(got.focus.digest(), expected.focus.digest(), "{name} on {}", gpu.about());
    assert_eq!(got, expected, "{name} on {}", gpu.about());
}

async fn open() -> Gpu {
    Gpu::open().await.expect("a GPU, or Debian's package mesa-vulkan-drivers")
}

/// Loses the device each 17 rounds, as often as `times` says.
struct Unlucky<'a, 'g> {
    gpu: &'a Gpu,
    solve: Offloaded<'g>,
    seen: u32,
    times: u32,
}

impl Judge for Unlucky<'_, '_> {
    fn round(&mut self, sums: Sums) -> Result<bool, Impossible> {
        self.seen += 1;
        if self.seen.is_multiple_of(17) && self.times > 0 {
            self.times -= 1;
            self.gpu.lose();
        }
        self.solve.round(sums)
    }
}

on_device! {
    async fn every_shape_gives_the_same_bits() {
        let gpu = open().await;
        for shape in gallery() {
            for alpha in &["0.85", "0.5"][..if IN_BROWSER { 1 } else { 2 }] {
                let alpha = Alpha::from_decimal(alpha).expect("a fraction");
                agrees(&gpu, &shape.to_graph(), Options { alpha, ..Options::default() }, &shape.name).await;
            }
        }
    }

    async fn weights_and_stakes_give_the_same_bits() {
        let gpu = open().await;
        for shape in [graphs::rmat(8, 16, 4), graphs::uniform(500, 3_000, 5)] {
            for teleport in [Teleport::Uniform, Teleport::Stake] {
                agrees(&gpu, &shape.to_weighted_graph(teleport), Options::default(), &shape.name).await;
            }
        }
    }

    async fn a_solve_that_begins_near_gives_the_same_bits() {
        let gpu = open().await;
        let near = solve(&graphs::rmat(8, 16, 9).to_graph(), Options::default()).focus;
        for shape in [graphs::rmat(8, 16, 4), graphs::uniform(500, 3_000, 5)] {
            for graph in [shape.to_graph(), shape.to_weighted_graph(Teleport::Stake)] {
                let begun = Near::new(&graph, &near);
                // Some of these end in a round that the device runs past, so that it begins again; and so does what is lost.
                let close = Epsilon::from_decimal("1e-8").expect("a distance");
                let (coarse, usual) = (Epsilon::MILLIONTH, Alpha::USUAL);
                // Where nothing follows edges, the first round is near at once; but it may not end there, since nothing teleported before it.
                let none = Alpha::from_decimal("0").expect("a fraction");
                let all =
                    [(coarse, usual, 0), (coarse, usual, LOSSES_MAX), (close, usual, 0), (coarse, none, 0)];
                for (epsilon, alpha, times) in all {
                    let options = Options { epsilon, alpha, ..Options::default() };
                    let expected = Alone.solve(&graph, options, Some(&near));
                    let solve = Offloaded::warm(&begun, options);
                    let input = solve.input();
                    let mut unlucky = Unlucky { gpu: &gpu, solve, seen: 16, times };
                    let solution = gpu.rank(&input, &mut unlucky).await.expect("the GPU computes");
                    let got = unlucky.solve.finish(&solution).expect("all mass");
                    assert_eq!(got, expected, "{} on {}", shape.name, gpu.about());
                }
            }
        }
    }

    /// A row of 150,000 edges spans tiles.
    async fn hubs_give_the_same_bits() {
        let gpu = open().await;
        let alpha = Alpha::from_decimal("0.5").expect("a fraction");
        let options = Options { alpha, ..Options::default() };
        agrees(&gpu, &graphs::sink(150_000).to_graph(), options, "a hub").await;
        agrees(&gpu, &graphs::uniform(70_000, 200_000, 6).to_graph(), options, "many tiles").await;
    }

    async fn any_number_of_parts_gives_the_same_bits() {
        let rmat = graphs::rmat(10, 16, 1);
        // 4,096 bytes are the least that holds 1,024 contributions; what teleports by stake takes twice that, and eight bytes.
        for (binding_max, teleport) in [(16_384, Teleport::Stake), (4_096, Teleport::Uniform)] {
            let gpu = Gpu::open_within(binding_max).await.expect("a GPU");
            agrees(&gpu, &rmat.to_graph(), Options::default(), "in parts").await;
            agrees(&gpu, &rmat.to_weighted_graph(teleport), Options::default(), "in parts, with weights").await;
        }
    }

    async fn every_verdict_is_the_same() {
        let gpu = open().await;
        let star = graphs::star(1_000).to_graph();
        let near = Epsilon::from_decimal("1e-8").expect("a distance");
        let slow = Alpha::from_decimal("0.9999").expect("a fraction");
        let usual = Options::default();
        for options in [
            Options { rounds_max: 7, ..usual },
            Options { epsilon: near, ..usual },
            Options { alpha: slow, ..usual },
        ] {
            assert_ne!(solve(&star, options).verdict, Verdict::Converged);
            agrees(&gpu, &star, options, "star").await;
        }
    }

    async fn a_lost_device_changes_nothing() {
        let gpu = open().await;
        let star = graphs::star(1_000).to_graph();
        // The last options also end in a round that the device runs past, and begin again on their own.
        let near = Epsilon::from_decimal("1e-8").expect("a distance");
        for options in [Options::default(), Options { epsilon: near, ..Options::default() }] {
            let solve_there = Offloaded::new(&star, options);
            let mut judge = Unlucky { gpu: &gpu, solve: solve_there, seen: 0, times: LOSSES_MAX };
            let input = judge.solve.input();
            let solution = gpu.rank(&input, &mut judge).await.expect("another device does it");
            assert_eq!(judge.times, 0, "the device was lost");
            assert_eq!(judge.solve.finish(&solution).expect("all mass"), solve(&star, options));
        }
    }

    async fn a_device_that_is_lost_for_good_is_given_up() {
        let gpu = open().await;
        let star = graphs::star(1_000).to_graph();
        let solve = Offloaded::new(&star, Options::default());
        let mut judge = Unlucky { gpu: &gpu, solve, seen: 0, times: u32::MAX };
        let input = judge.solve.input();
        let error = gpu.rank(&input, &mut judge).await.expect_err("it is lost each time");
        assert!(matches!(error, GpuError::Lost(_)), "{error}");
        // The next solve opens another.
        agrees(&gpu, &star, Options::default(), "after a loss").await;
    }

    async fn what_does_not_fit_is_refused() {
        let gpu = Gpu::open_within(2048).await.expect("a GPU");
        let graph = graphs::path(1_000).to_graph();
        let mut solve = Offloaded::new(&graph, Options::default());
        let error = gpu.rank(&solve.input(), &mut solve).await.expect_err("1,000 contributions have 4,000 bytes");
        assert!(matches!(error, GpuError::TooLarge(_)), "{error}");
        assert!(error.to_string().contains("1000 nodes") && error.to_string().contains("at most 512"), "{error}");
    }

    async fn what_does_not_add_up_is_refused() {
        struct Never;
        impl Judge for Never {
            fn round(&mut self, _: Sums) -> Result<bool, Impossible> {
                Err(Impossible)
            }
        }
        let gpu = open().await;
        let graph = graphs::cycle(10).to_graph();
        let input = Offloaded::new(&graph, Options::default()).input();
        assert_eq!(gpu.rank(&input, &mut Never).await, Err(GpuError::Wrong));
    }
}
