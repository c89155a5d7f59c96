//! Every house rule over this checkout.

use std::path::Path;

use tidy::{RULES, Tree};

#[test]
fn the_house_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tree = Tree::read(&root).unwrap();
    assert!(
        tree.members.iter().any(|member| member.name == "tidy"),
        "the tree that was read is not this one"
    );

    let mut report = String::new();
    for rule in RULES {
        let findings = (rule.check)(&tree);
        if !findings.is_empty() {
            report += &format!("\n{} ({} broken):\n", rule.name, findings.len());
            for finding in findings {
                report += &format!("  {finding}\n");
            }
        }
    }
    assert!(report.is_empty(), "the house rules do not hold:\n{report}");
}
