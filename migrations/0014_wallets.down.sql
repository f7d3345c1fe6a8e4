drop table wallet_top_ups;
drop table holds;
drop view wallet_funds;
drop table wallets;
update accounts set funds = 'ok' where funds = 'stopped';
