use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn each_field_comes_back(
        tag in 0..WordTag::ALL.len(), label in 0..=LABEL_MAX, page in 0u32..512, offset in 0u32..1 << 31, substitution: bool,
    ) {
        let tag = WordTag::ALL[tag];
        let plain = Word::new(tag, label, page, offset);
        let word = if substitution { plain.with_substitution() } else { plain };
        prop_assert_eq!(word.tag(), Some(tag));
        prop_assert_eq!((word.label(), word.page(), word.offset()), (label, page, offset));
        prop_assert_eq!(word.is_substitution(), substitution);
        prop_assert_eq!(Word::from_bits(word.to_bits()), word);
    }
}

#[test]
fn the_layout_is_as_drawn() {
    assert_eq!(Word::new(WordTag::Sup, 1, 0, 8).to_bits(), 0x4400_0100_0000_0008);
    assert_eq!(Word::new(WordTag::Var, 0, 511, 0).to_bits(), 0x0000_00FF_8000_0000);
    assert_eq!(Word::new(WordTag::Var, 0, 0, 0).with_substitution().to_bits(), 1 << 63);
    assert_eq!(Word::immediate(WordTag::Num, u32::MAX).to_bits(), 0x4C00_0000_FFFF_FFFF);
}

#[test]
fn tags_that_are_none_are_none() {
    let known = (0..32).filter_map(WordTag::from_bits).count();
    assert_eq!(known, WordTag::ALL.len());
    assert_eq!(WordTag::from_bits(0x0C), None);
    assert!(WordTag::Lam.introduces() && !WordTag::Col.introduces());
}
