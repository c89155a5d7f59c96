//! The program of the page and of its worker. One file for both: what both need, which is much, is downloaded once.
//! A native build is an empty program, so that the whole workspace checks on any target.

fn main() {
    #[cfg(target_arch = "wasm32")]
    match web_sys::window() {
        Some(_) => ui::start(),
        None => worker::start(),
    }
}
