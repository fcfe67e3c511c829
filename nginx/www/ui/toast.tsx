/* Short messages at the foot of the page. One with an action ("Undo") stays longer; errors stay until they are closed. */
import { useEffect, useSyncExternalStore } from 'react';
import { messageOf } from '../api';
import { Button } from './button';

export interface ToastOptions {
	kind?: 'done' | 'error';
	action?: { label: string; run: () => void };
	/* Milliseconds; by default 5 s, 8 s with an action, and forever for an error. */
	lasts?: number;
	/* Called when it goes without its action having been used. */
	onGone?: () => void;
}

interface Toast extends ToastOptions {
	id: number;
	text: string;
}

const listeners = new Set<() => void>();
let toasts: Toast[] = [];
let next = 1;

function set(change: Toast[]) {
	toasts = change;
	for (const listener of listeners) listener();
}

function remove(id: number, used: boolean) {
	const gone = toasts.find((toast) => toast.id === id);
	if (!gone) return;
	set(toasts.filter((toast) => toast !== gone));
	if (used) gone.action?.run();
	else gone.onGone?.();
}

/* Shows a message; the same error is not shown twice at a time. */
export function toast(text: string, options: ToastOptions = {}): void {
	if (options.kind === 'error' && toasts.some((old) => old.text === text)) return;
	set([...toasts.slice(-3), { id: next++, text, ...options }]);
}

export function toastError(error: unknown): void {
	if (error instanceof DOMException && error.name === 'AbortError') return;
	toast(messageOf(error), { kind: 'error' });
}

/*
 * Something that can be taken back for a moment: it is done when the message goes, or the page is left.
 * `hide` takes it off the screen at once, `restore` puts it back (also when `commit` fails).
 */
export function undoable(text: string, { hide, restore, commit }: { hide: () => void; restore: () => void; commit: (keepalive: boolean) => Promise<unknown> }): void {
	let over = false;
	const finish = (keepalive: boolean) => {
		if (over) return;
		over = true;
		removeEventListener('pagehide', leave);
		void commit(keepalive).catch((error: unknown) => {
			restore();
			toastError(error);
		});
	};
	const leave = () => finish(true);
	addEventListener('pagehide', leave);
	hide();
	toast(text, {
		action: {
			label: 'Undo',
			run: () => {
				over = true;
				removeEventListener('pagehide', leave);
				restore();
			},
		},
		onGone: () => finish(false),
	});
}

function lasting({ lasts, kind, action }: Toast): number | null {
	if (lasts !== undefined) return lasts;
	if (kind === 'error') return null;
	return action ? 8000 : 5000;
}

function Message({ toast: shown }: { toast: Toast }) {
	const ms = lasting(shown);
	useEffect(() => {
		if (ms === null) return;
		const timer = setTimeout(() => remove(shown.id, false), ms);
		return () => clearTimeout(timer);
	}, [shown.id, ms]);
	return (
		<li className={`toast ${shown.kind ?? 'done'}`}>
			<span role={shown.kind === 'error' ? 'alert' : undefined}>{shown.text}</span>
			{shown.action && (
				<Button size="small" onClick={() => remove(shown.id, true)}>
					{shown.action.label}
				</Button>
			)}
			<Button kind="quiet" size="small" icon="close" iconOnly onClick={() => remove(shown.id, false)}>
				Dismiss
			</Button>
		</li>
	);
}

export function Toasts() {
	const shown = useSyncExternalStore(
		(listener) => (listeners.add(listener), () => void listeners.delete(listener)),
		() => toasts,
	);
	return (
		<ul className="toasts" aria-live="polite" aria-label="Messages">
			{shown.map((item) => (
				<Message key={item.id} toast={item} />
			))}
		</ul>
	);
}
