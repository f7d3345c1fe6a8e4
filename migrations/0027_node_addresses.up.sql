-- Where the other nodes reach a node's SIP server, e.g. sip:192.0.2.7:5060;transport=tcp; null: nowhere.
alter table nodes add column sip_address text
  check (sip_address ~ '^sip:[0-9A-Za-z.:\[\]-]{1,255};transport=(udp|tcp)$');

-- How a buyer handed the conversation on: a list of transfers in their order; null: it did not.
alter table calls add column transfers jsonb;
