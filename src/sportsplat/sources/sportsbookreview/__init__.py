"""sportsbookreviewsonline.com: workbooks of NBA and MLB seasons with prices."""
