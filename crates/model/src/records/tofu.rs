//! Stacks of OpenTofu or Terraform.

use crate::{Sp, record};

record! {
    /// A stack of OpenTofu or Terraform. A text `tofu/STACK/OUTPUT` anywhere in the sources means the value of its output, `tofu/STACK/OUTPUT/KEY` one in it. Paths count from the fleet's folder.
    pub struct TofuStack {
        /// The folder it is planned and applied in.
        dir: Sp<String>,
        /// What `tofu output -json` printed; `fleetwright tofu output` writes it.
        outputs: Option<Sp<String>>,
        /// A state file, which is only read: its outputs where `outputs` names no file, and `tofu/STACK/ADDRESS/ATTRIBUTE` of its resources.
        state: Option<Sp<String>>,
        /// The program; `tofu`, else `terraform`, when not written.
        program: Option<Sp<String>>,
        /// What templates of trees make below `dir` gets the spaces of `tofu fmt`; no when not written: it is then as the template has it.
        fmt: Option<bool>,
    }
}
