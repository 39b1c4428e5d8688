"""Holds alert rules against the program and their tests: check-alerts.py FOLDER < metrics.json

FOLDER has rules.yml and rules_test.yml; standard input is `botbeat metrics --json`. Every metric that
an expression names must be exported, and every alert must have a test in which it fires and one in
which it does not. Prints what is wrong; exit code 1 if anything is.
"""
import json
import re
import sys

import yaml

KEYWORDS = {"and", "or", "unless", "on", "ignoring", "group_left", "group_right", "bool", "inf", "nan"}


def names_of(expression):
    """The metrics in a PromQL expression: identifiers that are neither functions, labels nor words."""
    plain = re.sub(r'"[^"]*"', "", expression)
    plain = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", plain)
    plain = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", plain)
    found = re.findall(r"(?<![\w.])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])", plain)
    return {name for name in found if name.lower() not in KEYWORDS}


def exported(name, metrics):
    """A histogram is exported as three names."""
    if name in metrics:
        return metrics[name] != "histogram"
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base != name and metrics.get(base) == "histogram"


def main(folder):
    metrics = {entry["name"]: entry["type"] for entry in json.load(sys.stdin)}
    with open(folder + "/rules.yml", encoding="utf-8") as file:
        groups = yaml.safe_load(file)["groups"]
    with open(folder + "/rules_test.yml", encoding="utf-8") as file:
        tests = yaml.safe_load(file)["tests"]
    alerts = {rule["alert"]: rule for group in groups for rule in group["rules"]}
    fires, quiet = set(), set()
    for test in tests:
        for case in test["alert_rule_test"]:
            (fires if case.get("exp_alerts") else quiet).add(case["alertname"])

    wrong = []
    if len(alerts) != sum(len(group["rules"]) for group in groups):
        wrong.append("two alerts have the same name")
    for name, rule in alerts.items():
        used = names_of(rule["expr"])
        if not used:
            wrong.append(f"{name}: its expression names no metric")
        wrong += [f"{name}: {metric} is not exported" for metric in sorted(used)
                  if not exported(metric, metrics)]
        if name not in fires:
            wrong.append(f"{name}: no test in which it fires")
        if name not in quiet:
            wrong.append(f"{name}: no test in which it stays quiet")
        for key in ("summary", "action"):
            if not rule.get("annotations", {}).get(key):
                wrong.append(f"{name}: no {key}")
    wrong += [f"a test names {name}, which is no alert" for name in sorted((fires | quiet) - alerts.keys())]
    print("\n".join(wrong) if wrong else f"{len(alerts)} alerts, all tested, all of exported metrics")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
