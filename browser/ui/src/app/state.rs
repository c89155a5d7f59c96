//! What every view sees: the node's last word, the clock and the address.

use crate::route::Route;
use bridge::{Event, Handle, Status};
use codec::{ContentId, Instant};
use leptos::{prelude::*, task::spawn_local};
use node::{Command, CommandError, LightView, Reply, TaskView};
use std::{sync::Arc, time::Duration};

/// What the views share. A copy is a reference.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    view: RwSignal<Option<Arc<LightView>>>,
    /// How the node itself is.
    pub(crate) status: RwSignal<Status>,
    /// Why the host's word on its network was not taken, while it was not.
    pub(crate) network_error: RwSignal<Option<CommandError>>,
    /// The clock, second by second.
    pub(crate) now: RwSignal<Instant>,
    /// The view that is shown.
    pub(crate) route: RwSignal<Route>,
    /// Whether the page is as narrow as a phone.
    pub(crate) narrow: RwSignal<bool>,
    /// How many files were added: a file of the same shape changes nothing else that is shown.
    pub(crate) imports: RwSignal<u64>,
    /// What a screen reader says next.
    pub(crate) said: RwSignal<String>,
    handle: StoredValue<Handle, LocalStorage>,
}

impl Page {
    /// Starts the node and follows it, the clock and the address.
    pub(crate) fn start() -> Self {
        let view = RwSignal::new(None);
        let status = RwSignal::new(Status::Starting);
        let network_error = RwSignal::new(None);
        let handle = Handle::start(move |event| match event {
            Event::View(shown) => view.set(Some(Arc::new(*shown))),
            Event::Status(now) => status.set(now),
            // Storage has a message of its own, and says nothing about the host.
            Event::Network(Err(CommandError::Storage { .. })) => {}
            Event::Network(result) => network_error.set(result.err()),
        });
        let now = RwSignal::new(clock());
        set_interval(move || now.set(clock()), Duration::from_secs(1));
        let route = RwSignal::new(Route::of(&super::browser::hash()));
        window_event_listener(leptos::ev::hashchange, move |_| {
            route.set(Route::of(&super::browser::hash()));
        });
        let narrow = RwSignal::new(false);
        super::browser::follow_media("(max-width: 50rem)", move |matches| narrow.set(matches));
        let (imports, said) = (RwSignal::new(0), RwSignal::new(String::new()));
        let handle = StoredValue::new_local(handle);
        Self { view, status, network_error, now, route, narrow, imports, said, handle }
    }

    /// Has a screen reader say something when it is next silent.
    pub(crate) fn say(self, text: impl Into<String>) {
        self.said.set(text.into());
    }

    /// Follows all that may take an element from under the focus: the node's view, the address and the clock.
    pub(crate) fn follow(self) {
        self.view.track();
        self.route.track();
        self.now.track();
    }

    /// Whether the node has said anything yet.
    pub(crate) fn is_known(self) -> bool {
        self.view.with(Option::is_some)
    }

    /// Whether the node is to be connected.
    pub(crate) fn joined(self) -> bool {
        self.view.with(|view| view.as_ref().is_some_and(|view| view.joined))
    }

    /// A part of the node's view, told on only when it changes; the default until the node has spoken.
    pub(crate) fn part<T: Default + Clone + PartialEq + Send + Sync + 'static>(
        self,
        pick: impl Fn(&LightView) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        Memo::new(move |_| self.view.with(|view| view.as_deref().map(&pick).unwrap_or_default()))
    }

    /// One computation.
    pub(crate) fn task(self, id: ContentId) -> Memo<Option<TaskView>> {
        self.part(move |view| view.tasks.iter().find(|task| task.id == id).cloned())
    }

    /// Reads the node's view now, without following it.
    pub(crate) fn peek<T: Default>(self, pick: impl FnOnce(&LightView) -> T) -> T {
        self.view.with_untracked(|view| view.as_deref().map(pick).unwrap_or_default())
    }

    /// The handle to the node.
    pub(crate) fn handle(self) -> Handle {
        self.handle.get_value()
    }

    /// Asks something of the node.
    pub(crate) async fn command(self, command: Command) -> Result<Reply, CommandError> {
        self.handle().command(command).await
    }
}

/// The page's clock: UTC.
pub(crate) fn clock() -> Instant {
    Instant::from_unix_ms(js_sys::Date::now() as u64)
}

/// The shared state, from any component.
pub(crate) fn page() -> Page {
    expect_context::<Page>()
}

/// One thing that a person asked for, from the press of a button to its end.
#[derive(Clone, Copy)]
pub(crate) struct Doing {
    /// Under way.
    pub(crate) busy: RwSignal<bool>,
    /// Why it failed the last time.
    pub(crate) error: RwSignal<Option<CommandError>>,
}

impl Doing {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self { busy: RwSignal::new(false), error: RwSignal::new(None) }
    }

    /// Asks `command` of the node, then calls `then` where that went well. One at a time: a second press waits
    /// for nothing and does nothing.
    pub(crate) fn run(self, page: Page, command: Command, then: impl FnOnce(Reply) + 'static) {
        self.run_made(page, std::future::ready(Ok(command)), then);
    }

    /// The same for a command that takes a while to make.
    pub(crate) fn run_made(
        self,
        page: Page,
        command: impl Future<Output = Result<Command, CommandError>> + 'static,
        then: impl FnOnce(Reply) + 'static,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            let result = match command.await {
                Ok(command) => page.command(command).await,
                Err(error) => Err(error),
            };
            // The view may be gone by now, and its signals with it.
            self.busy.try_set(false);
            match result {
                Ok(reply) => then(reply),
                Err(error) => {
                    self.error.try_set(Some(error));
                }
            }
        });
    }

    /// For `aria-busy`, which the base style sheet shows.
    pub(crate) fn aria(self) -> &'static str {
        if self.busy.get() { "true" } else { "false" }
    }
}
