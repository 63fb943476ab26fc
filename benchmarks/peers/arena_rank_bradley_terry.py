"""File of votes to Bradley-Terry ratings with sandwich intervals with arena-rank."""

import sys

import pandas as pd
from arena_rank.models.bradley_terry import BradleyTerry
from arena_rank.utils.data_utils import PairDataset

path = sys.argv[1]
votes = pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)
dataset = PairDataset.from_pandas(votes)
model = BradleyTerry(n_competitors=len(dataset.competitors))
results = model.compute_ratings_and_cis(dataset, significance_level=0.05)
print(pd.DataFrame(results).sort_values("ratings", ascending=False).head(3))
