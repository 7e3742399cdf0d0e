//! Signing in with keys: those of the agent that a key file names, the agent's others, then key files, as
//! ssh(1) does it.

use super::Settings;
use super::config::Route;
use super::keys::{Look, Opened};
use super::wire::Keys;
use crate::Reach;
use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::ssh_key::HashAlg;
use russh::keys::{Algorithm, Certificate, PrivateKeyWithHashAlg, PublicKey};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

type Agent = AgentClient<Box<dyn AgentStream + Send + Unpin>>;

/// Why nobody is signed in.
#[derive(Debug)]
pub(super) enum Denied {
    /// A passphrase is needed to go on. A person types longer than a server waits: ask, then connect again.
    Passphrase(PathBuf),
    /// It does not work.
    Failed(Reach, String),
}

impl From<(Reach, String)> for Denied {
    fn from((reach, text): (Reach, String)) -> Self {
        Denied::Failed(reach, text)
    }
}

/// One key to try.
enum Way {
    File(PathBuf),
    Agent(PublicKey),
}

/// Signs in.
pub(super) async fn sign_in(
    handle: &mut Handle<Keys>,
    route: &Route,
    settings: &Settings,
    opened: &Opened,
    bye: &Mutex<Option<String>>,
) -> Result<(), Denied> {
    let mut tried = Vec::new();
    let mut gone = false;
    let socket = match route.agent.as_deref() {
        Some("none") => None,
        Some(path) => Some(PathBuf::from(path)),
        None => settings.agent.clone(),
    };
    let mut agent = match &socket {
        Some(path) => match AgentClient::connect_uds(path).await {
            Ok(agent) => Some(agent.dynamic()),
            Err(e) => {
                tried.push(format!("agent {}: {e}", path.display()));
                None
            }
        },
        None => None,
    };
    let files = route.identities.as_ref().unwrap_or(&settings.identities);
    for way in ways(files, route.identities_only, agent.as_mut(), opened).await {
        let (said, name) = match way {
            Way::File(path) => {
                let name = path.display().to_string();
                let key = match opened.look(&path) {
                    Look::Missing => continue,
                    Look::Locked => return Err(Denied::Passphrase(path)),
                    Look::Bad(e) => {
                        tried.push(format!("{name}: {e}"));
                        continue;
                    }
                    Look::Open(key) => key,
                };
                let said = match certificate(&path, key.public_key(), &route.certificates) {
                    Some(cert) => handle.authenticate_openssh_cert(&route.user, Arc::clone(&key), cert).await,
                    None => Ok(AuthResult::Failure {
                        remaining_methods: russh::MethodSet::empty(),
                        partial_success: false,
                    }),
                };
                match said {
                    Ok(AuthResult::Failure { partial_success: false, .. }) => {
                        let hash = rsa_hash(handle, &key.algorithm()).await;
                        let key = PrivateKeyWithHashAlg::new(key, hash);
                        (handle.authenticate_publickey(&route.user, key).await, name)
                    }
                    other => (other, name),
                }
            }
            Way::Agent(key) => {
                let Some(agent) = agent.as_mut() else { continue };
                let hash = rsa_hash(handle, &key.algorithm()).await;
                let name = format!("{} of the agent", key.fingerprint(HashAlg::Sha256));
                match handle.authenticate_publickey_with(&route.user, key, hash, agent).await {
                    Ok(said) => (Ok(said), name),
                    // The agent would not sign, or the server is gone.
                    Err(e) => {
                        tried.push(format!("{name}: {e}"));
                        gone = handle.is_closed();
                        if gone {
                            break;
                        }
                        continue;
                    }
                }
            }
        };
        match said {
            Ok(AuthResult::Success) => return Ok(()),
            Ok(AuthResult::Failure { partial_success: true, remaining_methods }) => {
                let methods = words(&remaining_methods);
                let text = format!("{name} was taken, and then it wants {methods} too");
                return Err(Denied::Failed(Reach::Auth, text));
            }
            Ok(AuthResult::Failure { remaining_methods, .. }) => {
                tried.push(name);
                if !remaining_methods.is_empty() && !remaining_methods.contains(&russh::MethodKind::PublicKey)
                {
                    let methods = words(&remaining_methods);
                    let text = format!("{} is let in by {methods} only", route.user);
                    return Err(Denied::Failed(Reach::Auth, text));
                }
            }
            Err(_) => {
                tried.push(name);
                gone = true;
                break;
            }
        }
    }
    let bye = bye.lock().unwrap_or_else(PoisonError::into_inner).take();
    let bye = match bye {
        Some(text) => format!(" ({})", text.trim()),
        None if gone => {
            let text = format!("the connection broke while signing in with {}", tried.join(", "));
            return Err(Denied::Failed(Reach::Lost, text));
        }
        None => String::new(),
    };
    let what = if tried.is_empty() { "there is no key to try".to_owned() } else { tried.join(", ") };
    Err(Denied::Failed(Reach::Auth, format!("{} is not let in; tried: {what}{bye}", route.user)))
}

fn words(methods: &russh::MethodSet) -> String {
    methods.iter().map(<&str>::from).collect::<Vec<_>>().join(", ")
}

/// What an RSA key signs over: the best the server names, SHA-1 never.
async fn rsa_hash(handle: &Handle<Keys>, algorithm: &Algorithm) -> Option<HashAlg> {
    if !matches!(algorithm, Algorithm::Rsa { .. }) {
        return None;
    }
    handle.best_supported_rsa_hash().await.ok().flatten().flatten().or(Some(HashAlg::Sha512))
}

/// The certificate of a key: beside its file, or one that is named.
fn certificate(file: &Path, key: &PublicKey, named: &[PathBuf]) -> Option<Certificate> {
    let beside = with(file, "-cert.pub");
    let all = std::iter::once(&beside).chain(named);
    all.filter_map(|path| std::fs::read_to_string(path).ok())
        .filter_map(|text| Certificate::from_openssh(text.trim()).ok())
        .find(|cert| cert.public_key() == key.key_data())
}

/// What is tried, in order.
async fn ways(files: &[PathBuf], only: bool, agent: Option<&mut Agent>, opened: &Opened) -> Vec<Way> {
    let mut held: Vec<PublicKey> = Vec::new();
    if let Some(agent) = agent
        && let Ok(all) = agent.request_identities().await
    {
        held.extend(all.into_iter().filter_map(|i| match i {
            AgentIdentity::PublicKey { key, .. } => Some(key),
            AgentIdentity::Certificate { .. } => None,
        }));
    }
    let mut ways = Vec::new();
    let mut rest = Vec::new();
    for file in files {
        let public = if held.is_empty() { None } else { opened.public(file) };
        let mine = public.and_then(|p| held.iter().position(|k| k.key_data() == p.key_data()));
        match mine {
            Some(at) => ways.push(Way::Agent(held.remove(at))),
            None => rest.push(Way::File(file.clone())),
        }
    }
    if !only {
        ways.extend(held.into_iter().map(Way::Agent));
    }
    ways.extend(rest);
    ways
}

pub(super) fn with(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
