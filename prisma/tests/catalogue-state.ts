// What a database is, apart from its rows: one query per kind of object, each answering a text per object.

const acl = (column: string) =>
  `(select coalesce(string_agg(coalesce(a.grantee::regrole::text, '') || '=' || a.privilege_type || case when a.is_grantable then '*' else '' end, ',' order by a.grantee::regrole::text, a.privilege_type), '-')
      from aclexplode(${column}) a)`;

export const CATALOGUE: Record<string, string> = {
  functions: `select pg_get_functiondef(p.oid) || p.proowner::regrole || ${acl("p.proacl")} || coalesce(obj_description(p.oid, 'pg_proc'), '')
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'evergreen')`,
  policies: `select concat_ws(' ', tablename, policyname, permissive, roles, cmd, qual, with_check) from pg_policies where schemaname in ('public', 'evergreen')`,
  relations: `select concat_ws(' ', c.relname, c.relkind, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, ${acl("c.relacl")})
    from pg_class c where c.relnamespace in ('public'::regnamespace, 'evergreen'::regnamespace) and c.relkind in ('r', 'v', 'm', 'S')`,
  columns: `select concat_ws(' ', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
    from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped`,
  triggers: `select pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'public'::regnamespace and not t.tgisinternal`,
  constraints: `select concat_ws(' ', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated) from pg_constraint k where k.connamespace = 'public'::regnamespace`,
  indexes: "select indexdef from pg_indexes where schemaname = 'public'",
  views: `select concat_ws(' ', c.relname, c.reloptions, pg_get_viewdef(c.oid), obj_description(c.oid, 'pg_class')) from pg_class c
    where c.relnamespace in ('public'::regnamespace, 'evergreen'::regnamespace) and c.relkind = 'v'`,
  roles: `select concat_ws(' ', rolname, rolcanlogin, rolinherit, rolbypassrls, rolsuper, rolconfig) from pg_roles where rolname !~ '^pg_'`,
  members:
    "select concat_ws(' ', roleid::regrole, member::regrole, admin_option) from pg_auth_members where roleid::regrole::text !~ '^pg_'",
  schemas: `select concat_ws(' ', nspname, nspowner::regrole, ${acl("nspacl")}) from pg_namespace where nspname in ('public', 'evergreen')`,
  defaults: `select concat_ws(' ', defaclrole::regrole, coalesce(nullif(defaclnamespace, 0)::regnamespace::text, 'everywhere'), defaclobjtype, ${acl("defaclacl")}) from pg_default_acl`,
  catalogue: "select concat_ws(' ', type, mode, playbook, required_keys, recorded_by) from public.event_types",
  currencies: "select concat_ws(' ', code, exponent, name) from public.currencies",
};
