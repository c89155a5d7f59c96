//! The browser's own services that views use.

use codec::Instant;
use js_sys::{Array, Date, Function, Object, Reflect};
use leptos::prelude::{document, window};
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, Element, File, HtmlAnchorElement, HtmlElement, MediaQueryList,
    MediaQueryListEvent, Url,
};

type Followed = (MediaQueryList, Closure<dyn Fn(MediaQueryListEvent)>);

thread_local! {
    /// What had the focus last.
    static FOCUSED: RefCell<Option<Element>> = const { RefCell::new(None) };
    /// Queries that are followed, and who is told.
    static MEDIA: RefCell<Vec<Followed>> = const { RefCell::new(Vec::new()) };
}

/// The address's hash.
pub(crate) fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

/// Goes to a view.
pub(crate) fn go(route: crate::route::Route) {
    // Only a browser that is leaving the page refuses.
    let _ = window().location().set_hash(&route.href());
}

/// Shows another address for the same view, without a step in the history.
pub(crate) fn show_address(hash: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(hash));
    }
}

/// Puts the address on the clipboard; `None` where the browser has none for this page.
pub(crate) fn copy_address() -> Option<()> {
    let navigator = window().navigator();
    // A page that is not served from a secure origin has no clipboard.
    let clipboard = Reflect::get(&navigator, &"clipboard".into()).ok().filter(JsValue::is_object)?;
    let write: Function = Reflect::get(&clipboard, &"writeText".into()).ok()?.dyn_into().ok()?;
    write.call1(&clipboard, &window().location().href().ok()?.into()).ok().map(drop)
}

/// Reloads the page.
pub(crate) fn reload() {
    let _ = window().location().reload();
}

/// Puts the keyboard's focus on an element.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = element {
        let _ = element.focus();
    }
}

/// Notes what has the focus now, for [`mend_focus`].
pub(crate) fn note_focus() {
    FOCUSED.set(document().active_element());
}

/// Puts the focus on the view's heading, without a jump of the page, where it was lost because what had it is gone.
/// Otherwise the keyboard would begin at the top of the page again.
pub(crate) fn mend_focus() {
    let lost = FOCUSED.with_borrow(|element| element.as_ref().is_some_and(|element| !element.is_connected()));
    let nowhere = document().active_element().is_none_or(|element| element.tag_name() == "BODY");
    let Some(heading) = document().get_element_by_id("heading").filter(|_| lost && nowhere) else { return };
    let options = Object::new();
    // A plain object takes any key, and every element that has an id has a focus.
    let _ = Reflect::set(&options, &"preventScroll".into(), &true.into());
    if let Ok(focus) = Reflect::get(&heading, &"focus".into()).and_then(|focus| focus.dyn_into::<Function>())
    {
        let _ = focus.call1(&heading, &options);
    }
}

/// What the person chose to remember under `key`.
pub(crate) fn remembered(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Under which name the browser remembers that somebody wants the views of jobs: `goes` while these are being loaded. The page's loader looks whether
/// it is there (`tests/xtask/src/page.rs`).
pub(crate) const WANTS_JOBS: &str = "formix-jobs";

/// Remembers a choice, where the browser allows it.
pub(crate) fn remember(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(key, value);
    }
}

/// Whether a media query matches now.
#[cfg(feature = "jobs")]
pub(crate) fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|query| query.matches())
}

/// Says now, and whenever that changes, whether a media query matches. As long as the page is there.
pub(crate) fn follow_media(query: &str, on_change: impl Fn(bool) + 'static) {
    let Ok(Some(query)) = window().match_media(query) else { return };
    on_change(query.matches());
    let listener = Closure::<dyn Fn(MediaQueryListEvent)>::new(move |event: MediaQueryListEvent| {
        on_change(event.matches());
    });
    query.set_onchange(Some(listener.as_ref().unchecked_ref()));
    MEDIA.with_borrow_mut(|kept| kept.push((query, listener)));
}

/// A moment in the person's own time zone and language: the time alone where it is today.
pub(crate) fn local_time(moment: Instant) -> String {
    let date = Date::new(&JsValue::from_f64(moment.unix_ms() as f64));
    let options = Object::new();
    let set = |key: &str, value: &str| {
        // A plain object takes any key.
        let _ = Reflect::set(&options, &key.into(), &value.into());
    };
    set("hour", "2-digit");
    set("minute", "2-digit");
    set("hourCycle", "h23");
    if date.to_date_string() != Date::new_0().to_date_string() {
        set("day", "numeric");
        set("month", "short");
    }
    String::from(date.to_locale_string("en-GB", &options))
}

/// What a `datetime-local` input holds, as a moment.
pub(crate) fn parse_local(text: &str) -> Option<Instant> {
    let ms = Date::new(&text.into()).get_time();
    (ms.is_finite() && ms >= 0.0).then(|| Instant::from_unix_ms(ms as u64))
}

/// A moment, as a `datetime-local` input holds it.
pub(crate) fn to_local_input(moment: Instant) -> String {
    let date = Date::new(&JsValue::from_f64(moment.unix_ms() as f64));
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes()
    )
}

/// A file's bytes.
pub(crate) async fn read(file: &File) -> Result<Vec<u8>, String> {
    let unreadable = |_| String::from("the browser could not read the file; was it moved or changed?");
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(unreadable)?;
    Ok(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// Lets the browser save `content` as a file of a media type.
pub(crate) fn save(name: &str, media_type: &str, content: &[u8]) -> Option<()> {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let parts = Array::of1(&js_sys::Uint8Array::from(content));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let link: HtmlAnchorElement = document().create_element("a").ok()?.dyn_into().ok()?;
    link.set_href(&url);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&url).ok()
}
