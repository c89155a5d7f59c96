//! The ledger against a model that remembers every answer: it never lets more through.

use super::*;
use crate::question::overlap;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    /// Ask: proposer, data set, fields, and whether a rule answers.
    Spend { proposer: u8, dataset: u8, fields: Vec<u8>, ruled: bool },
    /// Withdraw the answer so many before the last.
    Withdraw(usize),
    /// The computation of the answer so many before the last ended.
    End(usize, bool),
    /// The node starts again.
    Restart,
    /// The clock moves, and not always forward.
    Wait(i64),
}

#[derive(Debug)]
struct Given {
    question: Question,
    day: u64,
    live: bool,
    open: bool,
}

const FIELDS: [&str; 5] = ["a", "a.b", "a.c", "d", "ab"];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u8..4, 0u8..2, prop::collection::vec(0u8..5, 0..3), any::<bool>())
            .prop_map(|(proposer, dataset, fields, ruled)| Step::Spend { proposer, dataset, fields, ruled }),
        2 => (0usize..6).prop_map(Step::Withdraw),
        1 => (0usize..6, any::<bool>()).prop_map(|(back, counted)| Step::End(back, counted)),
        1 => Just(Step::Restart),
        2 => (-2i64..5).prop_map(Step::Wait),
        1 => (-500i64..500).prop_map(Step::Wait),
    ]
}

fn limit() -> impl Strategy<Value = Limit> {
    let of = prop_oneof![
        Just(Of::EachAttribute),
        (0u8..2, 0u8..5).prop_map(|(dataset, field)| Of::Attribute {
            dataset: dataset.to_string(),
            field: FIELDS[field as usize].into(),
        }),
        Just(Of::EachProposer),
        Just(Of::All),
    ];
    (of, 0u32..5, prop::option::of(1u32..367)).prop_map(|(of, answers, days)| Limit { of, answers, days })
}

/// Answers of the model that count for `about` in the window: each once, and only real overlaps.
fn count(given: &[Given], about: &Subject, today: u64, days: Option<u32>) -> u64 {
    let within = |one: &&Given| days.is_none_or(|days| one.day + u64::from(days) > today);
    let concerns = |one: &&Given| match about {
        Subject::All => true,
        Subject::Proposer { id } => one.question.proposer == *id,
        Subject::Attribute { dataset, field } => {
            one.question.dataset == *dataset
                && one.question.attributes().iter().any(|other| overlap(field, other))
        }
    };
    given.iter().filter(|one| one.live).filter(within).filter(concerns).count() as u64
}

/// The subjects that `limit` counts for an answer to `question`.
fn subjects(limit: &Limit, question: &Question) -> Vec<Subject> {
    let attribute =
        |field: &str| Subject::Attribute { dataset: question.dataset.clone(), field: field.into() };
    match &limit.of {
        Of::All => vec![Subject::All],
        Of::EachProposer => vec![Subject::Proposer { id: question.proposer }],
        Of::EachAttribute => question.attributes().into_iter().map(attribute).collect(),
        Of::Attribute { dataset, field } => {
            let read = question.attributes().iter().any(|other| overlap(field, other));
            let concerned = read && *dataset == question.dataset;
            concerned.then(|| attribute(field)).into_iter().collect()
        }
    }
}

proptest! {
    #[test]
    fn no_interleaving_lets_more_through_than_a_limit_says(
        steps in prop::collection::vec(step(), 1..80),
        limits in prop::collection::vec(limit(), 0..4),
        room in 1usize..6,
        entries_max in 1usize..8,
    ) {
        let limits = Limits::new(limits).unwrap();
        let room = Room { attributes: room, proposers: room, rules: room };
        let rule = Rule { often: Some(Often { answers: 2, days: 9, each_proposer: false }), ..Rule::default() };
        let (store, mut batch) = (MemoryStore::new(), Batch::new());
        let mut ledger = Ledger::new();
        let mut given: Vec<Given> = Vec::new();
        let mut ruled: Vec<usize> = Vec::new();
        let mut at = now();
        let mut spent = 0u64;
        for (id, step) in steps.into_iter().enumerate() {
            let today = at.unix_ms() / DAY_MS;
            match step {
                Step::Wait(days) => {
                    let ms = at.unix_ms() as i64 + days * DAY_MS as i64 / 2;
                    at = Instant::from_unix_ms(ms as u64);
                }
                Step::Restart => {
                    let restored = reload(&store, &mut batch);
                    prop_assert_eq!(&restored, &ledger);
                    ledger = restored;
                }
                Step::Withdraw(back) => {
                    let Some(one) = given.iter_mut().rev().nth(back) else { continue };
                    if ledger.withdraw(one.question.computation, &mut batch) {
                        prop_assert!(one.live && one.open);
                        one.live = false;
                    }
                }
                Step::End(back, counted) => {
                    let Some(one) = given.iter_mut().rev().nth(back) else { continue };
                    if ledger.ended(one.question.computation, counted, &mut batch) {
                        one.open = false;
                    }
                }
                Step::Spend { proposer: byte, dataset, fields, ruled: by } => {
                    let fields: Vec<&str> = fields.iter().map(|at| FIELDS[*at as usize]).collect();
                    let mut asked = question(id as u32, &fields);
                    asked.proposer = proposer(byte);
                    asked.dataset = dataset.to_string();
                    let judged = judge(core::slice::from_ref(&rule), &limits, &ledger, at, &asked);
                    let by = if by && judged == (Judgement::Answer { rule: 0 }) {
                        ruled.push(given.len());
                        by_rule(&rule)
                    } else {
                        By::Person
                    };
                    let allowed = ledger.allows(at, &limits, &asked);
                    let over = limits.iter().find(|limit| {
                        subjects(limit, &asked)
                            .iter()
                            .any(|about| count(&given, about, today, limit.days) >= limit.answers.into())
                    });
                    prop_assert!(over.is_none() || allowed.is_err(), "over {over:?}");
                    if let Err(reached) = allowed {
                        prop_assert!(reached.again.is_none_or(|again| again > at));
                        prop_assert_eq!(by, By::Person, "limits stand above rules");
                        continue;
                    }
                    let is_ruled = by != By::Person;
                    ledger.note_within(at, &asked, by, &mut batch, room, entries_max);
                    given.push(Given { question: asked, day: today, live: true, open: true });
                    spent += 1;
                    let by_rule = ruled.iter().map(|at| &given[*at]).filter(|one| one.live);
                    let in_window = by_rule.filter(|one| one.day + 9 > today).count();
                    prop_assert!(!is_ruled || in_window <= 2, "a rule answered too often");
                }
            }
            prop_assert!(ledger.entries().len() <= entries_max);
            let live = given.iter().filter(|one| one.live).count() as u64;
            prop_assert!(ledger.answers(&Subject::All) >= live, "a count was forgotten");
            prop_assert!(ledger.answers(&Subject::All) <= spent);
        }
    }

    #[test]
    fn a_ledger_with_room_is_exact(
        answers in prop::collection::vec((0u8..4, prop::collection::vec(0u8..5, 0..2), 0u64..400), 0..40),
        window in 1u32..367,
    ) {
        let (mut ledger, mut batch) = (Ledger::new(), Batch::new());
        let mut given = Vec::new();
        let mut at = now();
        for (id, (byte, fields, wait)) in answers.into_iter().enumerate() {
            at = at.plus_ms(wait * DAY_MS / 10);
            let fields: Vec<&str> = fields.iter().map(|at| FIELDS[*at as usize]).collect();
            let asked = Question { proposer: proposer(byte), ..question(id as u32, &fields) };
            ledger.note(at, &asked, By::Person, &mut batch);
            given.push(Given { question: asked, day: at.unix_ms() / DAY_MS, live: true, open: true });
        }
        let today = at.unix_ms() / DAY_MS;
        for about in [Subject::All, Subject::Proposer { id: proposer(1) }, Subject::Attribute {
            dataset: "penguins".into(),
            field: "d".into(),
        }] {
            for days in [Some(window), None] {
                let real = count(&given, &about, today, days);
                for (answers, allowed) in [(real, false), (real + 1, true)] {
                    let of = match &about {
                        Subject::All => Of::All,
                        Subject::Proposer { .. } => Of::EachProposer,
                        Subject::Attribute { dataset, field } => {
                            Of::Attribute { dataset: dataset.clone(), field: field.clone() }
                        }
                    };
                    let limits = limits(of, answers as u32, days);
                    let asked = question(u32::MAX, &["d"]);
                    prop_assert_eq!(ledger.allows(at, &limits, &asked).is_ok(), allowed);
                }
            }
        }
    }

    #[test]
    fn any_bytes_restore_or_do_not(key in prop::collection::vec(any::<u8>(), 0..12), value in prop::collection::vec(any::<u8>(), 0..200)) {
        let key = [crate::STORE_PREFIX, &key].concat();
        let _ = Ledger::restore(&[Entry { key, value: value.clone() }]);
        let _ = Ledger::restore(&[Entry { key: b"l/c".to_vec(), value }]);
    }
}
