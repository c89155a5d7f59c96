//! What wgpu itself reads shaders with finds each kernel valid, and laid out as Rust says.

use naga::{
    AddressSpace, Expression, Module, ScalarKind, StorageAccess, TypeInner,
    proc::Layouter,
    valid::{Capabilities, ValidationFlags, Validator},
};
use shaders::{
    Access, Bindings, GROUP, ffcm,
    rank::{Course, Kernel, Level, Part, State},
};

/// A structure: its name, its fields, and how many words Rust writes for it.
type Structure = (&'static str, &'static [&'static str], usize);

/// A kernel of any family.
struct Code {
    name: &'static str,
    lanes: u32,
    bindings: Bindings,
    structures: Vec<Structure>,
    module: Module,
}

fn read(name: &str, source: &str) -> Module {
    let module = naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
    let valid = validator.validate(&module);
    valid.unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
    module
}

fn all() -> Vec<Code> {
    let of_rank = Kernel::ALL.map(|kernel| Code {
        name: kernel.name(),
        lanes: GROUP,
        bindings: kernel.bindings(),
        structures: vec![
            ("Part", Part::FIELDS, Part::default().words().len()),
            ("Level", Level::FIELDS, Level::default().words().len()),
            ("Course", Course::FIELDS, Course::default().words().len()),
            ("State", State::FIELDS, State::default().words().len()),
        ],
        module: read(kernel.name(), &kernel.source()),
    });
    let of_nets = ffcm::Kernel::ALL.map(|kernel| Code {
        name: kernel.name(),
        lanes: kernel.lanes(),
        bindings: kernel.bindings(),
        structures: vec![("Course", ffcm::Course::FIELDS, ffcm::Course::default().words().len())],
        module: read(kernel.name(), &kernel.source()),
    });
    of_rank.into_iter().chain(of_nets).collect()
}

#[test]
fn kernels_need_nothing_beyond_the_default_limits() {
    for Code { name, lanes, bindings, module, .. } in all() {
        let [entry] = module.entry_points.as_slice() else { panic!("{name} has one entry point") };
        assert_eq!(entry.name, name);
        assert_eq!(entry.workgroup_size, [lanes, 1, 1]);
        let storage = bindings.iter().filter(|(_, access)| *access != Access::Uniform).count();
        assert!(storage <= 8, "{name} binds {storage} buffers");
        let is_float = |inner: &TypeInner| inner.scalar_kind() == Some(ScalarKind::Float);
        assert!(module.types.iter().all(|(_, ty)| !is_float(&ty.inner)), "{name} has no floats");
        let mut layouter = Layouter::default();
        layouter.update(module.to_ctx()).expect("types have sizes");
        let shared =
            module.global_variables.iter().filter(|(_, global)| global.space == AddressSpace::WorkGroup);
        let bytes: u32 = shared.map(|(_, global)| layouter[global.ty].size).sum();
        assert!(bytes <= 16 * 1024, "{name} takes {bytes} bytes of its workgroup");
    }
}

#[test]
fn bindings_are_those_of_the_table() {
    for Code { name, bindings, module, .. } in all() {
        let mut bound: Vec<_> = module
            .global_variables
            .iter()
            .filter_map(|(_, global)| {
                let binding = global.binding?;
                assert_eq!(binding.group, 0);
                let access = match global.space {
                    AddressSpace::Uniform => Access::Uniform,
                    AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => {
                        Access::Write
                    }
                    AddressSpace::Storage { .. } => Access::Read,
                    other => panic!("{:?} is bound", other),
                };
                Some((binding.binding, global.name.clone().unwrap_or_default(), access))
            })
            .collect();
        bound.sort_by_key(|(at, ..)| *at);
        let table = (0..).zip(bindings).map(|(at, (name, access))| (at, (*name).to_owned(), *access));
        assert_eq!(bound, table.collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn structures_are_those_of_rust() {
    for Code { structures, module, .. } in all() {
        for (name, fields, words) in structures {
            let found = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name));
            let TypeInner::Struct { members, span } = &found.expect("each kernel has all structures").1.inner
            else {
                panic!("{name} is a structure")
            };
            let offsets: Vec<_> = members
                .iter()
                .map(|member| (member.name.as_deref().unwrap_or_default(), member.offset))
                .collect();
            let of_rust: Vec<_> = fields.iter().copied().zip((0..).step_by(4)).collect();
            assert_eq!(offsets, of_rust, "{name}");
            assert_eq!(*span as usize, 4 * words, "{name}");
        }
    }
}

/// `@f = ({a b} ($([*2] $([+1] c)) (?((a (* @f)) d)))) & b ~ $([+] $(c d))`, as a program.
fn definition() -> Vec<u32> {
    use ffcm::{operator, tag};
    let port = |tag: u32, value: u32| value << ffcm::TAG_BITS | tag;
    let [var, con, opr] = [tag::VAR, tag::CON, tag::OPR].map(|tag| move |value| port(tag, value));
    let number = |value: u32, kind: u32| port(tag::NUM, value << ffcm::KIND_BITS | kind);
    let mut words = vec![1, 11, 4, 1, 1, con(0)];
    words.extend([0, port(tag::DUP, 1), con(2)]);
    words.extend([0, var(0), var(1)]);
    words.extend([0, opr(3), con(5)]);
    words.extend([0, number(2, operator::MUL), opr(4)]);
    words.extend([0, number(1, operator::ADD), var(2)]);
    words.extend([0, port(tag::SWI, 6), tag::ERA]);
    words.extend([0, con(7), var(3)]);
    words.extend([0, var(0), con(8)]);
    words.extend([0, tag::ERA, port(tag::REF, 0)]);
    words.extend([0, number(operator::ADD, 0), opr(10)]);
    words.extend([0, var(2), var(3)]);
    words.extend([var(1), opr(9)]);
    words
}

#[test]
fn definitions_as_code_are_valid_and_take_no_more_of_a_workgroup() {
    let special = ffcm::special::Special::new(&definition(), &[0]);
    assert!(special.variants.len() > 1, "{special:?}");
    for kernel in [ffcm::Kernel::Wide, ffcm::Kernel::Narrow] {
        let bytes = |source: &str| {
            let module = read(kernel.name(), source);
            let mut layouter = Layouter::default();
            layouter.update(module.to_ctx()).expect("types have sizes");
            let shared =
                module.global_variables.iter().filter(|(_, global)| global.space == AddressSpace::WorkGroup);
            shared.map(|(_, global)| layouter[global.ty].size).sum::<u32>()
        };
        assert_eq!(bytes(&kernel.source_with(&special.source())), bytes(&kernel.source()));
    }
}

#[test]
fn constants_are_those_of_rust() {
    for kernel in ffcm::Kernel::ALL {
        let module = read(kernel.name(), &kernel.source());
        let value = |name: &str| {
            let found = module.constants.iter().find(|(_, constant)| constant.name.as_deref() == Some(name));
            let (_, constant) = found.unwrap_or_else(|| panic!("{name} is a constant"));
            match module.global_expressions[constant.init] {
                Expression::Literal(naga::Literal::U32(value)) => value,
                ref other => panic!("{name} is {other:?}"),
            }
        };
        for (at, field) in (0..).zip(ffcm::State::FIELDS) {
            assert_eq!(value(&format!("AT_{}", field.to_ascii_uppercase())), at);
        }
        assert_eq!(value("AT_COUNTS") as usize, ffcm::State::FIELDS.len());
        // A ring is four fields in a row.
        let rings = ["nodes", "wires"].into_iter();
        let words = ["head", "ready", "tail", "fresh"];
        for (ring, word) in rings.flat_map(|ring| words.map(|word| (ring, word))) {
            let [at, first] = [word, "head"].map(|word| {
                value(&format!("AT_{}_{}", ring.to_ascii_uppercase(), word.to_ascii_uppercase()))
            });
            assert_eq!(at - first, value(&word.to_ascii_uppercase()), "{ring} {word}");
        }
    }
}

#[test]
fn words_come_back() {
    let words: Vec<u32> = (1..).take(State::FIELDS.len()).collect();
    assert_eq!(State::from_words(&words).words(), words);
    assert_eq!(State::first(3).teleport(), 1 << 58);
}
