use crate::{Command, CommandError, LightConfig, LightInput, LightNode, LightOutput, Reply, Ticket};
use alloc::{format, string::String, vec, vec::Vec};
use codec::Instant;
use keys::Identity;
use store::{MemoryStore, StoreError};

const SCHEMA: &str = r#"{"properties": {"mass": {"type": "integer", "minimum": 0}}, "required": ["mass"]}"#;

struct Person {
    node: LightNode,
    store: MemoryStore,
    tokens: u64,
}

impl Person {
    fn new(store: MemoryStore) -> Self {
        let config = LightConfig {
            identity: Identity::from_seed([1; 32]),
            agent: "test".into(),
            transports: vec![],
            seed: [1; 32],
        };
        let node = LightNode::new(config, &store.list(b""), now()).unwrap();
        Self { node, store, tokens: 0 }
    }

    /// Gives a command and takes what the node has to store, without storing it.
    fn tell(&mut self, command: Command) -> u64 {
        self.tokens += 1;
        self.node.handle_input(now(), LightInput::Command { token: self.tokens, command });
        self.tokens
    }

    /// Lets all commits end so; gives the replies.
    fn store(&mut self, fails: bool) -> Vec<(u64, Result<Reply, CommandError>)> {
        let mut replies = Vec::new();
        while let Some(output) = self.node.poll_output() {
            match output {
                LightOutput::Store { ticket, batch } => {
                    if !fails {
                        self.store.apply(&batch).unwrap();
                    }
                    self.end(ticket, if fails { Err(StoreError::Full) } else { Ok(()) });
                }
                LightOutput::Reply { token, result } => replies.push((token, result)),
                _ => {}
            }
        }
        replies
    }

    fn end(&mut self, ticket: Ticket, result: Result<(), StoreError>) {
        self.node.handle_input(now(), LightInput::Stored { ticket, result });
    }

    fn ask(&mut self, command: Command) -> Result<Reply, CommandError> {
        let token = self.tell(command);
        let replies = self.store(false);
        replies.into_iter().find(|(of, _)| *of == token).unwrap().1
    }

    fn with_penguins() -> Self {
        let mut person = Self::new(MemoryStore::new());
        let import = Command::Import {
            name: "penguins".into(),
            bytes: b"species,mass\nAdelie,3750\nGentoo,heavy\n".to_vec(),
        };
        assert_eq!(person.ask(import), Ok(Reply::Imported { rows: 2 }));
        person
    }

    fn unfit(&self) -> usize {
        self.node.view().datasets[0].unfit
    }
}

fn now() -> Instant {
    Instant::from_unix_ms(1_800_000_000_000)
}

fn put(row: Option<usize>, record: &str) -> Command {
    Command::PutRecord { name: "penguins".into(), row, record: record.into() }
}

fn set_schema(schema: Option<&str>) -> Command {
    Command::SetSchema { name: "penguins".into(), schema: schema.map(String::from) }
}

#[test]
fn a_record_that_does_not_fit_is_kept_shown_and_mended() {
    let mut person = Person::with_penguins();
    assert!(!person.node.view().datasets[0].schema_given);
    assert!(person.node.look("penguins", 0, 10, false).schema.contains("species"));
    assert!(matches!(person.ask(set_schema(Some(SCHEMA))), Ok(Reply::Edited { .. })));
    assert_eq!(person.unfit(), 1);

    let look = person.node.look("penguins", 0, 10, false);
    assert_eq!((look.schema.as_str(), look.records.len()), (SCHEMA, 2));
    assert!(look.records[0].violations.is_empty());
    let unfit = person.node.look("penguins", 0, 10, true).records;
    assert_eq!((unfit.len(), unfit[0].row), (1, 1));
    assert_eq!(unfit[0].violations, ["mass is text; expected a whole number"]);
    assert!(unfit[0].json.contains("heavy"));

    let edited = person.ask(put(Some(1), r#"{"species": "Gentoo", "mass": 5000}"#));
    assert_eq!(edited, Ok(Reply::Edited { violations: vec![] }));
    assert_eq!(person.unfit(), 0);
    let Ok(Reply::Edited { violations }) = person.ask(put(None, r#"{"species": "Chinstrap"}"#)) else {
        panic!("kept")
    };
    assert_eq!(violations.len(), 1);
    assert_eq!((person.node.view().datasets[0].rows, person.unfit()), (3, 1));

    // As it was after a restart.
    let mut person = Person::new(person.store);
    assert_eq!((person.node.view().datasets[0].rows, person.unfit()), (3, 1));
    assert!(person.ask(Command::RemoveRecord { name: "penguins".into(), row: 2 }).is_ok());
    assert!(person.ask(set_schema(None)).is_ok());
    assert_eq!((person.node.view().datasets[0].rows, person.unfit()), (2, 0));
}

#[test]
fn what_is_wrong_with_an_edit_is_said_and_nothing_changes() {
    let mut person = Person::with_penguins();
    let before = person.node.look("penguins", 0, 10, false);
    let why = |result: Result<Reply, CommandError>| result.unwrap_err();
    let CommandError::Schema { why: text } = why(person.ask(set_schema(Some("{")))) else {
        panic!("a schema")
    };
    assert!(text.contains("line 1"), "{text}");
    assert!(matches!(why(person.ask(put(Some(7), "{}"))), CommandError::Edit { .. }));
    assert!(matches!(why(person.ask(put(None, "[1]"))), CommandError::Edit { .. }));
    assert!(matches!(why(person.ask(put(None, "{"))), CommandError::Edit { .. }));
    let elsewhere = Command::RemoveRecord { name: "whales".into(), row: 0 };
    assert!(matches!(why(person.ask(elsewhere)), CommandError::NoDataset { .. }));
    assert_eq!(person.node.look("penguins", 0, 10, false), before);
    assert_eq!(person.node.look("whales", 0, 10, false).records.len(), 0);
}

#[test]
fn edits_that_follow_each_other_closely_build_on_each_other() {
    let mut person = Person::with_penguins();
    for mass in 0..5 {
        person.tell(put(None, &format!("{{\"mass\": {mass}}}")));
    }
    assert_eq!(person.store(false).len(), 5);
    assert_eq!(person.node.view().datasets[0].rows, 7);
    // One that could not be stored leaves nothing behind for the next.
    let token = person.tell(put(None, "{\"mass\": 9}"));
    let replies = person.store(true);
    assert!(matches!(replies.as_slice(), [(of, Err(CommandError::Storage { .. }))] if *of == token));
    person.tell(Command::RemoveRecord { name: "penguins".into(), row: 0 });
    person.node.handle_timeout(now().plus_ms(5_000));
    person.store(false);
    assert_eq!(person.node.view().datasets[0].rows, 6);
}
