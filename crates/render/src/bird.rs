//! bird
use crate::{cx::Cx, out::Out};
pub(crate) fn render(_: &Cx<'_>, _: &mut Out<'_>) {}
