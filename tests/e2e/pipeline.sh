#!/usr/bin/env bash
# From an empty folder to a scored model with --json and jq alone: up, ingest, train, backtest, down.
#   cd "$(mktemp -d)" && SPORTSPLAT_INFRA__BACKEND=embedded /path/to/pipeline.sh
# Prints one JSON object on stdout. Leaves nothing running and no data. Needs sportsplat and jq on the PATH.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }

# call WORDS…: run sportsplat with --json, which must end well, and print the `data` of its answer.
call() {
  local answer code=0
  answer=$(sportsplat "$@" --json) || code=$?
  if [ "$code" -ne 0 ]; then
    say "sportsplat $* ended with $code: $(jq -r '.error | "\(.code): \(.message)"' <<<"$answer")"
    return "$code"
  fi
  jq -e 'select(.ok and .error == null) | .data' <<<"$answer"
}

# expect WHAT CONDITION JSON: the jq condition must hold of the object.
expect() {
  if ! jq -e "$2" <<<"$3" >/dev/null; then
    say "$1: expected $2, found $(jq -c . <<<"$3")"
    return 1
  fi
}

# refused CODE EXIT WORDS…: sportsplat must refuse with this error code and this exit code.
refused() {
  local wanted=$1 exit_code=$2 answer code=0
  shift 2
  answer=$(sportsplat "$@" --json) || code=$?
  if [ "$code" -ne "$exit_code" ]; then
    say "sportsplat $* ended with $code, expected $exit_code"
    return 1
  fi
  expect "sportsplat $*" ".ok == false and .data == null and .error.code == \"$wanted\"" "$answer"
}

started=''
finish() {
  if [ -n "$started" ]; then
    call down --volumes --yes >/dev/null || say "down failed; the database may still run"
  fi
}
trap finish EXIT

# NO_PROJECT in an empty folder, NOT_RUNNING in one that has settings
expect 'url, before up' '.ok == false and (.error.code == "NO_PROJECT" or .error.code == "NOT_RUNNING")' \
  "$(sportsplat url --json || true)"

started=yes
up=$(call up)
expect up '.state == "running" and .schema_revision == .schema_head and (.actions | length > 0)' "$up"
expect 'up, again' '.state == "running" and .actions == []' "$(call up)"

ingested=$(call ingest simulate --season 2022 --season 2023 --season 2024)
expect ingest '.matches.inserted == 1440 and .quotes.inserted == 8640 and .quarantined == 0' "$ingested"
expect 'ingest, again' '.matches == {inserted: 0, updated: 0, unchanged: 1440}' \
  "$(call ingest simulate --season 2022 --season 2023 --season 2024)"

trained=$(call train sim --seed 7)
expect train '.league == "sim" and .matches == 1440 and .scores.log_loss < .baselines.base_rate.log_loss' "$trained"
refused UNKNOWN_LEAGUE 2 train nowhere

tested=$(call backtest sim --from 2024-01-01 --seed 7)
expect backtest '.matches == 480 and .folds >= 1 and .outcomes == ["home", "away"]' "$tested"
expect backtest '.baselines.truth.log_loss < .forecast.log_loss and .paired.elo.matches == .matches' "$tested"

down=$(call down)
expect down '.state == "stopped" and (.actions | length > 0)' "$down"
expect 'status after down' '.state == "stopped"' "$(call status)"
expect 'up after down' '.state == "running"' "$(call up)"
expect 'data after down and up' '[.leagues[] | select(.code == "sim")][0].matches == 1440' "$(call leagues)"
refused NEEDS_YES 2 down --volumes
gone=$(call down --volumes --yes)
expect 'down --volumes' '.state == "absent"' "$gone"
started=''

jq -n --argjson up "$up" --argjson trained "$trained" --argjson tested "$tested" '{
  backend: $up.backend,
  matches: $trained.matches,
  model_id: $trained.model_id,
  log_loss: $tested.forecast.log_loss,
  against_elo: $tested.paired.elo,
  bets: $tested.betting.bets
}'
