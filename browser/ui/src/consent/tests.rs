use super::*;

#[test]
fn an_empty_form_is_the_rule_that_answers_everything() {
    let form = RuleForm::default();
    assert_eq!(form.rule(), Ok(Rule::default()));
    assert!(form.answers_all());
    assert!(!RuleForm { scheme: Some("prio3".into()), ..form }.answers_all());
}

#[test]
fn every_condition_is_in_the_rule_s_words() {
    let form = RuleForm {
        dataset: Some("penguins".into()),
        purposes: Purposes::Begins,
        begins: "The colony".into(),
        kind: Some("mean".into()),
        participants: "50".into(),
        limited: true,
        answers: "2".into(),
        days: "7".into(),
        each_proposer: true,
        ..RuleForm::default()
    };
    let rule = form.rule().unwrap();
    rule.check().unwrap();
    let words = rule.words(None);
    for part in [
        "“penguins”",
        "begin with “The colony”",
        "compute a mean",
        "at least 50 answers",
        "2 answers to each proposer in 7 days",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    // A rule that declines does so always.
    let declines = RuleForm { declines: true, ..form }.rule().unwrap();
    declines.check().unwrap();
    assert_eq!(declines.often, None);
}

#[test]
fn what_is_wrong_is_named() {
    let wrong = |form: RuleForm| form.rule().unwrap_err().0;
    assert_eq!(
        wrong(RuleForm { participants: "many".into(), ..RuleForm::default() }),
        RuleInput::Participants
    );
    assert_eq!(wrong(RuleForm { purposes: Purposes::Begins, ..RuleForm::default() }), RuleInput::Begins);
    let often = |answers: &str, days: &str| RuleForm {
        limited: true,
        answers: answers.into(),
        days: days.into(),
        ..RuleForm::default()
    };
    assert_eq!(wrong(often("0", "7")), RuleInput::Answers);
    assert_eq!(wrong(often("1", "367")), RuleInput::Days);
    assert_eq!(often("1", "367").rule().unwrap_err().1, "Give a whole number from 1 to 366.");
}

#[test]
fn limits_say_what_they_count_and_how_far_they_are_used() {
    let each = limit(&Counted::EachField, "3", "30").unwrap();
    assert_eq!(each.words(), "at most 3 answers about each attribute in 30 days");
    assert_eq!(limit(&Counted::All, "0", " ").unwrap().days, None);
    assert!(limit(&Counted::All, "-1", "").is_err());
    let about = Subject::Attribute { dataset: "penguins".into(), field: "mass".into() };
    let standing = |about, used| LimitUse { limit: each.clone(), words: each.words(), about, used };
    assert_eq!(used(&standing(Some(about), 2)), "2 of 3 used by “mass” of “penguins”.");
    assert_eq!(used(&standing(None, 0)), "Nothing counts towards it now.");
}
