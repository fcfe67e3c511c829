/* The frame of the pages for somebody who is not signed in. */
import type { ReactNode } from 'react';

export function Welcome({ title, children }: { title: string; children: ReactNode }) {
	return (
		<main className="welcome">
			<div className="welcome-brand">
				<img src="/favicon.svg" alt="" width="40" height="40" />
				<p className="brand-name">Voiceover</p>
				<p className="lead">Turn text into voiceovers in your own voice.</p>
			</div>
			<div className="card welcome-card">
				<h1>{title}</h1>
				{children}
			</div>
		</main>
	);
}
