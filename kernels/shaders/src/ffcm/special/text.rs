//! Variants as WGSL.

use super::{Choice, Class, Number, Plan, Port, Special, Variant};
use crate::ffcm::{operator, tag};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

const SIDES: [&str; 2] = ["y", "z"];

/// All that stands in place of `plain.wgsl`.
pub(super) fn source(special: &Special) -> String {
    let mut text = include_str!("../../../wgsl/ffcm/special.wgsl").to_string();
    for (def, choice) in &special.defs {
        let ends = chosen(special, choice, "    ");
        text.push_str(&format!("fn variant_of_{def}(def: u32, x0: u32) -> vec3<u32> {{\n{ends}}}\n\n"));
    }
    for (number, variant) in (1..).zip(&special.variants) {
        text.push_str(&body(number, variant));
    }
    let cases = |cases: Vec<String>| cases.concat();
    let defs = special
        .defs
        .keys()
        .map(|def| format!("        case {def}u: {{ return variant_of_{def}(def, b); }}\n"));
    text.push_str(&format!(
        "fn variant_of(def: u32, b: u32) -> vec3<u32> {{\n    switch def {{\n{}        default: {{ return unchosen(def); }}\n    }}\n}}\n\n",
        cases(defs.collect()),
    ));
    let numbers = 1..=special.variants.len();
    let variants =
        numbers.map(|number| format!("        case {number}u: {{ return variant_{number}(b); }}\n"));
    text.push_str(&format!(
        "fn done(variant: u32, b: u32) -> Outcome {{\n    switch variant {{\n{}        default: {{ return Outcome(); }}\n    }}\n}}\n\n",
        cases(variants.collect()),
    ));
    text
}

/// Statements that return how many nodes and wires are asked for, and which variant it is.
fn chosen(special: &Special, choice: &Choice, indent: &str) -> String {
    match choice {
        Choice::Plain => format!("{indent}return unchosen(def);\n"),
        Choice::Variant(number) => {
            let (nodes, wires) =
                special.variant(*number).map_or((0, 0), |of| (of.plan.asked(), of.plan.wires));
            format!("{indent}return vec3<u32>({nodes}u, {wires}u, {number}u);\n")
        }
        Choice::Ask { argument, at: [of, side], classes, otherwise } => {
            let mut text = String::new();
            if *argument > 0 {
                let side = SIDES[*side as usize & 1];
                text.push_str(&format!("{indent}let x{argument} = y{of}.{side};\n"));
            }
            if classes.iter().any(|(class, _)| *class != Class::Constructor) {
                text.push_str(&format!("{indent}let n{argument} = seen(x{argument});\n"));
            }
            for (class, follows) in classes {
                let further = format!("{indent}    ");
                let (holds, first) = match class {
                    Class::Any => ("true".to_string(), String::new()),
                    Class::Constructor => (
                        format!("tag_of(x{argument}) == CON"),
                        format!("{further}let y{argument} = nodes[x{argument} >> TAG_BITS];\n"),
                    ),
                    Class::Number => (format!("is_unsigned(n{argument})"), String::new()),
                    Class::Zero => (format!("n{argument} == ZERO"), String::new()),
                    Class::Positive => {
                        (format!("is_unsigned(n{argument}) && n{argument} != ZERO"), String::new())
                    }
                };
                let follows = chosen(special, follows, &further);
                text.push_str(&format!("{indent}if {holds} {{\n{first}{follows}{indent}}}\n"));
            }
            text + &chosen(special, otherwise, indent)
        }
    }
}

/// The function that does a variant.
fn body(number: u32, Variant { arguments, plan }: &Variant) -> String {
    let mut lines = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        let there = format!("y{}.{}", argument.of, SIDES[argument.side as usize & 1]);
        match argument.class {
            // The first one is what the definition meets.
            _ if index == 0 => {}
            Class::Any | Class::Constructor => lines.push(format!("let x{index} = {there};")),
            Class::Number | Class::Positive => lines.push(format!("let x{index} = taken({there});")),
            Class::Zero => lines.push(format!("_ = taken({there});")),
        }
        if argument.class == Class::Constructor {
            lines.push(format!("let y{index} = nodes[x{index} >> TAG_BITS];"));
        }
    }
    lines.extend((0..).zip(&plan.numbers).map(|(index, number)| computed(index, number)));
    for (index, argument) in plan.vanished.iter().enumerate() {
        lines.push(match index < plan.nodes.len() {
            true => format!("let p{index} = x{argument} >> TAG_BITS;"),
            false => format!("leave_node(x{argument});"),
        });
    }
    for index in plan.vanished.len()..plan.nodes.len() {
        lines.push(format!("let p{index} = new_nodes[{}u];", index - plan.vanished.len()));
    }
    lines.extend((0..plan.wires).map(|wire| format!("let w{wire} = new_wires[{wire}u];")));
    for (wire, waits) in &plan.waiting {
        lines.push(format!("atomicStore(&wires[w{wire} >> TAG_BITS], ~{});", of(*waits)));
    }
    for (index, (header, first, second)) in plan.nodes.iter().enumerate() {
        let ports = format!("{}, {}", of(*first), of(*second));
        lines.push(format!("nodes[p{index}] = vec4<u32>({header}u, {ports}, 0u);"));
    }
    lines.push(joins(plan));
    let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
    format!("fn variant_{number}(x0: u32) -> Outcome {{\n{lines}}}\n\n")
}

fn joins(plan: &Plan) -> String {
    let side = |side: usize, from: usize| {
        let ports =
            (from..from + 4).map(|at| plan.joins.get(at).map_or("0u".to_string(), |join| of(join[side])));
        format!("vec4<u32>({})", ports.collect::<Vec<_>>().join(", "))
    };
    let vectors = [side(0, 0), side(1, 0), side(0, 4), side(1, 4)].join(", ");
    let counts = plan.counts.iter().rev().fold(0u64, |all, count| all << 8 | u64::from(*count));
    let [low, high] = crate::pair::pair(counts);
    format!("return Outcome({vectors}, {}u, vec2<u32>({low}u, {high}u));", plan.joins.len())
}

fn of(port: Port) -> String {
    match port {
        Port::Atom(port) => format!("{port}u"),
        Port::Argument(index) => format!("x{index}"),
        Port::Number(index) => format!("v{index}"),
        Port::Node(tag, index) => {
            let tag = tag::ALL.iter().find(|(_, value)| *value == tag).map_or("CON", |(name, _)| name);
            format!("port({tag}, p{index})")
        }
        Port::Wire(index) => format!("w{index}"),
    }
}

fn computed(index: u32, number: &Number) -> String {
    use operator::*;
    let value = |port: &Port| format!("value_of({})", of(*port));
    let made = match number {
        Number::Argument(argument) => format!("x{argument}"),
        Number::Less(port) => format!("unsigned({} - 1u)", value(port)),
        Number::Kind(port, kind) => format!("as_kind({}, {kind}u)", of(*port)),
        Number::Operate(sign, x, y) => {
            let (x, y) = (value(x), value(y));
            let result = match *sign {
                ADD => format!("{x} + {y}"),
                SUB => format!("{x} - {y}"),
                SUB_FLIPPED => format!("{y} - {x}"),
                MUL => format!("{x} * {y}"),
                EQUAL => format!("u32({x} == {y})"),
                NOT_EQUAL => format!("u32({x} != {y})"),
                LESS => format!("u32({x} < {y})"),
                GREATER => format!("u32({x} > {y})"),
                AND => format!("{x} & {y}"),
                OR => format!("{x} | {y}"),
                XOR => format!("{x} ^ {y}"),
                SHIFT_LEFT => format!("{x} << ({y} & 31u)"),
                SHIFT_RIGHT => format!("{x} >> ({y} & 31u)"),
                SHIFT_LEFT_FLIPPED => format!("{y} << ({x} & 31u)"),
                SHIFT_RIGHT_FLIPPED => format!("{y} >> ({x} & 31u)"),
                // A plan has no other.
                _ => "0u".to_string(),
            };
            format!("unsigned({result})")
        }
    };
    format!("let v{index} = {made};")
}
