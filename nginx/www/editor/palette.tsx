/* What can be added: by click or Enter beside the selected step, or dragged to a place. */
import { useMemo, useState, type KeyboardEvent, type Ref } from 'react';
import { Icon } from '../ui/icon';
import type { NodeType } from '../workflows/types';
import { DRAG_TYPE } from './canvas';
import { categoryOf, ORDER } from './categories';

function groupsOf(types: NodeType[], query: string): [string, NodeType[]][] {
	const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
	const groups = new Map<string, NodeType[]>(ORDER.map((name) => [name, []]));
	for (const type of types) {
		const text = `${type.title} ${type.description} ${type.type} ${categoryOf(type.category).label}`.toLocaleLowerCase();
		if (!words.every((word) => text.includes(word))) continue;
		groups.set(type.category, [...(groups.get(type.category) ?? []), type]);
	}
	return [...groups].filter(([, all]) => all.length > 0);
}

export function Palette({ types, onAdd, searchRef }: { types: NodeType[]; onAdd: (type: NodeType) => void; searchRef?: Ref<HTMLInputElement> }) {
	const [query, setQuery] = useState('');
	const groups = useMemo(() => groupsOf(types, query), [types, query]);

	/* Down from the search into the list, and along it. */
	function move(event: KeyboardEvent<HTMLElement>) {
		const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
		if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
			const first = groups[0]?.[1][0];
			if (first) onAdd(first);
			return event.preventDefault();
		}
		if (!step) return;
		const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('input, .palette-item')];
		stops[stops.indexOf(document.activeElement as HTMLElement) + step]?.focus();
		event.preventDefault();
		event.stopPropagation();
	}

	return (
		<section className="palette" aria-label="Steps to add" onKeyDown={move}>
			<div className="search">
				<Icon name="search" />
				<input ref={searchRef} type="search" aria-label="Search steps" placeholder="Search steps" value={query} onChange={(event) => setQuery(event.target.value)} />
			</div>
			<div className="palette-groups">
				{groups.length === 0 && <p className="quiet">No step is called “{query}”.</p>}
				{groups.map(([name, all]) => (
					<div key={name}>
						<h3>{categoryOf(name).label}</h3>
						<ul className="plain-list">
							{all.map((type) => (
								<li key={type.type}>
									<button
										type="button"
										className="palette-item"
										data-category={type.category}
										data-type={type.type}
										draggable
										title={type.description}
										onDragStart={(event) => {
											event.dataTransfer.setData(DRAG_TYPE, type.type);
											event.dataTransfer.effectAllowed = 'copy';
										}}
										onClick={() => onAdd(type)}
									>
										<span className="step-icon">
											<Icon name={categoryOf(type.category).icon} />
										</span>
										<span className="palette-text">
											<span>{type.title}</span>
											<span className="fine">{type.description}</span>
										</span>
									</button>
								</li>
							))}
						</ul>
					</div>
				))}
			</div>
		</section>
	);
}
