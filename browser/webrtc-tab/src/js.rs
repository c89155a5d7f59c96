//! The few things that need JavaScript but no connection.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Performance;
use webrtc::Instant;

/// The time since the page or worker started. Monotonic where the browser has `performance`.
pub(crate) fn now() -> Instant {
    thread_local! {
        static CLOCK: Option<Performance> = Reflect::get(&js_sys::global(), &JsValue::from_str("performance"))
            .ok()
            .and_then(|value| value.dyn_into().ok());
    }
    let ms = CLOCK.with(|clock| clock.as_ref().map_or_else(js_sys::Date::now, Performance::now));
    Instant::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}

/// Whether this global scope has `RTCPeerConnection`; constructing one elsewhere would throw.
pub(crate) fn has_webrtc() -> bool {
    Reflect::get(&js_sys::global(), &JsValue::from_str("RTCPeerConnection"))
        .is_ok_and(|value| value.is_function())
}
