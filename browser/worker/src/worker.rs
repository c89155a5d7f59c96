//! Runs inside a dedicated module worker.

use wasm_bindgen::{JsCast as _, JsValue};

/// Reports panics on the console and tells the page that the worker listens.
pub(crate) fn start() {
    console_error_panic_hook::set_once();
    let scope: web_sys::DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    if let Err(error) = scope.post_message(&JsValue::from_str("ready")) {
        web_sys::console::error_1(&error);
    }
}
