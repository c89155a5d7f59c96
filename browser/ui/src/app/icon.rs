//! Our own line icons: 24 units square, drawn in the text's colour.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A house.
    Home,
    /// A table.
    Table,
    /// A pen on paper.
    Pen,
    /// A list with marks.
    List,
    /// A shield with a mark.
    Shield,
    /// Three nodes.
    Nodes,
    /// A sun.
    Sun,
    /// A moon.
    Moon,
    /// A mark of success.
    Check,
    /// A cross.
    Cross,
    /// A padlock.
    Lock,
    /// An arrow into a tray, to save.
    Save,
    /// Two links of a chain.
    Link,
    /// A processor.
    Chip,
    /// A triangle to the right, to run.
    Play,
}

impl Shape {
    const fn path(self) -> &'static str {
        match self {
            Self::Home => "M4 11.5 12 5l8 6.5M6 10v9h12v-9M10 19v-5h4v5",
            Self::Table => "M4 5h16v14H4zM4 10h16M4 14.5h16M10 10v9",
            Self::Pen => "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
            Self::List => {
                "M10 7h10M10 12h10M10 17h10M4 7l1.2 1.2L7.5 6M4 12l1.2 1.2L7.5 11M4 17l1.2 1.2L7.5 16"
            }
            Self::Shield => "M12 4l7 2.5V12c0 4-3 6.7-7 8-4-1.3-7-4-7-8V6.5zM9 12l2.2 2.2L15 10.4",
            Self::Nodes => {
                "M12 4.5a2 2 0 1 0 .01 0M6 15.5a2 2 0 1 0 .01 0M18 15.5a2 2 0 1 0 .01 0M11 8.3 7.2 15.7M13 8.3l3.8 7.4M8.2 17.5h7.6"
            }
            Self::Sun => {
                "M12 8.5a3.5 3.5 0 1 0 .01 0M12 3.5v1.5M12 19v1.5M3.5 12H5M19 12h1.5M6 6l1 1M17 17l1 1M6 18l1-1M17 7l1-1"
            }
            Self::Moon => "M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5z",
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Cross => "M6.5 6.5l11 11M17.5 6.5l-11 11",
            Self::Lock => "M6 11h12v8H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14v2",
            Self::Link => {
                "M10 14a4 4 0 0 0 5.7 0l2.8-2.8a4 4 0 0 0-5.7-5.7L11.5 6.8M14 10a4 4 0 0 0-5.7 0l-2.8 2.8a4 4 0 0 0 5.7 5.7l1.3-1.3"
            }
            Self::Chip => {
                "M7 7h10v10H7zM10 10h4v4h-4zM9.5 4v3M14.5 4v3M9.5 17v3M14.5 17v3M4 9.5h3M4 14.5h3M17 9.5h3M17 14.5h3"
            }
            Self::Play => "M7 5l12 7-12 7z",
            Self::Save => "M12 4v10M8 10.5l4 4 4-4M5 17v2.5h14V17",
        }
    }
}

/// A decoration beside words, never in place of them.
#[component]
pub(crate) fn Icon(
    /// What it shows.
    shape: Shape,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
            <path d=shape.path() />
        </svg>
    }
}
