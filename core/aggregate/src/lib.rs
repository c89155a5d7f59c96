//! Private aggregation: proposals, shares, reports, agreement, results
