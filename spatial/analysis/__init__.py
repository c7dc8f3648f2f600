"""The whole path, stage by stage; the only room that knows all others.

city → neighbourhoods → network → reach → gaps → eligibility → adjacency → districts → stock.
:func:`analyse` in `whole` says in which order; the stages lie in `ground`, `reach`, `missing` and
`proposals`.
"""

from spatial.analysis.model import (
    Analysis,
    AnalysisParameters,
    Basis,
    data_version,
    engine_version,
)
from spatial.analysis.run import STAGES
from spatial.analysis.whole import analyse

__all__ = [
    "STAGES",
    "Analysis",
    "AnalysisParameters",
    "Basis",
    "analyse",
    "data_version",
    "engine_version",
]
