use super::*;
use crate::ffcm::{Kernel, def, opcode, tag};

const fn port(tag: u32, value: u32) -> u32 {
    value << 3 | tag
}

/// `@sum = (?(((* 1) @sum) a) a)`, as a program.
fn switch() -> Vec<u32> {
    let con = |at| port(tag::CON, at);
    let mut words = vec![1];
    words.extend([4, 1, 0, 1, con(0)]);
    assert_eq!(words.len(), 1 + def::DEF_BODY as usize);
    words.extend([0, port(tag::SWI, 1), port(tag::VAR, 0)]);
    words.extend([0, con(2), port(tag::VAR, 0)]);
    words.extend([0, con(3), port(tag::REF, 0)]);
    words.extend([0, tag::ERA, port(tag::NUM, 1 << 5 | 1)]);
    words
}

#[test]
fn a_switch_at_the_root_is_decided_by_the_number_that_it_meets() {
    let special = Special::new(&switch(), &[0]);
    let counts: Vec<_> = special.variants.iter().map(|variant| variant.plan.counts).collect();
    let all = |arguments: &[Class]| {
        let same =
            |variant: &&Variant| variant.arguments.iter().map(|of| of.class).eq(arguments.iter().copied());
        special.variants.iter().find(same).unwrap_or_else(|| panic!("{arguments:?} in {special:?}"))
    };
    let zero = all(&[Class::Constructor, Class::Zero, Class::Any]);
    // The call, the root, the switch and its branches; then what is erased.
    assert_eq!(zero.plan.counts[opcode::SWITCH as usize], 1, "{counts:?}");
    assert_eq!(zero.plan.counts[opcode::APPLY as usize], 2, "{counts:?}");
    assert_eq!(zero.plan.asked(), 0);
    let positive = all(&[Class::Constructor, Class::Positive, Class::Any]);
    assert!(positive.plan.interactions() >= 4, "{counts:?}");
    assert_eq!(
        (positive.plan.asked(), positive.plan.wires),
        (0, 0),
        "the constructor that it met is used again: {positive:?}"
    );
}

#[test]
fn what_is_no_program_becomes_no_code() {
    let whole = switch();
    for len in 0..whole.len() {
        assert!(Special::new(&whole[..len], &[0, 1, u32::MAX]).is_empty(), "{len} words");
    }
    for at in 1..whole.len() {
        for word in [0, 7, 8, 12, 1 << 20, u32::MAX] {
            let mut words = whole.clone();
            words[at] = word;
            let special = Special::new(&words, &[0]);
            assert!(special.variants.len() <= VARIANTS_MAX);
        }
    }
}

#[test]
fn text_is_bounded() {
    // Many definitions that are alike.
    let one = switch();
    let count = 500;
    let mut words: Vec<u32> = (0..count).map(|def| count + def * (one.len() as u32 - 1)).collect();
    for _ in 0..count {
        words.extend(&one[1..]);
    }
    let all: Vec<u32> = (0..count).collect();
    let special = Special::new(&words, &all);
    assert!(special.defs.len() > 3 && special.defs.len() <= DEFS_MAX, "{}", special.defs.len());
    let len = special.source().len();
    assert!(len <= TEXT_MAX && len > TEXT_MAX / 2, "{len} bytes");
    let is_within = |variant: &Variant| variant.arguments.len() <= 1 + ARGUMENTS_MAX;
    assert!(special.variants.iter().all(is_within));
    assert_eq!(Kernel::Wide.source_with(&special.source()), Kernel::Wide.source_with(&special.source()));
}
