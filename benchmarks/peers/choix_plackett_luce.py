"""PrefLib file of partial orders to Plackett-Luce strengths with choix (I-LSR)."""

import sys

import choix

rankings = []
systems = 0
with open(sys.argv[1]) as lines:
    for line in lines:
        if line.startswith("#"):
            if line.startswith("# NUMBER ALTERNATIVES:"):
                systems = int(line.split(":")[1])
            continue
        count, order = line.split(":")
        ranking = tuple(int(item) - 1 for item in order.split(","))
        rankings.extend([ranking] * int(count))
print(choix.ilsr_rankings(systems, rankings)[:3])
