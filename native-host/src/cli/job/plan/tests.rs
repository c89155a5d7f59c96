use super::*;
use std::fs;

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn of(spec: &str, folder: &Path) -> Result<Plan> {
    let path = folder.join("spec.yaml");
    fs::write(&path, spec).unwrap();
    Plan::of_spec(&Spec::read(&path)?, folder, &Identity::from_seed([1; 32]))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("m.wasm"), MODULE).unwrap();
    fs::write(folder.path().join("r.wasm"), [MODULE, &[0, 1, 0]].concat()).unwrap();
    folder
}

#[test]
fn an_array_with_a_reduction_is_jobs_of_which_the_last_reads_the_others() {
    let folder = folder();
    let spec = "module: m.wasm\nname: squares\nargs: [\"{index}\", \"of {count}\"]\ncount: 3\nreplicas: 3\nreduce: {module: r.wasm, replicas: 1}\n";
    let plan = of(spec, folder.path()).unwrap();
    assert_eq!(plan.jobs.len(), 4);
    let args: Vec<_> = plan.jobs[..3].iter().map(|job| job.manifest.args.join(" ")).collect();
    assert_eq!(args, ["squares 0 of 3", "squares 1 of 3", "squares 2 of 3"]);
    let names: Vec<_> = plan.jobs.iter().map(|job| job.manifest.name.as_str()).collect();
    assert_eq!(names, ["squares 1/3", "squares 2/3", "squares 3/3", "squares: r"]);
    let ids: Vec<ContentId> = plan.jobs[..3].iter().map(|job| job.id).collect();
    assert_eq!(plan.jobs[3].manifest.input, Blob::Outputs(ids));
    assert_eq!(plan.jobs.iter().map(|job| job.manifest.replicas).collect::<Vec<_>>(), [3, 3, 3, 1]);
    assert_eq!(plan.blobs.len(), 2);
    for job in &plan.jobs {
        assert_eq!(Manifest::open(&job.envelope).unwrap().0, job.id);
    }
}

#[test]
fn inputs_come_from_files_by_pattern_in_order_and_long_ones_are_sent() {
    let folder = folder();
    for (name, bytes) in
        [("b.txt", vec![b'b'; 10_000]), ("a.txt", b"short".to_vec()), ("c.csv", b"no".to_vec())]
    {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let plan = of("module: m.wasm\ninputs: \"*.txt\"\n", folder.path()).unwrap();
    let long = ContentId::of(&[b'b'; 10_000]);
    assert_eq!(plan.jobs[0].manifest.input, Blob::Inline(Base64(b"short".to_vec())));
    assert_eq!(plan.jobs[1].manifest.input, Blob::Id(long));
    assert_eq!(plan.blobs[&long].read().unwrap(), [b'b'; 10_000]);
    assert_eq!(plan.jobs.len(), 2);
}

#[test]
fn what_cannot_be_is_said_with_its_place() {
    let folder = folder();
    fs::write(folder.path().join("notes.txt"), "text").unwrap();
    for (spec, words) in [
        ("module: missing.wasm", "missing.wasm"),
        ("module: notes.txt", "no WebAssembly module"),
        ("module: m.wasm\ninput: typo.txt", "{text: …}"),
        ("module: m.wasm\ninputs: \"*.png\"", "no file"),
        ("module: m.wasm\ndeadline: soon", "deadline"),
        ("module: m.wasm\ncount: 10001", "split"),
        ("module: m.wasm\ncount: 5000\nreduce: {module: r.wasm}", "4096"),
        ("module: m.wasm\nreplicas: 9", "replicas"),
        ("module: m.wasm\nlimits: {fuel: 0}", "limits.fuel"),
    ] {
        let error = format!("{:#}", of(spec, folder.path()).unwrap_err());
        assert!(error.contains(words), "{spec}: {error}");
    }
}
