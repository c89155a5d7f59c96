//! The node's clock.

use std::cell::Cell;

use codec::Instant;
use js_sys::{Date, Reflect};
use wasm_bindgen::JsCast as _;
use web_sys::Performance;

/// UTC that never runs backwards and never stands still. Where the system's clock is set back, this one
/// goes on from where it was, at the pace of the browser's monotonic clock.
#[derive(Debug)]
pub(crate) struct Clock {
    performance: Option<Performance>,
    /// The last answer, and the monotonic clock's reading then; both in milliseconds.
    last: Cell<(f64, f64)>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let found = Reflect::get(&js_sys::global(), &"performance".into()).ok();
        let performance = found.and_then(|found| found.dyn_into().ok());
        let clock = Self { performance, last: Cell::new((0.0, 0.0)) };
        clock.last.set((Date::now(), clock.elapsed_ms()));
        clock
    }

    /// The monotonic clock's reading in milliseconds.
    pub(crate) fn elapsed_ms(&self) -> f64 {
        self.performance.as_ref().map_or(0.0, Performance::now)
    }

    /// Now.
    pub(crate) fn now(&self) -> Instant {
        let (last_ms, elapsed_then_ms) = self.last.get();
        let elapsed_ms = self.elapsed_ms();
        let now_ms = Date::now().max(last_ms + (elapsed_ms - elapsed_then_ms).max(0.0));
        self.last.set((now_ms, elapsed_ms));
        Instant::from_unix_ms(now_ms as u64)
    }
}
