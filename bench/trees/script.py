"""The script people have, as fast as it gets in Python: the C loader of YAML, one environment, templates cached.

script.py FOLDER OUT
"""

import json
import os
import sys
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.plugins.filter import core, mathstuff
from jinja2 import Environment, FileSystemLoader, StrictUndefined

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
OWN = {"default", "d", "map", "select", "selectattr", "reject", "rejectattr", "mandatory", "groupby"}


def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    inventory = yaml.load((folder / "inventory/inventory.yml").read_text(), Loader=LOADER)
    vault = VaultLib([("default", VaultSecret((folder / "password").read_bytes().strip()))])
    secrets = yaml.load(vault.decrypt((folder / "secrets.yml").read_bytes()), Loader=LOADER)
    outputs = {k: v["value"] for k, v in json.loads((folder / "outputs.json").read_text()).items()}
    environment = Environment(
        loader=FileSystemLoader(folder / "templates", followlinks=True),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        cache_size=-1,
    )
    for module in (core, mathstuff):
        found = module.FilterModule().filters()
        environment.filters.update({k: v for k, v in found.items() if k not in OWN})
    for group, members in inventory.items():
        # A folder for each host, or one for all hosts of a group.
        shared = not (folder / "templates" / group / next(iter(members["hosts"]))).is_dir()
        for host, own in members["hosts"].items():
            base = group if shared else f"{group}/{host}"
            if not shared or host == next(iter(members["hosts"])):
                names = [
                    os.path.relpath(os.path.join(where, name), folder / "templates")
                    for where, _, files in os.walk(folder / "templates" / base, followlinks=True)
                    for name in files
                ]
            values = {**members["vars"], **own, **outputs, **secrets, "inventory_hostname": host}
            for name in names:
                target = out / host / os.path.relpath(name, base)[: -len(".j2")]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(environment.get_template(name).render(values))


main()
