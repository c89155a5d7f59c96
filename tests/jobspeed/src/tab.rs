//! What JavaScript sees.

use crate::work;
use wasm_bindgen::prelude::*;

/// A guest, compiled.
#[wasm_bindgen]
pub struct Guest(work::Guest);

#[wasm_bindgen]
impl Guest {
    /// Compiles a module.
    #[wasm_bindgen(constructor)]
    pub fn new(wasm: &[u8]) -> Result<Guest, JsError> {
        Ok(Self(work::Guest::new(wasm)?))
    }

    /// Runs it to its end.
    pub fn run(&self, number: u32) -> Result<Ran, JsError> {
        let execution = self.0.run(number);
        if !execution.ending.succeeded() {
            return Err(JsError::new(&execution.ending.to_string()));
        }
        let printed = String::from_utf8_lossy(&execution.stdout).into_owned();
        Ok(Ran { printed, fuel: execution.fuel })
    }
}

/// What a run gave.
#[wasm_bindgen]
pub struct Ran {
    printed: String,
    /// Fuel used.
    #[wasm_bindgen(readonly)]
    pub fuel: u64,
}

#[wasm_bindgen]
impl Ran {
    /// The standard output.
    #[wasm_bindgen(getter)]
    pub fn printed(&self) -> String {
        self.printed.clone()
    }
}

/// A receipt to verify.
#[wasm_bindgen]
pub struct Receipt(Vec<u8>);

#[wasm_bindgen]
impl Receipt {
    /// One that is signed as nodes sign them.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Receipt {
        Self(work::some_receipt())
    }

    /// Reads and verifies it `times` times.
    pub fn verify(&self, times: u32) -> Result<(), JsError> {
        if work::verify(&self.0, times) { Ok(()) } else { Err(JsError::new("it does not verify")) }
    }
}

impl Default for Receipt {
    fn default() -> Self {
        Self::new()
    }
}
