use super::*;
use hvm::hvm as oracle;

/// The rule of the crate `hvm` for a pair, as an opcode.
fn oracle_opcode(a: Tag, b: Tag) -> Opcode {
    let rule = oracle::Port::get_rule(oracle::Port::new(a as u8, 0), oracle::Port::new(b as u8, 0));
    let meets_duplicator = (a == Tag::Dup) != (b == Tag::Dup);
    let copied = [Tag::Ref, Tag::Num].contains(&a.min(b));
    match rule {
        oracle::LINK => Opcode::Link,
        oracle::ANNI if a == Tag::Dup => Opcode::Duplicate,
        oracle::ANNI => Opcode::Apply,
        oracle::ERAS | oracle::CALL if meets_duplicator && copied => Opcode::Duplicate,
        oracle::COMM => Opcode::Distribute,
        oracle::OPER => Opcode::Succ,
        oracle::SWIT => Opcode::Switch,
        oracle::ERAS | oracle::VOID => Opcode::Collapse,
        oracle::CALL => Opcode::Specialize,
        other => panic!("no rule {other}"),
    }
}

#[test]
fn each_of_the_64_pairs_does_what_the_oracle_says() {
    for a in Tag::ALL {
        for b in Tag::ALL {
            assert_eq!(opcode_of(a, b), oracle_opcode(a, b), "{a:?} and {b:?}");
            assert_eq!(opcode_of(a, b), opcode_of(b, a), "{a:?} and {b:?}: the order does not matter");
            assert_eq!(opcode(Port::new(a, 7), Port::new(b, 9)), opcode_of(a, b));
        }
    }
}

#[test]
fn numbers_of_opcodes_and_tags_are_those_of_the_shaders() {
    for (number, opcode) in Opcode::ALL.into_iter().enumerate() {
        assert_eq!(opcode as usize, number);
    }
    for (number, tag) in Tag::ALL.into_iter().enumerate() {
        assert_eq!(tag as usize, number);
    }
}
