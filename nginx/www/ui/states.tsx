/* What a page shows instead of its content: nothing there yet, on its way, went wrong. */
import { Component, useEffect, useState, type ReactNode } from 'react';
import { ApiError, messageOf } from '../api';
import { Button } from './button';
import { Icon, type IconName } from './icon';

export function Empty({ icon, title, children, actions }: { icon: IconName; title: string; children?: ReactNode; actions?: ReactNode }) {
	return (
		<div className="state">
			<Icon name={icon} className="state-icon" />
			<h2>{title}</h2>
			{children && <p>{children}</p>}
			{actions && <div className="row center">{actions}</div>}
		</div>
	);
}

/* Says nothing for the first moment, so that quick answers do not flicker. */
export function Loading({ what }: { what: string }) {
	const [late, setLate] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => setLate(true), 250);
		return () => clearTimeout(timer);
	}, []);
	return (
		<div className="state loading" role="status" aria-busy="true">
			{late && (
				<>
					<span className="spinner large" aria-hidden="true" />
					<p>Loading {what} …</p>
				</>
			)}
		</div>
	);
}

export function Failure({ error, retry, what }: { error: unknown; retry?: () => unknown; what: string }) {
	const offline = error instanceof ApiError && error.isOffline;
	return (
		<div className="state failure" role="alert">
			<Icon name="warning" className="state-icon" />
			<h2>{offline ? 'You seem to be offline' : `Could not load ${what}`}</h2>
			<p>{messageOf(error)}</p>
			{retry && (
				<Button icon="rerun" onClick={() => void retry()}>
					Try again
				</Button>
			)}
			{error instanceof ApiError && error.requestId && <p className="fine">Request {error.requestId}</p>}
		</div>
	);
}

/* A message inside a page or form. */
export function Notice({ kind = 'info', title, children, actions }: { kind?: 'info' | 'good' | 'warn' | 'bad'; title?: string; children?: ReactNode; actions?: ReactNode }) {
	return (
		<div className={`notice ${kind}`} role={kind === 'bad' ? 'alert' : undefined}>
			<Icon name={kind === 'good' ? 'check' : kind === 'info' ? 'info' : 'warning'} />
			<div className="notice-text">
				{title && <strong>{title}</strong>}
				{children && <div>{children}</div>}
			</div>
			{actions && <div className="row">{actions}</div>}
		</div>
	);
}

export function Badge({ kind = 'plain', icon, children }: { kind?: 'plain' | 'good' | 'warn' | 'bad' | 'info'; icon?: IconName; children: ReactNode }) {
	return (
		<span className={`badge ${kind}`}>
			{icon && <Icon name={icon} />}
			{children}
		</span>
	);
}

/* A fault of ours must not leave a white page. */
export class Boundary extends Component<{ children: ReactNode; resetKey: string }, { error: Error | null }> {
	override state = { error: null as Error | null };
	static getDerivedStateFromError(error: Error) {
		return { error };
	}
	override componentDidUpdate(before: { resetKey: string }) {
		if (before.resetKey !== this.props.resetKey && this.state.error) this.setState({ error: null });
	}
	override render() {
		const { error } = this.state;
		if (!error) return this.props.children;
		const outdated = /dynamically imported module|Importing a module/.test(error.message);
		return (
			<main className="page">
				<Empty
					icon="warning"
					title={outdated ? 'There is a new version of this page' : 'This page met a fault of ours'}
					actions={
						<Button kind="primary" icon="rerun" onClick={() => location.reload()}>
							Load the page again
						</Button>
					}
				>
					{outdated ? 'Load it again to go on.' : `What was saved is safe. (${error.message})`}
				</Empty>
			</main>
		);
	}
}
