"""The opened database: engines made safe, tables, and one file of queries per noun."""
