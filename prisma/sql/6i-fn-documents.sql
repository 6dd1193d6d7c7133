-- Documents of a statement: whoever may read it asks for its files, and a run makes them.

create or replace function public.fn_request_documents(statement_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.statements;
  event uuid;
  lately bigint;
begin
  perform evergreen.require_role('lp_role', 'pm_role', 'ops_role', 'audit_role');
  input := jsonb_build_object('statement_id', statement_id);
  answer := evergreen.earlier_answer('fn_request_documents', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select x.* into s from public.statements x where x.statement_id = fn_request_documents.statement_id
     and (evergreen.role_name() <> 'lp_role' or x.investor_id in (select m.investor_id from evergreen.my_investors m));
  perform evergreen.refuse_unless(found, 'EG404', 'There is no such statement that you may see.');
  -- two that ask at once meet here
  perform pg_advisory_xact_lock(hashtextextended('documents/' || s.statement_id, 0));
  -- a request is open until its run has ended or nobody could be handed it; after an hour without a word it is asked anew
  select count(*), (array_agg(e.event_id order by e.seq desc) filter (where not exists (select from public.workflow_runs r where r.event_id = e.event_id and r.ended_at is not null)
      and not exists (select from public.event_outbox o where o.event_id = e.event_id and o.dead_at is not null)))[1] into lately, event
    from public.event_investors i join public.fund_events e using (event_id)
   where i.investor_id = s.investor_id and e.type = 'STATEMENT_DOCUMENTS_REQUESTED' and e.payload ->> 'statement_id' = s.statement_id::text and e.recorded_at > now() - interval '1 hour';
  if event is not null then
    answer := jsonb_build_object('event_id', event, 'workflow_id', 'event/' || event);
    perform evergreen.keep_answer('fn_request_documents', request_id, input, answer);
    return answer;
  end if;
  perform evergreen.refuse_unless(lately < 30, 'EG428', 'The files of this statement were asked for thirty times within an hour; ask again later.');
  event := evergreen.emit('STATEMENT_DOCUMENTS_REQUESTED', null, jsonb_build_object('statement_id', s.statement_id), evergreen.actor(), '{}', array[s.investor_id], request_id);
  perform evergreen.audit((select d.fund_id from public.dealing_days d where d.dealing_day_id = s.dealing_day_id), 'statements', s.statement_id::text, 'documents requested', request_id);
  answer := jsonb_build_object('event_id', event, 'workflow_id', 'event/' || event);
  perform evergreen.keep_answer('fn_request_documents', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_documents(uuid, text) is
  'Asks for a statement and its letters as PDF files: a run makes those that are not there. While a request for the statement is open, it is the answer to everybody. An auditor may ask too: it changes nothing of a fund. Returns {event_id, workflow_id}. EG404, EG428 thirty times within an hour.';
