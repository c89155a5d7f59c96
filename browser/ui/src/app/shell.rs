//! What stands around every view: header, navigation, messages, and the view that the address names.

#[cfg(not(feature = "jobs"))]
use super::more::More;
use super::{
    approval::Approval,
    banners::Banners,
    computation::Computation,
    computations::Computations,
    data::Data,
    home::Home,
    icon::{Icon, Shape},
    network::Network,
    propose::Propose,
    ring::Ring,
    state::{Page, page},
    theme::ThemeToggle,
};
#[cfg(feature = "jobs")]
use super::{
    contribute::Contribute,
    graph::Graph,
    jobs::{Job, Jobs, Receipt},
    lending::Lending,
    machine::Machine,
};
use crate::{route::Route, testids};
use bridge::Status;
use leptos::prelude::*;

const NAV: [(Route, Shape, &str); 10] = [
    (Route::Home, Shape::Home, "Home"),
    (Route::Computations, Shape::List, "Computations"),
    (Route::Data, Shape::Table, "My data"),
    (Route::Propose, Shape::Pen, "Propose"),
    (Route::Approval, Shape::Shield, "Approval"),
    (Route::Contribute, Shape::Chip, "Contribute"),
    (Route::Jobs, Shape::Play, "Jobs"),
    (Route::Graph, Shape::Nodes, "Graph"),
    (Route::Machine, Shape::Chip, "Machine"),
    (Route::Network, Shape::Nodes, "Network"),
];

/// The root.
#[component]
pub(crate) fn Shell() -> impl IntoView {
    let page = Page::start();
    provide_context(page);
    #[cfg(feature = "jobs")]
    provide_context(Lending::start(page));
    // Who is on the way to a view of this program, from one of that without it, has not come to a new page.
    #[cfg(feature = "jobs")]
    if super::browser::remembered(super::browser::WANTS_JOBS).is_some_and(|how| how == "goes") {
        super::browser::remember(super::browser::WANTS_JOBS, "yes");
        request_animation_frame(|| super::browser::focus("heading"));
    }
    // A person who reads with the keyboard or a screen reader lands on the new view's heading.
    Effect::new(move |shown: Option<Route>| {
        let route = page.route.get();
        document().set_title(route.title());
        if shown.is_some_and(|shown| shown != route) {
            window().scroll_to_with_x_and_y(0.0, 0.0);
            request_animation_frame(|| super::browser::focus("heading"));
        }
        route
    });
    window_event_listener(leptos::ev::focusin, |_| super::browser::note_focus());
    Effect::new(move || {
        page.follow();
        request_animation_frame(super::browser::mend_focus);
    });
    let elsewhere = Memo::new(move |_| matches!(page.status.get(), Status::OtherTab));
    let skip = |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        super::browser::focus("heading");
    };
    view! {
        <a class="skip" href="#heading" on:click=skip>
            "Skip to content"
        </a>
        <header class="top">
            <a class="brand" href=Route::Home.href() aria-label="Formix, home">
                <Ring filled=3 class="ring brand-ring" />
                <span>"Formix"</span>
            </a>
            <Navigation />
            <div class="top-end">
                <Connection />
                <ThemeToggle />
            </div>
        </header>
        // Always there, since screen readers hear only what changes in a region that they know.
        <p class="hidden" role="status">
            {move || page.said.get()}
        </p>
        <main id="main">
            <Banners />
            {move || match page.route.get() {
                // The node runs elsewhere, so there is nothing to show here.
                _ if elsewhere.get() => view! { <h1 class="hidden">"Formix"</h1> }.into_any(),
                Route::Home => view! { <Home /> }.into_any(),
                Route::Data => view! { <Data /> }.into_any(),
                Route::Propose => view! { <Propose /> }.into_any(),
                Route::Computations => view! { <Computations /> }.into_any(),
                Route::Computation(id) => view! { <Computation id /> }.into_any(),
                Route::Approval => view! { <Approval /> }.into_any(),
                #[cfg(feature = "jobs")]
                Route::Contribute => view! { <Contribute /> }.into_any(),
                #[cfg(feature = "jobs")]
                Route::Jobs => view! { <Jobs /> }.into_any(),
                #[cfg(feature = "jobs")]
                Route::Job(id) => view! { <Job id /> }.into_any(),
                #[cfg(feature = "jobs")]
                Route::Receipt => view! { <Receipt /> }.into_any(),
                #[cfg(feature = "jobs")]
                Route::Graph => view! { <Graph /> }.into_any(),
                #[cfg(feature = "jobs")]
                Route::Machine => view! { <Machine /> }.into_any(),
                #[cfg(not(feature = "jobs"))]
                Route::Contribute | Route::Jobs | Route::Job(_) | Route::Receipt | Route::Graph | Route::Machine => view! { <More /> }.into_any(),
                Route::Network => view! { <Network /> }.into_any(),
            }}
        </main>
    }
}

/// The links to every view: across the top, or along the bottom of a phone.
#[component]
fn Navigation() -> impl IntoView {
    let page = page();
    let asks = super::computations::asking(page);
    let link = move |(route, shape, label): (Route, Shape, &'static str)| {
        let current = move || route.leads_to(page.route.get()).then_some("page");
        // A phone has room for five. The connection, above them, leads to the network, and the first screen to the rest.
        let class = match route {
            Route::Network => "wide-only spare",
            Route::Contribute | Route::Jobs => "wide-only",
            Route::Graph | Route::Machine => "wide-only roomy",
            _ => "",
        };
        let view_name = route.href().trim_start_matches("#/").to_owned();
        let badge = (route == Route::Computations).then(|| {
            view! {
                <Show when=move || !asks.get().is_empty()>
                    <span class="badge">{move || asks.get().len()}<span class="hidden">" waiting"</span></span>
                </Show>
            }
        });
        view! {
            <li class=class>
                <a href=route.href() aria-current=current data-testid=testids::NAV data-view=view_name>
                    <Icon shape />
                    <span>{label}</span>
                    {badge}
                </a>
            </li>
        }
    };
    view! {
        <nav class="views" aria-label="Views">
            <ul>{NAV.map(link).collect_view()}</ul>
        </nav>
    }
}

/// How many heavy nodes are connected, at a glance.
#[component]
fn Connection() -> impl IntoView {
    let page = page();
    let joined = page.part(|view| view.joined);
    let up = links_up(page);
    let all = page.part(|view| view.heavy.len());
    let running = move || match (page.is_known(), joined.get(), up.get()) {
        (false, ..) => "Starting".into(),
        (_, false, _) => "Not joined".into(),
        (_, true, 0) => "Connecting".into(),
        (_, true, up) => format!("{up} of {}", all.get()),
    };
    let words = move || match page.status.get() {
        Status::OtherTab => "In another tab".into(),
        Status::StorageRefused { .. } | Status::Failed { .. } => "Stopped".into(),
        _ => running(),
    };
    let here = move || (page.route.get() == Route::Network).then_some("page");
    view! {
        <a class="pill" href=Route::Network.href() aria-current=here data-testid=testids::STATUS data-up=move || up.get().to_string()>
            <Ring filled=up class="ring small" />
            <span class="hidden">"Connection: "</span>
            <span>{words}</span>
        </a>
    }
}

/// Heavy nodes that are connected.
pub(crate) fn links_up(page: Page) -> Memo<usize> {
    page.part(|view| view.links.iter().filter(|link| link.up).count())
}

/// A view's heading, where the focus goes when it opens.
#[component]
pub(crate) fn Heading(
    /// The words.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    view! {
        <h1 id="heading" tabindex="-1">
            {text}
        </h1>
    }
}
