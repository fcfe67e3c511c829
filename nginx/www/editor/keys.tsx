/* Keys of the editor, as one table, which is also what the help shows. */
import { useEffect, useRef } from 'react';
import { Dialog } from '../ui/dialog';

export interface Command {
	keys: string[];
	/* How it is written; without one it is not in the help. */
	shown?: string;
	label: string;
	run: (event: KeyboardEvent) => void;
	/* Also while a text is being typed. */
	always?: boolean;
}

/* "mod+shift+z": Ctrl, or Cmd on a Mac. */
function nameOf(event: KeyboardEvent): string {
	const parts = [];
	if (event.ctrlKey || event.metaKey) parts.push('mod');
	if (event.altKey) parts.push('alt');
	const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
	/* With a letter, Shift counts; other characters say by themselves that it was held. */
	if (event.shiftKey && (/^[a-z]$/.test(key) || event.key.length > 1)) parts.push('shift');
	return [...parts, key].join('+');
}

function isTyping(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function useKeys(commands: Command[]): void {
	const latest = useRef(commands);
	latest.current = commands;
	useEffect(() => {
		const press = (event: KeyboardEvent) => {
			if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
			const name = nameOf(event);
			const command = latest.current.find(({ keys }) => keys.includes(name));
			if (!command || (isTyping(event.target) && !command.always)) return;
			event.preventDefault();
			command.run(event);
		};
		addEventListener('keydown', press);
		return () => removeEventListener('keydown', press);
	}, []);
}

const BUILT_IN: [string, string][] = [
	['Tab', 'From step to step'],
	['Enter', 'Select the step; again: its settings'],
	['Arrows', 'Move the selected steps'],
	['Ctrl C, X, V', 'Copy, cut, paste steps, also between workflows'],
	['Shift + drag', 'Select an area'],
];

export function KeysDialog({ commands, onClose }: { commands: Command[]; onClose: () => void }) {
	const rows = [...BUILT_IN, ...commands.flatMap(({ shown, label }): [string, string][] => (shown ? [[shown, label]] : []))];
	return (
		<Dialog title="Keyboard" onClose={onClose}>
			<table className="keys">
				<tbody>
					{rows.map(([keys, label]) => (
						<tr key={label}>
							<td>
								<kbd>{keys}</kbd>
							</td>
							<td>{label}</td>
						</tr>
					))}
				</tbody>
			</table>
		</Dialog>
	);
}
