drop table outbox, call_late_ends, call_decisions, calls, nodes;
