-- Entries are listed by time, and by id where that is the same: whatever they are narrowed by, an index has that order.

create index audit_entries_by_actor_at on audit_entries (actor_id, at desc, id desc);
create index audit_entries_by_subject_at on audit_entries (subject_id, at desc, id desc) where subject_id is not null;
create index audit_entries_by_action_at on audit_entries (action, at desc, id desc);
create index audit_entries_by_account_at on audit_entries (account_id, at desc, id desc) where account_id is not null;
drop index audit_entries_by_actor, audit_entries_by_subject, audit_entries_by_action;
