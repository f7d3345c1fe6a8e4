do $$
declare
  closed regclass;
begin
  foreach closed in array array['users', 'api_keys', 'oauth_clients']::regclass[] loop
    execute format('drop policy seen_by_tenants on %s', closed);
    execute format('drop policy of_the_exchange on %s', closed);
    execute format('alter table %s disable row level security', closed);
    execute format('revoke all on %s from dce_tenant', closed);
  end loop;
end $$;
revoke select (id, account_id, email, name, role, scopes, status, totp, last_sign_in_at, reset_asked_at, version,
  created_at, updated_at) on users from dce_tenant;
revoke select (id, account_id, name, scopes, role, created_by, created_at, last_used_at, expires_at, revoked_at)
  on api_keys from dce_tenant;
revoke select (id, account_id, name, role, scopes, created_by, created_at, last_used_at, expires_at, revoked_at)
  on oauth_clients from dce_tenant;
