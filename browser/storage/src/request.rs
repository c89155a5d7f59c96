//! IndexedDB's events as futures.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, select};
use gloo::timers::future::TimeoutFuture;
use js_sys::{Function, Object, Reflect};
use store::StoreError;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Event, IdbDatabase, IdbOpenDbRequest, IdbRequest, IdbTransaction};

use crate::error::{name, store_error};

/// Milliseconds in which a database that nobody has open is surely open.
const WAIT_MS: u32 = 500;

type Handler = Closure<dyn FnMut(Event)>;

/// Why a database did not open.
pub(crate) enum OpenError {
    /// The database has a later version than the one asked for.
    Newer,
    /// Anything else.
    Failed(StoreError),
}

/// A handler that hands `value` to whoever waits; later calls find nobody.
fn tells<T: 'static>(
    teller: &Rc<RefCell<Option<oneshot::Sender<T>>>>,
    value: impl Fn() -> T + 'static,
) -> Handler {
    let teller = teller.clone();
    Closure::new(move |_| {
        if let Some(teller) = teller.borrow_mut().take() {
            // Whoever waited may have stopped.
            let _ = teller.send(value());
        }
    })
}

fn function(handler: &Handler) -> Option<&Function> {
    Some(handler.as_ref().unchecked_ref())
}

/// The error of a request or transaction; both have it under the same name.
fn error_of(target: &JsValue) -> JsValue {
    Reflect::get(target, &"error".into()).unwrap_or(JsValue::UNDEFINED)
}

const GONE: &str = "the browser dropped the request";

fn gone() -> StoreError {
    StoreError::Io { detail: GONE.into() }
}

/// The result of a request.
pub(crate) async fn done(request: &IdbRequest) -> Result<JsValue, StoreError> {
    let (teller, told) = oneshot::channel();
    let teller = Rc::new(RefCell::new(Some(teller)));
    let succeeded = tells(&teller, || true);
    let failed = tells(&teller, || false);
    request.set_onsuccess(function(&succeeded));
    request.set_onerror(function(&failed));
    let outcome = told.await;
    request.set_onsuccess(None);
    request.set_onerror(None);
    match outcome {
        Ok(true) => request.result().map_err(store_error),
        Ok(false) => Err(store_error(error_of(request))),
        Err(_) => Err(gone()),
    }
}

/// The end of a transaction: durable, or nothing of it done.
pub(crate) async fn finished(transaction: &IdbTransaction) -> Result<(), StoreError> {
    let (teller, told) = oneshot::channel();
    let teller = Rc::new(RefCell::new(Some(teller)));
    let completed = tells(&teller, || true);
    let aborted = tells(&teller, || false);
    transaction.set_oncomplete(function(&completed));
    transaction.set_onabort(function(&aborted));
    let outcome = told.await;
    transaction.set_oncomplete(None);
    transaction.set_onabort(None);
    match outcome {
        Ok(true) => Ok(()),
        Ok(false) => Err(store_error(error_of(transaction))),
        Err(_) => Err(gone()),
    }
}

/// The database that `request` opens, after `upgrade` where it is new. While another connection keeps an older
/// version open, this waits.
pub(crate) async fn opened(
    request: &IdbOpenDbRequest,
    upgrade: fn(&IdbDatabase) -> Result<(), JsValue>,
) -> Result<IdbDatabase, OpenError> {
    let upgrades: Handler = Closure::new({
        let request = request.clone();
        move |_| {
            let upgraded = request.result().and_then(|database| upgrade(&database.unchecked_into()));
            if let (Err(_), Some(transaction)) = (upgraded, request.transaction()) {
                // The request then fails and tells why.
                let _ = transaction.abort();
            }
        }
    });
    request.set_onupgradeneeded(function(&upgrades));
    let outcome = done(request).await;
    request.set_onupgradeneeded(None);
    match outcome {
        Ok(database) => Ok(database.unchecked_into()),
        Err(_) if name(&error_of(request)) == "VersionError" => Err(OpenError::Newer),
        Err(error) => Err(OpenError::Failed(error)),
    }
}

/// The database that `request` opens at a later version, once every other connection to it is gone; calls `on_wait`
/// where that takes a while.
pub(crate) async fn taken_over(
    request: &IdbOpenDbRequest,
    on_wait: impl FnOnce(),
) -> Result<IdbDatabase, OpenError> {
    let opens = pin!(opened(request, |_| Ok(())));
    // The event `blocked` reaches only the first of those that wait, so time has to tell.
    match select(opens, TimeoutFuture::new(WAIT_MS)).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right((_, opens)) => {
            on_wait();
            opens.await
        }
    }
}

/// A transaction on one object store. A writing one is flushed to the medium before it counts as complete.
pub(crate) fn begin(database: &IdbDatabase, store: &str, write: bool) -> Result<IdbTransaction, JsValue> {
    // web-sys has the third argument only behind a compiler flag for the whole workspace.
    let call: Function = Reflect::get(database, &"transaction".into())?.dyn_into()?;
    let options = Object::new();
    Reflect::set(&options, &"durability".into(), &"strict".into())?;
    let mode = if write { "readwrite" } else { "readonly" };
    call.call3(database, &store.into(), &mode.into(), &options)?.dyn_into()
}
