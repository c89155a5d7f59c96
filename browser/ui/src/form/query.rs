//! From the form to a query.

use super::{Form, Input, Problem, Template};
use ::query::{BINS_DEFAULT, Per, Quantity, Query, RECORDS_MAX, Reduction, decimals_of, suggest_decimals};

/// Parts of a text that commas, semicolons or line ends set apart.
fn parts(text: &str) -> Vec<String> {
    let parts = text.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(String::from).collect()
}

/// Numbers in a text: set apart as other parts are, or by spaces alone.
pub(super) fn numbers(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| matches!(c, ',' | ';') || c.is_whitespace());
    parts.filter(|part| !part.is_empty()).map(String::from).collect()
}

/// A number as people write it: thousands set apart, a minus of a printed page.
pub(super) fn decimal(text: &str) -> String {
    let kept = text.chars().filter(|c| !matches!(c, ',' | ' ' | '\u{a0}' | '\u{202f}'));
    kept.map(|c| if c == '\u{2212}' { '-' } else { c }).collect()
}

impl Form {
    /// The query, so far as it can be made without looking at expressions, which a node checks.
    ///
    /// # Errors
    /// The first [`Problem`], in the form's order.
    pub fn query(&self) -> Result<Query, Problem> {
        Ok(Query {
            reduction: self.reduction()?,
            per: self.per,
            filter: Some(self.text(Input::Filter).trim().into()).filter(|text: &String| !text.is_empty()),
            records_max: self.number(Input::RecordsMax)?,
        })
    }

    fn reduction(&self) -> Result<Reduction, Problem> {
        let value = || self.quantity(Input::Value, Input::Lower, Input::Upper, Input::Decimals);
        let x = || self.quantity(Input::X, Input::XLower, Input::XUpper, Input::XDecimals);
        Ok(match self.template {
            Template::Count => Reduction::Count,
            Template::Sum => Reduction::Sum { value: value()? },
            Template::Mean => Reduction::Mean { value: value()? },
            Template::Spread => Reduction::Variance { value: value()? },
            Template::Histogram => {
                let value = value()?;
                let edges = self.edges();
                match edges.len() {
                    0 | 1 => return Err(Problem::new(Input::Edges, Input::Edges.missing())),
                    _ => Reduction::Histogram { value, edges },
                }
            }
            Template::Group => {
                let by = self.given(Input::By)?;
                let categories = parts(self.text(Input::Categories));
                if categories.is_empty() {
                    return Err(Problem::new(Input::Categories, Input::Categories.missing()));
                }
                let value = if self.group_mean { Some(value()?) } else { None };
                Reduction::Group { by, categories, value }
            }
            Template::Regression => {
                let y = value()?;
                Reduction::Regression { x: x()?, y }
            }
            Template::Quantile => {
                let value = value()?;
                let probabilities = numbers(self.text(Input::Probabilities));
                if probabilities.is_empty() {
                    return Err(Problem::new(Input::Probabilities, Input::Probabilities.missing()));
                }
                Reduction::Quantile { value, probabilities, bins: BINS_DEFAULT, edges: Vec::new() }
            }
        })
    }

    fn quantity(
        &self,
        expr: Input,
        lower: Input,
        upper: Input,
        decimals: Input,
    ) -> Result<Quantity, Problem> {
        let places = match self.text(decimals).trim() {
            "" => None,
            _ => Some(self.number(decimals)?),
        };
        let places = places.map(|places| {
            u8::try_from(places).map_err(|_| Problem::new(decimals, "Give a number from 0 to 9."))
        });
        let places = places.transpose()?;
        let (expr, given_lower, given_upper) = (self.given(expr)?, self.given(lower)?, self.given(upper)?);
        Ok(Quantity {
            expr,
            lower: decimal(&given_lower),
            upper: decimal(&given_upper),
            // Where none can be suggested the node says what is wrong with the range.
            decimals: places.or_else(|| self.decimals(lower, upper)).unwrap_or(0),
        })
    }

    /// The decimals that count where none are typed, of a quantity between what two inputs hold: those of the bounds and of typed
    /// edges, and as many as keep rounding small. `None` where the range is none yet.
    pub fn decimals(&self, lower: Input, upper: Input) -> Option<u8> {
        let bound = |input| decimal(self.text(input));
        let records = match self.per {
            Per::Record => self.number(Input::RecordsMax).unwrap_or(RECORDS_MAX),
            Per::Person => 1,
        };
        let people = self.number(Input::ParticipantsMax).unwrap_or(u32::MAX);
        let counted = u64::from(records) * u64::from(people);
        let suggested = suggest_decimals(self.template.kind(), &bound(lower), &bound(upper), counted)?;
        if self.template != Template::Histogram {
            return Some(suggested);
        }
        let edges = numbers(self.text(Input::Edges));
        edges.iter().filter_map(|edge| decimals_of(edge)).max().max(Some(suggested))
    }

    /// The form that asks `query`: where it has a template, else as much of it as one takes.
    pub fn ask(&mut self, query: &Query) {
        self.per = query.per;
        self.set(Input::Filter, query.filter.as_deref().unwrap_or_default());
        self.set(Input::RecordsMax, &query.records_max.to_string());
        match &query.reduction {
            Reduction::Count => self.template = Template::Count,
            Reduction::Sum { value } => self.ask_value(Template::Sum, value),
            Reduction::Mean { value } => self.ask_value(Template::Mean, value),
            Reduction::Variance { value } => self.ask_value(Template::Spread, value),
            Reduction::Histogram { value, edges } => {
                self.ask_value(Template::Histogram, value);
                self.set(Input::Edges, &edges.join(", "));
            }
            Reduction::Group { by, categories, value } => {
                (self.template, self.group_mean) = (Template::Group, value.is_some());
                if let Some(value) = value {
                    self.ask_value(Template::Group, value);
                }
                self.set(Input::By, by);
                self.set(Input::Categories, &categories.join(", "));
            }
            Reduction::Regression { x, y } | Reduction::Covariance { x, y } => {
                self.ask_value(Template::Regression, y);
                self.set(Input::X, &x.expr);
                self.set(Input::XLower, &x.lower);
                self.set(Input::XUpper, &x.upper);
                self.set(Input::XDecimals, &x.decimals.to_string());
            }
            Reduction::Quantile { value, probabilities, .. } => {
                self.ask_value(Template::Quantile, value);
                self.set(Input::Probabilities, &probabilities.join(", "));
            }
            Reduction::Vector { values } => {
                if let Some(value) = values.first() {
                    self.ask_value(Template::Sum, value);
                }
            }
            _ => {}
        }
    }

    fn ask_value(&mut self, template: Template, value: &Quantity) {
        self.template = template;
        self.set(Input::Value, &value.expr);
        self.set(Input::Lower, &value.lower);
        self.set(Input::Upper, &value.upper);
        self.set(Input::Decimals, &value.decimals.to_string());
    }
}
