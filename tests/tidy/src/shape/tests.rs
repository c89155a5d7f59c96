use super::*;

fn what(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{}: {}\n", finding.place, finding.what)).collect()
}

#[test]
fn an_incomplete_manifest_is_found() {
    let whole: String = MANIFEST_LINES.iter().map(|(line, _)| format!("{line}\n")).collect();
    let tree = |manifest: &str| {
        Tree::default().with_member("core/codec", &[]).with_file("core/codec/Cargo.toml", manifest)
    };
    assert_eq!(manifests_are_complete(&tree(&whole)), []);
    for (line, _) in MANIFEST_LINES {
        let findings = manifests_are_complete(&tree(&whole.replace(line, "")));
        assert!(!findings.is_empty(), "without {line}");
    }
    let empty = whole.replace("description = \"", "description = \"\"");
    assert_eq!(manifests_are_complete(&tree(&empty)).len(), 1);
}

#[test]
fn a_long_source_file_is_found() {
    let tree = Tree::default()
        .with_file("core/codec/src/long.rs", &"x\n".repeat(LINES_MAX + 1))
        .with_file("core/codec/src/short.rs", &"x\n".repeat(LINES_MAX))
        .with_file("docs/long.md", &"x\n".repeat(LINES_MAX + 1));
    assert_eq!(what(&files_are_short(&tree)), "core/codec/src/long.rs: 801 lines, more than 800\n");
}

#[test]
fn a_changelog_without_room_is_found() {
    let tree = |text: &str| Tree::default().with_file("CHANGELOG.md", text);
    assert_eq!(changelog_is_open(&tree("# Changelog\n\n## [Unreleased]\n")), []);
    assert_eq!(changelog_is_open(&tree("# Changelog\n\n## [0.1.0]\n\n## [Unreleased]\n")).len(), 1);
    assert_eq!(changelog_is_open(&Tree::default()).len(), 1);
}

#[test]
fn broken_links_are_found() {
    let tree = Tree::default()
        .with_file("docs/guide.md", "# First steps: a `sum`\n[up](../README.md#how-to) [down](images/a.png) [dir](../core/)\n")
        .with_file("docs/images/a.png", "")
        .with_file("core/codec/Cargo.toml", "")
        .with_file("README.md", "# Formix\n## How to\n[x](docs/guide.md#first-steps-a-sum) [y](https://example.org/z) [z](#formix)\n```\n[code](nowhere)\n```\n");
    assert_eq!(what(&links_resolve(&tree)), "");

    let tree = tree.with_file(
        "docs/bad.md",
        "[a](gone.md)\n[b](../README.md#gone) [c](../../x)\n![d](images/gone.png \"title\")\n",
    );
    assert_eq!(
        what(&links_resolve(&tree)),
        "docs/bad.md:1: link `gone.md`: no such file\n\
         docs/bad.md:2: link `../README.md#gone`: no such heading\n\
         docs/bad.md:2: link `../../x`: leaves the checkout\n\
         docs/bad.md:3: link `images/gone.png`: no such file\n"
    );
}
