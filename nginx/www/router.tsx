/*
 * Addresses and pages. The History API keeps the address; nginx answers each of our addresses with index.html.
 * A page that must not be left yet (unsaved work) sets a guard; the guard is asked before every navigation within the app.
 */
import { useEffect, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react';

export type Params = Record<string, string>;
type Guard = () => Promise<boolean>;

const listeners = new Set<() => void>();
let guard: Guard | null = null;

function changed() {
	for (const listener of listeners) listener();
}

window.addEventListener('popstate', changed);

function subscribe(listener: () => void) {
	listeners.add(listener);
	return () => void listeners.delete(listener);
}

/* Path and query of the current address. */
export function useLocation(): string {
	return useSyncExternalStore(subscribe, () => location.pathname + location.search);
}

/* Goes to an address of the app; `replace` leaves no entry in the history. */
export async function navigate(to: string, { replace = false } = {}): Promise<void> {
	if (guard && !(await guard())) return;
	if (replace) history.replaceState(null, '', to);
	else if (to !== location.pathname + location.search) history.pushState(null, '', to);
	changed();
	if (!replace) scrollTo(0, 0);
}

/* While mounted: `check` says whether the page may be left; it may save first. Pass something stable. */
export function useGuard(check: Guard): void {
	useEffect(() => {
		guard = check;
		return () => {
			if (guard === check) guard = null;
		};
	}, [check]);
}

/* The parameters where `path` fits `pattern` ("/workflows/:id"), else null. */
export function match(pattern: string, path: string): Params | null {
	const wanted = pattern.split('/');
	const given = path.replace(/(.)\/$/, '$1').split('/');
	if (wanted.length !== given.length) return null;
	const params: Params = {};
	for (const [i, part] of wanted.entries()) {
		const value = given[i] ?? '';
		if (part.startsWith(':')) {
			if (!value) return null;
			try {
				params[part.slice(1)] = decodeURIComponent(value);
			} catch {
				return null;
			}
		} else if (part !== value) return null;
	}
	return params;
}

function isPlainClick(event: MouseEvent): boolean {
	return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/* An <a> within the app: a plain click does not load the page anew. */
export function Link({ href, onClick, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
	return (
		<a
			{...rest}
			href={href}
			onClick={(event) => {
				onClick?.(event);
				if (event.defaultPrevented || !isPlainClick(event)) return;
				event.preventDefault();
				void navigate(href);
			}}
		/>
	);
}
