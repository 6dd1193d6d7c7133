-- Unfreezing a party: asked by one person, done by another, and only when screening is clear without the freeze.

create or replace function public.fn_unfreeze_party(party_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.parties;
  state text := 'asked';
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('party_id', party_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_unfreeze_party', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(btrim(reason)) >= 10 and length(reason) <= 1900, 'EG400', 'reason has 10 to 1,900 characters.');
  perform evergreen.harmless_text('fn_unfreeze_party', to_jsonb(reason));
  select * into p from public.parties x where x.party_id = fn_unfreeze_party.party_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No party with that id.');
  perform evergreen.refuse_unless(p.frozen_at is not null, 'EG428', 'The party is not frozen.');
  perform evergreen.refuse_unless(p.unfreeze_asked_by is distinct from evergreen.actor(), 'EG420', 'You have asked for it: another person unfreezes.');
  -- as if nobody had frozen it: whatever else stands against the party or anybody behind it stops here, and all of this is taken back
  update public.parties x set frozen_at = null, frozen_by_case = null, unfreeze_asked_by = null where x.party_id = p.party_id;
  perform evergreen.refuse_unless(evergreen.screening_of(p.party_id) in ('clear', 'none') and not evergreen.case_stands(p.party_id), 'EG428',
    'Screening of the party is not clear, or a case on it is not decided; it stays frozen.');
  insert into public.case_notes (case_id, body, created_by) select p.frozen_by_case, case when p.unfreeze_asked_by is null then 'Unfreezing asked for: ' else 'Unfrozen: ' end || btrim(fn_unfreeze_party.reason), evergreen.actor()
   where p.frozen_by_case is not null;
  if p.unfreeze_asked_by is null then
    update public.parties x set frozen_at = p.frozen_at, frozen_by_case = p.frozen_by_case, unfreeze_asked_by = evergreen.actor() where x.party_id = p.party_id;
  else
    state := 'unfrozen';
    perform evergreen.emit('PARTY_UNFROZEN', null, jsonb_build_object('party_id', p.party_id, 'case_id', p.frozen_by_case), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.review_again(p.party_id, request_id);
  end if;
  perform evergreen.audit(null, 'parties', p.party_id::text, case state when 'asked' then 'unfreezing asked for' else 'party unfrozen' end, request_id);
  answer := jsonb_build_object('party_id', p.party_id, 'state', state);
  perform evergreen.keep_answer('fn_unfreeze_party', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_unfreeze_party(uuid, text, text) is
  'The first person asks, another one unfreezes; both give their reason, and neither while a match stands, is undecided or the screening is out of date. Returns {party_id, state: asked | unfrozen}. EG400, EG404, EG420 the same person, EG428.';
