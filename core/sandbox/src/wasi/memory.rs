//! The guest's memory and fuel, as a call sees them.

use wasmi::{AsContextMut as _, Caller, Extern, Memory};

use super::{Errno, Failure, Halt, Host};
use crate::Trap;

/// The guest that calls.
pub(crate) struct Guest<'c> {
    caller: Caller<'c, Host>,
    memory: Option<Memory>,
}

impl<'c> Guest<'c> {
    pub(crate) fn new(caller: Caller<'c, Host>) -> Self {
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        Self { caller, memory }
    }

    pub(crate) fn host(&mut self) -> &mut Host {
        self.caller.data_mut()
    }

    /// Takes fuel for the call, from what this step was given and then from what later steps would be: a call is never cut in two.
    pub(crate) fn charge(&mut self, cost: u64) -> Result<(), Halt> {
        const METERED: &str = "the engine is configured to count fuel";
        let left = self.caller.get_fuel().expect(METERED);
        let (left, borrowed) = match left.checked_sub(cost) {
            Some(left) => (left, 0),
            None => (0, cost - left),
        };
        let reserve = &mut self.caller.data_mut().reserve;
        *reserve = reserve.checked_sub(borrowed).ok_or(Halt::Trap(Trap::OutOfFuel))?;
        self.caller.set_fuel(left).expect(METERED);
        Ok(())
    }

    /// The memory, and the host's state beside it.
    pub(crate) fn split(&mut self) -> Result<(&mut [u8], &mut Host), Failure> {
        let memory = self.memory.ok_or(Halt::Trap(Trap::NoMemory))?;
        Ok(memory.data_and_store_mut(self.caller.as_context_mut()))
    }

    pub(crate) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Failure> {
        let (memory, _) = self.split()?;
        place(memory, at, bytes.len() as u64)?.copy_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn write_u32(&mut self, at: u32, value: u32) -> Result<(), Failure> {
        self.write(at, &value.to_le_bytes())
    }
}

/// `len` bytes of the memory from `at`.
pub(crate) fn place(memory: &mut [u8], at: u32, len: u64) -> Result<&mut [u8], Errno> {
    let end = u64::from(at).checked_add(len).ok_or(Errno::Fault)?;
    let end = usize::try_from(end).map_err(|_| Errno::Fault)?;
    memory.get_mut(at as usize..end).ok_or(Errno::Fault)
}

/// The number of four bytes at `at`.
pub(crate) fn u32_at(memory: &[u8], at: usize) -> Result<u32, Errno> {
    let bytes = memory.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Errno::Fault)?;
    Ok(u32::from_le_bytes(*bytes))
}

/// The number of eight bytes at `at`.
pub(crate) fn u64_at(memory: &[u8], at: usize) -> Result<u64, Errno> {
    let bytes = memory.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Errno::Fault)?;
    Ok(u64::from_le_bytes(*bytes))
}
