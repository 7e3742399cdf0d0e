//! Modules: reusable definitions of services.

use crate::{EnvValue, HealthCheck, Label, Layer, Need, PathKey, Port, Raw, Sp, Volume, choice, record};
use std::collections::BTreeMap;

choice! {
    /// What a module is to the rest of the fleet; derivation connects others to it.
    pub enum Provides {
        /// Takes HTTP requests for other services.
        Ingress = "ingress",
        /// Takes requests from the internet over a connection it opens itself: no port is open, no way in is needed.
        Connector = "connector",
        /// Asks people to sign in before a request goes on.
        Gate = "gate",
        /// Knows people and groups.
        Directory = "directory",
        /// Issues OIDC tokens.
        Oidc = "oidc",
        /// Scrapes metrics and evaluates alert rules.
        Metrics = "metrics",
        /// Receives alerts and tells people.
        Alerts = "alerts",
        /// Serves a host's own metrics.
        HostMetrics = "host-metrics",
        /// Probes others from where it stands.
        Prober = "prober",
        /// Stores logs.
        Logs = "logs",
        /// Shows dashboards.
        Dashboards = "dashboards",
        /// Exports folders.
        Files = "files",
        /// Keeps backups.
        Backups = "backups",
        /// Resolves names.
        Resolver = "resolver",
        /// Issues certificates inside the fleet.
        Ca = "ca",
        /// Serves ROAs to routers (RFC 8210).
        Rpki = "rpki",
    }
}

choice! {
    /// Type of a module's parameter.
    pub enum ParamType {
        /// A text.
        Text = "text",
        /// A whole number.
        Number = "number",
        /// `yes` or `no`.
        Bool = "bool",
        /// A duration.
        Duration = "duration",
        /// A size.
        Size = "size",
        /// One of `choices`.
        Choice = "choice",
        /// A list of texts.
        List = "list",
        /// Anything.
        Any = "any",
    }
}

record! {
    /// A reusable definition of a service or a host feature.
    pub struct Module {
        /// What it is, in one line.
        description: String,
        /// What it is to the rest of the fleet.
        provides: Vec<Sp<Provides>>,
        /// Its parameters.
        params: BTreeMap<Label, Param>,
        /// Its ports; the first in `main`, or the only one, is meant when none is named.
        ports: BTreeMap<Label, ModulePort>,
        /// The port meant when none is named.
        main: Option<Sp<Label>>,
        /// Where it serves metrics: port and path.
        metrics: Option<MetricsAt>,
        /// How it is seen to be well.
        health: Option<HealthCheck>,
        /// Data it keeps.
        volumes: BTreeMap<Label, Volume>,
        /// Modules of services it always needs (resolved to the one service of that module).
        needs: Vec<Need>,
        /// Start-up layer.
        layer: Option<Layer>,
        /// The ways it runs; the first written is the default (`native` before `container` before others).
        variants: Variants,
    }
}

record! {
    /// A module's parameter.
    pub struct Param {
        /// Type.
        r#type: ParamType,
        /// What it means.
        doc: Option<String>,
        /// Value when it is not given; a parameter without one is required.
        default: Option<Raw>,
        /// Smallest number.
        min: Option<u64>,
        /// Largest number.
        max: Option<u64>,
        /// Words it may be.
        choices: Vec<String>,
    }
}

record! {
    /// A port a module listens on.
    pub struct ModulePort = "port" {
        /// Number and protocol.
        port: Port,
        /// What is spoken: `http`, `https`, `tcp`, `udp`; `http` when the module is exposed by name.
        protocol: Option<String>,
    }
}

record! {
    /// Where metrics are.
    pub struct MetricsAt = "port" {
        /// Port by name.
        port: Label,
        /// Path; `/metrics` when not written.
        path: Option<String>,
    }
}

record! {
    /// The ways a module runs.
    pub struct Variants {
        /// Debian package and systemd unit.
        native: Option<Native>,
        /// Container image.
        container: Option<Container>,
        /// Incus system container (its inside is the native variant).
        incus: Option<IncusVariant>,
        /// Nomad job (of the container variant).
        nomad: Option<IncusVariant>,
    }
}

record! {
    /// A Debian package and its unit.
    pub struct Native {
        /// Packages.
        packages: Vec<String>,
        /// Unit that runs it; the service's own name when the tool writes the unit.
        unit: Option<String>,
        /// Command of the unit the tool writes; placeholders are filled in.
        exec: Option<String>,
        /// Command that makes it read its files again; without one a changed file restarts it.
        reload: Option<String>,
        /// User it runs as.
        user: Option<String>,
        /// Files it reads, by path; placeholders are filled in.
        files: BTreeMap<PathKey, ModuleFile>,
        /// Renderer of this tool that writes its files: `caddy`, `prometheus`, `alertmanager` …
        engine: Option<String>,
    }
}

record! {
    /// A file of a module.
    pub struct ModuleFile = "content" {
        /// The text.
        content: String,
        /// Permission bits, octal; 0644 when not written.
        mode: Option<String>,
        /// Command that checks it; `{file}` is the staged file.
        check: Option<String>,
    }
}

record! {
    /// A container image.
    pub struct Container {
        /// Image with tag or digest; services name one when it is not written.
        image: Option<String>,
        /// Arguments; placeholders are filled in.
        args: Vec<String>,
        /// Environment variables.
        env: BTreeMap<String, EnvValue>,
    }
}

record! {
    /// A variant that takes everything from another.
    pub struct IncusVariant {
        /// Image.
        image: Option<String>,
    }
}
