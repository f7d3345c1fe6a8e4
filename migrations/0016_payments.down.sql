drop table payment_events;
drop table payments;
drop table payment_methods;
