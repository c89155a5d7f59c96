use super::*;
use crate::Dependency;

fn places(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.place.as_str()).collect()
}

#[test]
fn dependencies_that_point_down_are_quiet() {
    let tree = Tree::default()
        .with_member("core/codec", &["serde"])
        .with_member("core/keys", &["codec"])
        .with_member("core/store", &["codec", "keys"])
        .with_member("core/sandbox", &["store"])
        .with_member("core/jobs", &["keys"])
        .with_member("core/executor", &["sandbox", "jobs"])
        .with_member("core/node", &["jobs", "store"])
        .with_member("native-host", &["node"])
        .with_member("browser/ui", &["node"])
        .with_member("tests/sim", &["node", "native-host", "ui"]);
    assert_eq!(dependencies_point_down(&tree), []);
}

#[test]
fn dependencies_that_point_up_or_sideways_are_found() {
    for (user, used) in [
        ("core/codec", "core/keys"),
        ("core/store", "core/net"),
        ("core/keys", "core/vault"),
        ("core/vault", "core/aggregate"),
        ("core/aggregate", "core/node"),
        ("core/vault", "kernels/shaders"),
        ("core/node", "native-host"),
        ("browser/ui", "native-host"),
        ("native-host", "browser/worker"),
        ("core/node", "tests/sim"),
        ("kernels/shaders", "core/codec"),
    ] {
        let name = used.rsplit('/').next().unwrap();
        let tree = Tree::default().with_member(used, &[]).with_member(user, &[name]);
        assert_eq!(
            places(&dependencies_point_down(&tree)),
            [format!("{user}/Cargo.toml")],
            "{user} → {used}"
        );
    }
}

#[test]
fn a_crates_own_tests_may_look_at_anything() {
    let mut tree = Tree::default().with_member("core/node", &[]).with_member("core/codec", &[]);
    tree.members[1].dependencies.push(Dependency { name: "node".into(), kind: Kind::Dev });
    assert_eq!(dependencies_point_down(&tree), []);
    tree.members[1].dependencies[0].kind = Kind::Build;
    assert_eq!(dependencies_point_down(&tree).len(), 1);
}

#[test]
fn a_package_outside_the_layout_or_under_another_name_is_found() {
    let mut tree = Tree::default().with_member("core/vault", &[]).with_member("tools/gadget", &[]);
    tree.members[0].name = "safe".into();
    assert_eq!(
        places(&every_package_has_a_layer(&tree)),
        ["core/vault/Cargo.toml", "tools/gadget/Cargo.toml"]
    );
}

#[test]
fn a_version_in_a_member_is_found() {
    let manifest = "[package]\nversion = \"1\"\n[dependencies]\nserde.workspace = true\nserde_json = { workspace = true }\n\
                    rand = \"0.8\"\n[dev-dependencies]\nproptest = { workspace = true, features = [\"x\"] }\n";
    let tree = Tree::default().with_member("core/codec", &[]).with_file("core/codec/Cargo.toml", manifest);
    assert_eq!(
        places(&versions_stand_in_the_root(&tree)),
        ["core/codec/Cargo.toml:6", "core/codec/Cargo.toml:8"]
    );
}
