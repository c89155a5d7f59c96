//! How quick a GPU's rounds are on an R-MAT graph, beside what moving their bytes alone takes it.
//!
//! `gpu_rounds SCALE RUNS`: 2^SCALE nodes, 16 edges a node. Prints a JSON object a line: name, unit, values. Nothing where there is no GPU, but why on
//! standard error.

use futures::executor::block_on;
use gpu::{Gpu, GpuError};
use rank::{Edges, Epsilon, Graph, Offloaded, Options, Ranking};
use serde_json::json;
use std::{env, error::Error, time::Instant};

/// Rounds of a short solve, and of a longer one: the difference is rounds alone.
const ROUNDS: [u32; 2] = [4, 16];
/// Bytes that are copied to find out how quick memory is.
const COPIED: u64 = 64 << 20;
const COPIES: u32 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let scale: u32 = args.next().ok_or("SCALE is missing")?.parse()?;
    let runs: usize = args.next().ok_or("RUNS is missing")?.parse()?;
    block_on(measure(scale, runs))
}

async fn measure(scale: u32, runs: usize) -> Result<(), Box<dyn Error>> {
    let gpu = match Gpu::open().await {
        Err(error @ GpuError::NoAdapter(_)) => {
            eprintln!("{error}");
            return Ok(());
        }
        opened => opened?,
    };
    say("device", &gpu.about().to_string(), &[]);
    let shape = graphs::rmat(scale, 16, 1);
    let mut edges = Edges::new();
    edges.nodes(shape.nodes);
    shape.edges.iter().try_for_each(|[from, to]| edges.push(*from, *to))?;
    let graph = Graph::new(edges)?;
    let expected = rank::solve(&graph, Options::default());

    let endless = |rounds_max| Options {
        epsilon: Epsilon::of_units(1).unwrap_or(Epsilon::MILLIONTH),
        guard: false,
        rounds_max,
        ..Options::default()
    };
    let (mut speeds, mut solves) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let [(_, short), (_, long)] =
            [timed(&gpu, &graph, endless(ROUNDS[0])).await?, timed(&gpu, &graph, endless(ROUNDS[1])).await?];
        let rounds = f64::from(ROUNDS[1] - ROUNDS[0]);
        speeds.push(graph.edges() as f64 * rounds / (long - short));
        let (ranking, seconds) = timed(&gpu, &graph, Options::default()).await?;
        assert_eq!(ranking, expected, "the GPU's π is the processor's");
        solves.push(seconds);
    }
    say("round.edges_per_s.gpu", "edges/s", &speeds);
    say("solve_s.gpu", "s", &solves);
    // A source and a contribution an edge. A node: 16 bytes to spread, 12 for running sums, 28 to keep.
    let bytes = 8.0 * graph.edges() as f64 + 56.0 * f64::from(graph.nodes());
    let bandwidths = bandwidths(runs).await?;
    say("memory.bytes_per_s.gpu", "B/s", &bandwidths);
    let floor = |bandwidth: &f64| graph.edges() as f64 * bandwidth / bytes;
    say("floor.edges_per_s.gpu", "edges/s", &bandwidths.iter().map(floor).collect::<Vec<_>>());
    Ok(())
}

async fn timed(gpu: &Gpu, graph: &Graph, options: Options) -> Result<(Ranking, f64), Box<dyn Error>> {
    let begun = Instant::now();
    let mut solve = Offloaded::new(graph, options);
    let solution = gpu.rank(&solve.input(), &mut solve).await?;
    let ranking = solve.finish(&solution)?;
    Ok((ranking, begun.elapsed().as_secs_f64()))
}

/// Bytes a second that copies within the device's memory read and write.
async fn bandwidths(runs: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    };
    let adapter = instance.request_adapter(&options).await?;
    let (device, queue) = adapter.request_device(&Default::default()).await?;
    let usage = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    let buffer = || {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: COPIED,
            usage,
            mapped_at_creation: false,
        })
    };
    let buffers = [buffer(), buffer()];
    let mut bandwidths = Vec::new();
    // The first run also fills the buffers with zeros.
    for run in 0..=runs {
        let begun = Instant::now();
        let mut encoder = device.create_command_encoder(&Default::default());
        for copy in 0..COPIES as usize {
            encoder.copy_buffer_to_buffer(&buffers[copy % 2], 0, &buffers[(copy + 1) % 2], 0, COPIED);
        }
        queue.submit([encoder.finish()]);
        device.poll(wgpu::PollType::wait_indefinitely())?;
        let moved = 2.0 * COPIED as f64 * f64::from(COPIES);
        if run > 0 {
            bandwidths.push(moved / begun.elapsed().as_secs_f64());
        }
    }
    Ok(bandwidths)
}

fn say(name: &str, unit: &str, values: &[f64]) {
    println!("{}", json!({ "name": name, "unit": unit, "values": values }));
}
