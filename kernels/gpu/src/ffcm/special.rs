//! Kernels that hold definitions as code: when they are worth being made, and those that are kept.
//!
//! A run begins with the plain kernels. Once a net has called so many definitions that it is a long one, those that it calls most become code, and
//! the run goes on with that: its state is in its buffers, so nothing else changes. What was made is kept by its content as long as the device is, and the next run of the
//! same program has it from the beginning. What the driver refused is remembered as well. A run that lost its device ends on the plain kernels, and so do those after it, since the code may be why.
//!
//! # Bounds
//! A run has its driver compile one text at most, of [`TEXT_MAX`](shaders::ffcm::special::TEXT_MAX) bytes and [`DEFS_MAX`](shaders::ffcm::special::DEFS_MAX) definitions, whatever its
//! book, and by itself only of a net that took a second already. One text at a time is compiled for a device, and the last eight are remembered.

use crate::{
    device::{Device, Fault, Gpu, lock},
    error::GpuError,
};
use sha2::{Digest, Sha256};
use shaders::ffcm::{
    Input, Kernel,
    special::{Special, hot},
};
use std::sync::Mutex;

/// A net is a long one that was reduced for so long, in milliseconds: longer than it took a driver that computes on the processor to compile definitions
/// (docs/benchmarks.md).
const LONG_MS: f64 = 1_000.0;
/// And that called definitions so often: what it called most is known then. On the processor as a GPU, what code saves of so many calls is what compiling it
/// takes.
const LONG_CALLS: u64 = 1 << 18;
/// Texts that are remembered, with their kernels; those that were used last.
const KEPT_MAX: usize = 8;

/// When the definitions that a net calls most become code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Specialize {
    /// Once the net is a long one: after a second, and 2¹⁸ calls of definitions.
    #[default]
    Long,
    /// Once it has called definitions so often, however long that took; with 0 before the first round.
    After(u64),
    /// Never; nor is code used that was made before.
    Never,
}

type Id = [u8; 32];

fn id_of(bytes: &[u8]) -> Id {
    Sha256::digest(bytes).into()
}

/// The wide and the narrow kernel of some text.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(super) pipelines: [wgpu::ComputePipeline; 2],
    /// How many definitions they hold.
    pub(super) defs: u32,
}

/// What a device made of texts. Clones of the device share it.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    cache: Mutex<Cache>,
    /// Held by whoever has something compiled: who wants the same meanwhile waits, and finds it.
    making: futures::lock::Mutex<()>,
}

#[derive(Debug, Default)]
struct Cache {
    /// The one used last at the end.
    kept: Vec<Kept>,
    /// How often any were made.
    made: u64,
}

#[derive(Debug)]
struct Kept {
    text: Id,
    /// The program that used them last. Another one of the same text finds them by that.
    program: Id,
    /// None where the device refused the text, which is not asked for again.
    code: Option<Code>,
}

impl Shared {
    /// How many texts are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        lock(&self.cache).kept.len()
    }
}

impl Cache {
    fn find(&mut self, is_it: impl Fn(&Kept) -> bool) -> Option<&mut Kept> {
        let at = self.kept.iter().position(is_it)?;
        let found = self.kept.remove(at);
        self.kept.push(found);
        self.kept.last_mut()
    }

    fn keep(&mut self, kept: Kept) {
        if self.kept.len() == KEPT_MAX {
            self.kept.remove(0);
        }
        self.made += u64::from(kept.code.is_some());
        self.kept.push(kept);
    }
}

impl Gpu {
    /// When nets that are reduced from now on have the definitions that they call most made into code; [`Specialize::Long`] if nobody says, and
    /// [`Specialize::Never`] once a run lost its device. Results and counts are the same.
    pub fn specialize(&self, when: Specialize) {
        *lock(&self.specialize) = when;
    }

    /// How often this device made kernels that hold definitions as code.
    pub fn specialized(&self) -> u64 {
        lock(&self.device().special.cache).made
    }
}

/// What of a run's definitions is code.
pub(super) struct Specializing<'d> {
    device: &'d Device,
    program: Id,
    /// After so many calls, and so many milliseconds; none if that was looked at.
    after: Option<(u64, f64)>,
    pub(super) code: Option<Code>,
}

impl<'d> Specializing<'d> {
    /// With what an earlier run made of the same program.
    pub(super) fn new(device: &'d Device, input: &Input<'_>, when: Specialize) -> Self {
        let after = match when {
            Specialize::Never => return Self { device, program: [0; 32], after: None, code: None },
            Specialize::After(calls) => (calls, 0.0),
            Specialize::Long => (LONG_CALLS, LONG_MS),
        };
        let program = id_of(bytemuck::cast_slice(input.program));
        let known =
            lock(&device.special.cache).find(|kept| kept.program == program).map(|kept| kept.code.clone());
        Self { device, program, after: known.is_none().then_some(after), code: known.flatten() }
    }

    /// Looks whether the net is a long one, after so many calls and milliseconds; whether there is new code then.
    pub(super) async fn look(&mut self, input: &Input<'_>, calls: u64, ms: f64) -> Result<bool, Fault> {
        if self.after.is_none_or(|(least, least_ms)| calls < least || ms < least_ms) {
            return Ok(false);
        }
        self.after = None;
        let special = Special::new(input.program, &hot(input));
        if special.is_empty() {
            return Ok(false);
        }
        self.compile(&special.source(), special.defs.len() as u32).await
    }

    /// Makes this text code, which holds so many definitions, or finds what was made of it; whether there is any.
    pub(super) async fn compile(&mut self, source: &str, defs: u32) -> Result<bool, Fault> {
        let (text, program) = (id_of(source.as_bytes()), self.program);
        let Shared { cache, making } = &*self.device.special;
        let _making = making.lock().await;
        if let Some(kept) = lock(cache).find(|kept| kept.text == text) {
            kept.program = program;
            self.code = kept.code.clone();
            return Ok(self.code.is_some());
        }
        self.code = match self.device.make_special(source).await {
            Ok(pipelines) => Some(Code { pipelines, defs }),
            // A driver that does not take it has the plain kernels.
            Err(Fault::Error(GpuError::Refused(_))) => None,
            // There may be memory for the next run's.
            Err(Fault::Error(GpuError::NoMemory(_))) => return Ok(false),
            Err(fault) => return Err(fault),
        };
        lock(cache).keep(Kept { text, program, code: self.code.clone() });
        Ok(self.code.is_some())
    }
}

/// Those kernels that expand definitions, in the order of [`Code::pipelines`].
pub(crate) const EXPANDING: [Kernel; 2] = [Kernel::Wide, Kernel::Narrow];
