//! The mark: three shares that make one whole. It fills as they arrive.

use leptos::prelude::*;

/// Three arcs, of which `filled` are drawn in colour.
#[component]
pub(crate) fn Ring(
    /// How many arcs are filled, 0 to 3.
    #[prop(into)]
    filled: Signal<usize>,
    /// The class that gives its size.
    #[prop(default = "ring")]
    class: &'static str,
) -> impl IntoView {
    // Each arc is 96 of 360 units long; the round ends take up most of the gaps.
    let arc = move |at: usize| {
        let offset = 102_i32 - 120 * at as i32;
        view! {
            <circle
                class=move || if at < filled.get() { "arc on" } else { "arc" }
                cx="12"
                cy="12"
                r="9"
                pathLength="360"
                stroke-dasharray="84 276"
                stroke-dashoffset=offset.to_string()
            />
        }
    };
    view! {
        <svg class=class viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
            {(0..3).map(arc).collect_view()}
            <circle class=move || if filled.get() == 3 { "heart on" } else { "heart" } cx="12" cy="12" r="3" />
        </svg>
    }
}
