"""What several importers read with: JSON in bounded memory, times, dates, tables, encodings."""
