use super::*;

fn tree(path: &str, source: &str) -> Tree {
    Tree::default().with_member("core/codec", &[]).with_file(path, source)
}

fn lib(source: &str) -> Tree {
    tree("core/codec/src/lib.rs", source)
}

#[test]
fn each_banned_word_is_found_where_it_stands() {
    for (word, _) in BANNED {
        let findings = core_is_deterministic(&lib(&format!("fn f() {{}}\nuse x::{word};\n")));
        let [finding] = &findings[..] else { panic!("{word}: {findings:?}") };
        assert_eq!(finding.place, "core/codec/src/lib.rs:2");
        assert!(finding.what.contains(word), "{finding}");
    }
    assert_eq!(core_is_deterministic(&lib("#[cfg(target_arch = \"wasm32\")]\nfn f() {}")).len(), 1);
}

#[test]
fn words_outside_shipped_code_are_no_finding() {
    let quiet = "//! No HashMap here.\nfn f() { let _ = \"SystemTime\"; }\n#[cfg(test)]\nmod tests {\n use std::time::SystemTime;\n}\n";
    assert_eq!(core_is_deterministic(&lib(quiet)), []);
    assert_eq!(core_is_deterministic(&tree("core/codec/src/tests.rs", "use std::time::SystemTime;")), []);
    assert_eq!(
        core_is_deterministic(&tree("core/codec/src/frame/tests.rs", "use std::time::SystemTime;")),
        []
    );
    assert_eq!(core_is_deterministic(&tree("native-host/src/main.rs", "use std::time::SystemTime;")), []);
}

#[test]
fn code_after_a_test_module_in_another_file_still_counts() {
    let findings = core_is_deterministic(&lib("#[cfg(test)]\nmod tests;\nuse std::time::SystemTime;\n"));
    assert_eq!(findings.len(), 1);
}

#[test]
fn floats_are_found_in_exact_crates_alone() {
    assert_eq!(no_floats(&lib("fn mean(x: f64) -> f32 {}")).len(), 2);
    assert_eq!(no_floats(&tree("core/vault/src/lib.rs", "fn mean(x: f64) {}")), []);
}

/// `tree` with the crates that may use `std`, as they may be.
fn and_std_core(tree: Tree) -> Tree {
    STD_CORE.iter().fold(tree, |tree, (name, _)| {
        tree.with_member(&format!("core/{name}"), &[]).with_file(&format!("core/{name}/src/lib.rs"), "")
    })
}

#[test]
fn a_crate_with_std_is_found() {
    assert_eq!(core_is_no_std(&and_std_core(lib("#![no_std]\n"))), []);
    assert_eq!(core_is_no_std(&and_std_core(lib("// #![no_std]\n"))).len(), 1);
    assert_eq!(core_is_no_std(&and_std_core(Tree::default().with_member("core/codec", &[]))).len(), 1);
    // A crate that is listed and is not there.
    assert_eq!(core_is_no_std(&lib("#![no_std]\n")).len(), STD_CORE.len());
}

#[test]
fn a_crate_without_bounds_is_found() {
    assert_eq!(core_states_bounds(&lib("//! Bytes.\n//!\n//! # Bounds\n//! None grow.\n")), []);
    assert_eq!(core_states_bounds(&lib("//! Bytes, with # Bounds in a sentence.\n")).len(), 1);
}
