//! What wgpu itself reads shaders with finds each kernel valid, and laid out as Rust says.

use naga::{
    AddressSpace, Module, ScalarKind, StorageAccess, TypeInner,
    proc::Layouter,
    valid::{Capabilities, ValidationFlags, Validator},
};
use shaders::{
    Access, GROUP,
    rank::{Course, Kernel, Level, Part, State},
};

fn read(kernel: Kernel) -> Module {
    let source = kernel.source();
    let module = naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(&source)));
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
    let valid = validator.validate(&module);
    valid.unwrap_or_else(|error| panic!("{}: {}", kernel.name(), error.emit_to_string(&source)));
    module
}

#[test]
fn kernels_need_nothing_beyond_the_default_limits() {
    for kernel in Kernel::ALL {
        let module = read(kernel);
        let [entry] = module.entry_points.as_slice() else { panic!("{} has one entry point", kernel.name()) };
        assert_eq!(entry.name, kernel.name());
        assert_eq!(entry.workgroup_size, [GROUP, 1, 1]);
        let storage = kernel.bindings().iter().filter(|(_, access)| *access != Access::Uniform).count();
        assert!(storage <= 8, "{} binds {storage} buffers", kernel.name());
        let is_float = |inner: &TypeInner| inner.scalar_kind() == Some(ScalarKind::Float);
        assert!(module.types.iter().all(|(_, ty)| !is_float(&ty.inner)), "{} has no floats", kernel.name());
        let mut layouter = Layouter::default();
        layouter.update(module.to_ctx()).expect("types have sizes");
        let shared =
            module.global_variables.iter().filter(|(_, global)| global.space == AddressSpace::WorkGroup);
        let bytes: u32 = shared.map(|(_, global)| layouter[global.ty].size).sum();
        assert!(bytes <= 16 * 1024, "{} takes {bytes} bytes of its workgroup", kernel.name());
    }
}

#[test]
fn bindings_are_those_of_the_table() {
    for kernel in Kernel::ALL {
        let module = read(kernel);
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
        let table =
            (0..).zip(kernel.bindings()).map(|(at, (name, access))| (at, (*name).to_owned(), *access));
        assert_eq!(bound, table.collect::<Vec<_>>(), "{}", kernel.name());
    }
}

#[test]
fn structures_are_those_of_rust() {
    let expected = [
        ("Part", Part::FIELDS, Part::default().words().len()),
        ("Level", Level::FIELDS, Level::default().words().len()),
        ("Course", Course::FIELDS, Course::default().words().len()),
        ("State", State::FIELDS, State::default().words().len()),
    ];
    for kernel in Kernel::ALL {
        let module = read(kernel);
        for (name, fields, words) in expected {
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

#[test]
fn words_come_back() {
    let words: Vec<u32> = (1..).take(State::FIELDS.len()).collect();
    assert_eq!(State::from_words(&words).words(), words);
    assert_eq!(State::first(3).teleport(), 1 << 58);
}
