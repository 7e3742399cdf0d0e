//! Writes an example's rendered files below a folder: `dump -- two-sites /tmp/out`.

#[path = "../tests/common/mod.rs"]
mod common;

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let (name, out) = (args.next().unwrap_or_default(), args.next().unwrap_or_default());
    let fleet = common::examples::example(&name);
    let (hosts, report) = render::render(&fleet);
    for item in &report.items {
        println!("{} {:?} {}: {:?}", item.code, item.place, item.message, item.help);
    }
    for (host, desired) in &hosts {
        for (path, file) in &desired.files {
            let at = std::path::Path::new(&out).join(host.as_str()).join(path.trim_start_matches('/'));
            std::fs::create_dir_all(at.parent().unwrap_or(std::path::Path::new("/")))?;
            std::fs::write(&at, file.text.public())?;
        }
    }
    for (path, text) in render::outside(&fleet) {
        println!("--- {path}\n{}", text.public());
    }
    Ok(())
}
