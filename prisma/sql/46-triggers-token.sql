-- What the register and KYC do is followed on the chain: a posted dealing day, its settled cash, a clearance that came or went.
create or replace function evergreen.follow_day() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if new.status = 'posted' then
    perform evergreen.deal_on_chain(new);
  elsif new.status = 'settled' then
    perform evergreen.settle_on_chain(new);
  end if;
  return null;
end $$;
comment on function evergreen.follow_day() is 'A dealing day that was posted, or whose cash was paid, is mirrored on the chain where its class is on one.';

create or replace function evergreen.follow_person() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_table_name = 'investors' then
    perform evergreen.follow_clearance(new.investor_id);
  else
    perform evergreen.follow_clearance(i.investor_id) from public.investors i where i.party_id = new.party_id;
  end if;
  return null;
end $$;
comment on function evergreen.follow_person() is 'A clearance that came, went or was prolonged is issued to, or revoked from, the wallets of the investor; as it stands when the transaction ends.';

create or replace trigger follow_day after update on public.dealing_days for each row
  when (new.status is distinct from old.status and new.status in ('posted', 'settled')) execute function evergreen.follow_day();
drop trigger if exists follow_person on public.investors;
create constraint trigger follow_person after update on public.investors deferrable initially deferred for each row
  when (new.kyc_status is distinct from old.kyc_status or new.kyc_valid_until is distinct from old.kyc_valid_until) execute function evergreen.follow_person();
drop trigger if exists follow_person on public.parties;
create constraint trigger follow_person after update on public.parties deferrable initially deferred for each row
  when (new.frozen_at is distinct from old.frozen_at) execute function evergreen.follow_person();
create or replace trigger append_only before update or delete on public.token_moves for each row execute function evergreen.forbid();
create or replace trigger append_only_truncate before truncate on public.token_moves for each statement execute function evergreen.forbid();
