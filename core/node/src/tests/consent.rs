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
        .filter_map(|change| match change {
            store::Change::Put(entry) => Some(entry.key.as_slice()),
            store::Change::Delete(_) | store::Change::DeleteUnder(_) => None,
        })
        .collect();
    let has = |prefix: &[u8]| keys.iter().any(|key| key.starts_with(prefix));
    assert!(has(b"l/e") && has(b"l/c") && has(b"c/"), "{keys:?}");
    let sends = |output: &LightOutput| matches!(output, LightOutput::Net(net::Output::Request { .. }));
    assert!(!outputs.iter().any(sends), "nothing leaves before it is durable");
}

fn withdraw(world: &mut World, seed: u8, id: ContentId) -> Result<Reply, CommandError> {
    world.command(World::light(seed), Command::Withdraw { id })
}

/// The sum and the number of participants.
fn total(world: &World, seed: u8) -> (String, u32) {
    match world.end(seed) {
        Some(End::Result { outcome, .. }) => (outcome.figure("sum").unwrap(), outcome.participants),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_taken_back_is_in_no_total_and_not_spent() {
    let mut world = five();
    let id = ask(&mut world, 60);
    world.run_ms(1_000);
    assert_eq!(withdraw(&mut world, 14, id), Err(CommandError::NotAnswered));
    assert_eq!(withdraw(&mut world, 14, ContentId::of(b"other")), Err(CommandError::NoComputation));
    assert_eq!(withdraw(&mut world, 13, id), Ok(Reply::Done));
    let withdrawn = task(&world, 13, id);
    assert_eq!(withdrawn.state, TaskState::Withdrawn);
    let withdrawal = withdrawn.withdrawal.unwrap();
    assert_eq!((withdrawal.deleted, withdrawal.needed, withdrawal.too_late), (3, 1, false));
    let ledger = world.view(World::light(13)).ledger;
    assert_eq!((ledger.limits[0].used, ledger.latest[0].fate), (0, Fate::Withdrawn));
    for command in [Command::Approve { id }, Command::Decline { id }] {
        let refused = world.command(World::light(13), command);
        assert!(matches!(refused, Err(CommandError::Withdrawn | CommandError::AlreadyAnswered)));
    }
    assert_eq!(withdraw(&mut world, 13, id), Ok(Reply::Done), "it is");
    // Nobody gives it again, whatever happens to whom.
    world.kill(World::light(13));
    world.kill(World::light(1));
    world.run_ms(1_000);
    world.restart_light(13);
    world.restart_heavy(1);
    world.run_ms(70_000);
    assert_eq!(total(&world, 10), ("6.6".into(), 3));
    assert_eq!(task(&world, 13, id).state, TaskState::Withdrawn);
    assert_eq!(world.view(World::light(13)).ledger.latest[0].fate, Fate::Withdrawn);
    assert_eq!(withdraw(&mut world, 12, id), Err(CommandError::TooLate));
}

#[test]
fn one_heavy_node_that_hears_of_it_is_enough_where_all_three_must_hold_it() {
    for up in 1..=3 {
        let mut world = five();
        let id = ask(&mut world, 60);
        world.run_ms(1_000);
        let others = (1..=3).filter(|seed| *seed != up);
        others.clone().for_each(|seed| world.kill(World::light(seed)));
        assert_eq!(withdraw(&mut world, 13, id), Ok(Reply::Done));
        assert_eq!(task(&world, 13, id).state, TaskState::Withdrawn);
        assert_eq!(task(&world, 13, id).withdrawal.unwrap().deleted, 1);
        let ledger = world.view(World::light(13)).ledger;
        assert_eq!((ledger.limits[0].used, ledger.latest[0].fate), (1, Fate::Given), "one may have lied");
        // The light node is gone for good before it can tell the others.
        world.kill(World::light(13));
        others.for_each(|seed| world.restart_heavy(seed));
        world.run_ms(70_000);
        assert_eq!(total(&world, 10), ("6.6".into(), 3));
    }
}

#[test]
fn a_withdrawal_that_nobody_heard_of_is_told_after_a_kill() {
    let mut world = five();
    let id = ask(&mut world, 60);
    world.run_ms(1_000);
    (1..=3).for_each(|seed| world.kill(World::light(seed)));
    assert_eq!(withdraw(&mut world, 13, id), Ok(Reply::Done));
    assert_eq!(task(&world, 13, id).state, TaskState::Withdrawing);
    let spent = |world: &World| world.view(World::light(13)).ledger.limits[0].used;
    assert_eq!(spent(&world), 1, "until it is known to be out");
    world.kill(World::light(13));
    world.restart_light(13);
    assert_eq!(task(&world, 13, id).state, TaskState::Withdrawing);
    (1..=3).for_each(|seed| world.restart_heavy(seed));
    world.run_ms(10_000);
    assert_eq!(task(&world, 13, id).state, TaskState::Withdrawn);
    assert_eq!(spent(&world), 0);
    world.run_ms(60_000);
    assert_eq!(total(&world, 10), ("6.6".into(), 3));
}

/// Five answers to a computation that takes five; heavy node 2 lacks the last, and the others have closed.
fn full_but_for_one() -> (World, ContentId) {
    let mut world = five();
    let draft = Draft { participants_max: 5, ..world.draft(600) };
    let id = world.propose(10, draft);
    world.run_ms(1_000);
    world.kill(World::light(2));
    assert_eq!(world.command(World::light(14), Command::Approve { id }), Ok(Reply::Done));
    for seed in [1, 3] {
        let Node::Heavy(node) = &world.nodes[&World::light(seed)] else { panic!() };
        assert_eq!(node.computation(id).unwrap().stage, Stage::Closed);
    }
    (world, id)
}

#[test]
fn a_heavy_node_that_has_not_closed_still_takes_a_withdrawal() {
    let (mut world, id) = full_but_for_one();
    assert_eq!(withdraw(&mut world, 13, id), Ok(Reply::Done));
    let asked = task(&world, 13, id);
    assert_eq!((asked.state, asked.withdrawal.unwrap().deleted), (TaskState::Withdrawing, 0));
    // Before the fifth answer comes there as well.
    world.kill(World::light(14));
    world.restart_heavy(2);
    world.run_ms(5_000);
    assert_eq!(task(&world, 13, id).state, TaskState::Withdrawn);
    world.restart_light(14);
    world.run_ms(700_000);
    assert_eq!(total(&world, 10), ("12.1".into(), 4));
}

#[test]
fn a_withdrawal_after_all_have_closed_comes_too_late() {
    let (mut world, id) = full_but_for_one();
    world.kill(World::light(1));
    world.kill(World::light(3));
    world.restart_heavy(2);
    world.run_ms(5_000);
    assert_eq!(withdraw(&mut world, 13, id), Ok(Reply::Done), "the tab does not know that it is full");
    world.restart_heavy(1);
    world.restart_heavy(3);
    world.run_ms(10_000);
    assert_eq!(total(&world, 13), ("16.5".into(), 5));
    assert_eq!(task(&world, 13, id).state, TaskState::Answered);
    assert_eq!(world.view(World::light(13)).ledger.latest[0].fate, Fate::Counted);
}

#[test]
fn where_two_of_three_give_the_result_two_must_hear_of_a_withdrawal() {
    for (first, second, third) in [(1, 2, 3), (3, 1, 2)] {
        let mut world = five();
        let draft = Draft { scheme: Some(Scheme::Rep64), ..world.draft(60) };
        let id = world.propose(10, draft);
        world.run_ms(1_000);
        world.kill(World::light(second));
        world.kill(World::light(third));
        assert_eq!(withdraw(&mut world, 13, id), Ok(Reply::Done));
        let half = task(&world, 13, id);
        assert_eq!(half.state, TaskState::Withdrawing);
        let withdrawal = half.withdrawal.unwrap();
        assert_eq!((withdrawal.deleted, withdrawal.needed), (1, 2));
        world.restart_heavy(second);
        world.run_ms(5_000);
        assert_eq!(task(&world, 13, id).state, TaskState::Withdrawn);
        // The third never hears of it, and the first is lost: what is left does not have it in common.
        world.kill(World::light(13));
        world.restart_heavy(third);
        world.run_ms(5_000);
        world.kill(World::light(first));
        world.run_ms(400_000);
        assert_eq!(total(&world, 10), ("6.6".into(), 3));
    }
}

#[test]
fn an_answer_is_taken_back_in_every_scheme() {
    for scheme in Scheme::ALL {
        let mut world = five();
        let draft = Draft { scheme: Some(scheme), ..world.draft(60) };
        let id = world.propose(10, draft);
        world.run_ms(1_000);
        assert_eq!(task(&world, 13, id).question.scheme, scheme.name());
        assert_eq!(withdraw(&mut world, 13, id), Ok(Reply::Done));
        assert_eq!(task(&world, 13, id).state, TaskState::Withdrawn);
        world.run_ms(100_000);
        assert_eq!(total(&world, 10), ("6.6".into(), 3), "{}", scheme.name());
    }
}

#[test]
fn a_question_about_the_last_days_moves_with_the_days() {
    let mut world = World::new(1);
    // The world begins on 2027-01-15.
    world.import(10, "mass,day\n1,2027-01-14\n2,2027-01-16\n4,2027-01-17\n");
    let schema = r#"{"type":"object","properties":{"mass":{"type":"number"},"day":{"type":"string","format":"date"}}}"#;
    let query = r#"{"kind":"sum","value":{"expr":"sum(mass, last(2, 'days', day))","lower":"0","upper":"100","decimals":0},
        "per":"person"}"#;
    let draft = Draft {
        schema: Some(serde_json::from_str(schema).unwrap()),
        query: serde_json::from_str(query).unwrap(),
        ..world.draft(10 * 24 * 3_600)
    };
    let id = world.propose(10, draft);
    let sum = |world: &World| task(world, 10, id).answer.unwrap().lines[1].value.clone();
    let first = sum(&world);
    world.run_ms(3 * 24 * 3_600 * 1_000);
    let later = sum(&world);
    assert_ne!(first, later);
}
