use std::collections::BTreeMap;
use std::fs;

use super::manifest::{self, Manifest, sha256, write};
use super::{Loader, Names};

fn manifest_of(work: &std::path::Path, immutable: &[&str]) -> Manifest {
    let immutable = immutable.iter().map(|name| (*name).to_owned()).collect();
    Manifest::of(work, "release", "inputs".into(), immutable, &["runner.js".to_owned()]).unwrap()
}

#[test]
fn names_follow_content_and_html_follows_names() {
    let work = tempfile::tempdir().unwrap();
    let mut names = Names::default();
    let first = names.add(work.path(), "style.css", b"a{}").unwrap();
    assert_eq!(first, format!("style-{}.css", &sha256(b"a{}")[..16]));
    assert_eq!(fs::read(work.path().join(&first)).unwrap(), b"a{}");
    assert_eq!(
        names.rewrite("<link href=\"/style.css\"> <a href=\"/other.css\">"),
        format!("<link href=\"/{first}\"> <a href=\"/other.css\">")
    );
    let second = names.add(work.path(), "style.css", b"b{}").unwrap();
    assert_ne!(first, second);
}

#[test]
fn the_loader_names_both_files() {
    let loader = Loader { file: "page.js", worker: Some("worker.js"), jobs: Some("jobs.js") };
    let loader = loader.source("ui-1.js", "ui-2.wasm");
    for name in ["\"./ui-1.js\"", "\"./ui-2.wasm\"", "\"/worker.js\"", "\"./jobs.js\""] {
        assert!(loader.contains(name), "{loader}");
    }
    let worker = Loader::of_worker("worker.js").source("ui-1.js", "ui-2.wasm");
    assert!(!worker.contains("new Worker"), "{worker}");
}

#[test]
fn the_manifest_describes_each_file_and_counts_what_a_tab_loads() {
    let work = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("index.html", &b"<html>"[..]),
        ("index.html.gz", b"gz"),
        ("icons/a.png", b"png"),
        ("runner.js", b"run"),
        ("runner.js.gz", b"gz of it"),
    ] {
        write(&work.path().join(name), bytes).unwrap();
    }
    let manifest = manifest_of(work.path(), &["icons/a.png"]);
    let [icon, index, runner] = &manifest.files[..] else { panic!("{:?}", manifest.files) };
    assert_eq!((icon.path.as_str(), icon.immutable, icon.first_contribution), ("icons/a.png", true, false));
    assert_eq!((index.bytes, index.gzip_bytes, index.brotli_bytes), (6, Some(2), None));
    assert_eq!(index.sha256, sha256(b"<html>"));
    assert_eq!((runner.gzip_bytes, runner.first_contribution), (Some(8), false));
    assert_eq!(manifest.first_contribution_gzip_bytes, 2);
    assert!(manifest.report(work.path()).to_string().contains("to them: 8 bytes more"));
}

#[test]
fn installing_replaces_the_page_and_leaves_strangers_alone() {
    let (old, new, out) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let out = out.path();
    write(&out.join("notes.txt"), b"mine").unwrap();
    for name in ["index.html", "index.html.gz", "ui-1.js", "ui-1.js.gz"] {
        write(&old.path().join(name), b"old").unwrap();
    }
    manifest_of(old.path(), &["ui-1.js"]).install(old.path(), out).unwrap();
    assert!(Manifest::read(out).unwrap().is_whole(out));

    for name in ["index.html", "ui-2.js"] {
        write(&new.path().join(name), b"new!").unwrap();
    }
    let manifest = manifest_of(new.path(), &["ui-2.js"]);
    manifest.install(new.path(), out).unwrap();
    let mut names: Vec<_> = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["index.html", "manifest.json", "notes.txt", "ui-2.js"]);
    assert!(manifest.is_whole(out));

    fs::write(out.join("ui-2.js"), b"cut").unwrap();
    assert!(!manifest.is_whole(out));
}

#[test]
fn each_file_is_installed_after_those_that_it_names() {
    let work = tempfile::tempdir().unwrap();
    for name in ["a.html", "page.js", "ui-1.js", "ui-2.wasm"] {
        write(&work.path().join(name), b"new").unwrap();
    }
    let manifest = manifest_of(work.path(), &["ui-1.js", "ui-2.wasm"]);
    let order: Vec<_> = manifest.in_order().into_iter().map(|file| file.path.as_str()).collect();
    assert_eq!(order, ["ui-1.js", "ui-2.wasm", "page.js", "a.html"]);
}

#[test]
fn the_key_follows_names_contents_and_profile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, b"1").unwrap();
    let inputs = |name: &str| BTreeMap::from([(name.to_owned(), path.clone())]);
    let key = manifest::key("release", &inputs("a"));
    assert_eq!(key, manifest::key("release", &inputs("a")));
    assert_ne!(key, manifest::key("dev", &inputs("a")));
    assert_ne!(key, manifest::key("release", &inputs("b")));
    fs::write(&path, b"2").unwrap();
    assert_ne!(key, manifest::key("release", &inputs("a")));
}
