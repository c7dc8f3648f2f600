"""The service of plans: operations and revisions, proposals, comparisons, sheets on paper."""
