use super::*;

fn manifest(text: &str) -> Vec<Finding> {
    versions_are_exact(&Tree::default().with_file("package.json", text))
}

fn lock(text: &str) -> Vec<Finding> {
    lockfile_names_no_registry(&Tree::default().with_file("package-lock.json", text))
}

#[test]
fn exact_versions_are_quiet_and_ranges_are_found() {
    let with = |version: &str| format!(r#"{{"private":true,"devDependencies":{{"a":"{version}"}}}}"#);
    for version in ["1.2.3", "1.2.3-rc.1"] {
        assert_eq!(manifest(&with(version)), [], "{version}");
    }
    for version in ["^1.2.3", "~1.2.3", "1.2", "1.x.3", "*", "latest", "https://example.org/a.tgz", ""] {
        assert_eq!(manifest(&with(version)).len(), 1, "{version}");
    }
}

#[test]
fn a_public_or_broken_manifest_is_found() {
    assert_eq!(manifest("{}").len(), 1);
    assert_eq!(manifest("{").len(), 1);
    assert_eq!(versions_are_exact(&Tree::default()).len(), 1);
}

#[test]
fn a_lockfile_with_addresses_or_without_hashes_is_found() {
    assert_eq!(lock(r#"{"packages":{"":{},"node_modules/a":{"integrity":"sha512-x"}}}"#), []);
    assert_eq!(
        lock(r#"{"packages":{"node_modules/a":{"integrity":"sha512-x","resolved":"https://a"}}}"#).len(),
        1
    );
    assert_eq!(lock(r#"{"packages":{"node_modules/a":{}}}"#).len(), 1);
}
