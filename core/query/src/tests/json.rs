use super::*;
use crate::{Kind, Per, Quantity, RECORDS_DEFAULT, Reduction};
use alloc::string::ToString;

#[test]
fn every_kind_reads_back_as_it_was_written() {
    let v = quantity("x", "0", "10.5", 1);
    let all = [
        r#"{"kind":"count","per":"record","records_max":7}"#.to_string(),
        format!(r#"{{"kind":"sum","value":{v},"per":"record","records_max":7}}"#),
        format!(r#"{{"kind":"mean","value":{v},"per":"person","where":"b","records_max":7}}"#),
        format!(r#"{{"kind":"variance","value":{v},"per":"record","records_max":7}}"#),
        format!(r#"{{"kind":"covariance","x":{v},"y":{v},"per":"record","records_max":7}}"#),
        format!(r#"{{"kind":"regression","x":{v},"y":{v},"per":"record","records_max":7}}"#),
        format!(r#"{{"kind":"histogram","value":{v},"edges":["1","2"],"per":"record","records_max":7}}"#),
        r#"{"kind":"group","by":"s","categories":["a"],"per":"record","records_max":7}"#.to_string(),
        format!(
            r#"{{"kind":"group","value":{v},"by":"s","categories":["a"],"per":"record","records_max":7}}"#
        ),
        format!(r#"{{"kind":"vector","values":[{v},{v}],"per":"record","records_max":7}}"#),
        format!(
            r#"{{"kind":"quantile","value":{v},"probabilities":["0.5"],"bins":8,"per":"record","records_max":7}}"#
        ),
    ];
    for text in &all {
        assert_eq!(serde_json::to_string(&query(text)).unwrap(), *text);
    }
    for kind in Kind::ALL {
        assert!(all.iter().any(|text| query(text).reduction.kind() == kind), "{kind} is tried");
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
    }
}

#[test]
fn what_is_left_out_has_a_default() {
    let short = query(r#"{"kind":"sum","value":{"expr":"n","lower":"0","upper":"9"}}"#);
    assert_eq!((short.per, short.filter, short.records_max), (Per::Record, None, RECORDS_DEFAULT));
    let value = Quantity { expr: "n".into(), lower: "0".into(), upper: "9".into(), decimals: 0 };
    assert_eq!(short.reduction, Reduction::Sum { value });
}

#[test]
fn what_does_not_belong_is_named() {
    let error = |text: &str| serde_json::from_str::<Query>(text).unwrap_err().to_string();
    assert!(error(r#"{"kind":"sum"}"#).starts_with("`value` is missing: a sum needs it"));
    assert!(error(r#"{"kind":"count","edges":["1"]}"#).starts_with("`edges` does not belong to a count"));
    assert!(error(r#"{"kind":"median"}"#).contains("unknown variant `median`, expected one of `count`"));
    assert!(error(r#"{"kind":"count","wher":"b"}"#).contains("unknown field `wher`"));
    assert!(error(r#"{"kind":"count","per":"household"}"#).contains("expected `record` or `person`"));
    assert!(
        error(r#"{"kind":"sum","value":{"expr":"n","lower":0,"upper":"9"}}"#).contains("expected a string")
    );
}
