//! The browser's exceptions as the store's errors.

use store::StoreError;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::DomException;

/// Said where the browser has closed the store.
const CLOSED: &str = "the browser has taken this page's data away; reload the page";

/// What `value`, thrown or reported by IndexedDB, means. Names of exceptions: Web IDL, section 2.8.1.
pub(crate) fn store_error(value: JsValue) -> StoreError {
    let detail = words(&value);
    match name(&value).as_str() {
        "QuotaExceededError" => StoreError::Full,
        "SecurityError" | "NotAllowedError" => StoreError::Refused { detail },
        // The connection is closed, and only the browser closes it: the site's data were cleared or evicted.
        "InvalidStateError" => StoreError::Refused { detail: CLOSED.into() },
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

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    use super::*;

    wasm_bindgen_test_configure!(run_in_dedicated_worker);

    #[wasm_bindgen_test]
    fn exceptions_are_told_apart_by_name() {
        let thrown =
            |name| store_error(DomException::new_with_message_and_name("said", name).unwrap().into());
        assert_eq!(thrown("QuotaExceededError"), StoreError::Full);
        assert_eq!(thrown("InvalidStateError"), StoreError::Refused { detail: CLOSED.into() });
        let detail = "SecurityError: said".to_owned();
        assert_eq!(thrown("SecurityError"), StoreError::Refused { detail });
        let detail = "NotReadableError: said".to_owned();
        assert_eq!(thrown("NotReadableError"), StoreError::Corrupt { detail });
        let detail = "UnknownError: said".to_owned();
        assert_eq!(thrown("UnknownError"), StoreError::Io { detail });
        assert_eq!(store_error("anything".into()), StoreError::Io { detail: "anything".into() });
    }
}
