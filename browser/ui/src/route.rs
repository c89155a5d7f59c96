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
    /// What this browser lends to other people's jobs.
    Contribute,
    /// The person's own jobs, and the form for a new one.
    Jobs,
    /// One job.
    Job(ContentId),
    /// The check of a receipt that somebody has.
    Receipt,
    /// A graph, ranked and drawn here.
    Graph,
    /// A program of nets, run here.
    Machine,
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
            "contribute" => Self::Contribute,
            "jobs" => Self::Jobs,
            "receipt" => Self::Receipt,
            "graph" => Self::Graph,
            "machine" => Self::Machine,
            "network" => Self::Network,
            other => {
                let one = |folder: &str| other.strip_prefix(folder).and_then(|id| id.parse().ok());
                let job = || one("jobs/").map(Self::Job);
                one("computations/").map(Self::Computation).or_else(job).unwrap_or(Self::Home)
            }
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
            Self::Contribute => "#/contribute".into(),
            Self::Jobs => "#/jobs".into(),
            Self::Job(id) => format!("#/jobs/{id}"),
            Self::Receipt => "#/receipt".into(),
            Self::Graph => "#/graph".into(),
            Self::Machine => "#/machine".into(),
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
            Self::Contribute => "Contribute · Formix",
            Self::Jobs => "Jobs · Formix",
            Self::Job(_) => "Job · Formix",
            Self::Receipt => "Check a receipt · Formix",
            Self::Graph => "Graph · Formix",
            Self::Machine => "Machine · Formix",
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
                | (Self::Contribute, Self::Contribute)
                | (Self::Jobs, Self::Jobs | Self::Job(_) | Self::Receipt)
                | (Self::Graph, Self::Graph)
                | (Self::Machine, Self::Machine)
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
            Route::Contribute,
            Route::Jobs,
            Route::Job(id),
            Route::Receipt,
            Route::Graph,
            Route::Machine,
            Route::Network,
        ] {
            assert_eq!(Route::of(&route.href()), route);
        }
        assert_eq!(Route::of("#/propose?ask=mean&title=a/b"), Route::Propose);
        assert_eq!(Route::of(""), Route::Home);
        assert_eq!(Route::of("#/computations/nonsense"), Route::Home);
        assert_eq!(Route::of("#/jobs/nonsense"), Route::Home);
        assert!(Route::Computations.leads_to(Route::Computation(id)));
    }
}
