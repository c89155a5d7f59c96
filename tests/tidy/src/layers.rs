//! Which package may depend on which.
//!
//! `codec → keys → {store, net} → ribs → node → shells`, read "is used by". A package's folder says its layer, so a new rib needs no
//! line here. Dev-dependencies are free: a test may look at anything.

use crate::{Finding, Kind, Member, Tree};

/// Core crates that may use `std`, because the library that their field stands on does.
pub const STD_CORE: &[(&str, &str)] = &[];

/// Core crates that use no `std` themselves, and stand on one of [`STD_CORE`]: `(user, used)`.
const ON_STD: &[(&str, &str)] = &[];

/// The spine: each crate and what it may use.
const SPINE: &[(&str, &[&str])] = &[
    ("codec", &[]),
    ("webrtc", &["codec"]),
    ("keys", &["codec"]),
    ("store", &["codec", "keys"]),
    ("net", &["codec", "keys"]),
];

/// Ribs that see another rib: `(user, used)`.
const RIB_PAIRS: &[(&str, &str)] = &[
    ("aggregate", "privacy"),
    ("aggregate", "query"),
    ("aggregate", "schema"),
    ("aggregate", "vdaf"),
    ("block", "ffcm"),
    ("block", "rank"),
    ("executor", "jobs"),
    ("executor", "sandbox"),
    ("expr", "schema"),
    ("learn", "aggregate"),
    ("query", "expr"),
    ("query", "schema"),
    ("rank", "ffcm"),
    ("shards", "rank"),
    ("vault", "schema"),
    ("vm", "sandbox"),
    ("vm", "state"),
];

/// Ribs that share byte layouts with GPU kernels.
const SHADER_USERS: &[&str] = &["ffcm", "learn", "rank"];

/// The crate that composes the ribs.
const CROWN: &str = "node";

/// Where a package stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Spine(&'static [&'static str]),
    Rib,
    Crown,
    Shaders,
    Gpu,
    Browser,
    NativeHost,
    Tests,
}

fn layer(member: &Member) -> Option<Layer> {
    let folder = member.folder.as_str();
    if let Some(name) = folder.strip_prefix("core/") {
        if let Some((_, below)) = SPINE.iter().find(|(spine, _)| *spine == name) {
            return Some(Layer::Spine(below));
        }
        return Some(if name == CROWN { Layer::Crown } else { Layer::Rib });
    }
    match folder.split('/').next()? {
        "kernels" if folder == "kernels/shaders" => Some(Layer::Shaders),
        "kernels" if folder == "kernels/gpu" => Some(Layer::Gpu),
        "browser" => Some(Layer::Browser),
        "native-host" => Some(Layer::NativeHost),
        "tests" => Some(Layer::Tests),
        _ => None,
    }
}

/// Whether `user` may name `used` in its manifest.
fn may_use(user: &Member, from: Layer, used: &Member, to: Layer) -> bool {
    let in_core = matches!(to, Layer::Spine(_) | Layer::Rib | Layer::Crown);
    match from {
        Layer::Spine(below) => matches!(to, Layer::Spine(_)) && below.contains(&used.name.as_str()),
        Layer::Rib => match to {
            Layer::Spine(_) => true,
            Layer::Rib => RIB_PAIRS.contains(&(user.name.as_str(), used.name.as_str())),
            Layer::Shaders => SHADER_USERS.contains(&user.name.as_str()),
            _ => false,
        },
        Layer::Crown => matches!(to, Layer::Spine(_) | Layer::Rib),
        Layer::Shaders => false,
        Layer::Gpu => to == Layer::Shaders,
        Layer::Browser => in_core || matches!(to, Layer::Shaders | Layer::Gpu | Layer::Browser),
        Layer::NativeHost => in_core || matches!(to, Layer::Shaders | Layer::Gpu | Layer::NativeHost),
        Layer::Tests => true,
    }
}

/// Each dependency between packages of the workspace points to a lower layer.
pub(crate) fn dependencies_point_down(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for user in &tree.members {
        for dependency in user.dependencies.iter().filter(|dependency| dependency.kind != Kind::Dev) {
            let Some(used) = tree.members.iter().find(|member| member.name == dependency.name) else {
                continue;
            };
            let (Some(from), Some(to)) = (layer(user), layer(used)) else { continue };
            if !may_use(user, from, used, to) {
                findings.push(Finding::new(
                    format!("{}/Cargo.toml", user.folder),
                    format!("`{}` depends on `{}`, which is not below it", user.name, used.name),
                    "move what is shared into a lower crate, or hand it over as an Input; two ribs that must meet are listed in \
                     RIB_PAIRS in tests/tidy/src/layers.rs",
                ));
            }
        }
    }
    findings
}

/// Each package stands in a folder that the layout knows, under its own name.
pub(crate) fn every_package_has_a_layer(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &tree.members {
        if layer(member).is_none() {
            findings.push(Finding::new(
                format!("{}/Cargo.toml", member.folder),
                format!("no layer is known for `{}`", member.name),
                "put the package below core/, kernels/, browser/, native-host/ or tests/, or teach tests/tidy/src/layers.rs its layer",
            ));
        }
        let folder = member.folder.rsplit('/').next().unwrap_or_default();
        if folder != member.name {
            findings.push(Finding::new(
                format!("{}/Cargo.toml", member.folder),
                format!("package `{}` stands in folder `{folder}`", member.name),
                "give folder and package the same name",
            ));
        }
    }
    findings
}

/// Members take each dependency from the root manifest, so that every build shares one copy of it.
pub(crate) fn versions_stand_in_the_root(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &tree.members {
        let path = format!("{}/Cargo.toml", member.folder);
        let mut in_dependencies = false;
        for (number, line) in tree.text(&path).unwrap_or_default().lines().enumerate() {
            let line = line.trim();
            if line.starts_with('[') {
                in_dependencies = line.trim_end_matches(']').ends_with("dependencies");
                continue;
            }
            let Some((name, value)) = line.split_once('=') else { continue };
            let own = name.trim().ends_with(".workspace") || value.contains("workspace = true");
            if in_dependencies && !line.starts_with('#') && (!own || value.contains("features")) {
                findings.push(Finding::new(
                    format!("{path}:{}", number + 1),
                    format!("`{line}` states a version or features of its own"),
                    "put version and features into [workspace.dependencies] of the root Cargo.toml and write `NAME.workspace = true`",
                ));
            }
        }
    }
    findings
}

/// Whether `member` is a core crate that uses `std` itself.
pub(crate) fn needs_std(member: &Member) -> bool {
    STD_CORE.iter().any(|(name, _)| *name == member.name)
}

/// Whether `member` is built for a target without an operating system: a core crate that is not in [`STD_CORE`] and stands on
/// none that is.
#[must_use]
pub fn builds_bare_metal(member: &Member) -> bool {
    let stands_on_std = ON_STD.iter().any(|(name, _)| *name == member.name);
    member.folder.starts_with("core/") && !needs_std(member) && !stands_on_std
}

/// Whether `member`'s manifest names `dependency`, for whatever purpose.
#[must_use]
pub fn depends_on(member: &Member, dependency: &str) -> bool {
    member.dependencies.iter().any(|line| line.name == dependency)
}

#[cfg(test)]
mod tests;
