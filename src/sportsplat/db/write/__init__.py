"""Writing facts: rows are staged, matched with stored matches, and resolved from the claims of all sources.

One file for each kind of fact. Only `jobs` imports it. Every step of an import takes an `ImportRun`
(`import_run.py`): connection, league, source, run, and the moment as of which the values are reported.

The steps of `write_matches`: `staging.stage_matches`; the rules that `same_match` lists find the stored match
of each row; the claims are written; `claims.resolve_matches` computes the values in use. Quotes, box scores,
forecasts and details follow, by the ids of their matches.

Steps hand rows on in temporary tables, all of which end with their transaction:

    table                      | filled in    | also read in | one row is
    staged_matches             | staging      | matches, moved_fixtures, same_match | a match of the file
    linked_matches             | same_match   | claims, matches | its stored match
    touched_matches            | claims       | - | a match whose claims changed
    changed_matches            | claims       | - | a match with another value in use
    late_claims                | claims       | - | a claim for the history
    turned_quotes              | claims       | - | a quote whose sides are swapped
    staged_quotes              | quotes       | - | a quote of a record
    staged_stats               | facts        | - | a box score
    staged_forecasts           | facts        | - | a published forecast
    staged_prices_SEASON       | price_tables | - | a price of a table, without its match
    staged_loose_prices_SEASON | price_tables | - | one whose overround is unchecked
    staged_price_matches       | price_tables | bulk_quotes | the match of such prices
    staged_price_offers        | price_tables | - | their bookmaker, market and outcome
    staged_price_repeats       | price_tables | - | a price that is in the file twice
    staged_price_unfair        | price_tables | - | an offer with an impossible overround
    undoing_TABLE              | undo_chain   | undo_run | a row that a run changed
    undoing_named              | undo_run     | - | a match that an undone run named
    undoing_ids                | undo_run     | - | a match to be resolved again

Other modules use these tables through functions of the module that fills them. A unit test compares the list
with the code.
"""
