//! Messages above every view: what stands in the node's way, and what to do about it.

use super::{browser, dialog::Confirm, state::page};
use crate::{testids, words};
use bridge::Status;
use keys::Envelope;
use leptos::{prelude::*, task::spawn_local};
use node::Command;

/// What the host answers about its network.
fn descriptors(text: &str) -> Option<Vec<Envelope>> {
    let mut network: serde_json::Value = serde_json::from_str(text).ok()?;
    serde_json::from_value(network.get_mut("heavy")?.take()).ok()
}

/// Every message that is due.
#[component]
pub(crate) fn Banners() -> impl IntoView {
    let page = page();
    let status = Memo::new(move |_| page.status.get());
    let storage_error = page.part(|view| view.storage_error.clone());
    view! {
        <div class="banners" aria-live="polite">
            {move || match status.get() {
                Status::OtherTab => Some(other_tab().into_any()),
                Status::StorageRefused { detail } => Some(storage_refused(detail).into_any()),
                Status::Failed { detail } => Some(failed(detail).into_any()),
                _ => None,
            }}
            {move || storage_error.get().map(|detail| {
                view! {
                    <Banner kind="storage" title="Your node cannot save right now">
                        <p>
                            "It keeps trying. Nothing counts as done before it is saved, so nothing is lost. Free some space on this device if this stays."
                        </p>
                        <Details detail />
                    </Banner>
                }
            })}
            {move || page.network_error.get().map(network)}
        </div>
    }
}

/// One message.
#[component]
fn Banner(
    /// Its name for tests and styles.
    kind: &'static str,
    /// What is the matter.
    title: &'static str,
    /// What it means and what to do.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="banner" data-kind=kind data-testid=testids::BANNER>
            <h2>{title}</h2>
            {children()}
        </section>
    }
}

/// The words of the part that failed.
#[component]
fn Details(
    /// The words.
    detail: String,
) -> impl IntoView {
    view! {
        <details>
            <summary>"Details"</summary>
            <p>{words::sentence(&detail)}</p>
        </details>
    }
}

fn reload_button() -> impl IntoView {
    view! {
        <button type="button" class="secondary" on:click=|_| browser::reload()>
            "Reload the page"
        </button>
    }
}

fn other_tab() -> impl IntoView {
    view! {
        <Banner kind="other-tab" title="Formix is open in another tab">
            <p>
                "Your node runs there. One at a time, so that your records are never written twice. Close the other tab and this one carries on."
            </p>
        </Banner>
    }
}

fn storage_refused(detail: String) -> impl IntoView {
    view! {
        <Banner kind="storage-refused" title="Your browser does not let this page keep anything">
            <p>
                "A node must remember who it is and what it has answered. Leave private browsing, or allow this site to store data, then reload."
            </p>
            <Details detail />
            {reload_button()}
        </Banner>
    }
}

fn failed(detail: String) -> impl IntoView {
    view! {
        <Banner kind="failed" title="Your node has stopped">
            <p>"What it had saved is still here. Reloading starts it again from there."</p>
            <Details detail />
            {reload_button()}
        </Banner>
    }
}

fn network(detail: String) -> AnyView {
    // The node's own words; it names two reasons for which trust is the person's to give.
    if detail.contains("since it first joined") {
        let text = "This page’s host now names other heavy nodes than those that your node has trusted since it first joined. \
                    That is right after the operators have moved to new machines, and wrong if somebody has taken over the host. \
                    Ask the people who run it before you go on.";
        view! {
            <Banner kind="not-pinned" title="The host names heavy nodes that you do not know">
                <p>{text}</p>
                <Details detail />
                <TrustNew />
            </Banner>
        }
        .into_any()
    } else if detail.contains("another sealing key") {
        let text = "A heavy node that you know shows another key than before. Shares sealed to the wrong key could be read by \
                    somebody else, so your node sends it nothing. Ask its operator before you go on.";
        view! {
            <Banner kind="not-pinned" title="A heavy node has changed its key">
                <p>{text}</p>
                <Details detail />
                <TrustNew />
            </Banner>
        }
        .into_any()
    } else {
        view! {
            <Banner kind="network" title="The host did not say who runs its network">
                <p>"Your node goes on with the heavy nodes that it knows, and asks again by itself."</p>
                <Details detail />
            </Banner>
        }
        .into_any()
    }
}

/// Forgets the pinned heavy nodes and takes those that the host names.
#[component]
fn TrustNew() -> impl IntoView {
    let page = page();
    let error = RwSignal::new(None::<String>);
    let trust = move || {
        spawn_local(async move {
            let network = match browser::fetch("/api/v1/network").await {
                Ok(text) => {
                    descriptors(&text).ok_or_else(|| "the host’s answer is not a list of heavy nodes".into())
                }
                Err(error) => Err(error),
            };
            let result = match network {
                Err(error) => Err(error),
                // Asked for first: with no answer from the host, the old nodes stay trusted.
                Ok(descriptors) => match page.command(Command::Unpin).await {
                    Err(error) => Err(error.to_string()),
                    Ok(_) => page
                        .command(Command::Network { descriptors })
                        .await
                        .map_err(|error| error.to_string()),
                },
            };
            match result {
                Ok(_) => page.network_error.set(None),
                Err(text) => {
                    error.try_set(Some(words::sentence(&text)));
                }
            }
        });
    };
    view! {
        <Confirm
            label="Trust the new heavy nodes"
            title="Trust these heavy nodes from now on?"
            text="Your node forgets the heavy nodes it knew and takes those that the host names now. Computations under way stay with the old ones."
            go="Trust the new ones"
            class="secondary"
            testids=(testids::TRUST_NEW, testids::TRUST_NEW_CONFIRM)
            on_go=trust
        />
        <p class="error" role="alert">{move || error.get()}</p>
    }
}
