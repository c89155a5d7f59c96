//! Private records: import, schema, local map
