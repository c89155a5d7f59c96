use super::*;

fn count(check: fn(&Tree) -> Vec<Finding>, line: &str) -> usize {
    check(&Tree::default().with_file("docs/a.md", line)).len()
}

#[test]
fn machine_paths_are_found() {
    for line in ["cd /home/anna/formix", "\"/root/.cargo\"", "see /Users/b/x", "(/work/main/x)", "`/mnt/d`"] {
        assert_eq!(count(no_machine_paths, line), 1, "{line}");
    }
}

#[test]
fn other_paths_are_quiet() {
    for line in [
        "www/home/x",
        "https://example.org/work/x",
        "$HOME/work/x is ${DIR}/work/x",
        "~/.formix/",
        "/usr/bin/chromium",
        "GET /work/",
    ] {
        assert_eq!(count(no_machine_paths, line), 0, "{line}");
    }
}

#[test]
fn registry_hosts_are_found() {
    for host in REGISTRY_HOSTS {
        assert_eq!(count(no_registry_hosts, &format!("https://{host}.example/x")), 1, "{host}");
    }
    assert_eq!(count(no_registry_hosts, "the crate is on crates.io"), 0);
}
