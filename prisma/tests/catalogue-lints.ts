// Lints of the database's own catalogue. Each rule is a query that answers the offenders by name, and a bug that, once planted, it must find.
import { INVOKER_READS } from "./invoker-reads.ts";

const TABLES = `pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
  and c.relname <> '_prisma_migrations'`; // Prisma's own: it must read it as whoever migrates; nobody else has rights on it
const OURS = `pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'evergreen')`;

export interface Lint {
  /** What must hold. */
  rule: string;
  /** Answers who breaks it; empty in a sound database. */
  offenders: string;
  /** Breaks it, inside a transaction that is rolled back. */
  planted: string;
}

/** Tables, policies, columns, indexes. */
const TABLE_LINTS: Lint[] = [
  {
    rule: "row-level security is on and forced",
    offenders: `select c.relname from ${TABLES} and not (c.relrowsecurity and c.relforcerowsecurity)`,
    planted: "alter table public.funds no force row level security",
  },
  {
    rule: "row-level security is on for Prisma's table",
    offenders: "select relname from pg_class where relname = '_prisma_migrations' and not relrowsecurity",
    planted: "alter table public._prisma_migrations disable row level security",
  },
  {
    rule: "exactly one policy lets the owner do everything",
    offenders: `select c.relname from ${TABLES} and 1 <> (select count(*) from pg_policies p where p.schemaname = 'public'
    and p.tablename = c.relname and p.policyname = 'owner__all' and p.roles = '{evergreen_owner}' and p.cmd = 'ALL' and p.qual = 'true' and p.with_check = 'true')`,
    planted: "drop policy owner__all on public.funds",
  },
  {
    rule: "no policy writes, but the owner's",
    offenders:
      "select tablename, policyname from pg_policies where schemaname = 'public' and cmd <> 'SELECT' and policyname <> 'owner__all'",
    planted: "create policy planted on public.funds for update to pm_role using (true)",
  },
  {
    rule: "no policy is for everybody",
    offenders:
      "select tablename, policyname from pg_policies where schemaname = 'public' and roles && '{public, anon, authenticated}'",
    planted: "create policy planted on public.funds for select using (true)",
  },
  {
    rule: "policies are permissive, so that none is needed to see",
    offenders:
      "select tablename, policyname from pg_policies where schemaname = 'public' and permissive <> 'PERMISSIVE'",
    planted: "create policy planted on public.funds as restrictive for select to pm_role using (true)",
  },
  {
    rule: "no policy looks into json",
    offenders: "select tablename, policyname from pg_policies where schemaname = 'public' and qual ~ '(->|jsonb|#>)'",
    planted: "create policy planted on public.fund_events for select to lp_role using (payload ->> 'investor_id' = '')",
  },
  {
    rule: "no policy calls a function per row",
    offenders: `select tablename, policyname, qual from pg_policies where schemaname = 'public'
    and regexp_replace(qual, '\\(\\s*SELECT [^()]*\\([^()]*\\)[^()]*\\)', '', 'g') ~ '\\m(evergreen|auth)\\.\\w+\\('`,
    planted:
      "create policy planted on public.fund_flows for select to lp_role using (investor_id = evergreen.user_id())",
  },
  {
    rule: "tables, views and sequences belong to the owner role",
    offenders: `select c.relname, c.relowner::regrole from pg_class c where c.relnamespace = 'public'::regnamespace
    and c.relkind in ('r', 'v', 'S') and c.relname <> '_prisma_migrations' and c.relowner <> 'evergreen_owner'::regrole`,
    planted: "create table public.planted (id int primary key)",
  },
  {
    rule: "views run as their reader",
    offenders: `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
    and not coalesce('security_invoker=true' = any (reloptions), false)`,
    planted: "create view public.planted as select 1 as x",
  },
  {
    rule: "the views behind policies read as the owner, and only LPs read them",
    offenders: `select c.relname, a.grantee, a.privilege_type from pg_class c left join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a on a.grantee <> c.relowner
    where c.relnamespace = 'evergreen'::regnamespace and c.relkind in ('r', 'v', 'm') and (c.relkind <> 'v' or c.relowner <> 'evergreen_owner'::regrole
      or coalesce('security_invoker=true' = any (c.reloptions), false) or a.grantee is distinct from 'lp_role'::regrole or a.privilege_type <> 'SELECT')`,
    planted: "grant select on evergreen.my_investors to pm_role",
  },
  {
    rule: "every foreign key has an index that begins with it",
    offenders: `select k.conrelid::regclass, k.conname from pg_constraint k where k.contype = 'f' and k.connamespace = 'public'::regnamespace
    and not exists (select from pg_index i where i.indrelid = k.conrelid and i.indpred is null
      and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] operator(pg_catalog.@>) k.conkey)`,
    planted:
      "alter table public.approvals add constraint planted foreign key (decided_by) references public.investors (investor_id)",
  },
  {
    rule: "every table has a primary key",
    offenders: `select c.relname from ${TABLES} and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)`,
    planted: "create table public.planted (id int)",
  },
  {
    rule: "no two indexes are the same",
    offenders: `select a.indexrelid::regclass, b.indexrelid::regclass from pg_index a join pg_index b on a.indrelid = b.indrelid and a.indexrelid < b.indexrelid
    and a.indkey::text = b.indkey::text and a.indpred is not distinct from b.indpred join pg_class c on c.oid = a.indrelid where c.relnamespace = 'public'::regnamespace`,
    planted: "create index planted on public.assets (lp_visible)",
  },
  {
    rule: "times have a zone",
    offenders: `select a.attrelid::regclass, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and a.atttypid in ('timestamp'::regtype, 'time'::regtype)`,
    planted: "alter table public.funds add planted timestamp",
  },
  {
    rule: "no amount is a float",
    offenders: `select a.attrelid::regclass, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace
    and c.relkind = 'r' and a.attnum > 0 and a.atttypid in ('float4'::regtype, 'float8'::regtype, 'money'::regtype)`,
    planted: "alter table public.funds add planted float8",
  },
  {
    rule: "every numeric column refuses NaN and infinity",
    offenders: `select a.attrelid::regclass, a.attname from pg_attribute a join ${TABLES.replace("pg_class c where", "pg_class c on c.oid = a.attrelid where")}
    and a.attnum > 0 and not a.attisdropped and a.atttypid = 'numeric'::regtype and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'c'
      and k.conkey = array[a.attnum] and pg_get_constraintdef(k.oid) ~ 'NaN' and pg_get_constraintdef(k.oid) ~ 'Infinity')`,
    planted: "alter table public.funds add planted numeric(38, 4)",
  },
  {
    rule: "every numeric column has a precision",
    offenders: `select a.attrelid::regclass, a.attname from pg_attribute a join ${TABLES.replace("pg_class c where", "pg_class c on c.oid = a.attrelid where")}
    and a.attnum > 0 and a.atttypid = 'numeric'::regtype and a.atttypmod = -1`,
    planted: "alter table public.funds add planted numeric",
  },
  {
    rule: "append-only tables refuse update, delete and truncate",
    offenders: `select t.name from unnest('{fund_events, event_investors, audit_trail, audit_blocks, approvals, commands, dealing_policies, lmt_policies, credit_lines, liquidity_pools, pool_trades, order_transitions, order_leaves,
      nav_inputs, ledger_transactions, unit_ledger, cash_movements, class_marks, in_kind_deliveries, statements, restatements, compensations,
      personal_accesses, subject_tombstones, rule_tests, rule_approvals, rule_pins, rule_snoozes, rule_shadows}'::text[]) t(name)
    where 2 <> (select count(*) from pg_trigger g where g.tgrelid = ('public.' || t.name)::regclass and g.tgname in ('append_only', 'append_only_truncate') and g.tgenabled = 'O')`,
    planted: "alter table public.audit_trail disable trigger append_only",
  },
  {
    rule: "no materialized view is exposed",
    offenders: "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('m', 'f')",
    planted: "create materialized view public.planted as select 1 as x",
  },
];

/** Functions, roles, rights. */
const FUNCTION_LINTS: Lint[] = [
  {
    rule: "every function says what it is for",
    offenders: `select p.oid::regprocedure from ${OURS} and coalesce(obj_description(p.oid, 'pg_proc'), '') !~ '^.{15,}'`,
    planted: "comment on function public.fn_seal_audit(int) is null",
  },
  {
    rule: "every function pins a search_path that ends in pg_temp",
    offenders: `select p.oid::regprocedure, p.proconfig from ${OURS} and p.proconfig is distinct from '{"search_path=pg_catalog, pg_temp"}'`,
    planted: "alter function public.fn_seal_audit(int) set search_path = ''",
  },
  {
    rule: "every function belongs to the owner role",
    offenders: `select p.oid::regprocedure from ${OURS} and p.proowner <> 'evergreen_owner'::regrole`,
    planted: "alter function public.fn_seal_audit(int) owner to postgres",
  },
  {
    rule: "no function may be called by everybody",
    offenders: `select p.oid::regprocedure from ${OURS} and (p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0))`,
    planted: "grant execute on function public.fn_seal_audit(int) to public",
  },
  {
    rule: "no function may be called by anon or authenticated",
    offenders: `select p.oid::regprocedure, r.role from pg_proc p join pg_namespace n on n.oid = p.pronamespace,
    unnest('{anon, authenticated, evergreen_app, evergreen_api, evergreen_readonly}'::text[]) r(role)
    where n.nspname in ('public', 'evergreen') and has_function_privilege(r.role, p.oid, 'execute')`,
    planted: "grant execute on function public.fn_seal_audit(int) to authenticated",
  },
  {
    rule: "what callers see is fn_* and nothing else",
    offenders:
      "select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname !~ '^fn_[a-z_]+$'",
    planted: "create function public.planted() returns int language sql as 'select 1'",
  },
  {
    rule: "no function is there twice under one name",
    offenders: `select n.nspname, p.proname from ${OURS} group by 1, 2 having count(*) > 1`,
    planted: "create function public.fn_seal_audit(text) returns int language sql as 'select 1'",
  },
  {
    rule: "functions that read under the caller's policies are few and known",
    offenders: `select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace
    and not p.prosecdef and p.proname not in (${INVOKER_READS.map((name) => `'${name}'`).join(", ")})`,
    planted: "alter function public.fn_seal_audit(int) security invoker",
  },
  {
    rule: "no function runs text",
    offenders: `select p.oid::regprocedure from ${OURS} and p.prosrc ~* '(?<!'')\\mexecute\\M' and p.proname not in ('add_check', 'apply_read_access')`,
    planted: "create function evergreen.planted(x text) returns void language plpgsql as 'begin execute x; end'",
  },
  {
    rule: "the functions that do run text cannot be reached",
    offenders: `select p.oid::regprocedure, r.rolname from ${OURS.replace("where", ", pg_roles r where")}
    and p.proname in ('add_check', 'apply_read_access') and r.rolname <> 'evergreen_owner' and not r.rolsuper and has_function_privilege(r.rolname, p.oid, 'execute')`,
    planted: "grant execute on function evergreen.add_check(text, text, text) to pm_role",
  },
  {
    rule: "every function that writes maps its errors",
    offenders: `select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
    and p.prosrc !~ 'exception when others then\\s+declare broken text; begin get stacked diagnostics broken = constraint_name;\\s+perform evergreen.raise_public\\(sqlstate, sqlerrm, broken\\); end;\\s*$'
    and p.prosrc !~ 'exception when others then\\s+declare broken text; begin get stacked diagnostics broken = constraint_name;\\s+perform evergreen.raise_public\\(sqlstate, sqlerrm, broken\\); end;\\s+end $'`,
    planted:
      "create function public.fn_planted() returns int language plpgsql security definer as 'begin return 1; end'",
  },
  {
    rule: "no function does anything that may fail before its exception block begins",
    offenders: `select p.oid::regprocedure from ${OURS} and p.prosecdef and n.nspname = 'public'
    and substring(p.prosrc from '^(.*?)\\nbegin') ~ '(:= *\\(|earlier_answer|::(uuid|date|numeric|int))'`,
    planted:
      "create function public.fn_planted(x jsonb) returns int language plpgsql security definer as '\ndeclare\n  y uuid := (x ->> 1)::uuid;\nbegin\n return 1; end'",
  },
  {
    rule: "roles are what they should be",
    offenders: `select rolname from pg_roles where rolname ~ '^(evergreen_|agent_)|_role$|^(anon|authenticated)$' and rolname !~ '^pg_'
    and (rolsuper or rolbypassrls or rolinherit or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin <> (rolname in ('evergreen_app', 'evergreen_api', 'evergreen_readonly')))`,
    planted: "alter role pm_role bypassrls",
  },
  {
    rule: "nobody but the migrating login is a member of the owner",
    offenders: `select m.member::regrole from pg_auth_members m where m.roleid = 'evergreen_owner'::regrole
    and not (select rolsuper from pg_roles where oid = m.member)`,
    planted: "grant evergreen_owner to evergreen_app",
  },
  {
    rule: "the API's login takes people's roles only",
    offenders: `select m.roleid::regrole from pg_auth_members m where m.member = 'evergreen_api'::regrole
    and m.roleid::regrole::text not in ('anon', 'authenticated', 'pm_role', 'lp_role', 'ops_role', 'audit_role')`,
    planted: "grant service_role to evergreen_api",
  },
  {
    rule: "logins wait no longer than they may",
    offenders: `select rolname from pg_roles where rolname in ('evergreen_app', 'evergreen_api')
    and not (select count(*) = 3 from unnest(rolconfig) s where s ~ '^(lock_timeout|statement_timeout|idle_in_transaction_session_timeout)=')`,
    planted: "alter role evergreen_api reset lock_timeout",
  },
  {
    rule: "only the owner and LPs look into the schema evergreen",
    offenders: `select r.rolname from pg_roles r where not r.rolsuper and r.rolname !~ '^pg_'
    and r.rolname not in ('evergreen_owner', 'lp_role') and has_schema_privilege(r.rolname, 'evergreen', 'usage')`,
    planted: "grant usage on schema evergreen to anon",
  },
  {
    rule: "nobody but the owner creates in public or evergreen",
    offenders: `select r.rolname, s.name from pg_roles r, unnest('{public, evergreen}'::text[]) s(name) where not r.rolsuper and r.rolname !~ '^pg_'
    and r.rolname <> 'evergreen_owner' and has_schema_privilege(r.rolname, s.name, 'create')`,
    planted: "grant create on schema public to public",
  },
  {
    rule: "nobody makes temporary objects",
    offenders: `select r.rolname from pg_roles r where not r.rolsuper and r.rolname !~ '^pg_' and has_database_privilege(r.rolname, current_database(), 'temporary')`,
    planted: "do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$",
  },
  {
    rule: "nobody holds a sequence",
    offenders: `select c.relname, r.rolname from pg_class c, pg_roles r where c.relkind = 'S' and c.relnamespace = 'public'::regnamespace
    and not r.rolsuper and r.rolname !~ '^pg_' and r.rolname <> 'evergreen_owner' and has_sequence_privilege(r.rolname, c.oid, 'usage, select, update')`,
    planted: "grant usage on sequence public.fund_events_seq_seq to pm_role",
  },
];

export const LINTS: readonly Lint[] = [...TABLE_LINTS, ...FUNCTION_LINTS];
