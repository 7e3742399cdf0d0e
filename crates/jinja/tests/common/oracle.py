"""Renders cases as Python's Jinja2 does, with Ansible's filters and tests where a case asks for them.

In: a JSON list of cases on stdin. Out: a JSON list of {"text"} or {"error"}.
"""
import json
import sys
import warnings

warnings.simplefilter("ignore")

import jinja2
import yaml


def ansible_plugins():
    from ansible.plugins.filter import core, mathstuff, urls, urlsplit
    from ansible.plugins.test import core as test_core, files, mathstuff as test_math, uri
    filters, tests = {}, {}
    for module in (core, mathstuff, urls, urlsplit):
        filters.update(module.FilterModule().filters())
    for module in (test_core, files, test_math, uri):
        tests.update(module.TestModule().tests())
    return filters, tests


# Ansible replaces these only to know its own kind of undefined; with plain Jinja2 they do not.
OWN = {"default", "d", "map", "select", "selectattr", "reject", "rejectattr", "mandatory", "groupby"}

FILTERS, TESTS = ansible_plugins()


def mandatory(value, msg=None):
    if isinstance(value, jinja2.Undefined):
        raise Exception(msg or "mandatory variable not defined")
    return value


def password_hash(secret, hashtype="sha512", salt=None, rounds=None, **options):
    # passlib 1.7 cannot ask bcrypt 5 for its version and fails; this is what it would have called.
    if hashtype in ("blowfish", "bcrypt"):
        import bcrypt
        head = "$2b$%02d$" % (rounds or 12) + salt
        return bcrypt.hashpw(secret.encode(), head.encode()).decode()
    return ANSIBLE_HASH(secret, hashtype, salt=salt, rounds=rounds, **options)


ANSIBLE_HASH = FILTERS["password_hash"]
FILTERS["password_hash"] = password_hash


def lookups(case):
    """The lookups a case needs, from the answers it brings."""
    answers = case.get("world", {})

    def lookup(name, *terms, **options):
        want = options.pop("wantlist", False)
        options.pop("errors", None)
        out = []
        for term in terms:
            if name == "env":
                out.append(answers["env"].get(term, options.get("default", "")))
            elif name == "file":
                text = answers["files"][term]
                text = text.rstrip() if options.get("rstrip", True) else text
                out.append(text.lstrip() if options.get("lstrip", False) else text)
            elif name == "vars":
                out.append(case["vars"][term])
            elif name == "dict":
                out.extend({"key": k, "value": v} for k, v in term.items())
            elif name == "items":
                out.extend(term) if isinstance(term, (list, tuple)) else out.append(term)
            else:
                raise Exception("no lookup " + name)
        if want:
            return out
        if len(out) == 1:
            return out[0]
        return ",".join(out) if all(isinstance(x, str) for x in out) else out

    def query(name, *terms, **options):
        options["wantlist"] = True
        return lookup(name, *terms, **options)

    return {"lookup": lookup, "query": query, "q": query}


def environment(case):
    options = case.get("options", {})
    extensions = []
    if options.get("do"):
        extensions.append("jinja2.ext.do")
    if options.get("loop_controls"):
        extensions.append("jinja2.ext.loopcontrols")
    env = jinja2.Environment(
        undefined=jinja2.Undefined if options.get("lenient") else jinja2.StrictUndefined,
        trim_blocks=options.get("trim", False),
        lstrip_blocks=options.get("lstrip", False),
        keep_trailing_newline=options.get("keep", False),
        extensions=extensions,
        loader=jinja2.DictLoader({"main": case["template"], **case.get("templates", {})}),
        autoescape=False,
    )
    if not options.get("plain"):
        env.filters.update({k: v for k, v in FILTERS.items() if k not in OWN})
        env.filters["mandatory"] = mandatory
        env.tests.update(TESTS)
        env.globals.update(lookups(case))
    return env


def render(case):
    try:
        variables = yaml.safe_load(case.get("yaml") or "{}") or {}
        variables.update(case.get("vars") or {})
        case["vars"] = variables
        return {"text": environment(case).get_template("main").render(variables)}
    except RecursionError:
        return {"error": "RecursionError"}
    except Exception as e:
        return {"error": type(e).__name__ + ": " + str(e)}


def main():
    # Warnings of Ansible's go to stdout otherwise.
    out = sys.stdout
    sys.stdout = sys.stderr
    json.dump([render(case) for case in json.load(sys.stdin)], out)


main()
