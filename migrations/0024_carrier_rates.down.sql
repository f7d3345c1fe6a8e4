drop function carrier_rates_of(integer[], text[], text[], text[], bigint[]);
drop table carrier_rates;
drop table rate_decks;
