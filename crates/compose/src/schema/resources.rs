//! Keys of a file, and of what services share.

use super::Shape::{
    Bool, External, Int, Labels, List, Map, Options, OrNull, Record, Short, Text, TextOrTexts, Texts,
};
use super::{Field, field, required, service, zero};

pub(super) const PROJECT: &[Field] = &[
    field("configs", Map(&Record(CONFIG))),
    field("include", List(&Short(&Record(INCLUDE)))),
    field("models", Map(&Record(MODEL))),
    field("name", Text),
    field("networks", Map(&OrNull(&Record(NETWORK)))),
    field("secrets", Map(&Record(SECRET))),
    field("services", Map(&Record(service::SERVICE))),
    field("version", Text),
    field("volumes", Map(&OrNull(&Record(VOLUME)))),
];

const INCLUDE: &[Field] =
    &[required("path", TextOrTexts), field("env_file", TextOrTexts), field("project_directory", Text)];

const CONFIG: &[Field] = &[
    field("content", Text),
    field("environment", Text),
    field("external", External),
    field("file", Text),
    field("labels", Labels),
    field("name", Text),
    field("template_driver", Text),
];

const SECRET: &[Field] = &[
    field("driver", Text),
    field("driver_opts", Options),
    field("environment", Text),
    field("external", External),
    field("file", Text),
    field("labels", Labels),
    field("name", Text),
    field("template_driver", Text),
];

const MODEL: &[Field] = &[
    field("name", Text),
    required("model", Text),
    field("context_size", Int),
    field("runtime_flags", Texts),
];

const NETWORK: &[Field] = &[
    field("attachable", Bool),
    field("driver", Text),
    field("driver_opts", Options),
    zero("enable_ipv4", Bool),
    zero("enable_ipv6", Bool),
    field("external", External),
    field("internal", Bool),
    field(
        "ipam",
        Record(&[
            field("driver", Text),
            field(
                "config",
                List(&Record(&[
                    field("subnet", Text),
                    field("ip_range", Text),
                    field("gateway", Text),
                    field("aux_addresses", Options),
                ])),
            ),
            field("options", Options),
        ]),
    ),
    field("labels", Labels),
    field("name", Text),
];

const VOLUME: &[Field] = &[
    field("driver", Text),
    field("driver_opts", Options),
    field("external", External),
    field("labels", Labels),
    field("name", Text),
];
