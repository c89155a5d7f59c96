//! Lending this browser to jobs: what the person wants of it besides the node's own settings, and what the browser can tell.
//!
//! The node knows how many jobs it takes and how large they may be; how much of the time they get, and when none are taken, is for the page to
//! know, since it alone hears of the battery and of the person. What the page hears of the person is what happens in this tab.

use super::{browser, state::Page};
use channel::reckoner::PartsBy;
use codec::Instant;
use js_sys::{Function, Promise, Reflect};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

/// Milliseconds without a touch of this page after which nobody is held to be at it.
const IDLE_MS: u64 = 60_000;
/// The shares of the time that are offered, in percent.
pub(crate) const SHARES: [u8; 4] = [25, 50, 75, 100];

/// What may compute parts of graphs, each with its name in the browser's memory and on the page.
pub(crate) const PARTS_BY: [(PartsBy, &str, &str); 3] = [
    (PartsBy::Automatic, "automatic", "automatic"),
    (PartsBy::Graphics, "graphics", "graphics (WebGPU), also when emulated"),
    (PartsBy::Processor, "processor", "processor only"),
];

/// Which of [`PARTS_BY`] has this name.
pub(crate) fn parts_by(name: &str) -> Option<PartsBy> {
    PARTS_BY.iter().find(|(_, named, _)| *named == name).map(|(by, ..)| *by)
}

/// Why no jobs are taken though the person lends this browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// The person has paused it.
    Paused,
    /// The device runs on its battery.
    Battery,
    /// Somebody uses this page.
    InUse,
}

/// What the views share about it. A copy is a reference.
#[derive(Clone, Copy)]
pub(crate) struct Lending {
    /// How much of the time guests get, and parts of graphs, in percent.
    pub(crate) share: RwSignal<u8>,
    /// What computes parts of graphs.
    pub(crate) parts_by: RwSignal<PartsBy>,
    /// Whether none are taken while the device runs on its battery.
    pub(crate) plugged_only: RwSignal<bool>,
    /// Whether none are taken while somebody uses this page.
    pub(crate) idle_only: RwSignal<bool>,
    /// Whether the person has paused it.
    pub(crate) paused: RwSignal<bool>,
    /// Whether the device is plugged in, where the browser tells; a browser that does not is taken to be.
    pub(crate) plugged: RwSignal<Option<bool>>,
    /// Why no jobs are taken now.
    pub(crate) held: Memo<Option<Held>>,
}

impl Lending {
    /// What the person chose before, told to the node now and whenever it changes.
    pub(crate) fn start(page: Page) -> Self {
        let share = kept("share", 50, |text| text.parse().ok().filter(|share| SHARES.contains(share)));
        let by = kept("parts-by", PartsBy::Automatic, parts_by);
        let flag = |name, default| kept(name, default, |text| Some(text == "yes"));
        let (plugged_only, idle_only, paused) =
            (flag("plugged", true), flag("idle", false), flag("paused", false));
        // Where the browser can tell, nothing runs on a battery until it has: that takes a moment.
        let plugged = RwSignal::new(battery_getter().map(|_| false));
        let touched = RwSignal::new(Instant::default());
        let touch = move || touched.set(super::state::clock());
        window_event_listener(leptos::ev::pointermove, move |_| touch());
        window_event_listener(leptos::ev::pointerdown, move |_| touch());
        window_event_listener(leptos::ev::keydown, move |_| touch());
        window_event_listener(leptos::ev::wheel, move |_| touch());
        spawn_local(follow_battery(plugged));
        let held = Memo::new(move |_| {
            // Both are looked at each second, as the clock is.
            let in_use = page.now.get().since_ms(touched.get_untracked()) < IDLE_MS && !document().hidden();
            match () {
                () if paused.get() => Some(Held::Paused),
                () if plugged_only.get() && plugged.get() == Some(false) => Some(Held::Battery),
                () if idle_only.get() && in_use => Some(Held::InUse),
                () => None,
            }
        });
        let settings = page.part(|view| (view.contribution.settings.on, view.contribution.settings.graphs));
        Effect::new(move || {
            let (on, graphs) = settings.get();
            page.handle().lend(share.get(), held.get().is_some() || !on, graphs.then(|| by.get()));
        });
        Self { share, parts_by: by, plugged_only, idle_only, paused, plugged, held }
    }
}

/// Something that is remembered from one visit to the next.
trait Kept: Clone + PartialEq + Send + Sync + 'static {
    fn text(&self) -> String;
}

impl Kept for u8 {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Kept for PartsBy {
    fn text(&self) -> String {
        PARTS_BY.iter().find(|(by, ..)| by == self).map_or_else(String::new, |(_, name, _)| (*name).into())
    }
}

impl Kept for bool {
    fn text(&self) -> String {
        if *self { "yes".into() } else { "no".into() }
    }
}

fn kept<T: Kept>(name: &'static str, default: T, read: fn(&str) -> Option<T>) -> RwSignal<T> {
    let key = format!("formix-lend-{name}");
    let value = RwSignal::new(browser::remembered(&key).and_then(|text| read(&text)).unwrap_or(default));
    Effect::new(move |before: Option<T>| {
        let value = value.get();
        if before.is_some_and(|before| before != value) {
            browser::remember(&key, &value.text());
        }
        value
    });
    value
}

/// Follows whether the device is plugged in, where the browser has the Battery Status API.
async fn follow_battery(plugged: RwSignal<Option<bool>>) {
    let Some(battery) = battery().await else { return plugged.set(None) };
    let charging = |battery: &JsValue| {
        Reflect::get(battery, &"charging".into()).ok().and_then(|charging| charging.as_bool())
    };
    plugged.set(charging(&battery));
    let (target, followed): (web_sys::EventTarget, _) = (battery.clone().unchecked_into(), battery);
    let listener = Closure::<dyn Fn()>::new(move || plugged.set(charging(&followed)));
    let _ = target.add_event_listener_with_callback("chargingchange", listener.as_ref().unchecked_ref());
    // As long as the page is there.
    listener.forget();
}

fn battery_getter() -> Option<Function> {
    Reflect::get(&window().navigator(), &"getBattery".into()).ok()?.dyn_into().ok()
}

async fn battery() -> Option<JsValue> {
    let asked: Promise = battery_getter()?.call0(&window().navigator()).ok()?.dyn_into().ok()?;
    JsFuture::from(asked).await.ok()
}
