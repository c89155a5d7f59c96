//! The page build: four wasm programs, their JavaScript, the files of `www/`, one output folder.
//!
//! `cargo` compiles `ui`, which page and worker both run, without and with the views of jobs, `runner`, which runs other people's programs and is
//! loaded by those who agreed to that, and `reckoner`, which ranks graphs and reduces nets and is loaded with the views that show them; wasm-bindgen, used
//! as a library so that its version is the lockfile's, writes their JavaScript; binaryen's `wasm-opt` shrinks them. A release build names each file by its
//! content, so that it may be cached for ever, and compresses it; a development build keeps plain names, which `www/index.html` refers to.
//!
//! `index.html` loads `page.js`, which starts `worker.js` as a module worker. Where somebody has gone to a view of jobs before, or the address names
//! one, it has `jobs.js` go on instead, which starts `worker-jobs.js`; that starts as many of `runner.js` as it lends cores. These loaders are the only
//! names that code needs to know.

mod manifest;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use libdeflater::{CompressionLvl, Compressor};
use wasm_bindgen_cli_support::Bindgen;

use crate::setup::{self, Npm, WASM};
use crate::sh::Cmd;
use crate::tree::Tree;
pub(crate) use manifest::write;
use manifest::{Manifest, Report};

/// A wasm program of the page.
struct Program {
    /// Its package.
    package: &'static str,
    /// What its files are called.
    name: &'static str,
    /// Whether the package is built without its default features.
    is_plain: bool,
    /// The modules that start it.
    loaders: &'static [Loader],
    /// Whether every tab loads it.
    first: bool,
    /// What wasm-opt makes of it.
    aim: Aim,
}

/// What wasm-opt makes a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// Small: it is waited for.
    Small,
    /// Quick: an interpreter's loop.
    Quick,
}

impl Aim {
    fn flag(self) -> &'static str {
        match self {
            Self::Small => "-Oz",
            Self::Quick => "-O3",
        }
    }
}

/// A module that starts a program.
struct Loader {
    /// Its name.
    file: &'static str,
    /// Of a page's loader, the worker's, which it starts first.
    worker: Option<&'static str>,
    /// The page's loader that goes on in place of this one where a person wants the views of jobs.
    jobs: Option<&'static str>,
}

impl Loader {
    const fn of_worker(file: &'static str) -> Self {
        Self { file, worker: None, jobs: None }
    }
}

/// The wasm programs.
const PROGRAMS: [Program; 4] = [
    Program {
        package: "ui",
        name: "ui",
        is_plain: true,
        loaders: &[
            Loader { file: "page.js", worker: Some("worker.js"), jobs: Some("jobs.js") },
            Loader::of_worker("worker.js"),
        ],
        first: true,
        aim: Aim::Small,
    },
    Program {
        package: "ui",
        name: "jobs-ui",
        is_plain: false,
        loaders: &[
            Loader { file: "jobs.js", worker: Some("worker-jobs.js"), jobs: None },
            Loader::of_worker("worker-jobs.js"),
        ],
        first: false,
        aim: Aim::Small,
    },
    Program {
        package: "runner",
        name: "runner",
        is_plain: false,
        loaders: &[Loader::of_worker("runner.js")],
        first: false,
        aim: Aim::Quick,
    },
    Program {
        package: "reckoner",
        name: "reckoner",
        is_plain: false,
        loaders: &[Loader::of_worker("reckoner.js")],
        first: false,
        aim: Aim::Quick,
    },
];

/// Style sheets that npm packages bring, and the name each gets.
const STYLES: [(&str, &str); 1] = [("@picocss/pico/css/pico.fluid.classless.min.css", "pico.min.css")];

/// What a person downloads before a tab can answer its first computation, gzipped, in bytes.
pub(crate) const FIRST_CONTRIBUTION_GZIP_MAX: u64 = 1_200_000;

/// What wasm-opt may use: the features that the compiler's own target has on. At the end functions are put in the order of their
/// names: those that were made of one generic are much alike, and gzip looks back no further than 32 KB.
const WASM_OPT: [&str; 9] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--reorder-functions-by-name",
    "--strip-debug",
    "--strip-producers",
];

/// How the page is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build: no wasm-opt, no compression, plain names.
    Dev,
    /// Small to download: optimised, compressed, named by content.
    Release,
}

impl Profile {
    fn cargo(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "page",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "page",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }
}

/// Builds the page into `out`, unless what stands there was made from the same inputs, and reports its sizes.
///
/// Fails when a release page is larger than [`FIRST_CONTRIBUTION_GZIP_MAX`].
pub(crate) fn build(tree: &Tree, profile: Profile, out: &Path) -> Result<Report> {
    setup::rust_target(&tree.root, WASM)?;
    setup::npm(&tree.root, Npm::Page)?;
    for program in &PROGRAMS {
        let compiled = compile(tree, profile, program.package, program.is_plain)?;
        // Of one package's two programs, the second would take the first one's place.
        manifest::write(&program.compiled(tree, profile), &fs::read(compiled)?)?;
    }

    let inputs = inputs(tree, profile)?;
    let key = manifest::key(profile.name(), &inputs);
    let standing = Manifest::read(out).filter(|manifest| manifest.inputs == key && manifest.is_whole(out));
    let manifest = match standing {
        Some(manifest) => manifest,
        None => assemble(tree, profile, out, inputs, key)?,
    };
    let report = manifest.report(out);
    if profile == Profile::Release && report.first_contribution_gzip > FIRST_CONTRIBUTION_GZIP_MAX {
        eprint!("{report}");
        bail!(
            "the page takes {} bytes gzipped before its first contribution; {FIRST_CONTRIBUTION_GZIP_MAX} are allowed",
            report.first_contribution_gzip
        );
    }
    Ok(report)
}

/// Builds the wasm program of another package as a release page's programs are built, into the folder `out`: a module
/// `PACKAGE.js` that starts it and exports what it exports.
pub(crate) fn program(tree: &Tree, package: &str, aim: Aim, out: &Path) -> Result<()> {
    setup::rust_target(&tree.root, WASM)?;
    setup::npm(&tree.root, Npm::Page)?;
    let wasm = compile(tree, Profile::Release, package, false)?;
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    fs::create_dir_all(out)?;
    let (js, wasm) = bind(tree, Profile::Release, &wasm, out, package, aim, &mut Names::default())?;
    let module = format!(
        "import init from \"./{js}\";\nexport * from \"./{js}\";\n\
         await init({{ module_or_path: new URL(\"./{wasm}\", import.meta.url) }});\n"
    );
    manifest::write(&out.join(format!("{package}.js")), module.as_bytes())
}

impl Program {
    /// Where its compiled form is kept.
    fn compiled(&self, tree: &Tree, profile: Profile) -> PathBuf {
        tree.target
            .join("xtask")
            .join(format!("programs-{}", profile.name()))
            .join(format!("{}.wasm", self.name))
    }
}

/// Compiles a package's program; gives its path.
fn compile(tree: &Tree, profile: Profile, package: &str, is_plain: bool) -> Result<PathBuf> {
    let mut cargo = Cmd::cargo(&tree.root)
        .args(["build", "--target", WASM, "--profile", profile.cargo()])
        .args(["--package", package]);
    if is_plain {
        cargo = cargo.args(["--no-default-features"]);
    }
    if profile == Profile::Release {
        let mut flags = tree.remapped();
        // Leptos gives all its views one type then, which makes the program a tenth smaller.
        flags.push("--cfg=erase_components".into());
        cargo = cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    }
    cargo.run()?;
    Ok(tree.target.join(WASM).join(profile.folder()).join(format!("{package}.wasm")))
}

/// Every file that the output depends on: the compiled programs, `www/`, the npm style sheets.
fn inputs(tree: &Tree, profile: Profile) -> Result<BTreeMap<String, PathBuf>> {
    let mut inputs = BTreeMap::new();
    for program in &PROGRAMS {
        inputs.insert(format!("{}.wasm", program.name), program.compiled(tree, profile));
    }
    for (package_path, name) in STYLES {
        inputs.insert(name.into(), tree.root.join("node_modules").join(package_path));
    }
    let www = tree.root.join("www");
    for path in files_under(&www)? {
        let name = slashed(path.strip_prefix(&www)?);
        if let Some(other) = inputs.insert(name.clone(), path) {
            bail!("www/{name} would overwrite {} in the page", other.display());
        }
    }
    Ok(inputs)
}

fn assemble(
    tree: &Tree,
    profile: Profile,
    out: &Path,
    inputs: BTreeMap<String, PathBuf>,
    key: String,
) -> Result<Manifest> {
    let work = tree.target.join("xtask").join(format!("page-{}", profile.name()));
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;

    let mut names = Names::default();
    for (name, path) in &inputs {
        if name.ends_with(".wasm") {
            continue;
        }
        let fixed = matches!(name.rsplit('.').next(), Some("html" | "txt" | "webmanifest" | "ico"));
        let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        if profile == Profile::Release && !fixed {
            names.add(&work, name, &bytes)?;
        } else {
            manifest::write(&work.join(name), &bytes)?;
        }
    }
    let (mut preload, mut later) = (String::new(), Vec::new());
    for program in &PROGRAMS {
        let compiled = &inputs[&format!("{}.wasm", program.name)];
        let (js, wasm) = bind(tree, profile, compiled, &work, program.name, program.aim, &mut names)?;
        for loader in program.loaders {
            manifest::write(&work.join(loader.file), loader.source(&js, &wasm).as_bytes())?;
        }
        if program.first {
            preload = format!(
                "<link rel=\"modulepreload\" href=\"/{js}\">\n    \
                 <link rel=\"preload\" href=\"/{wasm}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\n  "
            );
        } else {
            later.extend(program.loaders.iter().map(|loader| loader.file.to_owned()));
            later.extend([js, wasm]);
        }
    }
    if profile == Profile::Release {
        let index = work.join("index.html");
        let html = fs::read_to_string(&index).context("www/index.html is what the page starts from")?;
        let html = names.rewrite(&html).replacen("</head>", &format!("  {preload}</head>"), 1);
        fs::write(&index, html)?;
        compress(tree, &work)?;
    }

    let manifest = Manifest::of(&work, profile.name(), key, names.immutable(), &later)?;
    manifest.install(&work, out)?;
    Ok(manifest)
}

/// Writes a program's JavaScript and wasm into `work`; returns their names there.
fn bind(
    tree: &Tree,
    profile: Profile,
    wasm: &Path,
    work: &Path,
    program: &str,
    aim: Aim,
    names: &mut Names,
) -> Result<(String, String)> {
    let dev = profile == Profile::Dev;
    // The loader of a program may have its plain name.
    let stem = format!("{program}_bindings");
    let started = Instant::now();
    Bindgen::new()
        .web(true)?
        .input_path(wasm)
        .out_name(&stem)
        .typescript(false)
        .omit_default_module_path(true)
        .keep_debug(dev)
        // wasm-opt orders by them, and drops them.
        .remove_name_section(false)
        .remove_producers_section(!dev)
        .generate(work)
        .with_context(|| format!("wasm-bindgen could not bind {}", wasm.display()))?;
    eprintln!("  bound {program} in {:.1} s", started.elapsed().as_secs_f32());

    let js = format!("{stem}.js");
    let bound = format!("{stem}_bg.wasm");
    if dev {
        return Ok((js, bound));
    }
    let optimised = work.join(format!("{program}.opt.wasm"));
    Cmd::new(tree.root.join("node_modules/.bin/wasm-opt"), &tree.root)
        .arg(aim.flag())
        .args(WASM_OPT)
        .args([&work.join(&bound), Path::new("-o"), &optimised])
        .run()?;
    let wasm = names.add(work, &format!("{program}.wasm"), &fs::read(&optimised)?)?;
    fs::remove_file(optimised)?;
    fs::remove_file(work.join(bound))?;
    let bytes = fs::read(work.join(&js))?;
    fs::remove_file(work.join(&js))?;
    Ok((names.add(work, &js, &bytes)?, wasm))
}

/// Starts the worker beside the page's program instead of after it, and keeps what it says until the program takes it:
/// the other half is `browser/bridge/src/begin.rs`.
const BEGIN_WORKER: &str = r#"const worker = new Worker("/WORKER", { type: "module", name: "formix-node" });
const events = [];
const taken = new AbortController();
for (const name of ["message", "error", "messageerror"]) {
  worker.addEventListener(name, (event) => events.push(event), { signal: taken.signal });
}
globalThis.takeFormixWorker = () => {
  taken.abort();
  delete globalThis.takeFormixWorker;
  return { worker, events };
};
"#;

/// Says in the page that the program did not start, where the words "Starting" stand.
const SAY_FAILED: &str = r#"  const place = document.getElementById("starting");
  if (place) {
    place.removeAttribute("aria-busy");
    place.firstElementChild.textContent =
      "Formix did not start. Reload the page; if that does not help, this browser may be too old for it.";
  }
"#;

/// Whether a person wants the views of jobs: the address names one, or they were there before, which `browser/ui/src/app/more.rs` notes.
const WANTS_JOBS: &str = r##"const wantsJobs = () => {
  try {
    return /^#\/?(contribute|jobs|receipt|graph|machine)/.test(location.hash) || localStorage.getItem("formix-jobs") !== null;
  } catch {
    return false;
  }
};
"##;

impl Loader {
    /// The module. The Content-Security-Policy allows no inline script, so it is a file.
    fn source(&self, js: &str, wasm: &str) -> String {
        let (mut begin, mut failed) = (String::new(), "");
        if let Some(worker) = self.worker {
            (begin, failed) = (BEGIN_WORKER.replace("WORKER", worker), SAY_FAILED);
        }
        // Imported by a call, so that a file that is gone or not understood is caught too.
        let start = format!(
            "{begin}try {{\n  \
               const {{ default: init }} = await import(\"./{js}\");\n  \
               await init({{ module_or_path: new URL(\"./{wasm}\", import.meta.url) }});\n\
             }} catch (error) {{\n{failed}  throw error;\n}}\n"
        );
        match self.jobs {
            None => start,
            Some(other) => {
                format!(
                    "{WANTS_JOBS}if (wantsJobs()) {{\n\
                     try {{\n  await import(\"./{other}\");\n}} catch (error) {{\n{failed}  throw error;\n}}\n\
                     }} else {{\n{start}}}\n"
                )
            }
        }
    }
}

fn compress(tree: &Tree, work: &Path) -> Result<()> {
    let files: Vec<PathBuf> =
        files_under(work)?.into_iter().filter(|path| manifest::compresses(path)).collect();
    Cmd::new("node", &tree.root).arg("tests/xtask/src/compress.mjs").args(&files).run()?;
    files.iter().try_for_each(|path| gzip(path))
}

/// Writes `PATH.gz`: as small as gzip gets, which is smaller than zlib makes it.
fn gzip(path: &Path) -> Result<()> {
    let bytes = fs::read(path)?;
    let mut compressor = Compressor::new(CompressionLvl::best());
    let mut packed = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let len = compressor.gzip_compress(&bytes, &mut packed).context("the bound is too small")?;
    packed.truncate(len);
    let name = path.file_name().context("a file has a name")?.to_string_lossy();
    fs::write(path.with_file_name(format!("{name}.gz")), packed)?;
    Ok(())
}

/// Names by content: `style.css` becomes `style-0123456789abcdef.css`.
#[derive(Debug, Default)]
struct Names {
    by_plain: BTreeMap<String, String>,
}

impl Names {
    /// Writes `bytes` under the name their content gives `plain`, and returns that name.
    fn add(&mut self, work: &Path, plain: &str, bytes: &[u8]) -> Result<String> {
        let digest = &manifest::sha256(bytes)[..16];
        let name = match plain.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}-{digest}.{extension}"),
            None => format!("{plain}-{digest}"),
        };
        manifest::write(&work.join(&name), bytes)?;
        self.by_plain.insert(plain.to_owned(), name.clone());
        Ok(name)
    }

    /// `html` with each quoted absolute path replaced by the name its content gave it.
    fn rewrite(&self, html: &str) -> String {
        let mut html = html.to_owned();
        for (plain, name) in &self.by_plain {
            html = html.replace(&format!("\"/{plain}\""), &format!("\"/{name}\""));
        }
        html
    }

    fn immutable(&self) -> Vec<String> {
        self.by_plain.values().cloned().collect()
    }
}

/// Every file below `folder`, in order.
pub(crate) fn files_under(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A relative path as it stands in a URL.
fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
