//! The ShardStore trait, its memory backend and the behaviour suite every backend passes
