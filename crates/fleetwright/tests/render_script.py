"""What people have: an inventory, a vault and a tree of templates to files. The oracle of the tests beside.

Usage: render_script.py FOLDER OUT; the tree of examples/render-script in FOLDER becomes files in OUT.
"""

import ipaddress
import json
import os
import shutil
import stat
import sys
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from jinja2 import Environment, FileSystemLoader, StrictUndefined

SHARED = {"vlt"}
SINGLES = [
    ("terraform/providers.tf.j2", "terraform/providers.tf", None),
    ("terraform/terraform.tfvars.j2", "terraform/terraform.tfvars", None),
    ("terraform/{group}.tf.j2", "terraform/{host}.tf", {"ixp", "vlt"}),
]


def ipwrap(value):
    return f"[{value}]" if ":" in value else value


def ipv6(value):
    return [v for v in value if ipaddress.ip_network(v, strict=False).version == 6]


def ipaddr(value, query):
    assert query == "network/prefix"
    return str(ipaddress.ip_network(value, strict=False))


def filters(environment):
    """Ansible's filters and tests in a plain Jinja2, as such scripts take them."""
    from ansible.plugins.filter import core, mathstuff, urls
    from ansible.plugins.test import core as core_tests
    from ansible.plugins.test import mathstuff as set_tests

    # Ansible's own of these know its own kind of undefined only.
    own = {"default", "d", "map", "select", "selectattr", "reject", "rejectattr", "mandatory", "groupby"}
    for module in (core, mathstuff, urls):
        found = module.FilterModule().filters()
        environment.filters.update({k: v for k, v in found.items() if k not in own})
    environment.tests.update(core_tests.TestModule().tests())
    environment.tests.update(set_tests.TestModule().tests())
    environment.filters.update(ipwrap=ipwrap, ipv6=ipv6, ipaddr=ipaddr)


def executable(path):
    if path.name.endswith(".sh"):
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    os.umask(0o022)
    inventory = yaml.safe_load((folder / "inventory/inventory.yml").read_text())
    password = (folder / "secrets/password").read_bytes().strip()
    vault = VaultLib([("default", VaultSecret(password))])
    secrets = yaml.safe_load(vault.decrypt((folder / "secrets/secrets.yml").read_bytes()))
    outputs = {k: v["value"] for k, v in json.loads((folder / "terraform/outputs.json").read_text()).items()}
    templates = folder / "templates"

    def environment(root):
        env = Environment(
            loader=FileSystemLoader(root), trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
        )
        filters(env)
        return env

    def variables(group, host):
        values = dict(inventory[group].get("vars") or {})
        values.update(inventory[group]["hosts"][host] or {})
        values.update(outputs)
        values.update(secrets)
        values["inventory_hostname"] = host
        return values

    config = environment(templates / "config")
    for group in inventory:
        for host in inventory[group]["hosts"]:
            base = templates / "config" / group
            if group not in SHARED:
                base = base / host
            for path in sorted(p for p in base.rglob("*") if p.is_file()):
                target = out / ".rendered" / host / path.relative_to(base)
                target.parent.mkdir(parents=True, exist_ok=True)
                if path.suffix == ".j2":
                    target = target.with_suffix("")
                    name = str(path.relative_to(templates / "config"))
                    target.write_text(config.get_template(name).render(variables(group, host)))
                else:
                    shutil.copy(path, target)
                executable(target)
    # Files whose braces are their own know capital names only.
    for group in inventory:
        for host in inventory[group]["hosts"]:
            base = templates / "simple" / group / host
            for path in sorted(p for p in base.rglob("*") if p.is_file()):
                target = out / ".rendered-simple" / host / path.relative_to(base)
                target.parent.mkdir(parents=True, exist_ok=True)
                if path.suffix == ".tpl":
                    text = path.read_text()
                    for name, value in variables(group, host).items():
                        text = text.replace("{{" + name + "}}", str(value))
                    target.with_suffix("").write_text(text)
                else:
                    shutil.copy(path, target)
    whole = environment(templates)
    everything = dict(outputs, **secrets, inventory=inventory)
    for template, to, groups in SINGLES:
        if groups is None:
            jobs = [(template, to, everything)]
        else:
            jobs = [
                (template.format(group=g), to.format(host=h), variables(g, h))
                for g in inventory
                if g in groups
                for h in inventory[g]["hosts"]
            ]
        for name, path, values in jobs:
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(whole.get_template(name).render(values))


main()
