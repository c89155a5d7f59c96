//! The shape of manifests, sources and documents.

use crate::{Finding, Tree};

/// Lines above which a source file is split.
const LINES_MAX: usize = 800;

/// What every manifest takes from the root, or says itself.
const MANIFEST_LINES: &[(&str, &str)] = &[
    ("description = \"", "say in one line what the package is for"),
    ("version.workspace = true", "take the version from the root manifest"),
    ("edition.workspace = true", "take the edition from the root manifest"),
    ("rust-version.workspace = true", "take the Rust version from the root manifest"),
    ("license.workspace = true", "take the licence from the root manifest"),
    ("publish.workspace = true", "take `publish` from the root manifest"),
    ("[lints]\nworkspace = true", "add `[lints]` with `workspace = true`, so that the house's lints apply"),
];

/// Each package has a description, the workspace's lints and the workspace's metadata.
pub(crate) fn manifests_are_complete(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &tree.members {
        let path = format!("{}/Cargo.toml", member.folder);
        let manifest = tree.text(&path).unwrap_or_default();
        for (line, mend) in MANIFEST_LINES {
            if !manifest.contains(line)
                || manifest.contains("description = \"\"") && line.starts_with("description")
            {
                findings.push(Finding::new(&path, format!("no `{}`", line.replace('\n', " ")), *mend));
            }
        }
    }
    findings
}

/// No source file is longer than [`LINES_MAX`] lines.
pub(crate) fn files_are_short(tree: &Tree) -> Vec<Finding> {
    let is_source = |path: &str| {
        path.rsplit_once('.').is_some_and(|(_, extension)| {
            matches!(extension, "rs" | "wgsl" | "mjs" | "js" | "ts" | "css" | "html" | "py" | "sh")
        })
    };
    tree.texts()
        .filter(|(path, _)| is_source(path))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| {
            Finding::new(
                path,
                format!("{lines} lines, more than {LINES_MAX}"),
                "split it by idea, each part with its own tests",
            )
        })
        .collect()
}

/// CHANGELOG.md starts with a section for what is not released yet.
pub(crate) fn changelog_is_open(tree: &Tree) -> Vec<Finding> {
    let changelog = tree.text("CHANGELOG.md").unwrap_or_default();
    if changelog.lines().find(|line| line.starts_with("## ")) == Some("## [Unreleased]") {
        return Vec::new();
    }
    vec![Finding::new(
        "CHANGELOG.md",
        "the first section is not `## [Unreleased]`",
        "add it, as Keep a Changelog 1.1 has it, and list under it what users will notice",
    )]
}

/// Each relative link in a Markdown document leads to a file, a folder or a heading of this checkout.
pub(crate) fn links_resolve(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".md")) {
        for (number, line) in prose(text) {
            for link in links(line) {
                if let Err(what) = resolve(tree, path, link) {
                    findings.push(Finding::new(
                        format!("{path}:{number}"),
                        format!("link `{link}`: {what}"),
                        "correct the link, or add what it promises",
                    ));
                }
            }
        }
    }
    findings
}

/// The lines outside fenced code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((number + 1, line))
    })
}

/// The targets of `[text](target)` in a line.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(at, _)| {
        let target = &line[at + 2..];
        let target = &target[..target.find(')')?];
        target.split_whitespace().next()
    })
}

fn resolve(tree: &Tree, from: &str, link: &str) -> Result<(), &'static str> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(());
    }
    let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path =
        if target.is_empty() { from.to_owned() } else { join(from, target).ok_or("leaves the checkout")? };
    let below = format!("{path}/");
    let is_folder = path.is_empty()
        || tree.files.range(below.clone()..).next().is_some_and(|(file, _)| file.starts_with(&below));
    if !tree.files.contains_key(&path) && !is_folder {
        return Err("no such file");
    }
    match tree.text(&path) {
        Some(text) if !anchor.is_empty() && path.ends_with(".md") => {
            let known = prose(text).filter_map(|(_, line)| {
                line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
            });
            if known.map(slug).any(|heading| heading == anchor) { Ok(()) } else { Err("no such heading") }
        }
        _ => Ok(()),
    }
}

/// `target`, seen from the file `from`; `None` above the root.
fn join(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The anchor that a heading gets.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests;
