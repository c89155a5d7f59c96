use crate::{
    By, Fate, Judgement, Ledger, Limit, Limits, Misfit, Of, Often, Purpose, Question, Rule, RuleError,
    Subject, Unruled, Verdict, counts::Room, judge,
};
use alloc::{string::ToString, vec, vec::Vec};
use codec::{ContentId, Instant};
use keys::NodeId;
use store::{Batch, Entry, MemoryStore, ShardStore, StoreError};

mod model;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

fn now() -> Instant {
    Instant::from_unix_ms(1_800_000_000_000)
}

fn proposer(byte: u8) -> NodeId {
    NodeId::from_public_key([byte; 32])
}

fn question(id: u32, fields: &[&str]) -> Question {
    Question {
        computation: ContentId::of(&id.to_le_bytes()),
        proposer: proposer(1),
        purpose: "Weights for the zoo".into(),
        dataset: "penguins".into(),
        schema: ContentId::of(b"{}"),
        fields: fields.iter().map(|field| (*field).into()).collect(),
        scheme: "prio3".into(),
        kind: "mean".into(),
        words: "the mean of something".into(),
        participants_min: 50,
    }
}

fn limits(of: Of, answers: u32, days: Option<u32>) -> Limits {
    Limits::new(vec![Limit { of, answers, days }]).unwrap()
}

fn by_rule(rule: &Rule) -> By {
    By::Rule { rule: rule.id(), words: rule.words(None) }
}

/// Runs a future of a memory store, which is ready at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    match core::pin::pin!(future).poll(&mut context) {
        core::task::Poll::Ready(value) => value,
        core::task::Poll::Pending => panic!("memory answers at once"),
    }
}

/// The ledger that a store holds once `batch` is in it.
fn reload(store: &MemoryStore, batch: &mut Batch) -> Ledger {
    ready(store.commit(&core::mem::take(batch))).unwrap();
    Ledger::restore(&ready(store.scan(crate::STORE_PREFIX)).unwrap()).unwrap()
}

#[test]
fn an_attribute_is_answered_about_as_often_as_the_limit_says() {
    let limits = limits(Of::EachAttribute, 2, Some(7));
    let (mut ledger, mut batch) = (Ledger::new(), Batch::new());
    let mut spend = |ledger: &mut Ledger, at, id, fields: &[&str]| {
        ledger.spend(at, &limits, &question(id, fields), By::Person, &mut batch)
    };
    let week = |days: u64| now().plus_ms(days * DAY_MS);
    assert_eq!(spend(&mut ledger, now(), 1, &["mass", "species"]), Ok(()));
    assert_eq!(spend(&mut ledger, week(2), 2, &["mass"]), Ok(()));
    let reached = spend(&mut ledger, week(3), 3, &["mass"]).unwrap_err();
    let again = reached.again.unwrap();
    assert_eq!(
        (reached.used, reached.about),
        (2, Subject::Attribute { dataset: "penguins".into(), field: "mass".into() })
    );
    assert_eq!(again.unix_ms() % DAY_MS, 0, "windows are whole days");
    assert!((week(6)..=week(7)).contains(&again));
    assert!(spend(&mut ledger, week(3), 3, &["species"]).is_ok(), "another attribute");
    let before = Instant::from_unix_ms(again.unix_ms() - 1);
    assert!(spend(&mut ledger, before, 4, &["mass"]).is_err());
    assert!(spend(&mut ledger, again, 4, &["mass"]).is_ok());
}

#[test]
fn a_field_counts_with_all_that_it_lies_within() {
    let limits = limits(Of::EachAttribute, 1, None);
    let (mut ledger, mut batch) = (Ledger::new(), Batch::new());
    ledger.spend(now(), &limits, &question(1, &["address.city"]), By::Person, &mut batch).unwrap();
    for (fields, allowed) in [
        (vec!["address"], false),
        (vec!["address.city"], false),
        (vec!["address.city.name"], false),
        (vec!["address.street"], true),
        (vec!["addresses"], true),
        (vec!["name", "address"], false),
        (vec![], true),
    ] {
        let asked = question(2, &fields);
        assert_eq!(ledger.allows(now(), &limits, &asked).is_ok(), allowed, "{fields:?}");
    }
    ledger.spend(now(), &limits, &question(3, &[]), By::Person, &mut batch).unwrap();
    let reached = ledger.allows(now(), &limits, &question(4, &[])).unwrap_err();
    assert_eq!(
        reached.to_string(),
        "your limit of 1 answer about each attribute is reached for the records of “penguins” as a whole; it \
         allows no other until you raise it"
    );
    assert_eq!(question(5, &["b", "a.c", "a", "b"]).attributes(), ["a", "b"]);
}

#[test]
fn a_limit_holds_for_what_it_is_of() {
    let (mut ledger, mut batch) = (Ledger::new(), Batch::new());
    ledger.note(now(), &question(1, &["mass"]), By::Person, &mut batch);
    let other_proposer = Question { proposer: proposer(2), ..question(2, &["mass"]) };
    let other_dataset = Question { dataset: "whales".into(), ..question(2, &["mass"]) };
    let attribute = |field: &str| Of::Attribute { dataset: "penguins".into(), field: field.into() };
    let allows = |of: Of, asked: &Question| ledger.allows(now(), &limits(of, 1, Some(1)), asked).is_ok();
    assert!(!allows(Of::All, &other_dataset));
    assert!(!allows(Of::EachProposer, &question(2, &["wing"])));
    assert!(allows(Of::EachProposer, &other_proposer));
    assert!(!allows(attribute("mass"), &other_proposer));
    assert!(allows(attribute("mass"), &other_dataset));
    assert!(allows(attribute("wing"), &other_proposer));
    // None at all.
    let never = limits(attribute("wing"), 0, None);
    let reached = ledger.allows(now(), &never, &question(2, &["wing"])).unwrap_err();
    assert_eq!((reached.used, reached.again), (0, None));
    let standing = ledger.standing(now(), &Limits::default());
    assert_eq!(
        (standing[0].used, standing[0].words.as_str()),
        (1, "at most 100 answers about each attribute in 30 days")
    );
    assert_eq!(ledger.uses().len(), 3);
}

#[test]
fn what_is_withdrawn_is_not_spent_and_what_was_counted_stays() {
    let once = limits(Of::All, 1, None);
    let store = MemoryStore::new();
    let mut batch = Batch::new();
    let mut ledger = Ledger::new();
    ledger.spend(now(), &once, &question(1, &["mass"]), By::Person, &mut batch).unwrap();
    assert!(ledger.withdraw(question(1, &[]).computation, &mut batch));
    assert!(!ledger.withdraw(question(1, &[]).computation, &mut batch), "only once");
    assert_eq!(ledger.uses(), [crate::Use { about: Subject::All, answers: 0 }]);
    let mut ledger = reload(&store, &mut batch);
    ledger.spend(now(), &once, &question(2, &["mass"]), By::Person, &mut batch).unwrap();
    assert!(ledger.ended(question(2, &[]).computation, true, &mut batch));
    assert!(!ledger.withdraw(question(2, &[]).computation, &mut batch), "it is in a result");
    let ledger = reload(&store, &mut batch);
    assert!(ledger.allows(now(), &once, &question(3, &[])).is_err());
    let fates: Vec<Fate> = ledger.entries().map(|entry| entry.fate).collect();
    assert_eq!(fates, [Fate::Withdrawn, Fate::Counted]);
    assert_eq!(ledger.entry(question(2, &[]).computation).unwrap().question, question(2, &["mass"]));
}

#[test]
fn pruned_answers_stay_counted() {
    let room = Room { attributes: 2, proposers: 2, rules: 2 };
    let store = MemoryStore::new();
    let (mut ledger, mut batch) = (Ledger::new(), Batch::new());
    for id in 0..20u8 {
        let at = now().plus_ms(u64::from(id) * DAY_MS);
        let field = alloc::format!("f{id}");
        let asked = Question { proposer: proposer(id), ..question(id.into(), &[&field]) };
        ledger.note_within(at, &asked, By::Person, &mut batch, room, 3);
        ledger = reload(&store, &mut batch);
    }
    assert_eq!(ledger.entries().len(), 3);
    assert_eq!(ledger.answers(&Subject::All), 20);
    assert_eq!(ready(store.scan(b"")).unwrap().len(), 4, "three answers and the counts");
    // The first is not counted apart any more, and so counts with all that are not.
    let first = Subject::Attribute { dataset: "penguins".into(), field: "f0".into() };
    assert_eq!(ledger.answers(&first), 18);
    assert_eq!(ledger.answers(&Subject::Proposer { id: proposer(19) }), 19);
    assert!(!ledger.withdraw(question(0, &[]).computation, &mut batch), "not known any more");
}

#[test]
fn a_damaged_or_newer_ledger_is_refused() {
    let mut batch = Batch::new();
    Ledger::new().note(now(), &question(1, &["mass"]), By::Person, &mut batch);
    let entries: Vec<Entry> = batch
        .changes()
        .filter_map(|change| match change {
            store::Change::Put(entry) => Some(entry.clone()),
            store::Change::Delete(_) | store::Change::DeleteUnder(_) => None,
        })
        .collect();
    assert!(Ledger::restore(&entries).is_ok());
    assert!(Ledger::restore(&entries[..1]).is_err(), "without its counts it would allow too much");
    for at in 0..entries.len() {
        let mut newer = entries.clone();
        newer[at].value[0] = 2;
        assert_eq!(Ledger::restore(&newer), Err(StoreError::Newer { found: 2, known: 1 }));
        for len in 0..entries[at].value.len() {
            let mut short = entries.clone();
            short[at].value.truncate(len);
            assert!(matches!(Ledger::restore(&short), Err(StoreError::Corrupt { .. })));
        }
        let mut renamed = entries.clone();
        renamed[at].key.push(0);
        assert!(Ledger::restore(&renamed).is_err());
    }
}

#[test]
fn a_simple_rule_is_read_as_it_always_was() {
    let id = proposer(1);
    let text = alloc::format!(r#"{{"proposer":"{id}","dataset":"penguins","participants_min":3}}"#);
    let rule: Rule = serde_json::from_str(&text).unwrap();
    assert_eq!(
        rule,
        Rule {
            proposer: Some(id),
            dataset: Some("penguins".into()),
            participants_min: Some(3),
            ..Rule::default()
        }
    );
    assert_eq!(serde_json::to_string(&rule).unwrap(), text);
    assert_eq!(serde_json::from_str::<Rule>("{}").unwrap(), Rule::default());
    assert!(serde_json::from_str::<Rule>(r#"{"datasett":"penguins"}"#).is_err());
    let rule = Rule { purpose: Some(Purpose::Begins("Weights".into())), verdict: Verdict::Decline, ..rule };
    let text = serde_json::to_string(&rule).unwrap();
    assert!(text.contains(r#""verdict":"decline""#) && text.contains(r#"{"begins":"Weights"}"#), "{text}");
    assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), rule);
    let limits = r#"[{"of":"each-attribute","answers":3,"days":7},{"of":{"attribute":{"dataset":"a","field":"b"}},"answers":0}]"#;
    let read: Limits = serde_json::from_str(limits).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), limits);
    assert!(serde_json::from_str::<Limits>(r#"[{"of":"all","answers":3,"days":0}]"#).is_err());
}

#[test]
fn every_condition_must_hold() {
    let asked = question(1, &["mass"]);
    let full = Rule {
        verdict: Verdict::Allow,
        proposer: Some(asked.proposer),
        purpose: Some(Purpose::Begins("Weights".into())),
        dataset: Some("penguins".into()),
        schema: Some(asked.schema),
        scheme: Some("prio3".into()),
        kind: Some("mean".into()),
        participants_min: Some(50),
        often: Some(Often { answers: 2, days: 7, each_proposer: true }),
    };
    assert!(full.fits(&asked));
    assert_eq!(full.check(), Ok(()));
    assert_eq!(
        full.words(Some(asked.proposer)),
        alloc::format!(
            "Always answer questions about “penguins” that you propose yourself for purposes that begin with \
             “Weights” that compute a mean with the schema …{} by the scheme prio3 that need at least 50 answers, \
             at most 2 answers to each proposer in 7 days.",
            asked.schema.short()
        )
    );
    let misfits = [
        (Misfit::Dataset, Question { dataset: "whales".into(), ..asked.clone() }),
        (Misfit::Proposer, Question { proposer: proposer(2), ..asked.clone() }),
        (Misfit::Purpose, Question { purpose: "weights".into(), ..asked.clone() }),
        (Misfit::Schema, Question { schema: ContentId::of(b"{ }"), ..asked.clone() }),
        (Misfit::Scheme, Question { scheme: "rep64".into(), ..asked.clone() }),
        (Misfit::Kind, Question { kind: "sum".into(), ..asked.clone() }),
        (Misfit::Participants, Question { participants_min: 49, ..asked.clone() }),
    ];
    for (misfit, other) in misfits {
        assert_eq!(full.misfits(&other), [misfit]);
    }
    let wrong = |change: &dyn Fn(&mut Rule)| {
        let mut rule = full.clone();
        change(&mut rule);
        rule.check().unwrap_err()
    };
    assert_eq!(wrong(&|rule| rule.verdict = Verdict::Decline), RuleError::DeclinesOften);
    assert_eq!(wrong(&|rule| rule.dataset = Some("".into())), RuleError::Text { field: "dataset" });
    assert_eq!(wrong(&|rule| rule.often.as_mut().unwrap().answers = 0), RuleError::NoAnswers);
    assert_eq!(wrong(&|rule| rule.often.as_mut().unwrap().days = 400), RuleError::Days { days: 400 });
    let unstated = Rule { purpose: Some(Purpose::Is("".into())), ..Rule::default() };
    assert_eq!(unstated.check(), Ok(()));
    assert_eq!(unstated.words(None), "Always answer questions about any data without a purpose.");
}

#[test]
fn a_no_beats_a_yes_and_what_nobody_decides_is_asked_with_the_reason() {
    let asked = question(1, &["mass"]);
    let yes = Rule { dataset: Some("penguins".into()), ..Rule::default() };
    let no = Rule { verdict: Verdict::Decline, kind: Some("mean".into()), ..Rule::default() };
    let none = Limits::new(vec![]).unwrap();
    let ledger = Ledger::new();
    let judged = |rules: &[Rule]| judge(rules, &none, &ledger, now(), &asked);
    assert_eq!(
        judged(&[Rule { kind: Some("sum".into()), ..Rule::default() }, yes.clone()]),
        Judgement::Answer { rule: 1 }
    );
    assert_eq!(judged(&[yes.clone(), no.clone()]), Judgement::Decline { rule: 1 });
    assert_eq!(judged(&[no.clone(), yes.clone()]), Judgement::Decline { rule: 0 });
    assert_eq!(judged(&[]), Judgement::Ask(Unruled::NoRule));
    let rules = [
        Rule { dataset: Some("whales".into()), kind: Some("sum".into()), ..Rule::default() },
        Rule { participants_min: Some(100), ..Rule::default() },
    ];
    let Judgement::Ask(unruled) = judged(&rules) else { panic!("nothing fits") };
    assert_eq!(unruled, Unruled::NoneFits { rule: 1, misfits: vec![Misfit::Participants] });
    assert_eq!(
        unruled.words(&rules, None),
        "your rule “Always answer questions about any data that need at least 100 answers.” does not fit: it \
         needs fewer answers"
    );
    let never = limits(Of::All, 0, None);
    let Judgement::Ask(Unruled::Limit(reached)) = judge(&[yes], &never, &ledger, now(), &asked) else {
        panic!("a limit stands above rules")
    };
    assert_eq!(reached.about, Subject::All);
}

#[test]
fn a_rule_answers_as_often_as_it_says() {
    let often = |each_proposer| Some(Often { answers: 1, days: 7, each_proposer });
    let none = Limits::new(vec![]).unwrap();
    let to = |id: u32, byte: u8| Question { proposer: proposer(byte), ..question(id, &[]) };
    for each_proposer in [false, true] {
        let rules = [Rule { often: often(each_proposer), ..Rule::default() }];
        let (mut ledger, mut batch) = (Ledger::new(), Batch::new());
        // What the person answers by themselves is not the rule's.
        ledger.note(now(), &to(1, 1), By::Person, &mut batch);
        assert_eq!(judge(&rules, &none, &ledger, now(), &to(2, 1)), Judgement::Answer { rule: 0 });
        ledger.note(now(), &to(2, 1), by_rule(&rules[0]), &mut batch);
        let judged = judge(&rules, &none, &ledger, now(), &to(3, 1));
        let Judgement::Ask(Unruled::Exhausted { rule: 0, again: Some(again) }) = judged else {
            panic!("{judged:?}")
        };
        assert!(again > now().plus_ms(6 * DAY_MS) && again <= now().plus_ms(7 * DAY_MS));
        assert_eq!(judge(&rules, &none, &ledger, again, &to(3, 1)), Judgement::Answer { rule: 0 });
        let other = judge(&rules, &none, &ledger, now(), &to(3, 2));
        assert_eq!(matches!(other, Judgement::Answer { .. }), each_proposer);
        // A second rule that fits steps in.
        let more = [rules[0].clone(), Rule::default()];
        assert_eq!(judge(&more, &none, &ledger, now(), &to(3, 1)), Judgement::Answer { rule: 1 });
        ledger.withdraw(to(2, 1).computation, &mut batch);
        assert_eq!(judge(&rules, &none, &ledger, now(), &to(3, 1)), Judgement::Answer { rule: 0 });
    }
}
