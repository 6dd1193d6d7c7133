-- The sealer: links committed audit rows into hash chains, one per fund and one for the platform. Verified by packages/cli, which shares no code.

create or replace function public.fn_seal_audit(max_entries int default 50000) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  here record;
  upto record;
  sealed int := 0;
  chain record;
  head record;
  next_height bigint;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(max_entries between 1 and 1000000, 'EG400', 'max_entries is 1 to 1,000,000.');
  -- one sealer at a time; another one has nothing to do
  select c.tx, c.seq into here from public.audit_cursor c for update skip locked;
  if not found then
    return 0;
  end if;
  select last.tx, last.seq into upto from (
    select a.tx, a.seq from public.audit_trail a
     where (a.tx, a.seq) > (here.tx, here.seq) and a.tx < pg_snapshot_xmin(pg_current_snapshot())
     order by a.tx, a.seq limit max_entries) last
   order by last.tx desc, last.seq desc limit 1;
  if upto.tx is null then
    return 0;
  end if;
  for chain in
    select coalesce(a.fund_id, '00000000-0000-0000-0000-000000000000'::uuid) as chain_id, count(*)::int as entries,
           string_agg(a.digest, ''::bytea order by a.tx, a.seq) as digests
      from public.audit_trail a
     where (a.tx, a.seq) > (here.tx, here.seq) and (a.tx, a.seq) <= (upto.tx, upto.seq)
     group by 1
  loop
    select b.height, b.hash into head from public.audit_blocks b where b.chain_id = chain.chain_id order by b.height desc limit 1;
    next_height := coalesce(head.height, 0) + 1;
    insert into public.audit_blocks (chain_id, height, from_tx, from_seq, to_tx, to_seq, entries, digests, prev_hash, hash)
    values (chain.chain_id, next_height, here.tx, here.seq, upto.tx, upto.seq, chain.entries, chain.digests,
      coalesce(head.hash, sha256(convert_to(chain.chain_id::text, 'UTF8'))),
      sha256(coalesce(head.hash, sha256(convert_to(chain.chain_id::text, 'UTF8'))) || int8send(next_height) || int4send(chain.entries) || chain.digests));
    sealed := sealed + chain.entries;
  end loop;
  update public.audit_cursor c set tx = upto.tx, seq = upto.seq;
  return sealed;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_seal_audit(int) is
  'Seals committed audit rows in (tx, seq) order: block hash = sha256(previous hash || height int8 || entries int4 || row digests). The first previous hash is sha256(chain id). Returns rows sealed.';
