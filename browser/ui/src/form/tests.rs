use super::*;
use ::query::{Quantity, Reduction};

fn form(template: Template) -> Form {
    Form { template, ..Form::default() }
        .with(Input::Title, "Body mass")
        .with(Input::Dataset, "penguins")
        .with(Input::Value, "body_mass_g")
        .with(Input::Lower, "2,000")
        .with(Input::Upper, "7000")
}

fn mass() -> Quantity {
    Quantity { expr: "body_mass_g".into(), lower: "2000".into(), upper: "7000".into(), decimals: 0 }
}

#[test]
fn each_template_asks_its_question() {
    let full = |template| {
        form(template)
            .with(Input::X, "flipper")
            .with(Input::XLower, "\u{2212}1")
            .with(Input::XUpper, "250")
            .with(Input::By, "species")
            .with(Input::Categories, "Adelie, Gentoo\nChinstrap,")
            .with(Input::Edges, "2000 3000,4000")
    };
    let asked = |template| full(template).query().unwrap().reduction;
    assert_eq!(asked(Template::Count), Reduction::Count);
    assert_eq!(asked(Template::Mean), Reduction::Mean { value: mass() });
    assert_eq!(asked(Template::Spread), Reduction::Variance { value: Quantity { decimals: 1, ..mass() } });
    assert_eq!(
        asked(Template::Histogram),
        Reduction::Histogram { value: mass(), edges: ["2000", "3000", "4000"].map(String::from).to_vec() }
    );
    let categories = ["Adelie", "Gentoo", "Chinstrap"].map(String::from).to_vec();
    assert_eq!(
        asked(Template::Group),
        Reduction::Group { by: "species".into(), categories, value: Some(mass()) }
    );
    let Reduction::Regression { x, y } = asked(Template::Regression) else { panic!("a relation") };
    assert_eq!((x.lower.as_str(), y), ("-1", Quantity { decimals: 1, ..mass() }));
    assert!(
        matches!(asked(Template::Quantile), Reduction::Quantile { probabilities, .. } if probabilities.len() == 3)
    );
    let filtered = full(Template::Sum).with(Input::Filter, " year > 2007 ").query().unwrap();
    assert_eq!((filtered.filter.as_deref(), filtered.records_max), (Some("year > 2007"), 1_000));
}

#[test]
fn a_query_fills_in_the_form_that_asks_it() {
    for template in Template::ALL {
        let query = form(template)
            .with(Input::X, "flipper")
            .with(Input::XLower, "0")
            .with(Input::XUpper, "250")
            .with(Input::By, "species")
            .with(Input::Categories, "Adelie")
            .with(Input::Edges, "2000, 3000")
            .with(Input::Filter, "year == 2007")
            .query()
            .unwrap();
        let mut again = Form::default();
        again.ask(&query);
        assert_eq!(again.query().unwrap(), query);
    }
}

#[test]
fn decimals_that_nobody_gives_follow_from_the_range() {
    let decimals = |form: Form| match form.query().unwrap().reduction {
        Reduction::Regression { x, y } => vec![x.decimals, y.decimals],
        Reduction::Mean { value } | Reduction::Histogram { value, .. } | Reduction::Variance { value } => {
            vec![value.decimals]
        }
        other => panic!("{other:?}"),
    };
    let relation = form(Template::Regression)
        .with(Input::X, "flipper")
        .with(Input::XLower, "150")
        .with(Input::XUpper, "250");
    assert_eq!(decimals(relation.clone()), [2, 1]);
    assert_eq!(decimals(relation.clone().with(Input::XDecimals, "0").with(Input::Decimals, "4")), [0, 4]);
    let mean = |upper| form(Template::Mean).with(Input::Lower, "0").with(Input::Upper, upper);
    assert_eq!([decimals(mean("1")), decimals(mean("1,000")), decimals(mean("70.25"))], [[3], [0], [2]]);
    let bins = form(Template::Histogram).with(Input::Edges, "2000, 2500.25, 3000");
    assert_eq!(decimals(bins), [2]);
    // Fewer, where totals could not be added up.
    let many = |records, people| {
        let form =
            form(Template::Spread).with(Input::RecordsMax, records).with(Input::ParticipantsMax, people);
        decimals(form)
    };
    assert_eq!([many("1000", "10000"), many("1000000", "1000000")], [[1], [0]]);
    assert_eq!(form(Template::Mean).with(Input::Upper, "").decimals(Input::Lower, Input::Upper), None);
}

#[test]
fn what_is_missing_is_named() {
    let blame = |form: Form| form.query().unwrap_err().input.unwrap();
    assert_eq!(blame(form(Template::Sum).with(Input::Value, " ")), Input::Value);
    assert_eq!(blame(form(Template::Sum).with(Input::Decimals, "many")), Input::Decimals);
    assert_eq!(blame(form(Template::Sum).with(Input::Decimals, "300")), Input::Decimals);
    assert_eq!(blame(form(Template::Histogram).with(Input::Edges, "2000")), Input::Edges);
    assert_eq!(blame(form(Template::Histogram).with(Input::Upper, "2000")), Input::Edges);
    assert_eq!(blame(form(Template::Group)), Input::By);
    assert_eq!(blame(form(Template::Group).with(Input::By, "sex")), Input::Categories);
    assert_eq!(blame(form(Template::Regression)), Input::X);
    assert_eq!(blame(form(Template::Quantile).with(Input::Probabilities, "")), Input::Probabilities);
    let closes = |closes| Form { closes, ..form(Template::Sum) }.deadline(Instant::from_unix_ms(1_000));
    assert_eq!(closes(Closes::InMinutes("10".into())), Ok(Instant::from_unix_ms(601_000)));
    assert_eq!(closes(Closes::At(None)).unwrap_err().input, Some(Input::Deadline));
}

#[test]
fn refusals_find_their_inputs() {
    let input = |why: &str, template| Problem::of_refusal(why, template).input;
    assert_eq!(input("`query.value.expr`: no field", Template::Sum), Some(Input::Value));
    assert_eq!(input("`query.y.lower`: too small", Template::Regression), Some(Input::Lower));
    assert_eq!(input("`query.x.upper`: too large", Template::Regression), Some(Input::XUpper));
    assert_eq!(input("`query.where`: not a yes or no", Template::Sum), Some(Input::Filter));
    assert_eq!(input("`query.edges.3`: not ascending", Template::Histogram), Some(Input::Edges));
    assert_eq!(
        input("`participants_min`: 2 is not within 3 to 9", Template::Sum),
        Some(Input::ParticipantsMin)
    );
    assert_eq!(input("`query.records_max`: too many", Template::Sum), Some(Input::RecordsMax));
    let far =
        Problem::of_refusal("the heavy node did not accept the proposal: `deadline`: too far", Template::Sum);
    assert_eq!((far.input, far.text.as_str()), (Some(Input::Deadline), "Too far."));
    assert_eq!(Problem::of_refusal("no heavy node is connected", Template::Sum).input, None);
}

#[test]
fn a_caret_stands_below_its_character() {
    let why = "`query.where`: no field `mas`: did you mean `mass`?\n  1 < mas\n      ^ character 4";
    let problem = Problem::of_refusal(why, Template::Sum);
    assert_eq!(problem.input, Some(Input::Filter));
    assert_eq!(problem.text, "No field “mas”: did you mean “mass”?");
    assert_eq!(problem.caret.as_deref(), Some("1 < mas\n    ^"));
    assert_eq!(Problem::of_refusal("`title`: has 0 characters\nwithout a caret", Template::Sum).caret, None);
}

#[test]
fn gaps_are_filled_for_a_look_and_nothing_else_is_touched() {
    let (filled, gaps) =
        Form { template: Template::Sum, ..Form::default() }.with(Input::Value, "mass").filled();
    assert_eq!(gaps, [Input::Title, Input::Dataset, Input::Lower, Input::Upper]);
    assert!(filled.query().is_ok());
    assert_eq!(filled.text(Input::Value), "mass");
    assert_eq!(form(Template::Mean).filled(), (form(Template::Mean), vec![]));
}

#[test]
fn a_distribution_without_bins_gets_round_ones() {
    let edges = form(Template::Histogram).edges();
    assert_eq!((edges.first().unwrap().as_str(), edges.len()), ("2000", 11));
    assert!(form(Template::Histogram).with(Input::Lower, "").edges().is_empty());
}

#[test]
fn a_link_fills_in_the_same_form() {
    let asked = Form { per: Per::Person, scheme: "rep64".into(), ..form(Template::Regression) }
        .with(Input::Title, "50 % & more = “much”?")
        .with(Input::X, "avg(steps, last(30, 'days', day))")
        .with(Input::XLower, "-5")
        .with(Input::XUpper, "5.5")
        .with(Input::ParticipantsMin, "12");
    assert_eq!(Form::of_link(&asked.link()), asked);
    let minutes = Form { closes: Closes::InMinutes("90".into()), ..form(Template::Count) };
    // What the question has no use for is not in it.
    assert!(!minutes.link().contains("body_mass_g"), "{}", minutes.link());
    assert_eq!(Form::of_link(&minutes.link()).closes, minutes.closes);
    let by_group = Form { group_mean: false, ..form(Template::Group) };
    assert!(!Form::of_link(&by_group.link()).group_mean);
}

#[test]
fn a_stranger_s_link_is_read_within_bounds() {
    for nonsense in
        ["", "&&&", "ask", "ask=", "ask=everything", "title=%", "title=%zz", "title=%ff", "=&=", "scheme=%00"]
    {
        let form = Form::of_link(nonsense);
        assert_eq!((form.template, form.text(Input::Title)), (Template::Mean, ""), "{nonsense}");
    }
    let long = format!("title={}", "a".repeat(1_000));
    assert_eq!(Form::of_link(&long).text(Input::Title).len(), 120);
    assert_eq!(Form::of_link(&format!("title={}", "a".repeat(LINK_CHARS_MAX))), Form::default());
    assert_eq!(Form::of_link("title=a&title=b").text(Input::Title), "a");
    assert_eq!(Form::of_link("title=a%0Ab+c").text(Input::Title), "a b c");
}

#[test]
fn bins_are_round_and_cover_the_range() {
    let edges = |lower, upper, decimals, bins| suggest_edges(lower, upper, decimals, bins).unwrap();
    assert_eq!(edges("2000", "7000", 0, 10).first().unwrap(), "2000");
    assert_eq!(edges("2000", "7000", 0, 10).len(), 11);
    assert_eq!(edges("0", "1", 2, 5), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
    assert_eq!(edges("-0.3", "0.3", 1, 6), ["-0.3", "-0.2", "-0.1", "0", "0.1", "0.2", "0.3"]);
    assert_eq!(edges("170", "235", 0, 8), ["170", "180", "190", "200", "210", "220", "230", "240"]);
    // Not finer than the values are.
    assert_eq!(edges("0", "3", 0, 12), ["0", "1", "2", "3"]);
    assert!(suggest_edges("7", "7", 0, 10).is_none());
    assert!(suggest_edges("many", "7", 0, 10).is_none());
    assert!(suggest_edges("0", "7", 0, 0).is_none());
}

#[test]
fn a_full_form_is_a_draft_that_can_be_asked_again() {
    let now = Instant::from_unix_ms(1_000);
    let draft = form(Template::Mean).draft(now).unwrap();
    assert_eq!((draft.deadline, draft.participants_min), (Instant::from_unix_ms(601_000), 5));
    assert_eq!(draft.scheme, Some(Scheme::Prio3));
    let blame = |form: Form| form.draft(now).unwrap_err().input;
    assert_eq!(blame(form(Template::Mean).with(Input::Title, " ")), Some(Input::Title));
    assert_eq!(blame(form(Template::Mean).with(Input::ParticipantsMin, "few")), Some(Input::ParticipantsMin));

    let proposer = keys::Identity::from_seed([9; 32]).id();
    let heavy = [1, 2, 3].map(|seed| aggregate::HeavyKey {
        id: keys::Identity::from_seed([seed; 32]).id(),
        seal: keys::SealKey::from_seed([seed; 32]).public(),
    });
    let mut rng = <rand_chacha::ChaCha8Rng as rand_core::SeedableRng>::from_seed([0; 32]);
    let proposal = draft.propose(proposer, &heavy, &mut rng).unwrap();
    let again = Form::of_proposal(&proposal);
    assert_eq!(again.draft(now).unwrap().query, draft.query);
    // What the core refuses finds its input.
    let blamed = |form: Form| {
        let mut rng = <rand_chacha::ChaCha8Rng as rand_core::SeedableRng>::from_seed([0; 32]);
        let template = form.template;
        let error = form.draft(now).unwrap().propose(proposer, &heavy, &mut rng).unwrap_err();
        Problem::of_refusal(&error.to_string(), template).input
    };
    assert_eq!(blamed(form(Template::Mean).with(Input::Lower, "many")), Some(Input::Lower));
    assert_eq!(blamed(form(Template::Mean).with(Input::Upper, "1")), Some(Input::Upper));
    assert_eq!(blamed(form(Template::Mean).with(Input::Value, "body_mass_g >")), Some(Input::Value));
    assert_eq!(blamed(form(Template::Mean).with(Input::Filter, "1 + 1")), Some(Input::Filter));
    assert_eq!(blamed(form(Template::Mean).with(Input::ParticipantsMin, "2")), Some(Input::ParticipantsMin));
    assert_eq!(blamed(form(Template::Mean).with(Input::RecordsMax, "0")), Some(Input::RecordsMax));
    assert_eq!(
        blamed(form(Template::Histogram).with(Input::ParticipantsMin, "3")),
        Some(Input::ParticipantsMin)
    );
}

#[test]
fn the_sentence_shows_what_is_missing() {
    let text = Form::default().sentence(None, "noon");
    assert!(text.contains("“…”") && text.contains("by noon"), "{text}");
    let text = form(Template::Mean).sentence(Some("the mean of `mass`"), "noon");
    assert!(text.contains("asked for the mean of “mass”. When at least 5"), "{text}");
}
