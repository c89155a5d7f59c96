//! A heavy node that lied, convicted by what it signed.

use super::result::{checked, documents, state};
use crate::{
    app::{
        browser,
        icon::{Icon, Shape},
        state::page,
    },
    testids, words,
};
use leptos::prelude::*;
use node::{TaskView, light::End};

/// Who lied, what shows it, and the evidence to keep; nothing where nobody is convicted.
#[component]
pub(super) fn Accused(task: Signal<Option<TaskView>>) -> impl IntoView {
    let page = page();
    let found = Memo::new(move |_| {
        let task = task.get()?;
        let accusation = task.accusation?;
        Some((accusation.accused, accusation.document, task.document, task.end, task.id))
    });
    Effect::new(move |before: Option<bool>| {
        let found = found.with(Option::is_some);
        if found && before == Some(false) {
            page.say("One of the heavy nodes lied. The evidence is here.");
        }
        found
    });
    move || {
        found.get().map(|(accused, evidence, proposal, end, id)| {
            let checked = checked(&proposal, &evidence);
            let (end, stands) = match end {
                Some(End::Result { document, .. }) => (
                    Some(document),
                    "The result stands: it is made of what the other two heavy nodes hold, and they agree.",
                ),
                Some(End::Refusal { document, .. }) => (Some(document), "Nothing is made of its sum."),
                _ => (None, ""),
            };
            let words = move || match checked.get() {
                None => "Checking the evidence in this page…".to_owned(),
                Some(Ok(_)) => "The evidence was checked in this page, and it holds.".into(),
                Some(Err(why)) => format!("The evidence does not hold: {}", words::sentence(&why)),
            };
            let name = format!("formix-{}-evidence.json", id.short());
            let command = format!("python sdk/verify/evidence.py {name}");
            let save = move |_| {
                let mut named = vec![("proposal", &proposal), ("evidence", &evidence)];
                named.extend(end.as_ref().map(|end| ("end", end)));
                // A browser that saves nothing says so itself.
                let _ = browser::save(&name, "application/json", documents(&named).as_bytes());
            };
            view! {
                <section
                    class="card accused"
                    data-testid=testids::ACCUSED
                    data-heavy=accused.to_string()
                    data-checked=move || state(checked)
                >
                    <h2>"A heavy node lied"</h2>
                    <p>
                        "Heavy node " <span class="id" title=accused.to_string()>"…" {accused.short()}</span>
                        " signed two things that contradict each other. First it signed which answers count, with the seals that bind them to their numbers; then it signed a sum that does not fit these seals."
                    </p>
                    <p>{stands}</p>
                    <p class="marked" aria-live="polite">
                        <Icon shape=Shape::Shield />
                        <span>{words}</span>
                    </p>
                    <p class="actions">
                        <button type="button" class="secondary with-icon" data-testid=testids::EVIDENCE on:click=save>
                            <Icon shape=Shape::Save />
                            "Save the evidence"
                        </button>
                    </p>
                    <p class="soft">
                        "Anybody can check it without this page and without this network, by a short script in Formix’s source: "
                        <code>{command}</code>
                    </p>
                </section>
            }
        })
    }
}
