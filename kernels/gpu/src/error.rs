//! What keeps a GPU from computing.

use shaders::rank::TooLarge;
use std::{error::Error, fmt};

/// Why a GPU gave no result. After each of these the processor still can.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GpuError {
    /// There is no GPU, or no driver that speaks Vulkan, Metal or WebGPU.
    NoAdapter(String),
    /// There is one, and it grants no device with WebGPU's default limits.
    NoDevice(String),
    /// The graph does not fit.
    TooLarge(TooLarge),
    /// A net does not fit, before its first round.
    NoRoom {
        /// Most nodes that the device has room for.
        nodes_max: u32,
        /// Most wires that it has room for.
        wires_max: u32,
    },
    /// Its driver does not take a kernel, or fails at it.
    Refused(String),
    /// The device has too little memory at the moment.
    NoMemory(String),
    /// The device was lost again and again.
    Lost(String),
    /// What it computed does not add up.
    Wrong,
}

impl fmt::Display for GpuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A browser gives no reason; what is told there is which of a native program's drivers a page does without.
            Self::NoAdapter(_) if cfg!(target_arch = "wasm32") => f.write_str(
                "there is no GPU to compute on: this browser gives this page none; use one with WebGPU, and see that its settings let it use graphics acceleration",
            ),
            Self::NoAdapter(why) => {
                write!(f, "there is no GPU to compute on: {why}; install its Vulkan driver")
            }
            Self::NoDevice(why) => write!(f, "the GPU cannot be used: {why}; update its driver"),
            Self::TooLarge(error) => error.fmt(f),
            Self::NoRoom { nodes_max, wires_max } => write!(
                f,
                "the net does not fit the GPU's buffers, which hold at most {nodes_max} nodes and {wires_max} wires"
            ),
            Self::Refused(why) => write!(f, "the GPU refused: {why}"),
            Self::NoMemory(why) => write!(f, "the GPU has too little memory: {why}"),
            Self::Lost(why) => write!(f, "the GPU was lost again and again, lastly: {why}"),
            Self::Wrong => f.write_str("what the GPU computed does not add up; update its driver"),
        }
    }
}

impl Error for GpuError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TooLarge(error) => Some(error),
            _ => None,
        }
    }
}

impl From<TooLarge> for GpuError {
    fn from(error: TooLarge) -> Self {
        Self::TooLarge(error)
    }
}
