//! Rules, limits and the ledger at a light node.

use super::*;
use privacy::{Fate, Limit, Limits, Of, Often, Verdict};

fn limits(of: Of, answers: u32) -> Limits {
    Limits::new(vec![Limit { of, answers, days: None }]).unwrap()
}

fn ask(world: &mut World, seconds: u64) -> ContentId {
    let draft = world.draft(seconds);
    world.propose(10, draft)
}

fn task(world: &World, seed: u8, id: ContentId) -> crate::TaskView {
    let view = world.view(World::light(seed));
    view.tasks.into_iter().find(|task| task.id == id).expect("it has come")
}

#[test]
fn what_a_limit_holds_back_waits_with_the_reason_also_after_a_kill() {
    let mut world = five();
    let once = limits(Of::EachAttribute, 1);
    let light = World::light(11);
    assert_eq!(world.command(light, Command::SetLimits { limits: once }), Ok(Reply::Done));
    let first = ask(&mut world, 60);
    world.run_ms(1_000);
    let second = ask(&mut world, 60);
    world.run_ms(1_000);
    for _ in 0..2 {
        assert_eq!(task(&world, 11, first).state, TaskState::Answered);
        let why = task(&world, 11, first).why.unwrap();
        assert_eq!(why, "your rule “Always answer questions about “penguins”.” answered");
        let waits = task(&world, 11, second);
        assert_eq!(waits.state, TaskState::Waiting);
        let why = waits.why.unwrap();
        assert!(
            why.starts_with("your limit of 1 answer about each attribute is reached for `mass`"),
            "{why}"
        );
        let approved = world.command(light, Command::Approve { id: second });
        assert_eq!(approved, Err(CommandError::LimitReached { why }));
        let ledger = world.view(light).ledger;
        assert_eq!((ledger.entries, ledger.limits[0].used), (1, 1));
        assert_eq!(ledger.latest[0].fate, Fate::Given);
        world.kill(light);
        world.run_ms(1_000);
        world.restart_light(11);
        world.run_ms(1_000);
    }
    // Others answer both.
    assert_eq!(task(&world, 12, second).state, TaskState::Answered);
    // A higher limit lets the rule answer at once.
    let twice = limits(Of::EachAttribute, 2);
    assert_eq!(world.command(light, Command::SetLimits { limits: twice }), Ok(Reply::Done));
    assert_eq!(task(&world, 11, second).state, TaskState::Answered);
    world.run_ms(70_000);
    let fates: Vec<Fate> = world.view(light).ledger.latest.iter().map(|entry| entry.fate).collect();
    assert_eq!(fates, [Fate::Counted, Fate::Counted]);
}

#[test]
fn a_rule_that_declines_beats_those_that_answer_and_the_person_beats_both() {
    let mut world = five();
    let light = World::light(11);
    let never = Rule { verdict: Verdict::Decline, proposer: Some(World::light(10)), ..Rule::default() };
    assert_eq!(world.command(light, Command::AddRule { rule: never }), Ok(Reply::Done));
    let id = ask(&mut world, 60);
    world.run_ms(1_000);
    let declined = task(&world, 11, id);
    assert_eq!(declined.state, TaskState::Declined);
    assert!(declined.why.unwrap().starts_with("your rule “Never answer questions about any data from the"));
    assert_eq!(world.command(light, Command::Approve { id }), Ok(Reply::Done));
    assert_eq!(task(&world, 11, id).state, TaskState::Answered);
    assert_eq!(task(&world, 11, id).why, None, "the person did");
    let nonsense = Rule { dataset: Some(String::new()), ..Rule::default() };
    let refused = world.command(light, Command::AddRule { rule: nonsense });
    assert!(matches!(refused, Err(CommandError::Rule { .. })));
}

#[test]
fn a_rule_that_answers_now_and_then_answers_again_later() {
    let mut world = World::new(1);
    world.import(10, "mass\n1.1\n");
    let light = World::light(10);
    let rule = Rule { often: Some(Often { answers: 1, days: 1, each_proposer: true }), ..Rule::default() };
    assert_eq!(world.command(light, Command::AddRule { rule }), Ok(Reply::Done));
    let first = ask(&mut world, 60);
    world.run_ms(1_000);
    let second = ask(&mut world, 3 * 24 * 3_600);
    world.run_ms(1_000);
    assert_eq!(task(&world, 10, first).state, TaskState::Answered);
    let waits = task(&world, 10, second);
    assert_eq!(waits.state, TaskState::Waiting);
    assert!(waits.why.unwrap().contains("has answered as often as it may; it answers again from 20"));
    world.run_ms(24 * 3_600 * 1_000);
    assert_eq!(task(&world, 10, second).state, TaskState::Answered);
}

#[test]
fn an_answer_and_its_entry_in_the_ledger_are_one_batch() {
    let mut world = five();
    let id = ask(&mut world, 60);
    world.run_ms(1_000);
    let (light, now) = (World::light(14), world.now);
    let Some(Node::Light(node)) = world.nodes.get_mut(&light) else { panic!() };
    let command = Command::Approve { id };
    node.handle_input(now, LightInput::Command { token: 1, command });
    let outputs: Vec<LightOutput> = core::iter::from_fn(|| node.poll_output()).collect();
    let mut batches = outputs.iter().filter_map(|output| match output {
        LightOutput::Store { batch, .. } => Some(batch),
        _ => None,
    });
    let keys: Vec<&[u8]> = batches
        .next()
        .unwrap()
        .changes()
        .iter()
        .filter_map(|change| match change {
            store::Change::Put(entry) => Some(entry.key.as_slice()),
            store::Change::Delete(_) => None,
        })
        .collect();
    let has = |prefix: &[u8]| keys.iter().any(|key| key.starts_with(prefix));
    assert!(has(b"l/e") && has(b"l/c") && has(b"c/"), "{keys:?}");
    let sends = |output: &LightOutput| matches!(output, LightOutput::Net(net::Output::Request { .. }));
    assert!(!outputs.iter().any(sends), "nothing leaves before it is durable");
}
