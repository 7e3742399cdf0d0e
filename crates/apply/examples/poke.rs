//! poke
#![allow(clippy::unwrap_used, missing_docs)]
use apply::*; use artifact::*; use remote::*; use diag::Place;
use std::{sync::{Arc,mpsc::channel},time::*,process::*,collections::*};
struct Ns{name:String,leader:String}
impl Ns{fn cmd(&self,argv:&[&str])->Command{let mut c=Command::new("nsenter");c.args(["-a","-t",&self.leader]).args(argv);c}}
impl Remote for Ns{
 fn name(&self)->&str{&self.name}
 fn run(&self,argv:&[&str],stdin:&[u8],d:Duration)->Result<Output,RemoteError>{run_bounded(&self.name,&mut self.cmd(argv),stdin,d)}
 fn read(&self,_:&str)->Result<Option<Vec<u8>>,RemoteError>{Ok(None)}
 fn write(&self,path:&str,bytes:&[u8],mode:u32)->Result<(),RemoteError>{
  let s=format!("mkdir -p $(dirname {path}); cat > {path}.x && chmod {mode:o} {path}.x && mv {path}.x {path}");
  let o=self.run(&["sh","-c",&s],bytes,Duration::from_secs(10))?; assert!(o.ok(),"{:?}",o); Ok(())}
 fn open(&self,argv:&[&str])->Result<Stream,RemoteError>{let c=self.cmd(argv).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();Ok(Stream::new(c))}
}
fn main(){
 let a:Vec<String>=std::env::args().collect();
 let port=a[2].clone(); let bad=a.get(3).is_some_and(|s|s=="bad");
 let w=Why::new(&Place::new("services/web.yaml",3,1),"the web service listens there");
 let mut d=Desired{host:"web".into(),..Default::default()};
 let mut t=Text::new(); t.line(format!("server {{ listen {port}{}; location / {{ return 200 ok; }} }}",if bad {" nonsense"} else {""}),&w); t.line("# fixed",&w);
 let f=|engine:&str,mode,text|File{engine:engine.into(),mode,owner:"root".into(),group:"root".into(),text};
 d.files.insert("/etc/nginx/sites-enabled/default".into(),f("nginx",0o644,t));
 let mut t=Text::new(); t.secret_line("password = ","pw"," # x",&w);
 d.files.insert("/etc/app/deep/secret.conf".into(),f("app",0o600,t));
 let mut t=Text::new(); t.line("[Unit]\nDescription=app\n[Service]\nType=exec\nExecStart=/bin/sleep 1000000\n[Install]\nWantedBy=multi-user.target",&w);
 d.files.insert("/etc/systemd/system/app.service".into(),f("app",0o644,t));
 for i in 0..40{let mut t=Text::new(); t.line(format!("file {i}"),&w); d.files.insert(format!("/etc/many/{i}"),f("many",0o644,t));}
 let u=|rel:&[&str],res:&[&str]|Unit{kind:UnitKind::Service,enabled:true,active:true,reload_on:rel.iter().map(|s|s.to_string()).collect(),restart_on:res.iter().map(|s|s.to_string()).collect(),reload:vec![],after:BTreeSet::new(),why:w.clone()};
 d.units.insert("nginx.service".into(),u(&["/etc/nginx/sites-enabled/default"],&[]));
 d.units.insert("app.service".into(),u(&[],&["/etc/app/deep/secret.conf"]));
 d.users.insert("operator".into(),User{system:false,home:"/home/operator".into(),shell:"/bin/sh".into(),groups:["adm".to_string()].into(),keys:vec!["ssh-ed25519 AAAA x".into()],why:w.clone()});
 d.dirs.insert("/srv/data".into(),Dir{mode:0o750,owner:"operator".into(),group:"operator".into(),data:true,why:w.clone()});
 d.packages.insert("nginx-light".into(),Package{why:w.clone()});
 d.health.push(Health{name:"web".into(),probe:Probe::Http(format!("http://127.0.0.1:{}/",if a.get(3).is_some_and(|s|s=="sick"){"9"}else{&port})),timeout_s:2,why:w.clone()});
 if a.get(3).is_some_and(|s|s=="nochk") {} else {
 d.checks.push(Check{engine:"nginx".into(),files:["/etc/nginx/sites-enabled/default".to_string()].into(),argv:["sh","-c","! grep nonsense {stage}/etc/nginx/sites-enabled/default"].map(String::from).into(),timeout_s:5});}
 let secrets=|n:&str|(n=="pw").then(||"hunter2-very-secret".to_string());
 let t=Target{remote:Arc::new(Ns{name:"web".into(),leader:a[1].clone()}),desired:&d,secrets:&secrets};
 let mut o=Options::new(AgentBinary::beside_this_program().unwrap());
 if let Ok(s)=std::env::var("DEADLINE"){o.deadline_s=s.parse().unwrap();}
 if let Ok(s)=std::env::var("SETTLE"){o.settle_ms=s.parse().unwrap();}
 let (tx,rx)=channel();
 if a.get(3).is_some_and(|s|s=="plan"){ println!("{}",observe_fleet(&[t],&o,&tx).to_text(true)); return;}
 if a.get(3).is_some_and(|s|s=="status"){ println!("{}",serde_json::to_string_pretty(&status_fleet(&[t],&o)).unwrap()); return;}
 let out=std::thread::scope(|s|{ s.spawn(move||{for e in rx{println!("{:>8.1?} {:?} {}",e.elapsed,e.phase,e.message);}}); let r=apply_fleet(&[t],&o,&tx); drop(tx); r});
 for (h,o) in &out.hosts{println!("{h}: {o}");}
 println!("{:?} ok={}",out.elapsed,out.is_ok());
}
