use super::ManifestError;
use super::check::{Range, within};

/// Bytes that an element of a table takes in the engine.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// What one run may use. A run that needs more ends as a failure that says which limit it met.
///
/// All but the last decide what comes of a run; a limit of the sandbox's own is the same for everybody.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    borsh::BorshSerialize,
    borsh::BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Fuel, by the gas schedule of the sandbox; 1 to 10^15.
    pub fuel: u64,
    /// Bytes of the guest's linear memory; 0 to 4 GiB.
    pub memory_bytes: u64,
    /// Bytes of the engine's stack; 1,024 to 64 MiB.
    pub stack_bytes: u64,
    /// Calls within calls; 1 to 100,000.
    pub call_depth: u64,
    /// Bytes of the module; 8 to 64 MiB.
    pub module_bytes: u64,
    /// Elements of each of the guest's tables; 0 to 10,000,000.
    pub table_elements: u64,
    /// Bytes of standard output and standard error together; 0 to 64 MiB.
    pub output_bytes: u64,
    /// Milliseconds that a node keeps the job from when it was handed out, fetching included; 10 to a day. It bounds the lease, and is no
    /// part of what a run gives.
    pub wall_ms: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 2_000_000_000,
            memory_bytes: 256 << 20,
            stack_bytes: 4 << 20,
            call_depth: 16_384,
            module_bytes: 16 << 20,
            table_elements: 1 << 20,
            output_bytes: 16 << 20,
            wall_ms: 120_000,
        }
    }
}

impl Limits {
    /// The most that a manifest may ask for.
    pub const MAX: Self = Self {
        fuel: 1_000_000_000_000_000,
        memory_bytes: 1 << 32,
        stack_bytes: 64 << 20,
        call_depth: 100_000,
        module_bytes: 64 << 20,
        table_elements: 10_000_000,
        output_bytes: 64 << 20,
        wall_ms: 24 * 3_600 * 1_000,
    };

    /// Bytes that a run may take of the machine, as far as they can be told beforehand: linear memory, the engine's stack, one table, the module
    /// and what the guest writes. The module's translation, further tables and the input are not in it.
    pub const fn footprint_bytes(&self) -> u64 {
        let table = self.table_elements.saturating_mul(TABLE_ELEMENT_BYTES);
        let besides = self.stack_bytes.saturating_add(self.output_bytes).saturating_add(self.module_bytes);
        self.memory_bytes.saturating_add(besides).saturating_add(table)
    }

    pub(super) fn check(&self) -> Result<(), ManifestError> {
        let most = Self::MAX;
        for (field, value, least, most) in [
            ("limits.fuel", self.fuel, 1, most.fuel),
            ("limits.memory_bytes", self.memory_bytes, 0, most.memory_bytes),
            ("limits.stack_bytes", self.stack_bytes, 1_024, most.stack_bytes),
            ("limits.call_depth", self.call_depth, 1, most.call_depth),
            ("limits.module_bytes", self.module_bytes, 8, most.module_bytes),
            ("limits.table_elements", self.table_elements, 0, most.table_elements),
            ("limits.output_bytes", self.output_bytes, 0, most.output_bytes),
            ("limits.wall_ms", self.wall_ms.into(), 10, most.wall_ms.into()),
        ] {
            within(field, value, Range { least, most })?;
        }
        Ok(())
    }
}
