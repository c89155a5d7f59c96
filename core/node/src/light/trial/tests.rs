use crate::{Command, LightConfig, LightInput, LightNode, LightOutput};
use aggregate::Draft;
use alloc::{string::String, vec};
use codec::Instant;
use keys::Identity;

fn now() -> Instant {
    Instant::from_unix_ms(1_800_000_000_000)
}

fn draft(query: &str) -> Draft {
    let query: query::Query = serde_json::from_str(query).unwrap();
    Draft {
        title: "Body mass".into(),
        purpose: String::new(),
        dataset: "penguins".into(),
        schema: None,
        query,
        scheme: None,
        participants_min: 40,
        participants_max: 100,
        deadline: now().plus_ms(600_000),
    }
}

fn mean(expr: &str) -> Draft {
    draft(&alloc::format!(
        r#"{{"kind":"mean","value":{{"expr":"{expr}","lower":"2000","upper":"7000","decimals":0}}}}"#
    ))
}

/// A node that keeps three penguins.
fn node() -> LightNode {
    let config = LightConfig {
        identity: Identity::from_seed([1; 32]),
        agent: "test".into(),
        transports: vec![],
        seed: [1; 32],
    };
    let mut node = LightNode::new(config, &[], now()).unwrap();
    let bytes = b"species,mass\nAdelie,3750\nGentoo,5000\nGentoo,\n".to_vec();
    let command = Command::Import { name: "penguins".into(), bytes };
    node.handle_input(now(), LightInput::Command { token: 1, command });
    while let Some(output) = node.poll_output() {
        if let LightOutput::Store { ticket, .. } = output {
            node.handle_input(now(), LightInput::Stored { ticket, result: Ok(()) });
        }
    }
    node
}

#[test]
fn a_trial_tells_what_everybody_would_read_and_this_node_would_answer() {
    let trial = node().try_out(&mean("mass")).unwrap();
    assert!(trial.words.contains("mean of") && trial.words.contains("mass"), "{}", trial.words);
    let own = trial.own.unwrap();
    assert_eq!((own[0].value.as_str(), own[1].value.as_str()), ("2", "8750"));
    assert!(trial.report_bytes > 1_000, "{}", trial.report_bytes);
    assert!(!trial.rounding.is_empty());
}

#[test]
fn what_own_records_lack_is_told_with_its_place() {
    let why = node().try_out(&mean("mas")).unwrap_err();
    assert!(why.starts_with("`query.value.expr`: no field `mas`") && why.contains("\n  mas\n  ^"), "{why}");
    let few = Draft {
        participants_min: 3,
        ..draft(
            r#"{"kind":"histogram","value":{"expr":"mass","lower":"0","upper":"9000"},"edges":["0","1","2","3","4","5","6","7","8","9"]}"#,
        )
    };
    assert!(node().try_out(&few).unwrap_err().starts_with("`participants_min`: "));
}

#[test]
fn a_node_without_such_data_still_tells_what_it_costs() {
    let group =
        draft(r#"{"kind":"group","by":"last(species)","categories":["Adelie","Gentoo"],"per":"person"}"#);
    let trial = node().try_out(&Draft { dataset: "whales".into(), ..group }).unwrap();
    assert_eq!(trial.own, Err("you have no data of this name".into()));
    assert!(trial.report_bytes > 0);
}
