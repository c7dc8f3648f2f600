"""Stock land and buildings: found, with pathway, consent and the gaps they could close."""
