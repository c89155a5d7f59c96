use super::*;
use std::collections::BTreeMap;

/// The table as it was specified, with † for type errors, = for labels and ‡ for closures.
const SPECIFIED: &str = "
    elim VAR LAM SUP CTR NUM NUL REF STK
    VAR  L   L   L   L   L   L   L   L
    APP  L   A   D   C†  C†  C   X   C
    DP0  L   U   =   U   U   U   ‡   U
    MAT  L   C†  D   W   C†  C   X   C
    SWI  L   C†  D   C†  W   C   X   C
    OPX  L   C†  D   C†  S   C   X   C
    OPY  L   C†  D   C†  S   C   X   C
    ERS  L   C   C   C   C   C   C   C
    COL  L   C   C   C   C   C   X   C";

#[test]
fn each_pair_does_what_was_specified() {
    let tag = |name: &str| {
        let tags = WordTag::ALL.into_iter().map(|tag| (std::format!("{tag:?}").to_uppercase(), tag));
        tags.collect::<BTreeMap<_, _>>()[name]
    };
    let mut lines = SPECIFIED.lines().skip(1).map(str::split_whitespace);
    let columns: std::vec::Vec<_> = lines.next().expect("a head").skip(1).map(tag).collect();
    let mut checked = 0;
    for mut line in lines {
        let row = tag(line.next().expect("a row's name"));
        for (column, sign) in columns.iter().zip(line) {
            let expected = match sign {
                "C†" => Entry::TypeError,
                "=" => Entry::Labels,
                "‡" => Entry::Closure,
                sign => {
                    let number = "LAUDSWCX".find(sign).expect("an opcode");
                    Entry::Opcode(Opcode::ALL[number])
                }
            };
            assert_eq!(entry(row, *column), expected, "{row:?} and {column:?}");
            checked += 1;
        }
    }
    assert_eq!(checked, 72);
}

#[test]
fn both_copies_of_a_duplication_are_one_row_and_characters_are_numbers() {
    for column in COLUMNS {
        assert_eq!(entry(WordTag::Dp1, column), entry(WordTag::Dp0, column));
    }
    for row in ROWS {
        assert_eq!(entry(row, WordTag::Chr), entry(row, WordTag::Num));
    }
}
