drop view rtb_bid_log;
drop table rtb_bid_requests;
drop table rtb_reservations;
drop function tell_reservation_ended();
drop table rtb_secrets;
