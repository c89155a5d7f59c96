//! Damage makes redb panic in places; here a panic becomes [`StoreError::Corrupt`].

use std::{
    any::Any,
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};
use store::StoreError;

thread_local! {
    /// Whether a panic on this thread is expected and told in another way.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Does `work`; a panic in it is a damaged file's.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, StoreError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !EXPECTED.get() {
                print(info);
            }
        }));
    });
    let before = EXPECTED.replace(true);
    // What the panic leaves half-done is given up by the caller.
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    EXPECTED.set(before);
    result.map_err(|panic| StoreError::Corrupt { detail: words(panic.as_ref()) })
}

fn words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    words.unwrap_or("its pages do not fit together").lines().next().unwrap_or_default().into()
}
