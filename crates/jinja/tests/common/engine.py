"""Renders cases as Ansible's template module does, with a host's variables.

In: {"inventory", "cases"} as JSON on stdin. Out: a JSON list of {"text"} or {"error"}.
"""
import json
import os
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")

from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.text.converters import to_text
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager


def render(case, folder, loader, variables):
    for name, text in case["templates"].items():
        with open(os.path.join(folder, name), "w", newline="") as f:
            f.write(text)
    loader.set_basedir(folder)
    options = case["options"]
    templar = Templar(loader, variables).copy_with_new_env(searchpath=[folder], available_variables=variables)
    try:
        result = templar.template(
            trust_as_template(case["template"]),
            escape_backslashes=False,
            overrides={"trim_blocks": not options.get("notrim"), "lstrip_blocks": bool(options.get("lstrip"))},
        )
        return {"text": "" if result is None else to_text(result, nonstring="simplerepr")}
    except Exception as e:
        return {"error": type(e).__name__ + ": " + str(e)}


def main():
    # Warnings of Ansible's go to stdout otherwise.
    out = sys.stdout
    sys.stdout = sys.stderr
    given = json.load(sys.stdin)
    init_plugin_loader([])
    with tempfile.TemporaryDirectory() as root:
        inventory_file = os.path.join(root, "inventory.yml")
        with open(inventory_file, "w") as f:
            f.write(given["inventory"])
        loader = DataLoader()
        inventory = InventoryManager(loader, sources=[inventory_file])
        manager = VariableManager(loader, inventory)
        HostVars(inventory, manager, loader)
        variables = manager.get_vars(host=inventory.get_host("a"), include_hostvars=True)
        answers = []
        for i, case in enumerate(given["cases"]):
            folder = os.path.join(root, str(i))
            os.mkdir(folder)
            answers.append(render(case, folder, loader, variables))
    json.dump(answers, out)


main()
