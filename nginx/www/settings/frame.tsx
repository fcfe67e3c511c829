/* What the pages of the settings share: the heading, and the way from one to the other. */
import type { ReactNode } from 'react';
import { Link, useLocation } from '../router';

const PAGES = [
	{ href: '/settings', label: 'Keys and tokens' },
	{ href: '/settings/pronunciations', label: 'Pronunciations' },
];

export function SettingsFrame({ children }: { children: ReactNode }) {
	const path = useLocation().replace(/\/?(\?.*)?$/, '');
	return (
		<>
			<header className="page-head">
				<h1>Settings</h1>
			</header>
			<nav className="tabs" aria-label="Settings">
				{PAGES.map(({ href, label }) => (
					<Link key={href} href={href} aria-current={path === href ? 'page' : undefined}>
						{label}
					</Link>
				))}
			</nav>
			<div className="settings">{children}</div>
		</>
	);
}
