drop index calls_by_dialled;
drop index calls_by_caller;
create index calls_by_caller on calls (caller) where caller is not null;
