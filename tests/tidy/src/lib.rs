//! The house rules as tests: layering, what core may use, the shape of files and manifests.
//!
//! A rule is a function from a [`Tree`] to [`Finding`]s. A finding says what is wrong, where, and how to mend it, so that whoever
//! breaks a rule needs to read nothing else. `tests/house.rs` runs every rule over this checkout; each rule's own tests run it
//! over a small made-up tree that breaks it.
//!
//! To add a rule: write the function and its tests in a module here, and list it in [`RULES`].
//!
//! # Bounds
//! One checkout: every file that git tracks, or would track, is read once into memory.
//!
//! # Provided
//! Checks over names, manifests and text.
//!
//! # Not provided
//! Anything that needs a compiler: `clippy`, the `no-std` and the `wasm` rings of `cargo xtask test` do that.

mod layers;
mod npm;
mod purity;
mod shape;
mod source;
mod tree;
mod words;

pub use layers::{STD_CORE, builds_bare_metal, depends_on};
pub use tree::{Dependency, Finding, Kind, Member, Tree};

/// One house rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What holds when nothing is found.
    pub name: &'static str,
    /// Finds what breaks the rule.
    pub check: fn(&Tree) -> Vec<Finding>,
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule { name: "dependencies point down the layers", check: layers::dependencies_point_down },
    Rule { name: "every package stands in a layer", check: layers::every_package_has_a_layer },
    Rule {
        name: "versions and features stand in the root manifest alone",
        check: layers::versions_stand_in_the_root,
    },
    Rule {
        name: "core names no clock, randomness, hash order or architecture",
        check: purity::core_is_deterministic,
    },
    Rule { name: "what is hashed or summed holds no float", check: purity::no_floats },
    Rule { name: "core is no_std", check: purity::core_is_no_std },
    Rule { name: "each core crate states its bounds", check: purity::core_states_bounds },
    Rule { name: "each manifest is complete", check: shape::manifests_are_complete },
    Rule { name: "files stay readable in one sitting", check: shape::files_are_short },
    Rule { name: "the changelog has a place for what comes next", check: shape::changelog_is_open },
    Rule { name: "links between documents lead somewhere", check: shape::links_resolve },
    Rule { name: "no text names one machine", check: words::no_machine_paths },
    Rule { name: "no text names a package registry's host", check: words::no_registry_hosts },
    Rule { name: "npm packages are pinned exactly", check: npm::versions_are_exact },
    Rule { name: "the npm lockfile serves any registry", check: npm::lockfile_names_no_registry },
];
