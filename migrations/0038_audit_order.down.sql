create index audit_entries_by_actor on audit_entries (actor_id, id desc);
create index audit_entries_by_subject on audit_entries (subject_id, id desc) where subject_id is not null;
create index audit_entries_by_action on audit_entries (action, id desc);
drop index audit_entries_by_actor_at, audit_entries_by_subject_at, audit_entries_by_action_at,
  audit_entries_by_account_at;
