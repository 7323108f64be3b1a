"""Code that a database holds: functions, rules, and expressions that can act beyond their own row.

Who restores a file made by somebody else would run it with his own rights, at once (an index, a check, a
default) or at the next write (a trigger, a rule). Expressions that only compute are none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sportsplat.db.connection import Connection

_POWERS = ["pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"]
_POWERFUL = """
SELECT r.rolsuper OR r.rolcreaterole OR EXISTS (
    SELECT FROM pg_catalog.pg_roles p
    WHERE p.rolname = ANY (%s) AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER'))
FROM pg_catalog.pg_roles r WHERE r.rolname = session_user
"""
# Of the server's own functions only volatile ones act (pg_read_file, lo_export, set_config, …), and of those
# these do not. The family of table_to_xml reads any table and is not volatile.
_ONLY_COMPUTE = ["nextval", "currval", "random", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp"]
_CODE = r"""
WITH own AS (
    SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), expression (name, definition, tree) AS (
    SELECT format('default of %%s.%%s', d.adrelid::regclass, a.attname),
           pg_get_expr(d.adbin, d.adrelid), d.adbin::text
    FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    UNION ALL
    SELECT format('constraint %%s of %%s', conname,
                  coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text)),
           pg_get_constraintdef(oid), conbin::text
    FROM pg_constraint WHERE conbin IS NOT NULL
    UNION ALL
    SELECT format('index %%s', indexrelid::regclass),
           pg_get_indexdef(indexrelid), concat(indexprs::text, indpred::text)
    FROM pg_index WHERE indexprs IS NOT NULL OR indpred IS NOT NULL
    UNION ALL
    SELECT format('view %%s', ev_class::regclass),
           pg_get_viewdef(ev_class), concat(ev_qual::text, ev_action::text)
    FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class JOIN own ON own.oid = c.relnamespace
    WHERE ev_type = '1'
    UNION ALL
    SELECT format('policy %%s of %%s', polname, polrelid::regclass),
           concat_ws(' / ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)),
           concat(polqual::text, polwithcheck::text)
    FROM pg_policy
    UNION ALL
    SELECT format('trigger %%s of %%s', tgname, tgrelid::regclass), pg_get_triggerdef(oid), tgqual::text
    FROM pg_trigger WHERE tgqual IS NOT NULL
    UNION ALL
    SELECT format('statistics %%s', stxname), pg_get_statisticsobjdef(oid), stxexprs::text
    FROM pg_statistic_ext WHERE stxexprs IS NOT NULL
    UNION ALL
    SELECT format('partition key of %%s', partrelid::regclass), pg_get_partkeydef(partrelid), partexprs::text
    FROM pg_partitioned_table WHERE partexprs IS NOT NULL
    UNION ALL
    SELECT format('default of type %%s', oid::regtype), typdefault, typdefaultbin::text
    FROM pg_type WHERE typdefaultbin IS NOT NULL
)
SELECT format('%%s %%s', CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE 'function' END, p.oid::regprocedure),
       CASE WHEN p.prokind = 'a' THEN (SELECT a::text FROM pg_aggregate a WHERE a.aggfnoid = p.oid)
            ELSE pg_get_functiondef(p.oid) END
FROM pg_proc p JOIN own ON own.oid = p.pronamespace
UNION ALL
SELECT format('rule %%s of %%s', r.rulename, r.ev_class::regclass), pg_get_ruledef(r.oid)
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN own ON own.oid = c.relnamespace
WHERE r.ev_type <> '1'
UNION ALL
SELECT format('event trigger %%s', evtname), evtfoid::regproc::text FROM pg_event_trigger
UNION ALL
SELECT name, definition FROM expression
WHERE EXISTS (
    SELECT FROM regexp_matches(tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g') called
    JOIN pg_proc p ON p.oid = called[1]::oid
    WHERE (p.provolatile = 'v'
           AND NOT (p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (%(compute)s)))
       OR p.proname ~ '_to_xml'
) OR EXISTS (
    SELECT FROM regexp_matches(tree, ':relid (\d+)', 'g') AS read
    JOIN pg_class c ON c.oid = read[1]::oid WHERE c.relnamespace NOT IN (SELECT oid FROM own)
)
"""


def powerful(conn: Connection) -> bool:
    """Tell whether the user of this session could run programs or use files of the server's machine."""
    return conn.execute(_POWERFUL, [_POWERS]).fetchone() == (True,)


def code(conn: Connection) -> dict[str, str]:
    """Return what acts in this database: its name (`function public.f()`) to its definition.

    The server's own is not in it. Safe to ask of a database that somebody else filled, if the session's user
    has no rights that its owner lacks.
    """
    with conn.transaction():
        conn.execute("SELECT pg_catalog.set_config('search_path', '', true)")
        found = conn.execute(_CODE, {"compute": _ONLY_COMPUTE}).fetchall()
    return {name: definition or "" for name, definition in found}
