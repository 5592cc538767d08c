//! Can the kit fail? Puts one fault after another into the mock and the client, and says which of the kit's checks find it.
//!
//! A fault that none finds survives: there is a case to be added then, or a property.

mod client;
mod hunt;
mod mock;
mod property;

pub use hunt::{Catch, FoundWithoutFault, Subject, control, hunt, subjects};
