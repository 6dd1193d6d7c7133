-- Orders of a class by series (R25): what leaves of which lot at which price, and what fills are held to.

create or replace function evergreen.series_pieces(d public.dealing_days)
returns table (flow_id uuid, lot_id uuid, series text, units numeric, price numeric, amount numeric, worth numeric, performance_fee numeric, piece jsonb) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  select x.flow_id, x.lot_id, x.series, x.units, x.price, y.amount, y.worth, y.performance_fee,
         jsonb_build_object('lot_id', x.lot_id, 'series', x.series, 'units', trim_scale(x.units)::text, 'price', trim_scale(x.price)::text, 'amount', y.amount::text, 'worth', y.worth::text, 'performance_fee', y.performance_fee::text)
    from (
      select p.flow_id, p.lot_id, n.series, -p.units as units, n.price as struck, n.fee, n.units as of_units, u.exponent,
             -- a switch deals at the unswung price on both sides
             case f.order_kind when 'plain' then round(n.price * (1 + coalesce((d.terms ->> 'swing_red')::numeric, 0)), c.price_dp) else n.price end as price
        from unnest(evergreen.consume_lots(d)) p join public.fund_flows f on f.flow_id = p.flow_id and f.order_kind <> 'transfer'
        join public.lots l on l.lot_id = p.lot_id join public.share_classes c on c.share_class_id = l.share_class_id join public.currencies u on u.code = f.currency
        cross join lateral evergreen.series_open(d.strike_id, l.share_class_id) n
       where n.series = evergreen.series_of(l)) x
   cross join lateral (select trunc(x.units * x.price, x.exponent) as amount, trunc(x.units * x.struck, x.exponent) as worth, round(round(x.fee * x.units, 30) / x.of_units, x.exponent) as performance_fee) y
$$;
comment on function evergreen.series_pieces(public.dealing_days) is
  'What the redemptions and switches of a day take of which lot by series: units at the dealing price of its series down to the minor unit, what that is worth unswung, and its share of the fee that the series has open, HALF_UP.';

create or replace function evergreen.check_series(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bad int;
begin
  if not exists (select from public.allocations a where a.dealing_day_id = d.dealing_day_id and evergreen.by_series(a.share_class_id, d.dealing_date)) then
    return;
  end if;
  -- a subscription opens the series of the day, whose mark is the issue price
  select count(*) into bad from public.allocations a join public.fund_flows f using (flow_id) cross join lateral evergreen.fee_terms(d.strike_id, a.share_class_id) t
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'subscription' and f.order_kind <> 'transfer' and t.method = 'series'
     and (a.series = evergreen.new_series(d.strike_id, a.share_class_id, d.dealing_date) and a.high_water = t.entry_price) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' subscriptions have not the series of the day or its mark.');
  with due as materialized (select p.flow_id, sum(p.units) as units, sum(p.amount) as amount, sum(p.performance_fee) as fee, jsonb_agg(p.piece order by p.lot_id) as list from evergreen.series_pieces(d) p group by 1)
  select count(*) into bad from public.allocations a join public.fund_flows f using (flow_id) left join due x using (flow_id)
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and f.order_kind <> 'transfer' and evergreen.by_series(a.share_class_id, d.dealing_date)
     and (a.filled_units = coalesce(x.units, 0) and a.gross_amount = coalesce(x.amount, 0) and a.performance_fee = coalesce(x.fee, 0) and a.credit = 0 and a.pieces = coalesce(x.list, '[]')) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' redemptions have not what their lots give at the prices of their series.');
end $$;
comment on function evergreen.check_series(public.dealing_days) is 'Refuses (EG424) a subscription that is not in the series of the day, or a redemption that is not dealt lot by lot at the price of its series (R25).';
