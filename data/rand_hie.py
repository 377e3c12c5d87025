"""Write data/rand_hie.csv from the RAND Health Insurance Experiment in statsmodels.

    python data/rand_hie.py            then update SHA256SUMS

statsmodels ships it in the public domain. The columns get names that say what they hold, and the
three dummies of self-rated health become one column. No row is dropped or reordered.
"""

from pathlib import Path

import statsmodels.api as sm

NAMES = {
    "mdvis": "visits",
    "lncoins": "log_coinsurance",
    "idp": "individual_deductible",
    "lpi": "log_incentive_usd",
    "fmde": "log_deductible_usd",
    "physlm": "physical_limitation",
    "disea": "chronic_diseases",
}
HEALTH = {"hlthg": "good", "hlthf": "fair", "hlthp": "poor"}

shipped = sm.datasets.randhie.load_pandas().data
table = shipped.rename(columns=NAMES)[list(NAMES.values())]
table["health"] = "excellent"
for dummy, name in HEALTH.items():
    table.loc[shipped[dummy] == 1, "health"] = name
table.to_csv(Path(__file__).with_name("rand_hie.csv"), index=False, lineterminator="\n")
