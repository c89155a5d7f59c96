use super::*;
use std::format;

fn ran(text: &str, mode: Option<Mode>, limits: RunLimits) -> (Vec<String>, Option<String>, u64) {
    let program = Program::read(text, mode, false).expect("a program");
    let mut run = Run::new(&program, &limits).expect("room");
    while !run.go(7).is_final() {}
    (run.results().to_vec(), run.trouble().map(|trouble| trouble.to_string()), run.tally().interactions())
}

#[test]
fn terms_are_lazy_and_nets_strict_unless_asked() {
    let text = "@main = (λx. (* x x) &0{2 &1{3 4}})";
    let usual = RunLimits::default();
    assert_eq!(ran(text, None, usual).0, ["&0{4 &1{9 16}}"]);
    assert_eq!(ran(text, Some(Mode::Strict), usual).0, ["&0{4 &1{9 16}}"]);
    let two = RunLimits { reading: Reading::BreadthFirst, results_max: 2, ..usual };
    assert_eq!(ran(text, None, two).0, ["4", "9"]);
    let (results, trouble, interactions) = ran("@main = a & 20 ~ $([+] $(22 a))", None, usual);
    assert_eq!((results, trouble, interactions), (Vec::from(["42".into()]), None, 3));
    assert_eq!(Program::read(text, None, false).expect("a program").mode().name(), "lazy");
}

#[test]
fn what_goes_wrong_is_said() {
    let few = RunLimits { interactions_max: 1_000, ..RunLimits::default() };
    for (text, mode, said) in [
        ("@main = a & @loop ~ (* a) @loop = (* a) & @loop ~ (* a)", None, "did not end within"),
        ("@main = (λx. (x x) λx. (x x))", None, "a term stands for itself"),
        ("@main = (a b) & @two ~ {a b} @two = ({x y} (x y))", None, "a copy of `@two`"),
        ("@main = (λx. (x x) 3)", None, "1 terms fit no rule"),
        ("@main = (/ 1 0)", Some(Mode::Strict), "1 operations had no result"),
    ] {
        let (_, trouble, _) = ran(text, mode, few);
        assert!(trouble.as_deref().is_some_and(|trouble| trouble.contains(said)), "{text}: {trouble:?}");
    }
    let tiny = RunLimits { nodes_max: 1, ..RunLimits::default() };
    let program = Program::read("@main = ((a b) ((b a) (* *)))", None, false).expect("a book");
    assert!(matches!(Run::new(&program, &tiny), Err(Trouble::Full { interactions: 0, .. })));
}

#[test]
fn what_is_no_program_is_refused_with_its_place() {
    let said = |text: &str, mode| format!("{}", Program::read(text, mode, false).expect_err("no program"));
    assert!(said("@main = λx. y", None).starts_with("1:13: nothing binds `y` here"));
    assert!(said("@main = (a (b a)) & b ~ *", Some(Mode::Lazy)).contains("is a book of nets"));
    assert!(said("@main = λx. #A{x}", Some(Mode::Strict)).contains("`@main` has a constructor"));
}

#[test]
fn a_long_result_is_cut() {
    let short = RunLimits { result_bytes_max: 5, ..RunLimits::default() };
    for (text, mode) in [
        ("@main = (a (b (c (a (b c)))))", None),
        ("@main = λa. λb. (a b)", Some(Mode::Strict)),
        ("@main = λa. λb. (a b)", Some(Mode::Lazy)),
    ] {
        let program = Program::read(text, mode, false).expect("a program");
        let mut run = Run::new(&program, &short).expect("room");
        assert_eq!(run.go(u64::MAX), Progress::Done);
        assert!(run.is_cut() && run.results()[0].len() <= 5, "{:?}", run.results());
    }
    // All results together are no longer, and none comes after the one that was cut.
    let many = RunLimits { reading: Reading::BreadthFirst, results_max: 9, ..short };
    let text = "@main = &0{11 &1{222 &2{333 4}}}";
    let program = Program::read(text, None, false).expect("a program");
    let mut run = Run::new(&program, &many).expect("room");
    while !run.go(u64::MAX).is_final() {}
    assert!(run.is_cut());
    assert_eq!(run.results(), ["11", "222", ""]);
}
