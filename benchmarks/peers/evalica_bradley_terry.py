"""File of votes to Bradley-Terry ratings with evalica, as its documentation does it."""

import sys

import evalica
import pandas as pd

path = sys.argv[1]
votes = pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)
winners = votes["winner"].map(
    {"model_a": evalica.Winner.X, "model_b": evalica.Winner.Y, "tie": evalica.Winner.Draw}
)
result = evalica.bradley_terry(votes["model_a"], votes["model_b"], winners)
print(result.scores.sort_values(ascending=False).head(3))
