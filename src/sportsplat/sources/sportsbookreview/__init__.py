"""sportsbookreviewsonline.com: workbooks of NBA and MLB seasons with prices.

It imports `sources.base` and `sources.reading`; `sources` loads it by name.
"""
