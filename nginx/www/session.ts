/*
 * Who is signed in. The token lives in localStorage, so that every tab shares it. When the API refuses it, `renew` asks the
 * user to sign in again over the page as it is; requests wait for that, so nothing that was typed or begun is lost.
 */
import { useSyncExternalStore } from 'react';

export interface User {
	id: string;
	email: string;
	name: string | null;
	role: string;
	createdAt: string;
}

export interface Session {
	user: User;
	token: string;
}

const KEY = 'voiceover.session';
const listeners = new Set<() => void>();
/* A token whose time is over is not worth a page: one starts signed out then. */
let current: Session | null = fresh(read());
let expired = false;
let waiting: ((renewed: boolean) => void)[] = [];

function read(): Session | null {
	try {
		const session = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Session | null;
		return session?.token && session.user ? session : null;
	} catch {
		return null;
	}
}

function changed() {
	for (const listener of listeners) listener();
}

function settle(renewed: boolean) {
	const all = waiting;
	waiting = [];
	expired = false;
	for (const done of all) done(renewed);
}

/* Another tab signed in or out. */
window.addEventListener('storage', ({ key }) => {
	if (key !== KEY && key !== null) return;
	const before = current;
	current = read();
	if (before && current && before.user.id !== current.user.id) location.assign('/');
	else if (current) settle(true);
	else settle(false);
	changed();
});

function subscribe(listener: () => void) {
	listeners.add(listener);
	return () => void listeners.delete(listener);
}

export function useSession(): Session | null {
	return useSyncExternalStore(subscribe, () => current);
}

/* Whether the user has to sign in again before the page can go on. */
export function useExpired(): boolean {
	return useSyncExternalStore(subscribe, () => expired);
}

export function token(): string | null {
	return current?.token ?? null;
}

export function signedIn(session: Session): void {
	const other = current !== null && current.user.id !== session.user.id;
	localStorage.setItem(KEY, JSON.stringify(session));
	current = session;
	if (other && expired) location.assign('/'); /* what is on the screen belongs to somebody else */
	settle(true);
	changed();
}

export function signOut(): void {
	localStorage.removeItem(KEY);
	current = null;
	settle(false);
	changed();
}

/* Called where the API answered 401; resolves when the user has signed in again (true) or signed out (false). */
export function renew(refused: string): Promise<boolean> {
	if (current && current.token !== refused) return Promise.resolve(true); /* another request came first */
	if (!current) return Promise.resolve(false);
	return new Promise((done) => {
		waiting.push(done);
		expired = true;
		changed();
	});
}

function fresh(session: Session | null): Session | null {
	return session && !isOver(session) ? session : null;
}

function isOver(session: Session, now = Date.now()): boolean {
	try {
		const part = session.token.split('.')[1] ?? '';
		const { exp } = JSON.parse(atob(part.replace(/-/g, '+').replace(/_/g, '/'))) as { exp?: number };
		return typeof exp === 'number' && exp * 1000 < now;
	} catch {
		return true;
	}
}
