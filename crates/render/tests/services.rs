//! Services: what is filled in, what is written, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::Desired;
use common::{checkers, exposure, fleet, host, id, instance, interface, ip, net, place, secret, why};
use derive::fleet::{Fleet, Instance, ResolvedExport, ResolvedMount, ResolvedNeed};
use diag::{Report, Severity};
use model::{Auth, EnvValue, Label, ModuleId, SecretRef, ServiceId, Sp, Variant};
use std::sync::Arc;

fn sp<T>(value: T) -> Sp<T> {
    Sp { value, place: place("services/app.yaml") }
}

fn with(instances: Vec<Instance>) -> Fleet {
    let mut fleet = fleet();
    let mut one = host("one");
    one.addresses = vec![ip("192.168.10.2")];
    one.interfaces = vec![interface("lan", "wroclaw", "lan", &["192.168.10.2/24"])];
    one.instances = instances;
    fleet.hosts.insert(one.id.clone(), one);
    fleet
}

fn render(fleet: &Fleet) -> (Desired, Report) {
    render::render_host(fleet, &id("one"))
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.items.iter().map(|d| d.code).collect()
}

fn text(desired: &Desired, path: &str) -> String {
    desired.files.get(path).unwrap_or_else(|| panic!("no {path} in {:?}", desired.files.keys())).text.public()
}

/// A module of the fleet's own.
fn module(yaml: &str) -> model::Module {
    let files = [
        ("fleet.yaml".to_owned(), b"domain: example.net\n".to_vec()),
        ("modules/app.yaml".to_owned(), yaml.as_bytes().to_vec()),
    ];
    let (loaded, report) =
        source::load(&source::Sources { files: files.into(), ..source::Sources::default() });
    assert!(!report.has_errors(), "{:#?}", report.items);
    loaded.unwrap().modules[&ModuleId::new("app")].clone()
}

fn app(yaml: &str) -> Instance {
    let mut app = instance("app", "native", Variant::Native);
    app.definition = Arc::new(module(yaml));
    app.module = ModuleId::new("app");
    app.params = [(Label::new("greeting"), "hello".to_owned())].into();
    app.volumes = [(Label::new("data"), "/srv/app".to_owned())].into();
    app.unit = "app.service".into();
    app.needs = vec![ResolvedNeed {
        service: ServiceId::new("postgres"),
        targets: vec![(id("one"), ip("192.168.10.2"), 5432)],
        place: place("services/app.yaml"),
    }];
    app
}

const APP: &str = r#"
description: An app
params: {greeting: {type: text, default: hello}}
volumes: {data: /srv/app}
variants:
  native:
    exec: "/usr/bin/app --db {need.postgres} --say {greeting}"
    user: app
    reload: "kill -HUP $MAINPID"
    files:
      /etc/app/app.conf:
        content: |
          data = {volume.data}
          say = {greeting}
          template = {{ .Name }}
          json = {"a": {}}
        mode: "0640"
        check: grep -q "^data = /srv/app$" {file}
"#;

#[test]
fn a_native_service_with_a_unit_of_ours() {
    let mut one = app(APP);
    one.env = [
        ("MODE".to_owned(), EnvValue::Text(sp("it's \"$five\"".to_owned()))),
        ("TOKEN".to_owned(), EnvValue::Secret(sp(SecretRef("app-token".into())))),
    ]
    .into();
    one.limits = (Some(2), Some(1 << 30));
    let (desired, report) = render(&with(vec![one, instance("postgres", "postgresql", Variant::Native)]));
    assert!(report.items.is_empty(), "{:#?}", report.items);
    checkers::all_pass(&desired);
    assert_eq!(
        text(&desired, "/etc/app/app.conf"),
        "data = /srv/app\nsay = hello\ntemplate = {{ .Name }}\njson = {\"a\": {}}\n"
    );
    let unit = text(&desired, "/etc/systemd/system/app.service");
    for line in [
        "ExecStart=/usr/bin/app --db 192.168.10.2:5432 --say hello",
        "User=app",
        "EnvironmentFile=/etc/fleetwright/services/app.env",
        "CPUQuota=200%",
        "MemoryMax=1073741824",
        "ExecReload=/bin/sh -c \"kill -HUP $$MAINPID\"",
    ] {
        assert!(unit.lines().any(|l| l == line), "{line} is not in\n{unit}");
    }
    let env = &desired.files["/etc/fleetwright/services/app.env"];
    assert_eq!(env.mode, 0o600);
    let revealed = env.text.reveal(&secret).unwrap();
    assert!(revealed.contains("MODE=\"it's \\\"\\$five\\\"\"\nTOKEN='pass word'\n"), "{revealed}");
    assert!(desired.users["app"].system);
    let unit = &desired.units["app.service"];
    assert!(unit.after.contains("postgresql@15-main.service"), "{:?}", unit.after);
    assert!(unit.reload_on.contains("/etc/app/app.conf") && unit.reload.is_empty());
    assert!(unit.restart_on.contains("/etc/fleetwright/services/app.env"));
    let conf = &desired.files["/etc/app/app.conf"];
    assert_eq!((conf.mode, conf.owner.as_str()), (0o640, "app"));
}

#[test]
fn systemd_reads_the_environment_as_meant() {
    let mut one = app(APP);
    let value = "it's \"$five\" `x` \\ back";
    one.env = [("MODE".to_owned(), EnvValue::Text(sp(value.to_owned())))].into();
    let (desired, _) = render(&with(vec![one]));
    let root = tempfile::tempdir().unwrap();
    checkers::stage(&desired, root.path());
    // A shell reads this subset of quoting as systemd's EnvironmentFile does.
    let file = root.path().join("etc/fleetwright/services/app.env");
    let argv = ["sh".into(), "-c".into(), format!(". {}; printf %s \"$MODE\"", file.display())];
    assert_eq!(checkers::run(&argv, root.path()).unwrap(), value);
}

#[test]
fn a_container_keeps_secrets_out_of_its_arguments() {
    let mut one = instance("photos", "immich", Variant::Container);
    one.env = [("DB_PASSWORD".to_owned(), EnvValue::Secret(sp(SecretRef("db".into()))))].into();
    one.mounts = vec![ResolvedMount {
        at: "/media".into(),
        service: ServiceId::new("share"),
        host: id("two"),
        address: ip("fd77:88::2"),
        path: "/srv/media".into(),
        read_only: true,
        why: why("services/photos.yaml", "mounts share/media"),
    }];
    one.overrides =
        [("systemd".to_owned(), ("[Service]\nNice=5\n".to_owned(), place("services/photos.yaml")))].into();
    let (desired, report) = render(&with(vec![one]));
    assert!(report.items.is_empty(), "{:#?}", report.items);
    let unit = text(&desired, "/etc/systemd/system/photos.service");
    assert!(unit.contains(" --env DB_PASSWORD ") && !unit.contains("secret"), "{unit}");
    assert!(unit.contains("--volume \"/media:/media:ro\""), "{unit}");
    assert!(unit.contains("RequiresMountsFor=/media"), "{unit}");
    let mount = text(&desired, "/etc/systemd/system/media.mount");
    assert!(mount.contains("What=[fd77:88::2]:/srv/media\nWhere=/media\nType=nfs4"), "{mount}");
    assert!(desired.units["photos.service"].after.contains("media.mount"));
    assert!(text(&desired, "/etc/systemd/system/photos.service.d/70-override.conf").contains("Nice=5"));
}

#[test]
fn folders_are_exported_to_named_clients_only() {
    let mut one = instance("share", "nfs", Variant::Native);
    one.exports = vec![ResolvedExport {
        name: Label::new("media"),
        path: "/srv/media".into(),
        clients: vec![ip("192.168.10.2"), ip("fd77:10::2")],
        read_only: false,
        why: why("services/share.yaml", "exported to photos"),
    }];
    let (desired, report) = render(&with(vec![one]));
    assert!(report.items.is_empty(), "{:#?}", report.items);
    assert!(text(&desired, "/etc/exports.d/60-fleetwright.exports").ends_with(
        "\"/srv/media\" 192.168.10.2(rw,sync,no_subtree_check) fd77:10::2(rw,sync,no_subtree_check)\n"
    ));
    assert!(desired.dirs["/srv/media"].data);
    let unit = &desired.units["nfs-server.service"];
    assert!(unit.reload_on.contains("/etc/exports.d/60-fleetwright.exports"));
}

#[test]
fn faults_are_named_and_nothing_is_dropped_in_silence() {
    let two = |second: Instance| with(vec![instance("a", "redis", Variant::Native), second]);
    let (_, report) = render(&two(instance("b", "redis", Variant::Native)));
    assert!(codes(&report).contains(&"FW0902"), "{:#?}", report.items);
    assert!(!report.items[0].labels.is_empty());

    let (_, report) = render(&with(vec![app(&APP.replace("{volume.data}", "{volume.dada}"))]));
    assert_eq!(codes(&report), ["FW0903"], "{:#?}", report.items);

    let unknown = "description: x\nvariants: {native: {packages: [x], unit: x.service, engine: cady}}\n";
    let (_, report) = render(&with(vec![app(unknown)]));
    assert_eq!(codes(&report), ["FW0911"]);
    assert_eq!(report.items[0].help.as_deref(), Some("did you mean `caddy`?"));

    let (desired, report) = render(&with(vec![instance("a", "redis", Variant::Incus)]));
    assert_eq!(codes(&report), ["FW0910"]);
    assert_eq!(report.items[0].severity, Severity::Note);
    assert!(!desired.units.contains_key("redis-server.service"));

    let mut raw = instance("a", "redis", Variant::Native);
    raw.overrides = [("redis".to_owned(), ("x".to_owned(), place("services/a.yaml")))].into();
    let (_, report) = render(&with(vec![raw]));
    assert_eq!(codes(&report), ["FW0908"]);

    let mut fleet = with(Vec::new());
    let one = fleet.hosts.get_mut("one").unwrap();
    one.overrides.insert("bird".into(), ("x".into(), place("hosts/one.yaml")));
    let (_, report) = render(&fleet);
    assert_eq!(codes(&report), ["FW0908"]);

    let (_, report) = render(&with(vec![app(
        "description: x\nvariants: {native: {exec: x, files: {/etc/x: {content: y, mode: \"9\"}}}}\n",
    )]));
    assert_eq!(codes(&report), ["FW0907"]);
}

fn ingress(change: impl FnOnce(&mut derive::fleet::Exposure)) -> (Fleet, Report) {
    let mut fleet = with(vec![
        instance("ingress", "caddy", Variant::Native),
        instance("photos", "immich", Variant::Container),
    ]);
    let mut exposure =
        exposure("photos", "photos.two-sites.example", Auth::Sso, ("one", "192.168.10.2", 2283));
    exposure.ingress = Some((ServiceId::new("ingress"), id("one")));
    change(&mut exposure);
    fleet.exposures.push(exposure);
    let (desired, report) = render(&fleet);
    if !report.has_errors() {
        checkers::all_pass(&desired);
    }
    (fleet, report)
}

#[test]
fn what_caddy_cannot_do_is_said() {
    assert_eq!(codes(&ingress(|e| e.rate = Some("10/s".into())).1), ["FW0904"]);
    assert_eq!(codes(&ingress(|e| e.auth = Auth::TwoFactor).1), ["FW0905"]);
    assert_eq!(codes(&ingress(|e| e.gate = None).1), ["FW0909"]);
}

#[test]
fn caddy_reads_every_kind_of_site() {
    for change in [
        (|e| e.auth = Auth::Basic(SecretRef("photos".into()))) as fn(&mut derive::fleet::Exposure),
        |e| e.certificate = model::CertificateKind::Internal,
        |e| (e.certificate, e.port) = (model::CertificateKind::None, 8080),
        |e| (e.audience, e.certificate) = (model::Audience::Lan, model::CertificateKind::Internal),
        |e| e.audience = model::Audience::Fleet,
        |e| e.from = vec![net("198.51.100.0/24"), net("2001:db8::/32")],
        |e| e.body = Some(10_000_000),
        |e| e.backends.push((id("two"), ip("fd77::3"), 2283)),
        |e| e.backends.clear(),
        |e| {
            let groups = vec![sp(Label::new("admins")), sp(Label::new("ops"))];
            let rule = |auth, groups| model::PathRule {
                place: place("services/photos.yaml"),
                auth,
                groups,
                public: None,
            };
            e.paths.insert("/admin".into(), rule(None, groups));
            e.paths.insert("/share/".into(), rule(Some(sp(Auth::None)), Vec::new()));
        },
    ] {
        let (_, report) = ingress(change);
        assert!(!report.has_errors(), "{:#?}", report.items);
    }
}

#[test]
fn a_password_is_on_the_host_as_a_hash_in_a_file_of_caddys_own() {
    let (fleet, _) = ingress(|e| e.auth = Auth::Basic(SecretRef("photos".into())));
    let (desired, _) = render(&fleet);
    let file = &desired.files["/etc/caddy/Caddyfile"];
    assert_eq!((file.mode, file.owner.as_str()), (0o600, "caddy"));
    let revealed = file.text.reveal(&secret).unwrap();
    assert!(revealed.contains("photos $2") && !revealed.contains("pass word"), "{revealed}");
}

#[test]
fn the_public_zone_holds_every_public_name() {
    let zones = render::outside(&common::two_sites());
    let text = zones["public/two-sites.example.zone"].public();
    assert!(text.contains("photos.two-sites.example. IN A 203.0.113.7\n"), "{text}");
    assert!(text.contains("photos.two-sites.example. IN AAAA 2001:db8:7::7\n"), "{text}");
    assert_eq!(text.lines().filter(|l| l.contains(" IN ")).count(), 6);
}

#[test]
fn a_container_with_settings_of_its_own() {
    let files = [
        (
            "fleet.yaml",
            "domain: example.net\nsites: {home: {lan: 192.168.10.0/24}}\nhosts: {one: {site: home}}\n",
        ),
        (
            "services/app.yaml",
            r#"
module: container
image: registry.example.net/app:1
volumes: {data: /data}
env: {LOG: "{level}"}
container:
  entrypoint: [/init, "two words"]
  args: ["--say", "100% $HOME"]
  verbatim: yes
  user: 1000:1000
  working-dir: /app
  read-only: yes
  init: yes
  cap-drop: ALL
  cap-add: NET_RAW
  no-new-privileges: yes
  devices: /dev/dri
  tmpfs: /run:size=64m
  binds: {/media: /mnt/media, /etc/localtime: {from: /etc/localtime, read-only: yes}}
  files: {/etc/app.conf: {content: "a\nb\n", mode: "0444"}}
  secrets: {/run/secrets/db: secret/db}
  hosts: {db: 127.0.0.1}
  shm-size: 64MiB
  restart: always
  stop-signal: SIGINT
  stop-grace: 90s
"#,
        ),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let (model, report) =
        source::load(&source::Sources { files: files.into(), ..source::Sources::default() });
    assert!(!report.has_errors(), "{:#?}", report.items);
    let derived = derive::derive(&model.unwrap(), &derive::Lock::default(), &derive::Options::default());
    let fleet = derived.fleet.unwrap_or_else(|| panic!("{}", diag::render_plain(&derived.report)));
    let (desired, report) = render(&fleet);
    assert!(!report.has_errors(), "{:#?}", report.items);
    let unit = text(&desired, "/etc/systemd/system/app.service");
    for line in [
        concat!(
            "ExecStart=/usr/bin/podman run --rm --name app --network host --env LOG ",
            r#"--volume "/srv/app/data:/data" "#,
            r#"--entrypoint "[\"/init\",\"two words\"]" --user "1000:1000" --workdir "/app" "#,
            r#"--stop-signal "SIGINT" --cap-drop "ALL" --cap-add "NET_RAW" --device "/dev/dri" "#,
            r#"--tmpfs "/run:size=64m" --add-host "db:127.0.0.1" --shm-size "67108864b" --read-only --init "#,
            "--security-opt no-new-privileges ",
            r#"--volume "/etc/localtime:/etc/localtime:ro" --volume "/mnt/media:/media" "#,
            r#"--volume "/etc/fleetwright/services/app/etc/app.conf:/etc/app.conf:ro" "#,
            r#"--volume "/etc/fleetwright/services/app/run/secrets/db:/run/secrets/db:ro" "#,
            r#""registry.example.net/app:1" "--say" "100%% $$HOME""#,
        ),
        "ExecStop=/usr/bin/podman stop --time 90 app",
        "TimeoutStopSec=120",
        "Restart=always",
    ] {
        assert!(unit.lines().any(|l| l == line), "{line} is not in\n{unit}");
    }
    let conf = &desired.files["/etc/fleetwright/services/app/etc/app.conf"];
    assert_eq!((conf.mode, conf.text.public().as_str()), (0o444, "a\nb\n"));
    let key = &desired.files["/etc/fleetwright/services/app/run/secrets/db"];
    assert_eq!((key.mode, key.owner.as_str(), key.group.as_str()), (0o600, "1000", "1000"));
    let data = &desired.dirs["/srv/app/data"];
    assert_eq!((data.mode, data.owner.as_str()), (0o755, "1000"));
    assert!(!key.text.public().contains("pass word") && key.text.reveal(&secret).is_ok());
    assert_eq!(text(&desired, "/etc/fleetwright/services/app.env").lines().last(), Some("LOG=\"{level}\""));
    let unit = &desired.units["app.service"];
    assert!(unit.restart_on.iter().any(|p| p.ends_with("/etc/app.conf")), "{:?}", unit.restart_on);
    assert!(desired.packages.contains_key("catatonit"));
}

#[test]
fn a_path_that_leads_elsewhere_is_no_mount() {
    let mut app = instance("app", "container", Variant::Container);
    app.image = Some("x:1".to_owned());
    let yaml = "module: container\ncontainer: {binds: {/a/../etc: /x}, files: {/../../etc/passwd: x}}";
    let files = [("services/app.yaml".to_owned(), yaml.as_bytes().to_vec())];
    let (model, _) = source::load(&source::Sources { files: files.into(), ..source::Sources::default() });
    app.container = model.unwrap().services[&ServiceId::new("app")].container.clone();
    let (desired, report) = render(&with(vec![app]));
    assert_eq!(codes(&report), [render::codes::CANNOT_SAY, render::codes::CANNOT_SAY]);
    assert!(!desired.files.keys().any(|path| path.contains("passwd")));
}
