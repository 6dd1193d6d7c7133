-- What a statement is made from, per class: its strikes, what it distributed, the entries of its holders with the day they count on, equalisation credits.

create or replace function evergreen.class_distributions(of_class uuid, known_on timestamptz)
returns table (mark_id uuid, ledger_tx_id uuid, recorded_at timestamptz, effective_on date, settled_at timestamptz, per_unit numeric, in_kind boolean) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  select m.mark_id, m.ledger_tx_id, t.recorded_at, s.nav_date, case when s.published_at is not null then greatest(t.recorded_at, s.published_at) end, coalesce(m.per_unit, s.price), m.cause = 'side_pocket'
    from public.class_marks m join public.ledger_transactions t on t.ledger_tx_id = m.ledger_tx_id
    left join public.class_marks k on k.ledger_tx_id = m.ledger_tx_id and k.share_class_id <> m.share_class_id
    left join public.share_classes pocket on pocket.share_class_id = k.share_class_id and pocket.pocket_of = of_class
    -- it counts in the first price that knows of it; units of a side pocket are worth then what theirs is
    left join lateral (
      select x.nav_date, min(n.published_at) as published_at, (array_agg(n.nav_per_unit order by n.published_at desc, x.version desc) filter (where n.published_at <= known_on))[1] as price
        from public.nav_strikes x join public.class_navs n on n.strike_id = x.strike_id
       where n.share_class_id = coalesce(pocket.share_class_id, of_class) and x.nav_date >= m.as_of
       group by x.nav_date having min(n.published_at) > t.recorded_at and min(n.published_at) <= known_on order by x.nav_date limit 1) s on true
   where m.share_class_id = of_class and t.recorded_at <= known_on and (m.cause = 'distribution' or pocket.share_class_id is not null)
     and not exists (select from public.ledger_transactions r where r.reverses = m.ledger_tx_id and r.recorded_at <= known_on)
$$;
comment on function evergreen.class_distributions(uuid, timestamptz) is
  'Distributions of a class that stand, cash or units of a side pocket, known up to a time: money per unit and the first strike after it, whose price is without it (null: none yet).';

create or replace function evergreen.class_strikes(of_class uuid, known_on timestamptz)
returns table (strike_id uuid, nav_date date, version int, published_at timestamptz, nav_per_unit numeric, dealing_price_sub numeric, dealing_price_red numeric, units numeric,
  management_fee_per_unit numeric, performance_fee_per_unit numeric, equalisation_per_unit numeric, distribution_per_unit numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select n.strike_id, s.nav_date, s.version, n.published_at, n.nav_per_unit, n.dealing_price_sub, n.dealing_price_red, n.units,
         round(c.management_fee / nullif(n.units, 0), 18), round(c.performance_fee / nullif(n.units, 0), 18),
         -- once crystallised, what is left of a credit is out of reach until the price rises again
         case when k.crystallised then 0 else coalesce(c.equalisation_per_unit, round(a.performance_accrued / nullif(n.units, 0), 18)) end, coalesce(g.per_unit, 0)
    from public.class_navs n join public.nav_strikes s on s.strike_id = n.strike_id
    -- what the class was charged since the strike before stands in the body that people approved, where whoever proposed it said so
    left join lateral (select r.management_fee, r.performance_fee, r.equalisation_per_unit from public.proposals p,
        jsonb_to_recordset(case jsonb_typeof(p.body -> 'classes') when 'array' then p.body -> 'classes' else '[]' end)
          r (share_class_id uuid, management_fee numeric, performance_fee numeric, equalisation_per_unit numeric)
       where p.proposal_id = s.proposal_id and r.share_class_id = of_class limit 1) c on true
    left join lateral (select r.performance_accrued from jsonb_to_recordset(case jsonb_typeof(s.body -> 'fees') when 'array' then s.body -> 'fees' else '[]' end)
        r (share_class_id uuid, performance_accrued numeric) where r.share_class_id = of_class limit 1) a on true
    cross join lateral (select exists (select from public.class_marks m where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of = s.nav_date
       and m.recorded_at <= known_on and not exists (select from public.ledger_transactions r where r.reverses = m.ledger_tx_id and r.recorded_at <= known_on)) as crystallised) k
    left join (select d.effective_on, sum(d.per_unit) as per_unit from evergreen.class_distributions(of_class, known_on) d group by d.effective_on) g on g.effective_on = s.nav_date
   where n.share_class_id = of_class and n.published_at <= known_on
   order by s.nav_date, n.published_at, s.version
$$;
comment on function evergreen.class_strikes(uuid, timestamptz) is
  'Every published version of every strike of a class up to a time, in order; fees and distributions are money per unit since the strike before, fees null when the strike does not say; equalisation_per_unit is what of a credit is in reach.';

create or replace function evergreen.pocket_splits(of_class uuid) returns table (effective_on date, kept numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(d.effective_on, 'infinity'), (m.body ->> 'value')::numeric / n.nav
    from public.class_marks m join public.share_classes c on c.share_class_id = m.share_class_id and c.pocket_of is null
    join public.class_navs n on n.strike_id = m.strike_id and n.share_class_id = m.share_class_id
    left join evergreen.class_distributions(of_class, 'infinity') d on d.mark_id = m.mark_id
   where m.share_class_id = of_class and m.cause = 'side_pocket'
$$;
comment on function evergreen.pocket_splits(uuid) is 'What a class kept of itself when side pockets were opened: prices, marks and credits of its lots were split in that ratio.';

create or replace function evergreen.lot_credits(of_class uuid, of_investors uuid[], days date[])
returns table (lot_id uuid, day date, credit numeric, units numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with splits as materialized (
    select x.effective_on, ln(x.kept) as kept from evergreen.pocket_splits(of_class) x
  ), of_lots as materialized (
    select l.* from public.lots l where l.share_class_id = of_class and l.investor_id = any (of_investors)
  ), known as (
    -- what a lot was issued with, from then on
    select l.lot_id, l.opened_on, l.opened_on as day, true as onward, coalesce(c.credit, a.equalisation_credit) as credit, a.filled_units as units
      from of_lots l join public.allocations a on a.flow_id = l.flow_id and a.share_class_id = of_class
      -- or with what the correct price of that day gives
      left join lateral (select (x.due ->> 'credit')::numeric as credit from public.compensations x join public.restatements r using (restatement_id)
        where x.flow_id = a.flow_id and r.material and x.due ? 'credit' order by r.recorded_at desc limit 1) c on true
     where a.equalisation_credit > 0 or c.credit > 0
    union all
    -- a crystallisation says what the credit of every lot was, and is since
    select l.lot_id, l.opened_on, m.as_of, e.onward, e.credit, e.units from evergreen.marks_known(of_class, 'infinity') m
      join public.proposals p on p.proposal_id = (m.body ->> 'proposal_id')::uuid
      cross join lateral jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, refund numeric, change numeric, credit numeric)
      join of_lots l on l.lot_id = r.lot_id join lateral jsonb_to_recordset(m.body -> 'lots') b (lot_id uuid, units numeric) on b.lot_id = r.lot_id
      cross join lateral (values (false, r.credit + r.refund, b.units), (true, r.credit, b.units + r.change)) e (onward, credit, units)
     where m.cause = 'crystallisation' and not exists (select from public.ledger_transactions x where x.reverses = m.ledger_tx_id) and r.credit is not null
    union all
    -- and what is stored is up to now
    select l.lot_id, l.opened_on, 'infinity', false, l.equalisation_credit, l.units_left from of_lots l where l.equalisation_credit > 0
  )
  select distinct on (k.lot_id, d.day) k.lot_id, d.day,
         k.credit * coalesce((select exp(sum(s.kept * ((s.effective_on <= d.day)::int - (s.effective_on <= k.day)::int))) from splits s), 1), k.units
    from known k cross join unnest(coalesce(days, array[k.opened_on])) d (day)
   where k.units > 0 and case when k.onward then k.day <= d.day else k.day > d.day end
   order by k.lot_id, d.day, k.onward desc, case when k.onward then k.day end desc, k.day
$$;
comment on function evergreen.lot_credits(uuid, uuid[], date[]) is
  'Equalisation credit per lot at the end of days (null: of the day it was opened), as credit money on so many units: a redemption takes its share of it, a crystallisation refunds it, a side pocket splits it.';

create or replace function evergreen.credit_value(credit numeric, of_units numeric, units numeric, per_unit numeric) returns numeric language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- what is out of reach below the high-water mark is not worth anything today
  select coalesce(case when of_units > 0 then least(trunc(round(credit * units / of_units, 8), 4), trunc(units * per_unit, 4)) end, 0)
$$;
comment on function evergreen.credit_value(numeric, numeric, numeric, numeric) is 'What a credit on so many units is worth on those that are left, as far as it is in reach (money; per_unit null: all of it).';

create or replace function evergreen.statement_entries(of_class uuid, of_investors uuid[], known_on timestamptz, since date)
returns table (entry_id uuid, investor_id uuid, lot_id uuid, flow_id uuid, effective_on date, recorded_at timestamptz, kind text, via text, units numeric, amount numeric,
  price numeric, charge numeric, equalisation numeric, reverses uuid, sign int) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with class as (
    select c.*, u.exponent from public.share_classes c join public.currencies u on u.code = c.currency where c.share_class_id = of_class
  ), given as materialized (
    select d.* from evergreen.class_distributions(of_class, known_on) d where d.effective_on > coalesce(since, '-infinity')
  ), mirrored as materialized (
    -- the units of a side pocket count when the class they left has a price without them
    select d.* from class c cross join lateral evergreen.class_distributions(c.pocket_of, known_on) d where d.in_kind
  ), crystallised as materialized (
    select m.ledger_tx_id, m.as_of, n.nav_per_unit, r.* from public.class_marks m join public.proposals p on p.proposal_id = (m.body ->> 'proposal_id')::uuid
      join public.class_navs n on n.strike_id = m.strike_id and n.share_class_id = m.share_class_id
      cross join lateral jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, refund numeric, depreciation numeric)
     where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of > coalesce(since, '-infinity')
  ), credited as materialized (
    select c.* from evergreen.lot_credits(of_class, of_investors, null) c where c.day > coalesce(since, '-infinity')
  ), pieces as (
    select u.entry_id, u.investor_id, u.lot_id, u.flow_id, u.units, o.kind as posted_as, l.opened_on,
           -- as it was taken over, before any side pocket took its part of the price
           case o.kind when 'opening' then coalesce(round(l.price / (select exp(sum(ln(x.kept))) from evergreen.pocket_splits(of_class) x), 12), l.price) end as lot_price,
           t.ledger_tx_id, m.nav_per_unit, m.refund, m.depreciation,
           case o.kind when 'side_pocket' then coalesce(p.settled_at, 'infinity') else t.recorded_at end as recorded_at, p.per_unit,
           coalesce(d.dealing_date, case o.kind when 'opening' then l.opened_on when 'crystallisation' then coalesce(m.as_of, '-infinity') when 'side_pocket' then coalesce(p.effective_on, 'infinity')
             else (o.effective_at at time zone 'UTC')::date end) as effective_on,
           f.direction, f.order_kind, a.price, a.levy, a.fee, a.credit, a.equalisation_credit, k.credit as taken_credit, k.units as credit_units,
           case when t.reverses is null then 1 else -1 end as sign,
           -- a piece of a reversal takes back the piece of the same lot and order
           case when t.reverses is not null then (select x.entry_id from public.unit_ledger x where x.ledger_tx_id = t.reverses and x.account = 'holder'
             and x.lot_id = u.lot_id and x.flow_id is not distinct from u.flow_id) end as reverses,
           -- the cash of an order stands once, on the first of its pieces
           row_number() over (partition by u.ledger_tx_id, u.flow_id order by u.lot_id) = 1 and u.flow_id is not null as bears_cash
      from public.unit_ledger u
      join public.ledger_transactions t on t.ledger_tx_id = u.ledger_tx_id
      join public.ledger_transactions o on o.ledger_tx_id = coalesce(t.reverses, t.ledger_tx_id)
      join public.lots l on l.lot_id = u.lot_id
      left join public.dealing_days d on d.dealing_day_id = o.dealing_day_id
      left join public.fund_flows f on f.flow_id = u.flow_id
      left join crystallised m on m.ledger_tx_id = o.ledger_tx_id and m.lot_id = u.lot_id
      left join mirrored p on p.ledger_tx_id = o.ledger_tx_id
      left join credited k on o.kind = 'opening' and k.lot_id = u.lot_id
      -- one by one through its unique index: as a join, fresh statistics once read a whole day for every entry
      left join lateral (select x.price, x.levy, x.fee, x.credit, x.equalisation_credit from public.allocations x
        where x.dealing_day_id = o.dealing_day_id and x.flow_id = u.flow_id limit 1) a on true
     where u.share_class_id = of_class and u.investor_id = any (of_investors) and u.account = 'holder' and t.recorded_at <= known_on
       -- of a long history only the postings that may be later are read
       and (since is null or u.ledger_tx_id = any (array(select x.ledger_tx_id from public.ledger_transactions x
         left join public.dealing_days y on y.dealing_day_id = x.dealing_day_id where x.fund_id = (select c.fund_id from class c)
          and coalesce(y.dealing_date, 'infinity') > since)))
  ), told as (
    select p.*, p.bears_cash and p.order_kind <> 'transfer' as has_cash from pieces p where since is null or p.effective_on > since
  ), owed as (
    select g.*, i.investor_id, -m.amount as total from given g cross join unnest(of_investors) i (investor_id)
      left join public.cash_movements m on not g.in_kind and m.ledger_tx_id = g.ledger_tx_id and m.investor_id = i.investor_id and m.account = 'distributions_payable'
     where g.in_kind or m.amount is not null
  ), shares as (
    -- lot by lot down to the minor unit, as it was posted
    select w.*, h.lot_id, case when w.in_kind then round(h.units * w.per_unit, c.exponent) else trunc(h.units * w.per_unit, c.exponent) end as part,
           row_number() over (partition by w.mark_id, w.investor_id order by h.lot_id desc) = 1 as is_last
      from owed w cross join class c
      cross join lateral (select u.lot_id, sum(u.units) as units from public.unit_ledger u join public.ledger_transactions t on t.ledger_tx_id = u.ledger_tx_id
        where u.share_class_id = of_class and u.investor_id = w.investor_id and u.account = 'holder' and t.recorded_at <= w.recorded_at group by u.lot_id having sum(u.units) > 0) h
  )
  select p.entry_id, p.investor_id, p.lot_id, p.flow_id, p.effective_on, p.recorded_at,
         case when p.posted_as = 'crystallisation' then 'equalisation'
           when p.flow_id is null or p.order_kind = 'transfer' then case when p.units * p.sign > 0 then 'transfer_in' else 'transfer_out' end else p.direction end,
         case when p.posted_as = 'opening' then 'taken_over' when p.posted_as = 'crystallisation' then 'fee' when p.posted_as = 'side_pocket' then 'switch'
           when p.flow_id is null then 'transfer' when p.order_kind = 'plain' then 'cash' else p.order_kind end,
         p.units,
         case when p.has_cash then coalesce((select abs(sum(m.amount)) from public.cash_movements m
           where m.flow_id = p.flow_id and m.ledger_tx_id = p.ledger_tx_id and m.investor_id = p.investor_id), 0) else 0 end,
         case p.posted_as when 'opening' then p.lot_price when 'crystallisation' then p.nav_per_unit when 'side_pocket' then p.per_unit
           else case when p.order_kind <> 'transfer' then p.price end end,
         -- what an equalisation credit costs is money of the investor still; what makes up for a low price is a fee
         case when p.has_cash then greatest(0, p.levy + p.fee - case p.direction when 'subscription' then p.equalisation_credit else 0 end) else coalesce(p.depreciation, 0) end,
         case when p.has_cash then p.sign * case p.direction when 'subscription' then p.equalisation_credit else -p.credit end 
           else evergreen.credit_value(p.taken_credit, p.credit_units, p.units, null) - p.sign * coalesce(p.refund, 0) end,
         p.reverses, p.sign
    from told p
  union all
  select md5(w.mark_id::text || w.lot_id)::uuid, w.investor_id, w.lot_id, null, w.effective_on, w.settled_at, 'distribution', case when w.in_kind then 'switch' else 'cash' end, 0,
         -- the last lot makes up for what the others do not, so that the cash that was posted is what is told
         case when w.is_last and not w.in_kind then w.total - (sum(w.part) over (partition by w.mark_id, w.investor_id) - w.part) else w.part end,
         null, 0, 0, null, 1
    from shares w
$$;
comment on function evergreen.statement_entries(uuid, uuid[], timestamptz, date) is
  'Entries of holders of a class with the day they count on, what they are, and the cash, price and charges of their order; as recorded up to a time, effective after a day (null: all). Units signed, money unsigned. A distribution is an entry per lot without units.';
