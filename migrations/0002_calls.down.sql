drop table outbox, call_decisions, calls, nodes;
