//! Keys of a service.

use super::Shape::{
    Any, Bool, Choice, Command, Count, Duration, Float, Hosts, Int, Labels, Limit, List, Map, Mode, Names,
    Options, OrNull, Pairs, Record, Scalar, Short, Size, Test, Text, TextOrNumber, TextOrTexts, Texts,
    TextsOrNumbers,
};
use super::{Field, field, required, zero};

pub(super) const SERVICE: &[Field] = &[
    field("annotations", Labels),
    zero("attach", Bool),
    field("blkio_config", Record(BLKIO)),
    field("build", Short(&Record(BUILD))),
    field("cap_add", Texts),
    field("cap_drop", Texts),
    field("cgroup", Choice(&["host", "private"])),
    field("cgroup_parent", Text),
    zero("command", Command),
    field("configs", List(&Short(&Record(FILE_MOUNT)))),
    field("container_name", Text),
    field("cpu_count", Int),
    field("cpu_percent", Float),
    field("cpu_period", Int),
    field("cpu_quota", Int),
    field("cpu_rt_period", Int),
    field("cpu_rt_runtime", Int),
    field("cpu_shares", Int),
    field("cpus", Float),
    field("cpuset", Text),
    field("credential_spec", Record(&[field("config", Text), field("file", Text), field("registry", Text)])),
    field("depends_on", Names(&Record(DEPENDENCY))),
    field("deploy", OrNull(&Record(DEPLOY))),
    field("develop", OrNull(&Record(&[field("watch", List(&Record(WATCH)))]))),
    field("device_cgroup_rules", Texts),
    field("devices", List(&Short(&Record(DEVICE)))),
    field("dns", TextOrTexts),
    field("dns_opt", Texts),
    field("dns_search", TextOrTexts),
    field("domainname", Text),
    zero("entrypoint", Command),
    field("env_file", Short(&List(&Short(&Record(ENV_FILE))))),
    field("environment", Pairs),
    field("expose", TextsOrNumbers),
    field("extends", Short(&Record(&[field("file", Text), required("service", Text)]))),
    field("external_links", Texts),
    field("extra_hosts", Hosts),
    field("gpus", Short(&List(&Record(DEVICE_REQUEST)))),
    field("group_add", TextsOrNumbers),
    field("healthcheck", Record(HEALTHCHECK)),
    field("hostname", Text),
    field("image", Text),
    zero("init", Bool),
    field("ipc", Text),
    field("isolation", Text),
    field("label_file", TextOrTexts),
    field("labels", Labels),
    field("links", Texts),
    field("logging", Record(&[field("driver", Text), field("options", Options)])),
    field("mac_address", Text),
    field("mem_limit", Size),
    field("mem_reservation", Size),
    field("mem_swappiness", Size),
    field("memswap_limit", Size),
    field("models", Names(&OrNull(&Record(&[field("endpoint_var", Text), field("model_var", Text)])))),
    field("network_mode", Text),
    field("networks", Names(&OrNull(&Record(NETWORK)))),
    field("oom_kill_disable", Bool),
    field("oom_score_adj", Int),
    field("pid", OrNull(&Text)),
    field("pids_limit", Int),
    field("platform", Text),
    field("ports", List(&Short(&Record(PORT)))),
    field("post_start", List(&Record(HOOK))),
    field("pre_stop", List(&Record(HOOK))),
    field("privileged", Bool),
    field("profiles", Texts),
    field("provider", Record(&[required("type", Text), field("options", Map(&Any))])),
    field("pull_policy", Text),
    field("pull_refresh_after", Text),
    field("read_only", Bool),
    field("restart", Text),
    field("runtime", Text),
    zero("scale", Int),
    field("secrets", List(&Short(&Record(FILE_MOUNT)))),
    field("security_opt", Texts),
    field("shm_size", Size),
    field("stdin_open", Bool),
    zero("stop_grace_period", Duration),
    field("stop_signal", Text),
    field("storage_opt", Options),
    field("sysctls", Labels),
    field("tmpfs", TextOrTexts),
    field("tty", Bool),
    field("ulimits", Map(&Limit)),
    field("use_api_socket", Bool),
    field("user", Text),
    field("userns_mode", Text),
    field("uts", Text),
    field("volumes", List(&Short(&Record(MOUNT)))),
    field("volumes_from", Texts),
    field("working_dir", Text),
];

const BUILD: &[Field] = &[
    field("additional_contexts", Labels),
    field("args", Pairs),
    field("cache_from", Texts),
    field("cache_to", Texts),
    field("context", Text),
    field("dockerfile", Text),
    field("dockerfile_inline", Text),
    field("entitlements", Texts),
    field("extra_hosts", Hosts),
    field("isolation", Text),
    field("labels", Labels),
    field("network", Text),
    field("no_cache", Bool),
    field("platforms", Texts),
    field("privileged", Bool),
    field("provenance", Scalar),
    field("pull", Bool),
    field("sbom", Scalar),
    field("secrets", List(&Short(&Record(FILE_MOUNT)))),
    field("shm_size", Size),
    field("ssh", Labels),
    field("tags", Texts),
    field("target", Text),
    field("ulimits", Map(&Limit)),
];

const BLKIO: &[Field] = &[
    field("device_read_bps", List(&Record(BLKIO_RATE))),
    field("device_read_iops", List(&Record(BLKIO_RATE))),
    field("device_write_bps", List(&Record(BLKIO_RATE))),
    field("device_write_iops", List(&Record(BLKIO_RATE))),
    field("weight", Int),
    field("weight_device", List(&Record(&[zero("path", Text), zero("weight", Int)]))),
];

const BLKIO_RATE: &[Field] = &[zero("path", Text), zero("rate", Size)];

const DEPENDENCY: &[Field] = &[
    required("condition", Choice(&["service_started", "service_healthy", "service_completed_successfully"])),
    zero("required", Bool),
    field("restart", Bool),
];

const DEVICE: &[Field] = &[required("source", Text), field("target", Text), field("permissions", Text)];

const ENV_FILE: &[Field] = &[required("path", Text), field("format", Text), zero("required", Bool)];

const FILE_MOUNT: &[Field] = &[
    field("source", Text),
    field("target", Text),
    field("uid", Text),
    field("gid", Text),
    zero("mode", Mode),
];

const HEALTHCHECK: &[Field] = &[
    field("disable", Bool),
    zero("interval", Duration),
    zero("retries", Int),
    zero("start_interval", Duration),
    zero("start_period", Duration),
    field("test", Test),
    zero("timeout", Duration),
];

const HOOK: &[Field] = &[
    required("command", Command),
    field("environment", Pairs),
    field("privileged", Bool),
    field("user", Text),
    field("working_dir", Text),
];

const MOUNT: &[Field] = &[
    required("type", Choice(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"])),
    field("source", Text),
    field("target", Text),
    field("read_only", Bool),
    field("consistency", Text),
    field(
        "bind",
        Record(&[
            field("propagation", Text),
            field("create_host_path", Bool),
            field("recursive", Choice(&["enabled", "disabled", "writable", "readonly"])),
            field("selinux", Choice(&["z", "Z"])),
        ]),
    ),
    field("volume", Record(&[field("labels", Labels), field("nocopy", Bool), field("subpath", Text)])),
    field("tmpfs", Record(&[field("size", Size), field("mode", Int)])),
    field("image", Record(&[field("subpath", Text)])),
];

const NETWORK: &[Field] = &[
    field("aliases", Texts),
    field("driver_opts", Options),
    field("gw_priority", Int),
    field("interface_name", Text),
    field("ipv4_address", Text),
    field("ipv6_address", Text),
    field("link_local_ips", Texts),
    field("mac_address", Text),
    field("priority", Int),
];

const PORT: &[Field] = &[
    field("name", Text),
    field("mode", Text),
    field("host_ip", Text),
    required("target", Int),
    field("published", TextOrNumber),
    field("protocol", Text),
    field("app_protocol", Text),
];

const WATCH: &[Field] = &[
    required("path", TextOrTexts),
    required("action", Choice(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])),
    field("target", Text),
    field("ignore", TextOrTexts),
    field("include", TextOrTexts),
    field("exec", Record(HOOK)),
    field("initial_sync", Bool),
];

const DEVICE_REQUEST: &[Field] = &[
    field("capabilities", Texts),
    field("count", Count),
    field("device_ids", Texts),
    field("driver", Text),
    field("options", Labels),
];

const DEVICE_RESERVATION: &[Field] = &[
    required("capabilities", Texts),
    field("count", Count),
    field("device_ids", Texts),
    field("driver", Text),
    field("options", Labels),
];

const DEPLOY: &[Field] = &[
    field("endpoint_mode", Text),
    field("labels", Labels),
    field("mode", Text),
    field(
        "placement",
        Record(&[
            field("constraints", Texts),
            field("preferences", List(&Record(&[field("spread", Text)]))),
            field("max_replicas_per_node", Int),
        ]),
    ),
    zero("replicas", Int),
    field(
        "resources",
        Record(&[
            field("limits", Record(&[field("cpus", Float), field("memory", Size), field("pids", Int)])),
            field(
                "reservations",
                Record(&[
                    field("cpus", Float),
                    field("memory", Size),
                    field("pids", Int),
                    field("devices", List(&Record(DEVICE_RESERVATION))),
                    field(
                        "generic_resources",
                        List(&Record(&[field(
                            "discrete_resource_spec",
                            Record(&[zero("kind", Text), zero("value", Int)]),
                        )])),
                    ),
                ]),
            ),
        ]),
    ),
    field(
        "restart_policy",
        Record(&[
            field("condition", Text),
            zero("delay", Duration),
            zero("max_attempts", Int),
            zero("window", Duration),
        ]),
    ),
    field("rollback_config", Record(UPDATE)),
    field("update_config", Record(UPDATE)),
];

const UPDATE: &[Field] = &[
    zero("parallelism", Int),
    field("delay", Duration),
    field("failure_action", Text),
    field("monitor", Duration),
    field("max_failure_ratio", Float),
    field("order", Choice(&["start-first", "stop-first"])),
];
