// Where no definition is code.

fn variant_of(def: u32, b: u32) -> vec3<u32> {
    return unchosen(def);
}

fn special(variant: u32, b: u32, own: vec2<u32>, need: vec2<u32>) -> Outcome {
    return Outcome();
}
