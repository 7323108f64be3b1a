"""The source `table`: any CSV, Parquet or Excel file of the user, read through a mapping."""
