-- What people and their programs can reach, read from the database's own catalogue: nothing to keep in step by hand.

create or replace function public.fn_describe_api() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with people (role) as (values ('pm_role'::name), ('lp_role'), ('ops_role'), ('audit_role'))
  select jsonb_build_object('caller', current_user,
    'functions', coalesce((select jsonb_agg(jsonb_build_object('name', p.proname, 'comment', obj_description(p.oid, 'pg_proc'), 'roles', r.roles, 'reads', p.provolatile <> 'v') order by p.proname)
      from pg_proc p
      cross join lateral (select jsonb_agg(w.role order by w.role) as roles from people w where has_function_privilege(w.role, p.oid, 'execute')) r
     where p.pronamespace = 'public'::regnamespace and p.proname like 'fn\_%' and r.roles is not null), '[]'::jsonb),
    'relations', coalesce((select jsonb_agg(jsonb_build_object('name', c.relname, 'kind', case c.relkind when 'v' then 'view' else 'table' end,
        'comment', obj_description(c.oid, 'pg_class'), 'roles', r.roles, 'columns', k.columns) order by c.relname)
      from pg_class c
      cross join lateral (select jsonb_agg(w.role order by w.role) as roles from people w where has_any_column_privilege(w.role, c.oid, 'select')) r
      cross join lateral (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, null), 'nullable', not a.attnotnull,
          'comment', col_description(c.oid, a.attnum)) order by a.attnum) as columns
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         and exists (select from people w where has_column_privilege(w.role, c.oid, a.attnum, 'select'))) k
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and r.roles is not null), '[]'::jsonb))
$$;
comment on function public.fn_describe_api() is
  'Each function that people may call and each table and view that they may select from, with comments, columns and roles, whether a function only reads, and the role of the caller. Rows are bound by row-level security besides.';
