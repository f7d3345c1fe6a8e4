-- What tenants see of those who get in: people, keys and clients of their own account, without what proves them.
-- They change nothing of it by themselves: the exchange does, once it has made sure whose it is.
call open_to_tenants('users', 'account_id = (select dce_account())');
grant select (id, account_id, email, name, role, scopes, status, totp, last_sign_in_at, reset_asked_at, version,
  created_at, updated_at) on users to dce_tenant;
call open_to_tenants('api_keys', 'account_id = (select dce_account())');
grant select (id, account_id, name, scopes, role, created_by, created_at, last_used_at, expires_at, revoked_at)
  on api_keys to dce_tenant;
call open_to_tenants('oauth_clients', 'account_id = (select dce_account())');
grant select (id, account_id, name, role, scopes, created_by, created_at, last_used_at, expires_at, revoked_at)
  on oauth_clients to dce_tenant;
