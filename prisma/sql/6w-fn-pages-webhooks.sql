-- The page of webhooks in one round trip, with the rights of whoever reads it: both functions that it asks answer a person's own, and operations and audit everybody's.

create or replace function public.fn_read_webhooks() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with endpoints as (select e.line, e.place from jsonb_array_elements(public.fn_list_webhooks()) with ordinality e (line, place))
  select jsonb_build_object('read_at', now(),
    'endpoints', coalesce((select jsonb_agg(e.line order by e.place) from endpoints e), '[]'::jsonb),
    'deliveries', coalesce((select jsonb_agg(d.line order by (d.line ->> 'created_at')::timestamptz desc, d.line ->> 'delivery_id') from (
        select v.line || jsonb_build_object('endpoint_id', e.line -> 'endpoint_id') as line
          from endpoints e cross join lateral jsonb_array_elements(public.fn_list_webhook_deliveries((e.line ->> 'endpoint_id')::uuid, 20)) v (line)
         order by (v.line ->> 'created_at')::timestamptz desc, v.line ->> 'delivery_id' limit 200) d), '[]'::jsonb))
$$;
comment on function public.fn_read_webhooks() is
  'The page of webhooks: endpoints of the reader (operations and audit: everybody''s) with state, what waits and what was given up, and the newest deliveries, 20 of each endpoint and 200 together. Never a secret.';
