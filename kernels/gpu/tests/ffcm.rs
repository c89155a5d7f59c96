//! Nets on a GPU give the result and the counts of one thread: natively by whichever Vulkan driver there is, and in a browser by WebGPU.
//!
//! Without a GPU, Debian's package `mesa-vulkan-drivers` has a driver that computes on the processor.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[path = "../../../core/ffcm/src/tests/random.rs"]
mod random;

use ffcm::{Book, Limits, Machine, Offloaded, Progress, Tally};
use gpu::Gpu;
use random::{CAP, nets, random_book, shuffled};

/// There a dispatch on the processor takes milliseconds, so some tests do less.
const IN_BROWSER: bool = cfg!(target_arch = "wasm32");

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

async fn open() -> Gpu {
    Gpu::open().await.expect("a GPU, or Debian's package mesa-vulkan-drivers")
}

fn sum_tree(depth: u32) -> Book {
    let text = format!(
        "@gen = (?(((a a) @gen0) b) b)
         @gen0 = ({{a d}} ({{$([*2] $([+1] b)) $([*2] e)}} (c f))) &! @gen ~ (a (b c)) &! @gen ~ (d (e f))
         @main = a & @sum ~ ({depth} (@made a))
         @made = a & @gen ~ ({depth} (0 a))
         @sum = (?(((* 1) @sum0) a) a)
         @sum0 = ({{a c}} ((b d) f)) &! @sum ~ (a (b $([+] $(e f)))) &! @sum ~ (c (d e))"
    );
    Book::read(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// What one thread gives.
fn alone(book: &Book, limits: Limits) -> (Progress, String, Tally) {
    let mut machine = Machine::new(book, limits).expect("room");
    let progress = machine.run(u64::MAX);
    (progress, machine.result().to_string(), machine.tally().clone())
}

/// What the GPU gives, and how many rounds it took.
async fn by_gpu(gpu: &Gpu, book: &Book, limits: Limits) -> ((Progress, String, Tally), u64) {
    let offloaded = Offloaded::new(book, limits).expect("it goes to a device");
    let solution = gpu.reduce(&offloaded.input()).await.expect("the GPU computes");
    let finished = offloaded.finish(solution).expect("it adds up");
    let got = (finished.progress(), finished.result().to_string(), finished.tally().clone());
    (got, finished.rounds().0)
}

on_device! {
    async fn a_tree_gives_the_same_result_and_the_same_counts() {
        let gpu = open().await;
        for depth in 0..if IN_BROWSER { 12 } else { 16 } {
            let book = sum_tree(depth);
            let (got, rounds) = by_gpu(&gpu, &book, Limits::default()).await;
            assert_eq!(got, alone(&book, Limits::default()), "depth {depth} on {}", gpu.about());
            println!("depth {depth}: {} interactions in {rounds} rounds", got.2.interactions());
        }
    }

    async fn random_nets_give_the_same_net_and_the_same_counts() {
        let gpu = open().await;
        let (mut seed, mut done, mut left, mut busy) = (11, 0, 0, 0);
        for _ in 0..nets(if IN_BROWSER { 60 } else { 500 }) {
            let bytes: Vec<u8> = (0..160).map(|_| shuffled(&mut seed) as u8).collect();
            let text = random_book(&bytes);
            let book = Book::read(&text).expect("a book");
            let expected = alone(&book, Limits { interactions_max: CAP, ..Limits::default() });
            if expected.0 != Progress::Done || Offloaded::new(&book, Limits::default()).is_err() {
                left += 1;
                continue;
            }
            let (got, _) = by_gpu(&gpu, &book, Limits::default()).await;
            assert_eq!(got, expected, "on {}:\n{text}", gpu.about());
            done += 1;
            busy += u32::from(expected.2.interactions() > 5);
        }
        println!("{done} random nets, {busy} of more than five interactions; {left} that do not end or hold floats");
        assert!(done > left && busy > done / 4);
    }
}
