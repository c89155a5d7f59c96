//! Words that tie a text to one machine or one network.

use crate::{Finding, Tree};

/// Folders that stand at the root of one person's machine, not of a checkout.
const MACHINE_FOLDERS: &[&str] = &["home", "root", "Users", "work", "mnt"];

/// Hosts that a mirror replaces: naming one makes a build fail where only the mirror is reachable.
const REGISTRY_HOSTS: &[&str] = &[
    "registry.npmjs",
    "static.crates",
    "index.crates",
    "crates.io/api",
    "files.pythonhosted",
    "pypi.org",
    "deb.debian",
];

/// The rules and their tests have to spell what they look for.
fn is_rule(path: &str) -> bool {
    path.starts_with("tests/tidy/src/words")
}

fn find(tree: &Tree, found: impl Fn(&str) -> Option<String>, what: &str, mend: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| !is_rule(path)) {
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = found(line) {
                findings.push(Finding::new(
                    format!("{path}:{}", number + 1),
                    format!("{what} `{word}`"),
                    mend,
                ));
            }
        }
    }
    findings
}

/// No tracked text names a folder of one machine: the tests hold in any checkout.
pub(crate) fn no_machine_paths(tree: &Tree) -> Vec<Finding> {
    find(
        tree,
        machine_path,
        "a path of one machine,",
        "use a path from the checkout's root, or one found at run time",
    )
}

fn machine_path(line: &str) -> Option<String> {
    for folder in MACHINE_FOLDERS {
        let start = format!("/{folder}/");
        for (at, _) in line.match_indices(&start) {
            // A longer path or a URL goes on to the left of the slash.
            let rooted = !line[..at].ends_with(|c: char| {
                c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '}' | ')' | '~' | '*')
            });
            let goes_on =
                line[at + start.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
            if rooted && goes_on {
                let path = &line[at..];
                let end = path
                    .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ')' | ','))
                    .unwrap_or(path.len());
                return Some(path[..end].to_owned());
            }
        }
    }
    None
}

/// No tracked text names the host of a package registry.
pub(crate) fn no_registry_hosts(tree: &Tree) -> Vec<Finding> {
    let host =
        |line: &str| REGISTRY_HOSTS.iter().find(|host| line.contains(**host)).map(|host| (*host).to_owned());
    find(
        tree,
        host,
        "the registry host",
        "name the package and let the package manager's own configuration find it",
    )
}

#[cfg(test)]
mod tests;
