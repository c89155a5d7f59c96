//! `/metrics`: OpenMetrics text for Prometheus.

use super::{Site, problem::Problem};
use crate::clock;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jobs::{
    WorkerView,
    view::{Counts, JobState},
};
use node::heavy::HeavyView;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};
use std::{collections::BTreeMap, sync::atomic::AtomicU64};

type Labels = [(&'static str, String); 1];

pub(super) async fn metrics(State(site): State<Site>) -> Result<Response, Problem> {
    let seen = site.node.look(|node| (node.view(), node.job_counts(), node.workers()));
    let (view, counts, workers) = seen.await.map_err(|_| Problem::stopping())?;
    let mut stages: BTreeMap<String, i64> = BTreeMap::new();
    for computation in site.public.views() {
        *stages.entry(word(&computation.stage)).or_default() += 1;
    }
    let mut registry = Registry::with_prefix("formix");
    reports(&mut registry, &view);
    jobs(&mut registry, &counts, &workers);

    let lights: Family<Labels, Gauge> = Family::default();
    for (transport, count) in &view.lights {
        lights.get_or_create(&[("transport", word(transport))]).set(i64::from(*count));
    }
    registry.register("lights", "Connected light nodes", lights);

    let fellows = Gauge::<i64>::default();
    fellows.set(view.fellows.iter().filter(|link| link.up).count() as i64);
    registry.register("fellows_up", "Other heavy nodes that are connected", fellows);

    if let Some(reached) = site.checked.borrow().anywhere() {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::from(reached));
        let help = "1 where this node is reached from outside, 0 where nobody gets in; absent while that is not known";
        registry.register("reached", help, gauge);
    }

    let computations: Family<Labels, Gauge> = Family::default();
    for (stage, count) in stages {
        computations.get_or_create(&[("stage", stage)]).set(count);
    }
    registry.register("computations", "Computations kept here", computations);

    let help = "Time that the store took to make a batch durable";
    registry.register_with_unit("store_commit", help, Unit::Seconds, site.commits.clone());

    let storage = Gauge::<i64>::default();
    storage.set(i64::from(view.storage_error.is_some()));
    registry.register("store_failing", "1 while the store takes nothing", storage);

    if let Some(memory) = memory_stats::memory_stats() {
        let resident = Gauge::<i64>::default();
        resident.set(i64::try_from(memory.physical_mem).unwrap_or(i64::MAX));
        let help = "Memory that the process occupies";
        registry.register_with_unit("resident_memory", help, Unit::Bytes, resident);
    }

    let mut text = String::new();
    encode(&mut text, &registry)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn reports(registry: &mut Registry, view: &HeavyView) {
    let counters = &view.counters;
    let reports: Family<Labels, Counter> = Family::default();
    let count = |outcome: String, count: u64| {
        reports.get_or_create(&[("outcome", outcome)]).inc_by(count);
    };
    count("acknowledged".into(), counters.reports_acknowledged);
    count("repeated".into(), counters.reports_repeated);
    count("rejected".into(), counters.reports_rejected);
    for (refusal, refused) in &counters.reports_refused {
        count(word(refusal), *refused);
    }
    registry.register("reports", "Reports by what became of them", reports);
    let malformed: Counter = Counter::default();
    malformed.inc_by(counters.malformed_messages);
    registry.register("malformed_messages", "Messages that did not decode", malformed);
}

fn jobs(registry: &mut Registry, counts: &Counts, workers: &[WorkerView]) {
    let jobs: Family<Labels, Gauge> = Family::default();
    for state in JobState::ALL {
        let count = counts.states.get(&state).copied().unwrap_or_default();
        jobs.get_or_create(&[("state", state.name().into())]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("jobs", "Jobs known here", jobs);

    let age = Gauge::<f64, AtomicU64>::default();
    age.set(counts.waiting_since.map_or(0.0, |since| clock::now().since_ms(since) as f64 / 1_000.0));
    let help = "How long the oldest of the jobs that wait has been here";
    registry.register_with_unit("jobs_queue_age", help, Unit::Seconds, age);

    let (nodes, slots): (Family<Labels, Gauge>, Family<Labels, Gauge>) =
        (Family::default(), Family::default());
    let busy: Family<Labels, Gauge> = Family::default();
    for worker in workers {
        let kind = [("kind", worker.kind.name().to_owned())];
        nodes.get_or_create(&kind).inc();
        slots.get_or_create(&kind).inc_by(worker.slots.into());
        busy.get_or_create(&kind).inc_by(worker.busy.into());
    }
    registry.register("workers", "Nodes that take jobs", nodes);
    registry.register("workers_slots", "Jobs that they run at a time", slots);
    registry.register("workers_jobs", "Jobs that they have", busy);
}

/// The word that the API uses for a value.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "other".into(),
    }
}
