use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_port_and_a_label_make_a_word_and_come_back(tag in 0usize..8, value in 0..NODES_MAX, label in 0..=LABEL_MAX) {
        let tag = Tag::ALL[tag];
        let value = if tag == Tag::Era { 0 } else { value };
        let port = Port::new(tag, value);
        let label = if port.is_node() { label } else { 0 };
        prop_assert_eq!(Port::from_word(port.to_word(label)), Some((port, label)));
        prop_assert_eq!((port.tag(), port.value()), (tag, value));
    }
}

#[test]
fn words_of_other_machines_are_no_ports() {
    assert_eq!(Port::from_word(Word::new(WordTag::App, 0, 0, 16)), None);
    assert_eq!(Port::from_word(Word::new(WordTag::Lam, 0, 3, 16)), None, "another page");
    assert_eq!(Port::from_word(Word::new(WordTag::Lam, 0, 0, 8)), None, "between two nodes");
    assert_eq!(Port::from_word(Word::immediate(WordTag::Num, u32::MAX)), None, "a number of 32 bits");
}

#[test]
fn no_port_is_none() {
    assert!(NODES_MAX - 1 < Port::NONE.value(), "the greatest node's switch is not NONE");
}
