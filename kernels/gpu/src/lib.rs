//! Runs the kernels of `shaders` on any GPU: wgpu, by Vulkan or Metal natively and by WebGPU in a browser.
//!
//! A [`Gpu`] is a device that comes back: a driver may reset at any moment, a laptop may change its graphics card, a browser may take the device
//! away. What was under way then begins again on a new device, and gives the same bits, since kernels count in whole numbers.
//!
//! # How to drive it
//! [`Gpu::open`] takes the most powerful adapter. [`Gpu::rank`] does the rounds of a solve that `rank::Offloaded` began:
//!
//! ```no_run
//! # async fn solve(graph: &rank::Graph, options: rank::Options) -> Result<rank::Ranking, Box<dyn std::error::Error>> {
//! let gpu = gpu::Gpu::open().await?;
//! let mut solve = rank::Offloaded::new(graph, options);
//! let solution = gpu.rank(&solve.input(), &mut solve).await?;
//! Ok(solve.finish(&solution)?)
//! # }
//! ```
//!
//! [`Gpu::reduce`] does the rounds of an interaction net that `ffcm::Offloaded` began. Steps are handed over up to 16 at a time, fewer on a device that is slow or was lost, and what they did is read then; a step is a
//! round of many pairs, or up to 64 rounds of few, which one workgroup does alone. Room for nodes and wires is small at first and grows when pairs wait for it.
//! Definitions that a long net calls most become code while it runs ([`Gpu::specialize`]), and the run goes on with that.
//! [`Gpu::part`] does the rounds of a part, whose ghosts others send, between the checks of a `rank::OffloadedPart`.
//!
//! Natively, waiting for the device blocks the thread; in a browser it returns to the event loop.
//!
//! # Bounds
//! Device memory is what the graph takes: 4 bytes an edge, 8 with weights, and 28 a node, 36 where teleport goes by stake; some more
//! while it is uploaded. Buffers are as large as the device binds and no larger; [`LIGHT_BINDING`] for a guest in somebody's tab. Here, 4 bytes
//! a node and 4 for each 1,024 edges while it is arranged, and π at the end. Of a net: 40 bytes of device memory for each node that it has room for and 12 for
//! each wire, up to the limits of the net and to what one buffer holds (16 bytes a node, 8 a wire); here, the part of the net that its result is, and kernels of the last eight programs whose
//! definitions became code: of each a driver compiles 20 KiB of text at most that came of a book, once. A device that is lost more than [`LOSSES_MAX`] times in one solve is given up.
//!
//! # Provided / Not provided
//! Provided: results that depend on no device, driver or number of parts; errors on which a caller turns to the processor. Not provided:
//! several devices at once; kernels without bounds checks, which would need unsafe code.
//!
//! Follows: WebGPU and WGSL (W3C, 2025), with the default limits but for the size of buffers.

mod device;
mod error;
mod ffcm;
mod part;
mod rank;

pub use device::{About, Gpu, LIGHT_BINDING};
pub use error::GpuError;
pub use ffcm::special::Specialize;
pub use part::PartRounds;
pub use rank::LOSSES_MAX;
