//! The flags of a question: what is computed, of which quantities, in which ranges.

use anyhow::{Context, Result, bail};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use dialoguer::Input;
use query::{
    BINS_DEFAULT, Kind, Per, Quantity, Query, RECORDS_DEFAULT, Reduction, decimals_of, fixed,
    suggest_decimals, suggest_edges,
};
use schema::{Field, Kind as FieldKind, Schema, Value};
use std::{fmt::Display, str::FromStr};

#[derive(Debug, Args)]
#[command(next_help_heading = "What is computed")]
pub(super) struct QuestionArgs {
    /// Which reduction [default: mean]
    #[arg(long, value_parser = kinds())]
    kind: Option<Kind>,
    /// The quantity: a field, or a CEL expression that gives a number; several for a vector
    #[arg(long, visible_alias = "field", value_name = "EXPR")]
    value: Vec<String>,
    /// The smallest value; smaller ones count as it [default: the schema's]
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    lower: Vec<String>,
    /// The largest value; larger ones count as it [default: the schema's]
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    upper: Vec<String>,
    /// Decimals that count [default: those of the schema, or with which rounding matters little]
    #[arg(long, value_name = "COUNT")]
    decimals: Vec<u8>,
    /// Of a covariance or regression: what explains
    #[arg(long, value_name = "EXPR")]
    x: Option<String>,
    /// The smallest x [default: the schema's]
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    x_lower: Option<String>,
    /// The largest x
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    x_upper: Option<String>,
    /// Decimals of x that count [default: as --decimals]
    #[arg(long, value_name = "COUNT")]
    x_decimals: Option<u8>,
    /// Of a covariance or regression: what is explained
    #[arg(long, value_name = "EXPR")]
    y: Option<String>,
    /// The smallest y [default: the schema's]
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    y_lower: Option<String>,
    /// The largest y
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    y_upper: Option<String>,
    /// Decimals of y that count [default: as --decimals]
    #[arg(long, value_name = "COUNT")]
    y_decimals: Option<u8>,
    /// Of a group: the expression that names a record's category
    #[arg(long, value_name = "EXPR")]
    by: Option<String>,
    /// Of a group: the categories told apart, between commas [default: the schema's]
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    categories: Vec<String>,
    /// Of a group: one category, commas and all; repeatable
    #[arg(long, value_name = "NAME")]
    category: Vec<String>,
    /// Of a histogram: where bins begin and end, ascending
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, value_name = "NUMBER,…")]
    edges: Vec<String>,
    /// Of a histogram without edges: about how many round bins. Of a quantile: cells of a round
    #[arg(long, value_name = "COUNT")]
    bins: Option<u32>,
    /// Of a quantile: which, from 0 to 1 [default: 0.5]
    #[arg(long, value_delimiter = ',', value_name = "SHARE,…")]
    probabilities: Vec<String>,
    /// Which records count: a CEL condition, as in "species == 'Adelie'"
    #[arg(long = "where", value_name = "EXPR")]
    filter: Option<String>,
    /// What counts as one: each record, or each person (then expressions are over all of one's records)
    #[arg(long, value_enum, default_value_t = One::Record)]
    per: One,
    /// Most records of one participant
    #[arg(long, alias = "max-records", default_value_t = RECORDS_DEFAULT, value_name = "COUNT")]
    records_max: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum One {
    Record,
    Person,
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    let named = |name: String| Kind::ALL.into_iter().find(|kind| kind.name() == name);
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).map(move |name| named(name).unwrap_or(Kind::Mean))
}

/// The flag's value, or the person's answer.
pub(super) fn have<T: FromStr<Err: Display> + Clone + ToString>(
    flag: &str,
    value: Option<T>,
    asks: bool,
    question: &str,
    default: Option<&str>,
) -> Result<T> {
    match value {
        Some(value) => Ok(value),
        None if asks => {
            let mut input = Input::<T>::new().with_prompt(question);
            if let Some(Ok(default)) = default.map(str::parse) {
                input = input.default(default);
            }
            Ok(input.interact_text()?)
        }
        None => bail!("{flag} is missing; at a terminal it is asked for"),
    }
}

/// A quantity's flags as given.
#[derive(Default)]
struct Given {
    lower: Option<String>,
    upper: Option<String>,
    decimals: Option<u8>,
    /// What stands before the names of its flags, as in `--x-lower`.
    prefix: &'static str,
}

impl QuestionArgs {
    /// The query that the flags say to so many participants, completed by the schema and, where `asks`, by the person.
    pub(super) fn query(&self, schema: Option<&Schema>, participants_max: u32, asks: bool) -> Result<Query> {
        let kind = match self.kind {
            Some(kind) => kind,
            None if asks && self.value.is_empty() && self.by.is_none() && self.x.is_none() => {
                let names = Kind::ALL.map(Kind::name);
                let name: String = have("--kind", None, true, &names.join(", "), Some("mean"))?;
                let known = Kind::ALL.into_iter().find(|kind| kind.name() == name.trim());
                known.with_context(|| format!("`{name}` is none of {}", names.join(", ")))?
            }
            None => Kind::Mean,
        };
        self.fits(kind)?;
        let records_max = if self.per == One::Person { 1 } else { self.records_max };
        let counted_max = u64::from(records_max) * u64::from(participants_max);
        let asker = Asker { schema, kind, counted_max, asks };
        let value = || self.one_value(&asker);
        let reduction = match kind {
            Kind::Count => Reduction::Count,
            Kind::Sum => Reduction::Sum { value: value()? },
            Kind::Mean => Reduction::Mean { value: value()? },
            Kind::Variance => Reduction::Variance { value: value()? },
            Kind::Covariance => {
                let (x, y) = self.pair(&asker)?;
                Reduction::Covariance { x, y }
            }
            Kind::Regression => {
                let (x, y) = self.pair(&asker)?;
                Reduction::Regression { x, y }
            }
            Kind::Histogram => self.histogram(&asker)?,
            Kind::Group => {
                let by: String = have("--by", self.by.clone(), asks, "Category of a record", None)?;
                let mut categories = [self.categories.as_slice(), &self.category].concat();
                if categories.is_empty() {
                    categories = asker.categories(&by)?;
                }
                let value = if self.value.is_empty() { None } else { Some(value()?) };
                Reduction::Group { by, categories, value }
            }
            Kind::Vector => Reduction::Vector { values: self.values(&asker)? },
            Kind::Quantile => {
                let half = || vec!["0.5".to_owned()];
                let given = Some(self.probabilities.clone()).filter(|given| !given.is_empty());
                Reduction::Quantile {
                    value: value()?,
                    probabilities: given.unwrap_or_else(half),
                    bins: self.bins.unwrap_or(BINS_DEFAULT),
                    edges: Vec::new(),
                }
            }
            other => bail!("this version of the command line cannot ask for a {other}"),
        };
        let per = if self.per == One::Person { Per::Person } else { Per::Record };
        Ok(Query { reduction, per, filter: self.filter.clone(), records_max: self.records_max })
    }

    /// Whether every flag given belongs to the kind.
    fn fits(&self, kind: Kind) -> Result<()> {
        let pair = matches!(kind, Kind::Covariance | Kind::Regression);
        let valued = !pair && kind != Kind::Count;
        let flags = [
            ("--value", !self.value.is_empty(), valued),
            ("--lower", !self.lower.is_empty(), valued),
            ("--upper", !self.upper.is_empty(), valued),
            ("--decimals", !self.decimals.is_empty(), valued),
            ("--x", self.x.is_some(), pair),
            ("--x-lower", self.x_lower.is_some(), pair),
            ("--x-upper", self.x_upper.is_some(), pair),
            ("--x-decimals", self.x_decimals.is_some(), pair),
            ("--y", self.y.is_some(), pair),
            ("--y-lower", self.y_lower.is_some(), pair),
            ("--y-upper", self.y_upper.is_some(), pair),
            ("--y-decimals", self.y_decimals.is_some(), pair),
            ("--by", self.by.is_some(), kind == Kind::Group),
            ("--categories", !self.categories.is_empty(), kind == Kind::Group),
            ("--category", !self.category.is_empty(), kind == Kind::Group),
            ("--edges", !self.edges.is_empty(), kind == Kind::Histogram),
            ("--bins", self.bins.is_some(), matches!(kind, Kind::Histogram | Kind::Quantile)),
            ("--probabilities", !self.probabilities.is_empty(), kind == Kind::Quantile),
        ];
        match flags.iter().find(|(_, given, belongs)| *given && !belongs) {
            Some((flag, ..)) => {
                bail!("{flag} does not belong to a {kind}: leave it out, or say another --kind")
            }
            None => Ok(()),
        }
    }

    fn one_value(&self, asker: &Asker<'_>) -> Result<Quantity> {
        let expr = match self.value.as_slice() {
            [] => have("--value", None, asker.asks, "Quantity: a field or an expression", None)?,
            [one] => one.clone(),
            _ => bail!("--value is given {} times; only a vector has several", self.value.len()),
        };
        let one = |flag: &str, all: &[String]| match all {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            _ => bail!("{flag} is given {} times, where there is one quantity", all.len()),
        };
        if self.decimals.len() > 1 {
            bail!("--decimals is given {} times, where there is one quantity", self.decimals.len());
        }
        let given = Given {
            lower: one("--lower", &self.lower)?,
            upper: one("--upper", &self.upper)?,
            decimals: self.decimals.first().copied(),
            prefix: "",
        };
        asker.quantity(expr, given)
    }

    fn values(&self, asker: &Asker<'_>) -> Result<Vec<Quantity>> {
        if self.value.is_empty() {
            bail!("--value is missing; give it once for each sum of the vector");
        }
        let count = self.value.len();
        fn each<T: Clone>(flag: &str, all: &[T], at: usize, count: usize) -> Result<Option<T>> {
            match all {
                [] => Ok(None),
                [one] => Ok(Some(one.clone())),
                all if all.len() == count => Ok(all.get(at).cloned()),
                all => bail!(
                    "{flag} is given {} times for {count} values: once for all, or once for each",
                    all.len()
                ),
            }
        }
        let quantity = |(at, expr): (usize, &String)| {
            let given = Given {
                lower: each("--lower", &self.lower, at, count)?,
                upper: each("--upper", &self.upper, at, count)?,
                decimals: each("--decimals", &self.decimals, at, count)?,
                prefix: "",
            };
            asker.quantity(expr.clone(), given)
        };
        self.value.iter().enumerate().map(quantity).collect()
    }

    fn pair(&self, asker: &Asker<'_>) -> Result<(Quantity, Quantity)> {
        let x = have("--x", self.x.clone(), asker.asks, "x: what explains", None)?;
        let given = Given {
            lower: self.x_lower.clone(),
            upper: self.x_upper.clone(),
            decimals: self.x_decimals,
            prefix: "x-",
        };
        let x = asker.quantity(x, given)?;
        let y = have("--y", self.y.clone(), asker.asks, "y: what is explained", None)?;
        let given = Given {
            lower: self.y_lower.clone(),
            upper: self.y_upper.clone(),
            decimals: self.y_decimals,
            prefix: "y-",
        };
        Ok((x, asker.quantity(y, given)?))
    }

    fn histogram(&self, asker: &Asker<'_>) -> Result<Reduction> {
        if !self.edges.is_empty() && self.bins.is_some() {
            bail!("--edges and --bins exclude each other");
        }
        let number = |edge: &&String| fixed::parse(edge, fixed::DECIMALS_MAX).ok();
        let (first, last) = (self.edges.iter().min_by_key(number), self.edges.iter().max_by_key(number));
        let expr = match self.value.as_slice() {
            // Nothing is clipped, so that the edges serve as its range.
            [one] if self.lower.is_empty() && self.upper.is_empty() && first != last => {
                let given = Given {
                    lower: first.cloned(),
                    upper: last.cloned(),
                    decimals: self.decimals.first().copied(),
                    prefix: "",
                };
                let mut value = asker.quantity(one.clone(), given)?;
                if self.decimals.is_empty() {
                    value.decimals = value.decimals.max(finest(&self.edges));
                }
                return Ok(Reduction::Histogram { value, edges: self.edges.clone() });
            }
            _ => self.one_value(asker)?,
        };
        let edges = match self.edges.as_slice() {
            [] => {
                let bins = self.bins.unwrap_or(10);
                suggest_edges(&expr.lower, &expr.upper, bins)
                    .with_context(|| format!("no {bins} bins from {} to {}", expr.lower, expr.upper))?
            }
            edges => edges.to_vec(),
        };
        // Round edges may have decimals that the quantity does not count.
        let value = Quantity { decimals: expr.decimals.max(finest(&edges)), ..expr };
        Ok(Reduction::Histogram { value, edges })
    }
}

/// The decimals that all of these numbers have room in.
fn finest(numbers: &[String]) -> u8 {
    numbers.iter().filter_map(|number| decimals_of(number)).max().unwrap_or(0)
}

/// What completes the flags.
struct Asker<'a> {
    schema: Option<&'a Schema>,
    kind: Kind,
    /// Records of one participant, times participants.
    counted_max: u64,
    asks: bool,
}

impl Asker<'_> {
    fn field(&self, expr: &str) -> Option<Field> {
        let path: Vec<&str> = expr.trim().trim_matches('`').split('.').collect();
        self.schema?.field(&path)
    }

    fn quantity(&self, expr: String, given: Given) -> Result<Quantity> {
        let Given { lower, upper, decimals, prefix } = given;
        let field = self.field(&expr);
        let decimals_max = field.as_ref().and_then(|field| field.decimals_max);
        let (min, max) = match field.map(|field| field.kind) {
            Some(FieldKind::Integer { min, max } | FieldKind::Number { min, max }) => {
                (min.map(|min| min.normalize().to_string()), max.map(|max| max.normalize().to_string()))
            }
            _ => (None, None),
        };
        let bound = |word: &str, given: Option<String>, schema: Option<String>, question: &str| {
            let question = format!("{question} value of `{expr}`");
            have(&format!("--{prefix}{word}"), given.or(schema), self.asks, &question, None)
                .with_context(|| format!("the {} value of `{expr}` is not known", question_word(word)))
        };
        let lower = bound("lower", lower, min, "Smallest")?;
        let upper = bound("upper", upper, max, "Largest")?;
        let suggested = || {
            let enough = suggest_decimals(self.kind, &lower, &upper, self.counted_max)?;
            // More than the values or their bounds have would say nothing more.
            let had = decimals_max.and_then(|most| u8::try_from(most).ok());
            let had = had.map(|had| had.max(finest(&[lower.clone(), upper.clone()])));
            Some(had.map_or(enough, |had| enough.min(had)))
        };
        // Where none can be suggested, the query's check says what is wrong with the range.
        let decimals = decimals.or_else(suggested).unwrap_or(0);
        Ok(Quantity { expr, lower, upper, decimals })
    }

    fn categories(&self, by: &str) -> Result<Vec<String>> {
        if let Some(FieldKind::Enum(values)) = self.field(by).map(|field| field.kind) {
            let texts = values.iter().filter_map(|value| match value {
                Value::Text(text) => Some(text.clone()),
                _ => None,
            });
            return Ok(texts.collect());
        }
        let given: String = have("--categories", None, self.asks, "Categories, between commas", None)?;
        Ok(given.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
    }
}

fn question_word(word: &str) -> &'static str {
    if word == "lower" { "smallest" } else { "largest" }
}

/// What a question is called where nobody gives it a title.
pub(super) fn title(query: &Query, dataset: &str) -> String {
    let title = match &query.reduction {
        Reduction::Count => "Count".into(),
        Reduction::Covariance { x, y } => format!("Covariance of {} and {}", x.expr, y.expr),
        Reduction::Regression { x, y } => format!("Regression of {} on {}", y.expr, x.expr),
        Reduction::Group { by, value: Some(value), .. } => format!("Mean of {} by {by}", value.expr),
        Reduction::Group { by, .. } => format!("Count by {by}"),
        Reduction::Vector { values } => {
            let exprs: Vec<&str> = values.iter().map(|value| value.expr.as_str()).collect();
            format!("Sums of {}", exprs.join(", "))
        }
        Reduction::Sum { value }
        | Reduction::Mean { value }
        | Reduction::Variance { value }
        | Reduction::Histogram { value, .. }
        | Reduction::Quantile { value, .. } => {
            let name = query.reduction.kind().name();
            let (first, rest) = name.split_at(1);
            format!("{}{rest} of {}", first.to_uppercase(), value.expr)
        }
        other => other.kind().to_string(),
    };
    format!("{title} in {dataset}").chars().take(120).collect()
}
