"""Reading files: text, CSV, workbooks and JSON, and what their cells mean (blanks, dates, seasons).

Only other modules of `sources` import it.
"""
