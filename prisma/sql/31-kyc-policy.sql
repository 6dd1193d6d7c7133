-- The KYC policy that comes with the platform, the same as policies/kyc/onboarding.yaml (a test compares them); a manager sets another by fn_set_kyc_policy.
insert into public.kyc_policies (version, effective_from, body, hash, set_by)
select 1, date '2026-01-01', p.body, encode(sha256(convert_to(p.body::text, 'UTF8')), 'hex'), 'platform' from (select $policy$
{
 "title": "Onboarding, refresh, risk and cases",
 "version": 1,
 "ownership": {
  "threshold": "0.25",
  "source": "R55; Regulation (EU) 2024/1624 Art. 52: 25 % or more",
  "grade": "practice"
 },
 "evidence": {
  "identity_document": {
   "gate": "identity",
   "words": "Passport or identity card of the person, with its date of expiry.",
   "maxAgeDays": 3650,
   "expires": true
  },
  "pep_declaration": {"gate": "screening", "words": "Declaration that the party is or was a politically exposed person.", "maxAgeDays": 1096, "expires": false},
  "identity_details": {
   "gate": "identity",
   "words": "Date and place of birth or registration number, to tell one person from another of the same name.",
   "maxAgeDays": 3650,
   "expires": false
  },
  "address_proof": {
   "gate": "identity",
   "words": "Proof of address, such as a utility bill or a bank statement.",
   "maxAgeDays": 365,
   "expires": false
  },
  "registry_extract": {
   "gate": "identity",
   "words": "Extract of the commercial or foundation register.",
   "maxAgeDays": 365,
   "expires": false
  },
  "constitution": {
   "gate": "identity",
   "words": "Articles, partnership agreement or statutes in force.",
   "maxAgeDays": null,
   "expires": false
  },
  "ownership_declaration": {
   "gate": "identity",
   "words": "Declaration of owners and persons in control, with their shares.",
   "maxAgeDays": 365,
   "expires": false
  },
  "representatives_list": {
   "gate": "identity",
   "words": "Directors or other persons who may sign, with specimen signatures.",
   "maxAgeDays": 365,
   "expires": false
  },
  "trust_deed": {
   "gate": "identity",
   "words": "Trust deed with every amendment.",
   "maxAgeDays": null,
   "expires": false
  },
  "trust_parties_declaration": {
   "gate": "identity",
   "words": "Declaration of settlor, trustees, protector and beneficiaries.",
   "maxAgeDays": 365,
   "expires": false
  },
  "suitability_test": {
   "gate": "suitability",
   "words": "Test of suitability, passed.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "experience_statement": {
   "gate": "classification",
   "words": "Statement of experience and of understanding of the risks.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "minimum_commitment": {
   "gate": "classification",
   "words": "Commitment of the minimum amount for semi-professional investors.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "professional_status": {
   "gate": "classification",
   "words": "Evidence of professional status, or the assessment of elective status.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "qualified_status": {
   "gate": "classification",
   "words": "Evidence of qualified status.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "source_of_funds": {
   "gate": "source_of_funds",
   "words": "Where the money comes from, with a document that shows it.",
   "maxAgeDays": 1096,
   "expires": false
  }
 },
 "requirements": {
  "retail": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "source_of_funds",
    "suitability_test"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "source_of_funds",
    "suitability_test"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "source_of_funds",
    "suitability_test"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "source_of_funds",
    "suitability_test"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "source_of_funds",
    "suitability_test"
   ]
  },
  "semi_professional": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ]
  },
  "professional": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "professional_status",
    "source_of_funds"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "professional_status",
    "source_of_funds"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "professional_status",
    "source_of_funds"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "professional_status",
    "source_of_funds"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "professional_status",
    "source_of_funds"
   ]
  },
  "qualified": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "qualified_status",
    "source_of_funds"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "qualified_status",
    "source_of_funds"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "qualified_status",
    "source_of_funds"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "qualified_status",
    "source_of_funds"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "qualified_status",
    "source_of_funds"
   ]
  }
 },
 "ownerEvidence": [
  "identity_document"
 ],
 "caps": {
  "investors": null
 },
 "refresh": {
  "years": {
   "unrated": 5,
   "low": 5,
   "medium": 5,
   "high": 1
  },
  "leadDays": 60,
  "source": "R51; Regulation (EU) 2024/1624 Art. 26(2)"
 },
 "risk": {
  "medium": 30,
  "high": 60,
  "factors": {
   "politically_exposed": {
    "points": 40,
    "floor": "high",
    "words": "A politically exposed person stands behind the party."
   },
   "high_risk_country": {
    "points": 30,
    "floor": "medium",
    "words": "Residence or seat in a country that is listed as high risk."
   },
   "trust_or_foundation": {
    "points": 20,
    "floor": null,
    "words": "The party is a trust or a foundation."
   },
   "long_chain": {
    "points": 15,
    "floor": null,
    "words": "Three or more steps lie between the party and an owner."
   },
   "circular_ownership": {
    "points": 25,
    "floor": "medium",
    "words": "Owners own each other in a circle."
   },
   "no_owner_found": {
    "points": 20,
    "floor": "medium",
    "words": "Nobody reaches the threshold, nobody is in control."
   },
   "past_true_match": {
    "points": 60,
    "floor": "high",
    "words": "A case on the party was decided as a true match."
   }
  }
 },
 "cases": {
  "dueHours": {
   "notice": 120,
   "warning": 48,
   "critical": 24
  },
  "secondPerson": {
   "notice": [
    "true_match"
   ],
   "warning": [
    "true_match"
   ],
   "critical": [
    "true_match",
    "false_match"
   ]
  }
 }
}
$policy$::jsonb as body) p
on conflict (version) do nothing;

-- version 2: who declares not to be politically exposed says so, and residence in a country of high risk counts (R56)
insert into public.kyc_policies (version, effective_from, body, hash, set_by)
select 2, date '2026-01-01', p.body, encode(sha256(convert_to(p.body::text, 'UTF8')), 'hex'), 'platform' from (
  select jsonb_set(jsonb_set(jsonb_set(k.body, '{version}', '2'), '{evidence,no_pep_declaration}', $policy$
   {"gate": "screening", "words": "Declaration that the party neither is nor was a politically exposed person, nor is close to one.", "maxAgeDays": 1096, "expires": false}
  $policy$), '{risk,countries}', $policy$
   {"source": "FATF call for action, October 2025; Delegated Regulation (EU) 2016/1675 as amended by (EU) 2025/1184: look for later amendments", "asOf": "2025-10-24",
    "values": ["AF", "AO", "BF", "CD", "CI", "CM", "DZ", "HT", "IR", "KE", "KP", "LA", "LB", "MC", "ML", "MM", "MZ", "NA", "NG", "NP", "SS", "SY", "TT", "TZ", "VE", "VN", "VU", "YE", "ZA"]}
  $policy$) as body from public.kyc_policies k where k.version = 1 and k.set_by = 'platform') p
on conflict (version) do nothing;
