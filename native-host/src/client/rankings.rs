//! Rankings at a heavy node, from the client's side.

use super::{Accepted, Api, ApiError, read};
use codec::ContentId;
use serde_json::Value;
use shards::RankingView;

pub(crate) use shards::Written;

/// What is to be ranked, and how.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) format: Written,
    pub(crate) alpha: String,
    pub(crate) eps: String,
    pub(crate) rounds: u32,
    pub(crate) nodes: u32,
    pub(crate) ignore_weights: bool,
    pub(crate) shards: u32,
    pub(crate) alone: bool,
    pub(crate) patience_s: u64,
    /// The graph's file, which is there as a blob.
    pub(crate) graph: ContentId,
}

impl Api {
    /// The light nodes that offer to hold parts of graphs.
    pub(crate) async fn holders(&self) -> Result<Vec<Value>, ApiError> {
        self.get("api/v1/holders").await
    }

    /// Has a graph ranked; gives the ranking's id.
    pub(crate) async fn rank(&self, wanted: &Wanted) -> Result<ContentId, ApiError> {
        let mut url = self.url_of("api/v1/rankings")?;
        let Value::Object(fields) = serde_json::to_value(wanted).unwrap_or_default() else {
            return Err(ApiError::Url(url.into()));
        };
        for (field, value) in fields {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            url.query_pairs_mut().append_pair(&field, &text);
        }
        let accepted: Accepted = read(url.clone(), self.http.post(url).send().await).await?;
        Ok(accepted.id)
    }

    /// A ranking as it stands.
    pub(crate) async fn ranking(&self, id: ContentId) -> Result<RankingView, ApiError> {
        self.get(&format!("api/v1/rankings/{id}")).await
    }
}
