//! One node per browser: the tab that holds the lock runs it.
//!
//! The lock is a Web Lock where there is one, so it ends with its tab, however that ends. Pages that were
//! not loaded securely have none; for them an open IndexedDB connection serves, since a database's next
//! version waits until all connections to the earlier one are gone.

use std::cell::RefCell;
use std::rc::Rc;

use futures::channel::oneshot;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};

/// The lock's name in this origin.
const NAME: &str = "formix-node";

/// Holds the lock from now on until this worker ends; calls `on_taken` first where another tab has it.
///
/// # Errors
/// The browser's own.
pub(crate) async fn hold(on_taken: impl FnOnce()) -> Result<(), JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?;
    let locks = Reflect::get(&navigator, &"locks".into())?;
    if locks.is_undefined() {
        return storage::hold(NAME, on_taken).await.map_err(|error| error.to_string().into());
    }
    if request(&locks, true).await? {
        return Ok(());
    }
    on_taken();
    request(&locks, false).await.map(drop)
}

/// Asks for the lock; whether it is granted. Only one that is asked for `if_available` is ever denied.
async fn request(locks: &JsValue, if_available: bool) -> Result<bool, JsValue> {
    let call: Function = Reflect::get(locks, &"request".into())?.dyn_into()?;
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &if_available.into())?;
    let (teller, told) = oneshot::channel();
    let teller = Rc::new(RefCell::new(Some(teller)));
    let granted = Closure::once_into_js(move |lock: JsValue| {
        let granted = !lock.is_null();
        if let Some(teller) = teller.borrow_mut().take() {
            // The worker waits for nothing else.
            let _ = teller.send(granted);
        }
        // The lock is held until this promise settles: never, where it is granted.
        if granted { JsValue::from(Promise::new(&mut |_, _| {})) } else { JsValue::UNDEFINED }
    });
    let asked: Promise = call.call3(locks, &NAME.into(), &options, &granted)?.dyn_into()?;
    match futures::future::select(told, wasm_bindgen_futures::JsFuture::from(asked)).await {
        futures::future::Either::Left((granted, _)) => Ok(granted.unwrap_or(false)),
        // The promise settles before the callback is called only where the request failed.
        futures::future::Either::Right((settled, told)) => {
            settled?;
            Ok(told.await.unwrap_or(false))
        }
    }
}
