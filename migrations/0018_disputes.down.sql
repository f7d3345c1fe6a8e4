drop table adjustments, call_refunds, disputed_payables, dispute_evidence, dispute_events, disputes, dispute_windows;
drop function open_disputes, keep_disputes, dispute_may_become;
