use super::*;
use crate::{
    cli::job::{
        follow, hand,
        plan::{self, Signed},
    },
    near::Near,
};
use axum::{Json, Router, body::Bytes, extract::Path, response::Redirect, routing};
use codec::ContentId;
use jobs::{
    JobView, Limits,
    capability::{Capability, LIFE_MS_MAX, Offer, Terms, VERSION},
    manifest::{Blob, ENTRY, Kind},
    view::{JobState, LeaseView},
};
use keys::{Envelope, SealKey};
use node::Descriptor;
use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

const OUT: Out = Out { json: true };
const SHORT: Patience = Patience { silence: Duration::from_millis(500), start: Duration::from_millis(200) };

fn identity(number: u8) -> Identity {
    Identity::from_seed([number; 32])
}

/// One job that nobody will run, with next to no time.
fn plan() -> Plan {
    let deadline = clock::now().plus_ms(600_000);
    let manifest = plan::manifest("tiny", Blob::Id(ContentId::of(b"")), &identity(9), deadline);
    let limits = Limits { wall_ms: 10, ..Limits::default() };
    let manifest = Manifest { limits, entry: ENTRY.into(), ..manifest };
    let job = Signed::new(&manifest, &identity(9)).unwrap();
    let mut plan = Plan::default();
    plan.jobs.push(job);
    plan
}

/// A heavy node as clients see it, which takes jobs and shows each in the same state for ever.
#[derive(Clone)]
struct Fake {
    url: String,
    /// What was asked: method and path, without the job.
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl Fake {
    /// One that says that it is `number`.
    async fn start(number: u8, state: JobState, is_leased: bool) -> Self {
        let asked = Arc::<Mutex<Vec<&'static str>>>::default();
        let note = |what| {
            let asked = Arc::clone(&asked);
            move || asked.lock().unwrap().push(what)
        };
        let descriptor = Descriptor {
            version: 1,
            id: identity(number).id(),
            seal: SealKey::from_seed([1; 32]).public(),
            addresses: Vec::new(),
            issued: clock::now(),
        };
        let (document, hears) = (descriptor.sign(&identity(number)), note("node"));
        let node = routing::get(async move || {
            hears();
            Json(document)
        });
        let hears = note("submit");
        let submit = routing::post(async move |body: Bytes| {
            hears();
            let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let taken = lines.map(|line| {
                let id = ContentId::of(&Envelope::from_json(line).unwrap().payload);
                format!("{}\n", json!({ "id": id, "able": 1, "words": "" }))
            });
            taken.collect::<String>()
        });
        let view = routing::get(async move |Path(id): Path<String>| {
            let lease = LeaseView {
                node: identity(number).id(),
                kind: Some(Kind::Native),
                since: clock::now(),
                until: clock::now(),
            };
            Json(JobView {
                id: id.parse().unwrap(),
                name: "tiny".into(),
                submitter: identity(9).id(),
                state,
                submitted: clock::now(),
                deadline: clock::now(),
                ended: None,
                replicas: 1,
                leases: is_leased.then_some(lease).into_iter().collect(),
                why: None,
                result: None,
                receipts: 0,
                refusal: None,
            })
        });
        let hears = note("cancel");
        let cancel = routing::post(async move |Path(id): Path<String>| {
            hears();
            Json(json!({ "id": id }))
        });
        let app = Router::new()
            .route("/api/v1/node", node)
            .route("/api/v1/jobs", submit)
            .route("/api/v1/jobs/{id}", view)
            .route("/api/v1/jobs/{id}/cancel", cancel);
        Self { url: serve(app).await, asked }
    }

    fn asked(&self) -> Vec<&'static str> {
        self.asked.lock().unwrap().clone()
    }

    /// The host that a search has found at its address, and that says it is `number`.
    fn host(&self, number: u8) -> Host {
        let api = Api::told(&self.url, Near::Machine).unwrap();
        Host { patience: Some(SHORT), ..Host::found(api, identity(number).id()) }
    }
}

async fn serve(app: Router) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // It ends with the test's runtime.
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// Has one of the hosts do the plan; gives where it was done, and the state that it ended in.
async fn done(hosts: Vec<Host>) -> Result<(String, JobState)> {
    let attempt = async |host: &Host, plan: &Plan| {
        hand::hand_in(host, plan, &OUT).await?;
        let ids: Vec<ContentId> = plan.jobs.iter().map(|job| job.id).collect();
        let views = follow::wait(host, &ids, follow::work(&plan.jobs), &OUT).await?;
        Ok((host.api.url().to_string(), views[0].state))
    };
    let submitter = identity(9);
    let doing = Hosts(hosts).at_one(plan(), &submitter, &OUT, attempt);
    time::timeout(Duration::from_secs(20), doing).await.expect("nobody is waited for without an end")
}

#[tokio::test]
async fn who_begins_nothing_or_ends_nothing_is_left_and_the_job_taken_back() {
    for is_leased in [false, true] {
        let sits =
            Fake::start(1, if is_leased { JobState::Running } else { JobState::Waiting }, is_leased).await;
        let does = Fake::start(2, JobState::Done, false).await;
        let (at, state) = done(vec![sits.host(1), does.host(2)]).await.unwrap();
        assert_eq!((at.trim_end_matches('/'), state), (does.url.as_str(), JobState::Done));
        assert_eq!(sits.asked(), ["node", "submit", "cancel"]);
    }
}

#[tokio::test]
async fn where_nobody_begins_they_are_asked_again_with_more_patience() {
    let busy = Fake::start(1, JobState::Waiting, false).await;
    let (host, deadline) = (busy.host(1), Duration::from_secs(3));
    let waiting = time::timeout(deadline, done(vec![host])).await;
    assert!(waiting.is_err(), "there may be a place before the job's deadline");
    // After 200 ms, and 800 more.
    let asked = busy.asked().iter().filter(|what| **what == "submit").count();
    assert!((2..=3).contains(&asked), "{asked} times");
}

#[tokio::test]
async fn a_job_goes_only_to_the_node_that_gave_the_address() {
    let (other, does) =
        (Fake::start(3, JobState::Done, false).await, Fake::start(2, JobState::Done, false).await);
    let (at, _) = done(vec![other.host(1), does.host(2)]).await.unwrap();
    assert_eq!(at.trim_end_matches('/'), does.url);
    assert_eq!(other.asked(), ["node"], "it is given nothing");
    let error = format!("{:#}", done(vec![other.host(1)]).await.unwrap_err());
    assert!(error.contains("for its own address"), "{error}");
}

#[tokio::test]
async fn a_stranger_has_nobody_go_to_an_address_nearer_than_where_the_search_began() {
    let inside = Fake::start(1, JobState::Done, false).await;
    let error = Api::told(&inside.url, Near::Network).unwrap_err();
    assert!(matches!(error, ApiError::TooNear(_)), "{error}");
    for at in ["http://10.0.0.1", "http://[fd00::1]:80", "http://0x7f.1", "http://[::ffff:192.168.0.1]"] {
        assert!(matches!(Api::told(at, Near::Internet), Err(ApiError::TooNear(_))), "{at}");
    }
    // Nor by a name, or by way of another.
    let named = inside.url.replace("127.0.0.1", "localhost");
    let error = Api::told(&named, Near::Network).unwrap().is_of(identity(1).id()).await.unwrap_err();
    assert!(matches!(error, ApiError::Unreachable { .. }), "{error}");
    let to = format!("{}/api/v1/node", inside.url);
    let sends = serve(Router::new().fallback(async move || Redirect::temporary(&to))).await;
    let error = Api::told(&sends, Near::Machine).unwrap().is_of(identity(1).id()).await.unwrap_err();
    assert!(matches!(error, ApiError::Refused { .. }), "{error}");
    assert_eq!(inside.asked(), [""; 0]);
}

/// What a search found: nodes with so many places free, at these addresses.
fn search(nodes: &[(u8, u32, &str)], near: Near) -> Search {
    let found = nodes.iter().map(|(number, free, url)| {
        let offer = Offer {
            kind: Kind::Native,
            slots: u32::MAX,
            free: *free,
            memory_bytes_max: 1 << 40,
            fuel_max: 1 << 50,
            wall_ms_max: u32::MAX,
            gas: "any".into(),
        };
        let issued = clock::now();
        let advert = Capability {
            version: VERSION,
            node: identity(*number).id(),
            url: Some((*url).into()),
            offers: vec![offer],
            terms: Terms { jobs_max: 1, jobs_each_max: 1 },
            issued,
            expires: issued.plus_ms(LIFE_MS_MAX),
        };
        Found { node: advert.node, addresses: Vec::new(), advert }
    });
    Search { found: found.collect(), near, ..Search::default() }
}

#[test]
fn who_says_that_it_has_many_places_free_goes_first_no_more_often_than_others() {
    let (plan, at) = (plan(), "http://198.51.100.1");
    let manifests: Vec<&Manifest> = plan.jobs.iter().map(|job| &job.manifest).collect();
    let nodes = [(1, u32::MAX, at), (2, FREE_COUNTED, at), (3, FREE_COUNTED, at), (4, 0, at)];
    let mut first = 0;
    for seed in 0..300 {
        let hosts = hosts(&mut search(&nodes, Near::Internet), &manifests, seed);
        let order: Vec<Option<NodeId>> = hosts.iter().map(|host| host.node).collect();
        first += u32::from(order[0] == Some(identity(1).id()));
        assert_eq!((order.len(), order[3]), (4, Some(identity(4).id())), "who has no place is asked last");
        let again = super::hosts(&mut search(&nodes, Near::Internet), &manifests, seed);
        assert_eq!(again.iter().map(|host| host.node).collect::<Vec<_>>(), order);
    }
    assert!((50..150).contains(&first), "{first} of 300");
}

#[test]
fn who_gives_an_address_that_is_too_near_is_told_among_the_lost() {
    let plan = plan();
    let manifests: Vec<&Manifest> = plan.jobs.iter().map(|job| &job.manifest).collect();
    let mut search = search(&[(1, 1, "http://192.168.0.1"), (2, 1, "http://127.0.0.1:1")], Near::Network);
    let hosts = hosts(&mut search, &manifests, 1);
    assert_eq!(hosts.iter().map(|host| host.node).collect::<Vec<_>>(), [Some(identity(1).id())]);
    assert_eq!(search.lost.len(), 1);
    let words = seen(&search);
    assert!(words.contains("127.0.0.1:1/ leads to this machine"), "{words}");
}

#[tokio::test]
async fn ids_of_hosts_that_are_given_up_are_not_told_as_those_that_count() {
    let fake = Fake::start(1, JobState::Done, false).await;
    assert!(hand::may_change(true, &fake.host(1)));
    assert!(!hand::may_change(false, &fake.host(1)), "who does not wait leaves them there");
    assert!(!hand::may_change(true, &Host::named(Api::new(&fake.url).unwrap())));
}
