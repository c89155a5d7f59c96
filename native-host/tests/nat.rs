//! A heavy node and a worker, each behind a router of its own that lets nobody in, meet through a relay, and then directly. A node learns from others
//! whether it is reached from outside, and has its router open its ports.
//!
//! The networks are namespaces of the kernel, which only root makes; the router that opens ports runs miniupnpd. Without either the tests that need it
//! count as ignored.

mod common;

use common::{
    Node, PATIENCE, formix,
    guests::{SLOW, guest},
};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

fn main() -> ExitCode {
    let can = Namespaces::can();
    if let Err(why) = &can {
        eprintln!("no network namespaces here, so what is behind routers is not tested: {why}");
    }
    let igd = can.clone().and_then(|()| system("miniupnpd", &["--version"], "").map(drop));
    if let (Ok(()), Err(why)) = (&can, &igd) {
        eprintln!("no router here that opens ports, so UPnP is not tested: {why}");
    }
    let trial = |name, test: fn() -> Result<(), Failed>, can: &Result<(), String>| {
        Trial::test(name, test).with_ignored_flag(can.is_err())
    };
    let trials = vec![
        trial("a_worker_behind_a_router_does_a_job_through_a_relay", through_a_relay, &can),
        trial("a_direct_connection_takes_the_place_of_the_relayed_one", directly, &can),
        trial("a_node_learns_whether_it_is_reached_from_outside", is_told, &can),
        trial("a_router_opens_the_ports_of_a_node_that_asks_it_to", opens_ports, &igd),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs a system program; gives what it says, or what went wrong.
fn system(program: &str, args: &[&str], input: &str) -> Result<String, String> {
    let said = |error: std::io::Error| format!("{program}: {error}");
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(said)?;
    child.stdin.take().expect("piped").write_all(input.as_bytes()).map_err(said)?;
    let output = child.wait_with_output().map_err(said)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{program} {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}

/// Networks of the kernel, gone when this is dropped. Addresses for documentation would do for all but UPnP, where routers and libp2p take none but
/// the Internet's; no packet leaves.
///
/// ```text
/// "wan" 11.0.0.1, .2        everybody reaches
///   ├─ .10 "gate-a" 10.1.0.1 ── "home-a" 10.1.0.2     the router lets port 4800 in, for HTTP, and nothing else
///   └─ .20 "gate-b" 10.2.0.1 ── "home-b" 10.2.0.2     the router lets nothing in
/// ```
struct Namespaces {
    prefix: String,
    made: Vec<String>,
}

impl Namespaces {
    /// Whether this machine makes them.
    fn can() -> Result<(), String> {
        let mut probe = Self::new("probe");
        probe.add("one")?;
        probe.nft("one", "table ip probe { }\n")
    }

    fn new(name: &str) -> Self {
        Self { prefix: format!("formix-{}-{name}", std::process::id()), made: Vec::new() }
    }

    fn name(&self, of: &str) -> String {
        format!("{}-{of}", self.prefix)
    }

    fn add(&mut self, of: &str) -> Result<(), String> {
        let name = self.name(of);
        system("ip", &["netns", "add", &name], "")?;
        self.made.push(name);
        self.ip(of, "link set lo up")
    }

    fn ip(&self, of: &str, args: &str) -> Result<(), String> {
        let name = self.name(of);
        let args: Vec<&str> = ["-n", &name].into_iter().chain(args.split(' ')).collect();
        system("ip", &args, "").map(drop)
    }

    fn nft(&self, of: &str, rules: &str) -> Result<(), String> {
        system("ip", &["netns", "exec", &self.name(of), "nft", "-f", "-"], rules).map(drop)
    }

    /// A cable between two networks.
    fn cable(&self, (one, one_end): (&str, &str), (two, two_end): (&str, &str)) -> Result<(), String> {
        let (one, two) = (self.name(one), self.name(two));
        let args =
            ["link", "add", one_end, "netns", &one, "type", "veth", "peer", "name", two_end, "netns", &two];
        system("ip", &args, "").map(drop)
    }

    fn built(name: &str) -> Result<Self, String> {
        let mut all = Self::new(name);
        all.add("wan")?;
        all.ip("wan", "link add wan type bridge")?;
        all.ip("wan", "address add 11.0.0.1/24 dev wan")?;
        all.ip("wan", "address add 11.0.0.2/24 dev wan")?;
        all.ip("wan", "link set wan up")?;
        for (letter, at, inside) in [("a", 10, 1), ("b", 20, 2)] {
            let (gate, home, plug) =
                (format!("gate-{letter}"), format!("home-{letter}"), format!("plug-{letter}"));
            all.add(&gate)?;
            all.add(&home)?;
            all.cable(("wan", &plug), (&gate, "out"))?;
            all.cable((&gate, "in"), (&home, "eth"))?;
            all.ip("wan", &format!("link set {plug} master wan up"))?;
            all.ip(&gate, &format!("address add 11.0.0.{at}/24 dev out"))?;
            all.ip(&gate, "link set out up")?;
            all.ip(&gate, &format!("address add 10.{inside}.0.1/24 dev in"))?;
            all.ip(&gate, "link set in up")?;
            all.ip(&home, &format!("address add 10.{inside}.0.2/24 dev eth"))?;
            all.ip(&home, "link set eth up")?;
            all.ip(&home, &format!("route add default via 10.{inside}.0.1"))?;
            let name = all.name(&gate);
            let forward = "echo 1 > /proc/sys/net/ipv4/ip_forward";
            system("ip", &["netns", "exec", &name, "sh", "-c", forward], "")?;
            let lets_in = match letter {
                "a" => "iifname \"out\" tcp dport 4800 dnat to 10.1.0.2",
                _ => "",
            };
            // What comes for nobody is dropped without a word, as routers do.
            all.nft(
                &gate,
                &format!(
                    "table ip home {{
                        chain in {{
                            type nat hook prerouting priority -100;
                            {lets_in}
                        }}
                        chain out {{
                            type nat hook postrouting priority 100;
                            oifname \"out\" masquerade
                        }}
                        chain here {{
                            type filter hook input priority 0;
                            iifname \"out\" ct state new drop
                        }}
                    }}\n"
                ),
            )?;
        }
        Ok(all)
    }

    /// The program under test, in one of the networks.
    fn formix(&self, of: &str, home: &Path, args: &[&str]) -> tokio::process::Command {
        let program = formix(home);
        let mut command = tokio::process::Command::new("ip");
        command.args(["netns", "exec", &self.name(of)]).arg(program.as_std().get_program());
        command.env("FORMIX_HOME", home).current_dir(home).arg("--json").args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    async fn node(&self, of: &str, home: &TempDir, args: &[&str]) -> Node {
        Node::from(self.formix(of, home.path(), args).spawn().unwrap()).await
    }

    /// What a heavy node says of itself, once `holds` takes it; asked from one of the networks.
    /// A dial back of which no answer comes in time is asked for again, each quarter of a minute.
    async fn says(&self, of: &str, home: &Path, url: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let status = self.run(of, home, &["view", "--host", url]).await[0]["heavy"][0].take();
                if holds(&status) {
                    return status;
                }
                sleep(Duration::from_millis(500)).await;
            }
        };
        timeout(2 * PATIENCE, asking).await.unwrap_or_else(|_| panic!("{url} does not come to say so"))
    }

    async fn run(&self, of: &str, home: &Path, args: &[&str]) -> Vec<Value> {
        let output = timeout(PATIENCE, self.formix(of, home, args).output()).await.expect("it ends").unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.made {
            if let Err(error) = system("ip", &["netns", "delete", name], "") {
                eprintln!("{error}");
            }
        }
    }
}

/// The program that opens ports in many routers, in one of the networks; gone when this is dropped.
struct Igd {
    child: Child,
    _files: TempDir,
}

impl Igd {
    /// Where it writes its rules. It takes only the names by which it finds them.
    const RULES: &str = "table inet filter {
        chain miniupnpd { }
        chain prerouting_miniupnpd { }
        chain postrouting_miniupnpd { }
        chain forward {
            type filter hook forward priority 0;
            jump miniupnpd
        }
        chain prerouting {
            type nat hook prerouting priority -100;
            jump prerouting_miniupnpd
        }
        chain postrouting {
            type nat hook postrouting priority 99;
            jump postrouting_miniupnpd
        }
    }\n";

    fn start(networks: &Namespaces, of: &str, inside: &str) -> Result<Self, Failed> {
        networks.nft(of, Self::RULES)?;
        let files = tempfile::tempdir()?;
        let (config, log) = (files.path().join("miniupnpd.conf"), files.path().join("log"));
        let rules = format!("allow 1024-65535 {inside} 1024-65535\ndeny 0-65535 0.0.0.0/0 0-65535\n");
        fs::write(
            &config,
            format!(
                "ext_ifname=out\nlistening_ip=in\nhttp_port=0\nenable_upnp=yes\nenable_natpmp=no\nsecure_mode=yes\n{rules}"
            ),
        )?;
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &networks.name(of), "miniupnpd", "-d", "-4", "-f"]).arg(config);
        command.arg("-P").arg(files.path().join("pid")).stdin(Stdio::null());
        command.stdout(fs::File::create(&log)?).stderr(fs::File::options().append(true).open(&log)?);
        let mut igd = Self { child: command.spawn()?, _files: files };
        let began = Instant::now();
        // Who asks before it listens is told nothing, and asks no more.
        while !fs::read_to_string(&log)?.contains("HTTP listening") {
            if igd.child.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                return Err(format!("miniupnpd does not listen: {}", fs::read_to_string(&log)?).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(igd)
    }
}

impl Drop for Igd {
    fn drop(&mut self) {
        // An error says that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn through_a_relay() -> Result<(), Failed> {
    meet("relay", &[])
}

fn directly() -> Result<(), Failed> {
    meet("direct", &["--hole-punch"])
}

fn meet(name: &str, light: &[&str]) -> Result<(), Failed> {
    let networks = Namespaces::built(name)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(a_job_is_done(&networks, light));
    Ok(())
}

async fn a_job_is_done(networks: &Namespaces, light: &[&str]) {
    let homes: Vec<TempDir> = (0..5).map(|_| tempfile::tempdir().unwrap()).collect();
    let log = ["--log", "info,native_host=debug"];
    let heavy = |listen: &'static str| ["heavy", "--listen", listen, "--judge", "0"].into_iter().chain(log);
    let args: Vec<&str> = heavy("11.0.0.1").collect();
    let relay = networks.node("wan", &homes[0], &args).await;
    let args: Vec<&str> = heavy("11.0.0.2").chain(["--fellow", relay.url()]).collect();
    let third = networks.node("wan", &homes[1], &args).await;

    let place = format!("/ip4/11.0.0.1/tcp/4803/p2p/{}", relay.ready["id"].as_str().unwrap());
    let hidden_url = "http://11.0.0.10:4800";
    let args: Vec<&str> = heavy("10.1.0.2")
        .chain(["--relay", &place, "--url", hidden_url, "--fellow", relay.url(), "--fellow", third.url()])
        .collect();
    let hidden = networks.node("home-a", &homes[2], &args).await;
    hidden.logs("p2p-circuit").await;
    for (home, other) in [(0, third.url()), (0, hidden_url), (1, hidden_url)] {
        networks.run("wan", homes[home].path(), &["fellow", other]).await;
    }

    let args: Vec<&str> = ["node", "--slots", "1", "--host", relay.url()].into_iter().chain(log).collect();
    let mut worker = networks.node("home-b", &homes[3], &[&args, light].concat()).await;
    let all = |event: &Value| (event["to"].as_array().unwrap().len() == 3).then_some(());
    worker.event("offered", all).await;
    assert!(
        worker.log().contains("p2p-circuit"),
        "the two reach each other in no other way: {}",
        worker.log()
    );
    if !light.is_empty() {
        worker.logs("a direct connection takes the place of a relayed one").await;
        hidden.logs("a direct connection takes the place of a relayed one").await;
    }

    // It does not take its router's address for its own.
    let is_reached = "reach this node, or not to address=/ip4/11.0.0.10/";
    assert!(!hidden.log().contains(is_reached), "{}", hidden.log());

    // From the address of the relay, somebody finds the hidden heavy node, and has the worker run a job.
    let client = homes[4].path();
    let spec = client.join("slow.yaml");
    fs::write(&spec, format!("module: {}\n", guest(client, "slow.wasm", SLOW))).unwrap();
    let submit = ["job", "submit", spec.to_str().unwrap(), "--wait", "--host", hidden_url];
    let told = networks.run("wan", client, &submit).await;
    let ended = told.last().unwrap();
    assert_eq!(ended["view"]["state"], "done");
    assert_eq!(ended["view"]["result"]["nodes"], serde_json::json!([worker.ready["id"]]));

    // A heavy node says every few seconds what its workers take, and this one's worker has only just come.
    let listed = async {
        loop {
            let look = ["workers", "--bootstrap", &place, "--kind", "native"];
            let found = networks.run("wan", client, &look).await;
            let workers = found[0]["workers"].as_array().unwrap();
            if let Some(found) = workers.iter().find(|worker| worker["node"] == hidden.ready["id"]) {
                return found.clone();
            }
            sleep(Duration::from_millis(500)).await;
        }
    };
    let found = timeout(PATIENCE, listed).await;
    let found = found.unwrap_or_else(|_| panic!("the hidden one is not found: {}", relay.log()));
    assert!(found["addresses"][0].as_str().unwrap().contains("p2p-circuit"), "{found}");
}

fn is_told() -> Result<(), Failed> {
    let mut networks = Namespaces::built("told")?;
    networks.add("street")?;
    networks.cable(("wan", "plug-s"), ("street", "eth"))?;
    networks.ip("wan", "link set plug-s master wan up")?;
    networks.ip("street", "address add 11.0.0.30/24 dev eth")?;
    networks.ip("street", "link set eth up")?;
    tokio::runtime::Runtime::new()?.block_on(fellows_dial_back(&networks));
    Ok(())
}

async fn fellows_dial_back(networks: &Namespaces) {
    let homes: Vec<TempDir> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let first = networks.node("wan", &homes[0], &["heavy", "--listen", "11.0.0.1", "--judge", "0"]).await;
    // Nobody can say anything of who knows nobody.
    let lonely = networks.says("wan", homes[0].path(), first.url(), |_| true).await;
    assert_eq!(lonely["reach"], serde_json::json!({ "reached": null, "addresses": [] }));

    let args = ["heavy", "--judge", "0", "--fellow", first.url(), "--listen"];
    let open = networks.node("street", &homes[1], &[&args[..], &["11.0.0.30"]].concat()).await;
    let hidden = networks.node("home-a", &homes[2], &[&args[..], &["10.1.0.2"]].concat()).await;
    let known = |status: &Value| !status["reach"]["reached"].is_null();
    let told = networks.says("wan", homes[1].path(), open.url(), known).await;
    assert_eq!(told["reach"]["reached"], true, "{told}");
    let checked = &told["reach"]["addresses"][0];
    assert_eq!(checked["fellow"], first.ready["id"]);
    let address = checked["address"].as_str().unwrap();
    assert!(address.starts_with("/ip4/11.0.0.30/"), "{address}");
    assert!(told["addresses"].as_array().unwrap().contains(&checked["address"]), "{told}");

    let told = networks.says("wan", homes[2].path(), "http://11.0.0.10:4800", known).await;
    assert_eq!(told["reach"]["reached"], false, "{told}");
    assert_eq!(
        told["reach"]["addresses"],
        serde_json::json!([]),
        "its router's address is not given out: {told}"
    );
    let inside = |address: &Value| address.as_str().unwrap().starts_with("/ip4/10.1.0.2/");
    assert!(told["addresses"].as_array().unwrap().iter().all(inside), "it gives no other out: {told}");
    hidden.logs("no fellow reaches this node from outside").await;
    let told = networks.says("wan", homes[1].path(), open.url(), known).await;
    let checked = told["reach"]["addresses"].as_array().unwrap();
    assert!(checked.iter().all(|checked| checked["reached"] == true), "{told}");
    assert!(!open.log().contains("no fellow reaches this node"), "{}", open.log());
}

fn opens_ports() -> Result<(), Failed> {
    let networks = Namespaces::built("upnp")?;
    let _igd = Igd::start(&networks, "gate-a", "10.1.0.0/24")?;
    tokio::runtime::Runtime::new()?.block_on(a_client_gets_in(&networks));
    Ok(())
}

async fn a_client_gets_in(networks: &Namespaces) {
    let homes: Vec<TempDir> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let gate = networks.name("gate-a");
    let opened =
        || system("ip", &["netns", "exec", &gate, "nft", "list", "chain", "inet", "filter", "miniupnpd"], "");
    let url = "http://11.0.0.10:4800";
    let heavy = ["heavy", "--listen", "10.1.0.2", "--judge", "0", "--url", url];
    let outer = ["heavy", "--listen", "11.0.0.1", "--judge", "0", "--fellow", url];
    let log = ["--log", "info,native_host=debug"];

    // A router that would open ports opens none for who does not ask.
    let closed = networks.node("home-a", &homes[0], &heavy).await;
    let outside = networks.node("wan", &homes[1], &[&outer[..], &log].concat()).await;
    outside.logs("dial failed").await;
    let status = networks.says("wan", homes[1].path(), url, |_| true).await;
    assert!(!status["addresses"].to_string().contains("11.0.0.10"), "{status}");
    assert!(!opened().unwrap().contains("dport"), "{}", opened().unwrap());
    assert!(!outside.log().contains("connected "), "{}", outside.log());
    outside.terminate().await;
    closed.terminate().await;

    let open = networks.node("home-a", &homes[0], &[&heavy[..], &["--upnp"]].concat()).await;
    let all = |status: &Value| status["reach"]["addresses"].as_array().is_some_and(|all| all.len() == 4);
    let status = networks.says("wan", homes[1].path(), url, all).await;
    for checked in status["reach"]["addresses"].as_array().unwrap() {
        assert!(checked["reached"] == true && checked["fellow"].is_null(), "{checked}");
        assert!(checked["address"].as_str().unwrap().starts_with("/ip4/11.0.0.10/"), "{checked}");
        assert!(status["addresses"].as_array().unwrap().contains(&checked["address"]), "{status}");
    }
    for port in 4801..=4804 {
        assert!(opened().unwrap().contains(&format!("dport {port}")), "{}", opened().unwrap());
    }
    let outside = networks.node("wan", &homes[2], &[&outer[..], &log].concat()).await;
    let up = |status: &Value| status["fellows"][0]["up"] == true;
    let linked = networks.says("wan", homes[2].path(), outside.url(), up).await;
    assert_eq!(linked["fellows"][0]["peer"], open.ready["id"]);
    assert_ne!(linked["fellows"][0]["transport"], "relay");
    let log = outside.log();
    let gets_in = |line: &str| line.contains(" connected ") && line.contains("address=/ip4/11.0.0.10/");
    assert!(log.lines().any(gets_in) && !log.contains("p2p-circuit"), "{log}");
}
