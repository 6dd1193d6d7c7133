-- What a token operation, a wallet and a break may look like.
-- as it was before operations went on to a chain
alter table public.tokenization_actions drop constraint if exists tokenization_actions_status;
do $$
begin
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_state',
    $c$status in ('requested', 'awaiting_approval', 'approved', 'sent', 'included', 'final', 'refused', 'failed')$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_kind',
    $c$kind in ('deploy', 'mint', 'burn', 'deal', 'settle', 'freeze', 'unfreeze', 'force_transfer', 'recover', 'claim_issue', 'claim_revoke', 'keep', 'pause', 'unpause', 'reconcile', 'limits')$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_basis',
    $c$length(legal_basis) between 1 and 200 and (kind is null or kind not in ('freeze', 'unfreeze', 'force_transfer', 'recover', 'pause', 'unpause') or legal_basis is not null)$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_class', 'kind is null or (share_class_id is not null and event_id is not null)');
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_block', $c$(status in ('included', 'final')) = (block is not null) or kind is null or kind = 'reconcile'$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_rests', $c$status in ('requested', 'refused') or compliance_log_id is not null$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_incident', $c$incident_id is null or kind in ('pause', 'unpause')$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_sizes', $c$price > 0 and octet_length(attempt::text) <= 262144 and octet_length(refusal::text) <= 4096$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_limits', $c$limits is null or (kind = 'limits' and jsonb_typeof(limits) = 'object' and octet_length(limits::text) <= 1024)$c$);
  perform evergreen.add_check('token_contracts', 'token_contracts_rules',
    $c$jsonb_typeof(limits) = 'object' and octet_length(limits::text) <= 1024 and jsonb_typeof(rules) = 'object' and octet_length(rules::text) <= 65536$c$);
  perform evergreen.add_check('token_contracts', 'token_contracts_addresses', $c$gate ~ '^0x[0-9a-f]{40}$' and share ~ '^0x[0-9a-f]{40}$' and vault ~ '^0x[0-9a-f]{40}$'
    and registrar ~ '^0x[0-9a-f]{40}$' and guardian ~ '^0x[0-9a-f]{40}$'$c$);
  perform evergreen.add_check('token_contracts', 'token_contracts_counts', 'chain_id > 0 and unit_decimals between 0 and 18 and deployed_block >= 0 and requests >= 0');
  perform evergreen.add_check('wallets', 'wallets_address', $c$address ~ '^0x[0-9a-f]{40}$' and address <> '0x0000000000000000000000000000000000000000' and party_ref ~ '^0x[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('wallets', 'wallets_status', $c$status in ('registered', 'active', 'frozen', 'lost') and length(consent) between 1 and 200$c$);
  perform evergreen.add_check('chain_breaks', 'chain_breaks_kind', $c$kind in ('differs', 'not_in_register', 'not_on_chain', 'total') and wallet ~ '^(0x[0-9a-f]{40})?$' and block >= 0$c$);
end $$;
-- one open break of a kind and wallet
create unique index if not exists chain_breaks_open on public.chain_breaks (contract_id, kind, wallet) where closed_at is null;
