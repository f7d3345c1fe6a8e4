-- What carriers meter of a call: also of calls that nobody bought, and of legs beside that of the sale.
alter table calls
  -- [{direction, trunkId, number, answeredAt, durationMs}], in the order of their answers; null where they follow from
  -- the conversation, as they do of all calls before.
  add column carried jsonb;
