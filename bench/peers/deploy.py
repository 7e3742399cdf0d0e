# The ten operations of bench/peers for pyinfra.
from pyinfra import host
from pyinfra.operations import apt, files, server, systemd

files.directory(path="/etc/bench", mode="755")
files.directory(path="/srv/bench", mode="750")
for name, mode in (("app.conf", "644"), ("limits.conf", "640"), ("secret.conf", "600")):
    files.template(src=f"templates/{name}.j2", dest=f"/etc/bench/{name}", mode=mode, inventory_hostname=host.name)
files.link(path="/etc/bench/current", target="app.conf")
server.user(user="bench", shell="/bin/bash", home="/home/bench", public_keys=[host.data.person_key])
settings = files.put(src="files/90-bench.conf", dest="/etc/sysctl.d/90-bench.conf", mode="644")
server.shell(commands=["sysctl -q -p /etc/sysctl.d/90-bench.conf"], _if=settings.did_change)
unit = files.put(src="files/bench.service", dest="/etc/systemd/system/bench.service", mode="644")
systemd.daemon_reload(_if=unit.did_change)
systemd.service(service="bench.service", enabled=True, running=True)
apt.packages(packages=["openssh-server"])
