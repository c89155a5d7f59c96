//! The network: who is connected and how, who this node is, and what is protected and what is not.

mod limits;

use super::{
    ring::Ring,
    shell::{Heading, links_up},
    state::{Doing, page},
};
use crate::{testids, words};
use keys::NodeId;
use leptos::prelude::*;
use limits::Limits;
use net::{LinkView, Transport};
use node::Command;

/// The view.
#[component]
pub(crate) fn Network() -> impl IntoView {
    let page = page();
    let up = links_up(page);
    let pinned = page.part(|view| view.heavy.clone());
    view! {
        <Heading text="Network" />
        <p class="lead">
            "Heavy nodes are the servers that carry sealed shares and add them up. Your tab is a light node: it keeps the data and decides."
        </p>
        <section class="group">
            <h2>"Heavy nodes"</h2>
            <Show
                when=move || !pinned.get().is_empty()
                fallback=|| view! { <p class="empty">"None known yet. This page’s host names them when it can be reached."</p> }
            >
                <ul class="rows">
                    <For each=move || pinned.get() key=|id| *id let:id>
                        <Link id />
                    </For>
                </ul>
                <p class="soft">
                    "Your node trusts these and no others until you say so. "
                    {move || up.get()} " of " {move || pinned.get().len()} " connected."
                </p>
            </Show>
        </section>
        <You />
        <Limits />
    }
}

/// How a page can be connected, in words.
fn carried(transport: Option<Transport>) -> &'static str {
    match transport {
        Some(Transport::WebrtcDirect) => "WebRTC",
        Some(Transport::Websocket) => "WebSocket",
        Some(other) => other.name(),
        None => "—",
    }
}

/// One heavy node.
#[component]
fn Link(
    /// Which.
    id: NodeId,
) -> impl IntoView {
    let page = page();
    let link = page.part(move |view| view.links.iter().find(|link| link.peer == id).cloned());
    let joined = page.part(|view| view.joined);
    let up = Memo::new(move |_| link.get().is_some_and(|link| link.up));
    let state = move || {
        let now = page.now.get();
        match link.get() {
            Some(LinkView { up: true, since: Some(since), .. }) => {
                format!("Connected for {}", words::rough_span(now.since_ms(since)))
            }
            Some(LinkView { up: true, .. }) => "Connected".into(),
            Some(LinkView { retry_at: Some(at), .. }) if at > now => {
                format!("Next try in {}", words::span(at.since_ms(now)))
            }
            Some(_) if joined.get() => "Connecting".into(),
            _ => "Not connected".into(),
        }
    };
    let transport = move || carried(link.get().and_then(|link| link.transport));
    let latency = move || match link.get().filter(|link| link.up).and_then(|link| link.latency_ms) {
        Some(0) => "under 1 ms".into(),
        Some(ms) => format!("{ms} ms"),
        None => "—".into(),
    };
    let error = move || link.get().filter(|link| !link.up).and_then(|link| link.error);
    view! {
        <li
            class="link"
            data-testid=testids::LINK
            data-peer=id.to_string()
            data-up=move || up.get().to_string()
            data-transport=transport
        >
            <span class="dot" class:on=move || up.get() aria-hidden="true"></span>
            <span class="row-main">
                <strong title=id.to_string()>"Heavy node …" {id.short()}</strong>
                <span class="soft">{state}</span>
                {move || error().map(|why| view! { <span class="error">{words::sentence(&why)}</span> })}
            </span>
            <span class="link-facts numerals">
                <span>{transport}</span>
                <span class="soft">{latency}</span>
            </span>
        </li>
    }
}

/// This node, and the way out.
#[component]
fn You() -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let joined = page.part(|view| view.joined);
    let id = page.part(|view| view.id.to_string());
    let switch = move |_| {
        let command = if joined.get_untracked() { Command::Leave } else { Command::Join };
        doing.run(page, command, |_| ());
    };
    view! {
        <section class="card you">
            <Ring filled=Signal::derive(move || if joined.get() { 3 } else { 0 }) class="ring medium" />
            <div>
                <h2>"Your node"</h2>
                <p class="id" data-testid=testids::NODE_ID>{move || id.get()}</p>
                <p class="soft">
                    "This name is a key that was made in this browser and is kept here. It is how heavy nodes know your node again; it says nothing about who you are."
                </p>
                <p class="actions">
                    <button
                        type="button"
                        class="secondary"
                        data-testid=move || if joined.get() { testids::LEAVE } else { testids::JOIN }
                        aria-busy=move || doing.aria()
                        on:click=switch
                    >
                        {move || if joined.get() { "Leave the network" } else { "Join the network" }}
                    </button>
                    <span class="soft">{move || if joined.get() { "Your data stays here." } else { "" }}</span>
                </p>
                <p class="error" role="alert">
                    {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
                </p>
            </div>
        </section>
    }
}
