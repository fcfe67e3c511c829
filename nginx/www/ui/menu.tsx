/* A button that opens a list of actions. Arrow keys move, Escape and a click elsewhere close, the focus comes back. */
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { Button } from './button';
import { Icon, type IconName } from './icon';

export interface MenuItem {
	label: string;
	icon?: IconName;
	danger?: boolean;
	disabled?: boolean;
	/* "Ctrl+D", shown at the end. */
	keys?: string;
	run: () => void;
}

export function Menu({ label, icon = 'more', items, size = 'small', kind = 'quiet' }: { label: string; icon?: IconName; items: MenuItem[]; size?: 'small' | 'normal'; kind?: 'quiet' | 'plain' }) {
	const [open, setOpen] = useState(false);
	const box = useRef<HTMLDivElement>(null);
	const id = useId();

	const entries = () => [...(box.current?.querySelectorAll<HTMLButtonElement>('[role="menuitem"]:not(:disabled)') ?? [])];
	const close = (refocus: boolean) => {
		setOpen(false);
		if (refocus) box.current?.querySelector('button')?.focus();
	};

	useEffect(() => {
		if (!open) return;
		entries()[0]?.focus();
		const outside = (event: PointerEvent) => box.current?.contains(event.target as Node) || setOpen(false);
		addEventListener('pointerdown', outside, true);
		return () => removeEventListener('pointerdown', outside, true);
	}, [open]);

	function move(event: KeyboardEvent) {
		if (!open) return;
		const all = entries();
		const at = all.indexOf(document.activeElement as HTMLButtonElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
		if (to !== undefined) all[(to + all.length) % all.length]?.focus();
		else if (event.key === 'Escape') close(true);
		else if (event.key === 'Tab') return setOpen(false);
		else return;
		event.preventDefault();
		event.stopPropagation();
	}

	return (
		<div className="menu" ref={box} onKeyDown={move}>
			<Button kind={kind} size={size} icon={icon} iconOnly aria-haspopup="menu" aria-expanded={open} aria-controls={open ? id : undefined} onClick={() => setOpen(!open)}>
				{label}
			</Button>
			{open && (
				<div className="menu-list" role="menu" id={id} aria-label={label}>
					{items.map(({ label: text, icon: sign, danger, disabled, keys, run }) => (
						<button
							key={text}
							type="button"
							role="menuitem"
							tabIndex={-1}
							disabled={disabled}
							className={danger ? 'danger' : undefined}
							onClick={() => {
								close(true);
								run();
							}}
						>
							{sign && <Icon name={sign} />}
							<span className="grow">{text}</span>
							{keys && <kbd>{keys}</kbd>}
						</button>
					))}
				</div>
			)}
		</div>
	);
}
