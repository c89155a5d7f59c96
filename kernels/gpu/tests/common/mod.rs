//! What the tests share that wait for a device.

/// Tests that wait for a device, as each target wants them.
macro_rules! on_device {
    ($($(#[$about:meta])* async fn $name:ident() $body:block)*) => {$(
        $(#[$about])*
        #[cfg(target_arch = "wasm32")]
        #[wasm_bindgen_test]
        async fn $name() $body

        $(#[$about])*
        #[cfg(not(target_arch = "wasm32"))]
        #[test]
        fn $name() {
            futures::executor::block_on(async $body);
        }
    )*};
}
