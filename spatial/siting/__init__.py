"""What to put where: location models with a proof, and the product's own."""
