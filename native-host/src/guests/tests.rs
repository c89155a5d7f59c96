use super::*;
use std::time::Duration;

const LOOPS: &str = r#"(module (func (export "_start") (loop (br 0))))"#;
const NOTHING: &str = r#"(module (func (export "_start")))"#;

fn task(number: u8, module: &Arc<[u8]>) -> Box<Task> {
    let invocation = Invocation {
        entry: "_start".into(),
        args: Vec::new(),
        env: Vec::new(),
        limits: Limits { fuel: 1_000_000_000_000, ..Limits::default() },
        clock: codec::Instant::default(),
        seed: [0; 32],
    };
    let job = ContentId::of(&[number]);
    Box::new(Task { job, invocation, module: Arc::clone(module), input: Arc::from([]) })
}

fn module(text: &str) -> Arc<[u8]> {
    wat::parse_str(text).unwrap().into()
}

async fn next(results: &mut Results) -> (ContentId, Result) {
    tokio::time::timeout(Duration::from_secs(20), results.0.recv()).await.expect("in time").unwrap()
}

#[tokio::test]
async fn more_guests_than_slots_all_have_their_turn() {
    let (guests, mut results) = Guests::new(2);
    let module = module(NOTHING);
    (0..50).for_each(|number| guests.run(task(number, &module)));
    for _ in 0..50 {
        let (_, result) = next(&mut results).await;
        assert!(result.unwrap().ran.ending.is_success());
    }
    let state = guests.0.state();
    assert!(state.threads <= 4 && state.running.is_empty(), "{} threads", state.threads);
}

#[tokio::test]
async fn a_guest_that_is_stopped_makes_room_and_nothing_is_told_of_it() {
    let (guests, mut results) = Guests::new(1);
    let (loops, nothing) = (module(LOOPS), module(NOTHING));
    for round in 0..5 {
        let (endless, short) = (task(2 * round, &loops), task(2 * round + 1, &nothing));
        let (stopped, meant) = (endless.job, short.job);
        guests.run(endless);
        guests.run(short);
        guests.stop(stopped);
        let (job, result) = next(&mut results).await;
        assert_eq!(job, meant);
        assert!(result.unwrap().ran.ending.is_success());
    }
    assert!(results.0.try_recv().is_err());
}

#[tokio::test]
async fn guests_that_are_stopped_one_after_the_other_keep_no_thread_from_the_next() {
    let (guests, mut results) = Guests::new(1);
    let (loops, nothing) = (module(LOOPS), module(NOTHING));
    for number in 0..20 {
        let endless = task(number, &loops);
        let job = endless.job;
        guests.run(endless);
        let runs = async {
            while !guests.0.state().running.contains_key(&job) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), runs).await.expect("it begins");
        guests.stop(job);
    }
    guests.run(task(20, &nothing));
    assert!(next(&mut results).await.1.is_ok());
}

#[test]
fn a_panic_is_an_error_of_the_guest_and_the_thread_goes_on() {
    let failed = kept(&mut None::<()>, || panic!("element {} is out of reach", 7));
    let Some(Err(RunError::Failed { why })) = failed else { panic!("{failed:?}") };
    assert_eq!(why, "the sandbox failed: element 7 is out of reach");
    assert_eq!(guarded(|| 7), Ok(7));
}

#[test]
fn a_program_that_panicked_is_not_kept_for_the_next_guest() {
    let mut last = Some("a program");
    assert!(kept(&mut last, || ("another", None)).is_none());
    assert_eq!(last, Some("another"));
    assert!(matches!(kept(&mut last, || panic!("in the middle")), Some(Err(RunError::Failed { .. }))));
    assert_eq!(last, None);
}
