drop table phone_sessions;
