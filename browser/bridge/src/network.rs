//! The host's word on which heavy nodes its network has.

use std::rc::Weak;
use std::time::Duration;

use futures::channel::mpsc;
use futures::future::{Either, select};
use futures::{FutureExt as _, StreamExt as _};
use gloo::net::http::Request;
use gloo::timers::future::sleep;
use keys::Envelope;
use node::{Command, CommandError};

use crate::handle::{Event, Handle, Inner};

/// Where the host tells, on the page's own origin.
const URL: &str = "/api/v1/network";
/// How often to ask.
const EVERY: Duration = Duration::from_secs(60);
/// How often to ask while no heavy node is connected.
const EVERY_WHILE_ALONE: Duration = Duration::from_secs(5);
/// How long the host may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(serde::Deserialize)]
struct Network {
    heavy: Vec<Envelope>,
}

/// Asks the host whenever it is time, and at once when `kicks` says so, for as long as the handle lives.
pub(crate) async fn watch(inner: Weak<Inner>, mut kicks: mpsc::UnboundedReceiver<()>) {
    // The node is ready before anything is asked.
    if kicks.next().await.is_none() {
        return;
    }
    loop {
        let told = ask_network().await;
        let Some(handle) = inner.upgrade().map(Handle::from) else { return };
        if handle.has_failed() {
            return;
        }
        let taken = match told {
            Ok(descriptors) => handle.command(Command::Network { descriptors }).await.map(drop),
            Err(why) => Err(CommandError::Network { why }),
        };
        handle.tell(Event::Network(taken));
        let pause = if handle.is_alone() { EVERY_WHILE_ALONE } else { EVERY };
        drop(handle);
        if let Either::Left((None, _)) = select(kicks.next(), sleep(pause).boxed_local()).await {
            return;
        }
        // What gathered meanwhile is served by the next question.
        while kicks.try_recv().is_ok() {}
    }
}

/// Asks the host once which heavy nodes its network has: their signed descriptors, not verified here.
///
/// # Errors
/// Why there is no answer, in words for a person.
pub async fn ask_network() -> Result<Vec<Envelope>, String> {
    let answer = async {
        let response = Request::get(URL).send().await.map_err(|_| "this page's host does not answer")?;
        if !response.ok() {
            return Err(format!(
                "this page's host answered {} {}",
                response.status(),
                response.status_text()
            ));
        }
        let text = response.text().await.map_err(|_| "this page's host broke off its answer")?;
        let network: Network = serde_json::from_slice(text.as_bytes()).map_err(|error| {
            format!("this page's host lists its heavy nodes in a way unknown here: {error}")
        })?;
        Ok(network.heavy)
    };
    match select(answer.boxed_local(), sleep(PATIENCE).boxed_local()).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err("this page's host does not answer in time".into()),
    }
}
