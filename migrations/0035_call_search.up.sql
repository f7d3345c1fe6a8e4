-- Calls are looked for by the number that was called and by whom, newest first.
create index calls_by_dialled on calls (dialled, received_at desc, id desc);
drop index calls_by_caller;
create index calls_by_caller on calls (caller, received_at desc, id desc) where caller is not null;
