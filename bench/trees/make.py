"""Writes a tree as render scripts have them: make.py FOLDER HOSTS TEMPLATES own|shared. The same arguments give the same
bytes. `own`: each host has a folder of templates of its own; `shared`: all hosts of a group have the group's.
"""

import json
import sys
from pathlib import Path

CONF = """\
# {{ inventory_hostname }}.{{ domain }} number NUMBER
{% for service in services %}
{% if service.port > 1024 + NUMBER % 7 %}
[{{ service.name }}]
listen = {{ address }}:{{ service.port }}
tags = {{ service.tags | to_json }}
{% for key, value in service.options | dictsort %}
  {{ key | upper }} = {{ value | string | regex_replace('e', 'E') }}
{% endfor %}
{% endif %}
{% endfor %}
password = {{ token_3 | quote }}
limits = {{ limits | combine({'number': NUMBER}) | to_nice_yaml(indent=2) | indent(4) }}
{% macro line(name, value='none') -%}
{{ name }}: {{ value | default('nothing', true) }}
{%- endmacro %}
{{ line('region', region) }}
{{ line('rack') }}
"""


def main():
    folder, hosts, templates, shape = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    groups = {}
    for number in range(hosts):
        group = groups.setdefault(f"group{number % 5}", {"hosts": {}, "vars": {}})
        group["hosts"][f"host{number:03}"] = {
            "address": f"10.{number // 250}.{number % 250}.1",
            "region": ["kyiv", "wroclaw", "", "ams"][number % 4],
            "services": [
                {
                    "name": f"service{n}",
                    "port": 1000 + 37 * n,
                    "tags": [f"tag{n}", "all"],
                    "options": {f"option{k}": k * n for k in range(5)},
                }
                for n in range(6)
            ],
        }
    for name, group in groups.items():
        group["vars"] = {"domain": "example.net", "limits": {"cpu": 4, "memory": "2G", "group": name}}
    (folder / "inventory").mkdir(parents=True)
    # JSON is YAML, written by people as YAML: one a line is enough for both readers.
    import yaml

    (folder / "inventory/inventory.yml").write_text(yaml.safe_dump(groups, sort_keys=False))
    (folder / "outputs.json").write_text(
        json.dumps({f"output_{n}": {"sensitive": False, "type": "string", "value": f"value {n}"} for n in range(50)})
    )
    (folder / "secrets.plain").write_text(yaml.safe_dump({f"token_{n}": f"se'cret {n}" for n in range(100)}))
    (folder / "password").write_text("correct horse")
    if shape == "own":
        bases = [(f"{group}/{host}", n) for group, members in groups.items() for n, host in enumerate(members["hosts"])]
    else:
        bases = [("shared", 0)]
    for base, host in bases:
        for number in range(templates):
            path = folder / "templates" / base / f"d{number % 5}" / f"file{number}.conf.j2"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(CONF.replace("NUMBER", str(number + templates * host)))
    if shape == "shared":
        for group in groups:
            link = folder / "templates" / group
            link.symlink_to("shared")
    (folder / "fleet.yaml").write_text(
        "name: bench\n"
        "others: secrets.plain\n"
        "trees:\n"
        "  config:\n"
        "    inventory: inventory/inventory.yml\n"
        "    reading: flat\n"
        "    outputs: outputs.json\n"
        "    secrets: secrets.yml\n"
        "    password-file: password\n"
        "    templates: templates\n"
        + (f"    shared: [{', '.join(groups)}]\n" if shape == "shared" else "")
        + "    lstrip-blocks: yes\n"
        "    into: out\n"
    )


main()
