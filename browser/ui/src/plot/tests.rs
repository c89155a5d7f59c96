use super::*;

fn texts<'a>(drawing: &'a Drawing, wanted: &str) -> Vec<&'a str> {
    let text = |mark: &'a Mark| match mark {
        Mark::Text { class, text, .. } if *class == wanted => Some(text.as_str()),
        _ => None,
    };
    drawing.marks.iter().filter_map(text).collect()
}

fn rects<'a>(drawing: &'a Drawing, wanted: &str) -> Vec<(f64, f64, f64, f64)> {
    let rect = |mark: &'a Mark| match mark {
        Mark::Rect { x, y, width, height, class, .. } if *class == wanted => Some((*x, *y, *width, *height)),
        _ => None,
    };
    drawing.marks.iter().filter_map(rect).collect()
}

/// Every mark is inside the drawing, as far as one can tell without a font.
fn all_inside(drawing: &Drawing) {
    for mark in &drawing.marks {
        let (x, y) = match mark {
            Mark::Rect { x, y, width, height, .. } => ((*x, x + width), (*y, y + height)),
            Mark::Line { from, to, .. } => {
                ((from.0.min(to.0), from.0.max(to.0)), (from.1.min(to.1), from.1.max(to.1)))
            }
            Mark::Text { at, anchor, text, .. } => {
                // Fonts need less room than is kept for them.
                let px = text_px(text) * 0.85;
                let left = match anchor {
                    Anchor::Start => at.0,
                    Anchor::Middle => at.0 - px / 2.0,
                    Anchor::End => at.0 - px,
                };
                ((left, left + px), (at.1 - 10.0, at.1))
            }
        };
        let within = x.0 >= -1.0 && x.1 <= drawing.width + 1.0 && y.0 >= -1.0 && y.1 <= drawing.height + 1.0;
        assert!(within, "{mark:?} outside {} × {}", drawing.width, drawing.height);
    }
}

fn bin(lower: &str, upper: &str, count: u64) -> Bin {
    Bin { lower: lower.into(), upper: upper.into(), count }
}

fn penguins() -> Histogram {
    Histogram {
        value: "body_mass_g".into(),
        counted: "record".into(),
        bins: vec![bin("2500", "3500", 79), bin("3500", "4500", 141), bin("4500", "5500", 87)],
        below: 0,
        above: 35,
    }
}

#[test]
fn a_histogram_s_bars_are_as_tall_as_their_counts() {
    for width in [Width::Wide, Width::Narrow] {
        let drawing = penguins().draw(width);
        all_inside(&drawing);
        let bars = rects(&drawing, "bar");
        assert_eq!(bars.len(), 3);
        assert!((bars[0].3 / bars[1].3 - 79.0 / 141.0).abs() < 1e-9);
        // They stand on one line.
        assert!(bars.iter().all(|bar| (bar.1 + bar.3 - bars[0].1 - bars[0].3).abs() < 1e-9));
        assert_eq!(rects(&drawing, "bar outside").len(), 1);
        assert_eq!(texts(&drawing, "count"), ["79", "141", "87", "35"]);
        assert!(texts(&drawing, "tick").contains(&"2,500") && texts(&drawing, "tick").contains(&"more"));
        assert_eq!(drawing.table.rows.last().unwrap(), &["5,500 or more", "35"]);
        assert_eq!(drawing.description, "342 records in 3 bins. Most, 141, are from 3,500 to 4,500.");
    }
}

#[test]
fn bins_of_unequal_width_are_compared_by_area() {
    let histogram = Histogram { bins: vec![bin("0", "10", 20), bin("10", "30", 20)], above: 0, ..penguins() };
    let drawing = histogram.draw(Width::Wide);
    let bars = rects(&drawing, "bar");
    assert!((bars[0].3 / bars[1].3 - 2.0).abs() < 1e-9);
    assert!(drawing.caption.contains("area"));
}

#[test]
fn many_bins_have_an_axis_of_counts_and_few_numbers() {
    let bins = (0..256).map(|at| bin(&at.to_string(), &(at + 1).to_string(), at % 7)).collect();
    let drawing = Histogram { bins, above: 0, ..penguins() }.draw(Width::Narrow);
    all_inside(&drawing);
    assert!(texts(&drawing, "count").is_empty());
    assert!((3..=14).contains(&texts(&drawing, "tick").len()), "{:?}", texts(&drawing, "tick"));
    assert_eq!(drawing.table.rows.len(), 256);
}

#[test]
fn nothing_counted_is_drawn_as_nothing() {
    let empty = Histogram { bins: Vec::new(), above: 0, ..penguins() }.draw(Width::Wide);
    all_inside(&empty);
    assert_eq!(empty.description, "0 records in 0 bins.");
    let zeros = Histogram { bins: vec![bin("0", "1", 0)], above: 0, ..penguins() }.draw(Width::Wide);
    all_inside(&zeros);
    assert!(rects(&zeros, "bar")[0].3.abs() < 1e-9);
}

#[test]
fn groups_stand_side_by_side_with_a_scale_per_measure() {
    let of = |values: [&str; 3]| values.map(|value| Some(String::from(value))).to_vec();
    let bars = Bars {
        title: "body_mass_g by species".into(),
        by: "species".into(),
        groups: ["Adelie", "Chinstrap", "Gentoo with quite a long name that finds no room"]
            .map(String::from)
            .to_vec(),
        measures: vec![
            Measure { name: "Records".into(), values: of(["151", "68", "123"]) },
            Measure {
                name: "Mean".into(),
                values: vec![Some("3700.66".into()), Some("3733.09".into()), None],
            },
        ],
    };
    for width in [Width::Wide, Width::Narrow] {
        let drawing = bars.draw(width);
        all_inside(&drawing);
        let counts = rects(&drawing, "bar second");
        assert!((counts[1].2 / counts[0].2 - 68.0 / 151.0).abs() < 1e-9);
        assert_eq!(rects(&drawing, "bar").len(), 2);
        assert_eq!(drawing.table.head, ["species", "Records", "Mean"]);
        assert_eq!(drawing.table.rows[2][2], "—");
        assert!(
            drawing.description.contains("Mean: highest for Chinstrap, 3,733.09."),
            "{}",
            drawing.description
        );
    }
}

#[test]
fn bars_below_zero_point_the_other_way() {
    let values = ["-5", "10"].map(|value| Some(String::from(value))).to_vec();
    let bars = Bars {
        title: "Change".into(),
        by: "place".into(),
        groups: vec!["a".into(), "b".into()],
        measures: vec![Measure { name: "Mean".into(), values }],
    };
    let drawing = bars.draw(Width::Narrow);
    all_inside(&drawing);
    let drawn = rects(&drawing, "bar");
    assert!((drawn[0].0 + drawn[0].2 - drawn[1].0).abs() < 1e-9, "both meet at zero");
}

fn fit(slope: &str, intercept: &str) -> Fit {
    let variable = |name: &str, lower: &str, upper: &str, mean: &str| Variable {
        name: name.into(),
        lower: lower.into(),
        upper: upper.into(),
        mean: Some(mean.into()),
    };
    Fit {
        x: variable("flipper_mm", "170", "235", "200.9"),
        y: variable("mass_g", "2500", "6500", "4201.75"),
        slope: slope.into(),
        intercept: intercept.into(),
        r_squared: Some("0.7590".into()),
    }
}

#[test]
fn a_line_stays_within_the_ranges_that_were_asked_for() {
    for width in [Width::Wide, Width::Narrow] {
        let drawing = fit("49.6856", "-5780.8314").draw(width);
        all_inside(&drawing);
        assert!(drawing.marks.iter().any(|mark| matches!(mark, Mark::Line { class: "fit", .. })));
        assert_eq!(rects(&drawing, "means").len(), 1);
    }
    assert_eq!(fit("49.6856", "-5780.8314").equation(), "mass_g = 49.6856 × flipper_mm \u{2212} 5,780.8314");
    // One that passes above all of it is not drawn; the equation still tells.
    let above = fit("0", "9000").draw(Width::Wide);
    assert!(!above.marks.iter().any(|mark| matches!(mark, Mark::Line { class: "fit", .. })));
    assert!(fit("-2", "7").draw(Width::Wide).description.contains("falls by 2"));
}

#[test]
fn quantiles_lie_within_their_brackets() {
    let bracket = |p: &str, lower: &str, upper: &str| Bracket {
        probability: p.into(),
        lower: lower.into(),
        upper: upper.into(),
    };
    let brackets = Brackets {
        value: "mass_g".into(),
        lower: "2000".into(),
        upper: "7000".into(),
        quantiles: vec![
            bracket("0.25", "3500", "3578.125"),
            bracket("0.5", "4000", "4000"),
            bracket("0.9", "5400", "7000"),
        ],
    };
    let drawing = brackets.draw(Width::Narrow);
    all_inside(&drawing);
    assert_eq!(texts(&drawing, "label"), ["Lower quarter", "Median", "90 % are below"]);
    assert!(rects(&drawing, "bar").iter().all(|bar| bar.2 >= 4.0));
    assert_eq!(drawing.table.rows[0], ["Lower quarter", "3,500", "3,578.125"]);
    let name = |p: &str| bracket(p, "0", "1").name();
    assert_eq!(
        (name("0.500"), name("0.025"), name("1")),
        ("Median".into(), "2.5 % are below".into(), "100 % are below".into())
    );
}

#[test]
fn ticks_are_round_numbers_that_fit() {
    let labels = |lower, upper, px| -> Vec<String> {
        Axis::new((lower, upper), (0.0, px)).ticks(6).into_iter().map(|tick| tick.label).collect()
    };
    assert_eq!(labels(0.0, 1.0, 500.0), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
    assert_eq!(labels(2000.0, 7000.0, 500.0), ["2,000", "3,000", "4,000", "5,000", "6,000", "7,000"]);
    assert!(labels(2000.0, 7000.0, 120.0).len() <= 3);
    assert_eq!(labels(-1.0, 1.0, 500.0), ["\u{2212}1", "\u{2212}0.5", "0", "0.5", "1"]);
    assert_eq!(labels(0.0, 5e6, 500.0), ["0", "1 m", "2 m", "3 m", "4 m", "5 m"]);
    // One value alone, and one that is no number at all.
    assert!(!labels(5.0, 5.0, 500.0).is_empty());
    assert!(place("NaN").abs() < 1e-9 && place("1e400").abs() < 1e-9 && place("many").abs() < 1e-9);
}

#[test]
fn rounds_lead_down_to_their_goal() {
    let step = |round: u32| Step {
        round,
        change: 0.9 * 0.85_f64.powi(round as i32),
        bound: (round > 1).then(|| 6.0 * 0.85_f64.powi(round as i32)),
    };
    for rounds in [0, 1, 2, 90, 2_000] {
        let rounds = Rounds { steps: (1..=rounds).map(step).collect(), goal: 1e-6 };
        for width in [Width::Wide, Width::Narrow] {
            let drawing = rounds.draw(width);
            all_inside(&drawing);
            let lines =
                drawing.marks.iter().filter(|mark| matches!(mark, Mark::Line { class: "fit", .. })).count();
            assert!(lines <= 161 && (rounds.steps.len() < 3 || lines > 0));
            assert!(drawing.table.rows.len() <= 41);
        }
    }
    let rounds = Rounds { steps: (1..=90).map(step).collect(), goal: 1e-6 };
    let drawing = rounds.draw(Width::Wide);
    assert_eq!(drawing.description, "After 90 rounds π is within 2.7·10⁻⁶ of the exact one.");
    assert_eq!(drawing.table.rows.last().unwrap()[0], "90");
    assert!(texts(&drawing, "tick").contains(&"10⁻⁶"));
    assert_eq!(scientific(0.0), "0");
    assert_eq!(scientific(0.85), "0.85");
    assert_eq!(scientific(9.99e-7), "1.0·10⁻⁶");
}

#[test]
fn a_goal_that_is_no_distance_is_not_drawn() {
    let step = Step { round: 1, change: 0.5, bound: Some(f64::MAX) };
    for goal in [f64::INFINITY, f64::NAN, -1.0, 0.0, 1e300, 1e-300] {
        let drawing = Rounds { steps: vec![step, Step { round: 2, ..step }], goal }.draw(Width::Wide);
        all_inside(&drawing);
        assert!(texts(&drawing, "tick").len() < 20);
        let goals = drawing.marks.iter().filter(|mark| matches!(mark, Mark::Line { class: "goal", .. }));
        assert_eq!(goals.count(), usize::from(goal > 0.0 && goal.is_finite()));
    }
}
