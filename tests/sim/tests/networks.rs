//! The simulator on every run of the tests: a few seeds of everything, and proof that it finds what it is
//! there to find.

use aggregate::Scheme;
use sim::{Canary, Lie, Malice, Options, Report, Tally, Weather, run};

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
    let mut total = Tally::default();
    for seed in 0..40 {
        let report = run(seed, &Options::new(20));
        hold(&report);
        total.add(&report.tally);
    }
    let enough = [
        ("results", total.results, 20),
        ("crashes", total.crashes, 20),
        ("schemes with results", total.by_scheme.len() as u64, 3),
        ("reports rejected", total.rejected, 10),
        ("heavy nodes that stop", total.dead, 3),
        ("heavy nodes that lie", total.liars, 5),
        ("results of two", total.by_two, 1),
    ];
    for (what, count, least) in enough {
        assert!(count >= least, "{count} {what}: too few to have shown anything");
    }
}

#[test]
fn calm_networks_end_in_results() {
    for seed in 0..5 {
        let report = run(seed, &Options { weather: Weather::Calm, ..Options::new(15) });
        hold(&report);
        let stated = |code: &String| ["too-few", "differencing"].iter().any(|known| code.contains(known));
        assert!(report.tally.refusals.keys().all(stated), "{:?}", report.tally.refusals);
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

/// A planted bug is found within so many seeds, at the same moment each time; without it, that seed holds.
fn found(canary: Canary, options: Options) {
    let planted = Options { canary: Some(canary), ..options };
    let found = (0..60).map(|seed| run(seed, &planted)).find(|report| report.violation.is_some());
    let found = found.expect("the planted bug is found within 60 seeds");
    assert_eq!(run(found.seed, &planted), found, "and again, at the same moment");
    hold(&run(found.seed, &options));
}

#[test]
fn a_promise_that_no_disk_kept_is_found() {
    found(Canary::Promise, Options::new(20));
}

#[test]
fn reports_that_nobody_checked_are_found() {
    for scheme in [Scheme::Rep64, Scheme::Prio3] {
        found(Canary::Unchecked, Options { scheme: Some(scheme), ..Options::new(20) });
    }
}

#[test]
fn evidence_that_nobody_shows_is_missed() {
    let lying = Options { scheme: Some(Scheme::Rep64), lie: Some(Lie::Sum), ..Options::new(15) };
    found(Canary::Hush, Options { weather: Weather::Calm, ..lying });
}

/// One heavy node that lies among honest ones in calm weather.
fn lied_to(scheme: Scheme, lie: Lie, seeds: u64) -> Tally {
    let calm = Options { weather: Weather::Calm, ..Options::new(12) };
    let options = Options { scheme: Some(scheme), lie: Some(lie), ..calm };
    let mut total = Tally::default();
    for seed in 0..seeds {
        let report = run(seed, &options);
        hold(&report);
        total.add(&report.tally);
    }
    total
}

#[test]
fn a_lie_about_sums_is_named_and_changes_no_result_of_rep64() {
    for lie in [Lie::Sum, Lie::Total] {
        let total = lied_to(Scheme::Rep64, lie, 6);
        assert!(total.lies > 0 && total.results > 0 && total.wrong == 0, "{lie:?}: {total:?}");
        assert!(total.evidence > 0, "{lie:?}: {total:?}");
    }
    for lie in Lie::ALL {
        assert_eq!(lied_to(Scheme::Rep64, lie, 2).wrong, 0);
    }
}

#[test]
fn who_lies_about_its_sum_and_the_result_makes_additive64_and_prio3_wrong_unnoticed() {
    for scheme in [Scheme::Additive64, Scheme::Prio3] {
        let total = lied_to(scheme, Lie::Total, 6);
        assert!(total.wrong > 0 && total.evidence == 0, "{scheme}: {total:?}");
        // A sum alone does not fit what the liar signs, so that there is no result.
        assert_eq!(lied_to(scheme, Lie::Sum, 3).wrong, 0);
        for lie in [Lie::Commit, Lie::Offer, Lie::Verifier, Lie::Signature, Lie::Withhold] {
            assert_eq!(lied_to(scheme, lie, 2).wrong, 0, "{scheme}, {lie:?}");
        }
    }
}

#[test]
fn whoever_tells_each_of_the_others_something_else_has_their_sums_over_one_set() {
    for scheme in Scheme::ALL {
        let total = lied_to(scheme, Lie::Equivocate, 6);
        assert!(total.lies > 0 && total.wrong == 0, "{scheme}: {total:?}");
    }
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
fn shares_and_commitments_that_do_not_fit_are_rejected_unseen() {
    for malice in [Malice::BadShares, Malice::BadPublic] {
        for scheme in [Scheme::Rep64, Scheme::Prio3] {
            let mut rejected = 0;
            for seed in 0..3 {
                let calm = Options { weather: Weather::Calm, ..Options::new(10) };
                let report = run(seed, &Options { malice: Some(malice), scheme: Some(scheme), ..calm });
                hold(&report);
                rejected += report.tally.rejected;
            }
            assert!(rejected > 0, "{malice:?} by {scheme}");
        }
    }
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

#[test]
fn jobs_end_right_or_are_refused_with_a_reason() {
    let mut total = Tally::default();
    for seed in 0..12 {
        let report = run(seed, &Options { jobs: 40, ..Options::new(20) });
        hold(&report);
        total.add(&report.tally);
    }
    let enough = [
        ("jobs", total.jobs, 400),
        ("jobs with a result", total.jobs_done, 380),
        ("jobs that a heavy node settled", total.jobs_judged, 5),
        ("guests that were lost", total.guests_lost, 20),
        ("crashes", total.crashes, 5),
    ];
    for (what, count, least) in enough {
        assert!(count >= least, "{count} {what}: too few to have shown anything");
    }
}

#[test]
fn rankings_end_with_the_bits_of_one_machine() {
    let mut total = Tally::default();
    for seed in 0..40 {
        let report = run(seed, &Options { rankings: 3, ..Options::new(10) });
        hold(&report);
        total.add(&report.tally);
    }
    let enough = [
        ("rankings", total.rankings, 100),
        ("rankings with π", total.rankings_done, 95),
        ("holders that were replaced", total.rankings_replaced, 100),
        ("liars that were found", total.rankings_liars, 50),
        ("crashes", total.crashes, 20),
    ];
    for (what, count, least) in enough {
        assert!(count >= least, "{count} {what}: too few to have shown anything");
    }
}
