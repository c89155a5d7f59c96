//! package.json and its lockfile.

use serde_json::Value;

use crate::{Finding, Tree};

/// package.json asks for exact versions and publishes nothing.
pub(crate) fn versions_are_exact(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(manifest) = json(tree, "package.json", &mut findings) else { return findings };
    if manifest["private"] != Value::Bool(true) {
        findings.push(Finding::new(
            "package.json",
            "`private` is not true",
            "nothing here is published to npm: add `\"private\": true`",
        ));
    }
    for group in ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] {
        for (name, version) in manifest[group].as_object().into_iter().flatten() {
            let exact = version.as_str().is_some_and(|version| {
                let (numbers, _) = version.split_once('-').unwrap_or((version, ""));
                let mut parts = 0;
                numbers.split('.').all(|part| {
                    parts += 1;
                    part.parse::<u64>().is_ok()
                }) && parts == 3
            });
            if !exact {
                findings.push(Finding::new(
                    "package.json",
                    format!("`{name}` is {version} in {group}, not one exact version"),
                    "write the version that was tested, such as \"1.2.3\"",
                ));
            }
        }
    }
    findings
}

/// package-lock.json pins by hash and names no address to download from.
pub(crate) fn lockfile_names_no_registry(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(lock) = json(tree, "package-lock.json", &mut findings) else { return findings };
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        if package.get("resolved").is_some() {
            findings.push(Finding::new(
                "package-lock.json",
                format!("`{path}` is resolved to one address"),
                "keep `omit-lockfile-registry-resolved=true` in .npmrc and write the lockfile anew with `npm install`",
            ));
        }
        if !path.is_empty() && package.get("integrity").is_none() && package.get("link").is_none() {
            findings.push(Finding::new(
                "package-lock.json",
                format!("`{path}` has no hash"),
                "write the lockfile anew with `npm install`",
            ));
        }
    }
    findings
}

fn json(tree: &Tree, path: &str, findings: &mut Vec<Finding>) -> Option<Value> {
    match serde_json::from_str(tree.text(path).unwrap_or_default()) {
        Ok(value) => Some(value),
        Err(error) => {
            findings.push(Finding::new(path, format!("not readable as JSON: {error}"), "restore the file"));
            None
        }
    }
}

#[cfg(test)]
mod tests;
