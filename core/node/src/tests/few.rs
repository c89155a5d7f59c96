//! Totals of so few values that they would tell them.

use super::{Draft, Scheme, five};
use crate::light::End;
use aggregate::RefusalReason;

fn ended(filter: &str, scheme: Scheme) -> Result<u64, RefusalReason> {
    let mut world = five();
    let mut draft = Draft { scheme: Some(scheme), ..world.draft(20) };
    draft.query.filter = Some(filter.into());
    world.propose(10, draft);
    world.run_ms(100_000);
    match world.end(10) {
        Some(End::Result { outcome, .. }) => Ok(outcome.totals[0].parse().unwrap()),
        Some(End::Refusal { reason, .. }) => Err(reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mean_of_one_or_two_values_is_refused_however_many_take_part() {
    for scheme in Scheme::ALL {
        let few = |values| Err(RefusalReason::FewValues { values, category: None });
        assert_eq!(ended("mass > 4", scheme), few(1));
        assert_eq!(ended("mass > 3", scheme), few(2));
        assert_eq!(ended("mass > 2", scheme), Ok(3));
        assert_eq!(ended("mass > 100", scheme), Ok(0), "of no value there is nothing to tell");
    }
}
