/* Our icons: strokes on a grid of 24. Decoration only; the text beside them says it. */
const PATHS = {
	plus: 'M12 5v14M5 12h14',
	play: 'M8 5.5v13l10-6.5z',
	stop: 'M7 7h10v10H7z',
	pause: 'M8 6v12M16 6v12',
	trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
	copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
	edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
	search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5',
	close: 'M6 6l12 12M18 6L6 18',
	check: 'M5 12.5l4.5 4.5L19 7.5',
	warning: 'M12 4L2.5 20h19zM12 10v4.5M12 17.3v.2',
	info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.5M12 7.6v.2',
	clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2',
	download: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
	upload: 'M12 16V5M7 9.5l5-5 5 5M5 20h14',
	more: 'M5 11.5v1h1v-1zM11.5 11.5v1h1v-1zM18 11.5v1h1v-1z',
	menu: 'M4 7h16M4 12h16M4 17h16',
	undo: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6',
	redo: 'M15 7l5 5-5 5M20 12H10a6 6 0 0 0-6 6',
	fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
	layout: 'M4 5h6v5H4zM14 3h6v5h-6zM14 14h6v5h-6zM10 7.5h2v-2h2M12 7.5v9h2',
	history: 'M4 12a8 8 0 1 0 2.5-5.8M4 4v4h4M12 8v4.5l3 2',
	rerun: 'M20 12a8 8 0 1 1-2.5-5.8M20 4v4h-4',
	voice: 'M5 10v4M8.5 7v10M12 4v16M15.5 8v8M19 10.5v3',
	workflow: 'M4 4h6v6H4zM14 14h6v6h-6zM10 7h4a3 3 0 0 1 3 3v4',
	key: 'M14.5 4a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM10.5 13.5L4 20v-3.5M7 17l2 2',
	chart: 'M4 20h16M7 20v-7M12 20V5M17 20v-10',
	settings: 'M4 7h9M17 7h3M15 4.5v5M4 17h3M11 17h9M9 14.5v5',
	microphone: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3',
	chevron: 'M9 6l6 6-6 6',
	back: 'M15 6l-6 6 6 6',
	left: 'M19 12H5M11 6l-6 6 6 6',
	user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.5a7.5 7.5 0 0 1 15 0',
	link: 'M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7l1-1',
	text: 'M5 6h14M5 10.5h14M5 15h14M5 19.5h8',
	captions: 'M3 5h18v14H3zM10 10.5a2 2 0 1 0 0 3M17 10.5a2 2 0 1 0 0 3',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
	return (
		<svg className={`icon ${className}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
			<path d={PATHS[name]} fill={name === 'play' || name === 'stop' ? 'currentColor' : 'none'} />
		</svg>
	);
}
