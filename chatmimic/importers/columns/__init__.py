"""Any table: CSV, TSV, JSON lines, a JSON array of objects."""
