"""bench/compare: what is compared (rows), how (runs, engines), and what it means (figures, criteria, report)."""
