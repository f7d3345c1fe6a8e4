drop table callbacks;
delete from outbox where type = 'callback.requested';
