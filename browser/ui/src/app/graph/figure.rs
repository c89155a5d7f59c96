//! The drawing, and the ways to look around in it: pointer, wheel, keys, buttons.

use super::{
    View,
    scene::{Scene, Shown, Sight, fit},
};
use crate::{app::state::page, testids, words};
use channel::reckoner::Drawn;
use leptos::{
    ev::{KeyboardEvent, PointerEvent, WheelEvent},
    html::Canvas,
    prelude::*,
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, Event};

/// The canvas's id.
const CANVAS_ID: &str = "graph-canvas";

/// How long nodes glide to where they are to be, in milliseconds.
const GLIDE_MS: f64 = 180.0;
/// By how much a key zooms and moves: a factor, and a part of the drawing.
const KEY_ZOOM: f32 = 1.3;
const KEY_MOVE: f32 = 0.12;
/// Edges that the processor draws in time, while something moves and once all stands.
const SLOW_EDGES: [u32; 2] = [1_000, 8_000];
/// How often it draws what moves, in milliseconds: each time costs a frame.
const SLOW_EVERY_MS: f64 = 400.0;
/// A frame that took longer, in milliseconds, was too much for the graphics processor; after one that took less there is room for more.
const FRAME_MS_MAX: f64 = 60.0;
const FRAME_MS_QUICK: f64 = 25.0;
/// The fewest edges of a frame, if there are so many.
const EDGES_MIN: u32 = 2_000;
/// How long after a touch it stands, in milliseconds.
const REST_MS: f64 = 250.0;
/// A pointer that moved less than this has pressed, in pixels.
const PRESS_PX: f32 = 4.0;

/// What is drawn and how it is looked at.
#[derive(Default)]
pub(super) struct Figure {
    scene: RefCell<Option<Scene>>,
    shown: RefCell<Shown>,
    /// Where the person looks; all of it until they choose.
    sight: Cell<Option<Sight>>,
    /// What is shown now, on its way to fit.
    eye: Cell<Option<Sight>>,
    /// Since when nodes glide.
    since_ms: Cell<f64>,
    /// Whether they jump instead.
    still: Cell<bool>,
    chosen: Cell<Option<u32>>,
    /// Fingers, pens and pointers that are down, with where they were.
    pointers: RefCell<BTreeMap<i32, [f32; 2]>>,
    moved_px: Cell<f32>,
    awake: Cell<bool>,
    /// Whether the layout has come to its end.
    settled: Cell<bool>,
    /// When the person last looked elsewhere.
    touched_ms: Cell<f64>,
    /// When the last frame was drawn, where the one before followed it, and how many edges frames have room for.
    drawn_ms: Cell<Option<f64>>,
    edges_max: Cell<u32>,
}

fn now_ms() -> f64 {
    window().performance().map_or_else(js_sys::Date::now, |clock| clock.now())
}

fn words_of(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> + '_ {
    bytes.as_chunks::<4>().0.iter().copied()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    words_of(bytes).map(f32::from_le_bytes).collect()
}

fn places(bytes: &[u8]) -> Vec<[f32; 2]> {
    floats(bytes).as_chunks::<2>().0.to_vec()
}

impl Figure {
    /// Takes in another graph: the head and its byte arrays.
    pub(super) fn hold(self: &Rc<Self>, head: &Drawn, parts: &[Vec<u8>], still: bool) {
        let [ids, sizes, at, ends] = parts else { return };
        let names = match head.names.as_slice() {
            [] => words_of(ids).map(|id| u32::from_le_bytes(id).to_string()).collect(),
            names => names.to_vec(),
        };
        let at = places(at);
        let shown = Shown { names, sizes: floats(sizes), from: at.clone(), to: at, edges: head.edges };
        if let Some(scene) = &*self.scene.borrow() {
            scene.hold(&shown, ends);
        }
        self.shown.replace(shown);
        self.still.set(still);
        self.sight.take();
        self.eye.take();
        self.chosen.take();
        self.settled.set(false);
        self.wake();
    }

    /// Takes in where to draw. What there is to draw already is handed over, with the ends of its edges.
    fn draw_on(self: &Rc<Self>, scene: Scene, ends: Option<&[u8]>) {
        if let Some(ends) = ends {
            scene.hold(&self.shown.borrow(), ends);
        }
        self.scene.replace(Some(scene));
        self.look();
    }

    /// Nodes have moved.
    pub(super) fn move_to(self: &Rc<Self>, bytes: &[u8], settled: bool) {
        let is_slow = self.scene.borrow().as_ref().is_some_and(|scene| scene.is_slow);
        if is_slow && !settled && now_ms() - self.since_ms.get() < SLOW_EVERY_MS {
            return;
        }
        self.settled.set(settled);
        let to = places(bytes);
        let mix = self.mix();
        {
            let mut shown = self.shown.borrow_mut();
            if to.len() != shown.to.len() {
                return;
            }
            let on_the_way = (0..to.len()).filter_map(|node| shown.place(node, mix)).collect();
            shown.from = if self.jumps() { to.clone() } else { on_the_way };
            shown.to = to;
        }
        self.since_ms.set(now_ms());
        if let Some(scene) = &*self.scene.borrow() {
            scene.place(&self.shown.borrow());
        }
        self.wake();
    }

    /// How far nodes have glided.
    fn mix(&self) -> f32 {
        if self.jumps() { 1.0 } else { ((now_ms() - self.since_ms.get()) / GLIDE_MS).clamp(0.0, 1.0) as f32 }
    }

    /// Whether nodes are at once where they are to be: the person wants it, or frames are dear.
    fn jumps(&self) -> bool {
        self.still.get() || self.scene.borrow().as_ref().is_some_and(|scene| scene.is_slow)
    }

    /// How many edges this frame has room for: as many as the frames before it were quick enough for.
    fn edges(&self, scene: &Scene, is_moving: bool) -> u32 {
        if scene.is_slow {
            return SLOW_EDGES[usize::from(!is_moving)];
        }
        let (now_ms, all) = (now_ms(), self.shown.borrow().edges);
        let before_ms = self.drawn_ms.replace(is_moving.then_some(now_ms));
        let most = match before_ms.map(|before_ms| now_ms - before_ms) {
            Some(took_ms) if took_ms > FRAME_MS_MAX => (self.edges_max.get().min(all) / 2).max(EDGES_MIN),
            Some(took_ms) if took_ms < FRAME_MS_QUICK => self.edges_max.get().saturating_mul(2),
            _ => self.edges_max.get().max(EDGES_MIN),
        };
        self.edges_max.set(most);
        // What stands is drawn once, whatever that costs.
        if is_moving { most } else { u32::MAX }
    }

    /// Draws at the browser's next frame, and on as long as something moves.
    fn wake(self: &Rc<Self>) {
        if self.awake.replace(true) {
            return;
        }
        let figure = Rc::clone(self);
        request_animation_frame(move || {
            figure.awake.set(false);
            if figure.frame() {
                figure.wake();
            }
        });
    }

    /// Draws; whether something moves still.
    fn frame(&self) -> bool {
        let scene = self.scene.borrow();
        let Some(scene) = &*scene else { return false };
        let shown = self.shown.borrow();
        let mix = self.mix();
        let aim = self.sight.get().unwrap_or_else(|| fit(&shown.to, scene.size().0));
        let eye = match self.eye.get() {
            Some(eye) if !self.still.get() && !scene.is_slow && self.sight.get().is_none() => {
                nearer(eye, aim)
            }
            _ => aim,
        };
        self.eye.set(Some(eye));
        let goes_on = mix < 1.0 || eye != aim;
        let is_touched = now_ms() - self.touched_ms.get() < REST_MS;
        let edges = self.edges(scene, goes_on || is_touched || !self.settled.get());
        scene.draw(&shown, eye, mix, self.chosen.get(), edges);
        goes_on
    }

    /// Notices other colours.
    fn look(self: &Rc<Self>) {
        if self.scene.borrow_mut().as_mut().is_some_and(Scene::look) {
            self.wake();
        }
    }

    /// The person looks elsewhere; a while after the last time all is drawn.
    fn touch(self: &Rc<Self>, sight: Option<Sight>) {
        self.sight.set(sight);
        self.touched_ms.set(now_ms());
        self.wake();
        let figure = Rc::clone(self);
        set_timeout(
            move || {
                if now_ms() - figure.touched_ms.get() >= REST_MS {
                    figure.wake();
                }
            },
            Duration::from_millis(REST_MS as u64 + 20),
        );
    }

    /// The sight now, for the person to change.
    fn seen(&self) -> Option<(Sight, [f32; 2])> {
        let size = self.scene.borrow().as_ref()?.size().0;
        let eye = self.eye.get().or(self.sight.get());
        Some((eye.unwrap_or_else(|| fit(&self.shown.borrow().to, size)), size))
    }

    /// Zooms in by a factor, so that what is at `at` stays there: pixels from the upper left corner, or the middle.
    fn zoom(self: &Rc<Self>, factor: f32, at: Option<[f32; 2]>) {
        let Some((sight, size)) = self.seen() else { return };
        let whole = fit(&self.shown.borrow().to, size).zoom;
        let zoom = (sight.zoom * factor).clamp(whole * 0.2, whole * 400.0);
        let off = at.map_or([0.0; 2], |at| [at[0] - size[0] / 2.0, at[1] - size[1] / 2.0]);
        let back = |axis: usize| sight.center[axis] + off[axis] / sight.zoom - off[axis] / zoom;
        self.touch(Some(Sight { center: [back(0), back(1)], zoom }));
    }

    /// Moves what is seen by so many pixels.
    fn pan(self: &Rc<Self>, by: [f32; 2]) {
        let Some((sight, _)) = self.seen() else { return };
        let center = [sight.center[0] - by[0] / sight.zoom, sight.center[1] - by[1] / sight.zoom];
        self.touch(Some(Sight { center, ..sight }));
    }

    fn whole(self: &Rc<Self>) {
        self.touch(None);
    }

    /// Marks a node; the view comes along where it would not be seen.
    pub(super) fn choose(self: &Rc<Self>, node: Option<u32>) {
        self.chosen.set(node);
        let place = node.and_then(|node| self.shown.borrow().place(node as usize, 1.0));
        if let (Some(place), Some((sight, size))) = (place, self.seen()) {
            let off =
                |axis: usize| ((place[axis] - sight.center[axis]) * sight.zoom).abs() > size[axis] / 2.0;
            if off(0) || off(1) {
                self.sight.set(Some(Sight { center: place, ..sight }));
            }
        }
        self.wake();
    }

    /// The node at these pixels, or the nearest within reach.
    fn at(&self, px: [f32; 2]) -> Option<u32> {
        let (sight, size) = self.seen()?;
        let scene = self.scene.borrow();
        let scene = scene.as_ref()?;
        let shown = self.shown.borrow();
        let swell = scene.swell(&shown, sight);
        let mut best: Option<(f32, usize)> = None;
        for node in 0..shown.sizes.len() {
            let place = shown.place(node, 1.0)?;
            let on =
                |axis: usize| (place[axis] - sight.center[axis]) * sight.zoom + size[axis] / 2.0 - px[axis];
            let far = on(0).hypot(on(1)) - shown.diameter(node, swell) / 2.0;
            if far < 8.0 && best.is_none_or(|(least, _)| far < least) {
                best = Some((far, node));
            }
        }
        best.map(|(_, node)| node as u32)
    }

    fn pressed(&self, event: &PointerEvent) {
        self.pointers.borrow_mut().insert(event.pointer_id(), px(event));
        if self.pointers.borrow().len() == 1 {
            self.moved_px.set(0.0);
        }
    }

    fn dragged(self: &Rc<Self>, event: &PointerEvent) {
        let now = px(event);
        let (before, other) = {
            let mut pointers = self.pointers.borrow_mut();
            let Some(before) = pointers.insert(event.pointer_id(), now) else {
                pointers.remove(&event.pointer_id());
                return;
            };
            let other = pointers.iter().find(|(id, _)| **id != event.pointer_id()).map(|(_, at)| *at);
            (before, other)
        };
        let by = [now[0] - before[0], now[1] - before[1]];
        self.moved_px.set(self.moved_px.get() + by[0].hypot(by[1]));
        match other {
            None => self.pan(by),
            // Two fingers: as much as they part, about the one that rests.
            Some(other) => {
                let apart = |at: [f32; 2]| (at[0] - other[0]).hypot(at[1] - other[1]).max(1.0);
                self.zoom(apart(now) / apart(before), Some(other));
            }
        }
    }
}

/// A step on the way from one sight to another.
fn nearer(eye: Sight, aim: Sight) -> Sight {
    const STEP: f32 = 0.25;
    let to = |from: f32, to: f32| from + (to - from) * STEP;
    let next = Sight {
        center: [to(eye.center[0], aim.center[0]), to(eye.center[1], aim.center[1])],
        zoom: eye.zoom * (aim.zoom / eye.zoom).powf(STEP),
    };
    let off = |axis: usize| (next.center[axis] - aim.center[axis]).abs() * aim.zoom;
    let is_there = off(0) < 0.3 && off(1) < 0.3 && (next.zoom / aim.zoom - 1.0).abs() < 0.002;
    if is_there { aim } else { next }
}

fn px(event: &PointerEvent) -> [f32; 2] {
    [event.offset_x() as f32, event.offset_y() as f32]
}

/// The drawing of what is ranked.
#[component]
pub(super) fn Drawing(
    /// What the view holds.
    view: View,
) -> impl IntoView {
    let page = page();
    let figure = move || view.figure.get_value();
    let (canvas, over) = (NodeRef::<Canvas>::new(), NodeRef::<Canvas>::new());
    let (problem, slow) = (RwSignal::new(None::<&'static str>), RwSignal::new(false));
    let draw_again = move |ends: Option<&[u8]>| {
        let (Some(canvas), Some(over)) = (canvas.get(), over.get()) else { return };
        match Scene::new(canvas, over) {
            Ok(scene) => {
                slow.set(scene.is_slow);
                problem.set(None);
                figure().draw_on(scene, ends);
            }
            Err(_) => problem.set(Some("This browser does not draw with WebGL 2. The table says it all.")),
        }
    };
    Effect::new(move || {
        draw_again(None);
        view.show();
    });
    // A graphics processor that resets, or a browser with too many drawings, takes one away, and may give it back.
    let lost = move |event: Event| {
        event.prevent_default();
        if let Some(figure) = view.figure.try_get_value() {
            figure.scene.take();
            // It also comes once the drawing has gone.
            problem.try_set(Some(
                "The browser has taken the drawing away, and may give it back. The table says it all.",
            ));
        }
    };
    let restored = move |_: Event| {
        view.parts.with_value(|parts| draw_again(parts.get(3).map(Vec::as_slice)));
        figure().wake();
    };
    let held = view.figure;
    on_cleanup(move || {
        let scene = held.try_get_value().and_then(|figure| figure.scene.take());
        scene.iter().for_each(Scene::release);
    });
    // The theme may change at any time, and nothing tells a canvas.
    Effect::new(move || {
        page.now.track();
        figure().look();
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| figure().wake());
    on_cleanup(move || resized.remove());

    let down = move |event: PointerEvent| {
        if let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) {
            // A pointer that is gone already cannot be held.
            let _ = target.set_pointer_capture(event.pointer_id());
        }
        figure().pressed(&event);
    };
    let up = move |event: PointerEvent| {
        let figure = figure();
        figure.pointers.borrow_mut().remove(&event.pointer_id());
        if event.type_() == "pointerup" && figure.moved_px.get() < PRESS_PX {
            view.choose(figure.at(px(&event)));
        }
    };
    let wheel = move |event: WheelEvent| {
        let has_focus = document().active_element().is_some_and(|element| element.id() == CANVAS_ID);
        // Elsewhere a wheel scrolls the page.
        if has_focus || event.ctrl_key() {
            event.prevent_default();
            let lines = if event.delta_mode() == 0 { 1.0 } else { 30.0 };
            let factor = (-event.delta_y() * lines * 0.0015).exp() as f32;
            figure().zoom(factor, Some([event.offset_x() as f32, event.offset_y() as f32]));
        }
    };
    let key = move |event: KeyboardEvent| {
        let figure = figure();
        let size = figure.seen().map_or([600.0; 2], |(_, size)| size);
        let go = |x: f32, y: f32| figure.pan([x * KEY_MOVE * size[0], y * KEY_MOVE * size[1]]);
        match event.key().as_str() {
            "ArrowLeft" => go(1.0, 0.0),
            "ArrowRight" => go(-1.0, 0.0),
            "ArrowUp" => go(0.0, 1.0),
            "ArrowDown" => go(0.0, -1.0),
            "+" | "=" => figure.zoom(KEY_ZOOM, None),
            "-" => figure.zoom(1.0 / KEY_ZOOM, None),
            "0" => figure.whole(),
            _ => return,
        }
        event.prevent_default();
    };
    let drawn = move |pick: fn(&Drawn) -> String| {
        move || view.drawn.with(|drawn| drawn.as_ref().map(pick).unwrap_or_default())
    };
    let button = move |sign: &'static str, label: &'static str, act: fn(&Rc<Figure>)| {
        view! {
            <button type="button" class="secondary" aria-label=label title=label on:click=move |_| act(&figure())>
                {sign}
            </button>
        }
    };
    view! {
        <figure class="graph-figure">
            <div class="graph-canvas">
                <canvas
                    node_ref=canvas
                    id=CANVAS_ID
                    tabindex="0"
                    role="application"
                    aria-label="Drawing of the graph"
                    aria-roledescription="drawing"
                    aria-describedby="graph-words"
                    data-testid=testids::GRAPH_DRAWING
                    data-nodes=drawn(|drawn| drawn.nodes.to_string())
                    data-edges=drawn(|drawn| drawn.edges.to_string())
                    data-settled=move || view.settled.get().to_string()
                    on:pointerdown=down
                    on:pointermove=move |event: PointerEvent| figure().dragged(&event)
                    on:pointerup=up
                    on:pointercancel=up
                    on:wheel=wheel
                    on:keydown=key
                    on:webglcontextlost=lost
                    on:webglcontextrestored=restored
                ></canvas>
                <canvas node_ref=over class="over" aria-hidden="true"></canvas>
                <div class="graph-buttons">
                    {button("+", "Zoom in", |figure| figure.zoom(KEY_ZOOM, None))}
                    {button("\u{2212}", "Zoom out", |figure| figure.zoom(1.0 / KEY_ZOOM, None))}
                    {button("⤢", "Show all", Figure::whole)}
                </div>
            </div>
            <figcaption>
                <span class="chosen" role="status" data-testid=testids::GRAPH_CHOSEN>{move || view.chosen_words()}</span>
                <span id="graph-words" class="soft">{drawn(words_of_drawn)} {move || slow_words(slow.get(), view)}</span>
            </figcaption>
            <p class="error" role="alert">{move || problem.get()}</p>
        </figure>
    }
}

/// What is left out where the processor draws.
fn slow_words(is_slow: bool, view: View) -> String {
    let edges = view.drawn.with(|drawn| drawn.as_ref().map_or(0, |drawn| drawn.edges));
    let [_, most] = SLOW_EDGES;
    match is_slow && edges > most {
        true => format!(
            "This browser draws without a GPU: only {} edges are drawn.",
            words::grouped(&most.to_string())
        ),
        false => String::new(),
    }
}

/// What the drawing shows, and how to look around.
fn words_of_drawn(drawn: &Drawn) -> String {
    let part = match drawn.nodes == drawn.of_nodes {
        true => format!("All {}", words::count(drawn.nodes.into(), "node")),
        false => format!(
            "The {} that hold most, of {}",
            words::count(drawn.nodes.into(), "node"),
            words::grouped(&drawn.of_nodes.to_string())
        ),
    };
    let edges = match u64::from(drawn.edges) == drawn.of_edges {
        true => words::count(drawn.of_edges, "edge"),
        false => format!(
            "{} of {} between them",
            words::grouped(&drawn.edges.to_string()),
            words::count(drawn.of_edges, "edge")
        ),
    };
    format!(
        "{part}, {edges}. A node’s area is its share. Drag, or use the arrow keys, + and \u{2212}; 0 shows all."
    )
}
