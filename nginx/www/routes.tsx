/*
 * Every page by its address. To add one: a row here (lazy, so that it is loaded when it is first seen), and, where it belongs
 * into the navigation, a row in shell.tsx. The first part of the path must be one that nginx/voiceover.conf.in answers with
 * index.html.
 */
import { lazy, type ComponentType } from 'react';
import type { Params } from './router';

export interface Route {
	pattern: string;
	/* Of the tab; the page may set a better one with useTitle. */
	title: string;
	page: ComponentType<{ params: Params }>;
	/* Whether it is shown to somebody who is not signed in, instead of to somebody who is. */
	signedOut?: boolean;
	/* The page fills the window below the bar, without margins. */
	full?: boolean;
}

/* One component for both, so that opening a run keeps the editor as it is. */
const editor = lazy(() => import('./editor/page'));

export const ROUTES: Route[] = [
	{ pattern: '/sign-in', title: 'Sign in', page: lazy(() => import('./account/sign-in')), signedOut: true },
	{ pattern: '/register', title: 'Register', page: lazy(() => import('./account/register')), signedOut: true },
	{ pattern: '/workflows', title: 'Workflows', page: lazy(() => import('./workflows/list')) },
	{ pattern: '/workflows/:id', title: 'Workflow', page: editor, full: true },
	{ pattern: '/workflows/:id/runs/:run', title: 'Run', page: editor, full: true },
	{ pattern: '/voices', title: 'Voices', page: lazy(() => import('./voices/list')) },
	{ pattern: '/voices/:id', title: 'Voice', page: lazy(() => import('./voices/page')) },
	{ pattern: '/usage', title: 'Usage', page: lazy(() => import('./usage/page')) },
	{ pattern: '/settings', title: 'Settings', page: lazy(() => import('./settings/page')) },
	{ pattern: '/settings/pronunciations', title: 'Pronunciations', page: lazy(() => import('./settings/pronunciations')) },
];
