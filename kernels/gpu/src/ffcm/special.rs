//! Kernels that hold definitions as code: when they are worth being made, and those that are kept.
//!
//! A run begins with the plain kernels. Once a net has called so many definitions that it is a long one, those that it calls most become code, and
//! the run goes on with that: its state is in its buffers, so nothing else changes. What was made is kept by its content, and the next run of the same program has it
//! from the beginning.

use crate::{
    device::{Device, Fault, Gpu, lock},
    error::GpuError,
};
use sha2::{Digest, Sha256};
use shaders::ffcm::{
    Input, Kernel,
    special::{Special, hot},
};
use std::sync::{Arc, Mutex};

/// A net is a long one that was reduced for so long, in milliseconds: about as long as it takes a driver to compile its definitions. So nobody waits
/// more than twice as long as with the better choice.
const LONG_MS: f64 = 1_000.0;
/// And that called definitions so often: what it called most is known then. On the processor as a GPU, what code saves of so many calls is what compiling it
/// takes.
const LONG_CALLS: u64 = 1 << 18;
/// Programs whose kernels are kept; those that were used last.
const KEPT_MAX: usize = 8;

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

/// Kernels that a device has made, the one used last at the end.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    kept: Vec<Kept>,
    /// How often any were made.
    made: u64,
}

#[derive(Debug)]
struct Kept {
    text: Id,
    /// The program that used them last. Another one of the same text finds them by that.
    program: Id,
    code: Code,
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
        self.kept.push(kept);
        self.made += 1;
    }
}

impl Gpu {
    /// Makes the definitions that a net calls most into code once it has called definitions so often, however long that took: with 0 before the first
    /// round, with [`u64::MAX`] never, nor is code used that was made before. Else nets that take long have it. Results and counts are the same.
    pub fn specialize_after(&self, calls: u64) {
        *lock(&self.specialize_after) = Some(calls);
    }

    /// How often this device made kernels that hold definitions as code.
    pub fn specialized(&self) -> u64 {
        lock(&self.device().special).made
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
    pub(super) fn new(device: &'d Device, input: &Input<'_>, after: Option<u64>) -> Self {
        if after == Some(u64::MAX) {
            return Self { device, program: [0; 32], after: None, code: None };
        }
        let words: &[u8] = bytemuck::cast_slice(input.program);
        let program = id_of(words);
        let code = lock(&device.special).find(|kept| kept.program == program).map(|kept| kept.code.clone());
        let after = after.map_or((LONG_CALLS, LONG_MS), |calls| (calls, 0.0));
        let after = code.is_none().then_some(after);
        Self { device, program, after, code }
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
        let source = special.source();
        let text = id_of(source.as_bytes());
        let program = self.program;
        if let Some(kept) = lock(&self.device.special).find(|kept| kept.text == text) {
            kept.program = program;
            self.code = Some(kept.code.clone());
            return Ok(true);
        }
        let defs = special.defs.len() as u32;
        match self.device.make_special(&source).await {
            Ok(pipelines) => {
                let code = Code { pipelines, defs };
                lock(&self.device.special).keep(Kept { text, program, code: code.clone() });
                self.code = Some(code);
                Ok(true)
            }
            // A driver that does not take it has the plain kernels.
            Err(Fault::Error(GpuError::Refused(_))) => Ok(false),
            Err(fault) => Err(fault),
        }
    }
}

/// Clones of a device share what it made.
pub(crate) type Shared = Arc<Mutex<Cache>>;

/// Those kernels that expand definitions, in the order of [`Code::pipelines`].
pub(crate) const EXPANDING: [Kernel; 2] = [Kernel::Wide, Kernel::Narrow];
