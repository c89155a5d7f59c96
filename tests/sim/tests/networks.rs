//! The simulator on every run of the tests: a few seeds of everything, and proof that it finds what it is
//! there to find.

use sim::{Malice, Options, Report, Weather, run};

fn hold(report: &Report) {
    let seed = report.seed;
    assert!(
        report.violation.is_none(),
        "seed {seed}: {}; `cargo xtask sim --from {seed} --seeds 1 --trace` with as many nodes shows it again",
        report.violation.as_ref().expect("just seen")
    );
}

#[test]
fn rough_networks_hold_every_invariant() {
    let (mut results, mut crashes) = (0, 0);
    for seed in 0..40 {
        let report = run(seed, &Options::new(30));
        hold(&report);
        results += report.tally.results;
        crashes += report.tally.crashes;
    }
    assert!(results >= 20, "{results} results: too few to have shown anything");
    assert!(crashes >= 20, "{crashes} crashes: too few to have shown anything");
}

#[test]
fn calm_networks_end_in_results() {
    for seed in 0..5 {
        let report = run(seed, &Options { weather: Weather::Calm, ..Options::new(15) });
        hold(&report);
        let other = |code: &&String| !code.contains("too-few") && !code.contains("differencing");
        assert_eq!(report.tally.refusals.keys().filter(other).collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(report.tally.results > 0);
        let mean_ms = report.tally.result_after_ms / report.tally.results;
        assert!(mean_ms < 4_000, "results come {mean_ms} ms after their deadlines");
    }
}

#[test]
fn a_seed_replays_event_by_event() {
    for seed in 7..11 {
        let (first, second) = (run(seed, &Options::new(25)), run(seed, &Options::new(25)));
        assert_eq!(first, second);
        assert!(first.tally.events > 1_000);
    }
    assert_ne!(run(7, &Options::new(25)).trace, run(8, &Options::new(25)).trace);
}

#[test]
fn the_canary_is_found_and_replays() {
    let planted = Options { canary: true, ..Options::new(20) };
    let found = (0..60).map(|seed| run(seed, &planted)).find(|report| report.violation.is_some());
    let found = found.expect("the planted bug is found within 60 seeds");
    assert_eq!(run(found.seed, &planted), found, "and again, at the same moment");
    hold(&run(found.seed, &Options::new(20)));
}

/// One who means ill among honest people in calm weather: whatever it does, the totals are exact.
fn alone(malice: Malice) -> Report {
    let options = Options { weather: Weather::Calm, malice: Some(malice), ..Options::new(10) };
    let mut total: Option<Report> = None;
    for seed in 0..3 {
        let report = run(seed, &options);
        hold(&report);
        assert!(report.tally.results > 0, "{malice:?} keeps honest people from a result");
        match &mut total {
            Some(total) => total.tally.add(&report.tally),
            None => total = Some(report),
        }
    }
    total.expect("three runs")
}

fn refused(report: &Report, reason: &str) -> u64 {
    report.tally.reports_refused.get(reason).copied().unwrap_or_default()
}

#[test]
fn garbage_is_counted_and_left_unanswered() {
    assert!(alone(Malice::Garbage).tally.malformed > 0);
}

#[test]
fn replays_of_other_peoples_shares_do_not_open() {
    assert!(refused(&alone(Malice::Replays), "malformed") > 0);
}

#[test]
fn reports_to_some_heavy_nodes_only_are_left_out() {
    alone(Malice::Partial);
}

#[test]
fn of_two_reports_at_most_one_counts() {
    assert!(refused(&alone(Malice::TwoReports), "duplicate") > 0);
}

#[test]
fn shares_sealed_for_another_do_not_open() {
    assert!(refused(&alone(Malice::WrongSeal), "malformed") > 0);
}

#[test]
fn oversized_messages_are_refused() {
    alone(Malice::Oversized);
}

#[test]
fn a_flood_drowns_nobody() {
    alone(Malice::Flood);
}

#[test]
fn a_value_out_of_range_counts_as_it_was_shared() {
    alone(Malice::OutOfRange);
}

#[test]
fn a_false_heavy_node_is_told_nothing() {
    alone(Malice::FalseHeavy);
}

#[test]
fn silence_is_hung_up_on() {
    alone(Malice::Silent);
}

#[test]
fn hanging_up_again_and_again_hurts_nobody_else() {
    alone(Malice::Flapper);
}

#[test]
fn what_nobody_may_accept_is_not_accepted() {
    let honest =
        run(0, &Options { weather: Weather::Calm, malice: Some(Malice::Silent), ..Options::new(10) });
    let options = Options { weather: Weather::Calm, malice: Some(Malice::BadProposer), ..Options::new(10) };
    let report = run(0, &options);
    hold(&report);
    assert_eq!(report.tally.computations, honest.tally.computations);
}
