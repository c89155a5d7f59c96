//! Checks a module, and rewrites what would run differently from one machine to the next.
//!
//! The rewriting copies every section as it is but for five things:
//! - *NaN.* Which NaN an operation gives is the processor's choice (x86 sets the sign, ARM does not), and a guest can store it and look. So
//!   the result of each arithmetic operation is compared with itself and, where it differs, replaced by the canonical NaN; not where the
//!   next instruction is itself such an operation or a comparison, since the NaN cannot be told from another by then. The specification
//!   allows this choice of NaN; loads, stores, moves, `neg`, `abs` and `copysign` keep all bits, as it demands.
//! - *Constants.* wasmi computes arithmetic on constants while it translates, where nothing makes the NaN canonical, and which instructions
//!   it then writes depends on the NaN's bits: so would fuel. Where all operands may be such constants, the last one moves through a local.
//! - *Frames.* wasmi clears a callee's frame for the price of the call. A function with a large one begins with a loop that costs about what
//!   clearing does, so that fuel keeps bounding time.
//! - *Start.* The start function becomes an export, so that it can be run in steps like any other code.
//! - *Custom sections* (names, debugging) are dropped: they mean nothing to a run.

use alloc::{
    borrow::ToOwned as _,
    collections::BTreeSet,
    string::{String, ToString as _},
    vec::Vec,
};
use core::ops::Range;
use wasmparser::{
    BinaryReaderError, BlockType, CompositeInnerType, Encoding, ExportSectionReader, FuncToValidate,
    FuncValidator, FuncValidatorAllocations, FunctionBody, Operator, OperatorsReader, Parser, Payload,
    TypeSectionReader, ValidPayload, Validator, ValidatorResources, WasmFeatures, WasmModuleResources,
};

use self::nan::{Float, Unknown, arithmetic, hides_nan, operand};
use crate::ModuleError;

mod nan;

/// Functions of a module, at most.
pub const FUNCTIONS_MAX: u64 = 100_000;
/// Parameters of a function, at most.
pub const PARAMS_MAX: u64 = 128;
/// Results of a function, and parameters and results of a block, at most: each branch copies them.
pub const RESULTS_MAX: u64 = 16;
/// Tables of a module, at most.
pub const TABLES_MAX: u64 = 8;
/// Globals of a module, at most.
pub const GLOBALS_MAX: u64 = 100_000;
/// Element segments and data segments of a module, at most, each.
pub const SEGMENTS_MAX: u64 = 100_000;
/// Locals and greatest operand height of a function together, at most.
pub const FRAME_SLOTS_MAX: u64 = 16_384;
/// Locals of all functions together, at most.
pub const LOCALS_MAX: u64 = 4_000_000;

/// Frames up to this many slots cost no more than the call.
const FRAME_SLOTS_FREE: u64 = 64;
/// Slots that one turn of the loop at a large function's beginning stands for.
const FRAME_SLOTS_TURN: u64 = 32;

/// What guests may be made of: WebAssembly 2.0 without vectors, tail calls, extended constants.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::FLOATS);

const EXPORT_SECTION: u8 = 7;
const CODE_SECTION: u8 = 10;

/// A module that is valid, within the bounds, and gives the same everywhere.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The rewritten module.
    pub(crate) wasm: Vec<u8>,
    /// The export that the start function has become.
    pub(crate) start: Option<String>,
}

/// A section of the module to be: as it was, or written anew.
enum Section {
    Kept(u8, Range<usize>),
    Exports(Range<usize>),
    Start(u32),
    Code(Vec<u8>),
}

/// Checks `wasm` and rewrites it.
pub(crate) fn prepare(wasm: &[u8]) -> Result<Prepared, ModuleError> {
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    let mut pass = Pass {
        validator: Validator::new_with_features(FEATURES),
        allocations: FuncValidatorAllocations::default(),
        sections: Vec::new(),
        code: Vec::new(),
        bodies_left: 0,
        locals: 0,
        exports: BTreeSet::new(),
    };
    for payload in parser.parse_all(wasm) {
        pass.payload(payload?)?;
    }
    Ok(pass.finish(wasm))
}

struct Pass {
    validator: Validator,
    allocations: FuncValidatorAllocations,
    sections: Vec<Section>,
    code: Vec<u8>,
    bodies_left: u32,
    locals: u64,
    exports: BTreeSet<String>,
}

impl Pass {
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), ModuleError> {
        if let Payload::Version { encoding: Encoding::Component, .. } = payload {
            return Err(ModuleError::Component);
        }
        self.count(&payload)?;
        if let ValidPayload::Func(function, body) = self.validator.payload(&payload)? {
            self.function(function, &body)?;
            self.bodies_left = self.bodies_left.saturating_sub(1);
            if self.bodies_left == 0 {
                let code = core::mem::take(&mut self.code);
                self.sections.push(Section::Code(code));
            }
            return Ok(());
        }
        match payload {
            Payload::CodeSectionStart { count, .. } => {
                self.bodies_left = count;
                leb128(&mut self.code, count.into());
                if count == 0 {
                    let code = core::mem::take(&mut self.code);
                    self.sections.push(Section::Code(code));
                }
            }
            Payload::StartSection { func, .. } => self.sections.push(Section::Start(func)),
            Payload::ExportSection(exports) => {
                self.sections.push(Section::Exports(exports.range()));
                self.export_names(exports)?;
            }
            other => self.sections.extend(other.as_section().map(|(id, range)| Section::Kept(id, range))),
        }
        Ok(())
    }

    /// Refuses what is valid, yet more than any program needs and dear to compile.
    fn count(&self, payload: &Payload<'_>) -> Result<(), ModuleError> {
        match payload {
            Payload::TypeSection(types) => check_types(types.clone()),
            Payload::FunctionSection(functions) => {
                at_most("functions", functions.count().into(), FUNCTIONS_MAX)
            }
            Payload::TableSection(tables) => at_most("tables", tables.count().into(), TABLES_MAX),
            Payload::GlobalSection(globals) => at_most("globals", globals.count().into(), GLOBALS_MAX),
            Payload::ElementSection(segments) => {
                at_most("element segments", segments.count().into(), SEGMENTS_MAX)
            }
            Payload::DataSection(segments) => at_most("data segments", segments.count().into(), SEGMENTS_MAX),
            _ => Ok(()),
        }
    }

    fn export_names(&mut self, exports: ExportSectionReader<'_>) -> Result<(), ModuleError> {
        for export in exports {
            self.exports.insert(export?.name.to_owned());
        }
        Ok(())
    }

    fn function(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
    ) -> Result<(), ModuleError> {
        let mut validator = function.into_validator(core::mem::take(&mut self.allocations));
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        reader.set_features(FEATURES);
        let locals = validator.len_locals();
        self.locals += u64::from(locals);
        at_most("locals in all functions", self.locals, LOCALS_MAX)?;

        let base = body.range().start;
        let begins = reader.original_position();
        let mut rewritten = Body {
            bytes: body.as_bytes(),
            base,
            copied: begins,
            temporaries: Temporaries::new(locals),
            code: Vec::new(),
        };
        let mut height_max = 0;
        let mut pending: Option<Float> = None;
        let mut unknown = Unknown::default();
        let mut operators = OperatorsReader::new(reader);
        while !operators.eof() {
            let (operator, at) = operators.read_with_offset()?;
            let base = match operator {
                Operator::Else | Operator::End => validator.get_control_frame(0).map(|frame| frame.height),
                _ => None,
            };
            validator.op(at, &operator)?;
            let height = validator.operand_stack_height();
            height_max = height_max.max(height);
            check_block(&validator, &operator)?;
            if let Some(float) = pending.take()
                && !hides_nan(&operator)
            {
                rewritten.canonicalise(at, float);
            }
            pending = arithmetic(&operator);
            if let Some(float) = pending
                && unknown.foldable(height as usize)
            {
                rewritten.hide(at, operand(&operator, float));
            }
            unknown.follow(&operator, height as usize, base);
        }
        operators.finish()?;
        let slots = u64::from(locals) + u64::from(height_max);
        at_most("slots in a function's frame", slots, FRAME_SLOTS_MAX)?;
        self.allocations = validator.into_allocations();
        rewritten.finish(&mut self.code, begins, slots);
        Ok(())
    }

    fn finish(self, wasm: &[u8]) -> Prepared {
        let start = self.sections.iter().find_map(|section| match section {
            Section::Start(function) => Some((*function, self.free_name())),
            _ => None,
        });
        // The export of the start function is written where exports stand, or, without any, where the start section stood: right behind.
        let has_exports = self.sections.iter().any(|section| matches!(section, Section::Exports(_)));
        let mut out = wasm[..8].to_vec();
        for section in &self.sections {
            match section {
                Section::Kept(id, range) => write_section(&mut out, *id, &wasm[range.clone()]),
                Section::Code(code) => write_section(&mut out, CODE_SECTION, code),
                Section::Exports(range) => write_exports(&mut out, &wasm[range.clone()], start.as_ref()),
                Section::Start(_) if !has_exports => write_exports(&mut out, &[0], start.as_ref()),
                Section::Start(_) => {}
            }
        }
        Prepared { wasm: out, start: start.map(|(_, name)| name) }
    }

    /// A name that no export has.
    fn free_name(&self) -> String {
        let mut name = "formix:start".to_string();
        while self.exports.contains(&name) {
            name.push('_');
        }
        name
    }
}

fn at_most(what: &'static str, is: u64, most: u64) -> Result<(), ModuleError> {
    if is > most { Err(ModuleError::TooMany { what, is, most }) } else { Ok(()) }
}

fn check_types(types: TypeSectionReader<'_>) -> Result<(), ModuleError> {
    for group in types {
        for ty in group?.into_types() {
            if let CompositeInnerType::Func(function) = ty.composite_type.inner {
                at_most("parameters of a function", function.params().len() as u64, PARAMS_MAX)?;
                at_most("results of a function", function.results().len() as u64, RESULTS_MAX)?;
            }
        }
    }
    Ok(())
}

fn check_block(
    validator: &FuncValidator<ValidatorResources>,
    operator: &Operator<'_>,
) -> Result<(), ModuleError> {
    let (Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty }) = operator
    else {
        return Ok(());
    };
    let BlockType::FuncType(index) = blockty else { return Ok(()) };
    let Some(ty) = validator.resources().sub_type_at(*index) else { return Ok(()) };
    match &ty.composite_type.inner {
        CompositeInnerType::Func(function) => {
            at_most("parameters of a block", function.params().len() as u64, RESULTS_MAX)
        }
        _ => Ok(()),
    }
}

/// Locals that a function gains, behind its own.
struct Temporaries {
    next: u32,
    added: Vec<(u32, u8)>,
}

impl Temporaries {
    fn new(next: u32) -> Self {
        Self { next, added: Vec::new() }
    }

    /// The one of this type, added on its first use.
    fn of_type(&mut self, ty: u8) -> u32 {
        if let Some((index, _)) = self.added.iter().find(|(_, added)| *added == ty) {
            return *index;
        }
        let index = self.next;
        self.next += 1;
        self.added.push((index, ty));
        index
    }
}

/// A function's body while it is rewritten.
struct Body<'a> {
    /// As it was, from the declaration of its locals.
    bytes: &'a [u8],
    /// Where in the module that begins.
    base: usize,
    /// Up to where in the module it has been copied.
    copied: usize,
    temporaries: Temporaries,
    code: Vec<u8>,
}

const I32: u8 = 0x7f;
const F32: u8 = 0x7d;
const F64: u8 = 0x7c;

impl Body<'_> {
    /// Copies the instructions before `at`.
    fn copy_to(&mut self, at: usize) {
        self.code.extend_from_slice(&self.bytes[self.copied - self.base..at - self.base]);
        self.copied = at;
    }

    /// Moves what is on top of the stack before `at` through a local, so that the engine does not know it.
    fn hide(&mut self, at: usize, float: Float) {
        self.copy_to(at);
        let temporary = self.temporary(float);
        for instruction in [LOCAL_SET, LOCAL_GET] {
            self.code.push(instruction);
            leb128(&mut self.code, temporary.into());
        }
    }

    fn temporary(&mut self, float: Float) -> u32 {
        self.temporaries.of_type(match float {
            Float::F32 => F32,
            Float::F64 => F64,
        })
    }

    /// Makes the NaN on top of the stack before `at` the canonical one.
    fn canonicalise(&mut self, at: usize, float: Float) {
        self.copy_to(at);
        let temporary = self.temporary(float);
        self.code.push(LOCAL_TEE);
        leb128(&mut self.code, temporary.into());
        match float {
            Float::F32 => {
                self.code.push(F32_CONST);
                self.code.extend_from_slice(&0x7fc0_0000_u32.to_le_bytes());
            }
            Float::F64 => {
                self.code.push(F64_CONST);
                self.code.extend_from_slice(&0x7ff8_0000_0000_0000_u64.to_le_bytes());
            }
        }
        for _ in 0..2 {
            self.code.push(LOCAL_GET);
            leb128(&mut self.code, temporary.into());
        }
        self.code.push(match float {
            Float::F32 => F32_EQ,
            Float::F64 => F64_EQ,
        });
        self.code.push(SELECT);
    }

    /// Appends the body with its length to the code section.
    fn finish(mut self, section: &mut Vec<u8>, begins: usize, slots: u64) {
        self.copy_to(self.base + self.bytes.len());
        let toll =
            if slots > FRAME_SLOTS_FREE { self.toll(slots / FRAME_SLOTS_TURN) } else { Default::default() };

        let mut body = Vec::with_capacity(self.code.len() + 16);
        // The count of groups is the first number of the body; what follows it up to the code are the groups.
        let declared = &self.bytes[..begins - self.base];
        let (groups, len) = read_leb128(declared);
        leb128(&mut body, groups + self.temporaries.added.len() as u64);
        body.extend_from_slice(&declared[len..]);
        for (_, ty) in &self.temporaries.added {
            body.extend_from_slice(&[1, *ty]);
        }
        body.extend_from_slice(&toll);
        body.extend_from_slice(&self.code);

        leb128(section, body.len() as u64);
        section.extend_from_slice(&body);
    }

    /// A loop of so many turns that does nothing.
    fn toll(&mut self, turns: u64) -> Vec<u8> {
        let mut local = Vec::new();
        leb128(&mut local, self.temporaries.of_type(I32).into());
        let mut toll = alloc::vec![I32_CONST];
        signed_leb128(&mut toll, turns);
        toll.push(LOCAL_SET);
        toll.extend_from_slice(&local);
        toll.extend_from_slice(&[LOOP, EMPTY_BLOCK, LOCAL_GET]);
        toll.extend_from_slice(&local);
        toll.extend_from_slice(&[I32_CONST, 1, I32_SUB, LOCAL_TEE]);
        toll.extend_from_slice(&local);
        toll.extend_from_slice(&[BR_IF, 0, END]);
        toll
    }
}

// Opcodes, from the core specification's index of instructions.
const LOOP: u8 = 0x03;
const END: u8 = 0x0b;
const BR_IF: u8 = 0x0d;
const SELECT: u8 = 0x1b;
const LOCAL_GET: u8 = 0x20;
const LOCAL_SET: u8 = 0x21;
const LOCAL_TEE: u8 = 0x22;
const I32_CONST: u8 = 0x41;
const F32_CONST: u8 = 0x43;
const F64_CONST: u8 = 0x44;
const F32_EQ: u8 = 0x5b;
const F64_EQ: u8 = 0x61;
const I32_SUB: u8 = 0x6b;
const EMPTY_BLOCK: u8 = 0x40;

fn write_section(out: &mut Vec<u8>, id: u8, content: &[u8]) {
    out.push(id);
    leb128(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn write_exports(out: &mut Vec<u8>, content: &[u8], start: Option<&(u32, String)>) {
    let Some((function, name)) = start else { return write_section(out, EXPORT_SECTION, content) };
    let (count, len) = read_leb128(content);
    let mut section = Vec::with_capacity(content.len() + name.len() + 8);
    leb128(&mut section, count + 1);
    section.extend_from_slice(&content[len..]);
    leb128(&mut section, name.len() as u64);
    section.extend_from_slice(name.as_bytes());
    section.push(FUNCTION_EXPORT);
    leb128(&mut section, (*function).into());
    write_section(out, EXPORT_SECTION, &section);
}

/// The kind of an export that is a function.
const FUNCTION_EXPORT: u8 = 0;

/// Appends an unsigned number as LEB128.
fn leb128(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a number that is not negative as signed LEB128.
fn signed_leb128(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x40 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The unsigned LEB128 number that validated bytes begin with, and how long it is.
fn read_leb128(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return (value, at + 1);
        }
    }
    (value, bytes.len().min(5))
}

impl From<BinaryReaderError> for ModuleError {
    fn from(error: BinaryReaderError) -> Self {
        Self::Invalid { at: error.offset() as u64, why: error.message().to_string() }
    }
}
