//! The page's program. A native build is an empty one, so that the whole workspace checks on any target.

fn main() {
    #[cfg(target_arch = "wasm32")]
    ui::start();
}
