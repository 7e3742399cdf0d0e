import json, sys

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader([])

from ansible.inventory.manager import InventoryManager
from ansible.module_utils._internal._datatag import AnsibleTagHelper
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret, VaultSecretsContext
from ansible.utils.display import Display
from ansible.vars.manager import VariableManager

Display().warning = lambda *args, **kwargs: None
SECRETS = [("default", VaultSecret(b"fixture password")), ("prod", VaultSecret(b"other password"))]
VaultSecretsContext.initialize(VaultSecretsContext(SECRETS))
# What `ansible-inventory --list` leaves out.
INTERNAL = """ansible_config_file ansible_diff_mode ansible_facts ansible_forks ansible_inventory_sources ansible_limit
ansible_playbook_python ansible_run_tags ansible_skip_tags ansible_verbosity ansible_version inventory_dir
inventory_file inventory_hostname inventory_hostname_short groups group_names omit playbook_dir""".split()


def native(value):
    if isinstance(value, dict):
        return {native(k): native(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [native(v) for v in value]
    if type(value).__name__ == "EncryptedString":
        return str(value)
    return AnsibleTagHelper.as_native_type(value)


def answer(case):
    loader = DataLoader()
    loader.set_vault_secrets(SECRETS)
    inventory = InventoryManager(loader=loader, sources=case["sources"])
    manager = VariableManager(loader=loader, inventory=inventory)
    if case["playbooks"]:
        loader.set_basedir(case["playbooks"])
        manager.safe_basedir = True
    hosts = {}
    for host in inventory.get_hosts():
        all_vars = manager.get_vars(host=host, include_hostvars=False, stage="all")
        hosts[host.name] = {
            "vars": {k: repr(native(v)) for k, v in all_vars.items() if k not in INTERNAL},
            "group_names": native(all_vars["group_names"]),
        }
    groups = {}
    for name, group in inventory.groups.items():
        groups[name] = {
            "hosts": [h.name for h in group.hosts],
            "children": sorted(g.name for g in group.child_groups),
            "all": sorted(h.name for h in group.get_hosts()),
            "depth": group.depth,
            "priority": group.priority,
        }
    return {"groups": groups, "hosts": hosts, "order": list(inventory.hosts)}


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
