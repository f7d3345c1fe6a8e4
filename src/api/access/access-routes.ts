import type { Route } from '../route';
import type { Access } from './access';
import { credentialRoutes } from './credentials';
import { linkRoutes } from './links';
import { oauthTokenRoute } from './oauth-token';
import { oidcRoutes } from './oidc';
import { ownAccountRoutes } from './own-account';
import { signInRoutes } from './sign-in';
import { userRoutes } from './users';

/** Signing in, what users see of themselves, and who else gets in. */
export function accessRoutes(access: Access): Route[] {
  return [
    ...signInRoutes(access),
    ...ownAccountRoutes(access),
    ...linkRoutes(access),
    ...oidcRoutes(access),
    oauthTokenRoute(access),
    ...userRoutes(access),
    ...credentialRoutes(),
  ];
}
