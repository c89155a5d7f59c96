//! Guests of jobs.

use std::{fs, path::Path};

/// Counts for some seconds, and says so.
pub const SLOW: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\08\00\00\00\04\00\00\00done")
    (func (export "_start") (local $i i32)
        (local.set $i (i32.const 60000000))
        (loop $again (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))))"#;

/// Writes a module into a file of this name; gives its path.
pub fn guest(home: &Path, name: &str, text: &str) -> String {
    let path = home.join(name);
    fs::write(&path, wat::parse_str(text).unwrap()).unwrap();
    path.display().to_string()
}
