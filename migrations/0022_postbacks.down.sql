drop index outbox_told;
drop index outbox_untold;
drop table postback_deliveries;
drop table postback_queues;
drop table postbacks;
