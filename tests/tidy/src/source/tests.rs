use super::*;

#[test]
fn comments_and_literals_are_no_code() {
    let source = "a // HashMap\n/* HashMap /* HashMap */ HashMap */ b \"HashMap \\\" HashMap\" c r#\"HashMap \" \"# d '\"' e '\\'' f b\"HashMap\" g\n";
    let code = code(source);
    assert!(!code.contains("HashMap"), "{code}");
    let words: Vec<_> = code.split_whitespace().collect();
    assert_eq!(words, ["a", "b", "c", "d", "e", "f", "b", "g"]);
    assert_eq!(code.lines().count(), source.lines().count());
}

#[test]
fn lifetimes_and_raw_names_are_code() {
    let source = "fn f<'a>(x: &'a str) -> HashMap<'a, r#type> { 'é' }";
    let code = code(source);
    assert!(code.contains("HashMap<'a, r#type>"), "{code}");
    assert!(!code.contains('é'), "{code}");
}

#[test]
fn unfinished_literals_end_with_the_file() {
    for source in ["\"abc", "r#\"abc", "/* abc", "// abc", "'\\", "\"abc\\", "r", "'"] {
        assert_eq!(code(source).len(), source.len(), "{source}");
    }
}

#[test]
fn words_are_whole() {
    assert!(has_word("let x: f32 = 1.0;", "f32"));
    assert!(!has_word("let f32x4 = vf32;", "f32"));
}
