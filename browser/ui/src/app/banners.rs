//! Messages above every view: what stands in the node's way, and what to do about it.

mod trust;

use super::{browser, state::page};
use crate::{testids, words};
use bridge::Status;
use leptos::prelude::*;
use node::CommandError;
use trust::TrustNew;

/// Every message that is due.
#[component]
pub(crate) fn Banners() -> impl IntoView {
    let page = page();
    let status = Memo::new(move |_| page.status.get());
    let storage_error = page.part(|view| view.storage_error.clone());
    // The host is asked again and again; the same answer must not close a dialog that is open.
    let network_error = Memo::new(move |_| page.network_error.get());
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
            {move || network_error.get().map(network)}
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
            <p>"Reloading starts it again from what this browser still keeps of it."</p>
            <Details detail />
            {reload_button()}
        </Banner>
    }
}

fn network(error: CommandError) -> AnyView {
    match error {
        CommandError::NotPinned { why } => view! {
            <Banner kind="not-pinned" title="The host’s heavy nodes are not those that you know">
                <p>
                    "This page’s host now names other heavy nodes, or other keys of theirs, than those that your node trusts. That is right after the operators have moved to new machines, and wrong if somebody has taken over the host: shares sealed to the wrong keys could be read by somebody else. Your node keeps to the ones it knows. Ask the people who run them before you go on."
                </p>
                <Details detail=why />
                <TrustNew />
            </Banner>
        }
        .into_any(),
        CommandError::TooFewHeavyNodes { known } => view! {
            <Banner kind="network" title="The host has not met its whole network yet">
                <p>
                    "A network has three heavy nodes, and it names " {known.to_string()}
                    ". Your node asks again by itself."
                </p>
            </Banner>
        }
        .into_any(),
        error => view! {
            <Banner kind="network" title="The host did not say who runs its network">
                <p>"Your node goes on with the heavy nodes that it knows, and asks again by itself."</p>
                <Details detail=error.to_string() />
            </Banner>
        }
        .into_any(),
    }
}
