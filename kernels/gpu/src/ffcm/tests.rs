//! How much is handed over at once, and what comes of kernels that break the rule of places that a round frees.

#[path = "../../../../core/ffcm/src/tests/random.rs"]
mod random;

use super::*;
use ffcm::{Book, Limits, Machine, Offloaded, Progress};
use random::{CAP, nets, side_by_side};
use shaders::ffcm::special::{Special, hot};

#[test]
fn a_submission_is_bounded_by_what_its_rounds_may_grow_to() {
    // As many as asked for, where all that fits is little.
    assert_eq!(at_once(1, 1 << 16, 16), 16);
    assert_eq!(at_once(1 << 16, 1 << 16, 16), 16);
    // Rounds that double: 2¹⁶ to 2²² are less than 2²³ pairs.
    assert_eq!(at_once(1 << 16, u32::MAX, 16), 7);
    assert_eq!(at_once(1 << 22, 1 << 22, 16), 2);
    // One step, whatever it is.
    assert_eq!(at_once(u32::MAX, u32::MAX, 16), 1);
    assert_eq!(at_once(0, 0, 1), 1);
}

/// Random nets of a book that holds many: its first rounds take several workgroups.
const SIDE_BY_SIDE: u32 = 500;
/// What is looked at of a result that may be broken.
const RESULT_BYTES: usize = 1 << 20;

/// A round by half as many workgroups, each of which reduces two tiles, one after the other. What empties the wires that the first one frees is stored when both
/// are done: the memory model lets any such store come that late.
const LATE: &str = "
@compute @workgroup_size(LANES)
fn wide(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let half = (groups.x * groups.y + 1u) / 2u;
    let first = group.y * groups.x + group.x;
    if first >= half {
        return;
    }
    tile(first * LANES + lane, lane);
    workgroupBarrier();
    let freed = places[2];
    let count = min(atomicLoad(&left[2]), LEFT_WIRES);
    storageBarrier();
    workgroupBarrier();
    tile((first + half) * LANES + lane, lane);
    storageBarrier();
    workgroupBarrier();
    for (var index = lane; index < count; index += LANES) {
        atomicStore(&wires[free_wires[slot(freed + index, course.wires_max)]], ~NONE);
    }
}
";

/// The wide kernel with late stores.
fn late(kernel: Kernel) -> String {
    let source = kernel.source();
    if kernel != Kernel::Wide {
        return source;
    }
    let entry = source.find("@compute").expect("an entry point");
    source[..entry].to_owned() + LATE
}

/// The same, and the mistake that the rings are there against: a wire is handed out in the round that freed it.
fn reusing(kernel: Kernel) -> String {
    let mistakes = [
        (
            "let ready = atomicLoad(&state[at + READY]);",
            "let ready = atomicLoad(&state[at + select(READY, TAIL, at == AT_WIRES_HEAD)]);",
        ),
        (
            "min(known[at + HEAD], known[at + READY])",
            "min(known[at + HEAD], known[at + select(READY, TAIL, at == AT_WIRES_HEAD)])",
        ),
    ];
    let source = late(kernel);
    mistakes.into_iter().fold(source, |source, (right, wrong)| {
        // The last kernel hands nothing out.
        assert!(source.contains(right) || kernel == Kernel::Settle, "{right}");
        source.replace(right, wrong)
    })
}

/// A device with these kernels.
async fn with(source: impl Fn(Kernel) -> String) -> Gpu {
    let gpu = Gpu::open().await.expect("a GPU, or Debian's package mesa-vulkan-drivers");
    gpu.device().make_nets(source).await.expect("the kernels are made");
    gpu
}

type Got = (u32, String, u64);

/// How it ended, the beginning of the result, and how many interactions there were.
async fn by_gpu(gpu: &Gpu, book: &Book) -> Got {
    let limits = Limits { interactions_max: 1 << 20, ..Limits::default() };
    let offloaded = Offloaded::new(book, limits).expect("it goes to a device");
    let mut text = String::new();
    let Ok(solution) = gpu.reduce(&offloaded.input(), || 0.0).await else { return (0, text, 0) };
    let stopped = solution.state.stopped;
    let Ok(finished) = offloaded.finish(solution) else { return (stopped, text, 0) };
    // Of a broken net only the beginning is written: it may go in circles.
    let _ = finished.result().write(&mut text, RESULT_BYTES);
    (stopped, text, finished.tally().interactions())
}

#[test]
fn kernels_that_use_a_wire_again_in_its_round_break_nets_and_late_stores_alone_break_none() {
    futures::executor::block_on(async {
        let (right, wrong) = (with(late).await, with(reusing).await);
        let capped = Limits { interactions_max: CAP, ..Limits::default() };
        let (mut seed, mut books, mut broken) = (29, 0, 0);
        for _ in 0..nets(10_000).div_ceil(SIDE_BY_SIDE) {
            let text = side_by_side(SIDE_BY_SIDE as usize, &mut seed, |text| {
                let book = Book::read(text).expect("a book");
                let mut machine = Machine::new(&book, capped).expect("room");
                machine.run(u64::MAX) == Progress::Done && Offloaded::new(&book, Limits::default()).is_ok()
            });
            let book = Book::read(&text).expect("a book");
            let mut machine = Machine::new(&book, Limits::default()).expect("room");
            assert_eq!(machine.run(u64::MAX), Progress::Done);
            let expected =
                (stopped::STOPPED_DONE, machine.result().to_string(), machine.tally().interactions());
            assert!(expected.1.len() < RESULT_BYTES, "all of it is compared");
            assert_eq!(by_gpu(&right, &book).await, expected, "a wire is used a round later");
            broken += u32::from(by_gpu(&wrong, &book).await != expected);
            books += 1;
        }
        let nets = books * SIDE_BY_SIDE;
        println!(
            "{nets} random nets in {books} books: where wires are used again at once, {broken} come out wrong, on {}",
            right.about()
        );
        assert!(broken > books / 2);
    });
}

#[test]
fn what_a_device_refuses_is_remembered_and_stops_nothing() {
    futures::executor::block_on(async {
        let gpu = Gpu::open().await.expect("a GPU, or Debian's package mesa-vulkan-drivers");
        let device = gpu.device();
        let book = Book::read(&hvm_programs::sum_tree(6)).expect("a book");
        let offloaded = Offloaded::new(&book, Limits::default()).expect("it goes to a device");
        let begin = || Specializing::new(&device, &offloaded.input(), Specialize::After(0));
        for _ in 0..2 {
            let mut special = begin();
            assert!(!special.compile("this is no shader", 1).await.expect("the device is there"));
            assert!(special.code.is_none() && device.check().is_ok());
        }
        assert_eq!((gpu.specialized(), device.special.remembered()), (0, 1));
        // The program is known by it, and goes on with the plain kernels on the same device.
        let mut special = begin();
        assert!(!special.look(&offloaded.input(), 0, 0.0).await.expect("the device is there"));
        gpu.specialize(Specialize::After(0));
        let solution = gpu.reduce(&offloaded.input(), || 0.0).await.expect("the GPU computes");
        assert_eq!((solution.state.stopped, solution.special_defs), (stopped::STOPPED_DONE, 0));
        assert_eq!((gpu.specialized(), device.special.remembered()), (0, 1));
    });
}

#[test]
fn programs_of_the_same_text_have_the_same_code() {
    futures::executor::block_on(async {
        let gpu = Gpu::open().await.expect("a GPU, or Debian's package mesa-vulkan-drivers");
        let device = gpu.device();
        let books = [6, 7].map(|depth| Book::read(&hvm_programs::sum_tree(depth)).expect("a book"));
        let offloaded = books
            .each_ref()
            .map(|book| Offloaded::new(book, Limits::default()).expect("it goes to a device"));
        let [first, second] = offloaded.each_ref().map(|offloaded| offloaded.input());
        let special = Special::new(first.program, &hot(&first));
        for input in [&first, &second] {
            let mut specializing = Specializing::new(&device, input, Specialize::After(0));
            assert!(specializing.code.is_none(), "another program");
            let made = specializing.compile(&special.source(), special.defs.len() as u32).await;
            assert!(made.expect("the device is there") && specializing.code.is_some());
            assert_eq!((gpu.specialized(), device.special.remembered()), (1, 1));
            assert!(
                Specializing::new(&device, input, Specialize::After(0)).code.is_some(),
                "the same program"
            );
        }
    });
}

/// A browser's devices stay on their thread.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn of_two_that_want_the_same_code_one_waits() {
    let gpu = futures::executor::block_on(Gpu::open());
    let gpu = gpu.expect("a GPU, or Debian's package mesa-vulkan-drivers");
    gpu.specialize(Specialize::After(0));
    let book = Book::read(&hvm_programs::sum_tree(6)).expect("a book");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (stopped, _, _) = futures::executor::block_on(by_gpu(&gpu, &book));
                assert_eq!(stopped, stopped::STOPPED_DONE);
            });
        }
    });
    assert_eq!(gpu.specialized(), 1);
}
