//! Somebody with many tiny jobs: `submitter URL COUNT ROUNDS [KIND]`.
//!
//! Sends `ROUNDS` jobs to the heavy node at `URL`, one after the other, and then `COUNT` as fast as it takes them, for nodes of the `KIND` alone where one is
//! given (`tab`, `native`); checks that each ended as it must, and receipts of some. Each line of output is a figure in JSON: `name`, `unit`, `values`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use codec::ContentId;
use data_encoding::HEXLOWER;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jobs::{
    JobView, Limits, Manifest, Receipt,
    manifest::{Blob, Constraints, ENTRY, Kind, Quorum, VERSION},
    view::{JobState, Page},
};
use keys::{Envelope, Identity};
use native_host::clock;
use reqwest::Client;
use serde_json::{Value, json};

/// Writes five bytes.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\08\00\00\00\05\00\00\00hello")
    (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))))"#;
/// Jobs in one request.
const BATCH: usize = 500;
/// Requests under way at once.
const REQUESTS: usize = 4;
/// Jobs whose receipts are fetched and checked.
const CHECKED_MAX: usize = 500;
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two looks at one job, and at many. Who asks without a pause takes the processor from who works.
const LOOK: Duration = Duration::from_millis(1);
const LOOK_AT_MANY: Duration = Duration::from_millis(20);

struct Submitter {
    http: Client,
    url: String,
    identity: Identity,
    module: ContentId,
    kinds: Vec<Kind>,
}

impl Submitter {
    fn sign(&self, count: usize) -> Result<Vec<(ContentId, Envelope)>> {
        let created = clock::now();
        let sign = |_| {
            let manifest = Manifest {
                version: VERSION,
                name: "tiny".into(),
                submitter: self.identity.id(),
                module: Blob::Id(self.module),
                input: Blob::default(),
                entry: ENTRY.into(),
                args: vec!["tiny".into()],
                env: Vec::new(),
                limits: Limits { fuel: 1_000_000, memory_bytes: 1 << 20, ..Limits::default() },
                replicas: 1,
                quorum: Quorum::Majority,
                constraints: Constraints { kinds: self.kinds.clone(), ..Constraints::default() },
                created,
                deadline: created.plus_ms(3_600_000),
                priority: 0,
                deterministic: true,
                nonce: HEXLOWER.encode(&rand::random::<[u8; 16]>()),
            };
            let envelope = manifest.sign(&self.identity)?;
            Ok((ContentId::of(&envelope.payload), envelope))
        };
        (0..count).map(sign).collect()
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T> {
        let url = format!("{}/api/v1/{path}", self.url);
        let bytes = self.http.get(url).send().await?.error_for_status()?.bytes().await?;
        serde_json::from_slice(&bytes).context(path.to_owned())
    }

    async fn submit(&self, jobs: &[(ContentId, Envelope)]) -> Result<()> {
        let mut body: Vec<u8> = Vec::new();
        for (_, envelope) in jobs {
            body.extend(envelope.to_json());
            body.push(b'\n');
        }
        let request = self.http.post(format!("{}/api/v1/jobs", self.url));
        let request = request.header("content-type", "application/x-ndjson").body(body);
        let answers = request.send().await?.error_for_status()?.text().await?;
        for answer in answers.lines() {
            let answer: Value = serde_json::from_str(answer)?;
            ensure!(answer["id"].is_string(), "a job was not taken: {answer}");
        }
        Ok(())
    }

    /// Waits until the job has ended as it must.
    async fn end(&self, id: ContentId) -> Result<JobView> {
        let began = Instant::now();
        loop {
            let view: JobView = self.get(&format!("jobs/{id}")).await?;
            if view.state.is_end() {
                ensure!(view.state == JobState::Done, "{view:?}");
                return Ok(view);
            }
            ensure!(began.elapsed() < PATIENCE, "no end: {view:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Checks a job's receipts; gives how many milliseconds after it was submitted its guest began.
    async fn check(&self, view: &JobView, envelope: &Envelope) -> Result<f64> {
        let receipts: Vec<Envelope> = self.get(&format!("jobs/{}/receipts", view.id)).await?;
        let (job, manifest) = Manifest::open(envelope)?;
        let [receipt] = receipts.as_slice() else { bail!("{} receipts", receipts.len()) };
        let (receipt, witnesses) = Receipt::open(receipt)?;
        receipt.follows(job, &manifest)?;
        ensure!(receipt.output == ContentId::of(b"hello") && witnesses.len() == 1, "{receipt:?}");
        Ok(receipt.started.since_ms(view.submitted) as f64)
    }

    /// One job at a time: from the request to its end, and until its guest began.
    async fn one_by_one(&self, rounds: usize) -> Result<()> {
        let (mut whole, mut dispatch) = (Vec::new(), Vec::new());
        for job in self.sign(rounds)? {
            let began = Instant::now();
            self.submit(std::slice::from_ref(&job)).await?;
            let view = self.end(job.0).await?;
            whole.push(began.elapsed().as_secs_f64() * 1_000.0);
            dispatch.push(self.check(&view, &job.1).await?);
        }
        for (name, values) in [("one.end_ms", &mut whole), ("one.dispatch_ms", &mut dispatch)] {
            values.sort_by(f64::total_cmp);
            figure(&format!("{name}.p50"), "ms", &[values[values.len() / 2]]);
            figure(&format!("{name}.p99"), "ms", &[values[values.len() * 99 / 100]]);
        }
        Ok(())
    }

    /// Many at once: until the last has ended.
    async fn many(&self, count: usize) -> Result<()> {
        let jobs = self.sign(count)?;
        let began = Instant::now();
        stream::iter(jobs.chunks(BATCH).map(Ok))
            .try_for_each_concurrent(REQUESTS, |batch| self.submit(batch))
            .await?;
        let taken = began.elapsed().as_secs_f64();
        let submitter = self.identity.id();
        for state in ["waiting", "running", "waiting"] {
            loop {
                let open: Page =
                    self.get(&format!("jobs?submitter={submitter}&state={state}&limit=1")).await?;
                if open.jobs.is_empty() {
                    break;
                }
                ensure!(began.elapsed() < PATIENCE, "no end: {:?}", open.jobs);
                tokio::time::sleep(LOOK_AT_MANY).await;
            }
        }
        let ended = began.elapsed().as_secs_f64();
        figure("many.taken_per_s", "jobs/s", &[count as f64 / taken]);
        figure("many.ended_per_s", "jobs/s", &[count as f64 / ended]);

        let began = Instant::now();
        let part = &jobs[..count.min(CHECKED_MAX)];
        let dispatch: Vec<f64> = stream::iter(part)
            .map(|(id, envelope)| async move { self.check(&self.end(*id).await?, envelope).await })
            .buffered(REQUESTS)
            .try_collect()
            .await?;
        figure(
            "receipts_checked_per_s",
            "receipts/s",
            &[dispatch.len() as f64 / began.elapsed().as_secs_f64()],
        );
        Ok(())
    }
}

fn figure(name: &str, unit: &str, values: &[f64]) {
    println!("{}", json!({ "name": name, "unit": unit, "values": values }));
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let url = args.next().context("no URL")?;
    let count = args.next().context("no COUNT")?.parse()?;
    let rounds: usize = args.next().context("no ROUNDS")?.parse()?;
    let kind = args.next().map(|name| serde_json::from_value(json!(name)).context("no such KIND"));
    let kinds = kind.transpose()?.into_iter().collect();
    let http = Client::builder().no_proxy().build()?;
    let module = wat::parse_str(GUEST)?;
    let id = ContentId::of(&module);
    http.put(format!("{url}/api/v1/blobs/{id}")).body(module).send().await?.error_for_status()?;
    let submitter = Submitter { http, url, identity: Identity::from_seed(rand::random()), module: id, kinds };
    // The first job brings the module to the nodes.
    let warm = submitter.sign(1)?;
    submitter.submit(&warm).await?;
    submitter.end(warm[0].0).await?;
    if rounds > 0 {
        submitter.one_by_one(rounds).await?;
    }
    submitter.many(count).await
}
