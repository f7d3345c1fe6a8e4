drop function seal_audit(integer);
drop function audit_line(audit_entries);
drop table audit_blocks, audit_unsealed, audit_entries;
drop function mark_unsealed();
