-- The event catalogue as the database knows it; agrees with packages/domain/src/events.ts (a test compares them), and currencies.
insert into public.event_types (type, mode, playbook, required_keys, recorded_by) values
  ('FUND_IMPORTED', 'note', null, '{source,assets,as_of}', '{}'),
  ('REBALANCE_REQUESTED', 'run', 'rebalance', '{mandate_version}', '{}'),
  ('PROPOSAL_CREATED', 'note', null, '{proposal_id,status}', '{}'),
  ('PROPOSAL_DECIDED', 'tell', null, '{proposal_id,decision}', '{}'),
  ('ALLOCATIONS_APPLIED', 'note', null, '{proposal_id,version}', '{}'),
  ('SUBSCRIPTION_REQUESTED', 'batch', 'intake-orders', '{flow_id}', '{service_role,ops_role}'),
  ('REDEMPTION_REQUESTED', 'batch', 'intake-orders', '{flow_id}', '{service_role,ops_role}'),
  ('INVESTOR_SUBMITTED', 'run', 'onboard-investor', '{pending_id}', '{ops_role,service_role}'),
  ('INVESTOR_ASSIGNED', 'note', null, '{investor_id}', '{}'),
  ('LIQUIDITY_UPDATED', 'note', null, '{bucket,side}', '{}'),
  ('LIQUIDITY_BREACH', 'run', 'warn-of-risk', '{bucket,ratio,required}', '{agent_liquidity_engine,agent_simulation,agent_risk_guardian,service_role}'),
  ('DATA_DRIFT', 'run', 'warn-of-risk', '{asset_id,deviation_bps,threshold_bps}', '{agent_simulation,service_role}'),
  ('RISK_ALERT_RAISED', 'note', null, '{alert_id,severity}', '{}'),
  ('STRESS_REQUESTED', 'run', 'stress-fund', '{scenario_id,shift_bps}', '{pm_role,service_role,agent_risk_guardian}'),
  ('STRESS_COMPLETED', 'note', null, '{scenario_id,loss,method}', '{agent_simulation}'),
  ('COMPLIANCE_FAILED', 'note', null, '{rule,entity_type,entity_id}', '{agent_compliance_sentinel}'),
  ('TOKENIZATION_REQUESTED', 'run', 'tokenize', '{chain,instrument,size}', '{pm_role,ops_role}'),
  ('WORKFLOW_COMPLETED', 'note', null, '{workflow_id,status}', '{}'),
  ('CLASS_OPENED', 'note', null, '{share_class_id}', '{}'),
  ('POLICY_SET', 'note', null, '{policy_id,kind,version}', '{}'),
  ('REGISTER_OPENED', 'note', null, '{share_class_id,positions}', '{}'),
  ('ORDER_CANCELLED', 'note', null, '{flow_id}', '{}'),
  ('ORDER_HELD', 'note', null, '{flow_id}', '{}'),
  ('ORDER_RELEASED', 'note', null, '{flow_id}', '{}'),
  ('DEALING_DAY_OPENED', 'run', 'dealing-day', '{dealing_day_id}', '{}'),
  ('CUTOFF_REACHED', 'note', null, '{dealing_day_id,orders,order_root}', '{}'),
  ('ORDERS_RECHECKED', 'note', null, '{dealing_day_id,held}', '{}'),
  ('NAV_INPUTS_FROZEN', 'note', null, '{strike_id,inputs_hash}', '{}'),
  ('NAV_PROPOSED', 'note', null, '{strike_id,proposal_id}', '{}'),
  ('NAV_STRUCK', 'note', null, '{strike_id,nav_date,version}', '{}'),
  ('NAV_RESTATEMENT_BEGUN', 'run', 'restate-nav', '{strike_id,supersedes}', '{}'),
  ('LMT_PROPOSED', 'note', null, '{activation_id,proposal_id}', '{}'),
  ('LMT_ACTIVATED', 'note', null, '{activation_id,tool}', '{}'),
  ('LMT_ENDED', 'note', null, '{activation_id,tool}', '{}'),
  ('LMT_DECIDED', 'note', null, '{dealing_day_id}', '{}'),
  ('SUSPENDED', 'note', null, '{dealing_day_id}', '{}'),
  ('ALLOCATED', 'note', null, '{dealing_day_id,orders}', '{}'),
  ('DEALING_DAY_POSTED', 'note', null, '{dealing_day_id}', '{}'),
  ('CLAIMABLE', 'note', null, '{dealing_day_id}', '{}'),
  ('CASH_CONFIRMED', 'note', null, '{payments}', '{}'),
  ('LEDGER_REVERSED', 'note', null, '{ledger_tx_id}', '{}'),
  ('STATEMENTS_READY', 'note', null, '{dealing_day_id,statements}', '{}'),
  ('DEALING_DAY_CLOSED', 'note', null, '{dealing_day_id,day_hash}', '{}'),
  ('DEALING_DAY_KNOCKED', 'tell', null, '{dealing_day_id,reason}', '{}'),
  ('DEALING_DAY_DISCARDED', 'tell', null, '{dealing_day_id}', '{}'),
  ('ORDERS_ROLLED', 'note', null, '{dealing_day_id,orders}', '{}'),
  ('MARKS_RECORDED', 'note', null, '{marks}', '{}'),
  ('CASH_MOVED', 'note', null, '{ledger_tx_id,purpose}', '{}'),
  ('NAV_APPROVAL_OVERDUE', 'note', null, '{dealing_day_id,proposal_id}', '{agent_commander}')
on conflict (type) do update set mode = excluded.mode, playbook = excluded.playbook,
  required_keys = excluded.required_keys, recorded_by = excluded.recorded_by;

-- ISO 4217 minor units
insert into public.currencies (code, exponent, name) values
  ('USD', 2, 'US dollar'), ('EUR', 2, 'Euro'), ('GBP', 2, 'Pound sterling'), ('CHF', 2, 'Swiss franc'), ('JPY', 0, 'Yen'),
  ('CAD', 2, 'Canadian dollar'), ('AUD', 2, 'Australian dollar'), ('NZD', 2, 'New Zealand dollar'), ('SEK', 2, 'Swedish krona'),
  ('NOK', 2, 'Norwegian krone'), ('DKK', 2, 'Danish krone'), ('SGD', 2, 'Singapore dollar'), ('HKD', 2, 'Hong Kong dollar'),
  ('CNY', 2, 'Yuan renminbi'), ('INR', 2, 'Indian rupee'), ('BRL', 2, 'Brazilian real'), ('MXN', 2, 'Mexican peso'),
  ('ZAR', 2, 'Rand'), ('KRW', 0, 'Won'), ('PLN', 2, 'Zloty'), ('KWD', 3, 'Kuwaiti dinar')
on conflict (code) do update set exponent = excluded.exponent, name = excluded.name;

insert into public.platform_settings (key, value) values
  ('data_drift_threshold_bps', '{"default": 500, "debt": 300, "cash": 10, "equity": 1500, "private_equity": 1500, "private_credit": 800, "infrastructure": 1000, "real_estate": 1000}'),
  ('nav_max_age_days', '{"default": 100, "cash": 5, "debt": 35, "equity": 5, "private_equity": 190, "private_credit": 100, "infrastructure": 190, "real_estate": 190}'),
  ('approval_timeout_hours', '72'),
  ('demo', 'false')
on conflict (key) do nothing;
