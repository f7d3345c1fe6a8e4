import type { ComponentType } from 'preact';
import type { Params } from './core/router';

/** What a page is given. */
export interface PageProps {
  readonly params: Params;
}

/** A page, of whose code nothing is loaded before somebody goes there. */
export interface Route {
  readonly pattern: string;
  load(): Promise<ComponentType<PageProps>>;
}

/** Pages of who is signed in. The first pattern that matches is taken. */
export const ROUTES: readonly Route[] = [
  { pattern: '/', load: async () => (await import('./pages/live-board')).LiveBoard },
  { pattern: '/account', load: async () => (await import('./pages/account')).Account },
  { pattern: '/calls', load: async () => (await import('./pages/calls')).Calls },
  { pattern: '/calls/:id', load: async () => (await import('./pages/call-detail')).CallDetail },
  { pattern: '/revenue', load: async () => (await import('./pages/revenue')).Revenue },
  { pattern: '/campaigns', load: async () => (await import('./pages/campaigns')).Campaigns },
  { pattern: '/campaigns/new', load: async () => (await import('./pages/campaign-editor')).CampaignEditor },
  { pattern: '/campaigns/:id', load: async () => (await import('./pages/campaign-editor')).CampaignEditor },
];
