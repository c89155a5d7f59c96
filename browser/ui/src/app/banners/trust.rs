//! Trusting other heavy nodes: exactly those that the person has seen by name.

use crate::{
    app::{
        dialog::Confirm,
        state::{Doing, Page, page},
    },
    testids, words,
};
use keys::{Envelope, NodeId};
use leptos::{prelude::*, task::spawn_local};
use node::{Command, Descriptor};

/// Whom the host names.
#[derive(Debug, Clone)]
struct Named {
    /// Their ids, as the signed descriptors say, and whether each is trusted by now.
    ids: Vec<(NodeId, bool)>,
    /// The descriptors, in the same order.
    descriptors: Vec<Envelope>,
}

/// Asks the host once, and checks the descriptors' signatures.
async fn ask(page: Page) -> Result<Named, String> {
    let descriptors = bridge::ask_network().await?;
    let trusted = page.peek(|view| view.heavy.clone());
    let ids = descriptors.iter().map(|envelope| {
        let id = Descriptor::open(envelope).map_err(|error| error.to_string())?.id;
        Ok((id, trusted.contains(&id)))
    });
    Ok(Named { ids: ids.collect::<Result<_, String>>()?, descriptors })
}

/// Shows the heavy nodes that the host names, and pins these where the person says so.
#[component]
pub(super) fn TrustNew() -> impl IntoView {
    let page = page();
    let doing = Doing::new();
    let named = RwSignal::new(None::<Result<Named, String>>);
    let asked = StoredValue::new(0_u64);
    let open = move |()| {
        named.set(None);
        asked.update_value(|asked| *asked += 1);
        let mine = asked.get_value();
        spawn_local(async move {
            let answer = ask(page).await;
            // The dialog was opened again meanwhile, or is gone.
            if asked.try_get_value() == Some(mine) {
                named.try_set(Some(answer));
            }
        });
    };
    let trust = move || {
        if let Some(Ok(Named { descriptors, .. })) = named.get_untracked() {
            doing.run(page, Command::Repin { descriptors }, move |_| page.network_error.set(None));
        }
    };
    let ready = Signal::derive(move || named.with(|named| matches!(named, Some(Ok(_)))));
    let row = |(id, trusted): (NodeId, bool)| {
        let known = if trusted { "known by this name" } else { "new" };
        view! { <li><span class="id">{id.to_string()}</span> " " <span class="soft">{known}</span></li> }
    };
    let list = move || match named.get() {
        None => view! { <p class="soft" aria-busy="true">"Asking the host"</p> }.into_any(),
        Some(Ok(Named { ids, .. })) => {
            view! { <ul>{ids.into_iter().map(row).collect_view()}</ul> }.into_any()
        }
        Some(Err(why)) => view! { <p class="error" role="alert">{words::sentence(&why)}</p> }.into_any(),
    };
    view! {
        <Confirm
            label="Trust the new heavy nodes"
            title="Trust these heavy nodes from now on?"
            text="Compare the names with those that the operators tell you. Your node forgets the heavy nodes that it knew: computations under way through them get no further shares from it, and no result here."
            go="Trust these"
            class="secondary"
            testids=(testids::TRUST_NEW, testids::TRUST_NEW_CONFIRM)
            on_open=open
            ready
            on_go=trust
        >
            {list}
        </Confirm>
        <p class="error" role="alert">
            {move || doing.error.get().map(|error| words::sentence(&error.to_string()))}
        </p>
    }
}
