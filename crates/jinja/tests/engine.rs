//! Ansible's own template engine, in the same run: the templates of its template module, with variables that
//! are templates themselves.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Case, ansible, judge, read};
use diag::{Diagnostic, Place, Report};
use jinja::{Engine, Options, Res, Value, Variables, World};
use py::{Marks, Node, Tagged, Tags};
use std::collections::HashMap;
use std::rc::Rc;

const INVENTORY: &str = include_str!("engine/inventory.yml");

/// `!unsafe`, as the inventory's reader has it.
struct Unsafe;

impl Tags for Unsafe {
    fn scalar(&self, tag: &str, _: &str, _: &Place) -> Result<Option<Tagged>, Diagnostic> {
        Ok((tag == "!unsafe").then_some(Tagged::Plain(Marks { raw: true, secret: false })))
    }
    fn collection(&self, _: &str, _: &Place) -> Result<Option<Marks>, Diagnostic> {
        Ok(None)
    }
}

fn inventory() -> Node {
    let mut report = Report::new();
    let node = py::load("inventory.yml", INVENTORY, &Unsafe, &mut report);
    assert!(!report.has_errors(), "{}", diag::render_plain(&report));
    node.unwrap().get("all").unwrap().clone()
}

fn entries(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    node.entries().unwrap().iter().map(|e| (e.key.as_str().unwrap(), &e.node))
}

struct Hosts {
    variables: HashMap<String, Variables>,
    templates: HashMap<String, Rc<str>>,
}

impl World for Hosts {
    fn env(&self, _: &str) -> Res<Option<String>> {
        Ok(None)
    }
    fn template(&self, path: &str) -> Res<Option<Rc<str>>> {
        Ok(self.templates.get(path).cloned())
    }
    fn scope(&self, host: &str) -> Res<Variables> {
        Ok(self.variables[host].clone())
    }
}

fn hosts() -> HashMap<String, Variables> {
    let all = inventory();
    let (shared, hosts) = (all.get("vars").unwrap(), all.get("hosts").unwrap());
    let names: Vec<&str> = entries(hosts).map(|(name, _)| name).collect();
    let groups: py::Map = [
        ("all", names.iter().map(|n| py::Value::from(*n)).collect::<py::Value>()),
        ("ungrouped", py::Value::List(Vec::new())),
        ("web", names.iter().map(|n| py::Value::from(*n)).collect()),
    ]
    .into_iter()
    .collect();
    let magic = |host: &str| -> py::Map {
        [
            ("inventory_hostname", py::Value::from(host)),
            ("groups", py::Value::Map(groups.clone())),
            ("group_names", py::Value::List(vec![py::Value::from("web")])),
        ]
        .into_iter()
        .collect()
    };
    let each = entries(hosts).map(|(host, own)| {
        let scope: Rc<str> = Rc::from(host);
        let mut merged: HashMap<Rc<str>, Value> = HashMap::new();
        for (name, node) in entries(shared).chain(entries(own)) {
            merged.insert(Rc::from(name), Value::templated(node, Some(&scope)));
        }
        (scope, merged)
    });
    let each: Vec<_> = each.collect();
    let hostvars =
        Value::frozen_dict(each.iter().map(|(host, vars)| (host.clone(), Value::frozen_dict(vars.clone()))));
    let variables = each.into_iter().map(|(host, vars)| {
        let layers = Variables::new()
            .of_host(host.clone())
            .with(&magic(&host))
            .with_values(vars)
            .with_values([(Rc::from("hostvars"), hostvars.clone())]);
        (host.to_string(), layers)
    });
    variables.collect()
}

fn render(case: &Case, report: &mut Report) -> Option<String> {
    let templates: HashMap<String, Rc<str>> =
        case.templates.iter().map(|(n, t)| (n.clone(), Rc::from(t.as_str()))).collect();
    let options = Options {
        trim_blocks: !case.options.iter().any(|o| o == "notrim"),
        lstrip_blocks: case.options.iter().any(|o| o == "lstrip"),
        ..Options::ansible()
    };
    let loaded = templates.clone();
    let engine = Engine::with_loader(options, move |name| loaded.get(name).cloned());
    let world = Hosts { variables: hosts(), templates };
    let rendered = engine.render_text("t.j2", &case.template, &world.variables["a"], &world, report);
    rendered.map(|r| r.text)
}

#[test]
fn every_case_is_as_ansible_renders_it() {
    let cases = read("engine", include_str!("engine/cases.txt"));
    assert!(cases.len() >= 60, "{} cases", cases.len());
    judge(&cases, ansible(&cases, INVENTORY), render);
}

#[test]
fn a_fault_in_a_value_names_the_value_and_where_it_is_used() {
    let table = [
        ("\n{{ gone }}", ["inventory.yml:26:11", "'nowhere' is undefined", "t.j2:2:4", "used here"]),
        ("{{ service.broken }}", ["inventory.yml:22:15", "'nowhere' is undefined", "t.j2:1:11", "used here"]),
        ("{{ loop_a }}", ["inventory.yml:24:13", "made of itself", "t.j2:1:4", "used here"]),
    ];
    for (template, expected) in table {
        let case = Case { template: template.to_owned(), ..Case::default() };
        let mut report = Report::new();
        assert_eq!(render(&case, &mut report), None);
        let said = diag::render_plain(&report);
        for expected in expected {
            assert!(said.contains(expected), "{template}: {expected}\n{said}");
        }
    }
}

#[test]
fn what_a_value_is_made_of_was_read() {
    let world = Hosts { variables: hosts(), templates: HashMap::new() };
    let mut report = Report::new();
    let rendered = Engine::new(Options::ansible()).render_text(
        "t",
        "{{ fqdn }} {{ hostvars['b'].only_b }}",
        &world.variables["a"],
        &world,
        &mut report,
    );
    let reads: Vec<String> = rendered.unwrap().reads.into_iter().collect();
    assert_eq!(reads, ["domain", "fqdn", "hostvars.b.ip", "hostvars.b.only_b", "inventory_hostname"]);
}
