//! blackbox
use crate::{cx::Cx, out::Out};
use derive::fleet::Instance;
pub(crate) fn render(_: &Cx<'_>, _: &Instance, _: &mut Out<'_>) {}
pub fn component() {}
