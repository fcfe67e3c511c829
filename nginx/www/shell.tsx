/* What is around every page: the bar with the navigation, the messages, and the sign-in over an ended session. */
import { Suspense, useEffect, useState, useSyncExternalStore } from 'react';
import { SignInForm } from './account/sign-in-form';
import { Link, match, navigate, useLocation, type Params } from './router';
import { ROUTES, type Route } from './routes';
import { signOut, useExpired, useSession, type Session } from './session';
import { Button } from './ui/button';
import { Dialog } from './ui/dialog';
import { Icon, type IconName } from './ui/icon';
import { Boundary, Empty, Loading } from './ui/states';
import { Toasts } from './ui/toast';

const HOME = '/workflows';
const NAVIGATION: { href: string; label: string; icon: IconName }[] = [
	{ href: '/workflows', label: 'Workflows', icon: 'workflow' },
	{ href: '/voices', label: 'Voices', icon: 'voice' },
	{ href: '/usage', label: 'Usage', icon: 'chart' },
	{ href: '/settings', label: 'Settings', icon: 'settings' },
];

/* Sets the tab's title while the page is shown. */
export function useTitle(title: string): void {
	useEffect(() => {
		document.title = title ? `${title} · Voiceover` : 'Voiceover';
	}, [title]);
}

function useOnline(): boolean {
	return useSyncExternalStore(
		(listener) => {
			addEventListener('online', listener);
			addEventListener('offline', listener);
			return () => {
				removeEventListener('online', listener);
				removeEventListener('offline', listener);
			};
		},
		() => navigator.onLine,
	);
}

function find(path: string): { route: Route; params: Params } | null {
	for (const route of ROUTES) {
		const params = match(route.pattern, path);
		if (params) return { route, params };
	}
	return null;
}

/* Only an address of our own: what follows ?next= may come from a stranger. */
function nextPage(): string {
	const next = new URLSearchParams(location.search).get('next') ?? '';
	return /^\/(?![/\\])/.test(next) ? next : HOME;
}

/* Where this address leads somebody in this state instead; null: it is the right one. */
function detour(path: string, route: Route | undefined, session: Session | null): string | null {
	if (session) return path === '/' ? HOME : route?.signedOut ? nextPage() : null;
	if (route?.signedOut) return null;
	const here = location.pathname + location.search;
	return path === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(here)}`;
}

function leave() {
	signOut();
	void navigate('/sign-in', { replace: true });
}

function Bar({ session, path }: { session: Session; path: string }) {
	const [open, setOpen] = useState(false);
	useEffect(() => setOpen(false), [path]);
	return (
		<header className="bar">
			<Link href={HOME} className="brand" aria-label="Voiceover, start page">
				<img src="/favicon.svg" alt="" width="28" height="28" />
				<span className="brand-name">Voiceover</span>
			</Link>
			<Button className="bar-menu" kind="quiet" icon={open ? 'close' : 'menu'} iconOnly aria-expanded={open} onClick={() => setOpen(!open)}>
				{open ? 'Close the menu' : 'Menu'}
			</Button>
			<div className={open ? 'bar-parts open' : 'bar-parts'}>
				<nav aria-label="Main">
					{NAVIGATION.map(({ href, label, icon }) => (
						<Link key={href} href={href} aria-current={path === href || path.startsWith(`${href}/`) ? 'page' : undefined}>
							<Icon name={icon} />
							{label}
						</Link>
					))}
				</nav>
				<div className="bar-user">
					<span className="quiet" title={session.user.email}>
						{session.user.name || session.user.email}
					</span>
					<Button kind="quiet" size="small" onClick={leave}>
						Sign out
					</Button>
				</div>
			</div>
		</header>
	);
}

function Expired({ session }: { session: Session }) {
	return (
		<Dialog
			title="Your session has ended"
			actions={
				<Button kind="quiet" onClick={leave}>
					Sign out instead
				</Button>
			}
		>
			<p>Sign in again, and you go on where you were. Nothing was lost.</p>
			<SignInForm email={session.user.email} />
		</Dialog>
	);
}

function NotFound() {
	useTitle('Not found');
	return (
		<Empty icon="search" title="Nothing lives at this address" actions={<Link href={HOME}>Go to your workflows</Link>}>
			Check the address, or what led you here.
		</Empty>
	);
}

export function App() {
	const session = useSession();
	const expired = useExpired();
	const online = useOnline();
	const here = useLocation();
	const path = here.split('?')[0] ?? '/';
	const found = find(path);
	const elsewhere = detour(path, found?.route, session);

	useEffect(() => {
		if (elsewhere) void navigate(elsewhere, { replace: true });
	}, [elsewhere]);
	useTitle(found?.route.title ?? '');

	const Page = found?.route.page;
	const content = (
		<Boundary resetKey={path}>
			<Suspense fallback={<Loading what="the page" />}>{Page ? <Page params={found.params} /> : <NotFound />}</Suspense>
		</Boundary>
	);
	return (
		<>
			{!online && (
				<p className="offline" role="status">
					You are offline. What you change is kept here until the connection is back.
				</p>
			)}
			{elsewhere ? null : session ? (
				<>
					<a className="skip" href="#content">
						Skip to the content
					</a>
					<Bar session={session} path={path} />
					<main id="content" tabIndex={-1} className={found?.route.full ? 'full' : 'page'}>
						{content}
					</main>
				</>
			) : (
				content
			)}
			{session && expired && <Expired session={session} />}
			<Toasts />
		</>
	);
}
