-- Stamps on every table, append-only tables, and the drift alarm on marks.
create or replace function evergreen.touch_cursor() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.updated_at := clock_timestamp();  -- its tx is a position, not a stamp
  return new;
end $$;
comment on function evergreen.touch_cursor() is 'Sets updated_at of the audit cursor, whose tx is a position and must stay.';

create or replace function evergreen.watch_drift() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  before numeric;
  limits jsonb;
  kind text;
  threshold numeric;
  deviation numeric;
begin
  if new.scenario_id <> '' then
    return new;  -- hypothetical values do not drift
  end if;
  select s.nav into before from public.asset_snapshots s
   where s.asset_id = new.asset_id and s.scenario_id = '' and s.as_of < new.as_of order by s.as_of desc, s.recorded_at desc limit 1;
  if before is null or before = 0 then
    return new;
  end if;
  select p.value into limits from public.platform_settings p where p.key = 'data_drift_threshold_bps';
  select a.type into kind from public.assets a where a.id = new.asset_id;
  threshold := coalesce((limits ->> kind)::numeric, (limits ->> 'default')::numeric);
  deviation := round(abs(new.nav - before) * 10000 / abs(before), 4);
  if deviation > threshold then
    perform evergreen.emit('DATA_DRIFT', new.fund_id,
      jsonb_build_object('asset_id', new.asset_id, 'deviation_bps', deviation::text, 'threshold_bps', threshold::text), 'trigger:asset_snapshots');
  end if;
  return new;
end $$;
comment on function evergreen.watch_drift() is 'Records DATA_DRIFT when a mark moves more than the threshold of its asset type (basis points of the previous mark).';

do $$
declare
  t record;
begin
  for t in
    select c.table_name,
           exists (select from information_schema.columns x
                    where x.table_schema = 'public' and x.table_name = c.table_name and x.column_name = 'tx') as has_tx
      from information_schema.tables c
     where c.table_schema = 'public' and c.table_type = 'BASE TABLE' and c.table_name <> '_prisma_migrations' and c.table_name <> 'audit_cursor'
  loop
    execute format('create or replace trigger stamp before insert or update on public.%I for each row execute function evergreen.%I()',
      t.table_name, case when t.has_tx then 'touch_tx' else 'touch' end);
  end loop;
  for t in select unnest(array['fund_events', 'event_investors', 'audit_trail', 'audit_blocks', 'approvals', 'commands',
    'dealing_policies', 'lmt_policies', 'order_transitions', 'order_leaves', 'nav_inputs', 'ledger_transactions', 'unit_ledger', 'cash_movements', 'statements', 'restatements', 'compensations']) as table_name loop
    execute format('create or replace trigger append_only before update or delete on public.%I for each row execute function evergreen.forbid()', t.table_name);
    execute format('create or replace trigger append_only_truncate before truncate on public.%I for each statement execute function evergreen.forbid()', t.table_name);
  end loop;
end $$;
create or replace trigger stamp before insert or update on public.audit_cursor for each row execute function evergreen.touch_cursor();
create or replace trigger watch_drift after insert on public.asset_snapshots for each row execute function evergreen.watch_drift();
