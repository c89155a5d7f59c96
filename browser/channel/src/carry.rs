//! How messages are carried.

use std::fmt;

use js_sys::{Array, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{ErrorEvent, Event, MessageEvent};

/// A message that this version does not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// Not an array of a text and byte arrays.
    Shape,
    /// The text is no message's head.
    Head {
        /// The reader's words.
        detail: String,
    },
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str("not a message of this page"),
            Self::Head { detail } => write!(f, "page and worker differ, reload the page: {detail}"),
        }
    }
}

impl std::error::Error for MessageError {}

/// Sends `head` and `parts` with `send`, which is given the message and what to hand over with it, as
/// `postMessage` takes them.
///
/// # Errors
/// What `send` gives.
pub fn post<T: Serialize>(
    head: &T,
    parts: &[Vec<u8>],
    send: impl FnOnce(&JsValue, &JsValue) -> Result<(), JsValue>,
) -> Result<(), JsValue> {
    let (message, handed) = (begin(head)?, Array::new());
    for part in parts {
        let bytes = Uint8Array::from(part.as_slice());
        message.push(&bytes);
        handed.push(&bytes.buffer());
    }
    send(&message, &handed)
}

/// Sends `head` and one thing that is copied as the browser copies such things, such as a file, whose bytes stay where they are.
///
/// # Errors
/// What `send` gives.
pub fn post_with<T: Serialize>(
    head: &T,
    thing: &JsValue,
    send: impl FnOnce(&JsValue) -> Result<(), JsValue>,
) -> Result<(), JsValue> {
    let message = begin(head)?;
    message.push(thing);
    send(&message)
}

fn begin<T: Serialize>(head: &T) -> Result<Array, JsValue> {
    let head = serde_json::to_string(head).map_err(|error| JsValue::from(error.to_string()))?;
    Ok(Array::of1(&head.into()))
}

/// Reads what [`post`] sent: the head and the byte arrays.
///
/// # Errors
/// [`MessageError`].
pub fn unpack<T: DeserializeOwned>(message: &JsValue) -> Result<(T, Vec<Vec<u8>>), MessageError> {
    let (head, things) = unpack_with(message)?;
    let part = |value: JsValue| value.dyn_ref().map(Uint8Array::to_vec).ok_or(MessageError::Shape);
    let parts = things.into_iter().map(part).collect::<Result<_, _>>()?;
    Ok((head, parts))
}

/// Reads what [`post_with`] sent: the head, and what came with it.
///
/// # Errors
/// [`MessageError`].
pub fn unpack_with<T: DeserializeOwned>(message: &JsValue) -> Result<(T, Vec<JsValue>), MessageError> {
    let message: &Array = message.dyn_ref().ok_or(MessageError::Shape)?;
    let head = message.get(0).as_string().ok_or(MessageError::Shape)?;
    let head = serde_json::from_slice(head.as_bytes())
        .map_err(|error| MessageError::Head { detail: error.to_string() })?;
    Ok((head, message.iter().skip(1).collect()))
}

/// What an event of a worker says to who started it: a message, or in words why there is none; `missing` says so for a worker whose script did not come.
/// The browser tells nobody else.
///
/// # Errors
/// The worker's error, or that of a message that is none.
pub fn word_of<T: DeserializeOwned>(event: &Event, missing: &str) -> Result<(T, Vec<Vec<u8>>), String> {
    match event.dyn_ref::<MessageEvent>() {
        Some(message) if event.type_() == "message" => {
            unpack(&message.data()).map_err(|error| error.to_string())
        }
        _ => {
            event.prevent_default();
            let said = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).filter(|said| !said.is_empty());
            Err(said.unwrap_or_else(|| missing.into()))
        }
    }
}

/// What was thrown, in words.
pub fn words(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => error.message().into(),
        None => thrown.as_string().unwrap_or_else(|| format!("{thrown:?}")),
    }
}
