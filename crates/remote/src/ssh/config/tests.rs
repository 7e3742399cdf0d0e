#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use std::path::Path;

fn config(text: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, text.replace("FOLDER", &folder.path().to_string_lossy())).unwrap();
    (folder, vec![file])
}
fn to(name: &str) -> Destination {
    Destination { name: name.into(), address: Some("192.0.2.9".into()), ..Destination::default() }
}
fn route(files: &[PathBuf], to: &Destination) -> Result<Route, Failure> {
    Routes::default().route(files, to)
}

#[test]
fn what_ssh_config_says_comes_before_what_the_fleet_knows() {
    let (_folder, files) = config(
        "Host nas\n HostName 198.51.100.7\n Port 2222\n User olena\n IdentityFile ~/.ssh/%h\n IdentitiesOnly yes\n\
         Host *.lan !gw.lan\n ProxyJump admin@gw:2200,inner\n\
         Match user backup\n HostKeyAlias the-backup\n",
    );
    let nas = route(&files, &to("nas")).unwrap();
    assert_eq!((nas.host.as_str(), nas.port, nas.user.as_str()), ("198.51.100.7", 2222, "olena"));
    assert!(
        nas.identities_only && nas.identities.as_ref().unwrap()[0].ends_with(".ssh/198.51.100.7"),
        "{nas:?}"
    );
    let a = route(&files, &to("a.lan")).unwrap();
    assert_eq!(a.host, "192.0.2.9", "no HostName: the fleet's own address");
    assert_eq!(a.identities, None, "what no file says is not said");
    assert_eq!(a.jump.len(), 2);
    assert_eq!(
        (a.jump[0].name.as_str(), a.jump[0].port, a.jump[0].user.as_deref()),
        ("gw", Some(2200), Some("admin"))
    );
    assert!(route(&files, &to("gw.lan")).unwrap().jump.is_empty());
    let backup = Destination { user: Some("backup".into()), ..to("nas") };
    assert_eq!(route(&files, &backup).unwrap().alias.as_deref(), Some("the-backup"));
    let own = Destination { port: Some(22), jump: Some("none".into()), ..to("a.lan") };
    assert!(route(&files, &own).unwrap().jump.is_empty());
}

#[test]
fn a_program_is_told_the_address_the_fleet_knows() {
    let (_folder, files) = config("Host *\n ProxyCommand nc -x proxy %h %p # %r %%\n");
    let nas = route(&files, &Destination { user: Some("olena".into()), ..to("nas") }).unwrap();
    assert_eq!(nas.command.unwrap(), "nc -x proxy 192.0.2.9 22 # olena %");
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, said) in [
        ("Host nas\n Port many\n", "line 2"),
        ("Host other\n Port 0\n", "line 2"),
        ("IdentitiesOnly perhaps\n", "line 1"),
        ("ConnectTimeout 3x\n", "line 1"),
        ("Host \"nas\n", "line 1"),
        ("Host nas\n HostName\n", "line 2"),
        ("Host nas\n ProxyJump a@:1\n", "line 2"),
        ("Host nas\n IdentityFile ~/.ssh/%j\n", "%j"),
        ("Host nas\n IdentityFile ${FLEETWRIGHT_NOT_SET}\n", "FLEETWRIGHT_NOT_SET"),
        ("Match user x\nHost nas\n Port many\n", "line 3"),
    ] {
        let (_folder, files) = config(text);
        let (reach, detail) = route(&files, &to("nas")).unwrap_err();
        assert_eq!(reach, Reach::Config, "{text}");
        assert!(detail.contains(said), "{text}: {detail}");
    }
}

#[test]
fn a_file_that_others_can_write_is_not_believed() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, files) = config("ProxyCommand evil\n");
    std::fs::set_permissions(&files[0], std::fs::Permissions::from_mode(0o666)).unwrap();
    let (reach, detail) = route(&files, &to("nas")).unwrap_err();
    assert!(reach == Reach::Config && detail.contains("others can write"), "{detail}");
    assert!(route(&[PathBuf::from("/no/such/file")], &to("nas")).is_ok());
}

/// OpenSSH's own reading is the measure.
#[test]
fn files_are_read_as_openssh_reads_them() {
    let configs = [
        "Host nas\n HostName 198.51.100.7\n Port 2222\n User olena\n",
        "host=nas\n\thostname = 198.51.100.7\n  PORT   2222  \n user=\"olena\"\n",
        "Host *.example.net !gw.example.net\n User a\nHost gw.*\n User b\nHost *\n User c\n Port 3\n",
        "Host nas nas2\n IdentityFile ~/.ssh/a\n IdentityFile \"~/.ssh/b c\"\n IdentityFile ~/.ssh/a\nHost *\n IdentityFile /k/%r@%h\n",
        "Host nas\n ProxyJump gw\n ProxyCommand nc %h %p\nHost *\n ProxyCommand socat - TCP:%h:%p # not a comment\n ProxyJump x\n",
        "Host nas\n ProxyJump none\nHost *\n ProxyJump a@b:1,c,ssh://d@e:2\n",
        "Host n?s\n HostKeyAlias other\nHost nas gw.example.net\n UserKnownHostsFile ~/.a /b\n GlobalKnownHostsFile /c\n",
        "ConnectTimeout 1m30\nServerAliveInterval 7\nServerAliveCountMax 9\n# comment\n\nHost nas # Port 1\n Port 4 # four\n",
        "Include FOLDER/d/*.conf\nHost nas\n Port 7\n User last\n",
        "Host gw.*\n Include FOLDER/d/1.conf\nHost nas\n User mine\n",
        "IdentityAgent ~/agent.sock\nIdentitiesOnly yes\nCertificateFile ~/.ssh/x-cert.pub\n",
        "IdentityAgent none\nHost NAS\n Port 9\nHost nas\n IdentitiesOnly no\n HostName %h.example.net\n",
        "Host !nas\n Port 5\nHost !nas *\n Port 6\nHost \"nas\" 'other'\n Port 8\n",
        "Port 1\nPort 2\nHost nas\n Port 3\n User \"a b\"\n",
    ];
    let mut compared = 0;
    for text in configs {
        let (folder, files) = config(text);
        std::fs::create_dir(folder.path().join("d")).unwrap();
        std::fs::write(folder.path().join("d/2.conf"), "Host *\n User second\n Port 12\n").unwrap();
        std::fs::write(folder.path().join("d/1.conf"), "Host nas\n User included\nHost gw*\n Port 11\n")
            .unwrap();
        std::fs::write(folder.path().join("d/.3.conf"), "Port 13\n").unwrap();
        for name in ["nas", "NAS", "gw.example.net", "a.example.net", "10.0.0.1", "other"] {
            let to = to(name);
            let Answer::Said(mine) = read::read(&files, name).unwrap() else { panic!("{text}") };
            let theirs = openssh::ask(&files, &to).unwrap();
            assert_eq!(resolve(*mine, &to), resolve(theirs, &to), "{name} in\n{text}");
            compared += 1;
        }
    }
    assert_eq!(compared, configs.len() * 6);
}

#[test]
fn conditions_are_left_to_openssh() {
    for (text, asks) in [
        ("Host *\n SendEnv LANG\n", false),
        ("Match all\n", true),
        ("Include FOLDER/d/*.conf\n", true),
        ("CanonicalizeHostname yes\n", true),
        ("CanonicalizeHostname no\n", false),
        ("Host other\n CanonicalizeHostname yes\n", false),
    ] {
        let (folder, files) = config(text);
        std::fs::create_dir(folder.path().join("d")).unwrap();
        std::fs::write(folder.path().join("d/1.conf"), "Match host nas\n Port 9\n").unwrap();
        let answer = read::read(&files, "nas").unwrap();
        assert_eq!(matches!(answer, Answer::AskOpenSsh), asks, "{text}");
    }
    let (_folder, mut files) = config("Match host nas\n Port 9\n");
    assert_eq!(route(&files, &to("nas")).unwrap().port, 9);
    assert_eq!(route(&files, &to("other")).unwrap().port, 22);
    files.push(Path::new("/etc/hostname").to_owned());
    assert_eq!(route(&files, &to("nas")).unwrap_err().0, Reach::Config, "two files, one with conditions");
}
