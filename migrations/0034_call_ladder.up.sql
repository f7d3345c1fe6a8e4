-- The SIP messages of a call as the switch saw them: bounded, without numbers of persons. Written with its
-- record; parties do not see it.
alter table calls add column ladder jsonb;
