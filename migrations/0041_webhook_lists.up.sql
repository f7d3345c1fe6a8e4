-- Orders that the list of webhooks is asked for in.

create index postbacks_by_name    on postbacks (name, id);
create index postbacks_by_created on postbacks (created_at, id);
