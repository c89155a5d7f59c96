//! The browser's exceptions as the store's errors.

use store::StoreError;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::DomException;

/// What `value`, thrown or reported by IndexedDB, means. Names of exceptions: Web IDL, section 2.8.1.
pub(crate) fn store_error(value: JsValue) -> StoreError {
    let detail = words(&value);
    match name(&value).as_str() {
        "QuotaExceededError" => StoreError::Full,
        "SecurityError" | "NotAllowedError" => StoreError::Refused { detail },
        // A connection that the browser closed: the person cleared the site's data, or it was evicted.
        "InvalidStateError" => StoreError::Refused { detail },
        "NotReadableError" | "DataError" | "EncodingError" | "NotFoundError" => {
            StoreError::Corrupt { detail }
        }
        _ => StoreError::Io { detail },
    }
}

/// The error of a browser that gives no access at all.
pub(crate) fn refused(value: JsValue) -> StoreError {
    StoreError::Refused { detail: words(&value) }
}

/// The name of an exception; empty where `value` is none.
pub(crate) fn name(value: &JsValue) -> String {
    value.dyn_ref::<DomException>().map(DomException::name).unwrap_or_default()
}

fn words(value: &JsValue) -> String {
    if let Some(exception) = value.dyn_ref::<DomException>() {
        return format!("{}: {}", exception.name(), exception.message());
    }
    value.as_string().unwrap_or_else(|| format!("{value:?}"))
}
