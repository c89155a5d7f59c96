//! The drawing of a graph by WebGL 2: nodes as discs, edges as lines, names over them.
//!
//! The graphics processor does what there is much of. A frame is two calls, however many nodes there are; between two layouts of the reckoner's,
//! nodes glide, which its vertex program works out from both places.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{
    CanvasRenderingContext2d, HtmlCanvasElement, WebGl2RenderingContext as Gl, WebGlBuffer,
    WebGlContextAttributes, WebGlProgram, WebGlVertexArrayObject, WebglLoseContext,
};

/// The largest node's diameter where the whole graph is shown, and the least of any, in pixels of the page.
const LARGEST_PX: f32 = 34.0;
const LEAST_PX: f32 = 2.4;
/// Most names that are written.
const NAMES_MAX: usize = 14;

const NODES_VERTEX: &str = "#version 300 es
layout(location = 0) in vec2 a_from;
layout(location = 1) in vec2 a_to;
layout(location = 2) in float a_size;
uniform vec2 u_center;
uniform vec2 u_scale;
uniform float u_mix;
uniform float u_largest;
uniform float u_least;
uniform int u_chosen;
out float v_px;
out float v_chosen;
void main() {
  gl_Position = vec4((mix(a_from, a_to, u_mix) - u_center) * u_scale, 0.0, 1.0);
  v_px = max(u_least, u_largest * sqrt(a_size));
  v_chosen = gl_VertexID == u_chosen ? 1.0 : 0.0;
  v_px += 6.0 * v_chosen;
  gl_PointSize = v_px;
}";

const NODES_FRAGMENT: &str = "#version 300 es
precision mediump float;
in float v_px;
in float v_chosen;
uniform vec3 u_ink;
uniform vec3 u_paper;
uniform vec3 u_accent;
out vec4 o_color;
void main() {
  float from_center = length(gl_PointCoord - 0.5) * v_px;
  float inside = clamp(v_px * 0.5 - from_center, 0.0, 1.0);
  // A rim of paper sets discs apart that overlap.
  float rim = v_px > 7.0 ? clamp(from_center - (v_px * 0.5 - 2.2), 0.0, 1.0) : 0.0;
  vec3 color = mix(mix(u_ink, u_accent, v_chosen), u_paper, rim * (1.0 - 0.6 * v_chosen));
  o_color = vec4(color * inside, inside);
}";

const EDGES_VERTEX: &str = "#version 300 es
layout(location = 0) in vec2 a_from;
layout(location = 1) in vec2 a_to;
uniform vec2 u_center;
uniform vec2 u_scale;
uniform float u_mix;
void main() {
  gl_Position = vec4((mix(a_from, a_to, u_mix) - u_center) * u_scale, 0.0, 1.0);
}";

const EDGES_FRAGMENT: &str = "#version 300 es
precision mediump float;
uniform vec3 u_line;
uniform float u_alpha;
out vec4 o_color;
void main() {
  o_color = vec4(u_line * u_alpha, u_alpha);
}";

/// What the style sheet says of colours, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Colors {
    nodes: [f32; 3],
    paper: [f32; 3],
    lines: [f32; 3],
    accent: [f32; 3],
}

/// Which part of the plane is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sight {
    /// What is in the middle.
    pub(super) center: [f32; 2],
    /// Pixels of the page for one unit of the plane.
    pub(super) zoom: f32,
}

/// What is drawn.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// What each node is called; fewer than nodes where the rest have no names.
    pub(super) names: Vec<String>,
    /// Each node's π, a part of the greatest.
    pub(super) sizes: Vec<f32>,
    /// Where nodes come from, and where they go.
    pub(super) from: Vec<[f32; 2]>,
    pub(super) to: Vec<[f32; 2]>,
    pub(super) edges: u32,
}

/// Programs, buffers and canvases.
pub(super) struct Scene {
    gl: Gl,
    /// Whether the processor draws: slowly.
    pub(super) is_slow: bool,
    canvas: HtmlCanvasElement,
    over: CanvasRenderingContext2d,
    over_canvas: HtmlCanvasElement,
    nodes: WebGlProgram,
    lines: WebGlProgram,
    array: WebGlVertexArrayObject,
    from: WebGlBuffer,
    to: WebGlBuffer,
    sizes: WebGlBuffer,
    ends: WebGlBuffer,
    order: WebGlBuffer,
    pub(super) colors: Colors,
}

fn missing(what: &str) -> JsValue {
    JsValue::from(format!("this browser gives no {what}"))
}

impl Scene {
    /// Makes ready to draw on these canvases.
    ///
    /// # Errors
    /// What the browser says where it has no WebGL 2.
    pub(super) fn new(canvas: HtmlCanvasElement, over_canvas: HtmlCanvasElement) -> Result<Self, JsValue> {
        let is_slow = is_software();
        let attributes = WebGlContextAttributes::new();
        attributes.set_alpha(true);
        attributes.set_antialias(!is_slow);
        let gl: Gl = canvas
            .get_context_with_context_options("webgl2", &attributes)?
            .ok_or_else(|| missing("WebGL 2"))?
            .unchecked_into();
        let over = over_canvas.get_context("2d")?.ok_or_else(|| missing("canvas"))?.unchecked_into();
        let buffer = || gl.create_buffer().ok_or_else(|| missing("buffer"));
        let scene = Self {
            nodes: program(&gl, NODES_VERTEX, NODES_FRAGMENT)?,
            lines: program(&gl, EDGES_VERTEX, EDGES_FRAGMENT)?,
            array: gl.create_vertex_array().ok_or_else(|| missing("vertex array"))?,
            from: buffer()?,
            to: buffer()?,
            sizes: buffer()?,
            ends: buffer()?,
            order: buffer()?,
            colors: Colors::default(),
            gl,
            is_slow,
            canvas,
            over,
            over_canvas,
        };
        scene.gl.bind_vertex_array(Some(&scene.array));
        for (at, (buffer, numbers)) in (0..).zip([(&scene.from, 2), (&scene.to, 2), (&scene.sizes, 1)]) {
            scene.gl.bind_buffer(Gl::ARRAY_BUFFER, Some(buffer));
            scene.gl.enable_vertex_attrib_array(at);
            scene.gl.vertex_attrib_pointer_with_i32(at, numbers, Gl::FLOAT, false, 0, 0);
        }
        scene.gl.enable(Gl::BLEND);
        scene.gl.blend_func(Gl::ONE, Gl::ONE_MINUS_SRC_ALPHA);
        Ok(scene)
    }

    /// Gives back what the graphics processor holds for it. It draws no more.
    pub(super) fn release(&self) {
        release(&self.gl);
    }

    /// Takes in nodes and edges.
    pub(super) fn hold(&self, shown: &Shown, ends: &[u8]) {
        let floats =
            |numbers: &[f32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        self.fill(Gl::ARRAY_BUFFER, &self.sizes, &floats(&shown.sizes));
        self.fill(Gl::ELEMENT_ARRAY_BUFFER, &self.ends, ends);
        // The largest last, over the others.
        let order: Vec<u8> = (0..shown.sizes.len() as u32).rev().flat_map(u32::to_le_bytes).collect();
        self.fill(Gl::ELEMENT_ARRAY_BUFFER, &self.order, &order);
        self.place(shown);
    }

    /// Takes in where nodes come from and go to.
    pub(super) fn place(&self, shown: &Shown) {
        for (buffer, places) in [(&self.from, &shown.from), (&self.to, &shown.to)] {
            let bytes: Vec<u8> = places.as_flattened().iter().flat_map(|at| at.to_le_bytes()).collect();
            self.fill(Gl::ARRAY_BUFFER, buffer, &bytes);
        }
    }

    fn fill(&self, target: u32, buffer: &WebGlBuffer, bytes: &[u8]) {
        self.gl.bind_buffer(target, Some(buffer));
        self.gl.buffer_data_with_u8_array(target, bytes, Gl::DYNAMIC_DRAW);
    }

    /// The size of the canvas, in pixels of the page, and how many of the device's are one of those.
    pub(super) fn size(&self) -> ([f32; 2], f32) {
        let px = window().device_pixel_ratio().clamp(1.0, 3.0) as f32;
        ([self.canvas.client_width() as f32, self.canvas.client_height() as f32], px)
    }

    /// Draws a frame: `mix` of the way from where nodes were to where they go, with the first so many edges.
    pub(super) fn draw(&self, shown: &Shown, sight: Sight, mix: f32, chosen: Option<u32>, edges: u32) {
        let (size, px) = self.size();
        let device = size.map(|length| (length * px).round().max(1.0) as u32);
        for canvas in [&self.canvas, &self.over_canvas] {
            if [canvas.width(), canvas.height()] != device {
                canvas.set_width(device[0]);
                canvas.set_height(device[1]);
            }
        }
        let gl = &self.gl;
        gl.viewport(0, 0, device[0] as i32, device[1] as i32);
        gl.clear_color(0.0, 0.0, 0.0, 0.0);
        gl.clear(Gl::COLOR_BUFFER_BIT);
        let scale = [2.0 * sight.zoom / size[0].max(1.0), -2.0 * sight.zoom / size[1].max(1.0)];
        let [x, y] = sight.center;
        let common = |program: &WebGlProgram| {
            gl.use_program(Some(program));
            let place = |name| gl.get_uniform_location(program, name);
            gl.uniform2f(place("u_center").as_ref(), x, y);
            gl.uniform2f(place("u_scale").as_ref(), scale[0], scale[1]);
            gl.uniform1f(place("u_mix").as_ref(), mix);
        };
        let color = |program: &WebGlProgram, name: &str, [r, g, b]: [f32; 3]| {
            gl.uniform3f(gl.get_uniform_location(program, name).as_ref(), r, g, b);
        };
        gl.bind_vertex_array(Some(&self.array));
        common(&self.lines);
        color(&self.lines, "u_line", self.colors.lines);
        let alpha = (1_500.0 / edges.max(1) as f32).sqrt().clamp(0.09, 0.7);
        gl.uniform1f(gl.get_uniform_location(&self.lines, "u_alpha").as_ref(), alpha);
        gl.bind_buffer(Gl::ELEMENT_ARRAY_BUFFER, Some(&self.ends));
        gl.draw_elements_with_i32(Gl::LINES, 2 * edges.min(shown.edges) as i32, Gl::UNSIGNED_INT, 0);

        common(&self.nodes);
        color(&self.nodes, "u_ink", self.colors.nodes);
        color(&self.nodes, "u_paper", self.colors.paper);
        color(&self.nodes, "u_accent", self.colors.accent);
        let place = |name| gl.get_uniform_location(&self.nodes, name);
        let swell = self.swell(shown, sight);
        let [largest, least] = [LARGEST_PX, LEAST_PX].map(|length| length * px * swell);
        gl.uniform1f(place("u_largest").as_ref(), largest);
        gl.uniform1f(place("u_least").as_ref(), least);
        gl.uniform1i(place("u_chosen").as_ref(), chosen.map_or(-1, |node| node as i32));
        gl.bind_buffer(Gl::ELEMENT_ARRAY_BUFFER, Some(&self.order));
        gl.draw_elements_with_i32(Gl::POINTS, shown.sizes.len() as i32, Gl::UNSIGNED_INT, 0);
        self.write(shown, sight, (mix, swell), chosen, px);
    }

    /// By how much discs are larger than where all is seen: they grow less than the plane does when it is looked at from near. It looks at all
    /// nodes, so once for a frame.
    pub(super) fn swell(&self, shown: &Shown, sight: Sight) -> f32 {
        let near = sight.zoom / fit(&shown.to, self.size().0).zoom.max(f32::MIN_POSITIVE);
        near.max(0.2).sqrt()
    }

    /// Writes the names of the first nodes, and of the chosen one, where they stand: so far on their way, and swollen so much.
    fn write(&self, shown: &Shown, sight: Sight, (mix, swell): (f32, f32), chosen: Option<u32>, px: f32) {
        let over = &self.over;
        let (size, _) = self.size();
        // None of these calls fails on plain numbers.
        let _ = over.set_transform(px.into(), 0.0, 0.0, px.into(), 0.0, 0.0);
        over.clear_rect(0.0, 0.0, size[0].into(), size[1].into());
        over.set_font("600 12px system-ui, sans-serif");
        over.set_text_align("center");
        over.set_text_baseline("middle");
        over.set_line_width(3.5);
        over.set_line_join("round");
        over.set_stroke_style_str(&css(self.colors.paper));
        let mut taken: Vec<[f32; 4]> = Vec::new();
        let first = chosen.into_iter().chain(0..shown.sizes.len().min(4 * NAMES_MAX) as u32);
        for node in first {
            let at = node as usize;
            let Some([x, y]) = shown.place(at, mix) else { continue };
            let x = (x - sight.center[0]) * sight.zoom + size[0] / 2.0;
            let below = shown.diameter(at, swell) / 2.0 + 9.0;
            let y = (y - sight.center[1]) * sight.zoom + size[1] / 2.0 + below;
            let name = shown.names.get(at).cloned().unwrap_or_default();
            let half = 3.4 * name.chars().count() as f32 + 4.0;
            let area = [x - half, y - 8.0, x + half, y + 8.0];
            let is_free = taken.iter().all(|other| {
                area[0] > other[2] || area[2] < other[0] || area[1] > other[3] || area[3] < other[1]
            });
            let is_chosen = chosen == Some(node);
            if name.is_empty() || !is_free || (taken.len() >= NAMES_MAX && !is_chosen) {
                continue;
            }
            taken.push(area);
            over.set_fill_style_str(&css(if is_chosen { self.colors.accent } else { self.colors.nodes }));
            let _ = over.stroke_text(&name, x.into(), y.into());
            let _ = over.fill_text(&name, x.into(), y.into());
        }
    }

    /// Reads the colours that the style sheet gives now; whether they are others than before.
    pub(super) fn look(&mut self) -> bool {
        let Ok(Some(style)) = window().get_computed_style(&self.canvas) else {
            return false;
        };
        let of = |name: &str| rgb(&style.get_property_value(name).unwrap_or_default());
        let colors = Colors {
            nodes: of("color"),
            paper: of("background-color"),
            lines: of("border-top-color"),
            accent: of("caret-color"),
        };
        std::mem::replace(&mut self.colors, colors) != colors
    }
}

impl Shown {
    /// How large a node is, in pixels of the page, where discs swell so much.
    pub(super) fn diameter(&self, node: usize, swell: f32) -> f32 {
        let size = self.sizes.get(node).copied().unwrap_or(0.0);
        (LARGEST_PX * size.sqrt()).max(LEAST_PX) * swell
    }

    /// Where a node is, on the way.
    pub(super) fn place(&self, node: usize, mix: f32) -> Option<[f32; 2]> {
        let (from, to) = (self.from.get(node)?, self.to.get(node)?);
        Some([from[0] + (to[0] - from[0]) * mix, from[1] + (to[1] - from[1]) * mix])
    }
}

/// The sight that shows all.
pub(super) fn fit(places: &[[f32; 2]], size: [f32; 2]) -> Sight {
    let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
    for place in places {
        for axis in 0..2 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    if places.is_empty() {
        return Sight { center: [0.0; 2], zoom: 1.0 };
    }
    let room = |axis: usize| (size[axis] - 70.0).max(60.0) / (high[axis] - low[axis]).max(1e-3);
    let center = [(low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0];
    Sight { center, zoom: room(0).min(room(1)).clamp(1e-6, 40.0) }
}

/// Browsers keep few contexts, and each until somebody looks for what is not used any more.
fn release(gl: &Gl) {
    if let Ok(Some(extension)) = gl.get_extension("WEBGL_lose_context") {
        extension.unchecked_into::<WebglLoseContext>().lose_context();
    }
}

/// Whether the processor draws in place of a graphics processor, as far as the browser tells.
fn is_software() -> bool {
    /// `UNMASKED_RENDERER_WEBGL` (Khronos, `WEBGL_debug_renderer_info`).
    const RENDERER: u32 = 0x9246;
    let name = || -> Option<String> {
        let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
        let gl: Gl = canvas.get_context("webgl2").ok()??.dyn_into().ok()?;
        let name = match gl.get_extension("WEBGL_debug_renderer_info") {
            Ok(Some(_)) => gl.get_parameter(RENDERER).ok().and_then(|name| name.as_string()),
            _ => None,
        };
        release(&gl);
        name
    };
    let name = name().unwrap_or_default().to_lowercase();
    ["swiftshader", "llvmpipe", "software", "basic render"].iter().any(|part| name.contains(part))
}

fn css([r, g, b]: [f32; 3]) -> String {
    let part = |part: f32| (part * 255.0).round();
    format!("rgb({} {} {})", part(r), part(g), part(b))
}

/// `rgb(27, 106, 82)`, as browsers say a colour that is computed.
fn rgb(text: &str) -> [f32; 3] {
    let mut numbers =
        text.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|part| part.parse::<f32>().ok());
    [0; 3].map(|_| numbers.next().unwrap_or(128.0) / 255.0)
}

fn program(gl: &Gl, vertex: &str, fragment: &str) -> Result<WebGlProgram, JsValue> {
    let program = gl.create_program().ok_or_else(|| missing("shader program"))?;
    for (kind, source) in [(Gl::VERTEX_SHADER, vertex), (Gl::FRAGMENT_SHADER, fragment)] {
        let shader = gl.create_shader(kind).ok_or_else(|| missing("shader"))?;
        gl.shader_source(&shader, source);
        gl.compile_shader(&shader);
        gl.attach_shader(&program, &shader);
    }
    gl.link_program(&program);
    if gl.get_program_parameter(&program, Gl::LINK_STATUS).is_truthy() {
        return Ok(program);
    }
    Err(gl.get_program_info_log(&program).unwrap_or_default().into())
}
