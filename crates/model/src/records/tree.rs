//! Trees of templates, as render scripts have them.

use crate::{Sp, choice, record};

choice! {
    /// How an inventory is read.
    pub enum InventoryReading {
        /// As ansible-core reads it, by its precedence.
        Ansible = "ansible",
        /// Each top-level key is a group; group vars, host vars, outputs, secrets and the host's name, later over earlier.
        Flat = "flat",
    }
}

choice! {
    /// What a template is.
    pub enum TemplateStyle {
        /// Jinja2, in files that end with `.j2`.
        Jinja = "jinja",
        /// `{{NAME}}` and nothing else, in files that end with `.tpl` or `.template`.
        Simple = "simple",
    }
}

record! {
    /// A tree of templates that lies in the fleet's folder, rendered as the script did that had it before. Paths count from the fleet's folder.
    pub struct TemplateTree {
        /// Ansible inventories: files, or folders of them. Later ones win.
        inventory: Vec<Sp<String>>,
        /// How they are read; `ansible` when not written.
        reading: Option<Sp<InventoryReading>>,
        /// The folder of the playbooks, where it has `group_vars` and `host_vars` of its own.
        playbooks: Option<Sp<String>>,
        /// What `tofu output -json` printed: a variable each, over the hosts' own.
        outputs: Option<Sp<String>>,
        /// Files of values, encrypted by Ansible Vault or not: over all others.
        secrets: Vec<Sp<String>>,
        /// A file with the vault's password, or a program that prints it; the environment (`ANSIBLE_VAULT_PASSWORD_FILE`) goes before it.
        password_file: Option<Sp<String>>,
        /// The folder of templates: `GROUP/HOST/` has a host's files.
        templates: Sp<String>,
        /// Groups whose folder `GROUP/` serves all their hosts.
        shared: Vec<Sp<String>>,
        /// What a template is; `jinja` when not written.
        style: Option<Sp<TemplateStyle>>,
        /// The line end after a block tag goes; yes when not written, as in Ansible.
        trim_blocks: Option<bool>,
        /// Blanks from the start of a line to a block tag go; no when not written.
        lstrip_blocks: Option<bool>,
        /// The line end at a template's end stays; no when not written.
        keep_trailing_newline: Option<bool>,
        /// The folder that is written.
        into: Sp<String>,
        /// Where in it a host's files go; `{host}` when not written.
        out: Option<Sp<String>>,
        /// Templates of their own.
        files: Vec<TreeFile>,
    }
}

record! {
    /// A template of its own, beside the folders of hosts. `{host}` and `{group}` are put into both paths.
    pub struct TreeFile {
        /// Its path, from the folder of templates.
        template: Sp<String>,
        /// What it becomes, from the folder that is written. With `{host}`, one for each host.
        to: Sp<String>,
        /// Only for hosts of these groups.
        groups: Vec<Sp<String>>,
    }
}
