//! Record schemas: JSON Schema as Pydantic and schemars write it, and the records that fit it.
#![no_std]

extern crate alloc;

pub mod value;

pub use rust_decimal::Decimal;
pub use value::Value;
