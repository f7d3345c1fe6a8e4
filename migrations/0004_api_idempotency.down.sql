drop table api_idempotency;
