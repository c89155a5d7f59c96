//! The command line.

mod comp;
mod consent;
mod data;
mod fellow;
mod ffcm;
mod job;
mod local;
mod logs;
mod man;
mod node;
mod page;
mod propose;
mod question;
mod rank;
mod reach;
mod receipt;
mod up;
mod view;
mod work;
mod workers;

pub(crate) use comp::end::headline;

use crate::{
    descriptors, guests,
    heavy::{self, HeavyOptions, Rewriter},
    home::Home,
    light::{self, LightOptions, Work},
    output::Out,
    stop::Stop,
};
use ::node::Rule;
use anyhow::{Context, Result, bail};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use libp2p::Multiaddr;
use logs::LogFormat;
use net::Transport;
use std::{
    io::IsTerminal,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    process::ExitCode,
};

/// The first port of a heavy node that is told none.
const PORT: u16 = 4_800;
/// The HTTP address that is asked where none is given.
const HOST: &str = "http://127.0.0.1:4800";
/// Guests of jobs that a heavy node runs at a time, where nobody says.
const JUDGE: u16 = 1;
const GIB: u64 = 1024 * 1024 * 1024;
/// Gibibytes of reports that a heavy node keeps.
const REPORTS_GIB: u32 = (::node::KEPT_BYTES_MAX / GIB) as u32;
/// Most jobs without an end at a heavy node, where nobody says.
const JOBS_MAX: u32 = 100_000;
/// The same, of one submitter.
const JOBS_EACH_MAX: u32 = 10_000;
/// The exit status of a computation or a job that ended without a result.
const REFUSED: u8 = 3;

/// Formix: a compute network whose light nodes are browser tabs.
///
/// Without a command, runs one heavy node.
#[derive(Debug, Parser)]
#[command(
    name = "formix",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  \
        formix up                          three heavy nodes on this machine, and the page\n  \
        formix heavy --fellow URL          one heavy node of a network with others\n  \
        formix light --host URL --data penguins=penguins.csv --approve all\n  \
        formix comp propose --dataset penguins --value mass --lower 0 --upper 10000 --deadline 60s --wait\n\n\
        Exit status: 0 done, 1 failed, 2 wrong usage, 3 the computation or job ended without a result, or π did not converge."
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct Common {
    /// Where nodes keep what they keep [default: FORMIX_HOME, or ~/.formix]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    home: Option<PathBuf>,
    /// Print JSON, one document a line
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// How logs are written to standard error
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Human, value_name = "FORMAT", help_heading = "Everywhere")]
    log_format: LogFormat,
    /// What is logged, as in `info` or `native_host=debug,libp2p=info` [default: FORMIX_LOG]
    #[arg(long, global = true, value_name = "FILTER", help_heading = "Everywhere")]
    log: Option<String>,
    /// What stands between the heavy node and the network; no flag gives one.
    #[arg(skip)]
    rewriter: Option<Rewriter>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a local network of three heavy nodes, and stay until Ctrl-C
    Up(up::UpArgs),
    /// Run one heavy node
    #[command(after_help = "Examples:\n  \
        formix heavy\n  \
        formix heavy --listen 0.0.0.0 --external-ip 203.0.113.7 --fellow https://b.example --fellow https://c.example\n  \
        formix heavy --announce /dns4/a.example/tcp/443/wss --allow-host a.example")]
    Heavy(HeavyArgs),
    /// Run one light node
    #[command(after_help = "Examples:\n  \
        formix light --host http://127.0.0.1:4800 --data penguins=penguins.csv --approve dataset:penguins\n  \
        formix light --name lab --host https://a.example --approve ask\n  \
        formix light --work --slots 2")]
    Light(LightArgs),
    /// Run one light node that runs other people's jobs and holds parts of their graphs: `light --work --graphs`. Everybody may read which node held a part, and its kind of device
    #[command(after_help = "Example:\n  formix node --host https://a.example --slots 2")]
    Node(LightArgs),
    /// Make a node and start it in the background
    #[command(after_help = "Examples:\n  \
        formix new-node --heavy -- --fellow http://127.0.0.1:4800\n  \
        formix new-node --light --name lab -- --host http://127.0.0.1:4800 --approve all")]
    NewNode(node::NewNodeArgs),
    /// Stop a node of this home, or all
    #[command(after_help = "Examples:\n  formix stop-node lab\n  formix stop-node --all")]
    StopNode(node::StopNodeArgs),
    /// Show this home's nodes and the network
    #[command(after_help = "Examples:\n  formix view\n  formix view --host https://a.example --json")]
    View(view::ViewArgs),
    /// Propose a computation; or list, show, watch, verify, cancel, answer computations
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = comp::PROPOSE_EXAMPLES,
    )]
    Comp(Box<comp::CompArgs>),
    /// Look after the records of this home's light nodes
    Data {
        #[command(subcommand)]
        what: data::DataCommand,
    },
    /// What a light node of this home answers without asking, how much it may, and what it has answered
    #[command(after_help = "Examples:\n  \
        formix consent show\n  \
        formix consent allow --dataset penguins --participants-min 50\n  \
        formix consent limit --each-attribute 10/30d")]
    Consent {
        #[command(subcommand)]
        what: consent::ConsentCommand,
    },
    /// Run WASM jobs: on this machine, or on the nodes of a network
    Job {
        #[command(subcommand)]
        what: job::JobCommand,
    },
    /// What a light node of this home gives to other people's jobs, and what it has run
    #[command(
        after_help = "Examples:\n  formix work show\n  formix work start --slots 2\n  formix work stop"
    )]
    Work {
        #[command(subcommand)]
        what: work::WorkCommand,
    },
    /// List who takes jobs, found from one address
    Workers(workers::WorkersArgs),
    /// Check the receipts of jobs
    Receipt {
        #[command(subcommand)]
        what: receipt::ReceiptCommand,
    },
    /// Rank the nodes of a graph by π, the share of all focus that each holds: the same bits on every machine
    #[command(args_conflicts_with_subcommands = true, after_help = rank::EXAMPLES)]
    Rank(Box<rank::RankArgs>),
    /// Tell a running heavy node of another
    #[command(after_help = "Example:\n  formix fellow http://127.0.0.1:4810 --node heavy")]
    Fellow(fellow::FellowArgs),
    /// Run programs on the focus-flow compute machine
    Ffcm {
        #[command(subcommand)]
        what: ffcm::FfcmCommand,
    },
    /// Print a script that completes this command line in a shell
    #[command(
        after_help = "Example:\n  formix completions bash > ~/.local/share/bash-completion/completions/formix"
    )]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Write the manual pages of this command line
    #[command(after_help = "Example:\n  formix man ~/.local/share/man/man1")]
    Man(man::ManArgs),
}

#[derive(Debug, Args)]
struct HeavyArgs {
    /// Which node of this home; it is made where there is none of this name
    #[arg(long, default_value = "heavy")]
    name: String,
    /// The address to listen on; `0.0.0.0` for all
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "IP")]
    listen: IpAddr,
    /// The first of five ports: HTTP (TCP), WebRTC (UDP), QUIC (UDP), TCP, WebSocket (TCP). 0: the system
    /// chooses them once, and the node keeps them
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// An address under which this machine is reached from outside, with the same ports; repeatable
    #[arg(long, value_name = "IP")]
    external_ip: Vec<IpAddr>,
    /// A further address to give out, as a multiaddr; repeatable
    #[arg(long, value_name = "MULTIADDR")]
    announce: Vec<Multiaddr>,
    /// The HTTP address of another heavy node of the network; repeatable
    #[arg(long, value_name = "URL")]
    fellow: Vec<String>,
    /// The HTTP address to give out to who looks for somebody that takes jobs, as `https://a.example`
    /// [default: that at the first address of the node]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    reach: reach::ReachArgs,
    /// The folder of the built page [default: FORMIX_PAGE, or where a package or `dist` has it]
    #[arg(long, value_name = "DIR")]
    page: Option<PathBuf>,
    /// A name that the node answers to, besides `localhost` and IP addresses; repeatable
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// A web origin whose pages may use the API, or `*`; repeatable
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Most gibibytes of reports' shares to keep at a time, for all computations; the file may become twice as large
    #[arg(long, default_value_t = REPORTS_GIB, value_name = "GIB", value_parser = clap::value_parser!(u32).range(1..))]
    reports_gib: u32,
    /// How many jobs this node runs itself at a time, to settle disputes and where a job asks for heavy nodes; 0: none
    #[arg(long, default_value_t = JUDGE, value_name = "COUNT")]
    judge: u16,
    /// Most jobs that wait or run
    #[arg(long, default_value_t = JOBS_MAX, value_name = "COUNT")]
    jobs_max: u32,
    /// Most jobs of one submitter that wait or run
    #[arg(long, default_value_t = JOBS_EACH_MAX, value_name = "COUNT")]
    jobs_each_max: u32,
    /// Stop when standard input ends
    #[arg(long, hide = true)]
    while_stdin: bool,
}

#[derive(Debug, Args)]
struct LightArgs {
    /// Which node of this home; it is made where there is none of this name
    #[arg(long, default_value = "light")]
    name: String,
    /// The HTTP address of a heavy node to learn the network from; repeatable, the first that answers
    /// counts
    #[arg(long, value_name = "URL", default_value = HOST)]
    host: Vec<String>,
    /// Import a CSV or JSON file as a data set of this name; repeatable
    #[arg(long, value_name = "NAME=FILE", value_parser = dataset)]
    data: Vec<(String, PathBuf)>,
    /// What is answered without asking: `all`, `dataset:NAME` (repeatable), or `ask` for nothing
    /// [default: as set before]
    #[arg(long, value_name = "RULE", value_parser = approval)]
    approve: Vec<Approval>,
    /// Which transports to dial with, the preferred first [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    transport: Vec<Dial>,
    /// Listen at two ports, TCP and UDP, so that a direct connection can take the place of one through a relay (DCUtR)
    #[arg(long)]
    hole_punch: bool,
    /// Run other people's jobs in the sandbox, from now on and after every start
    #[arg(long)]
    work: bool,
    /// Jobs of others at a time [default: one for each processor]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    slots: Option<u16>,
    /// Hold parts of other people's graphs as well: with --work, or where it was said before
    #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    graphs: Option<bool>,
    /// Run no more jobs of others, and hold no parts of graphs
    #[arg(long, conflicts_with_all = ["work", "slots", "graphs"])]
    no_work: bool,
    /// Stop when standard input ends
    #[arg(long, hide = true)]
    while_stdin: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Approval {
    All,
    Dataset(String),
    Ask,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dial {
    Quic,
    Tcp,
    Webrtc,
    Websocket,
    Relay,
}

fn dataset(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("write it as NAME=FILE")?;
    Ok((name.into(), file.into()))
}

fn approval(text: &str) -> Result<Approval, String> {
    match text {
        "all" => Ok(Approval::All),
        "ask" => Ok(Approval::Ask),
        _ => match text.strip_prefix("dataset:") {
            Some(name) if !name.is_empty() => Ok(Approval::Dataset(name.into())),
            _ => Err("expected `all`, `ask` or `dataset:NAME`".into()),
        },
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    start(Cli::parse())
}

/// Runs the command line of this process, with something between its node and the network: for tests of what the
/// others make of a node that breaks the protocol.
pub fn main_with(rewriter: Rewriter) -> ExitCode {
    let mut cli = Cli::parse();
    cli.common.rewriter = Some(rewriter);
    start(cli)
}

fn start(cli: Cli) -> ExitCode {
    let json = cli.common.json;
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            if json {
                eprintln!("{}", serde_json::json!({ "error": format!("{error:#}") }));
            } else {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let Cli { common, command } = cli;
    if let Some(Command::Completions { shell }) = &command {
        clap_complete::generate(*shell, &mut Cli::command(), "formix", &mut std::io::stdout());
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(Command::Man(args)) = &command {
        return man::man(args, Cli::command()).map(|()| ExitCode::SUCCESS);
    }
    let serves = matches!(
        command,
        None | Some(Command::Up(_) | Command::Heavy(_) | Command::Light(_) | Command::Node(_))
    );
    logs::start(common.log_format, common.log.as_deref(), serves)?;
    if serves {
        descriptors::take_all();
    }
    let out = Out { json: common.json };
    // Computes, and needs neither a home nor a network.
    let command = match command {
        Some(Command::Rank(args)) => return rank::rank(*args, &out),
        command => command,
    };
    let home = Home::open(common.home.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting")?;
    let code = runtime.block_on(dispatch(command, &common, &home, &out));
    // A thread may still sit in a read of the terminal; nothing that matters runs there.
    runtime.shutdown_background();
    code
}

async fn dispatch(command: Option<Command>, common: &Common, home: &Home, out: &Out) -> Result<ExitCode> {
    match command {
        None => heavy_node(HeavyArgs::parse_none(), common, home, out).await?,
        Some(Command::Heavy(args)) => heavy_node(args, common, home, out).await?,
        Some(Command::Light(args)) => light_node(args, common, home, out).await?,
        Some(Command::Node(args)) => {
            let graphs = args.graphs.or((!args.no_work).then_some(true));
            light_node(LightArgs { work: !args.no_work, graphs, ..args }, common, home, out).await?;
        }
        Some(Command::Up(args)) => up::up(args, common, home, out).await?,
        Some(Command::NewNode(args)) => node::new_node(args, home, out).await?,
        Some(Command::StopNode(args)) => node::stop_node(args, home, out).await?,
        Some(Command::View(args)) => view::view(args, home, out).await?,
        Some(Command::Comp(args)) => return comp::comp(*args, home, out).await,
        Some(Command::Data { what }) => data::data(what, home, out).await?,
        Some(Command::Consent { what }) => consent::consent(what, home, out).await?,
        Some(Command::Job { what }) => return job::job(what, home, out).await,
        Some(Command::Work { what }) => work::work(what, home, out).await?,
        Some(Command::Workers(args)) => workers::workers(args, out).await?,
        Some(Command::Receipt { what }) => receipt::receipt(what, out).await?,
        Some(Command::Fellow(args)) => fellow::fellow(args, home, out).await?,
        Some(Command::Completions { .. } | Command::Man(_) | Command::Rank(_)) => {}
        Some(Command::Ffcm { what }) => ffcm::ffcm(what, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl HeavyArgs {
    /// What `formix heavy` without a flag is given.
    fn parse_none() -> Self {
        Self {
            name: "heavy".into(),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: PORT,
            external_ip: Vec::new(),
            announce: Vec::new(),
            fellow: Vec::new(),
            url: None,
            reach: reach::ReachArgs::default(),
            page: None,
            allow_host: Vec::new(),
            allow_origin: Vec::new(),
            reports_gib: REPORTS_GIB,
            judge: JUDGE,
            jobs_max: JOBS_MAX,
            jobs_each_max: JOBS_EACH_MAX,
            while_stdin: false,
        }
    }
}

async fn heavy_node(args: HeavyArgs, common: &Common, home: &Home, out: &Out) -> Result<()> {
    let stop = stop(args.while_stdin)?;
    let reach = args.reach.of_heavy(args.listen, &args.external_ip);
    let options = HeavyOptions {
        page: page::find(args.page)?,
        name: args.name,
        listen: args.listen,
        port: args.port,
        external: args.external_ip,
        announce: args.announce,
        fellows: args.fellow,
        url: args.url,
        reach,
        relays: args.reach.relay,
        allow_hosts: args.allow_host,
        allow_origins: args.allow_origin,
        reports_bytes_max: u64::from(args.reports_gib) * GIB,
        judge: args.judge,
        jobs_max: args.jobs_max,
        jobs_each_max: args.jobs_each_max,
        rewriter: common.rewriter,
    };
    heavy::run(home, options, out, stop).await
}

async fn light_node(args: LightArgs, common: &Common, home: &Home, out: &Out) -> Result<()> {
    let stop = stop(args.while_stdin)?;
    let asks = args.approve.contains(&Approval::Ask);
    if asks && args.approve.len() > 1 {
        bail!("--approve ask goes with no other rule");
    }
    let rule = |approval: &Approval| match approval {
        Approval::All => Some(Rule::default()),
        Approval::Dataset(name) => Some(Rule { dataset: Some(name.clone()), ..Rule::default() }),
        Approval::Ask => None,
    };
    let options = LightOptions {
        name: args.name,
        hosts: args.host,
        data: args.data,
        rules: (!args.approve.is_empty()).then(|| args.approve.iter().filter_map(rule).collect()),
        asks: asks && !out.json && std::io::stdin().is_terminal(),
        transports: transports(&args.transport),
        punches: args.hole_punch,
        work: match (args.work || args.slots.is_some() || args.graphs.is_some(), args.no_work) {
            (true, _) => {
                Some(Work::Slots { slots: args.slots.unwrap_or_else(guests::slots), graphs: args.graphs })
            }
            (false, true) => Some(Work::Nothing),
            (false, false) => None,
        },
        rewriter: common.rewriter,
    };
    light::run(home, options, out, stop).await
}

fn transports(chosen: &[Dial]) -> Vec<Transport> {
    let all = [Dial::Quic, Dial::Tcp, Dial::Webrtc, Dial::Websocket, Dial::Relay];
    let chosen = if chosen.is_empty() { &all } else { chosen };
    let transport = |dial: &Dial| match dial {
        Dial::Quic => Transport::Quic,
        Dial::Tcp => Transport::Tcp,
        Dial::Webrtc => Transport::WebrtcDirect,
        Dial::Websocket => Transport::Websocket,
        Dial::Relay => Transport::Relay,
    };
    chosen.iter().map(transport).collect()
}

fn stop(while_stdin: bool) -> Result<Stop> {
    let stop = Stop::new();
    stop.on_signals().context("listening for signals")?;
    if while_stdin {
        stop.on_stdin_end();
    }
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_means_a_heavy_node_with_the_defaults() {
        let Some(Command::Heavy(parsed)) = Cli::parse_from(["formix", "heavy"]).command else { panic!() };
        assert_eq!(format!("{parsed:?}"), format!("{:?}", HeavyArgs::parse_none()));
    }

    #[test]
    fn approvals_are_read() {
        assert_eq!(approval("all"), Ok(Approval::All));
        assert_eq!(approval("dataset:penguins"), Ok(Approval::Dataset("penguins".into())));
        assert!(approval("dataset:").is_err());
        assert!(approval("everything").is_err());
    }
}
