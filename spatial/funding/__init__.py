"""What a renewal costs, who may pay for it, and whether it balances."""
