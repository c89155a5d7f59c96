//! Which operators make NaNs, and which operands the engine may know while it translates.

use alloc::vec::Vec;
use wasmparser::Operator;

/// A floating-point type.
#[derive(Clone, Copy)]
pub(super) enum Float {
    F32,
    F64,
}

/// The type of the operator's result where the operator may choose among NaNs.
pub(super) fn arithmetic(operator: &Operator<'_>) -> Option<Float> {
    match operator {
        Operator::F32Add
        | Operator::F32Sub
        | Operator::F32Mul
        | Operator::F32Div
        | Operator::F32Min
        | Operator::F32Max
        | Operator::F32Sqrt
        | Operator::F32Ceil
        | Operator::F32Floor
        | Operator::F32Trunc
        | Operator::F32Nearest
        | Operator::F32DemoteF64 => Some(Float::F32),
        Operator::F64Add
        | Operator::F64Sub
        | Operator::F64Mul
        | Operator::F64Div
        | Operator::F64Min
        | Operator::F64Max
        | Operator::F64Sqrt
        | Operator::F64Ceil
        | Operator::F64Floor
        | Operator::F64Trunc
        | Operator::F64Nearest
        | Operator::F64PromoteF32 => Some(Float::F64),
        _ => None,
    }
}

/// Whether the operator gives the same for every NaN that it takes, once its own result is canonical.
pub(super) fn hides_nan(operator: &Operator<'_>) -> bool {
    arithmetic(operator).is_some()
        || matches!(
            operator,
            Operator::F32Eq
                | Operator::F32Ne
                | Operator::F32Lt
                | Operator::F32Gt
                | Operator::F32Le
                | Operator::F32Ge
                | Operator::F64Eq
                | Operator::F64Ne
                | Operator::F64Lt
                | Operator::F64Gt
                | Operator::F64Le
                | Operator::F64Ge
                | Operator::I32TruncF32S
                | Operator::I32TruncF32U
                | Operator::I32TruncF64S
                | Operator::I32TruncF64U
                | Operator::I64TruncF32S
                | Operator::I64TruncF32U
                | Operator::I64TruncF64S
                | Operator::I64TruncF64U
                | Operator::I32TruncSatF32S
                | Operator::I32TruncSatF32U
                | Operator::I32TruncSatF64S
                | Operator::I32TruncSatF64U
                | Operator::I64TruncSatF32S
                | Operator::I64TruncSatF32U
                | Operator::I64TruncSatF64S
                | Operator::I64TruncSatF64U
                | Operator::Drop
        )
}

/// The type of the last operand of an operator that [`arithmetic`] names.
pub(super) fn operand(operator: &Operator<'_>, result: Float) -> Float {
    match operator {
        Operator::F32DemoteF64 => Float::F64,
        Operator::F64PromoteF32 => Float::F32,
        _ => result,
    }
}

/// For each operand on the stack, whether it is known to be unknown before the program runs.
///
/// The engine computes what it can while it translates. Of any other operand this may say either.
#[derive(Default)]
pub(super) struct Unknown(Vec<bool>);

impl Unknown {
    /// Whether the engine may know all operands of the arithmetic that comes next, which leaves a stack of `height`.
    pub(super) fn foldable(&self, height: usize) -> bool {
        !self.any_from(height.saturating_sub(1))
    }

    fn any_from(&self, at: usize) -> bool {
        self.0.get(at..).is_some_and(|operands| operands.contains(&true))
    }

    fn at(&self, at: usize) -> bool {
        self.0.get(at).copied().unwrap_or(false)
    }

    /// Follows an operator that leaves a stack of `height`. `base`: where the operands of the block begin that it ends, if it ends one.
    pub(super) fn follow(&mut self, operator: &Operator<'_>, height: usize, base: Option<usize>) {
        let first = height.saturating_sub(1);
        let result = match effect(operator) {
            Effect::Computed => Some(true),
            Effect::KnownIfAllAre => Some(self.any_from(first)),
            Effect::KnownIfFirstIs => Some(self.at(first)),
            Effect::Chosen => Some(self.at(first) && self.at(height)),
            Effect::CalledOrNone => None,
            Effect::Other => Some(false),
        };
        if let Some(base) = base {
            self.0.truncate(base);
            self.0.resize(height, false);
            return;
        }
        self.0.resize(height, result.is_none());
        if let (Some(result), Some(top)) = (result, self.0.last_mut()) {
            *top = result;
        }
    }
}

/// When the engine may know an operator's result before the program runs.
enum Effect {
    /// Never.
    Computed,
    /// Only where it knows all operands.
    KnownIfAllAre,
    /// Where it knows the first operand.
    KnownIfFirstIs,
    /// Where it knows one of the two that are chosen from.
    Chosen,
    /// Never: a call gave them, or there are none.
    CalledOrNone,
    /// Perhaps.
    Other,
}

fn effect(operator: &Operator<'_>) -> Effect {
    if arithmetic(operator).is_some() {
        // That is what the rewriting sees to.
        return Effect::Computed;
    }
    match operator {
        Operator::LocalGet { .. }
        | Operator::I32Load { .. }
        | Operator::I64Load { .. }
        | Operator::F32Load { .. }
        | Operator::F64Load { .. }
        | Operator::I32Load8S { .. }
        | Operator::I32Load8U { .. }
        | Operator::I32Load16S { .. }
        | Operator::I32Load16U { .. }
        | Operator::I64Load8S { .. }
        | Operator::I64Load8U { .. }
        | Operator::I64Load16S { .. }
        | Operator::I64Load16U { .. }
        | Operator::I64Load32S { .. }
        | Operator::I64Load32U { .. }
        | Operator::MemorySize { .. }
        | Operator::MemoryGrow { .. } => Effect::Computed,
        Operator::F32Neg
        | Operator::F32Abs
        | Operator::F32Copysign
        | Operator::F64Neg
        | Operator::F64Abs
        | Operator::F64Copysign
        | Operator::F32ConvertI32S
        | Operator::F32ConvertI32U
        | Operator::F32ConvertI64S
        | Operator::F32ConvertI64U
        | Operator::F64ConvertI32S
        | Operator::F64ConvertI32U
        | Operator::F64ConvertI64S
        | Operator::F64ConvertI64U
        | Operator::F32ReinterpretI32
        | Operator::F64ReinterpretI64
        | Operator::I32WrapI64
        | Operator::I64ExtendI32S
        | Operator::I64ExtendI32U
        | Operator::I32Add
        | Operator::I32Sub
        | Operator::I32Mul
        | Operator::I32And
        | Operator::I32Or
        | Operator::I32Xor
        | Operator::I64Add
        | Operator::I64Sub
        | Operator::I64Mul
        | Operator::I64And
        | Operator::I64Or
        | Operator::I64Xor => Effect::KnownIfAllAre,
        Operator::LocalTee { .. }
        | Operator::I32Shl
        | Operator::I32ShrS
        | Operator::I32ShrU
        | Operator::I64Shl
        | Operator::I64ShrS
        | Operator::I64ShrU => Effect::KnownIfFirstIs,
        Operator::Select | Operator::TypedSelect { .. } => Effect::Chosen,
        Operator::Call { .. }
        | Operator::CallIndirect { .. }
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::If { .. }
        | Operator::BrIf { .. }
        | Operator::Drop
        | Operator::Nop
        | Operator::LocalSet { .. }
        | Operator::GlobalSet { .. }
        | Operator::I32Store { .. }
        | Operator::I64Store { .. }
        | Operator::F32Store { .. }
        | Operator::F64Store { .. } => Effect::CalledOrNone,
        _ => Effect::Other,
    }
}
