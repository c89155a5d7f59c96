//! Which view the address's hash names.

use codec::ContentId;

/// A view of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The first screen, and the dashboard of a node that joined.
    Home,
    /// The person's own records.
    Data,
    /// The form for a new computation.
    Propose,
    /// Every computation known here.
    Computations,
    /// One computation.
    Computation(ContentId),
    /// What waits, what is answered without asking, how much, and all that was.
    Approval,
    /// Connections, identity, what is protected and what is not.
    Network,
}

impl Route {
    /// The view that a hash such as `#/data` names; [`Route::Home`] for anything unknown.
    pub fn of(hash: &str) -> Self {
        // What follows a question mark fills in a view, and does not choose it.
        let path = hash.split('?').next().unwrap_or_default().trim_start_matches('#').trim_matches('/');
        match path {
            "data" => Self::Data,
            "propose" => Self::Propose,
            "computations" => Self::Computations,
            "approval" => Self::Approval,
            "network" => Self::Network,
            other => other
                .strip_prefix("computations/")
                .and_then(|id| id.parse().ok())
                .map_or(Self::Home, Self::Computation),
        }
    }

    /// The hash that leads to the view.
    pub fn href(self) -> String {
        match self {
            Self::Home => "#/".into(),
            Self::Data => "#/data".into(),
            Self::Propose => "#/propose".into(),
            Self::Computations => "#/computations".into(),
            Self::Computation(id) => format!("#/computations/{id}"),
            Self::Approval => "#/approval".into(),
            Self::Network => "#/network".into(),
        }
    }

    /// The document's title in this view.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Home => "Formix",
            Self::Data => "My data · Formix",
            Self::Propose => "Propose · Formix",
            Self::Computations => "Computations · Formix",
            Self::Computation(_) => "Computation · Formix",
            Self::Approval => "Approval · Formix",
            Self::Network => "Network · Formix",
        }
    }

    /// Whether `self` is the entry of the navigation under which `shown` stands.
    pub const fn leads_to(self, shown: Self) -> bool {
        matches!(
            (self, shown),
            (Self::Home, Self::Home)
                | (Self::Data, Self::Data)
                | (Self::Propose, Self::Propose)
                | (Self::Computations, Self::Computations | Self::Computation(_))
                | (Self::Approval, Self::Approval)
                | (Self::Network, Self::Network)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_has_an_address_that_leads_back_to_it() {
        let id = ContentId::of(b"a computation");
        for route in [
            Route::Home,
            Route::Data,
            Route::Propose,
            Route::Computations,
            Route::Computation(id),
            Route::Approval,
            Route::Network,
        ] {
            assert_eq!(Route::of(&route.href()), route);
        }
        assert_eq!(Route::of("#/propose?ask=mean&title=a/b"), Route::Propose);
        assert_eq!(Route::of(""), Route::Home);
        assert_eq!(Route::of("#/computations/nonsense"), Route::Home);
        assert!(Route::Computations.leads_to(Route::Computation(id)));
    }
}
