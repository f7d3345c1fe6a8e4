drop table wallet_top_ups;
drop table holds;
drop table wallets;
update accounts set funds = 'ok' where funds = 'stopped';
