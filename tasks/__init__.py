"""How reliably: one Prefect task per coarse step, its work folder and its failure policy."""
