drop index calls_to_anonymise, calls_by_caller;
alter table calls drop column anonymised_at;
drop table privacy_requests, privacy_suppressions, consent_removals, consent_details, consent_records,
  consent_disclosures,
  consent_chains, consent_subjects, privacy_key;
drop function tell_suppressed(), tell_subject_erased(), tell_details_removed(), open_chain(), keep_chains(),
  link_consents();
