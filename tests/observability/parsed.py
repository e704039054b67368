#!/usr/bin/env python3
"""Prints what prometheus_client's own parser reads of a file in the text format: a line a sample,
"NAME label=value … VALUE", labels sorted. Exits with 77 if that package is missing."""
import math
import sys

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    sys.exit(77)

with open(sys.argv[1], encoding="utf-8") as file:
    for family in text_string_to_metric_families(file.read()):
        if family.type == "unknown" or not family.documentation:
            sys.exit(f"{family.name}: type {family.type}, help {family.documentation!r}")
        for sample in family.samples:
            labels = "".join(f" {name}={value}" for name, value in sorted(sample.labels.items()))
            value = "inf" if math.isinf(sample.value) else f"{sample.value:.17g}"
            print(f"{sample.name}{labels} {value}")
