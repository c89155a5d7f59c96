//! What runs give, frozen: the same on every machine that these tests run on, natively and in a browser.
//!
//! `FORMIX_APPROVE_SANDBOX=1 FORMIX_SMITH_MODULES=10000` writes the golden files anew, natively. Numbers that change there mean another
//! [`crate::GAS_SCHEDULE`].

use super::*;
use crate::{module::config, prepare::prepare, wasi::Host};
use alloc::string::ToString as _;
use arbitrary::Unstructured;
use core::fmt::Write as _;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use wasm_bindgen_test::wasm_bindgen_test;
use wasmi::{Engine, Extern, Instance, Store, Val, ValType};

/// Compares lines with a golden file.
pub(super) fn check(file: &str, golden: &str, lines: &str) {
    if std::env::var_os("FORMIX_APPROVE_SANDBOX").is_some_and(|value| value == "1") {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/golden").join(file);
        std::fs::write(path, lines).expect("the golden file can be written");
        return;
    }
    let (held, ran) = (golden.lines().count(), lines.lines().count());
    assert!(ran > 0 && held >= ran, "{file}: {ran} lines, and the golden file holds {held}");
    for (was, is) in golden.lines().zip(lines.lines()) {
        assert_eq!(is, was, "{file}: a run differs from what it gave when the file was approved");
    }
}

pub(super) fn hex(digest: impl IntoIterator<Item = u8>) -> String {
    let mut text = String::new();
    for byte in digest.into_iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A name, and what it is given.
type Guest = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// What guests do that could differ between machines: float arithmetic, NaNs, memory, calls, time, randomness, failure.
const GUESTS: &[Guest] = &[
    ("nothing", &[], ""),
    (
        "primes",
        &[],
        r#"(local $n i32) (local $d i32) (local $count i32)
           (local.set $n (i32.const 2))
           (loop $next
             (local.set $d (i32.const 2))
             (block $composite
               (loop $divide
                 (if (i32.le_u (i32.mul (local.get $d) (local.get $d)) (local.get $n)) (then
                   (br_if $composite (i32.eqz (i32.rem_u (local.get $n) (local.get $d))))
                   (local.set $d (i32.add (local.get $d) (i32.const 1)))
                   (br $divide))))
               (local.set $count (i32.add (local.get $count) (i32.const 1))))
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br_if $next (i32.lt_u (local.get $n) (i32.const 5000))))
           (i32.store (i32.const 0) (local.get $count))
           (call $write (i32.const 1) (i32.const 0) (i32.const 4))"#,
    ),
    (
        "logistic map",
        &[],
        r#"(local $x f64) (local $y f32) (local $i i32)
           (local.set $x (f64.const 0.3)) (local.set $y (f32.const 0.3))
           (loop
             (local.set $x (f64.mul (f64.mul (f64.const 3.99) (local.get $x)) (f64.sub (f64.const 1) (local.get $x))))
             (local.set $y (f32.mul (f32.mul (f32.const 3.99) (local.get $y)) (f32.sub (f32.const 1) (local.get $y))))
             (f64.store (i32.mul (local.get $i) (i32.const 16)) (f64.sqrt (local.get $x)))
             (f32.store offset=8 (i32.mul (local.get $i) (i32.const 16)) (f32.nearest (f32.mul (local.get $y) (f32.const 1e3))))
             (f32.store offset=12 (i32.mul (local.get $i) (i32.const 16)) (f32.demote_f64 (local.get $x)))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br_if 0 (i32.lt_u (local.get $i) (i32.const 1000))))
           (call $write (i32.const 1) (i32.const 0) (i32.const 16000))"#,
    ),
    (
        "not a number",
        &[],
        r#"(local $i i32) (local $x f64)
           (local.set $x (f64.reinterpret_i64 (i64.const 0xfff0000000000123)))
           (loop
             (local.set $x (f64.add (f64.mul (local.get $x) (f64.const -1)) (f64.div (f64.load (i32.const 60000)) (f64.load (i32.const 60000)))))
             (f64.store (i32.mul (local.get $i) (i32.const 8)) (f64.neg (local.get $x)))
             (f32.store (i32.add (i32.const 8000) (i32.mul (local.get $i) (i32.const 4))) (f32.demote_f64 (local.get $x)))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br_if 0 (i32.lt_u (local.get $i) (i32.const 100))))
           (call $write (i32.const 1) (i32.const 0) (i32.const 9000))"#,
    ),
    (
        "time and chance",
        &[
            ("clock_time_get", "(param i32 i64 i32) (result i32)"),
            ("random_get", "(param i32 i32) (result i32)"),
        ],
        r#"(drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 0)))
           (drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 8)))
           (drop (call $random_get (i32.const 16) (i32.const 33)))
           (drop (call $random_get (i32.const 50) (i32.const 1000)))
           (call $write (i32.const 2) (i32.const 0) (i32.const 1050))"#,
    ),
    (
        "recursion",
        &[],
        r#"(i64.store (i32.const 0) (call $fib (i64.const 17)))
           (call $write (i32.const 1) (i32.const 0) (i32.const 8)))
           (func $fib (param i64) (result i64)
             (if (result i64) (i64.lt_u (local.get 0) (i64.const 2))
               (then (local.get 0))
               (else (i64.add (call $fib (i64.sub (local.get 0) (i64.const 1))) (call $fib (i64.sub (local.get 0) (i64.const 2))))))"#,
    ),
    (
        "growth",
        &[],
        r#"(loop (br_if 0 (i32.ne (memory.grow (i32.const 7)) (i32.const -1))))
           (memory.fill (i32.const 0) (i32.const 7) (i32.mul (memory.size) (i32.const 65536))) unreachable"#,
    ),
    (
        // Which NaN a processor gives must show nowhere, also where the engine could compute it while it translates.
        "constants that are not numbers",
        &[],
        r#"(local $x f32) (local $y f64)
           (f32.store (i32.const 0) (select (local.tee $x (f32.sqrt (f32.const -1))) (f32.const nan) (f32.eq (local.get $x) (local.get $x))))
           (f64.store (i32.const 8) (select (local.tee $y (f64.div (f64.const 0) (f64.const 0))) (f64.const nan) (i32.const 1)))
           (f64.store (i32.const 16) (f64.promote_f32 (f32.sub (f32.const inf) (f32.const inf))))
           (f32.store (i32.const 24) (f32.demote_f64 (f64.mul (f64.const inf) (f64.convert_i32_s (i32.shl (i32.const 0) (i32.const 3))))))
           (f64.store (i32.const 32) (f64.min (f64.neg (f64.const 1)) (block (result f64) (f64.const -nan:0x9))))
           (call $write (i32.const 1) (i32.const 0) (i32.const 40))"#,
    ),
    ("endless", &[], "(loop (br 0))"),
    ("endless recursion", &[], "(call $f)) (func $f (call $f) (call $f)"),
];

#[wasm_bindgen_test(unsupported = test)]
fn guests_give_what_they_always_gave() {
    let mut lines = String::new();
    for (name, imports, start) in GUESTS {
        let command = Command {
            seed: [7; 32],
            now: codec::Instant::from_unix_ms(1_800_000_000_000),
            ..Command::default()
        };
        let execution = run_bytes(&module(&guest(imports, start)), &command, &limits()).unwrap();
        let output = hex(Sha256::digest([&execution.stdout[..], &execution.stderr].concat()));
        let Execution { ending, fuel, memory_peak_bytes, .. } = execution;
        let _ = writeln!(lines, "{name} · {ending:?} · {fuel} fuel · {memory_peak_bytes} bytes · {output}");
    }
    check("guests.txt", include_str!("golden/guests.txt"), &lines);
}

/// Modules that are made up: one golden line for each this many.
const MODULES_PER_LINE: u64 = 500;
/// How many are run, up to the 10,000 that the golden file holds: `FORMIX_SMITH_MODULES` says, at run time natively, at compile time for a
/// browser.
fn modules() -> u64 {
    let asked = std::env::var("FORMIX_SMITH_MODULES").ok();
    let asked = asked.as_deref().or(option_env!("FORMIX_SMITH_MODULES"));
    asked.map_or(1_000, |asked| asked.parse().expect("FORMIX_SMITH_MODULES is a number"))
}

fn smith_config() -> wasm_smith::Config {
    wasm_smith::Config {
        compact_imports_enabled: false,
        exceptions_enabled: false,
        export_everything: true,
        gc_enabled: false,
        max_imports: 0,
        max_instructions: 200,
        max_memories: 1,
        max_memory32_bytes: 1 << 21,
        max_table_elements: 1_000,
        max_tables: 4,
        memory64_enabled: false,
        min_funcs: 1,
        min_exports: 1,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..wasm_smith::Config::default()
    }
}

/// The module that a number stands for.
fn made_up(number: u64) -> Vec<u8> {
    let mut random = ChaCha20Rng::seed_from_u64(number);
    let mut bytes = alloc::vec![0; 2048];
    random.fill_bytes(&mut bytes);
    wasm_smith::Module::new(smith_config(), &mut Unstructured::new(&bytes)).expect("enough bytes").to_bytes()
}

/// Everything that can be seen of a module's run: each export called, then memory and globals; and by itself the fuel that is left.
fn observe(wasm: &[u8], digest: &mut Sha256, fuel: &mut Sha256) {
    const FUEL: u64 = 20_000;
    let limits = Limits { memory_bytes: 4 << 20, table_elements: 2_000, call_depth: 200, ..limits() };
    let prepared = match prepare(wasm) {
        Ok(prepared) => prepared,
        Err(error) => return digest.update(error.to_string()),
    };
    let engine = Engine::new(&config(&limits));
    let compiled =
        wasmi::Module::new(&engine, &prepared.wasm).expect("what is prepared is valid and can be translated");
    let mut store = Store::new(&engine, Host::new(&Command::default(), &limits));
    store.limiter(|host| host);
    store.set_fuel(FUEL).unwrap();
    let instance = match Instance::new(&mut store, &compiled, &[]) {
        Ok(instance) => instance,
        Err(error) => {
            // wasmi tells some entities by a number that counts the stores of the process, and refuses a memory of 4 GiB in other words where a
            // `usize` has 32 bits.
            let text = error.to_string();
            let text = if text.contains("memory") { "memory" } else { text.as_str() };
            return digest.update(text.split("GuardedEntity").next().unwrap_or_default());
        }
    };
    let exports = instance.exports(&store).map(|export| (export.name().to_string(), export.into_extern()));
    let mut exports = exports.collect::<Vec<_>>();
    // The start function first, as instantiation would have it.
    exports.sort_by_key(|(name, _)| prepared.start.as_ref() != Some(name));
    for (name, export) in &exports {
        let Extern::Func(function) = export else { continue };
        let ty = function.ty(&store);
        let args = ty.params().iter().enumerate().map(|(at, ty)| match ty {
            ValType::I32 => Val::I32(at as i32 * 77 - 3),
            ValType::I64 => Val::I64(at as i64 * -7_777_777_777),
            ValType::F32 => Val::F32((at as f32 - 1.5).into()),
            ValType::F64 => Val::F64((at as f64 * 1e300).into()),
            other => Val::default(*other),
        });
        let args = args.collect::<Vec<_>>();
        let mut results = ty.results().iter().map(|ty| Val::default(*ty)).collect::<Vec<_>>();
        store.set_fuel(FUEL).unwrap();
        let outcome = function.call(&mut store, &args, &mut results);
        digest.update(name);
        fuel.update(store.get_fuel().unwrap().to_le_bytes());
        match outcome {
            Ok(()) => results.iter().for_each(|result| observe_value(result, digest)),
            Err(error) => digest.update(error.to_string()),
        }
    }
    for (_, export) in &exports {
        match export {
            Extern::Memory(memory) => digest.update(Sha256::digest(memory.data(&store))),
            Extern::Global(global) => observe_value(&global.get(&store), digest),
            Extern::Table(table) => digest.update(table.size(&store).to_le_bytes()),
            Extern::Func(_) => {}
        }
    }
}

pub(super) fn observe_value(value: &Val, digest: &mut Sha256) {
    match value {
        Val::I32(value) => digest.update(value.to_le_bytes()),
        Val::I64(value) => digest.update(value.to_le_bytes()),
        Val::F32(value) => digest.update(value.to_bits().to_le_bytes()),
        Val::F64(value) => digest.update(value.to_bits().to_le_bytes()),
        Val::V128(value) => digest.update(value.as_u128().to_le_bytes()),
        Val::FuncRef(value) => digest.update([u8::from(value.is_null())]),
        Val::ExternRef(value) => digest.update([u8::from(value.is_null())]),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn made_up_modules_give_what_they_always_gave() {
    let mut lines = String::new();
    for first in (0..modules()).step_by(MODULES_PER_LINE as usize) {
        let (mut digest, mut fuel) = (Sha256::new(), Sha256::new());
        for number in first..first + MODULES_PER_LINE {
            observe(&made_up(number), &mut digest, &mut fuel);
        }
        let (digest, fuel) = (hex(digest.finalize()), hex(fuel.finalize()));
        let _ = writeln!(lines, "{first}..{} · {digest} · {fuel}", first + MODULES_PER_LINE);
    }
    check("smith.txt", include_str!("golden/smith.txt"), &lines);
}
