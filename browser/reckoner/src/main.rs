//! The program of the reckoner. A native build is an empty program, so that the whole workspace checks on any target.

fn main() {
    #[cfg(target_arch = "wasm32")]
    reckoner::start();
}
